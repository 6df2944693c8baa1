CREATE TABLE note (org_id integer REFERENCES later (id));
