select 'rule' as kind, n.nspname as schema, c.relname as relation,{of_relation} r.rulename as name,
       -- the whole of it: the decoder cuts off what stands before ON
       case when {defined} then coalesce(pg_get_ruledef(r.oid), {disturbed}) end as definition,
       case r.ev_enabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica'
                         else 'always' end as enabled,
       d.description as comment
  from {relation}
  join pg_rewrite r on c.relhasrules and r.ev_class = c.oid and r.rulename <> '_RETURN'
  left join pg_description d on d.objoid = r.oid and d.classoid = 'pg_rewrite'::regclass and d.objsubid = 0;
