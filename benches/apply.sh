#!/usr/bin/env bash
# How long `pgplumb apply` takes beside psql with the same transactions, and beside other tools that are installed.
#
#   benches/apply.sh [MIGRATIONS [RUNS]]        200 migrations, 15 interleaved runs
#   benches/apply.sh DIR [RUNS]                 the work in a folder
#
# Starts a PostgreSQL of its own (PGPLUMB_PG_BIN names its directory) with the server's default settings, and gives medians
# of wall time, and of the CPU time of client and server. `refinery`, `sqlx`, `diesel` and `dbmate` take part when they are
# in PATH. Migrations are written here, or come from a folder that holds the same work for each: `psql/tx.sql` with BEGIN
# and COMMIT around each migration, `refinery/V1__name.sql` (pgplumb reads these too), `sqlx/`, `diesel/` and `dbmate/`.
# psql records nothing; psql_recorded makes pgplumb's own two tables and writes the rows that pgplumb wrote as well.
# With PGPLUMB_BENCH_FAR=0 nothing is measured over a network.
set -euo pipefail

what=${1:-200} runs=${2:-15}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_server
socket="$socket dbname=bench"

# Each makes a table with an identity, a check, two indexes and a comment; every tenth refers to the one before.
write_migrations() { # COUNT
    local i n reference
    tasks=$work/tasks
    mkdir -p "$tasks"/{psql,refinery,sqlx,dbmate}
    for ((i = 1; i <= $1; i++)); do
        n=$(printf %04d "$i")
        reference=
        if ((i % 10 == 0)); then reference=$(printf '\n    parent_id bigint REFERENCES item_%04d (id),' $((i - 1))); fi
        cat >"$tasks/refinery/V${i}__item.sql" <<SQL
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
        cp "$tasks/refinery/V${i}__item.sql" "$tasks/sqlx/${n}_item.sql"
        { echo '-- migrate:up'; cat "$tasks/sqlx/${n}_item.sql"; echo '-- migrate:down'; } >"$tasks/dbmate/${n}_item.sql"
        { echo 'BEGIN;'; cat "$tasks/sqlx/${n}_item.sql"; echo 'COMMIT;'; } >>"$tasks/psql/tx.sql"
    done
}

if [ -d "$what" ]; then tasks=$(realpath "$what"); else write_migrations "$what"; fi
count=$(find "$tasks/refinery" -name '*.sql' | wc -l)
mkdir -p "$work/project"
cp -r "$tasks/refinery" "$work/project/migrations"
takes_part() { command -v "$1" >/dev/null && [ -d "$tasks/$1" ]; } # NAME of a tool

fresh() {
    "$bin/psql" -qX -d postgres -c 'DROP DATABASE IF EXISTS bench' -c 'CREATE DATABASE bench' -c CHECKPOINT 2>/dev/null
}

# The same transactions with history and journal, whose rows are those of a real run.
record() {
    local table
    fresh
    "$pgplumb" -C "$work/project" apply -q -d "$socket"
    for table in refinery_schema_history pgplumb_journal; do
        "$bin/pg_dump" -d bench --data-only --inserts -t "$table" | grep '^INSERT INTO' >"$work/$table.rows"
    done
    cat >"$work/tables.sql" <<'SQL'
CREATE TABLE refinery_schema_history (version int4 PRIMARY KEY, name varchar(255), applied_on varchar(255),
    checksum varchar(255));
CREATE TABLE pgplumb_journal (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL DEFAULT clock_timestamp(), run text NOT NULL, action text NOT NULL, version bigint NOT NULL,
    name text NOT NULL, outcome text NOT NULL, verdict text, duration_ms numeric, sha256 text, artifacts jsonb,
    message text, login text NOT NULL DEFAULT session_user, role text NOT NULL DEFAULT current_user, client text,
    address inet DEFAULT inet_client_addr(), tool text NOT NULL);
SQL
    awk -v work="$work" '
        function copy(file) { if ((getline line <file) > 0) print line }
        $0 == "COMMIT;" { copy(work "/refinery_schema_history.rows"); copy(work "/pgplumb_journal.rows") }
        { print }
        $0 == "BEGIN;" && !made++ { while ((getline line <(work "/tables.sql")) > 0) print line }
    ' "$tasks/psql/tx.sql" >"$work/recorded.sql"
}

export DATABASE_URL="postgres://postgres@127.0.0.1:$port/bench"
record
for ((run = 1; run <= runs; run++)); do
    fresh && once psql "$bin/psql" -qX -d bench -v ON_ERROR_STOP=1 -f "$tasks/psql/tx.sql"
    fresh && once psql_recorded "$bin/psql" -qX -d bench -v ON_ERROR_STOP=1 -f "$work/recorded.sql"
    fresh && once pgplumb "$pgplumb" -C "$work/project" apply -q -d "$socket"
    once nothing "$pgplumb" -C "$work/project" apply -q -d "$socket"
    once select_1 "$bin/psql" -qX -d bench -c 'SELECT 1'
    if takes_part refinery; then
        fresh && once refinery refinery migrate -e DATABASE_URL -p "$tasks/refinery"
    fi
    if takes_part sqlx; then
        fresh && once sqlx sqlx migrate run --source "$tasks/sqlx"
    fi
    if takes_part diesel; then
        fresh && once diesel diesel migration run --migration-dir "$tasks/diesel/migrations"
    fi
    if takes_part dbmate; then
        fresh && once dbmate dbmate -u "$DATABASE_URL?sslmode=disable" -d "$tasks/dbmate" --no-dump-schema up
    fi
done

# over a network with a round trip of 50 ms, each once
far_runs() {
    start_delay 50
    far="host=127.0.0.1 port=$delayed user=postgres dbname=bench"
    fresh && once far_pgplumb "$pgplumb" -C "$work/project" apply -q -d "$far"
    if takes_part refinery && [ "$count" -le 200 ]; then
        fresh && DATABASE_URL="postgres://postgres@127.0.0.1:$delayed/bench" once far_refinery \
            refinery migrate -e DATABASE_URL -p "$tasks/refinery"
    fi
    if takes_part dbmate && [ "$count" -le 200 ]; then
        fresh && once far_dbmate dbmate -u "postgres://postgres@127.0.0.1:$delayed/bench?sslmode=disable" -d "$tasks/dbmate" \
            --no-dump-schema up
    fi
}
if [ "${PGPLUMB_BENCH_FAR:-1}" != 0 ]; then far_runs; fi

echo "$count migrations, $runs runs, $("$bin/postgres" --version), medians; ratio: of psql"
table psql psql psql_recorded pgplumb nothing select_1 refinery sqlx diesel dbmate far_pgplumb far_refinery far_dbmate
