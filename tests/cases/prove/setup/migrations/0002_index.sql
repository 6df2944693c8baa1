-- pgplumb: no-transaction
CREATE INDEX CONCURRENTLY item_name ON stock.item (name);
