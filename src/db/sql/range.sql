select 'range type' as kind, n.nspname as schema, t.typname as name,
       format_type(r.rngsubtype, null) as subtype,
       case when not o.opcdefault or o.opcintype <> r.rngsubtype and (
                   -- that of text is the one of varchar, which bpchar can be read as too
                   o.opcintype = 1042 and r.rngsubtype = 1043
                   or exists (select from pg_opclass own where own.opcmethod = o.opcmethod and own.opcdefault
                                 and own.opcintype = r.rngsubtype))
            then ({opclass_name} = o.oid) end as opclass,
       case when {states_opclass} then ({opclass_name} = o.oid) end as opclass_name,
       case when r.rngcollation <> st.typcollation then ({collation_name} = r.rngcollation) end as collation,
       case when {states_collation} then ({collation_name} = r.rngcollation) end as collation_name,
       (select format('%I.%I', pn.nspname, p.proname)
          from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where p.oid = r.rngcanonical) as canonical,
       (select format('%I.%I', pn.nspname, p.proname)
          from pg_proc p join pg_namespace pn on pn.oid = p.pronamespace where p.oid = r.rngsubdiff) as subtype_diff,
       (select format('%I.%I', mn.nspname, m.typname)
          from pg_type m join pg_namespace mn on mn.oid = m.typnamespace where m.oid = {multirange}) as multirange,
       case when {states_opclass} or {states_collation} or {states_function} then (
         select json_agg(s.name) from (
           {opclass_namesakes} = r.rngsubopc
           union all {collation_namesakes} = r.rngcollation
           union all {function_namesakes} in (r.rngcanonical, r.rngsubdiff)
           union all {type_namesakes} = {multirange}) as s (name)) end as namesakes,
       {privileges} as privileges,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_range r on r.rngtypid = t.oid
  join pg_type st on st.oid = r.rngsubtype
  join pg_opclass o on o.oid = r.rngsubopc
  join pg_namespace n on n.oid = t.typnamespace
 cross join lateral (select t.typowner as owner, coalesce(t.typacl, acldefault('T', t.typowner)) as acl,
                            t.typacl @> (acldefault('T', t.typowner))[2] as is_whole) as held
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'r';
