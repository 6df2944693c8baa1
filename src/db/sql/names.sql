select part.kind as part,
       c.oid as relation_oid,
       part.name as name,
       part.detail as detail,
       part.schema as schema
  from pg_catalog.unnest({paths}) as path
  join pg_catalog.pg_class c on c.oid = pg_catalog.to_regclass(path) and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
 cross join lateral (
       select 'relation' as kind, c.relname as name,
              c.relkind::pg_catalog.text || case when c.relispartition then 'p' else '' end as detail,
              (select n.nspname from pg_catalog.pg_namespace n where n.oid = c.relnamespace) as schema
        union all
       select 'column', a.attname, null, null
         from pg_catalog.pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and c.relkind <> 'S'
        union all
       select 'constraint', con.conname, con.contype::pg_catalog.text, null
         from pg_catalog.pg_constraint con
        where con.conrelid = c.oid and con.contype in ('p', 'u', 'c', 'f', 'x')
          and (con.contype <> 'f' or con.conparentid = 0 or exists (
               select from pg_catalog.pg_constraint up
                where up.oid = con.conparentid and up.conrelid <> con.conrelid and up.confrelid = con.confrelid))
        union all
       select 'index', i.relname, null, null
         from pg_catalog.pg_index x
         join pg_catalog.pg_class i on i.oid = x.indexrelid
        where c.relhasindex and x.indrelid = c.oid
        union all
       select 'statistics', s.stxname,
              case when s.stxnamespace <> c.relnamespace
                   then pg_catalog.format('%s.%I', s.stxnamespace::pg_catalog.regnamespace, s.stxname) end, null
         from pg_catalog.pg_statistic_ext s
        where s.stxrelid = c.oid
        union all
       select 'trigger', t.tgname, null, null
         from pg_catalog.pg_trigger t
        where c.relhastriggers and t.tgrelid = c.oid and {own_trigger}
        union all
       select 'rule', r.rulename, null, null
         from pg_catalog.pg_rewrite r
        where c.relhasrules and r.ev_class = c.oid and r.rulename <> '_RETURN'
        union all
       select 'policy', p.polname, null, null
         from pg_catalog.pg_policy p
        where p.polrelid = c.oid
        union all
       select 'grant', case when acl.grantee = 0 then 'public' else pg_catalog.pg_get_userbyid(acl.grantee) end, null, null
         from (select c.relacl as acl
                where c.relacl is not null
                union all
               select a.attacl
                 from pg_catalog.pg_attribute a
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attacl is not null) as held
        cross join pg_catalog.aclexplode(held.acl) as acl
        where acl.grantee <> c.relowner) as part
