CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS $f$
    SELECT nothing
      FROM nowhere
$f$;
