-- 0023: the sync queue.
--
-- Schedules say when a synchronisation is due, jobs wait until a worker claims them, attempts
-- record what each try came to. The application asks for jobs and watches them, within its
-- organization; workers move them on through the functions below and need no right on the tables.

CREATE TYPE public.sync_job_state AS ENUM (
    'queued',       -- waiting, at the earliest for run_after
    'running',      -- leased to a worker until locked_until
    'succeeded',
    'failed',       -- every attempt used up, or not worth another
    'cancelled'
);

CREATE TYPE public.sync_attempt_outcome AS ENUM (
    'succeeded',
    'failed',
    'lost'          -- the worker let its lease run out
);

-- Recurring synchronisations.
CREATE TABLE public.sync_schedule (
    id             uuid         NOT NULL DEFAULT gen_random_uuid(),
    org_id         uuid         NOT NULL,
    name           varchar(255) NOT NULL,
    source_system  varchar(50)  NOT NULL,
    job_type       varchar(100) NOT NULL,
    payload        jsonb        NOT NULL DEFAULT '{}'::jsonb,
    every          interval     NOT NULL,
    priority       smallint     NOT NULL DEFAULT 100,
    max_attempts   smallint     NOT NULL DEFAULT 5,
    enabled        boolean      NOT NULL DEFAULT true,
    next_run_at    timestamptz  NOT NULL DEFAULT now(),
    last_run_at    timestamptz,
    created_by     uuid,
    created_at     timestamptz  NOT NULL DEFAULT now(),
    updated_at     timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT sync_schedule_pkey PRIMARY KEY (id),
    CONSTRAINT sync_schedule_org_name_key UNIQUE (org_id, name),
    CONSTRAINT sync_schedule_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT sync_schedule_created_by_fkey
        FOREIGN KEY (created_by) REFERENCES auth.users_extended (id) ON DELETE SET NULL,
    CONSTRAINT sync_schedule_every CHECK (every >= interval '1 minute'),
    CONSTRAINT sync_schedule_priority CHECK (priority BETWEEN 0 AND 1000),
    CONSTRAINT sync_schedule_max_attempts CHECK (max_attempts BETWEEN 1 AND 100)
);

CREATE INDEX idx_sync_schedule_due ON public.sync_schedule (next_run_at) WHERE enabled;
CREATE INDEX idx_sync_schedule_created_by ON public.sync_schedule (created_by);

COMMENT ON TABLE public.sync_schedule IS 'Recurring synchronisations; sync_schedule_dispatch() turns those that are due into jobs.';
COMMENT ON COLUMN public.sync_schedule.every IS 'Time from one run to the next, one minute or more.';
COMMENT ON COLUMN public.sync_schedule.next_run_at IS 'When it is due. Runs that were missed are not made up for.';

-- Jobs.
CREATE TABLE public.sync_job (
    id               uuid           NOT NULL DEFAULT gen_random_uuid(),
    org_id           uuid           NOT NULL,
    schedule_id      uuid,
    source_system    varchar(50)    NOT NULL,
    job_type         varchar(100)   NOT NULL,
    payload          jsonb          NOT NULL DEFAULT '{}'::jsonb,
    idempotency_key  varchar(255),
    state            public.sync_job_state NOT NULL DEFAULT 'queued',
    priority         smallint       NOT NULL DEFAULT 100,
    run_after        timestamptz    NOT NULL DEFAULT now(),
    attempts         smallint       NOT NULL DEFAULT 0,
    max_attempts     smallint       NOT NULL DEFAULT 5,
    locked_by        varchar(255),
    locked_until     timestamptz,
    last_error       text,
    created_by       uuid,
    created_at       timestamptz    NOT NULL DEFAULT now(),
    updated_at       timestamptz    NOT NULL DEFAULT now(),
    finished_at      timestamptz,

    CONSTRAINT sync_job_pkey PRIMARY KEY (id),
    CONSTRAINT sync_job_id_org_key UNIQUE (id, org_id),
    CONSTRAINT sync_job_idempotency_key UNIQUE (org_id, idempotency_key),
    CONSTRAINT sync_job_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT sync_job_schedule_id_fkey
        FOREIGN KEY (schedule_id) REFERENCES public.sync_schedule (id) ON DELETE SET NULL,
    CONSTRAINT sync_job_created_by_fkey
        FOREIGN KEY (created_by) REFERENCES auth.users_extended (id) ON DELETE SET NULL,
    CONSTRAINT sync_job_priority CHECK (priority BETWEEN 0 AND 1000),
    CONSTRAINT sync_job_attempts CHECK (attempts BETWEEN 0 AND max_attempts),
    CONSTRAINT sync_job_max_attempts CHECK (max_attempts BETWEEN 1 AND 100),
    CONSTRAINT sync_job_lease
        CHECK ((state = 'running') = (locked_by IS NOT NULL)
           AND (locked_by IS NULL) = (locked_until IS NULL)),
    CONSTRAINT sync_job_finish
        CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
);

