select 'role' as kind, r.rolname as name,
       r.rolcanlogin as login,
       r.rolsuper as superuser,
       r.rolcreatedb as createdb,
       r.rolcreaterole as createrole,
       r.rolinherit as inherit,
       r.rolreplication as replication,
       r.rolbypassrls as bypass_row_security,
       (select json_agg(distinct g.rolname)
          from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid) as member_of,
       (select json_agg(distinct g.rolname)
          from pg_auth_members m join pg_roles g on g.oid = m.roleid
         where m.member = r.oid and m.admin_option) as admin_of,
       {membership_options}nullif(r.rolconnlimit, -1) as connection_limit,
       nullif(r.rolvaliduntil, 'infinity')::text as valid_until,
       (select array_to_json(s.setconfig)
          from pg_db_role_setting s where s.setrole = r.oid and s.setdatabase = 0) as settings,
       shobj_description(r.oid, 'pg_authid') as comment
  from pg_roles r
 where {names};
