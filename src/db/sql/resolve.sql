-- The clock, and the objects that the names stand for: resolved once, kept for the transaction in settings. And the names of
-- relations of which nothing else is asked.
{found}select 'clock' as kind, null::text as schema, null::text as name, null::text as type,
       to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as read_at,
       {settings}0 as settings
{names};
