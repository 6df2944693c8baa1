union all
select case coalesce(found.relkind, c.relkind::text) when 'S' then 'sequence' when 'v' then 'view'
            when 'm' then 'materialized view' else 'table' end,
       coalesce(found.schema, n.nspname::text), coalesce(found.name, c.relname::text),
       case coalesce(found.relkind, c.relkind::text) when 'r' then 'table' when 'p' then 'partitioned table'
            when 'f' then 'foreign table' end,
       null::text, null::integer
  from found
  -- a null finds nothing without a look at the index
  left join pg_class c on c.oid = case when found.name is null then found.oid end
  left join pg_namespace n on n.oid = c.relnamespace
 where {named}