-- The claim path reads the first and stops; the other partial indexes stay as small as the work
-- in flight. One live job a schedule, however slow the workers are.
CREATE INDEX idx_sync_job_claim ON public.sync_job (priority, run_after) WHERE state = 'queued';
CREATE INDEX idx_sync_job_lease_end ON public.sync_job (locked_until) WHERE state = 'running';
CREATE UNIQUE INDEX idx_sync_job_live_schedule
    ON public.sync_job (schedule_id)
    WHERE schedule_id IS NOT NULL AND state IN ('queued', 'running');
CREATE INDEX idx_sync_job_schedule ON public.sync_job (schedule_id, created_at DESC);
CREATE INDEX idx_sync_job_org_created ON public.sync_job (org_id, created_at DESC);
CREATE INDEX idx_sync_job_created_by ON public.sync_job (created_by);

COMMENT ON TABLE public.sync_job IS 'The queue: one row a unit of work, kept as history when finished.';
COMMENT ON COLUMN public.sync_job.idempotency_key IS 'Chosen by the caller: the same key within an organization is the same job.';
COMMENT ON COLUMN public.sync_job.priority IS '0 is the most urgent, 1000 the least.';
COMMENT ON COLUMN public.sync_job.run_after IS 'Not to be claimed before; moved on after each failure.';
COMMENT ON COLUMN public.sync_job.locked_by IS 'The worker that holds the lease.';
COMMENT ON COLUMN public.sync_job.locked_until IS 'End of the lease: later, the job is taken to be lost by its worker.';

-- Attempts.
CREATE TABLE public.sync_job_attempt (
    job_id       uuid         NOT NULL,
    attempt_no   smallint     NOT NULL,
    org_id       uuid         NOT NULL,
    worker       varchar(255) NOT NULL,
    started_at   timestamptz  NOT NULL DEFAULT now(),
    finished_at  timestamptz,
    outcome      public.sync_attempt_outcome,
    error        text,

    CONSTRAINT sync_job_attempt_pkey PRIMARY KEY (job_id, attempt_no),
    CONSTRAINT sync_job_attempt_job_fkey
        FOREIGN KEY (job_id, org_id) REFERENCES public.sync_job (id, org_id) ON DELETE CASCADE,
    CONSTRAINT sync_job_attempt_no CHECK (attempt_no >= 1),
    CONSTRAINT sync_job_attempt_finish CHECK ((outcome IS NULL) = (finished_at IS NULL))
);

CREATE INDEX idx_sync_job_attempt_org_started ON public.sync_job_attempt (org_id, started_at DESC);

COMMENT ON TABLE public.sync_job_attempt IS 'One row each time a worker took a job.';
COMMENT ON COLUMN public.sync_job_attempt.outcome IS 'NULL while the attempt runs.';

CREATE TRIGGER sync_schedule_set_updated_at
    BEFORE UPDATE ON public.sync_schedule
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

CREATE TRIGGER sync_job_set_updated_at
    BEFORE UPDATE ON public.sync_job
    FOR EACH ROW EXECUTE FUNCTION public.set_updated_at();

-- Keeps finished_at in step with the state, whoever changes it.
CREATE FUNCTION public.sync_job_set_finished_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF NEW.state IN ('succeeded', 'failed', 'cancelled') THEN
        NEW.finished_at := coalesce(NEW.finished_at, now());
    ELSE
        NEW.finished_at := NULL;
    END IF;
    RETURN NEW;
END
$function$;

CREATE TRIGGER sync_job_set_finished_at
    BEFORE INSERT OR UPDATE OF state, finished_at ON public.sync_job
    FOR EACH ROW EXECUTE FUNCTION public.sync_job_set_finished_at();

-- What workers call. SECURITY DEFINER: a worker serves every organization, and with these it
-- needs no way around row security, only EXECUTE.

