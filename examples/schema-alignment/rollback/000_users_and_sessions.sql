-- pgplumb: keeps "role authenticated"
--
-- Takes back 000. Users and their sessions are lost. The role stays: it belongs to the cluster, and other
-- databases may use it.

DROP TABLE public.sessions RESTRICT;
DROP TABLE public.users RESTRICT;

REVOKE USAGE ON SCHEMA auth FROM authenticated;
DROP FUNCTION auth.uid() RESTRICT;
DROP SCHEMA auth RESTRICT;
