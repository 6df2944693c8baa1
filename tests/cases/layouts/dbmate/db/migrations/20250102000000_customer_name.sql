-- migrate:up
ALTER TABLE customer ADD COLUMN name text;

-- migrate:down
ALTER TABLE customer DROP COLUMN name;
