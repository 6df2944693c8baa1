-- pgplumb: no-transaction
CREATE TABLE b (id integer);
CREATE INDEX CONCURRENTLY a_id ON a (id);
