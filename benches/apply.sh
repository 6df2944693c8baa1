#!/usr/bin/env bash
# How long `pgplumb apply` takes beside psql with the same transactions, and beside other tools that are installed.
#
#   benches/apply.sh [MIGRATIONS [RUNS]]        200 migrations, 15 interleaved runs
#
# Starts a PostgreSQL of its own (PGPLUMB_PG_BIN names its directory) with the server's default settings, writes the
# migrations itself, and gives medians of wall time, and of the CPU time of client and server. `refinery`, `sqlx` and
# `dbmate` take part when they are in PATH.
set -euo pipefail

count=${1:-200} runs=${2:-15}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_server
socket="$socket dbname=bench"

# Each makes a table with an identity, a check, two indexes and a comment; every tenth refers to the one before.
mkdir -p "$work/project/migrations" "$work/refinery" "$work/sqlx" "$work/dbmate"
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
    { echo '-- migrate:up'; cat "$work/project/migrations/${n}_item.sql"; echo '-- migrate:down'; } >"$work/dbmate/${n}_item.sql"
    { echo 'BEGIN;'; cat "$work/project/migrations/${n}_item.sql"; echo 'COMMIT;'; } >>"$work/all.sql"
done

fresh() {
    "$bin/psql" -qX -d postgres -c 'DROP DATABASE IF EXISTS bench' -c 'CREATE DATABASE bench' -c CHECKPOINT 2>/dev/null
}

export DATABASE_URL="postgres://postgres@127.0.0.1:$port/bench"
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
    if command -v dbmate >/dev/null; then
        fresh && once dbmate dbmate -u "$DATABASE_URL?sslmode=disable" -d "$work/dbmate" --no-dump-schema up
    fi
done

# over a network with a round trip of 50 ms, each once
start_delay 50
far="host=127.0.0.1 port=$delayed user=postgres dbname=bench"
fresh && once far_pgplumb "$pgplumb" -C "$work/project" apply -q -d "$far"
if command -v dbmate >/dev/null; then
    fresh && once far_dbmate dbmate -u "postgres://postgres@127.0.0.1:$delayed/bench?sslmode=disable" -d "$work/dbmate" \
        --no-dump-schema up
fi

echo "$count migrations, $runs runs, $("$bin/postgres" --version), medians; ratio: of psql"
table psql psql pgplumb nothing refinery sqlx dbmate far_pgplumb far_dbmate
