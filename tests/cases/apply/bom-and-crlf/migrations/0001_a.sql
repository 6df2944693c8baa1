CREATE TABLE a (
    id integer,
    größe integer
);
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT 'ä' $$;
