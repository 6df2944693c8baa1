-- 0024: sync preview, progress and activity log.
--
-- What a synchronisation would change (a cache), how far it has come (kept up to date by
-- triggers), and what was done (an audit trail, partitioned by month). Purely additive.
-- Needs 0001: organization, auth.users_extended, auth.uid() and the role authenticated.

CREATE TYPE public.sync_type AS ENUM ('woocommerce', 'odoo', 'shopify', 'custom');

CREATE TYPE public.sync_action AS ENUM (
    'preview_delta',
    'sync_start',
    'sync_complete',
    'batch_process',
    'error_recovery',
    'manual_trigger',
    'scheduled_run',
    'partial_resume'
);

CREATE TYPE public.sync_entity_type AS ENUM (
    'customer',
    'product',
    'order',
    'invoice',
    'supplier',
    'inventory',
    'category',
    'attribute'
);

CREATE TYPE public.sync_status_type AS ENUM (
    'pending',
    'in_progress',
    'completed',
    'completed_with_errors',
    'failed',
    'cancelled',
    'paused',
    'timeout'
);

COMMENT ON TYPE public.sync_type IS 'The system that an integration talks to.';
COMMENT ON TYPE public.sync_action IS 'What an entry of the activity log records.';
COMMENT ON TYPE public.sync_entity_type IS 'The kind of record that is synchronised.';
COMMENT ON TYPE public.sync_status_type IS 'How an action stands, or how it ended.';

-- ---------------------------------------------------------------------------------------------
-- Preview cache: a computed delta is worth an hour.

CREATE TABLE public.sync_preview_cache (
    id           uuid         NOT NULL DEFAULT gen_random_uuid(),
    org_id       uuid         NOT NULL,
    sync_type    public.sync_type NOT NULL,
    sync_id      varchar(255),
    delta_json   jsonb        NOT NULL DEFAULT '{}'::jsonb,
    computed_at  timestamptz  NOT NULL DEFAULT now(),
    expires_at   timestamptz  NOT NULL DEFAULT now() + interval '1 hour',
    computed_by  uuid,
    cache_key    varchar(255) NOT NULL,
    created_at   timestamptz  NOT NULL DEFAULT now(),
    updated_at   timestamptz  NOT NULL DEFAULT now(),

    CONSTRAINT sync_preview_cache_pkey PRIMARY KEY (id),
    CONSTRAINT sync_preview_cache_cache_key_key UNIQUE (cache_key),
    CONSTRAINT sync_preview_cache_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT sync_preview_cache_computed_by_fkey
        FOREIGN KEY (computed_by) REFERENCES auth.users_extended (id) ON DELETE SET NULL,
    -- Against created_at, not now(): a dump holds entries that expire before it is restored.
    CONSTRAINT sync_preview_cache_expiry CHECK (expires_at > created_at),
    CONSTRAINT sync_preview_cache_delta_object CHECK (jsonb_typeof(delta_json) = 'object')
);

CREATE INDEX idx_sync_preview_cache_org_type ON public.sync_preview_cache (org_id, sync_type);
CREATE INDEX idx_sync_preview_cache_expires ON public.sync_preview_cache (expires_at);
CREATE INDEX idx_sync_preview_cache_computed ON public.sync_preview_cache (computed_at DESC);
CREATE INDEX idx_sync_preview_cache_key ON public.sync_preview_cache (cache_key);

COMMENT ON TABLE public.sync_preview_cache IS
    'Computed deltas (new, updated, deleted) of a sync, kept for an hour so that previews need not compute them again.';
COMMENT ON COLUMN public.sync_preview_cache.sync_id IS 'The integration''s own identifier of the sync.';
COMMENT ON COLUMN public.sync_preview_cache.delta_json IS
    'An object with the lists new, updated and deleted, and their counts under statistics.';
COMMENT ON COLUMN public.sync_preview_cache.expires_at IS
    'One hour from computing unless the writer says otherwise; auto_cleanup_preview_cache() removes what is past it.';
