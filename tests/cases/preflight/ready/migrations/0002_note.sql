CREATE TABLE note (org_id integer REFERENCES organisation (id));
DO $$ BEGIN EXECUTE 'SELECT 1'; END $$;
