-- 0001: the multi-tenant foundation.
--
-- Organizations, their people and customers, the identity behind a request (auth.uid()), and the
-- role that the application works as. Every later migration isolates its rows through these.

-- Extensions. Not IF NOT EXISTS: the rollback takes away exactly what this script brought, so an
-- extension that is here already is for a DBA to decide about. Both are trusted since
-- PostgreSQL 13; on 12 only a superuser may create them.
CREATE EXTENSION "uuid-ossp" WITH SCHEMA public;
CREATE EXTENSION pgcrypto WITH SCHEMA public;

-- The application role. Roles belong to the cluster, so another database may have made it, even at
-- this very moment; it is created when absent and never altered.
DO $do$
DECLARE
    may_become boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'authenticated') THEN
        BEGIN
            CREATE ROLE authenticated NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN
            RAISE NOTICE 'role authenticated was created by another session meanwhile';
        END;
    END IF;

    -- Row security does not hold such a role back.
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles
        WHERE rolname = 'authenticated' AND (rolsuper OR rolbypassrls)
    ) THEN
        RAISE EXCEPTION 'role authenticated bypasses row security'
            USING ERRCODE = 'invalid_role_specification',
                  DETAIL = 'It exists already, as a superuser or with BYPASSRLS.',
                  HINT = 'Run: ALTER ROLE authenticated NOSUPERUSER NOBYPASSRLS';
    END IF;

    -- The migrating role may SET ROLE to it, to try what the application may do. Since
    -- PostgreSQL 16 creating a role gives no such right, and the grant can leave out inheritance.
    IF current_setting('server_version_num')::integer >= 160000 THEN
        may_become := pg_catalog.pg_has_role(current_user, 'authenticated', 'SET');
    ELSE
        may_become := pg_catalog.pg_has_role(current_user, 'authenticated', 'MEMBER');
    END IF;

    IF NOT may_become THEN
        BEGIN
            IF current_setting('server_version_num')::integer >= 160000 THEN
                EXECUTE format('GRANT authenticated TO %I WITH INHERIT FALSE, SET TRUE', current_user);
            ELSE
                EXECUTE format('GRANT authenticated TO %I', current_user);
            END IF;
        EXCEPTION
            WHEN unique_violation THEN
                RAISE NOTICE 'role authenticated was granted by another session meanwhile';
            WHEN insufficient_privilege THEN
                RAISE WARNING 'role % may not SET ROLE authenticated', current_user
                    USING DETAIL = 'The role was there before and is not this role''s to grant. Nothing here needs it but probes.',
                          HINT = format('An administrator can run: GRANT authenticated TO %I', current_user);
        END;
    END IF;
END
$do$;

-- Keeps updated_at true on every table that has one and wants no more than that.
CREATE FUNCTION public.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$function$;

REVOKE ALL ON FUNCTION public.set_updated_at() FROM PUBLIC;

COMMENT ON FUNCTION public.set_updated_at() IS
    'Trigger function: sets updated_at to the time of the transaction.';

-- Organizations: the tenants.
CREATE TABLE public.organization (
    id          uuid         NOT NULL DEFAULT gen_random_uuid(),
    name        varchar(255) NOT NULL,
    is_active   boolean      NOT NULL DEFAULT true,
    settings    jsonb        NOT NULL DEFAULT '{}'::jsonb,
    created_at  timestamptz  NOT NULL DEFAULT now(),
    updated_at  timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT organization_pkey PRIMARY KEY (id),
    CONSTRAINT organization_name_not_blank CHECK (btrim(name) <> ''),
    CONSTRAINT organization_settings_object CHECK (jsonb_typeof(settings) = 'object')
);

COMMENT ON TABLE public.organization IS 'A tenant. Every row of business data belongs to one.';
COMMENT ON COLUMN public.organization.settings IS 'Preferences of the organization, a JSON object.';

CREATE TRIGGER organization_set_updated_at
    BEFORE UPDATE ON public.organization
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Identity.
CREATE SCHEMA auth;

COMMENT ON SCHEMA auth IS 'Who is asking: identities, and the identity of the current request.';

CREATE FUNCTION auth.uid() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT coalesce(
        nullif(current_setting('request.jwt.claim.sub', true), ''),
        nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')
    )::uuid
$function$;

REVOKE ALL ON FUNCTION auth.uid() FROM PUBLIC;

COMMENT ON FUNCTION auth.uid() IS
    'Subject of the request''s JWT, read from request.jwt.claim.sub or else from request.jwt.claims; NULL when neither is set.';

CREATE TABLE auth.users_extended (
    id          uuid        NOT NULL DEFAULT gen_random_uuid(),
    org_id      uuid        NOT NULL,
    email       varchar(320),
    role        varchar(20) NOT NULL DEFAULT 'member',
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT users_extended_pkey PRIMARY KEY (id),
    CONSTRAINT users_extended_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT users_extended_role_known CHECK (role IN ('owner', 'admin', 'member', 'viewer'))
);

