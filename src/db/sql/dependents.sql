with recursive mine(classid, objid) as (
    select 'pg_catalog.pg_class'::pg_catalog.regclass::oid, c.oid
      from pg_catalog.pg_class as c
      join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
     where (n.nspname, c.relname) in ({relations})
    union
    select 'pg_catalog.pg_type'::pg_catalog.regclass::oid, t.oid
      from pg_catalog.pg_type as t
      join pg_catalog.pg_namespace as n on n.oid = t.typnamespace
     where (n.nspname, t.typname) in ({types})
    union
    select 'pg_catalog.pg_proc'::pg_catalog.regclass::oid, p.oid
      from pg_catalog.pg_proc as p
      join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
     where (n.nspname, p.proname) in ({functions})
    union
    select 'pg_catalog.pg_namespace'::pg_catalog.regclass::oid, n.oid
      from pg_catalog.pg_namespace as n
     where n.nspname in ({schemas})
    union
    select 'pg_catalog.pg_extension'::pg_catalog.regclass::oid, e.oid
      from pg_catalog.pg_extension as e
     where e.extname in ({extensions})
    union
    -- what goes when they go: indexes, constraints, row types, members of extensions
    select d.classid, d.objid
      from mine
      join pg_catalog.pg_depend as d on d.refclassid = mine.classid and d.refobjid = mine.objid
     where d.deptype in ('a', 'i', 'P', 'S', 'e')
),
outside as (
    select distinct d.classid, d.objid, d.refclassid, d.refobjid, d.refobjsubid
      from mine
      join pg_catalog.pg_depend as d on d.refclassid = mine.classid and d.refobjid = mine.objid
     where d.deptype = 'n'
       and not exists (select from mine as m where m.classid = d.classid and m.objid = d.objid)
),
-- a constraint, policy, trigger, rule or default belongs to its relation
owned as (
    select o.*, coalesce(con.conrelid, pol.polrelid, tg.tgrelid, rw.ev_class, ad.adrelid, rel.oid) as relid,
           coalesce(con.contypid, typ.oid) as typid, fn.oid as fnid,
           -- dropping any of these takes it away: itself, and the columns of a constraint or default
           pg_catalog.array_remove(
               array[con.conname, pol.polname, tg.tgname, rw.rulename]::text[]
                   || array(select a.attname::text
                              from pg_catalog.pg_attribute as a
                             where a.attrelid = coalesce(nullif(con.conrelid, 0), ad.adrelid)
                               and (a.attnum = any (con.conkey) or a.attnum = ad.adnum)),
               null) as parts
      from outside as o
      left join pg_catalog.pg_constraint as con
        on o.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass and con.oid = o.objid
      left join pg_catalog.pg_policy as pol
        on o.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass and pol.oid = o.objid
      left join pg_catalog.pg_trigger as tg
        on o.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass and tg.oid = o.objid
      left join pg_catalog.pg_rewrite as rw
        on o.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and rw.oid = o.objid
      left join pg_catalog.pg_attrdef as ad
        on o.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass and ad.oid = o.objid
      left join pg_catalog.pg_class as rel
        on o.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and rel.oid = o.objid
      left join pg_catalog.pg_type as typ
        on o.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and typ.oid = o.objid
      left join pg_catalog.pg_proc as fn
        on o.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass and fn.oid = o.objid
)
select pg_catalog.pg_describe_object(o.refclassid, o.refobjid, 0) as object,
       -- the query of a view is a rule of its own to the server
       coalesce((select pg_catalog.pg_describe_object('pg_catalog.pg_class'::pg_catalog.regclass, w.ev_class, 0)
                   from pg_catalog.pg_rewrite as w
                  where o.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and w.oid = o.objid
                    and w.rulename = '_RETURN'),
                pg_catalog.pg_describe_object(o.classid, o.objid, 0)) as dependent,
       coalesce(rn.nspname, tn.nspname, fnn.nspname, '') as owner_schema,
       coalesce(r.relname, t.typname, f.proname, '') as owner_name,
       pg_catalog.to_json(o.parts)::text as parts
  from owned as o
  left join pg_catalog.pg_class as r on r.oid = nullif(o.relid, 0)
  left join pg_catalog.pg_namespace as rn on rn.oid = r.relnamespace
  left join pg_catalog.pg_type as t on t.oid = nullif(o.typid, 0)
  left join pg_catalog.pg_namespace as tn on tn.oid = t.typnamespace
  left join pg_catalog.pg_proc as f on f.oid = o.fnid
  left join pg_catalog.pg_namespace as fnn on fnn.oid = f.pronamespace
 where not exists (
           select from mine as m
            where (m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and m.objid = o.relid)
               or (m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass and m.objid = o.typid)
       )
   and pg_catalog.pg_describe_object(o.classid, o.objid, 0) is not null
 order by 1, 2
