-- Two tenants' rows need all of this: an enum, domains, checks, an identity, a generated column, a chain of foreign keys,
-- one to itself, one of two columns, and partitions of each kind.
CREATE EXTENSION IF NOT EXISTS pgcrypto;
CREATE TYPE plan AS ENUM ('free', 'paid');
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%_@_%.__%');
CREATE DOMAIN short AS varchar(12) NOT NULL;
CREATE TABLE org (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name short UNIQUE, plan plan NOT NULL);
CREATE TABLE member (
    id uuid PRIMARY KEY, org_id uuid NOT NULL REFERENCES org ON DELETE CASCADE, email email NOT NULL UNIQUE,
    role text NOT NULL CHECK (role IN ('owner', 'guest'))
);
CREATE TABLE folder (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, org_id uuid NOT NULL REFERENCES org ON DELETE CASCADE,
    parent_id integer NOT NULL REFERENCES folder, depth smallint NOT NULL CHECK (depth BETWEEN 3 AND 9), UNIQUE (org_id, id)
);
CREATE TABLE "Odd Doc" (
    id bigserial PRIMARY KEY, org_id uuid NOT NULL, folder_id integer NOT NULL, "Ti""tle" text NOT NULL CHECK (length("Ti""tle") > 30),
    lower_title text GENERATED ALWAYS AS (lower("Ti""tle")) STORED, author uuid REFERENCES member, pages integer NOT NULL DEFAULT 1,
    starts date, ends date, CHECK (ends > starts),
    FOREIGN KEY (org_id, folder_id) REFERENCES folder (org_id, id) ON DELETE CASCADE, UNIQUE (org_id, "Ti""tle")
);
CREATE TABLE log (
    org_id uuid NOT NULL REFERENCES org ON DELETE CASCADE, at timestamptz NOT NULL, kind text NOT NULL, note text, PRIMARY KEY (at, kind, org_id)
) PARTITION BY RANGE (at);
CREATE TABLE log_old PARTITION OF log FOR VALUES FROM (MINVALUE) TO ('2020-01-01 00:00:00+00');
CREATE TABLE log_new PARTITION OF log FOR VALUES FROM ('2020-01-01 00:00:00+00') TO (MAXVALUE) PARTITION BY LIST (kind);
CREATE TABLE log_new_a PARTITION OF log_new FOR VALUES IN ('a', 'b');
CREATE TABLE log_new_rest PARTITION OF log_new DEFAULT PARTITION BY HASH (org_id);
CREATE TABLE log_new_rest_0 PARTITION OF log_new_rest FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE log_new_rest_1 PARTITION OF log_new_rest FOR VALUES WITH (MODULUS 2, REMAINDER 1);

CREATE FUNCTION my_org() RETURNS uuid LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$ SELECT org_id FROM member WHERE id = nullif(current_setting('app.user', true), '')::uuid $$;
CREATE FUNCTION own_docs() RETURNS SETOF "Odd Doc" LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
    AS $$ SELECT * FROM "Odd Doc" WHERE org_id = my_org() $$;
CREATE FUNCTION doc_of(doc bigint) RETURNS text LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM "Odd Doc" d WHERE d.id = doc AND d.org_id = my_org()) THEN
        RAISE EXCEPTION 'no such document';
    END IF;
    RETURN (SELECT "Ti""tle" FROM "Odd Doc" d WHERE d.id = doc);
END $$;
CREATE VIEW doc_view AS SELECT d.* FROM "Odd Doc" d WHERE d.org_id = my_org();
CREATE VIEW doc_titles AS SELECT "Ti""tle" AS title FROM doc_view;

ALTER TABLE "Odd Doc" ENABLE ROW LEVEL SECURITY;
ALTER TABLE log ENABLE ROW LEVEL SECURITY;
CREATE POLICY doc_select ON "Odd Doc" FOR SELECT USING (org_id = my_org());
CREATE POLICY doc_insert ON "Odd Doc" FOR INSERT WITH CHECK (org_id = my_org());
CREATE POLICY doc_update ON "Odd Doc" FOR UPDATE USING (org_id = my_org()) WITH CHECK (org_id = my_org());
CREATE POLICY doc_delete ON "Odd Doc" FOR DELETE USING (org_id = my_org());
CREATE POLICY log_select ON log FOR SELECT USING (org_id = my_org());
CREATE POLICY log_insert ON log FOR INSERT WITH CHECK (org_id = my_org());

DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'Isolated App') THEN CREATE ROLE "Isolated App"; END IF;
END $$;
GRANT USAGE ON SCHEMA public TO "Isolated App";
GRANT SELECT, INSERT, UPDATE, DELETE ON "Odd Doc" TO "Isolated App";
GRANT SELECT, INSERT, UPDATE ON log TO "Isolated App";
GRANT USAGE ON SEQUENCE "Odd Doc_id_seq" TO "Isolated App";
GRANT SELECT, DELETE ON doc_view TO "Isolated App";
GRANT SELECT ON doc_titles TO "Isolated App";
