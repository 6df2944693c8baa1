-- 000: what 001 builds on: users, their learning sessions, and the identity behind a request.
--
-- A database that has these already adopts them with `pgplumb baseline 0` and never runs this script.

-- Roles belong to the cluster: another database may have made this one, even at this very moment.
DO $do$
BEGIN
    CREATE ROLE authenticated NOLOGIN;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    RAISE NOTICE 'role authenticated is there already';
END
$do$;

CREATE SCHEMA auth;

COMMENT ON SCHEMA auth IS 'Who is asking.';

CREATE FUNCTION auth.uid() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT nullif(current_setting('request.jwt.claim.sub', true), '')::uuid
$function$;

REVOKE ALL ON FUNCTION auth.uid() FROM PUBLIC;

COMMENT ON FUNCTION auth.uid() IS 'Subject of the request''s JWT; NULL without one.';

CREATE TABLE public.users (
    id            uuid         NOT NULL,
    email         varchar(320) NOT NULL,
    display_name  varchar(255),
    created_at    timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT users_pkey PRIMARY KEY (id)
);

CREATE UNIQUE INDEX idx_users_email ON public.users (lower(email));

COMMENT ON TABLE public.users IS 'A learner.';
COMMENT ON COLUMN public.users.id IS 'The subject of the JWT that the identity provider issues.';

CREATE TABLE public.sessions (
    id                      uuid        NOT NULL,
    user_id                 uuid        NOT NULL,
    session_type            varchar(20) NOT NULL,
    images_viewed           integer     NOT NULL DEFAULT 0,
    descriptions_completed  integer     NOT NULL DEFAULT 0,
    questions_answered      integer     NOT NULL DEFAULT 0,
    questions_correct       integer     NOT NULL DEFAULT 0,
    words_learned           integer     NOT NULL DEFAULT 0,
    points_earned           integer     NOT NULL DEFAULT 0,
    started_at              timestamptz NOT NULL DEFAULT now(),
    completed_at            timestamptz,

    CONSTRAINT sessions_pkey PRIMARY KEY (id),
    CONSTRAINT sessions_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE,
    CONSTRAINT sessions_type_known CHECK (session_type IN ('description', 'vocabulary', 'quiz')),
    CONSTRAINT sessions_answers CHECK (questions_correct <= questions_answered),
    CONSTRAINT sessions_not_negative CHECK (
        images_viewed >= 0 AND descriptions_completed >= 0 AND questions_correct >= 0
        AND words_learned >= 0 AND points_earned >= 0
    ),
    CONSTRAINT sessions_times CHECK (
        isfinite(started_at) AND isfinite(completed_at) AND completed_at >= started_at
    )
);

CREATE INDEX idx_sessions_user_started ON public.sessions (user_id, started_at DESC);

COMMENT ON TABLE public.sessions IS 'One sitting of a learner, from its start to its completion.';
COMMENT ON COLUMN public.sessions.completed_at IS 'NULL while the session runs.';

ALTER TABLE public.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY users_select ON public.users
    FOR SELECT TO authenticated
    USING (id = auth.uid());

CREATE POLICY sessions_select ON public.sessions
    FOR SELECT TO authenticated
    USING (user_id = auth.uid());

CREATE POLICY sessions_insert ON public.sessions
    FOR INSERT TO authenticated
    WITH CHECK (user_id = auth.uid() AND completed_at IS NULL);

-- A completed session stays as it is, so it is counted once.
CREATE POLICY sessions_update ON public.sessions
    FOR UPDATE TO authenticated
    USING (user_id = auth.uid() AND completed_at IS NULL)
    WITH CHECK (user_id = auth.uid());

GRANT USAGE ON SCHEMA auth TO authenticated;
GRANT EXECUTE ON FUNCTION auth.uid() TO authenticated;
GRANT SELECT ON public.users TO authenticated;
GRANT SELECT, INSERT, UPDATE ON public.sessions TO authenticated;
