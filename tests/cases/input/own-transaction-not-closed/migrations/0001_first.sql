BEGIN;
CREATE TABLE a (id integer);
