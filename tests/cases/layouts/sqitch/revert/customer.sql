-- Revert shop:customer from pg

BEGIN;

DROP TABLE customer;

COMMIT;
