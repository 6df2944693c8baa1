CREATE TABLE mark (
    id integer PRIMARY KEY,
    path text DEFAULT E'a\\\\b',
    zone timestamptz DEFAULT '2020-01-01 00:00 EST',
    quoted text DEFAULT 'it''s',
    bytes bytea DEFAULT '\x00ff'
);

CREATE TABLE part (f double precision) PARTITION BY LIST (f);
CREATE TABLE part_1 PARTITION OF part FOR VALUES IN (0.3);

CREATE FUNCTION "date"(integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT $1';
CREATE INDEX mark_date ON mark ("date"(id));
