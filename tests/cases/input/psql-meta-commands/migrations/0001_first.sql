\set ON_ERROR_STOP on
CREATE TABLE a (id integer);
\i other.sql
\copy a FROM 'a.csv'
