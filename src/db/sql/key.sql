select case con.contype when 'p' then 'primary key' else 'unique constraint' end as kind,
       n.nspname as schema, c.relname as relation,{of_relation} con.conname as name,
       {key_columns} as columns,
       case when x.indnatts > x.indnkeyatts then array_to_json(array(
         select (select a.attname from pg_attribute a where a.attrelid = con.conrelid and a.attnum = key.attnum)
           from (select unnest((x.indkey::int2[])[x.indnkeyatts:]) as attnum) as key)) end as include,
       case when con.contype = 'u' then {nulls_not_distinct} end as nulls_not_distinct,
       nullif({period}, false) as without_overlaps,
       con.condeferrable as deferrable,
       con.condeferred as initially_deferred,
       nullif(con.conparentid <> '0', false) as inherited,
       d.description as comment
  from {relation}
  join pg_constraint con on con.conrelid = c.oid and con.contype in ('p', 'u')
  join pg_index x on x.indexrelid = con.conindid
  left join pg_description d on d.objoid = con.oid and d.classoid = 'pg_constraint'::regclass and d.objsubid = 0;
