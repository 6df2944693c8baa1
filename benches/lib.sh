# What the benchmarks share: a PostgreSQL of their own, timing, medians. To be sourced.
#
# PGPLUMB names the binary, else target/release/pgplumb; PGPLUMB_PG_BIN the directory of PostgreSQL's programs, else the
# newest that is installed; PGPLUMB_BENCH_SETTINGS holds more options of the server, such as '-c fsync=off'.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pgplumb=$(realpath "${PGPLUMB:-$here/target/release/pgplumb}")
bin=${PGPLUMB_PG_BIN:-$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)")}
work=$(mktemp -d /tmp/pgplumb-bench-XXXXXX)
chmod 755 "$work"

as_owner() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi; }

finish() {
    for proxy in ${proxies:-}; do kill "$proxy" 2>/dev/null || true; done
    as_owner "'$bin/pg_ctl' -D '$work/data' -m immediate -w stop >/dev/null 2>&1" || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

start_server() { # [OPTIONS…] of postgres
    if [ "$(id -u)" = 0 ]; then chown postgres "$work"; fi
    port=$((20000 + RANDOM % 20000))
    as_owner "'$bin/initdb' -D '$work/data' -A trust -U postgres >/dev/null"
    as_owner "'$bin/pg_ctl' -D '$work/data' -l '$work/log' -w -o '-k $work -p $port -c listen_addresses=127.0.0.1 $* \
        ${PGPLUMB_BENCH_SETTINGS:-}' start >/dev/null"
    export PGHOST=$work PGPORT=$port PGUSER=postgres PGOPTIONS=
    postmaster=$(head -n 1 "$work/data/postmaster.pid")
    socket="host=$work port=$port user=postgres"
}

start_delay() { # MILLISECONDS of a round trip: $delayed is the port of a proxy that adds them
    delayed=$((port + 20000))
    python3 "$here/benches/delay.py" "$delayed" "$port" "$1" &
    proxies="${proxies:-} $!"
    for ((try = 0; try < 50; try++)); do
        if (: >"/dev/tcp/127.0.0.1/$delayed") 2>/dev/null; then return; fi
        sleep 0.1
    done
    echo "the delaying proxy does not answer" >&2
    exit 1
}

ticks() { # of the server's ended processes
    sed 's/.*) //' "/proc/$postmaster/stat" | awk '{ print $14 + $15 }'
}

once() { # NAME COMMAND…: wall, client CPU and server CPU in seconds, and peak memory in KiB, into a file of that name
    local name=$1 before after
    shift
    before=$(ticks)
    python3 -IS "$here/benches/timed.py" "$work/time" "$@" >"$work/out" 2>"$work/err" || {
        tail -n 5 "$work/out" "$work/err" >&2
        exit 1
    }
    sleep 0.1
    after=$(ticks)
    awk -v server=$((after - before)) '{ printf "%.4f %.2f %.2f %d\n", $1, $2, server / 100, $3 }' \
        "$work/time" >>"$work/$name.times"
}

median() { # NAME COLUMN
    awk -v column="$2" '{ print $column }' "$work/$1.times" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

table() { # FLOOR NAME…: a line each of those that ran, with the ratio to the floor
    local floor name wall
    floor=$(median "$1" 1)
    shift
    printf '%-24s %9s %8s %11s %11s %9s\n' '' 'wall' 'ratio' 'client CPU' 'server CPU' 'memory'
    for name in "$@"; do
        [ -f "$work/$name.times" ] || continue
        wall=$(median "$name" 1)
        printf '%-24s %7.3f s %8.3f %9.2f s %9.2f s %5.1f MiB\n' "$name" "$wall" \
            "$(awk -v a="$wall" -v b="$floor" 'BEGIN { print a / b }')" \
            "$(median "$name" 2)" "$(median "$name" 3)" \
            "$(median "$name" 4 | awk '{ print $1 / 1024 }')"
    done
}
