CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE visit (shop_id integer REFERENCES shop (id), mood mood);
