-- The relations, types and routines whose rows of the catalog fulfil a condition, and, as `other`, whether anything else does.
with raw (class, id) as materialized (
  select 'pg_class'::regclass::oid, oid from pg_class where {changed}
  union all select 'pg_class'::regclass, attrelid from pg_attribute where {changed}
  union all select 'pg_class'::regclass, adrelid from pg_attrdef where {changed}
  union all select 'pg_class'::regclass, indexrelid from pg_index where {changed}
  union all select 'pg_class'::regclass, tgrelid from pg_trigger where {changed}
  union all select 'pg_class'::regclass, polrelid from pg_policy where {changed}
  union all select 'pg_class'::regclass, ev_class from pg_rewrite where {changed}
  union all select 'pg_rewrite'::regclass, oid from pg_rewrite where {changed}
  union all select 'pg_class'::regclass, inhrelid from pg_inherits where {changed}
  union all select 'pg_class'::regclass, seqrelid from pg_sequence where {changed}
  union all select 'pg_class'::regclass, partrelid from pg_partitioned_table where {changed}
  union all select 'pg_class'::regclass, ftrelid from pg_foreign_table where {changed}
  union all select case conrelid when 0 then 'pg_type'::regclass else 'pg_class'::regclass end,
                   case conrelid when 0 then contypid else conrelid end from pg_constraint where {changed}
  union all select 'pg_type'::regclass, oid from pg_type where {changed}
  union all select 'pg_type'::regclass, enumtypid from pg_enum where {changed}
  union all select 'pg_type'::regclass, rngtypid from pg_range where {changed}
  union all select 'pg_proc'::regclass, oid from pg_proc where {changed}
  union all select 'pg_proc'::regclass, aggfnoid from pg_aggregate where {changed}
  union all select classid, objid from pg_depend where {changed}
  union all select classoid, objoid from pg_description where {changed}
  union all select 'pg_seclabel'::regclass, objoid from pg_seclabel where {changed}
  union all select 'pg_class'::regclass, stxrelid from pg_statistic_ext where {changed}
  union all select 'pg_default_acl'::regclass, oid from pg_default_acl where {changed}
  union all select 'pg_db_role_setting'::regclass, setdatabase from pg_db_role_setting where {changed}
  union all select 'pg_database'::regclass, oid from pg_database where datname = current_database() and {changed}
  union all select classoid, objoid from pg_shdescription where {changed}
  union all select 'pg_publication'::regclass, oid from pg_publication where {changed}
  union all select 'pg_publication'::regclass, prpubid from pg_publication_rel where {changed}
  union all select 'pg_event_trigger'::regclass, oid from pg_event_trigger where {changed}
  union all select 'pg_operator'::regclass, oid from pg_operator where {changed}
  union all select 'pg_opclass'::regclass, oid from pg_opclass where {changed}
  union all select 'pg_opfamily'::regclass, oid from pg_opfamily where {changed}
  union all select 'pg_opfamily'::regclass, amopfamily from pg_amop where {changed}
  union all select 'pg_opfamily'::regclass, amprocfamily from pg_amproc where {changed}
  union all select 'pg_cast'::regclass, oid from pg_cast where {changed}
  union all select 'pg_conversion'::regclass, oid from pg_conversion where {changed}
  union all select 'pg_collation'::regclass, oid from pg_collation where {changed}
  union all select 'pg_ts_config'::regclass, oid from pg_ts_config where {changed}
  union all select 'pg_ts_config'::regclass, mapcfg from pg_ts_config_map where {changed}
  union all select 'pg_ts_dict'::regclass, oid from pg_ts_dict where {changed}
  union all select 'pg_language'::regclass, oid from pg_language where {changed}
  union all select 'pg_foreign_data_wrapper'::regclass, oid from pg_foreign_data_wrapper where {changed}
  union all select 'pg_foreign_server'::regclass, oid from pg_foreign_server where {changed}
), touched (class, id) as materialized (
  select distinct class, id from (select class, id from raw {dependents}) as all_of
), relation (oid) as (
  select id from touched where class = 'pg_class'::regclass
  union select x.indrelid from touched join pg_index x on x.indexrelid = id where class = 'pg_class'::regclass
  union select d.adrelid from touched join pg_attrdef d on d.oid = id where class = 'pg_attrdef'::regclass
  union select con.conrelid from touched join pg_constraint con on con.oid = id where class = 'pg_constraint'::regclass
  union select t.tgrelid from touched join pg_trigger t on t.oid = id where class = 'pg_trigger'::regclass
  union select r.ev_class from touched join pg_rewrite r on r.oid = id where class = 'pg_rewrite'::regclass
  union select p.polrelid from touched join pg_policy p on p.oid = id where class = 'pg_policy'::regclass
  union select s.stxrelid from touched join pg_statistic_ext s on s.oid = id where class = 'pg_statistic_ext'::regclass
  union select t.typrelid from touched join pg_type t on t.oid = id where class = 'pg_type'::regclass
), type (oid) as (
  select id from touched where class = 'pg_type'::regclass
  union select t.oid from touched join pg_type t on t.typarray = id where class = 'pg_type'::regclass and t.typarray <> 0
  union select t.oid from touched join pg_type t on t.typrelid = id where class = 'pg_class'::regclass and id <> 0
  union select con.contypid from touched join pg_constraint con on con.oid = id where class = 'pg_constraint'::regclass
  -- a range type with the name of its multirange type
  union select r.rngtypid from touched join pg_range r on {multirange} = id and id <> 0 where class = 'pg_type'::regclass
)
select 'relation' as unit, c.oid, n.nspname as schema, c.relname as name
  from relation join pg_class c on c.oid = relation.oid join pg_namespace n on n.oid = c.relnamespace
 where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from pg_depend e
       where e.classid = 'pg_class'::regclass and e.objid = c.oid and e.deptype = 'e')