COMMENT ON COLUMN public.sync_preview_cache.computed_by IS 'The user who asked; NULL once that user is removed.';
COMMENT ON COLUMN public.sync_preview_cache.cache_key IS
    'Hash of the input, the organization included: the key is unique across organizations.';

-- ---------------------------------------------------------------------------------------------
-- Progress: writers say what was counted, triggers do the arithmetic.

CREATE TABLE public.sync_progress (
    id                   uuid         NOT NULL DEFAULT gen_random_uuid(),
    org_id               uuid         NOT NULL,
    sync_id              varchar(255) NOT NULL,
    job_id               varchar(255),
    entity_type          public.sync_entity_type,
    current_item         integer      NOT NULL DEFAULT 0,
    total_items          integer      NOT NULL DEFAULT 0,
    processed_count      integer      NOT NULL DEFAULT 0,
    failed_count         integer      NOT NULL DEFAULT 0,
    speed_items_per_min  numeric      NOT NULL DEFAULT 0,
    eta_seconds          integer,
    elapsed_seconds      integer      NOT NULL DEFAULT 0,
    started_at           timestamptz  NOT NULL DEFAULT now(),
    updated_at           timestamptz  NOT NULL DEFAULT now(),
    completed_at         timestamptz,
    source_system        varchar(50),
    batch_number         integer,
    metadata             jsonb        NOT NULL DEFAULT '{}'::jsonb,
    initiated_by         uuid,

    CONSTRAINT sync_progress_pkey PRIMARY KEY (id),
    CONSTRAINT sync_progress_org_sync_key UNIQUE (org_id, sync_id),
    CONSTRAINT sync_progress_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT sync_progress_initiated_by_fkey
        FOREIGN KEY (initiated_by) REFERENCES auth.users_extended (id) ON DELETE SET NULL,
    -- The validating trigger says the same in words first; these hold even where it is disabled.
    CONSTRAINT sync_progress_totals CHECK (processed_count + failed_count <= total_items),
    CONSTRAINT sync_progress_current_item CHECK (current_item <= total_items),
    CONSTRAINT sync_progress_not_negative CHECK (
        current_item >= 0 AND total_items >= 0 AND processed_count >= 0 AND failed_count >= 0
    ),
    CONSTRAINT sync_progress_finite_times CHECK (isfinite(started_at) AND isfinite(completed_at))
);

CREATE INDEX idx_sync_progress_org_job ON public.sync_progress (org_id, job_id);
CREATE INDEX idx_sync_progress_org_sync ON public.sync_progress (org_id, sync_id);
CREATE INDEX idx_sync_progress_active
    ON public.sync_progress (org_id, updated_at DESC)
    WHERE completed_at IS NULL;
CREATE INDEX idx_sync_progress_org_entity
    ON public.sync_progress (org_id, entity_type, started_at DESC);
-- Also what removing a user looks its syncs up by.
CREATE INDEX idx_sync_progress_initiated_by ON public.sync_progress (initiated_by);

COMMENT ON TABLE public.sync_progress IS
    'How far each sync has come. Elapsed time, speed, ETA and completion are computed on every write.';
COMMENT ON COLUMN public.sync_progress.sync_id IS 'Identifies the run within its organization.';
COMMENT ON COLUMN public.sync_progress.job_id IS 'The asynchronous job that does the work, as its queue names it.';
COMMENT ON COLUMN public.sync_progress.entity_type IS 'NULL for a run over several kinds.';
COMMENT ON COLUMN public.sync_progress.processed_count IS 'Items done successfully.';
COMMENT ON COLUMN public.sync_progress.failed_count IS 'Items given up.';
COMMENT ON COLUMN public.sync_progress.speed_items_per_min IS 'Computed: processed_count / elapsed_seconds * 60; 0 until a second has passed.';
COMMENT ON COLUMN public.sync_progress.eta_seconds IS
    'Computed: (total_items - processed_count) / speed_items_per_min * 60; 0 when completed, NULL while there is no speed.';
