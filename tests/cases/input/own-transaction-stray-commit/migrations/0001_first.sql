CREATE TABLE a (id integer);
COMMIT;
CREATE TABLE b (id integer);
