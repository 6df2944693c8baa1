select 'grant' as kind, n.nspname as schema, c.relname as relation,
       case when acl.grantee = 0 then 'public' else pg_get_userbyid(acl.grantee) end as name,
       json_agg(distinct acl.privilege) as privileges,
       json_agg(distinct acl.privilege) filter (where acl.is_grantable) as grantable
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
 cross join lateral (
        select a.grantee, a.is_grantable, lower(a.privilege_type) as privilege
          from aclexplode(c.relacl) as a
        union all
        select a.grantee, a.is_grantable, lower(a.privilege_type) || ' (' || quote_ident(t.attname) || ')'
          from pg_attribute as t
         cross join aclexplode(t.attacl) as a
         where t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
       ) as acl
 where acl.grantee <> c.relowner
 group by n.nspname, c.relname, acl.grantee;
