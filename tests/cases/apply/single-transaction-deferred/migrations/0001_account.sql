CREATE SCHEMA "Books";
CREATE TABLE "Books".account (id integer PRIMARY KEY);
CREATE TABLE "Books".entry (
    id integer PRIMARY KEY,
    account_id integer NOT NULL CONSTRAINT "of an account" REFERENCES "Books".account (id) DEFERRABLE INITIALLY DEFERRED,
    corrects integer CONSTRAINT at_once REFERENCES "Books".entry (id) DEFERRABLE
);
SET CONSTRAINTS ALL DEFERRED;
INSERT INTO "Books".entry VALUES (1, 10, 2), (2, 10, NULL);
INSERT INTO "Books".account VALUES (10);
