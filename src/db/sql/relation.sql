union all
select case {relkind} when 'S' then 'sequence' when 'v' then 'view' when 'm' then 'materialized view' else 'table' end,
       {schema}, {name},
       case {relkind} when 'r' then 'table' when 'p' then 'partitioned table' when 'f' then 'foreign table' end,
       null::text, null::integer
  from {relation}
 where {condition}