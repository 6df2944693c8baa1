CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE visit (shop_id integer, mood mood);
CREATE FUNCTION "How many"(a integer) RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM visit WHERE shop_id = a';
ALTER TABLE shop ADD COLUMN "Last visit" date;
DROP INDEX shop_name;
