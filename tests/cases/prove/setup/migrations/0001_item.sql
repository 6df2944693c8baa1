CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE ROLE porter;
CREATE TABLE stock.item (id integer PRIMARY KEY, name text);
ALTER TABLE stock.item OWNER TO porter;
