CREATE SCHEMA app;
SET search_path = app;
CREATE TABLE a (id integer);
