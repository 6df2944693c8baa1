select 'default privileges' as kind,
       coalesce(n.nspname, '') as schema,
       pg_get_userbyid(held.role) as name,
       max(held.privileges) filter (where held.type = 'r') as tables,
       max(held.privileges) filter (where held.type = 'S') as sequences,
       max(held.privileges) filter (where held.type = 'f') as functions,
       max(held.privileges) filter (where held.type = 'T') as types,
       max(held.privileges) filter (where held.type = 'n') as schemas
  from (select entry.role, entry.namespace, type.letter as type, coalesce(({privileges})::text, '[]') as privileges
          from (select distinct defaclrole as role, defaclnamespace as namespace from pg_default_acl) as entry
         cross join unnest(array['r', 'S', 'f', 'T', 'n']) as type (letter)
          left join pg_default_acl a on a.defaclrole = entry.role and a.defaclnamespace = entry.namespace
           and a.defaclobjtype = type.letter::"char"
         cross join lateral (select acldefault(case type.letter when 'S' then 's' else type.letter end::"char", entry.role) as acl) as usual
         cross join lateral (select entry.role as owner,
                 coalesce(a.defaclacl, usual.acl) as acl,
                 case when entry.namespace = 0 then a.defaclacl @> usual.acl[case when type.letter in ('f', 'T') then 2 else 1 end]
                           -- a dump of a server before 17 gives each by its name to whom once was granted an option
                           or type.letter = 'r' and (select count(distinct x.privilege_type) = 7 and bool_or(x.is_grantable)
                                                       from aclexplode(a.defaclacl) as x
                                                      where x.grantee = entry.role and x.privilege_type <> 'MAINTAIN')
                      else not exists (select from aclexplode(a.defaclacl) as x where x.grantee = entry.role) end as is_whole) as held
         where entry.namespace = 0 or a.oid is not null) as held
  left join pg_namespace n on n.oid = held.namespace
 where {names}
 group by n.nspname, held.role;
