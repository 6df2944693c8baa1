select 'column' as kind, n.nspname as schema, c.relname as relation,{of_relation} a.attname as name,
       {position} as position,
       format_type(a.atttypid, a.atttypmod) as type,
       {not_null} as not_null,
       case when {defined} and a.atthasdef and a.attgenerated = ''
            -- names no column, so it needs no relation, which would be looked up for each
            then coalesce((select pg_get_expr(e.adbin, 0) from pg_attrdef e
                            where e.adrelid = a.attrelid and e.adnum = a.attnum), {disturbed}) end as default,
       case a.attidentity when 'a' then 'always' when 'd' then 'by default' end as identity,
       case when {defined} and a.atthasdef and a.attgenerated <> ''
            then coalesce((select pg_get_expr(e.adbin, e.adrelid) from pg_attrdef e
                            where e.adrelid = a.attrelid and e.adnum = a.attnum), {disturbed}) end as generated,
       case a.attgenerated when 's' then 'stored' when 'v' then 'virtual' end as generated_kind,
       -- of the most usual types the default is known
       case when a.attcollation = '0' or a.attcollation = '100' and a.atttypid in ('25', '1042', '1043') then null
            when a.attcollation <> (select t.typcollation from pg_type t where t.oid = a.atttypid)
            then ({collation_name} = a.attcollation) end as collation,
       {collation}{not_null_name} as not_null_name,
       {not_null_no_inherit} as not_null_no_inherit,
       case when {defined} then {not_null_comment} end as not_null_comment,
       {storage}nullif(a.attinhcount > 0 and not a.attislocal, false) as inherited,
       d.description as comment
  from {relation}
  {attributes} a.attnum > 0 and not a.attisdropped and {chosen}
  left join pg_description d on d.objoid = case when {defined} then c.oid end and d.classoid = 'pg_class'::regclass and d.objsubid = a.attnum
 where c.relkind in ('r', 'p', 'f', 'v', 'm');
