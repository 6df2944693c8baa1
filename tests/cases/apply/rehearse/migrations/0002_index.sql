-- pgplumb: no-transaction
CREATE INDEX CONCURRENTLY account_name ON account (name);
