select 'grant' as kind, n.nspname as schema, c.relname as relation,
       case when acl.grantee = 0 then 'public' else pg_get_userbyid(acl.grantee) end as name,
       json_agg(distinct lower(acl.privilege_type)) as privileges,
       json_agg(distinct lower(acl.privilege_type)) filter (where acl.is_grantable) as grantable
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
 cross join aclexplode(c.relacl) as acl
 where acl.grantee <> c.relowner
 group by n.nspname, c.relname, acl.grantee;
