-- pgplumb: no-transaction
DROP INDEX CONCURRENTLY shop_name;
ALTER TABLE shop DROP COLUMN note, DROP COLUMN more;
