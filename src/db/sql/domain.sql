select 'domain' as kind, n.nspname as schema, t.typname as name,
       format_type(t.typbasetype, t.typtypmod) as type,
       t.typnotnull as not_null,
       pg_get_expr(t.typdefaultbin, 0) as default,
       (select json_agg(con.conname || ': ' || coalesce(pg_get_expr(con.conbin, 0), {disturbed}) order by con.conname)
          from pg_constraint con
         where con.contypid = t.oid and con.contype = 'c') as checks,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'd';
