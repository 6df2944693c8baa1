select 'relation' as part, c.oid as relation_oid, c.relname as name,
       c.relkind::pg_catalog.text || case when c.relispartition then 'p' else '' end as detail,
       (select n.nspname from pg_catalog.pg_namespace n where n.oid = c.relnamespace) as schema,
       case when c.relacl is not null then (
            select pg_catalog.json_agg(case acl.grantee when '0' then 'public' else pg_catalog.pg_get_userbyid(acl.grantee) end)
              from (select a.grantee from pg_catalog.aclexplode(c.relacl) as a where a.grantee <> c.relowner
                    union all
                    -- an owner who lacks something
                    select c.relowner
                     where not pg_catalog.aclcontains(
                           c.relacl, (pg_catalog.acldefault(case c.relkind when 'S' then 's' else 'r' end::pg_catalog."char", c.relowner))[1])
                   ) as acl) end as grantees
  from pg_catalog.pg_class c
 where c.oid = any ({oids}) and c.relkind in ('r', 'p', 'f', 'v', 'm', 'S');
select 'column' as part, a.attrelid, a.attname, null, null,
       case when a.attacl is not null then (
            select pg_catalog.json_agg(case acl.grantee when '0' then 'public' else pg_catalog.pg_get_userbyid(acl.grantee) end)
              from pg_catalog.aclexplode(a.attacl) as acl
             where acl.grantee <> (select c.relowner from pg_catalog.pg_class c where c.oid = a.attrelid)) end
  from pg_catalog.pg_attribute a
 where a.attrelid = any ({oids}) and a.attnum > 0 and not a.attisdropped;
select 'constraint' as part, con.conrelid, con.conname, con.contype::pg_catalog.text, null, null
  from pg_catalog.pg_constraint con
 where con.conrelid = any ({oids}) and con.contype in ('p', 'u', 'c', 'f', 'x')
   and (con.contype <> 'f' or con.conparentid = '0' or exists (
        select from pg_catalog.pg_constraint up
         where up.oid = con.conparentid and up.conrelid <> con.conrelid and up.confrelid = con.confrelid));
select 'index' as part, x.indrelid, (select i.relname from pg_catalog.pg_class i where i.oid = x.indexrelid),
       null, null, null
  from pg_catalog.pg_index x
 where x.indrelid = any ({oids});
select 'statistics' as part, s.stxrelid, s.stxname,
       case when s.stxnamespace <> (select c.relnamespace from pg_catalog.pg_class c where c.oid = s.stxrelid)
            then pg_catalog.format('%s.%I', s.stxnamespace::pg_catalog.regnamespace, s.stxname) end, null, null
  from pg_catalog.pg_statistic_ext s
 where s.stxrelid = any ({oids});
select 'trigger' as part, t.tgrelid, t.tgname, null, null, null
  from pg_catalog.pg_trigger t
 where t.tgrelid = any ({oids}) and {own_trigger};
select 'rule' as part, r.ev_class, r.rulename, null, null, null
  from pg_catalog.pg_rewrite r
 where r.ev_class = any ({oids}) and r.rulename <> '_RETURN';
select 'policy' as part, p.polrelid, p.polname, null, null, null
  from pg_catalog.pg_policy p
 where p.polrelid = any ({oids})
