with recursive
  input as (
    select current_setting('pgplumb.isolation')::json as asked
  ),
  me as (
    select r.oid, r.rolsuper, r.rolbypassrls, pg_has_role(r.oid, 'MEMBER') as mine,
      -- the order in which the server applies them, last first
      (select substr(c.setting, 13) from pg_db_role_setting s, unnest(s.setconfig) as c (setting)
        where s.setrole in (0, r.oid) and c.setting ~ '^search_path='
          and s.setdatabase in (0, (select d.oid from pg_database d where d.datname = current_database()))
        order by s.setrole = 0, s.setdatabase = 0 limit 1) as search_path
    from pg_roles r, input where r.rolname = input.asked ->> 'role'
  ),
  named as (
    select c.oid, c.relname, c.reltype
    from input, json_to_recordset(input.asked -> 'relations') as a (schema text, name text)
    join pg_namespace n on n.nspname = a.schema
    join pg_class c on c.relnamespace = n.oid and c.relname = a.name and c.relkind in ('r', 'p')
  ),
  -- what rows of theirs may need, however far
  needed (oid) as (
    select n.oid from named n
    union
    select f.confrelid from needed t
    join pg_constraint f on f.conrelid = t.oid and f.contype = 'f' and f.conparentid = 0
  ),
  -- what a TRUNCATE of it has to take along, however far
  following (oid, by) as (
    select f.confrelid, f.conrelid from pg_constraint f
    where f.contype = 'f' and f.conrelid <> f.confrelid
    union
    select g.oid, f.conrelid from following g join pg_constraint f on f.confrelid = g.by and f.contype = 'f'
    where f.conrelid <> g.oid
  ),
  piece (oid, parent, root) as (
    select i.inhrelid, i.inhparent, n.oid from named n join pg_inherits i on i.inhparent = n.oid
    union
    select i.inhrelid, i.inhparent, p.root from piece p join pg_inherits i on i.inhparent = p.oid
  ),
  relation as (
    select c.oid, c.relname, n.nspname, c.relkind, c.relowner, c.relrowsecurity, c.relforcerowsecurity, c.relpartbound,
      greatest(c.relpages, 0) as pages, format('%I.%I', n.nspname, c.relname) as path
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid in (select oid from needed union select oid from piece)
  ),
  -- a domain with what it stands on
  typed (oid, base, typmod) as (
    select t.oid, t.typbasetype, t.typtypmod from pg_type t where t.typtype = 'd'
    union all
    select d.oid, t.typbasetype, coalesce(nullif(d.typmod, -1), t.typtypmod)
    from typed d join pg_type t on t.oid = d.base and t.typtype = 'd'
  ),
  base as (
    select d.oid, d.base, d.typmod from typed d join pg_type t on t.oid = d.base and t.typtype <> 'd'
  ),
  reading (view, relation) as (
    select w.ev_class, d.refobjid
    from pg_rewrite w
    join pg_class v on v.oid = w.ev_class and v.relkind in ('v', 'm')
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
      and d.refobjid <> w.ev_class
  ),
  reached (view, relation) as (
    select r.view, coalesce(p.root, r.relation) from reading r left join piece p on p.oid = r.relation
    where r.relation in (select oid from named union select oid from piece)
    union
    select r.view, a.relation from reached a join reading r on r.relation = a.view
  ),
  view as (
    select c.oid, c.relname, c.relkind, format('%I.%I', n.nspname, c.relname) as path, c.reloptions, c.relnamespace
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.oid in (select r.view from reached r)
  ),
  routine as (
    select p.oid, p.proname, format('%I.%I', n.nspname, p.proname) as path, p.prosrc, p.prorettype, p.prokind, p.proretset,
      p.proargtypes, p.proargnames, p.proargmodes, p.pronargs, p.pronargdefaults, l.lanname, p.proowner
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace join pg_language l on l.oid = p.prolang, me
    where p.prosecdef and p.prokind in ('f', 'p') and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
      and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
      and has_function_privilege(me.oid, p.oid, 'EXECUTE') and has_schema_privilege(me.oid, n.oid, 'USAGE')
      and not exists (
        select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  ),
  -- names that tell that a function reaches a table
  word (relation, pattern) as (
    select x.relation,
      '(^|[^[:alnum:]_])' || regexp_replace(x.name, '([^[:alnum:]_ ])', E'\\\\\\1', 'g') || '([^[:alnum:]_]|$)'
    from (
      select n.oid as relation, n.relname as name from named n
      union select p.root, c.relname from piece p join pg_class c on c.oid = p.oid
      union select r.relation, v.relname from reached r join view v on v.oid = r.view
    ) x
  ),
  reach as (
    select p.oid, w.relation from routine p join word w on p.prosrc ~* w.pattern
    union
    select p.oid, n.oid from routine p join named n on p.prorettype = n.reltype
    union
    select p.oid, coalesce(i.root, a.relation, d.refobjid)
    from routine p
    join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_class'::regclass
    left join piece i on i.oid = d.refobjid
    left join reached a on a.view = d.refobjid
  ),
  -- what a value has to be like
  shape as (
    select t.oid, coalesce(e.typname, b.typname, t.typname) as base, coalesce(b.typcategory, t.typcategory) as category,
      coalesce(b.typtype, t.typtype) as kind, e.oid is not null as is_array, coalesce(b.oid, t.oid) as bare, d.typmod,
      t.typnotnull, t.typdefault is not null as has_default,
      (select coalesce(json_agg(l.enumlabel order by l.enumsortorder), '[]') from pg_enum l
        where l.enumtypid = coalesce(b.oid, t.oid)) as labels,
      (select coalesce(json_agg(json_build_object('name', c.conname, 'columns', json_build_array(),
          'expression', pg_get_constraintdef(c.oid)) order by c.oid), '[]')
        from pg_constraint c where c.contype = 'c' and (c.contypid = t.oid
          or c.contypid in (select x.base from typed x where x.oid = t.oid))) as domain_checks
    from pg_type t
    left join base d on d.oid = t.oid
    left join pg_type b on b.oid = d.base
    left join pg_type e on e.oid = coalesce(b.typelem, t.typelem) and coalesce(b.typcategory, t.typcategory) = 'A'
    where t.oid in (select a.atttypid from relation r join pg_attribute a on a.attrelid = r.oid)
      or t.oid in (select unnest(p.proargtypes::oid[]) from routine p where p.oid in (select x.oid from reach x))
      or t.oid in (select a.atttypid from routine p, unnest(p.proargtypes::oid[]) as o (type)
        join pg_type c on c.oid = o.type join pg_attribute a on a.attrelid = c.typrelid where p.oid in (select x.oid from reach x))
  ),
  argument as (
    select p.oid, json_agg(json_build_object('type', format_type(o.type, null), 'base', s.base, 'category', s.category,
        'kind', s.kind, 'is_array', s.is_array, 'labels', s.labels, 'domain_checks', s.domain_checks,
        'name', p.proargnames[o.ordinality],
        -- those of a composite type
        'fields', (select coalesce(json_agg(json_build_object('type', format_type(a.atttypid, a.atttypmod),
            'base', f.base, 'category', f.category, 'kind', f.kind, 'is_array', f.is_array, 'labels', f.labels,
            'domain_checks', f.domain_checks, 'name', a.attname, 'fields', json_build_array()) order by a.attnum), '[]')
          from pg_type c join pg_attribute a on a.attrelid = c.typrelid and a.attnum > 0 and not a.attisdropped
          join shape f on f.oid = a.atttypid where c.oid = s.bare and s.kind = 'c')
      ) order by o.ordinality) as arguments
    from routine p, unnest(p.proargtypes::oid[]) with ordinality as o (type, ordinality)
    join shape s on s.oid = o.type
    group by p.oid
  ),
  attribute as (
    select a.attrelid, json_agg(json_build_object(
      'name', a.attname,
      'type', format_type(a.atttypid, a.atttypmod),
      'base', s.base, 'category', s.category, 'kind', s.kind, 'is_array', s.is_array,
      'length', case when s.base in ('varchar', 'bpchar') and not s.is_array
        and coalesce(s.typmod, a.atttypmod) > 4 then coalesce(s.typmod, a.atttypmod) - 4 end,
      'labels', s.labels,
      'domain_checks', s.domain_checks,
      'not_null', a.attnotnull or s.typnotnull,
      'has_default', (a.atthasdef and a.attgenerated = '') or s.has_default,
      'counts', a.attidentity <> '' or coalesce(pg_get_expr(f.adbin, f.adrelid) ~ 'nextval[(]', false),
      'identity_always', a.attidentity = 'a',
      'generated', a.attgenerated <> '',
      'may_select', coalesce(has_column_privilege(me.oid, a.attrelid, a.attnum, 'SELECT'), false),
      'may_update', coalesce(has_column_privilege(me.oid, a.attrelid, a.attnum, 'UPDATE'), false)
    ) order by a.attnum) as columns
    from relation r
    join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
    join shape s on s.oid = a.atttypid
    left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
    left join me on true
    group by a.attrelid
  )
select json_build_object(
  'role', (select json_build_object('bypasses', me.rolsuper or me.rolbypassrls, 'mine', me.mine,
    'search_path', me.search_path) from me),
  'version', current_setting('server_version_num')::integer,
  'relations', (select coalesce(json_agg(json_build_object(
    'oid', r.oid::bigint, 'schema', r.nspname, 'name', r.relname, 'path', r.path, 'partitioned', r.relkind = 'p',
    'foreign', r.relkind = 'f', 'protected', r.relrowsecurity, 'forced', r.relforcerowsecurity,
    'owned', coalesce(pg_has_role(me.oid, r.relowner, 'USAGE'), false),
    'pages', r.pages,
    'columns', coalesce(a.columns, '[]'),
    'keys', (select coalesce(json_agg(json_build_object('primary', i.indisprimary,
        'columns', (select coalesce(json_agg(k.attname order by o.ordinality), '[]')
          from unnest(i.indkey::smallint[]) with ordinality as o (attnum, ordinality)
          join pg_attribute k on k.attrelid = r.oid and k.attnum = o.attnum where o.ordinality <= i.indnkeyatts))
        order by i.indisprimary desc, i.indexrelid), '[]')
      from pg_index i where i.indrelid = r.oid and i.indisunique and i.indpred is null and 0 <> all (i.indkey)),
    'foreign_keys', (select coalesce(json_agg(json_build_object('name', f.conname, 'target', f.confrelid::bigint,
        'columns', (select json_agg(k.attname order by o.ordinality) from unnest(f.conkey) with ordinality as o (attnum, ordinality)
          join pg_attribute k on k.attrelid = f.conrelid and k.attnum = o.attnum),
        'target_columns', (select json_agg(k.attname order by o.ordinality) from unnest(f.confkey) with ordinality as o (attnum, ordinality)
          join pg_attribute k on k.attrelid = f.confrelid and k.attnum = o.attnum)) order by f.conname), '[]')
      from pg_constraint f where f.conrelid = r.oid and f.contype = 'f' and f.conparentid = 0),
    'checks', (select coalesce(json_agg(json_build_object('name', c.conname, 'expression', pg_get_constraintdef(c.oid),
        'columns', (select coalesce(json_agg(k.attname), '[]') from pg_attribute k
          where k.attrelid = r.oid and k.attnum = any (c.conkey))) order by c.conname), '[]')
      from pg_constraint c where c.conrelid = r.oid and c.contype = 'c'),
    'policies', (select coalesce(json_agg(json_build_object('name', quote_ident(p.polname), 'command', p.polcmd,
        'permissive', p.polpermissive, 'applies', 0 = any (p.polroles)
          or coalesce((select bool_or(pg_has_role(me.oid, o, 'USAGE')) from unnest(p.polroles) o where o <> 0), false))
        order by p.polname), '[]')
      from pg_policy p where p.polrelid = r.oid),
    'roots', (select coalesce(json_agg(distinct p.root::bigint), '[]') from piece p where p.oid = r.oid),
    'parent', (select min(p.parent::bigint) from piece p where p.oid = r.oid),
    'bound', pg_get_expr(r.relpartbound, r.oid),
    'partition_key', (select coalesce(json_agg(coalesce(k.attname::text, '') order by o.ordinality), '[]')
      from pg_partitioned_table g, unnest(g.partattrs::smallint[]) with ordinality as o (attnum, ordinality)
      left join pg_attribute k on k.attrelid = r.oid and k.attnum = o.attnum
      where g.partrelid = r.oid),
    'kept_by', (select coalesce(json_agg(format('%I.%I', o.nspname, k.relname) order by o.nspname, k.relname), '[]')
      from following g join pg_class k on k.oid = g.by join pg_namespace o on o.oid = k.relnamespace
      where g.oid = r.oid and not coalesce(has_table_privilege(me.oid, k.oid, 'TRUNCATE'), true)),
    'may', json_build_object(
      'usage', coalesce(has_schema_privilege(me.oid, to_regnamespace(quote_ident(r.nspname))::oid, 'USAGE'), false),
      'select', coalesce(has_any_column_privilege(me.oid, r.oid, 'SELECT'), false),
      'insert', coalesce(has_any_column_privilege(me.oid, r.oid, 'INSERT'), false),
      'update', coalesce(has_any_column_privilege(me.oid, r.oid, 'UPDATE'), false),
      'delete', coalesce(has_table_privilege(me.oid, r.oid, 'DELETE'), false),
      'truncate', coalesce(has_table_privilege(me.oid, r.oid, 'TRUNCATE'), false))
  ) order by r.path), '[]')
  from relation r left join attribute a on a.attrelid = r.oid left join me on true),
  'views', (select coalesce(json_agg(json_build_object(
    'path', v.path, 'materialized', v.relkind = 'm',
    'invoker', coalesce((select bool_or(o.option_value::boolean) from pg_options_to_table(v.reloptions) o
      where o.option_name = 'security_invoker'), false),
    'columns', (select coalesce(json_agg(k.attname order by k.attnum), '[]') from pg_attribute k
      where k.attrelid = v.oid and k.attnum > 0 and not k.attisdropped),
    'tables', (select json_agg(r.relation::bigint) from reached r where r.view = v.oid),
    'may', json_build_object('usage', true,
      'select', has_any_column_privilege(me.oid, v.oid, 'SELECT'), 'insert', has_any_column_privilege(me.oid, v.oid, 'INSERT'),
      'update', has_any_column_privilege(me.oid, v.oid, 'UPDATE'), 'delete', has_table_privilege(me.oid, v.oid, 'DELETE'),
      'truncate', false)
  ) order by v.path), '[]')
  from view v, me where has_schema_privilege(me.oid, v.relnamespace, 'USAGE')),
  'functions', (select coalesce(json_agg(json_build_object(
    'path', p.path, 'signature', p.path || '(' || pg_get_function_identity_arguments(p.oid) || ')',
    'language', p.lanname, 'procedure', p.prokind = 'p', 'source', p.prosrc,
    'arguments', (select coalesce((select g.arguments from argument g where g.oid = p.oid), '[]')),
    'defaults', p.pronargdefaults,
    'variadic', coalesce('v' = any (p.proargmodes), false),
    'tables', (select json_agg(x.relation::bigint) from reach x where x.oid = p.oid)
  ) order by p.path, p.oid), '[]')
  from routine p where p.oid in (select x.oid from reach x where x.relation in (select n.oid from named n)))
)::text as isolation
