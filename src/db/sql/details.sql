-- What no check names and a dump would still hold: one row an object, merged into it.
select k.kind, k.schema, k.relation, k.name, to_json(array_remove(k.details, null)) as details from (
select case c.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence'
                      else 'table' end as kind,
       n.nspname::text as schema, ''::text as relation, c.relname::text as name,
       {acl}(case c.relkind when 'S' then 's' else 'r' end)(c.relacl)(c.relowner)(and granted.grantee = c.relowner and granted.is_grantable) as details
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
union all
select 'column', n.nspname, c.relname, a.attname, array['merged with inherited']
  from {wanted}
  join pg_class c on c.oid = wanted.oid and c.relkind <> 'S'
  join pg_namespace n on n.oid = c.relnamespace
  join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
 where a.attinhcount > 0 and a.attislocal and not c.relispartition
union all
select 'exclusion constraint', n.nspname, c.relname, con.conname, array['inherited']
  from {wanted}
  join pg_class c on c.oid = wanted.oid
  join pg_namespace n on n.oid = c.relnamespace
  join pg_constraint con on con.conrelid = c.oid and con.contype = 'x'
 where not con.conislocal
union all
select case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range type' else 'composite type' end,
       n.nspname, '', t.typname, {acl}('T')(t.typacl)(t.typowner)(and granted.grantee = t.typowner and granted.is_grantable)
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid and t.typtype in ('e', 'd', 'r', 'c')
  join pg_namespace n on n.oid = t.typnamespace
union all
select 'function', n.nspname, '',
       quote_ident(p.proname) || '(' || coalesce((
         select string_agg(format_type(arg.type, null), ', ' order by arg.position)
           from unnest(p.proargtypes::oid[]) with ordinality as arg (type, position)), '') || ')',
       {acl}('f')(p.proacl)(p.proowner)(and granted.grantee = p.proowner and granted.is_grantable)
  from unnest({functions}) as wanted (oid)
  join pg_proc p on p.oid = wanted.oid
  join pg_namespace n on n.oid = p.pronamespace
union all
select 'schema', '', '', n.nspname, {acl}('n')(n.nspacl)(n.nspowner)(and granted.grantee = n.nspowner and granted.is_grantable)
  from pg_namespace n
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
union all
select 'role', '', '', pg_get_userbyid(s.setrole), array(select 'in this database ' || setting from unnest(s.setconfig) as setting)
  from pg_db_role_setting s
 where s.setrole <> 0 and s.setdatabase = (select d.oid from pg_database d where d.datname = current_database())
   and pg_get_userbyid(s.setrole) !~ '^pg_'
) as k
where array_remove(k.details, null) <> '{}';
