CREATE TABLE shop (id integer PRIMARY KEY, name text);
CREATE INDEX shop_name ON shop (name);
