-- pgplumb: keeps "role authenticated"
--
-- Takes back 0001. The role stays: it belongs to the cluster, and other databases may use it.
-- Nothing is dropped with CASCADE: what others have come to use stays, with an error that names it.

DROP TABLE public.customer RESTRICT;
DROP TABLE public."user" RESTRICT;

-- organization is read by users_extended (its foreign key) and reads it (its policy).
DROP POLICY organization_select ON public.organization;
DROP TABLE auth.users_extended RESTRICT;
DROP TABLE public.organization RESTRICT;

DROP FUNCTION auth.uid() RESTRICT;
DROP FUNCTION public.set_updated_at() RESTRICT;

DROP SCHEMA auth RESTRICT;

DROP EXTENSION pgcrypto RESTRICT;
DROP EXTENSION "uuid-ossp" RESTRICT;
