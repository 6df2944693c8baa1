select 'table' as kind, n.nspname as schema, c.relname as name,
       case c.relkind when 'r' then 'table' when 'p' then 'partitioned table' else 'foreign table' end as type,
       case c.relpersistence when 'p' then 'permanent' when 'u' then 'unlogged' else 'temporary' end as persistence,
       c.relrowsecurity as row_security,
       c.relforcerowsecurity as force_row_security,
       case when c.relkind = 'p' and {defined} then coalesce(pg_get_partkeydef(c.oid), {disturbed}) end as partition_by,
       case when c.relispartition then (
         select format('%I.%I', pn.nspname, p.relname)
           from pg_inherits i
           join pg_class p on p.oid = i.inhparent
           join pg_namespace pn on pn.oid = p.relnamespace
          where i.inhrelid = c.oid) end as partition_of,
       case when c.relispartition and {defined} then coalesce(pg_get_expr(c.relpartbound, c.oid), {disturbed}) end as bound,
       case when c.relkind = 'p' then (
         select json_agg(coalesce(format_type(a.atttypid, a.atttypmod), '') order by key.position)
           from pg_partitioned_table t
          cross join unnest(t.partattrs::int2[]) with ordinality as key (attnum, position)
           left join pg_attribute a on a.attrelid = t.partrelid and a.attnum = key.attnum and key.attnum <> 0
          where t.partrelid = c.oid) end as key_types,
       case when {states_opclass} and c.relkind = 'p' then (
         select json_agg(({opclass_name} = key.oid) order by key.position)
           from pg_partitioned_table t cross join unnest(t.partclass::oid[]) with ordinality as key (oid, position)
          where t.partrelid = c.oid) end as opclass_names,
       case when {states_collation} and c.relkind = 'p' then (
         select json_agg(coalesce(({collation_name} = key.oid), '') order by key.position)
           from pg_partitioned_table t cross join unnest(t.partcollation::oid[]) with ordinality as key (oid, position)
          where t.partrelid = c.oid) end as collation_names,
       case when ({states_opclass} or {states_collation}) and c.relkind = 'p' then (
         select json_agg(distinct s.name)
           from pg_partitioned_table t
          cross join lateral (
            {opclass_namesakes} = any (t.partclass::oid[])
            union all {collation_namesakes} = any (t.partcollation::oid[])) as s (name)
          where t.partrelid = c.oid) end as namesakes,
       case when not c.relispartition then (
         select json_agg(format('%I.%I', pn.nspname, p.relname) order by i.inhseqno)
           from pg_inherits i
           join pg_class p on p.oid = i.inhparent
           join pg_namespace pn on pn.oid = p.relnamespace
          where i.inhrelid = c.oid) end as inherits,
       case when c.reloptions is not null or toast.reloptions is not null or c.relkind = 'f' then (
         select json_agg(o.option) from (
          select unnest(c.reloptions)
          union all select 'toast.' || unnest(toast.reloptions)
          union all select {masked} from pg_foreign_table ft cross join unnest(ft.ftoptions) as o (option)
                     where ft.ftrelid = c.oid) as o (option)) end as options,
       -- 2 is heap
       case when c.relam not in ('0', '2') then (select am.amname from pg_am am where am.oid = c.relam) end as access_method,
       case when c.reltablespace <> '0' then (
         select s.spcname from pg_tablespace s where s.oid = c.reltablespace) end as tablespace,
       case when {states_tablespace} and c.reltablespace = '0' then ({database_tablespace}) end as default_tablespace,
       case case when c.relkind <> 'f' then c.relreplident end when 'f' then 'full' when 'n' then 'nothing' when 'i' then (
         select 'using index ' || quote_ident(ic.relname)
           from pg_index x join pg_class ic on ic.oid = x.indexrelid
          where x.indrelid = c.oid and x.indisreplident) end as replica_identity,
       case when c.reloftype <> 0 then (
         select format('%I.%I', tn.nspname, t.typname)
          from pg_type t join pg_namespace tn on tn.oid = t.typnamespace where t.oid = c.reloftype) end as of_type,
       case when c.relkind = 'f' then (
         select s.srvname from pg_foreign_table ft join pg_foreign_server s on s.oid = ft.ftserver
          where ft.ftrelid = c.oid) end as server,
       pg_get_userbyid(c.relowner) as owner,
       d.description as comment
  from {relation}
  left join pg_class toast on toast.oid = c.reltoastrelid
  left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
 where c.relkind in ('r', 'p', 'f');
