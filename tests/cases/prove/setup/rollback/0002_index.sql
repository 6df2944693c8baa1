-- pgplumb: no-transaction
DROP INDEX CONCURRENTLY stock.item_name;
