-- pgplumb: no-transaction
CREATE TABLE a (id integer);
CREATE TABLE b (id intger);
CREATE TABLE c (id integer);
