-- Takes back 0024. Previews, progress and the whole activity log are lost; nothing else is
-- touched. Policies, triggers, indexes, grants and partitions go with their tables.

DROP TABLE public.sync_activity_log RESTRICT;
DROP TABLE public.sync_progress RESTRICT;
DROP TABLE public.sync_preview_cache RESTRICT;

DROP FUNCTION public.auto_log_sync_activity_on_progress_change() RESTRICT;
DROP FUNCTION public.update_sync_progress_timestamp() RESTRICT;
DROP FUNCTION public.validate_sync_progress_totals() RESTRICT;
DROP FUNCTION public.update_sync_progress_elapsed() RESTRICT;
DROP FUNCTION public.auto_cleanup_preview_cache() RESTRICT;

DROP TYPE public.sync_status_type RESTRICT;
DROP TYPE public.sync_entity_type RESTRICT;
DROP TYPE public.sync_action RESTRICT;
DROP TYPE public.sync_type RESTRICT;
