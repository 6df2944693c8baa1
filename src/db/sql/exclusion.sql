select 'exclusion constraint' as kind, n.nspname as schema, c.relname as relation,{of_relation} con.conname as name,
       case when {defined} then coalesce(pg_get_constraintdef(con.oid), {disturbed}) end as definition,
       (select json_agg(case when opn.nspname = 'pg_catalog' then o.oprname
                            else format('OPERATOR(%I.%s)', opn.nspname, o.oprname) end order by key.position)
          from unnest(con.conexclop) with ordinality as key (oid, position)
          join pg_operator o on o.oid = key.oid
          join pg_namespace opn on opn.oid = o.oprnamespace) as operators,
       con.condeferrable as deferrable,
       con.condeferred as initially_deferred,
       d.description as comment
  from {relation}
  join pg_constraint con on con.conrelid = c.oid and con.contype = 'x'
  left join pg_description d on d.objoid = con.oid and d.classoid = 'pg_constraint'::regclass and d.objsubid = 0;
