CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TABLE visit (id integer PRIMARY KEY, mood mood);
COMMENT ON TABLE a IS 'The first one';
