select 'enum' as kind, n.nspname as schema, t.typname as name,
       (select json_agg(e.enumlabel order by e.enumsortorder)
          from pg_enum e where e.enumtypid = t.oid) as labels,
       {privileges} as privileges,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_namespace n on n.oid = t.typnamespace
 cross join lateral (select t.typowner as owner, coalesce(t.typacl, acldefault('T', t.typowner)) as acl,
                            t.typacl @> (acldefault('T', t.typowner))[2] as is_whole) as held
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'e';
