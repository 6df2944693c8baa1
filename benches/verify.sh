#!/usr/bin/env bash
# How long `pgplumb verify` takes on a large catalog, beside pg_dump and pgTAP.
#
#   benches/verify.sh [RUNS [TABLES]]        5 interleaved runs, 2,000 tables
#
# Starts a PostgreSQL of its own and fills it with catalog.sql. Judges 1,000 checks that ask for no definitions (tables,
# columns, keys), 1,000 that do (defaults, indexes, triggers, policies), and a suite of the whole schema that `checks
# generate` wrote; the 1,000 over a network with a round trip of 50 ms as well. pgTAP takes part where pg_prove is in
# PATH and its functions are at hand: as an extension of the server, or in the file that PGTAP names.
set -euo pipefail
runs=${1:-5} tables=${2:-2000}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

start_server -c max_locks_per_transaction=1024
"$bin/createdb" bench
export PGDATABASE=bench
socket="$socket dbname=bench"
"$bin/psql" -qX -v ON_ERROR_STOP=1 -v tables="$tables" -f "$here/benches/catalog.sql" >/dev/null

# Two checks on each of 500 tables, spread over the catalog.
spread() { for ((k = 0; k < 500; k++)); do printf 't%04d %d\n' $((k * 37 % tables)) $((k % 4)); done; }
mkdir -p "$work/names/checks" "$work/names/migrations" "$work/definitions/checks" "$work/definitions/migrations"
spread | awk '{
    print "[table." $1 "]"
    if ($2 == 0) print "column.c5 = \"numeric(12, 2)\""
    if ($2 == 1) print "column.c2 = \"text not null\""
    if ($2 == 2) print "foreign_key.c1 = \"org(id)\""
    if ($2 == 3) print "primary_key = [\"c0\"]"
}' >"$work/names/checks/names.toml"
spread | awk '{
    print "[table." $1 "]"
    if ($2 == 0) print "column.c4 = \"integer not null default 0\""
    if ($2 == 1) print "index." $1 "_i2 = \"(c2, c9 desc)\""
    if ($2 == 2) print "trigger." $1 "_touch = \"before update for each row execute function touch()\""
    if ($2 == 3) print "policy." $1 "_sel = { command = \"select\", using = \"(c1 = public.org())\" }"
}' >"$work/definitions/checks/definitions.toml"
# the same in pgTAP, as far as it looks: not at what a policy says
tap() { # FILE: its lines, as one test
    { echo 'BEGIN;'; echo "SELECT plan($(wc -l <"$1"));"; cat "$1"; echo 'SELECT * FROM finish();'; echo 'ROLLBACK;'; } >"$2"
}
q="'"
spread | awk -v q="$q" 'function name(s) { return q s q } {
    at = name("public") ", " name($1)
    print "SELECT has_table(" at ", " name("table " $1) ");"
    if ($2 == 0) print "SELECT col_type_is(" at ", " name("c5") ", " name("numeric(12,2)") ", " name("type") ");"
    if ($2 == 1) print "SELECT col_not_null(" at ", " name("c2") ", " name("not null") ");"
    if ($2 == 2) print "SELECT fk_ok(" at ", " name("c1") ", " name("public") ", " name("org") ", " name("id") ", " name("key") ");"
    if ($2 == 3) print "SELECT col_is_pk(" at ", " name("c0") ", " name("primary key") ");"
}' >"$work/names.lines"
spread | awk -v q="$q" 'function name(s) { return q s q } {
    at = name("public") ", " name($1)
    print "SELECT has_table(" at ", " name("table " $1) ");"
    if ($2 == 0) print "SELECT col_default_is(" at ", " name("c4") ", 0, " name("default") ");"
    if ($2 == 1) print "SELECT has_index(" at ", " name($1 "_i2") ", ARRAY[" name("c2") ", " name("c9") "], " name("index") ");"
    if ($2 == 2) print "SELECT has_trigger(" at ", " name($1 "_touch") ", " name("trigger") ");"
    if ($2 == 3) print "SELECT policy_cmd_is(" at ", " name($1 "_sel") "::name, " name("select") ", " name("policy") ");"
}' >"$work/definitions.lines"
tap "$work/names.lines" "$work/names.sql"
tap "$work/definitions.lines" "$work/definitions.sql"

with_pgtap=
if command -v pg_prove >/dev/null; then
    if [ -n "${PGTAP:-}" ]; then
        "$bin/psql" -qX -c 'CREATE SCHEMA tap' -c 'SET search_path TO tap, public' -f "$PGTAP" >/dev/null 2>&1
        with_pgtap=1
    elif "$bin/psql" -qX -c 'CREATE SCHEMA tap' -c 'CREATE EXTENSION pgtap SCHEMA tap' 2>/dev/null; then
        with_pgtap=1
    fi
    "$bin/psql" -qX -c 'ALTER DATABASE bench SET search_path TO public, tap'
fi

mkdir -p "$work/whole/migrations" "$work/whole/checks"
"$pgplumb" -C "$work/whole" checks generate -q -d "$socket" --schema public -o "$work/whole/checks/public.toml"

start_delay 50
far="host=127.0.0.1 port=$delayed user=postgres dbname=bench"
for ((run = 1; run <= runs; run++)); do
    for suite in names definitions; do
        once "$suite" "$pgplumb" -C "$work/$suite" verify -q -d "$socket"
        if [ -n "$with_pgtap" ]; then
            once "pg_prove_$suite" pg_prove -q --psql-bin "$bin/psql" -d bench "$work/$suite.sql"
        fi
        once "far_$suite" "$pgplumb" -C "$work/$suite" verify -q -d "$far"
    done
    once whole "$pgplumb" -C "$work/whole" verify -q -d "$socket"
    once pg_dump "$bin/pg_dump" --schema-only
done

count() { # SUITE: how many checks it has
    "$pgplumb" -C "$work/$1" verify -q -d "$socket" --format json | python3 -c 'import json, sys
totals = json.load(sys.stdin)["totals"]
print("%(pass)d pass, %(fail)d fail, %(blocked)d blocked" % totals)'
}
echo "$tables tables, $runs runs, $("$bin/postgres" --version), medians"
for suite in names definitions whole; do echo "$suite: $(count $suite)"; done
if [ -n "$with_pgtap" ]; then
    echo; echo 'ratio: of pg_prove'
    table pg_prove_names names pg_prove_names far_names
    table pg_prove_definitions definitions pg_prove_definitions far_definitions
else
    table names names far_names
    table definitions definitions far_definitions
fi
echo; echo 'ratio: of pg_dump --schema-only'
table pg_dump whole pg_dump
