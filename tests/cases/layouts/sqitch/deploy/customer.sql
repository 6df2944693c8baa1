-- Deploy shop:customer to pg

BEGIN;

CREATE TABLE customer (
    id bigint PRIMARY KEY,
    email text NOT NULL
);

COMMIT;
