CREATE TABLE a (id integer PRIMARY KEY);
GRANT ALL ON a TO pg_monitor;
GRANT USAGE ON SCHEMA public TO pg_monitor;
