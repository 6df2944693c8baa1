CREATE TABLE note (
    owner integer REFERENCES auth.users (id)
);
CREATE VIEW owner AS SELECT id FROM auth.users;