union all
select 'type', t.oid, n.nspname, t.typname
  from type join pg_type t on t.oid = type.oid join pg_namespace n on n.oid = t.typnamespace
 where (t.typtype in ('e', 'd', 'r')
       or t.typtype = 'c' and exists (select from pg_class k where k.oid = t.typrelid and k.relkind = 'c')) and n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from pg_depend e
       where e.classid = 'pg_type'::regclass and e.objid = t.oid and e.deptype = 'e')
union all
select distinct 'function', p.oid, n.nspname, quote_ident(p.proname) || '(' || coalesce((
         select string_agg(format_type(arg.type, null), ', ' order by arg.position)
           from unnest(p.proargtypes::oid[]) with ordinality as arg (type, position)), '') || ')'
  -- with those of the same name: a type in the signature may have another name now
  from touched join pg_proc q on q.oid = touched.id and touched.class = 'pg_proc'::regclass
  join pg_proc p on p.proname = q.proname and p.pronamespace = q.pronamespace
  join pg_namespace n on n.oid = p.pronamespace
 where n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from pg_depend e
       where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i'))
union all
select distinct 'other', 0::oid, '', ''
  from touched left join pg_type t on t.oid = id and class = 'pg_type'::regclass
  left join pg_class c on c.oid = t.typrelid
  left join pg_class k on k.oid = id and class = 'pg_class'::regclass
  left join pg_constraint con on con.oid = id and class = 'pg_constraint'::regclass
  left join pg_rewrite r on r.oid = id and class = 'pg_rewrite'::regclass
 where class not in ('pg_class'::regclass, 'pg_attrdef'::regclass, 'pg_constraint'::regclass, 'pg_trigger'::regclass,
                     'pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_type'::regclass, 'pg_proc'::regclass,
                     'pg_namespace'::regclass, 'pg_extension'::regclass)
    or class = 'pg_type'::regclass and (t.typtype in ('r', 'b', 'p') and t.typelem = 0 or c.relkind = 'c' or t.typtype = 'd')
    or con.conrelid = 0 or k.relkind = 'c'
    or r.rulename <> '_RETURN' or class = 'pg_rewrite'::regclass and r.oid is null;
