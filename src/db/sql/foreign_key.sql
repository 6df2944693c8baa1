select 'foreign key' as kind, n.nspname as schema, c.relname as relation,{of_relation} con.conname as name,
       {key_columns} as columns,
       format('%I.%I', fn.nspname, f.relname) as target,
       {target_columns} as target_columns,
       case con.confupdtype when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
                            when 'n' then 'set null' when 'd' then 'set default' end as on_update,
       case con.confdeltype when 'a' then 'no action' when 'r' then 'restrict' when 'c' then 'cascade'
                            when 'n' then 'set null' when 'd' then 'set default' end
       || case when {delete_columns} is not null then ' (' || array_to_string(array(
            select (select quote_ident(a.attname) from pg_attribute a where a.attrelid = con.conrelid and a.attnum = key.attnum)
              from (select unnest({delete_columns}) as attnum) as key), ', ') || ')' else '' end as on_delete,
       case con.confmatchtype when 'f' then 'full' when 'p' then 'partial' else 'simple' end as match,
       nullif({period}, false) as period,
       con.condeferrable as deferrable,
       con.condeferred as initially_deferred,
       con.convalidated as validated,
       nullif({not_enforced}, false) as not_enforced,
       (select case when bool_or(t.tgenabled = 'D') then 'disabled' when bool_or(t.tgenabled = 'R') then 'replica'
                    when bool_or(t.tgenabled = 'A') then 'always' end
          from pg_trigger t where t.tgconstraint = con.oid) as enabled,
       nullif(con.conparentid <> '0', false) as inherited,
       d.description as comment
  from {relation}
  join pg_constraint con on con.conrelid = c.oid and con.contype = 'f'
  join pg_class f on f.oid = con.confrelid
  join pg_namespace fn on fn.oid = f.relnamespace
  left join pg_description d on d.objoid = con.oid and d.classoid = 'pg_constraint'::regclass and d.objsubid = 0
 -- a key that references a partitioned table has inner rows for each of its partitions
 where con.conparentid = '0'
    or exists (select from pg_constraint up where up.oid = con.conparentid and up.conrelid <> con.conrelid
                                              and up.confrelid = con.confrelid);
