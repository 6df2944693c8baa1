CREATE SCHEMA auth;
-- two of a name: the server's, or that of public, comes first or second
CREATE COLLATION auth."C" FROM "POSIX";
CREATE COLLATION auth.cc FROM "POSIX";
CREATE COLLATION public.cc FROM "C";
CREATE COLLATION auth.lone FROM "C";
CREATE OPERATOR CLASS auth.text_pattern_ops FOR TYPE text USING btree AS
    OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 bttextcmp(text, text);

CREATE DOMAIN code AS varchar(10);
CREATE DOMAIN tag AS text COLLATE "C";
CREATE DOMAIN plain AS text;
CREATE DOMAIN odd AS text COLLATE auth."C";
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a text COLLATE "C", b text, c name, d text COLLATE auth."C");
CREATE TYPE span AS RANGE (subtype = text);
CREATE TYPE odd_span AS RANGE (subtype = text, subtype_opclass = text_pattern_ops, collation = auth."C");

CREATE TABLE t (
    id bigint PRIMARY KEY, big bigint, words tsvector, doc jsonb, place point, room int4range, list int[], b text,
    v varchar(9), n name, u uuid, m mood, c text COLLATE "C", k code, tagged tag, net inet, part cidr,
    x text COLLATE auth."C", y text COLLATE auth.cc, z text COLLATE public.cc, w text COLLATE auth.lone,
    CONSTRAINT apart EXCLUDE USING gist (room WITH &&),
    CONSTRAINT same EXCLUDE USING hash (b WITH =)
);
-- what is stored is of another type than the column, or the class is that of another type
CREATE INDEX gin_words ON t USING gin (words);
CREATE INDEX gin_text ON t USING gin (to_tsvector('simple', b));
CREATE INDEX gin_doc ON t USING gin (doc);
CREATE INDEX gin_path ON t USING gin (doc jsonb_path_ops);
CREATE INDEX gin_inner ON t USING gin ((doc -> 'a'));
CREATE INDEX gin_list ON t USING gin (list);
CREATE INDEX gist_words ON t USING gist (words);
CREATE INDEX gist_place ON t USING gist (place);
CREATE INDEX gist_room ON t USING gist (room);
CREATE INDEX gist_net ON t USING gist (net inet_ops);
CREATE INDEX spgist_b ON t USING spgist (b);
CREATE INDEX spgist_room ON t USING spgist (room);
CREATE INDEX spgist_kd ON t USING spgist (place kd_point_ops);
CREATE INDEX hash_big ON t USING hash (big);
CREATE INDEX hash_b ON t USING hash (b);
CREATE INDEX hash_u ON t USING hash (u);
CREATE INDEX hash_v ON t USING hash (v);
CREATE INDEX hash_k ON t USING hash (k);
CREATE INDEX hash_lower ON t USING hash (lower(b));
CREATE INDEX brin_b ON t USING brin (b);
CREATE INDEX brin_v ON t USING brin (v);
CREATE INDEX brin_part ON t USING brin (part);
CREATE INDEX brin_net ON t USING brin (net);
CREATE INDEX tree_v ON t (v);
CREATE INDEX tree_bpchar ON t (v bpchar_ops);
CREATE INDEX tree_varchar ON t (v varchar_ops);
CREATE INDEX tree_k ON t (k);
CREATE INDEX tree_n ON t (n);
CREATE INDEX tree_part ON t (part, (part::inet));
CREATE INDEX tree_m ON t (m);
CREATE INDEX tree_list ON t (list);
CREATE INDEX tree_room ON t (room);
CREATE INDEX tree_c ON t (c, tagged, b COLLATE "C", (lower(b)), (lower(b) COLLATE "C"));
CREATE INDEX tree_odd ON t (b COLLATE auth."C", b COLLATE auth.cc, b auth.text_pattern_ops, b text_pattern_ops);

CREATE TABLE by_time (at timestamptz, name text) PARTITION BY RANGE (at, name COLLATE "C");
CREATE TABLE by_name (name text) PARTITION BY LIST (name);

CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';
CREATE FUNCTION auth.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';
CREATE FUNCTION public.only_here() RETURNS event_trigger LANGUAGE plpgsql AS 'begin end';
CREATE EVENT TRIGGER hears ON sql_drop EXECUTE FUNCTION public.on_ddl();
CREATE EVENT TRIGGER listens ON sql_drop EXECUTE FUNCTION public.only_here();
CREATE FUNCTION public.step(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select $1 + $2';
CREATE FUNCTION auth.step(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'select $1 + $2';
CREATE AGGREGATE auth.total(int) (sfunc = public.step, stype = int, initcond = '0');
CREATE FUNCTION public.apart(int, int) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'select 1.0::float8';
CREATE FUNCTION auth.apart(int, int) RETURNS double precision LANGUAGE sql IMMUTABLE AS 'select 1.0::float8';
CREATE TYPE auth.gap AS RANGE (subtype = int, subtype_diff = public.apart);