CREATE FUNCTION public.sync_job_claim(
    worker text,
    batch_size integer DEFAULT 1,
    lease interval DEFAULT interval '5 minutes'
) RETURNS SETOF public.sync_job
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    IF coalesce(btrim(worker), '') = '' OR NOT coalesce(lease > interval '0', false) THEN
        RAISE EXCEPTION 'a claim needs the name of a worker and a lease longer than zero'
            USING ERRCODE = 'invalid_parameter_value';
    END IF;

    -- SKIP LOCKED: workers that claim at the same time pass by each other's candidates.
    RETURN QUERY
    WITH candidate AS (
        SELECT j.id
        FROM public.sync_job j
        WHERE j.state = 'queued' AND j.run_after <= now()
        ORDER BY j.priority, j.run_after
        LIMIT greatest(batch_size, 0)
        FOR UPDATE SKIP LOCKED
    ), claimed AS (
        UPDATE public.sync_job j
        SET state = 'running',
            attempts = j.attempts + 1,
            locked_by = worker,
            locked_until = now() + lease
        FROM candidate
        WHERE j.id = candidate.id
        RETURNING j.*
    ), started AS (
        INSERT INTO public.sync_job_attempt (job_id, attempt_no, org_id, worker)
        SELECT c.id, c.attempts, c.org_id, worker
        FROM claimed c
    )
    SELECT * FROM claimed c
    ORDER BY c.priority, c.run_after;
END
$function$;

CREATE FUNCTION public.sync_job_heartbeat(
    job uuid,
    worker text,
    lease interval DEFAULT interval '5 minutes'
) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    UPDATE public.sync_job j
    SET locked_until = greatest(j.locked_until, now() + lease)
    WHERE j.id = job AND j.state = 'running' AND j.locked_by = worker;
    RETURN FOUND;
END
$function$;

