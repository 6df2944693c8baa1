-- in another run than the next one, none of this would be there
CREATE ROLE pgplumb_settings_single;
GRANT CREATE ON SCHEMA public TO pgplumb_settings_single;
SET transform_null_equals = on;
SET session_replication_role = replica;
CREATE TEMPORARY TABLE a (id text);
PREPARE answer AS SELECT 1;
LISTEN leaked;
SELECT pg_advisory_lock(42);
SET SESSION AUTHORIZATION pgplumb_settings_single;
