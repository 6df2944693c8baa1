-- pgplumb: no-transaction
ALTER TABLE shop ADD COLUMN note text;
CREATE UNIQUE INDEX CONCURRENTLY shop_name ON shop (name);
ALTER TABLE shop ADD COLUMN more text;
