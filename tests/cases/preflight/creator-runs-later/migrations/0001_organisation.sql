CREATE TABLE organisation (id integer PRIMARY KEY);
