DO $$ BEGIN CREATE ROLE stated_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
DO $$ BEGIN CREATE ROLE stated_reader VALID UNTIL '2030-01-02 03:04:05+00'; EXCEPTION WHEN duplicate_object THEN NULL; END $$;

CREATE TYPE mood AS ENUM ('x y', 'x  y');

CREATE TABLE word (k text) PARTITION BY LIST (k);
CREATE TABLE word_1 PARTITION OF word FOR VALUES IN ('x y', 'p,q');
CREATE TABLE word_2 PARTITION OF word FOR VALUES IN ('');
CREATE TABLE day (d date, t varchar(9)) PARTITION BY RANGE (d, t);
CREATE TABLE day_1 PARTITION OF day FOR VALUES FROM ('2025-01-01', 'a b') TO ('2025-02-01', 'b');
CREATE TABLE felt (m mood) PARTITION BY LIST (m);
CREATE TABLE felt_1 PARTITION OF felt FOR VALUES IN ('x y');

CREATE TABLE plain (
    id int GENERATED ALWAYS AS IDENTITY,
    a int,
    b text,
    m mood[],
    CONSTRAINT plain_pkey PRIMARY KEY (id)
) WITH (autovacuum_enabled = off);
CREATE STATISTICS plain_ab ON a, b FROM plain;
CREATE POLICY readers ON plain TO stated_reader USING (a > 0);
CREATE TABLE odd (id int GENERATED ALWAYS AS IDENTITY (START 10 INCREMENT 2 CACHE 5));
CREATE TABLE even (id int GENERATED ALWAYS AS IDENTITY);
CREATE SEQUENCE alone;

CREATE TABLE owned (a int);
ALTER TABLE owned OWNER TO stated_owner;
CREATE TABLE limited (a int);
ALTER TABLE limited OWNER TO stated_owner;
REVOKE ALL ON limited FROM stated_owner;
GRANT SELECT ON limited TO stated_owner;
GRANT SELECT, INSERT ON limited TO stated_reader;
GRANT ALL ON owned TO stated_reader;
ALTER DEFAULT PRIVILEGES FOR ROLE stated_owner IN SCHEMA public GRANT ALL ON TABLES TO stated_reader;

CREATE VIEW seen WITH (security_barrier = on) AS SELECT a FROM plain;
CREATE DOMAIN positive AS int;
ALTER DOMAIN positive ADD CONSTRAINT positive_check CHECK (value > 0) NOT VALID;

CREATE FUNCTION f(a int DEFAULT 3, b text DEFAULT 'x, y', c text DEFAULT NULL) RETURNS int LANGUAGE sql
    SET search_path = 'a, b' SET application_name = 'x y' AS 'select 1';
CREATE FUNCTION many() RETURNS SETOF int LANGUAGE sql COST 123456789 ROWS 1000000 AS 'select 1';
CREATE FUNCTION step(int, int) RETURNS int LANGUAGE sql AS 'select $1';
CREATE AGGREGATE total(int) (sfunc = step, stype = int);
CREATE AGGREGATE joined(text) (sfunc = textcat, stype = text, initcond = 'x, y');