COMMENT ON COLUMN public.sync_progress.elapsed_seconds IS 'Computed: whole seconds from started_at to the last write, or to completion.';
COMMENT ON COLUMN public.sync_progress.completed_at IS
    'Set once processed_count + failed_count reach total_items, cleared when total_items is raised after that. To end a run early, lower total_items.';

-- ---------------------------------------------------------------------------------------------
-- Activity log: one table to the reader, a partition for each month. Bounds carry their offset,
-- so they are the same whatever the time zone of the session that creates them.

CREATE TABLE public.sync_activity_log (
    id                uuid        NOT NULL DEFAULT gen_random_uuid(),
    org_id            uuid        NOT NULL,
    sync_id           varchar(255),
    entity_type       public.sync_entity_type,
    action            public.sync_action NOT NULL,
    status            public.sync_status_type NOT NULL,
    record_count      integer     NOT NULL DEFAULT 0,
    duration_seconds  numeric,
    error_message     text,
    user_id           uuid,
    created_at        timestamptz NOT NULL DEFAULT now(),

    CONSTRAINT sync_activity_log_pkey PRIMARY KEY (id, created_at),
    CONSTRAINT sync_activity_log_org_id_fkey
        FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,
    CONSTRAINT sync_activity_log_user_id_fkey
        FOREIGN KEY (user_id) REFERENCES auth.users_extended (id) ON DELETE SET NULL,
    CONSTRAINT sync_activity_log_record_count CHECK (record_count >= 0),
    CONSTRAINT sync_activity_log_duration CHECK (duration_seconds IS NULL OR duration_seconds >= 0)
) PARTITION BY RANGE (created_at);

CREATE TABLE public.sync_activity_log_2025_11 PARTITION OF public.sync_activity_log
    FOR VALUES FROM ('2025-11-01 00:00:00+00') TO ('2025-12-01 00:00:00+00');
CREATE TABLE public.sync_activity_log_2025_12 PARTITION OF public.sync_activity_log
    FOR VALUES FROM ('2025-12-01 00:00:00+00') TO ('2026-01-01 00:00:00+00');
CREATE TABLE public.sync_activity_log_2026_01 PARTITION OF public.sync_activity_log
    FOR VALUES FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00');
CREATE TABLE public.sync_activity_log_2026_02 PARTITION OF public.sync_activity_log
    FOR VALUES FROM ('2026-02-01 00:00:00+00') TO ('2026-03-01 00:00:00+00');
CREATE TABLE public.sync_activity_log_future PARTITION OF public.sync_activity_log
    FOR VALUES FROM ('2026-03-01 00:00:00+00') TO (MAXVALUE);

-- On the parent, and so on every partition, those to come included.
CREATE INDEX idx_sync_activity_log_org ON public.sync_activity_log (org_id, created_at DESC);
CREATE INDEX idx_sync_activity_log_user ON public.sync_activity_log (user_id, created_at DESC);
CREATE INDEX idx_sync_activity_log_org_entity
    ON public.sync_activity_log (org_id, entity_type, created_at DESC);
CREATE INDEX idx_sync_activity_log_action ON public.sync_activity_log (action, created_at DESC);
CREATE INDEX idx_sync_activity_log_status ON public.sync_activity_log (status, created_at DESC);
CREATE INDEX idx_sync_activity_log_sync ON public.sync_activity_log (sync_id, created_at DESC);

COMMENT ON TABLE public.sync_activity_log IS
    'Audit trail of the syncs, partitioned by month of created_at. The completion of a sync is recorded by a trigger.';