CREATE UNIQUE INDEX idx_users_extended_email ON auth.users_extended (lower(email));
CREATE INDEX idx_users_extended_org ON auth.users_extended (org_id);

COMMENT ON TABLE auth.users_extended IS
    'Maps an identity to its organization. The row-security policies of all tenant tables read it.';
COMMENT ON COLUMN auth.users_extended.id IS 'The subject of the JWT that the identity provider issues.';
COMMENT ON COLUMN auth.users_extended.email IS 'NULL for identities without an address, such as services.';

CREATE TRIGGER users_extended_set_updated_at
    BEFORE UPDATE ON auth.users_extended
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- People, as the application shows them. "user" is a reserved word: always quoted.
CREATE TABLE public."user" (
    id            uuid         NOT NULL DEFAULT gen_random_uuid(),
    org_id        uuid         NOT NULL,
    auth_user_id  uuid,
    email         varchar(320) NOT NULL,
    display_name  varchar(255),
    is_active     boolean      NOT NULL DEFAULT true,
    created_at    timestamptz  NOT NULL DEFAULT now(),
    updated_at    timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT user_pkey PRIMARY KEY (id),
    CONSTRAINT user_auth_user_id_key UNIQUE (auth_user_id),
    CONSTRAINT user_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT user_auth_user_id_fkey
        FOREIGN KEY (auth_user_id) REFERENCES auth.users_extended (id) ON DELETE SET NULL
);

CREATE UNIQUE INDEX idx_user_org_email ON public."user" (org_id, lower(email));

COMMENT ON TABLE public."user" IS 'A person of an organization, with or without a login.';
COMMENT ON COLUMN public."user".auth_user_id IS 'The login of this person; NULL when invited only, or removed.';

CREATE TRIGGER user_set_updated_at
    BEFORE UPDATE ON public."user"
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Customers, the first kind of record that is synchronised with other systems.
CREATE TABLE public.customer (
    id               uuid        NOT NULL DEFAULT gen_random_uuid(),
    org_id           uuid        NOT NULL,
    email            varchar(320),
    first_name       varchar(255),
    last_name        varchar(255),
    company_name     varchar(255),
    phone            varchar(50),
    external_system  varchar(50),
    external_id      varchar(255),
    created_at       timestamptz NOT NULL DEFAULT now(),
    updated_at       timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT customer_pkey PRIMARY KEY (id),
    CONSTRAINT customer_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT customer_external_pair CHECK ((external_system IS NULL) = (external_id IS NULL))
);

CREATE UNIQUE INDEX idx_customer_external
    ON public.customer (org_id, external_system, external_id)
    WHERE external_id IS NOT NULL;
CREATE INDEX idx_customer_org_email ON public.customer (org_id, lower(email));

COMMENT ON TABLE public.customer IS 'A customer of an organization.';
COMMENT ON COLUMN public.customer.external_system IS 'Where the record comes from, e.g. woocommerce; NULL when made here.';
COMMENT ON COLUMN public.customer.external_id IS 'Its identifier there.';

CREATE TRIGGER customer_set_updated_at
    BEFORE UPDATE ON public.customer
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Row security. Not forced: the owner migrates and maintains, the application is never the owner.
ALTER TABLE public.organization ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.users_extended ENABLE ROW LEVEL SECURITY;
ALTER TABLE public."user" ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.customer ENABLE ROW LEVEL SECURITY;

-- One's own identity and no other: a policy that looked at the organization here would read the
-- table that it guards, without end.
CREATE POLICY users_extended_select ON auth.users_extended
    FOR SELECT
    USING (id = auth.uid());

CREATE POLICY organization_select ON public.organization
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = organization.id
        )
    );

CREATE POLICY user_select ON public."user"
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = "user".org_id
        )
    );

CREATE POLICY customer_select ON public.customer
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = customer.org_id
        )
    );

CREATE POLICY customer_insert ON public.customer
    FOR INSERT
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = customer.org_id
        )
    );

CREATE POLICY customer_update ON public.customer
    FOR UPDATE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = customer.org_id
        )
    )
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = customer.org_id
        )
    );

CREATE POLICY customer_delete ON public.customer
    FOR DELETE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = customer.org_id
        )
    );

-- What the application needs, and no more. Identities and organizations are managed elsewhere;
-- policies read users_extended as the caller, so the caller needs SELECT on it.
GRANT USAGE ON SCHEMA auth TO authenticated;
GRANT EXECUTE ON FUNCTION auth.uid() TO authenticated;
GRANT SELECT ON auth.users_extended TO authenticated;
GRANT SELECT ON public.organization TO authenticated;
GRANT SELECT ON public."user" TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.customer TO authenticated;
