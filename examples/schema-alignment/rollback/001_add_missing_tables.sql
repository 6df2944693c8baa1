-- Takes back 001. Credentials, progress and the trail of exports are lost; users and sessions stay as they
-- are. Policies, triggers, indexes and grants go with their tables.

DROP TRIGGER sessions_record_completion ON public.sessions;

DROP TABLE public.export_history RESTRICT;
DROP TABLE public.user_progress RESTRICT;
DROP TABLE public.user_api_keys RESTRICT;

DROP FUNCTION public.record_session_completion() RESTRICT;
DROP FUNCTION public.ensure_user_progress(uuid) RESTRICT;
DROP FUNCTION public.next_streak(integer, date, date) RESTRICT;
DROP FUNCTION public.touch_updated_at() RESTRICT;
