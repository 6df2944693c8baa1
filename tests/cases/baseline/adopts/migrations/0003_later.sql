CREATE TABLE later (id integer);
