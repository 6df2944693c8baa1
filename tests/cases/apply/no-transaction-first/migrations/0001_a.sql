-- pgplumb: no-transaction
CREATE TABLE a (id integer);
CREATE INDEX CONCURRENTLY ON a (id);
VACUUM a;
