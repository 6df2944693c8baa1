select 'range type' as kind, n.nspname as schema, t.typname as name,
       format_type(r.rngsubtype, null) as subtype,
       case when not o.opcdefault then
         case when onn.nspname = 'pg_catalog' then quote_ident(o.opcname)
              else format('%I.%I', onn.nspname, o.opcname) end end as opclass,
       case when r.rngcollation <> st.typcollation then (
         select case when cn.nspname = 'pg_catalog' then quote_ident(co.collname)
                     else format('%I.%I', cn.nspname, co.collname) end
           from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace
          where co.oid = r.rngcollation) end as collation,
       (select format('%I.%I', pn.nspname, p.proname)
          from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where p.oid = r.rngcanonical) as canonical,
       (select format('%I.%I', pn.nspname, p.proname)
          from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where p.oid = r.rngsubdiff) as subtype_diff,
       (select format('%I.%I', mn.nspname, m.typname)
          from pg_type m join pg_namespace mn on mn.oid = m.typnamespace where m.oid = {multirange}) as multirange,
       {privileges} as privileges,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_range r on r.rngtypid = t.oid
  join pg_type st on st.oid = r.rngsubtype
  join pg_opclass o on o.oid = r.rngsubopc
  join pg_namespace onn on onn.oid = o.opcnamespace
  join pg_namespace n on n.oid = t.typnamespace
 cross join lateral (select t.typowner as owner, coalesce(t.typacl, acldefault('T', t.typowner)) as acl) as held
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'r';
