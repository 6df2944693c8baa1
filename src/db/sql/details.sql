-- What no check names and a dump would still hold: one row an object, merged into it.
select k.kind, k.schema, k.relation, k.name, to_json(array_remove(k.details, null)) as details from (
select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                      else 'table' end as kind,
       n.nspname::text as schema, ''::text as relation, c.relname::text as name,
       array[case c.relreplident when 'f' then 'replica identity full' when 'n' then 'replica identity nothing'
                  when 'i' then 'replica identity index' end,
             (select 'access method ' || quote_ident(am.amname) from pg_am am
               where am.oid = c.relam and am.amname <> 'heap' and c.relkind in ('r', 'p', 'm')),
             case when c.relkind <> 'r' and c.relkind <> 'p' and c.relkind <> 'f' and c.relpersistence = 'u' then 'unlogged' end,
             case when c.relkind = 'm' then (select 'tablespace ' || quote_ident(s.spcname)
               from pg_tablespace s where s.oid = c.reltablespace) end,
             case when c.reloftype <> 0 then 'of type ' || format_type(c.reloftype, null) end,
             (select format('server %I (%s)', fs.srvname, array_to_string(ft.ftoptions, ', '))
                from pg_foreign_table ft join pg_foreign_server fs on fs.oid = ft.ftserver where ft.ftrelid = c.oid)]
       || array(select 'toast.' || o from pg_class t, unnest(t.reloptions) as o where t.oid = c.reltoastrelid order by o)
       || {acl}(case c.relkind when 'S' then 's' else 'r' end)(c.relacl)(c.relowner)(and granted.grantee = c.relowner) as details
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
union all
select 'column', n.nspname, c.relname, a.attname,
       array[case when a.attstorage <> t.typstorage then 'storage ' || case a.attstorage
                  when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end end,
             {compression},
             case when coalesce(a.attstattarget, -1) >= 0 then 'statistics ' || a.attstattarget end,
             case when not a.attislocal then 'inherited' end,
             case when a.attinhcount > 0 and a.attislocal then 'merged with inherited' end]
       || array(select o from unnest(a.attoptions) as o order by o)
       || array(select o from unnest(a.attfdwoptions) as o order by o)
  from {wanted}
  join pg_class c on c.oid = wanted.oid and c.relkind <> 'S'
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  join pg_type t on t.oid = a.atttypid
union all
select 'index', n.nspname, c.relname, ic.relname,
       array[case when x.indisclustered then 'clustered' end, case when x.indisreplident then 'replica identity' end]
       || array(select format('statistics %s of key %s', a.attstattarget, a.attnum) from pg_attribute a
                 where a.attrelid = ic.oid and coalesce(a.attstattarget, -1) >= 0 order by a.attnum)
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_index x on x.indrelid = c.oid
  join pg_class ic on ic.oid = x.indexrelid
union all
select case con.contype when 'p' then 'primary key' when 'u' then 'unique constraint' when 'c' then 'check constraint'
                        when 'f' then 'foreign key' else 'exclusion constraint' end,
       n.nspname, c.relname, con.conname,
       array[case when not con.conislocal and con.conparentid = 0 then 'inherited' end]
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_constraint con on con.conrelid = c.oid and con.contype in ('p', 'u', 'c', 'f', 'x')
 where not con.conislocal
union all
select case t.typtype when 'e' then 'enum' else 'domain' end, n.nspname, '', t.typname,
       array[case when t.typtype = 'd' and t.typcollation <> b.typcollation then 'collation ' || (
             select format('%I.%I', cn.nspname, co.collname) from pg_collation co
               join pg_namespace cn on cn.oid = co.collnamespace where co.oid = t.typcollation) end]
       || array(select 'not validated: ' || con.conname from pg_constraint con
                 where con.contypid = t.oid and not con.convalidated order by con.conname)
       || {acl}('T')(t.typacl)(t.typowner)()
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid and t.typtype in ('e', 'd')
  join pg_namespace n on n.oid = t.typnamespace
  left join pg_type b on b.oid = t.typbasetype
union all
select 'function', n.nspname, '',
       quote_ident(p.proname) || '(' || coalesce((
         select string_agg(format_type(arg.type, null), ', ' order by arg.position)
           from unnest(p.proargtypes::oid[]) with ordinality as arg (type, position)), '') || ')',
       array[case when p.procost <> (case when l.lanname in ('c', 'internal') then 1 else 100 end) then 'cost ' || p.procost end,
             case when p.proretset and p.prorows <> 1000 then 'rows ' || p.prorows end,
             case when p.prosupport <> 0 then 'support ' || p.prosupport::regproc end]
       || {acl}('f')(p.proacl)(p.proowner)()
  from unnest({functions}) as wanted (oid)
  join pg_proc p on p.oid = wanted.oid
  join pg_language l on l.oid = p.prolang
  join pg_namespace n on n.oid = p.pronamespace
union all
select 'schema', '', '', n.nspname, {acl}('n')(n.nspacl)(n.nspowner)()
  from pg_namespace n
 where n.nspname not like 'pg\_%' and n.nspname <> 'information_schema'
union all
select 'role', '', '', r.rolname,
       array[case when r.rolconnlimit >= 0 then 'connection limit ' || r.rolconnlimit end,
             'valid until ' || r.rolvaliduntil,
             'comment ' || shobj_description(r.oid, 'pg_authid')]
       || array(select case s.setdatabase when 0 then '' else 'in this database ' end || setting
                  from pg_db_role_setting s, unnest(s.setconfig) as setting
                 where s.setrole = r.oid and s.setdatabase in (0, (select d.oid from pg_database d
                       where d.datname = current_database())) order by 1)
  from pg_roles r
 where r.rolname not like 'pg\_%'
) as k
where array_remove(k.details, null) <> '{}';