COMMENT ON COLUMN public.sync_activity_log.sync_id IS 'The run, as sync_progress names it; kept when that row is gone.';
COMMENT ON COLUMN public.sync_activity_log.record_count IS 'Records that the action dealt with.';
COMMENT ON COLUMN public.sync_activity_log.duration_seconds IS 'NULL while the action goes on.';
COMMENT ON COLUMN public.sync_activity_log.user_id IS 'Who did it; NULL for the system, and once that user is removed.';
COMMENT ON TABLE public.sync_activity_log_future IS
    'Everything from 2026-03 on, until its months are split off into partitions of their own.';

-- ---------------------------------------------------------------------------------------------
-- Functions.

-- Errors come back as a value, so that a scheduler records them and runs on. A caller under row
-- security cleans up after its own organization only.
CREATE FUNCTION public.auto_cleanup_preview_cache()
    RETURNS TABLE (deleted_count integer, error_message text)
    LANGUAGE plpgsql SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    error_message := NULL;
    DELETE FROM public.sync_preview_cache c WHERE c.expires_at <= now();
    GET DIAGNOSTICS deleted_count = ROW_COUNT;
    RETURN NEXT;
EXCEPTION WHEN OTHERS THEN
    deleted_count := 0;
    error_message := format('%s (SQLSTATE %s)', SQLERRM, SQLSTATE);
    RETURN NEXT;
END
$function$;

-- Three triggers fire before a row of sync_progress is written, in the order of their names.
-- None relies on what another has set: whether the run is complete is asked of the counts alone.
CREATE FUNCTION public.update_sync_progress_elapsed() RETURNS trigger
    LANGUAGE plpgsql SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    complete    boolean := NEW.processed_count::bigint + NEW.failed_count = NEW.total_items;
    until_time  timestamptz := now();
    max_integer CONSTANT numeric := 2147483647;
BEGIN
    -- A run that is complete no longer ages.
    IF complete THEN
        until_time := coalesce(NEW.completed_at, CASE WHEN TG_OP = 'UPDATE' THEN OLD.completed_at END, now());
    END IF;

    -- A start that lies ahead of the clock counts as no time; infinite times are refused by a
    -- CHECK, which speaks after this trigger.
    NEW.elapsed_seconds := 0;
    IF isfinite(NEW.started_at) AND isfinite(until_time) THEN
        NEW.elapsed_seconds :=
            least(greatest(floor(extract(epoch FROM until_time - NEW.started_at)::numeric), 0), max_integer);
    END IF;

    NEW.speed_items_per_min := 0;
    IF NEW.elapsed_seconds > 0 THEN
        NEW.speed_items_per_min := round(NEW.processed_count::numeric / NEW.elapsed_seconds * 60, 2);
    END IF;

    -- Remaining / speed * 60, with the speed before rounding.
    NEW.eta_seconds := NULL;
    IF NEW.speed_items_per_min > 0 THEN
        NEW.eta_seconds := CASE
            WHEN complete THEN 0
            ELSE least(
                round((NEW.total_items::numeric - NEW.processed_count) * NEW.elapsed_seconds / NEW.processed_count),
                max_integer)
        END;
    END IF;

    RETURN NEW;
END
$function$;

CREATE FUNCTION public.validate_sync_progress_totals() RETURNS trigger
    LANGUAGE plpgsql SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
DECLARE
    done bigint := NEW.processed_count::bigint + NEW.failed_count;
