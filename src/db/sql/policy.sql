select 'policy' as kind, n.nspname as schema, c.relname as relation,{of_relation} p.polname as name,
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete'
                     else 'all' end as command,
       p.polpermissive as permissive,
       (select json_agg(case when role.oid = '0' then 'public' else pg_get_userbyid(role.oid) end)
          from unnest(p.polroles) as role (oid)) as roles,
       case when {defined} and p.polqual is not null
            then coalesce(pg_get_expr(p.polqual, p.polrelid), {disturbed}) end as using,
       case when {defined} and p.polwithcheck is not null
            then coalesce(pg_get_expr(p.polwithcheck, p.polrelid), {disturbed}) end as with_check,
       d.description as comment
  from {relation}
  join pg_policy p on p.polrelid = c.oid and {chosen}
  left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_policy'::regclass and d.objsubid = 0;
