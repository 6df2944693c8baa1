CREATE TABLE shop (
    id integer PRIMARY KEY,
    name text NOT NULL,
    town text
);
CREATE INDEX shop_town ON shop (town);
