-- pgplumb: no-transaction
PREPARE answer AS SELECT 3;
SET transform_null_equals = on;
CREATE TEMPORARY TABLE a (id text);
CREATE INDEX CONCURRENTLY b_id ON b (id);
SET SESSION AUTHORIZATION pg_monitor;
