CREATE SCHEMA s;
CREATE TABLE t (id integer REFERENCES owned (id));
ALTER TABLE owned ADD COLUMN b integer;
CREATE ROLE other;
CREATE EXTENSION file_fdw;
