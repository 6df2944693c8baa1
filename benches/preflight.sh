#!/usr/bin/env bash
# How long `pgplumb preflight` takes for a project of many pending scripts: it parses all of them, and judges what they need
# against the live catalog and what earlier ones make.
#
#   benches/preflight.sh [SCRIPTS [RUNS]]        1,000 scripts, 5 runs
set -euo pipefail
count=${1:-1000} runs=${2:-5}
source "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
start_server
"$bin/createdb" bench
socket="$socket dbname=bench"

# Each makes a table that refers to the one before, with an index, row security, two policies, a trigger and its function, a
# view and a grant; every tenth alters what an earlier one made.
mkdir -p "$work/project/migrations"
for ((i = 1; i <= count; i++)); do
    n=$(printf %04d "$i") before=$(printf %04d $((i - 1)))
    reference= alter=
    if ((i > 1)); then reference="REFERENCES item_$before (id) ON DELETE CASCADE"; fi
    if ((i % 10 == 0)); then alter="ALTER TABLE item_$before ADD COLUMN note text, ALTER COLUMN label SET DEFAULT 'none';"; fi
    cat >"$work/project/migrations/${n}_item.sql" <<SQL
CREATE TABLE item_$n (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    before_id bigint $reference,
    owner text NOT NULL DEFAULT current_user,
    label text NOT NULL,
    quantity integer NOT NULL DEFAULT 0 CHECK (quantity >= 0),
    updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX item_${n}_owner ON item_$n (owner, updated_at DESC) WHERE quantity > 0;
ALTER TABLE item_$n ENABLE ROW LEVEL SECURITY;
CREATE POLICY item_${n}_read ON item_$n FOR SELECT USING (owner = current_user);
CREATE POLICY item_${n}_write ON item_$n FOR UPDATE USING (owner = current_user) WITH CHECK (quantity >= 0);
CREATE FUNCTION touch_$n() RETURNS trigger LANGUAGE plpgsql AS \$\$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
\$\$;
CREATE TRIGGER item_${n}_touch BEFORE UPDATE ON item_$n FOR EACH ROW EXECUTE FUNCTION touch_$n();
CREATE VIEW busy_$n AS SELECT id, label FROM item_$n WHERE quantity > 10;
GRANT SELECT ON busy_$n TO PUBLIC;
$alter
SQL
done

for ((run = 1; run <= runs; run++)); do
    once preflight "$pgplumb" -C "$work/project" preflight -q -d "$socket"
    once status "$pgplumb" -C "$work/project" status -q -d "$socket"
done
echo "$count scripts, $(cat "$work"/project/migrations/* | wc -c) bytes, $runs runs, medians; ratio: of status, which parses no script"
table status preflight status
