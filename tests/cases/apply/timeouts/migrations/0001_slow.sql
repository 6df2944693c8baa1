-- pgplumb: statement-timeout 1s
-- pgplumb: lock-timeout 2s
CREATE TABLE a (id integer);
SELECT pg_sleep(30);
