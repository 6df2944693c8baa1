#!/usr/bin/env bash
# How long `pgplumb apply` takes beside psql with the same transactions, and beside other tools that are installed.
#
#   benches/apply.sh [MIGRATIONS [RUNS]]        200 migrations, 15 interleaved runs
#
# Starts a PostgreSQL of its own (PGPLUMB_PG_BIN names its directory) with the server's default settings, writes the
# migrations itself, and gives medians of wall time, and of the CPU time of client and server. `refinery` and `sqlx` take
# part when they are in PATH. PGPLUMB names the binary, else target/release/pgplumb.
set -euo pipefail

count=${1:-200} runs=${2:-15}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
pgplumb=$(realpath "${PGPLUMB:-$here/target/release/pgplumb}")
bin=${PGPLUMB_PG_BIN:-$(dirname "$(ls /usr/lib/postgresql/*/bin/postgres | sort -V | tail -n 1)")}
work=$(mktemp -d /tmp/pgplumb-bench-XXXXXX)
chmod 755 "$work"
as_owner() { if [ "$(id -u)" = 0 ]; then su postgres -s /bin/sh -c "$1"; else sh -c "$1"; fi; }
if [ "$(id -u)" = 0 ]; then chown postgres "$work"; fi

finish() {
    as_owner "'$bin/pg_ctl' -D '$work/data' -m immediate -w stop >/dev/null" || true
    rm -rf --one-file-system "$work"
}
trap finish EXIT

as_owner "'$bin/initdb' -D '$work/data' -A trust -U postgres >/dev/null"
port=$((20000 + RANDOM % 20000))
as_owner "'$bin/pg_ctl' -D '$work/data' -l '$work/log' -w -o '-k $work -p $port -c listen_addresses=127.0.0.1' start >/dev/null"
export PGHOST=$work PGPORT=$port PGUSER=postgres PGOPTIONS=
postmaster=$(head -n 1 "$work/data/postmaster.pid")

# Each makes a table with an identity, a check, two indexes and a comment; every tenth refers to the one before.
mkdir -p "$work/project/migrations" "$work/refinery" "$work/sqlx"
for ((i = 1; i <= count; i++)); do
    n=$(printf %04d "$i")
    reference=
    if ((i % 10 == 0)); then reference=$(printf '\n    parent_id bigint REFERENCES item_%04d (id),' $((i - 1))); fi
    cat >"$work/project/migrations/${n}_item.sql" <<SQL
CREATE TABLE item_$n (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,$reference
    owner text NOT NULL,
    label text NOT NULL DEFAULT '',
    quantity integer NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX item_${n}_owner ON item_$n (owner);
CREATE INDEX item_${n}_created ON item_$n (created_at DESC);
COMMENT ON TABLE item_$n IS 'Item kind number $i';
SQL
    cp "$work/project/migrations/${n}_item.sql" "$work/refinery/V${i}__item.sql"
    cp "$work/project/migrations/${n}_item.sql" "$work/sqlx/${n}_item.sql"
    { echo 'BEGIN;'; cat "$work/project/migrations/${n}_item.sql"; echo 'COMMIT;'; } >>"$work/all.sql"
done

ticks() { # of the server's ended processes
    sed 's/.*) //' "/proc/$postmaster/stat" | awk '{ print $14 + $15 }'
}

once() { # NAME COMMAND…: wall, client CPU and server CPU in seconds, and peak memory in KiB, into a file of that name
    local name=$1 before after begin end
    shift
    before=$(ticks)
    begin=$EPOCHREALTIME
    /usr/bin/time -f '%U %S %M' -o "$work/time" "$@" >/dev/null 2>"$work/err" || { cat "$work/err" >&2; exit 1; }
    end=$EPOCHREALTIME
    sleep 0.1
    after=$(ticks)
    awk -v begin="$begin" -v end="$end" -v server=$((after - before)) \
        '{ printf "%.4f %.2f %.2f %d\n", end - begin, $1 + $2, server / 100, $3 }' "$work/time" >>"$work/$name.times"
}

fresh() {
    "$bin/psql" -qX -d postgres -c 'DROP DATABASE IF EXISTS bench' -c 'CREATE DATABASE bench' -c CHECKPOINT 2>/dev/null
}

export DATABASE_URL="postgres://postgres@127.0.0.1:$port/bench"
socket="host=$work port=$port user=postgres dbname=bench"
for ((run = 1; run <= runs; run++)); do
    fresh && once psql "$bin/psql" -qX -d bench -v ON_ERROR_STOP=1 -f "$work/all.sql"
    fresh && once pgplumb "$pgplumb" -C "$work/project" apply -q -d "$socket"
    once nothing "$pgplumb" -C "$work/project" apply -q -d "$socket"
    if command -v refinery >/dev/null; then
        fresh && once refinery refinery migrate -e DATABASE_URL -p "$work/refinery"
    fi
    if command -v sqlx >/dev/null; then
        fresh && once sqlx sqlx migrate run --source "$work/sqlx"
    fi
done

median() { # FILE COLUMN
    awk -v column="$2" '{ print $column }' "$1" | sort -n | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}

floor=$(median "$work/psql.times" 1)
echo "$count migrations, $runs runs, $("$bin/postgres" --version), medians"
printf '%-10s %9s %8s %11s %11s %9s\n' '' 'wall' 'of psql' 'client CPU' 'server CPU' 'memory'
for name in psql pgplumb nothing refinery sqlx; do
    [ -f "$work/$name.times" ] || continue
    wall=$(median "$work/$name.times" 1)
    printf '%-10s %7.3f s %8.3f %9.2f s %9.2f s %5.1f MiB\n' "$name" "$wall" \
        "$(awk -v a="$wall" -v b="$floor" 'BEGIN { print a / b }')" \
        "$(median "$work/$name.times" 2)" "$(median "$work/$name.times" 3)" \
        "$(median "$work/$name.times" 4 | awk '{ print $1 / 1024 }')"
done
