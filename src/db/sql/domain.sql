select 'domain' as kind, n.nspname as schema, t.typname as name,
       format_type(t.typbasetype, t.typtypmod) as type,
       case when t.typcollation <> base.typcollation then ({collation_name} = t.typcollation) end as collation,
       case when {states_collation} then ({collation_name} = t.typcollation) end as collation_name,
       case when {states_collation} then (
         select json_agg(s.name) from ({collation_namesakes} = t.typcollation) as s (name)) end as namesakes,
       t.typnotnull as not_null,
       pg_get_expr(t.typdefaultbin, 0) as default,
       (select json_agg(quote_ident(con.conname) || ': ' || coalesce(pg_get_expr(con.conbin, 0), {disturbed})
                        || case when con.convalidated then '' else ' NOT VALID' end order by con.conname)
          from pg_constraint con
         where con.contypid = t.oid and con.contype = 'c') as checks,
       (select json_agg(quote_ident(con.conname) || ': ' || cd.description order by con.conname)
          from pg_constraint con
          join pg_description cd on cd.objoid = con.oid and cd.classoid = 'pg_constraint'::regclass and cd.objsubid = 0
         where con.contypid = t.oid and con.contype = 'c') as check_comments,
       {domain_not_null_comment} as not_null_comment,
       {privileges} as privileges,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_type base on base.oid = t.typbasetype
  join pg_namespace n on n.oid = t.typnamespace
 cross join lateral (select t.typowner as owner, coalesce(t.typacl, acldefault('T', t.typowner)) as acl,
                            t.typacl @> (acldefault('T', t.typowner))[2] as is_whole) as held
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'd';
