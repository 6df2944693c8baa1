-- 001: the three tables that the application expects and the database lacks.
--
-- Credentials for other services, the aggregated progress of a learner, and the trail of exports. Rows
-- belong to a user: they are seen by that user alone and go with that user.

-- Credentials. What is stored is ciphertext: the application encrypts, and says with which key.
CREATE TABLE public.user_api_keys (
    id                 uuid        NOT NULL DEFAULT gen_random_uuid(),
    user_id            uuid        NOT NULL,
    openai_key         bytea,
    unsplash_key       bytea,
    anthropic_key      bytea,
    encryption_key_id  varchar(64) NOT NULL,
    created_at         timestamptz NOT NULL DEFAULT now(),
    updated_at         timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT user_api_keys_pkey PRIMARY KEY (id),
    CONSTRAINT user_api_keys_user_id_key UNIQUE (user_id),
    CONSTRAINT user_api_keys_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE
);

-- Finds what is still encrypted with a key that is being retired.
CREATE INDEX idx_user_api_keys_encryption_key ON public.user_api_keys (encryption_key_id);

COMMENT ON TABLE public.user_api_keys IS 'Credentials of a user for other services, encrypted by the application.';
COMMENT ON COLUMN public.user_api_keys.encryption_key_id IS 'Which key of the application the three were encrypted with.';

-- Progress: one row a user, kept by the trigger on sessions.
CREATE TABLE public.user_progress (
    id                       uuid         NOT NULL DEFAULT gen_random_uuid(),
    user_id                  uuid         NOT NULL,

    total_sessions           integer      NOT NULL DEFAULT 0,
    sessions_by_type         jsonb        NOT NULL DEFAULT '{}'::jsonb,
    total_time_seconds       bigint       NOT NULL DEFAULT 0,
    longest_session_seconds  bigint       NOT NULL DEFAULT 0,

    images_viewed            bigint       NOT NULL DEFAULT 0,
    descriptions_completed   bigint       NOT NULL DEFAULT 0,
    questions_answered       bigint       NOT NULL DEFAULT 0,
    questions_correct        bigint       NOT NULL DEFAULT 0,
    accuracy_percent         numeric(5,2) GENERATED ALWAYS AS
                                 (100.0 * questions_correct / nullif(questions_answered, 0)) STORED,
    words_learned            bigint       NOT NULL DEFAULT 0,

    total_points             bigint       NOT NULL DEFAULT 0,
    level                    bigint       GENERATED ALWAYS AS (1 + total_points / 1000) STORED,
    achievements             jsonb        NOT NULL DEFAULT '[]'::jsonb,

    current_streak_days      integer      NOT NULL DEFAULT 0,
    longest_streak_days      integer      NOT NULL DEFAULT 0,
    last_session_on          date,
    first_session_at         timestamptz,
    last_session_at          timestamptz,
    last_session_id          uuid,

    daily_goal_minutes       integer      NOT NULL DEFAULT 10,
    weekly_goal_sessions     integer      NOT NULL DEFAULT 5,

    created_at               timestamptz  NOT NULL DEFAULT now(),
    updated_at               timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT user_progress_pkey PRIMARY KEY (id),
    CONSTRAINT user_progress_user_id_key UNIQUE (user_id),
    CONSTRAINT user_progress_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE,
    CONSTRAINT user_progress_answers CHECK (questions_correct BETWEEN 0 AND questions_answered),
    CONSTRAINT user_progress_streaks CHECK (current_streak_days BETWEEN 0 AND longest_streak_days),
    CONSTRAINT user_progress_goals CHECK (daily_goal_minutes > 0 AND weekly_goal_sessions > 0),
    CONSTRAINT user_progress_achievements CHECK (jsonb_typeof(achievements) = 'array')
);

CREATE INDEX idx_user_progress_points ON public.user_progress (total_points DESC);
CREATE INDEX idx_user_progress_last_session
    ON public.user_progress (last_session_at)
    WHERE last_session_at IS NOT NULL;

COMMENT ON TABLE public.user_progress IS 'What a user has achieved, summed up over the completed sessions.';
COMMENT ON COLUMN public.user_progress.last_session_on IS 'Day of the newest completion, in UTC; streaks count such days.';
COMMENT ON COLUMN public.user_progress.last_session_id IS 'The newest completed session, which may have been deleted since.';

