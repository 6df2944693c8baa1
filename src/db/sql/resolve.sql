-- The clock, and the objects that the names stand for: resolved once, kept for the transaction in settings. And the names of
-- relations of which nothing else is asked.
with found as materialized (
  select found.oid, bit_or(found.parts) as parts, bit_or(found.objects) as objects, min(found.relkind::text) as relkind,
         min(found.schema::text) as schema, min(found.name::text) as name
    from ({relations}) as found (oid, parts, objects, relkind, schema, name)
   group by found.oid)
select 'clock' as kind, null::text as schema, null::text as name, null::text as type,
       to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as read_at,
       {settings}length(set_config('pgplumb.types', {types}::oid[]::text, true))
       + length(set_config('pgplumb.functions', {functions}::oid[]::text, true)) as settings
{names};
