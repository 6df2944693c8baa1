-- +goose Up
CREATE TABLE customer (
    id bigint PRIMARY KEY,
    email text NOT NULL
);

-- +goose Down
DROP TABLE customer;
