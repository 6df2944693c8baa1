CREATE TYPE tier AS ENUM ('basic', 'gold');

CREATE TABLE customer (
    id integer PRIMARY KEY,
    email text NOT NULL UNIQUE,
    tier tier NOT NULL DEFAULT 'basic'
);
