select 'index' as kind, n.nspname as schema, c.relname as relation,{of_relation} ic.relname as name,
       am.amname as method,
       x.indisunique as unique,
       {nulls_not_distinct} as nulls_not_distinct,
       k.keys, k.opclasses, k.opclass_names, k.collations, k.collation_names, k.orders, k.statistics_targets,
       case when x.indnatts > x.indnkeyatts then (
         select json_agg(a.attname order by key.position)
           from unnest(x.indkey::int2[]) with ordinality as key (attnum, position)
           join pg_attribute a on a.attrelid = x.indrelid and a.attnum = key.attnum
          where key.position > x.indnkeyatts) end as include,
       case when {defined} and x.indpred is not null
            then coalesce(pg_get_expr(x.indpred, x.indrelid), {disturbed}) end as predicate,
       x.indisvalid as valid,
       x.indisready as ready,
       nullif(x.indisclustered, false) as clustered,
       con.conname as constraint,
       case when ic.relispartition then (
         select format('%I.%I', pn.nspname, p.relname)
           from pg_inherits i
           join pg_class p on p.oid = i.inhparent
           join pg_namespace pn on pn.oid = p.relnamespace
          where i.inhrelid = ic.oid) end as partition_of,
       array_to_json(ic.reloptions) as options,
       case when ic.reltablespace <> '0' then (
         select s.spcname from pg_tablespace s where s.oid = ic.reltablespace) end as tablespace,
       case when {states_tablespace} and ic.reltablespace = '0' then ({database_tablespace}) end as default_tablespace,
       -- what has such an oid came with the server, and its name means it
       case when ({states_opclass} or {states_collation})
             and (16384 <= any (x.indclass::oid[]) or 16384 <= any (x.indcollation::oid[])) then (
         select json_agg(s.name) from (
           {opclass_namesakes} = any (x.indclass::oid[])
           union {collation_namesakes} = any (x.indcollation::oid[])) as s (name)) end as namesakes,
       d.description as comment,
       -- no column of the catalog tells the collation that an expression has by itself, nor always its type; the text does
       case when k.collated_expression or k.unclear then coalesce(pg_get_indexdef(ic.oid), {disturbed}) end as definition
  from {relation}
  join pg_index x on x.indrelid = c.oid
  join pg_class ic on ic.oid = x.indexrelid and {chosen}
  join pg_am am on am.oid = ic.relam
  left join pg_constraint con
    on con.conrelid = x.indrelid and con.conindid = x.indexrelid and con.contype in ('p', 'u', 'x')
  left join pg_description d on d.objoid = ic.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
 cross join lateral (
       -- the rows of the index's own columns come in their order, with no sort
       select json_agg(key.name) as keys, json_agg(key.opclass) as opclasses, json_agg(key.collation) as collations,
              json_agg(key.ordering) as orders, bool_or(key.collated_expression) as collated_expression,
              bool_or(key.opclass = '?') as unclear,
              json_agg(key.target) filter (where key.target is not null) as statistics_targets,
              case when {states_opclass} then json_agg(key.opclass_name) end as opclass_names,
              case when {states_collation} then json_agg(key.collation_name) end as collation_names
         from (
           select case when x.indkey[ia.attnum - 1] <> 0 then quote_ident(a.attname)
                       else coalesce(pg_get_indexdef(x.indexrelid, ia.attnum, false), {disturbed}) end as name,
                  case when ia.attoptions is not null or not o.opcdefault
                       then ({opclass_name} = o.oid) || coalesce(' (' || array_to_string(ia.attoptions, ', ') || ')', '')
                       -- that of the very type
                       when o.opcintype = key_type.oid
                       -- what all arrays, enums and ranges have, and varchar, unless there is one of the very type
                         or (o.opcintype in ('2277', '3500', '3831', '4537') or o.opcintype = '25' and key_type.oid = '1043')
                            and key_type.oid is not null
                            and not exists (select from pg_opclass own
                                             where own.opcmethod = o.opcmethod and own.opcdefault
                                               and own.opcintype = key_type.oid)
                       -- that of the very type behind a domain
                         or o.opcintype = (select t.typbasetype from pg_type t where t.oid = key_type.oid and t.typtype = 'd')
                       then ''
                       -- what is coercible, an expression whose type is not stored: only the server knows
                       else '?' end as opclass,
                  case when {states_opclass} then
                       case when o.oid < '16384' then quote_ident(o.opcname) else ({opclass_name} = o.oid) end end as opclass_name,
                  case when x.indcollation[ia.attnum - 1] in ('0', a.attcollation) or x.indkey[ia.attnum - 1] = 0 then ''
                       else ({collation_name} = x.indcollation[ia.attnum - 1]) end as collation,
                  case when {states_collation} then case x.indcollation[ia.attnum - 1] when 0 then '' when 100 then '"default"'
                       else ({collation_name} = x.indcollation[ia.attnum - 1]) end end as collation_name,
                  case when am.amname <> 'btree' and not pg_indexam_has_property(am.oid, 'can_order') then ''
                       else case x.indoption[ia.attnum - 1] when 0 then 'asc nulls last' when 1 then 'desc nulls last'
                                 when 2 then 'asc nulls first' else 'desc nulls first' end end as ordering,
                  case when ia.attstattarget >= 0 then format('%s=%s', ia.attnum, ia.attstattarget) end as target,
                  x.indkey[ia.attnum - 1] = 0 and x.indcollation[ia.attnum - 1] <> 0 as collated_expression
             from pg_attribute ia
             join pg_opclass o on o.oid = x.indclass[ia.attnum - 1]
             -- a null finds nothing without a look at the index
             left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = nullif(x.indkey[ia.attnum - 1], 0)
             -- of an expression the attribute has the type, unless the class or the method stores another
            cross join lateral (select case when a.atttypid is not null then a.atttypid
                                            when o.opckeytype = 0 and am.amname <> 'hash' then ia.atttypid end as oid) as key_type
            where ia.attrelid = x.indexrelid and ia.attnum between 1 and x.indnkeyatts
            order by ia.attnum) as key) as k;
