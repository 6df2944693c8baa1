#!/usr/bin/env bash
# How long the rollbacks of a history take to prove: `pgplumb prove` against a script that does the same with pg_dump
# and template databases. Usage: benches/prove.sh MIGRATIONS ROLLBACKS
# Needs a release build, and PostgreSQL's programs; a throw-away server for the script is started and removed.
set -euo pipefail
migrations=$(cd "$1" && pwd) rollbacks=$(cd "$2" && pwd)
cd "$(dirname "${BASH_SOURCE[0]}")/.."
bin=${PGPLUMB_PG_BIN:-$(pg_config --bindir)}
pgplumb=$PWD/target/release/pgplumb

base=$(mktemp -d)
as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
if [ "$(id -u)" = 0 ]; then chown postgres "$base"; fi
trap 'as "$bin/pg_ctl" -D "$base/data" -m immediate stop >/dev/null 2>&1 || true; rm -rf "$base"' EXIT
as "$bin/initdb" -D "$base/data" -U postgres -A trust -N >/dev/null
as "$bin/pg_ctl" -D "$base/data" -w -l "$base/log" \
    -o "-c listen_addresses= -k $base -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >/dev/null
export PGHOST=$base PGUSER=postgres

dump() { "$bin/pg_dump" --schema-only "$1" | grep -v '^\\\(un\)\?restrict' >"$2"; }
run() { # database, file: in one transaction unless it holds what cannot be in one
    local one=-1
    if grep -qiE '^[[:space:]]*(commit|begin)[[:space:]]*;|concurrently|^[[:space:]]*call ' "$2"; then one=; fi
    "$bin/psql" -XqAt -v ON_ERROR_STOP=1 $one -d "$1" -f "$2" >/dev/null 2>"$base/error"
}

script() {
    "$bin/createdb" -T template0 proof
    local count=0 exact=0
    for up in "$migrations"/*.sql; do
        local down=$rollbacks/${up##*/}
        dump proof "$base/before"
        run proof "$up" || { cat "$base/error"; exit 1; }
        [ -f "$down" ] || continue
        count=$((count + 1))
        "$bin/createdb" -T proof forward
        if run proof "$down"; then
            dump proof "$base/after"
            if cmp -s "$base/before" "$base/after"; then exact=$((exact + 1)); fi
        fi
        "$bin/dropdb" proof
        "$bin/psql" -Xq -d postgres -c 'ALTER DATABASE forward RENAME TO proof'
    done
    echo "pg_dump and templates: $exact of $count exact"
}

time script
time { "$pgplumb" prove -q --migrations "$migrations" --rollbacks "$rollbacks" | tail -n 1 || true; }
