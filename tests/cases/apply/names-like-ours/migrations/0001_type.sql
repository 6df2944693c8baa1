CREATE TYPE "{relations}$pgplumb$" AS ENUM ('{}', '$pgplumb1$');
CREATE FUNCTION "{locked}"() RETURNS trigger LANGUAGE plpgsql AS $pgplumb$ BEGIN RETURN new; END $pgplumb$;
