CREATE TABLE "user" (id integer PRIMARY KEY, name text NOT NULL, mail text);
