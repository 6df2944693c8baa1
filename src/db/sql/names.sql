select c.relkind as relkind,
       (select n.nspname from pg_catalog.pg_namespace n where n.oid = c.relnamespace) as schema,
       c.relname as name,
       c.relispartition as is_partition,
       pg_catalog.array_to_json(array(
         select a.attname
           from pg_catalog.pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped)) as columns,
       pg_catalog.array_to_json(array(
         select con.contype::pg_catalog.text || con.conname
           from pg_catalog.pg_constraint con
          where con.conrelid = c.oid and con.contype in ('p', 'u', 'c', 'f', 'x')
            and (con.contype <> 'f' or con.conparentid = 0 or exists (
                 select from pg_catalog.pg_constraint up
                  where up.oid = con.conparentid and up.conrelid <> con.conrelid and up.confrelid = con.confrelid))))
         as constraints,
       pg_catalog.array_to_json(array(
         select (select i.relname from pg_catalog.pg_class i where i.oid = x.indexrelid)
           from pg_catalog.pg_index x
          where x.indrelid = c.oid)) as indexes,
       pg_catalog.array_to_json(array(
         select case when s.stxnamespace = c.relnamespace then s.stxname::pg_catalog.text
                     else pg_catalog.format('%s.%I', s.stxnamespace::pg_catalog.regnamespace, s.stxname) end
           from pg_catalog.pg_statistic_ext s
          where s.stxrelid = c.oid)) as statistics,
       pg_catalog.array_to_json(array(
         select t.tgname
           from pg_catalog.pg_trigger t
          where c.relhastriggers and t.tgrelid = c.oid and {own_trigger})) as triggers,
       pg_catalog.array_to_json(array(
         select r.rulename
           from pg_catalog.pg_rewrite r
          where c.relhasrules and r.ev_class = c.oid and r.rulename <> '_RETURN')) as rules,
       pg_catalog.array_to_json(array(
         select p.polname
           from pg_catalog.pg_policy p
          where p.polrelid = c.oid)) as policies,
       pg_catalog.array_to_json(array(
         select distinct case when acl.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(acl.grantee) end
           from (select c.relacl as acl
                 union all
                 select a.attacl
                   from pg_catalog.pg_attribute a
                  where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null) as held
          cross join pg_catalog.aclexplode(held.acl) as acl
          where acl.grantee <> c.relowner)) as grants
  from pg_catalog.pg_class c
 where c.oid = any ({relations}::pg_catalog.oid[]) and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
