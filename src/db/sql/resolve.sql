-- The clock, and the objects that the names stand for: resolved once, kept for the transaction in settings.
with found as materialized (select found.oid, bit_or(found.parts) as parts, min(found.relkind::text) as relkind
  from ({relations}) as found (oid, parts, relkind)
 group by found.oid)
select 'clock' as kind,
       to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as read_at,
       {settings}
       length(set_config('pgplumb.types', {types}::oid[]::text, true)) as types,
       length(set_config('pgplumb.functions', {functions}::oid[]::text, true)) as functions;