-- Exports: what was asked for, what became of it, how long it took.
CREATE TABLE public.export_history (
    id               uuid         NOT NULL DEFAULT gen_random_uuid(),
    user_id          uuid         NOT NULL,
    export_format    varchar(10)  NOT NULL,
    status           varchar(20)  NOT NULL DEFAULT 'pending',
    filters          jsonb        NOT NULL DEFAULT '{}'::jsonb,
    file_name        varchar(255),
    storage_path     text,
    file_size_bytes  bigint,
    file_sha256      bytea,
    record_count     integer,
    duration_ms      integer,
    error_code       varchar(50),
    error_message    text,
    started_at       timestamptz,
    completed_at     timestamptz,
    expires_at       timestamptz,
    created_at       timestamptz  NOT NULL DEFAULT now(),
    updated_at       timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT export_history_pkey PRIMARY KEY (id),
    CONSTRAINT export_history_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES public.users (id) ON DELETE CASCADE,
    CONSTRAINT export_history_format_known CHECK (export_format IN ('json', 'csv', 'pdf', 'anki')),
    CONSTRAINT export_history_status_known
        CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'expired')),
    CONSTRAINT export_history_error CHECK ((status = 'failed') = (error_message IS NOT NULL)),
    CONSTRAINT export_history_not_negative
        CHECK (file_size_bytes >= 0 AND record_count >= 0 AND duration_ms >= 0)
);

CREATE INDEX idx_export_history_user_created ON public.export_history (user_id, created_at DESC);
CREATE INDEX idx_export_history_format ON public.export_history (export_format, created_at DESC);
CREATE INDEX idx_export_history_open
    ON public.export_history (created_at)
    WHERE status IN ('pending', 'processing');
CREATE INDEX idx_export_history_expiring
    ON public.export_history (expires_at)
    WHERE status = 'completed' AND expires_at IS NOT NULL;

COMMENT ON TABLE public.export_history IS 'Every export that a user asked for. The trail stays: nobody but the owner deletes.';
COMMENT ON COLUMN public.export_history.expires_at IS 'When the file is deleted; NULL when it is kept.';

-- updated_at, on all three.
CREATE FUNCTION public.touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$function$;

COMMENT ON FUNCTION public.touch_updated_at() IS
    'Trigger function: sets updated_at to the time of the transaction.';

CREATE TRIGGER user_api_keys_touch_updated_at
    BEFORE UPDATE ON public.user_api_keys
    FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER user_progress_touch_updated_at
    BEFORE UPDATE ON public.user_progress
    FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

CREATE TRIGGER export_history_touch_updated_at
    BEFORE UPDATE ON public.export_history
    FOR EACH ROW EXECUTE FUNCTION public.touch_updated_at();

-- Progress follows the sessions.
CREATE FUNCTION public.next_streak(days integer, last_on date, today date) RETURNS integer
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path = pg_catalog, pg_temp
AS $function$
    SELECT CASE
        WHEN last_on IS NULL OR today > last_on + 1 THEN 1
        WHEN today = last_on + 1 THEN days + 1
        ELSE days
    END
$function$;

COMMENT ON FUNCTION public.next_streak(integer, date, date) IS
    'Length of a streak of days after a session: one more the day after, 1 after a gap, else as it was.';

CREATE FUNCTION public.ensure_user_progress(whose uuid) RETURNS void
    LANGUAGE sql
    SET search_path = pg_catalog, pg_temp
AS $function$
    INSERT INTO public.user_progress (user_id) VALUES (whose) ON CONFLICT (user_id) DO NOTHING
$function$;

COMMENT ON FUNCTION public.ensure_user_progress(uuid) IS 'Gives a user a row of progress, unless there is one.';

-- As its owner: a user may complete sessions and set goals, and may not write points. What runs a
-- session to its end may also be a job that is no user at all.
CREATE FUNCTION public.record_session_completion() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    seconds bigint := extract(epoch FROM NEW.completed_at - NEW.started_at);
    today   date   := (NEW.completed_at AT TIME ZONE 'UTC')::date;
