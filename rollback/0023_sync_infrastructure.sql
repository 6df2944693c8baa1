-- Takes back 0023, the newest things first. The queue's rows are lost.

DROP TABLE public.sync_job_attempt RESTRICT;

-- Returns rows of sync_job, so it goes before its table.
DROP FUNCTION public.sync_job_claim(text, integer, interval) RESTRICT;

DROP TABLE public.sync_job RESTRICT;
DROP TABLE public.sync_schedule RESTRICT;

DROP FUNCTION public.sync_schedule_dispatch() RESTRICT;
DROP FUNCTION public.sync_job_release_lost() RESTRICT;
DROP FUNCTION public.sync_job_fail(uuid, text, text, boolean) RESTRICT;
DROP FUNCTION public.sync_job_complete(uuid, text) RESTRICT;
DROP FUNCTION public.sync_job_heartbeat(uuid, text, interval) RESTRICT;
DROP FUNCTION public.sync_job_set_finished_at() RESTRICT;

DROP TYPE public.sync_attempt_outcome RESTRICT;
DROP TYPE public.sync_job_state RESTRICT;
