CREATE TABLE t (id integer, a integer);
INSERT INTO t SELECT g, 0 FROM generate_series(1, 10) AS g;
