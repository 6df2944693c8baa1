-- pgplumb: statement-timeout 50ms
-- pgplumb: lock-timeout 2s
CREATE TABLE a (id integer);
SELECT pg_sleep(30);
