select 'sequence' as kind, n.nspname as schema, c.relname as name,
       format_type(s.seqtypid, null) as type,
       s.seqstart as start,
       s.seqincrement as increment,
       s.seqmin as minimum,
       s.seqmax as maximum,
       s.seqcache as cache,
       s.seqcycle as cycle,
       case c.relpersistence when 'u' then 'unlogged' when 't' then 'temporary' end as persistence,
       case when o.name is not null then format('%I.%I.%I', o.schema, o.relation, o.name) end as owned_by,
       nullif(o.deptype = 'i', false) as identity,
       pg_get_userbyid(c.relowner) as owner,
       d.description as comment
  from {relation}
  join pg_sequence s on s.seqrelid = c.oid
  left join lateral (
       select tn.nspname as schema, t.relname as relation, o.deptype,
              (select a.attname from pg_attribute a where a.attrelid = o.refobjid and a.attnum = o.refobjsubid) as name
         from pg_depend o
         join pg_class t on t.oid = o.refobjid
         join pg_namespace tn on tn.oid = t.relnamespace
        where o.classid = 'pg_class'::regclass and o.objid = c.oid and o.objsubid = 0
          and o.refclassid = 'pg_class'::regclass and o.refobjsubid > 0 and o.deptype in ('a', 'i')) as o on true
  left join pg_description d on d.objoid = c.oid and d.classoid = 'pg_class'::regclass and d.objsubid = 0
 where c.relkind = 'S';