BEGIN
    IF least(NEW.current_item, NEW.total_items, NEW.processed_count, NEW.failed_count) < 0 THEN
        RAISE EXCEPTION 'sync "%": counts must not be negative: current item %, total %, processed %, failed %',
                NEW.sync_id, NEW.current_item, NEW.total_items, NEW.processed_count, NEW.failed_count
            USING ERRCODE = 'check_violation',
                  SCHEMA = 'public', TABLE = 'sync_progress', CONSTRAINT = 'sync_progress_not_negative',
                  HINT = 'Write the counts as they are now, not the change since the last write.';
    END IF;

    IF done > NEW.total_items THEN
        RAISE EXCEPTION 'sync "%": % processed + % failed = % items, more than the total of %',
                NEW.sync_id, NEW.processed_count, NEW.failed_count, done, NEW.total_items
            USING ERRCODE = 'check_violation',
                  SCHEMA = 'public', TABLE = 'sync_progress', CONSTRAINT = 'sync_progress_totals',
                  HINT = 'Correct the counts, or raise total_items in the same statement.';
    END IF;

    IF NEW.current_item > NEW.total_items THEN
        RAISE EXCEPTION 'sync "%": current item % is beyond the total of %',
                NEW.sync_id, NEW.current_item, NEW.total_items
            USING ERRCODE = 'check_violation',
                  SCHEMA = 'public', TABLE = 'sync_progress', CONSTRAINT = 'sync_progress_current_item',
                  HINT = 'Correct current_item, or raise total_items in the same statement.';
    END IF;

    IF done = NEW.total_items THEN
        -- Complete from now on, or since when it was, or since when the writer says.
        NEW.completed_at := coalesce(NEW.completed_at, CASE WHEN TG_OP = 'UPDATE' THEN OLD.completed_at END, now());
    ELSIF TG_OP = 'UPDATE' AND NEW.completed_at IS NOT DISTINCT FROM OLD.completed_at THEN
        -- The total was raised after completion: the run goes on.
        NEW.completed_at := NULL;
    ELSIF NEW.completed_at IS NOT NULL THEN
        RAISE EXCEPTION 'sync "%": cannot be completed with % processed + % failed of % items',
                NEW.sync_id, NEW.processed_count, NEW.failed_count, NEW.total_items
            USING ERRCODE = 'check_violation',
                  SCHEMA = 'public', TABLE = 'sync_progress', COLUMN = 'completed_at',
                  HINT = 'completed_at sets itself. To end a run early, lower total_items to the items done.';
    END IF;

    RETURN NEW;
END
$function$;

CREATE FUNCTION public.update_sync_progress_timestamp() RETURNS trigger
    LANGUAGE plpgsql SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END
$function$;

-- Writes as the caller, so grants and the INSERT policy of sync_activity_log apply to the entry.
CREATE FUNCTION public.auto_log_sync_activity_on_progress_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY INVOKER
    SET search_path = pg_catalog, pg_temp
AS $function$
BEGIN
    INSERT INTO public.sync_activity_log
        (org_id, sync_id, entity_type, action, status, record_count, duration_seconds, user_id, created_at)
    VALUES (
        NEW.org_id,
        NEW.sync_id,
        NEW.entity_type,
        'sync_complete',
        CASE WHEN NEW.failed_count = 0
             THEN 'completed'::public.sync_status_type
             ELSE 'completed_with_errors'::public.sync_status_type END,
        NEW.processed_count + NEW.failed_count,
        greatest(round(extract(epoch FROM NEW.completed_at - NEW.started_at)::numeric, 3), 0),
        NEW.initiated_by,
        now()
    );
    RETURN NULL;
END
$function$;

REVOKE ALL ON FUNCTION public.auto_cleanup_preview_cache() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.update_sync_progress_elapsed() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.validate_sync_progress_totals() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.update_sync_progress_timestamp() FROM PUBLIC;
REVOKE ALL ON FUNCTION public.auto_log_sync_activity_on_progress_change() FROM PUBLIC;

COMMENT ON FUNCTION public.auto_cleanup_preview_cache() IS
    'Deletes expired previews; returns how many, or the error that kept it from doing so. To be run every 15 minutes.';
COMMENT ON FUNCTION public.update_sync_progress_elapsed() IS 'Trigger function: elapsed time, speed and ETA.';
COMMENT ON FUNCTION public.validate_sync_progress_totals() IS 'Trigger function: refuses impossible counts, sets completed_at.';
COMMENT ON FUNCTION public.update_sync_progress_timestamp() IS 'Trigger function: sets updated_at to the time of the transaction.';
COMMENT ON FUNCTION public.auto_log_sync_activity_on_progress_change() IS 'Trigger function: records the completion of a sync in sync_activity_log.';

