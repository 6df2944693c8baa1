#!/usr/bin/env bash
# How long the rollbacks of a history take to prove: `pgplumb prove` beside a script that does the same with pg_dump and
# template databases.
#
#   benches/prove.sh MIGRATIONS ROLLBACKS [SETUP.sql]
#
# The script has a throw-away server of its own, tuned as that of `prove`: nothing has to last. SETUP.sql runs before the
# first migration in both.
set -euo pipefail
migrations=$(cd "$1" && pwd) rollbacks=$(cd "$2" && pwd) setup=${3:+$(realpath "$3")}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_server -c fsync=off -c synchronous_commit=off -c full_page_writes=off

dump() { # DATABASE FILE; the key of \restrict is another one each time
    "$bin/pg_dump" --schema-only "$1" | grep -v '^\\\(un\)\?restrict' >"$2"
}
run() { # DATABASE FILE: in one transaction unless it holds what cannot be in one
    local one=-1
    if grep -qiE '^[[:space:]]*(commit|begin)[[:space:]]*;|concurrently|^[[:space:]]*call ' "$2"; then one=; fi
    "$bin/psql" -XqAt -v ON_ERROR_STOP=1 $one -d "$1" -f "$2" >/dev/null 2>"$work/error"
}

with_pg_dump() {
    local up down exact=0 proven=0
    "$bin/createdb" -T template0 proof
    if [ -n "$setup" ]; then run proof "$setup"; fi
    for up in "$migrations"/*.sql; do
        down=$rollbacks/${up##*/}
        if [ ! -f "$down" ]; then
            run proof "$up" || { cat "$work/error" >&2; exit 1; }
            continue
        fi
        proven=$((proven + 1))
        "$bin/createdb" -T proof before
        dump proof "$work/before"
        run proof "$up" || { cat "$work/error" >&2; exit 1; }
        dump proof "$work/first"
        if run proof "$down"; then
            dump proof "$work/after"
            if cmp -s "$work/before" "$work/after"; then exact=$((exact + 1)); fi
        fi
        # again, from the same state as the first time
        run proof "$up" 2>/dev/null && dump proof "$work/again"
        "$bin/dropdb" proof
        "$bin/psql" -Xq -d postgres -c 'ALTER DATABASE before RENAME TO proof'
        run proof "$up" || { cat "$work/error" >&2; exit 1; }
    done
    echo "$exact of $proven exact"
}

timed() { # NAME COMMAND…
    local name=$1 begin=$EPOCHREALTIME
    shift
    "$@" >"$work/$name" || true
    awk -v name="$name" -v begin="$begin" -v end="$EPOCHREALTIME" -v said="$(tail -n 1 "$work/$name")" \
        'BEGIN { printf "%-14s %8.1f s   %s\n", name, end - begin, said }'
}
echo "$(ls "$migrations"/*.sql | wc -l) migrations, $("$bin/postgres" --version)"
timed pg_dump with_pg_dump
timed pgplumb "$pgplumb" prove -q --migrations "$migrations" --rollbacks "$rollbacks" ${setup:+--setup "$setup"}
