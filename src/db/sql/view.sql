select case c.relkind when 'v' then 'view' else 'materialized view' end as kind,
       n.nspname as schema, c.relname as name,
       case when {defined} then coalesce(rtrim(btrim(pg_get_viewdef(c.oid)), ';'), {disturbed}) end as definition,
       case when c.relkind = 'm' then c.relispopulated end as populated,
       array_to_json(c.reloptions) as options,
       case when c.relkind = 'm' then (
         select am.amname from pg_am am where am.oid = c.relam and am.amname <> 'heap') end as access_method,
       case when c.relkind = 'm' then (
         select s.spcname from pg_tablespace s where s.oid = c.reltablespace) end as tablespace,
       case when {states_tablespace} and c.relkind = 'm' and c.reltablespace = '0'
            then ({database_tablespace}) end as default_tablespace,
       pg_get_userbyid(c.relowner) as owner,
       d.description as comment
  from {relation}
  left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
 where c.relkind in ('v', 'm');
