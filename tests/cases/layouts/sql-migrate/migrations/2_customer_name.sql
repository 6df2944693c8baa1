-- +migrate Up
ALTER TABLE customer ADD COLUMN name text;
-- +migrate Down
ALTER TABLE customer DROP COLUMN name;
-- +migrate Up
ALTER TABLE customer ADD COLUMN phone text;
-- +migrate Down
ALTER TABLE customer DROP COLUMN phone;
