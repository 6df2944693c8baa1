CREATE FUNCTION f() RETURNS integer LANGUAGE plpgsql AS $f$
BEGIN
    RETURN 1 / 0;
END
$f$;

SELECT f();
