\set ON_ERROR_STOP 1
BEGIN;
CREATE TABLE customer (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
COMMIT;