BEGIN
    PERFORM public.ensure_user_progress(NEW.user_id);

    -- one statement: two sessions that end at once wait for each other and are both counted
    UPDATE public.user_progress p SET
        total_sessions          = p.total_sessions + 1,
        sessions_by_type        = p.sessions_by_type || jsonb_build_object(
                                      NEW.session_type,
                                      coalesce((p.sessions_by_type ->> NEW.session_type)::integer, 0) + 1),
        total_time_seconds      = p.total_time_seconds + seconds,
        longest_session_seconds = greatest(p.longest_session_seconds, seconds),
        images_viewed           = p.images_viewed + NEW.images_viewed,
        descriptions_completed  = p.descriptions_completed + NEW.descriptions_completed,
        questions_answered      = p.questions_answered + NEW.questions_answered,
        questions_correct       = p.questions_correct + NEW.questions_correct,
        words_learned           = p.words_learned + NEW.words_learned,
        total_points            = p.total_points + NEW.points_earned,
        current_streak_days     = public.next_streak(p.current_streak_days, p.last_session_on, today),
        longest_streak_days     = greatest(
                                      p.longest_streak_days,
                                      public.next_streak(p.current_streak_days, p.last_session_on, today)),
        last_session_on         = greatest(p.last_session_on, today),
        first_session_at        = least(p.first_session_at, NEW.started_at),
        last_session_at         = greatest(p.last_session_at, NEW.completed_at),
        last_session_id         = CASE WHEN NEW.completed_at >= coalesce(p.last_session_at, NEW.completed_at)
                                      THEN NEW.id ELSE p.last_session_id END
    WHERE p.user_id = NEW.user_id;

    RETURN NULL;
END
$function$;

COMMENT ON FUNCTION public.record_session_completion() IS
    'Trigger function: adds a session that was completed just now to its user''s progress.';

CREATE TRIGGER sessions_record_completion
    AFTER UPDATE ON public.sessions
    FOR EACH ROW
    WHEN (OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL)
    EXECUTE FUNCTION public.record_session_completion();

REVOKE ALL ON FUNCTION public.touch_updated_at() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.next_streak(integer, date, date) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.ensure_user_progress(uuid) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.record_session_completion() FROM PUBLIC;

-- Row security: four policies for the credentials, three for each of the others, which no user deletes from.
ALTER TABLE public.user_api_keys ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.user_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.export_history ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_api_keys_select ON public.user_api_keys
    FOR SELECT TO authenticated
    USING (user_id = auth.uid());

CREATE POLICY user_api_keys_insert ON public.user_api_keys
    FOR INSERT TO authenticated
    WITH CHECK (user_id = auth.uid());

CREATE POLICY user_api_keys_update ON public.user_api_keys
    FOR UPDATE TO authenticated
    USING (user_id = auth.uid())
    WITH CHECK (user_id = auth.uid());

CREATE POLICY user_api_keys_delete ON public.user_api_keys
    FOR DELETE TO authenticated
    USING (user_id = auth.uid());

CREATE POLICY user_progress_select ON public.user_progress
    FOR SELECT TO authenticated
    USING (user_id = auth.uid());

CREATE POLICY user_progress_insert ON public.user_progress
    FOR INSERT TO authenticated
    WITH CHECK (user_id = auth.uid());

CREATE POLICY user_progress_update ON public.user_progress
    FOR UPDATE TO authenticated
    USING (user_id = auth.uid())
    WITH CHECK (user_id = auth.uid());

CREATE POLICY export_history_select ON public.export_history
    FOR SELECT TO authenticated
    USING (user_id = auth.uid());

CREATE POLICY export_history_insert ON public.export_history
    FOR INSERT TO authenticated
    WITH CHECK (user_id = auth.uid());

CREATE POLICY export_history_update ON public.export_history
    FOR UPDATE TO authenticated
    USING (user_id = auth.uid())
    WITH CHECK (user_id = auth.uid());

GRANT SELECT, INSERT, UPDATE, DELETE ON public.user_api_keys TO authenticated;
GRANT SELECT, INSERT, UPDATE ON public.export_history TO authenticated;

-- Of progress a user sets the goals; the rest is counted.
GRANT SELECT ON public.user_progress TO authenticated;
GRANT INSERT (user_id, daily_goal_minutes, weekly_goal_sessions) ON public.user_progress TO authenticated;
GRANT UPDATE (daily_goal_minutes, weekly_goal_sessions) ON public.user_progress TO authenticated;

-- Whoever is there already starts with a row of zeros. Sessions completed before are not added up.
INSERT INTO public.user_progress (user_id)
SELECT id FROM public.users;
