CREATE TABLE c (id integer, CHECK (id = NULL));
INSERT INTO app.a VALUES (1);
PREPARE answer AS SELECT 2;
CREATE TABLE d AS SELECT current_setting('session_replication_role') AS replicates, to_regclass('a') AS shadowed,
    current_setting('lock_timeout') AS lock_timeout, current_setting('TimeZone') AS zone,
    (SELECT count(*) FROM pg_listening_channels()) + (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid = 42
    AND pid = pg_backend_pid()) AS left;