CREATE TRIGGER sync_progress_update_elapsed
    BEFORE INSERT OR UPDATE ON public.sync_progress
    FOR EACH ROW EXECUTE FUNCTION public.update_sync_progress_elapsed();

CREATE TRIGGER sync_progress_validate_totals
    BEFORE INSERT OR UPDATE ON public.sync_progress
    FOR EACH ROW EXECUTE FUNCTION public.validate_sync_progress_totals();

CREATE TRIGGER sync_progress_update_timestamp
    BEFORE UPDATE ON public.sync_progress
    FOR EACH ROW EXECUTE FUNCTION public.update_sync_progress_timestamp();

-- Once for each completion. A row that is inserted complete, without items or as history, had no
-- run to record.
CREATE TRIGGER sync_progress_log_completion
    AFTER UPDATE ON public.sync_progress
    FOR EACH ROW
    WHEN (OLD.completed_at IS NULL AND NEW.completed_at IS NOT NULL)
    EXECUTE FUNCTION public.auto_log_sync_activity_on_progress_change();

-- ---------------------------------------------------------------------------------------------
-- Row security: an organization sees and changes its own rows. Enabled, not forced: the owner
-- maintains the tables and cleans up for everyone, the application is never the owner.

ALTER TABLE public.sync_preview_cache ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_progress ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_activity_log ENABLE ROW LEVEL SECURITY;

-- The parent's policies do not guard a partition that is addressed by its own name. Without
-- policies of their own, and without grants, partitions are closed to all but the owner.
ALTER TABLE public.sync_activity_log_2025_11 ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_activity_log_2025_12 ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_activity_log_2026_01 ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_activity_log_2026_02 ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.sync_activity_log_future ENABLE ROW LEVEL SECURITY;

CREATE POLICY preview_cache_select ON public.sync_preview_cache
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_preview_cache.org_id
        )
    );

CREATE POLICY preview_cache_insert ON public.sync_preview_cache
    FOR INSERT
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_preview_cache.org_id
        )
    );

CREATE POLICY preview_cache_update ON public.sync_preview_cache
    FOR UPDATE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_preview_cache.org_id
        )
    )
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_preview_cache.org_id
        )
    );

CREATE POLICY preview_cache_delete ON public.sync_preview_cache
    FOR DELETE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_preview_cache.org_id
        )
    );

CREATE POLICY sync_progress_select ON public.sync_progress
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_progress.org_id
        )
    );

CREATE POLICY sync_progress_insert ON public.sync_progress
    FOR INSERT
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_progress.org_id
        )
    );

CREATE POLICY sync_progress_update ON public.sync_progress
    FOR UPDATE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_progress.org_id
        )
    )
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_progress.org_id
        )
    );

CREATE POLICY sync_progress_delete ON public.sync_progress
    FOR DELETE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_progress.org_id
        )
    );

CREATE POLICY sync_activity_log_select ON public.sync_activity_log
    FOR SELECT
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_activity_log.org_id
        )
    );

CREATE POLICY sync_activity_log_insert ON public.sync_activity_log
    FOR INSERT
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_activity_log.org_id
        )
    );

CREATE POLICY sync_activity_log_update ON public.sync_activity_log
    FOR UPDATE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_activity_log.org_id
        )
    )
    WITH CHECK (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_activity_log.org_id
        )
    );

CREATE POLICY sync_activity_log_delete ON public.sync_activity_log
    FOR DELETE
    USING (
        EXISTS (
            SELECT 1 FROM auth.users_extended u
            WHERE u.id = auth.uid() AND u.org_id = sync_activity_log.org_id
        )
    );

GRANT SELECT, INSERT, UPDATE, DELETE ON public.sync_preview_cache TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.sync_progress TO authenticated;
GRANT SELECT, INSERT, UPDATE, DELETE ON public.sync_activity_log TO authenticated;
GRANT EXECUTE ON FUNCTION public.auto_cleanup_preview_cache() TO authenticated;
