CREATE TABLE shop (
    id integer PRIMARY KEY,
    "Name" varchar(50) NOT NULL DEFAULT 'none',
    town text,
    old_code varchar(10) NOT NULL,
    size integer,
    kind varchar(9) DEFAULT 'none'
);
CREATE TABLE archive (id integer, note text);
CREATE FUNCTION greet() RETURNS text LANGUAGE sql STABLE AS $$ SELECT 'hello, this is the first greeting' $$;
