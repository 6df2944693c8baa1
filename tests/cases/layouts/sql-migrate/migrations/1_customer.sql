-- +migrate Up
CREATE TABLE customer (
    id bigint PRIMARY KEY,
    email text NOT NULL
);
-- +migrate Down
DROP TABLE customer;
