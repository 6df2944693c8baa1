CREATE TABLE note (
    id integer PRIMARY KEY,
    org_id integer NOT NULL REFERENCES organization (id)
);
