DO $do$
BEGIN
END $d$;
