select 'trigger' as kind, n.nspname as schema, c.relname as relation,{of_relation} t.tgname as name,
       case when t.tgtype::int & 2 <> 0 then 'before'
            when t.tgtype::int & 64 <> 0 then 'instead of'
            else 'after' end as timing,
       array_to_json(array_remove(array[
         case when t.tgtype::int & 4 <> 0 then 'insert' end,
         case when t.tgtype::int & 16 <> 0 then 'update' end,
         case when t.tgtype::int & 8 <> 0 then 'delete' end,
         case when t.tgtype::int & 32 <> 0 then 'truncate' end], null)) as events,
       case when t.tgattr::text <> '' then (
         select json_agg(a.attname order by key.position)
           from unnest(t.tgattr::int2[]) with ordinality as key (attnum, position)
           join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = key.attnum) end as columns,
       case when t.tgtype::int & 1 <> 0 then 'row' else 'statement' end as level,
       -- the whole definition: pg_get_expr cannot print OLD and NEW
       case when {defined} and t.tgqual is not null then coalesce(pg_get_triggerdef(t.oid), {disturbed}) end as "when",
       format('%I.%I', fn.nspname, p.proname) as function,
       -- stored one behind the other, each ended by a zero byte
       case when t.tgnargs > 0 then (
         select json_agg(convert_from(substring(t.tgargs from arg.start for arg.stop - arg.start),
                                      getdatabaseencoding()) order by arg.stop)
           from (select coalesce(lag(byte.i) over (order by byte.i) + 2, 1) as start, byte.i + 1 as stop
                   from generate_series(0, length(t.tgargs) - 1) as byte (i)
                  where get_byte(t.tgargs, byte.i) = 0) as arg) end as arguments,
       case t.tgenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica'
                        else 'always' end as enabled,
       t.tgconstraint <> 0 as constraint,
       case when t.tgconstraint <> '0' and t.tgconstrrelid <> '0' then (
         select format('%I.%I', rn.nspname, r.relname)
           from pg_class r join pg_namespace rn on rn.oid = r.relnamespace
          where r.oid = t.tgconstrrelid) end as from,
       t.tgdeferrable as deferrable,
       t.tginitdeferred as initially_deferred,
       t.tgoldtable as old_table,
       t.tgnewtable as new_table,
       {cloned} as cloned,
       {parent_enabled} as parent_enabled,
       d.description as comment
  from {relation}
  join pg_trigger t on t.tgrelid = c.oid and {own_trigger} and {chosen}
  join pg_proc p on p.oid = t.tgfoid
  join pg_namespace fn on fn.oid = p.pronamespace
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_trigger'::regclass and d.objsubid = 0;
