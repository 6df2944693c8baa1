CREATE TABLE a (id integer);
INSERT INTO a VALUES (1), (nothing);
