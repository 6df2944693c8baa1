CREATE SCHEMA app;
CREATE TABLE app.a (id integer);
