select 'check constraint' as kind, n.nspname as schema, c.relname as relation,{of_relation} con.conname as name,
       case when {defined} then coalesce(pg_get_expr(con.conbin, con.conrelid), {disturbed}) end as expression,
       con.convalidated as validated,
       nullif({not_enforced}, false) as not_enforced,
       con.connoinherit as no_inherit,
       nullif(con.coninhcount > 0 and not con.conislocal, false) as inherited,
       d.description as comment
  from {relation}
  join pg_constraint con on con.conrelid = c.oid and con.contype = 'c'
  left join pg_description d on d.objoid = con.oid and d.classoid = 'pg_constraint'::regclass and d.objsubid = 0;
