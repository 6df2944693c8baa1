-- migrate:up
CREATE TABLE customer (
    id bigint PRIMARY KEY,
    email text NOT NULL
);

-- migrate:down
DROP TABLE customer;
