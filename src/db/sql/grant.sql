-- the owner has an entry only where it lacks something
select 'grant' as kind, n.nspname as schema, acl.relname as relation,
       case when acl.grantee = '0' then 'public' else pg_get_userbyid(acl.grantee) end as name,
       json_agg(distinct acl.privilege) filter (where acl.privilege is not null) as privileges,
       json_agg(distinct acl.privilege) filter (where acl.is_grantable) as grantable,
       nullif(current_setting('server_version_num')::integer >= 170000
              and bit_or(case acl.privilege when 'truncate' then 1 when 'trigger' then 2 when 'maintain' then 4 else 0 end) = 3,
              false) as without_maintain
  from (
        select c.relnamespace, c.relname, c.relowner, a.grantee, a.is_grantable, lower(a.privilege_type collate "C") as privilege,
               c.relacl @> (acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))[1] as is_whole
          from {wanted}
          join pg_class c on c.oid = wanted.oid and c.relacl is not null
         cross join lateral aclexplode(c.relacl) as a
        union all
        select c.relnamespace, c.relname, c.relowner, a.grantee, a.is_grantable,
               lower(a.privilege_type collate "C") || ' (' || quote_ident(t.attname) || ')', c.relacl @> (acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))[1]
          from {wanted}
          join pg_attribute t on t.attrelid = wanted.oid and t.attnum > 0 and not t.attisdropped and t.attacl is not null
          join pg_class c on c.oid = t.attrelid
         cross join lateral aclexplode(t.attacl) as a
        union all
        select c.relnamespace, c.relname, c.relowner, c.relowner, false, null, false
          from {wanted}
          join pg_class c on c.oid = wanted.oid and not c.relacl @> (acldefault(case c.relkind when 'S' then 's' else 'r' end::"char", c.relowner))[1]
       ) as acl
  join pg_namespace n on n.oid = acl.relnamespace
 where acl.grantee <> acl.relowner or not acl.is_whole
 group by n.nspname, acl.relname, acl.grantee;
