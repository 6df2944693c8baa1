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
         where m.member = r.oid) as member_of
  from pg_roles r
 where r.rolname = any ({names}::name[]);
