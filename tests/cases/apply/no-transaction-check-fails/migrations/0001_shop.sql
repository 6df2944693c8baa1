-- pgplumb: no-transaction
CREATE TABLE shop (id integer);
CREATE INDEX CONCURRENTLY shop_id ON shop (id);