CREATE FUNCTION public.sync_job_complete(job uuid, worker text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    attempt smallint;
BEGIN
    UPDATE public.sync_job j
    SET state = 'succeeded', locked_by = NULL, locked_until = NULL, last_error = NULL
    WHERE j.id = job AND j.state = 'running' AND j.locked_by = worker
    RETURNING j.attempts INTO attempt;

    -- Not this worker's any more: its lease ended and the job went to another.
    IF NOT FOUND THEN
        RETURN false;
    END IF;

    UPDATE public.sync_job_attempt a
    SET finished_at = now(), outcome = 'succeeded'
    WHERE a.job_id = job AND a.attempt_no = attempt;
    RETURN true;
END
$function$;

CREATE FUNCTION public.sync_job_fail(
    job uuid,
    worker text,
    reason text,
    worth_retrying boolean DEFAULT true
) RETURNS public.sync_job_state
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    attempt smallint;
    new_state public.sync_job_state;
BEGIN
    -- Back to the queue after 30 s, 1 min, 2 min, … at most an hour, and up to a tenth more so
    -- that jobs which failed together do not return together.
    UPDATE public.sync_job j
    SET state = CASE WHEN worth_retrying AND j.attempts < j.max_attempts
                     THEN 'queued'::public.sync_job_state
                     ELSE 'failed'::public.sync_job_state END,
        run_after = now() + (1 + random() * 0.1)
                    * least(interval '30 seconds' * power(2, least(j.attempts, 10) - 1), interval '1 hour'),
        locked_by = NULL,
        locked_until = NULL,
        last_error = reason
    WHERE j.id = job AND j.state = 'running' AND j.locked_by = worker
    RETURNING j.attempts, j.state INTO attempt, new_state;

    IF NOT FOUND THEN
        RETURN NULL;
    END IF;

    UPDATE public.sync_job_attempt a
    SET finished_at = now(), outcome = 'failed', error = reason
    WHERE a.job_id = job AND a.attempt_no = attempt;
    RETURN new_state;
END
$function$;

CREATE FUNCTION public.sync_job_release_lost() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    released integer;
BEGIN
    WITH lost AS (
        SELECT j.id
        FROM public.sync_job j
        WHERE j.state = 'running' AND j.locked_until < now()
        FOR UPDATE SKIP LOCKED
    ), settled AS (
        UPDATE public.sync_job j
        SET state = CASE WHEN j.attempts < j.max_attempts
                         THEN 'queued'::public.sync_job_state
                         ELSE 'failed'::public.sync_job_state END,
            run_after = now(),
            locked_by = NULL,
            locked_until = NULL,
            last_error = format('lost by worker %s', j.locked_by)
        FROM lost
        WHERE j.id = lost.id
        RETURNING j.id, j.attempts
    ), closed AS (
        UPDATE public.sync_job_attempt a
        SET finished_at = now(), outcome = 'lost'
        FROM settled s
        WHERE a.job_id = s.id AND a.attempt_no = s.attempts
    )
    SELECT count(*) INTO released FROM settled;
    RETURN released;
END
$function$;

CREATE FUNCTION public.sync_schedule_dispatch() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    dispatched integer;
BEGIN
    WITH due AS (
        SELECT s.*
        FROM public.sync_schedule s
        WHERE s.enabled AND s.next_run_at <= now()
        FOR UPDATE SKIP LOCKED
    ), advanced AS (
        UPDATE public.sync_schedule s
        SET last_run_at = now(), next_run_at = now() + s.every
        FROM due
        WHERE s.id = due.id
    ), enqueued AS (
        -- A schedule whose last job is still live gets no second one.
        INSERT INTO public.sync_job
            (org_id, schedule_id, source_system, job_type, payload, priority, max_attempts, created_by)
        SELECT d.org_id, d.id, d.source_system, d.job_type, d.payload, d.priority, d.max_attempts, d.created_by
        FROM due d
        ON CONFLICT (schedule_id) WHERE schedule_id IS NOT NULL AND state IN ('queued', 'running')
        DO NOTHING
        RETURNING id
    )
    SELECT count(*) INTO dispatched FROM enqueued;
    RETURN dispatched;
END
$function$;

REVOKE ALL ON FUNCTION public.sync_job_set_finished_at() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.sync_job_claim(text, integer, interval) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.sync_job_heartbeat(uuid, text, interval) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.sync_job_complete(uuid, text) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.sync_job_fail(uuid, text, text, boolean) FROM PUBLIC;
REVOKE ALL ON FUNCTION public.sync_job_release_lost() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.sync_schedule_dispatch() FROM PUBLIC;

COMMENT ON FUNCTION public.sync_job_set_finished_at() IS 'Trigger function: finished_at is set exactly while the state is final.';
COMMENT ON FUNCTION public.sync_job_claim(text, integer, interval) IS 'Leases up to batch_size due jobs to a worker, the most urgent first.';
COMMENT ON FUNCTION public.sync_job_heartbeat(uuid, text, interval) IS 'Extends a lease; false when the worker no longer holds it.';
COMMENT ON FUNCTION public.sync_job_complete(uuid, text) IS 'Finishes a job; false when the worker no longer holds it.';
COMMENT ON FUNCTION public.sync_job_fail(uuid, text, text, boolean) IS 'Ends an attempt; returns the new state, NULL when the worker no longer holds the job.';
COMMENT ON FUNCTION public.sync_job_release_lost() IS 'Takes back the jobs whose lease ran out; returns how many. To be run every minute.';
COMMENT ON FUNCTION public.sync_schedule_dispatch() IS 'Enqueues a job for each schedule that is due; returns how many. To be run every minute.';

-- Row security: an organization sees and steers its own queue.
ALTER TABLE public.sync_schedule ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_job ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_job_attempt ENABLE ROW LEVEL SECURITY;

CREATE POLICY sync_schedule_select ON public.sync_schedule
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_schedule.org_id
        )
    );

CREATE POLICY sync_schedule_insert ON public.sync_schedule
    FOR INSERT
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_schedule.org_id
        )
    );

CREATE POLICY sync_schedule_update ON public.sync_schedule
    FOR UPDATE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_schedule.org_id
        )
    )
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_schedule.org_id
        )
    );

CREATE POLICY sync_schedule_delete ON public.sync_schedule
    FOR DELETE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_schedule.org_id
        )
    );

CREATE POLICY sync_job_select ON public.sync_job
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_job.org_id
        )
    );

-- A job enters at the start of its life: queued, untried, and not in a schedule's name.
CREATE POLICY sync_job_insert ON public.sync_job
    FOR INSERT
    WITH CHECK (
        state = 'queued' AND attempts = 0 AND schedule_id IS NULL
        AND EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_job.org_id
        )
    );

-- The one change that the application makes is to cancel what no worker has taken yet.
CREATE POLICY sync_job_cancel ON public.sync_job
    FOR UPDATE
    USING (
        state = 'queued'
        AND EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_job.org_id
        )
    )
    WITH CHECK (
        state = 'cancelled'
        AND EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_job.org_id
        )
    );

CREATE POLICY sync_job_attempt_select ON public.sync_job_attempt
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_job_attempt.org_id
        )
    );

GRANT SELECT, INSERT, UPDATE, DELETE ON public.sync_schedule TO authenticated;
GRANT SELECT, INSERT, UPDATE ON public.sync_job TO authenticated;
GRANT SELECT ON public.sync_job_attempt TO authenticated;
