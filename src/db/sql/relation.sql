-- The names of relations of which nothing else is asked.
select case c.relkind when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end as kind,
       n.nspname as schema, c.relname as name,
       case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' when 'f' then 'foreign table' end as type
  from unnest(current_setting('pgplumb.names')::oid[]) as wanted (oid)
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace;
