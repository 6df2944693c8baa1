select 'column' as kind, n.nspname as schema, c.relname as relation,{of_relation} a.attname as name,
       {position} as position,
       format_type(a.atttypid, a.atttypmod) as type,
       {not_null} as not_null,
       case when {defined} and a.atthasdef and a.attgenerated = ''
            -- names no column, so it needs no relation, which would be looked up for each
            then coalesce(pg_get_expr(e.adbin, 0), {disturbed}) end as default,
       case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
       case when {defined} and a.atthasdef and a.attgenerated <> ''
            then coalesce(pg_get_expr(e.adbin, e.adrelid), {disturbed}) end as generated,
       case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated_kind,
       case when a.attcollation <> t.typcollation then (
         select case when cn.nspname = 'pg_catalog' then quote_ident(o.collname)
                     else format('%I.%I', cn.nspname, o.collname) end
           from pg_collation o join pg_namespace cn on cn.oid = o.collnamespace
          where o.oid = a.attcollation) end as collation,
       {not_null_name} as not_null_name,
       {not_null_no_inherit} as not_null_no_inherit,
       {storage}nullif(a.attinhcount > 0 and not a.attislocal, false) as inherited,
       d.description as comment
  from {relation}
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and {chosen}
  -- what is fixed in length has no choice, and of the most usual types the defaults are known: a null needs no look
  left join pg_type t on t.oid = case when a.attlen > 0 and a.attcollation = 0
         or a.atttypid in (25, 1042, 1043) and a.attcollation = 100 and a.attstorage = 'x'
         or a.atttypid in (17, 114, 3802) and a.attstorage = 'x' or a.atttypid = 1700 and a.attstorage = 'm'
         then null else a.atttypid end
  -- a null finds nothing without a look at the index
  left join pg_attrdef e on e.adrelid = case when a.atthasdef and {defined} then a.attrelid end and e.adnum = a.attnum
  left join pg_description d on d.objoid = case when {defined} then c.oid end and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum
 where c.relkind in ('r', 'p', 'f', 'v', 'm');
