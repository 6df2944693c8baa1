select 'schema' as kind, n.nspname as name,
       {privileges} as privileges,
       case when {states_schema} and n.nspname = 'public' then {made_for_all} end as made_for_all,
       pg_get_userbyid(n.nspowner) as owner,
       d.description as comment
  from pg_namespace n
 cross join lateral (select n.nspowner as owner, coalesce(n.nspacl, acldefault('n', n.nspowner)) as acl,
                            n.nspacl @> (acldefault('n', n.nspowner))[1] as is_whole) as held
  left join pg_description d on d.objoid = n.oid and d.classoid = 'pg_namespace'::regclass and d.objsubid = 0
 where {names};
