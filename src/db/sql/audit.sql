with recursive
  own as (
    select n.oid, n.nspname, n.nspacl from pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  ),
  of_extension as (
    select d.classid, d.objid from pg_depend d where d.deptype = 'e'
  ),
  role as (
    select r.oid, quote_ident(r.rolname) as name, r.rolsuper or r.rolbypassrls as bypasses from pg_roles r
  ),
  relation as (
    select c.oid, n.nspname, format('%I.%I', n.nspname, c.relname) as path, c.relkind::text as kind,
      c.relrowsecurity as protected, c.relforcerowsecurity as forced, c.relispartition, c.relowner, c.relacl, c.reloptions
    from pg_class c join own n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
      and c.relname not in ('refinery_schema_history', 'pgplumb_journal')
      and not exists (
        select from of_extension e where e.classid = 'pg_class'::regclass and e.objid = c.oid)
  ),
  -- privileges of others on a relation or its columns; what PUBLIC has is that of role 0
  granted as (
    select g.oid, g.grantee, g.privilege, coalesce(r.name, 'PUBLIC') as name, coalesce(r.bypasses, false) as bypasses
    from (
      select r.oid, a.grantee, a.privilege_type as privilege
      from relation r, aclexplode(r.relacl) a where a.grantee <> r.relowner
      union
      select r.oid, a.grantee, a.privilege_type
      from relation r join pg_attribute t on t.attrelid = r.oid and t.attacl is not null and not t.attisdropped,
        aclexplode(t.attacl) a
      where a.grantee <> r.relowner
    ) g left join role r on r.oid = g.grantee
    where g.privilege in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
      and (g.grantee = 0 or r.oid is not null)
  ),
  -- roles that row security is there for: policies name them, or they may use a protected table
  held as (
    select r.oid, r.name from role r
    where not r.bypasses and (
      exists (select from pg_policy p join relation t on t.oid = p.polrelid where r.oid = any (p.polroles))
      or exists (select from granted g join relation t on t.oid = g.oid and t.protected where g.grantee = r.oid))
  ),
  -- what a TRUNCATE of it has to take along, however far
  following (oid, by) as (
    select f.confrelid, f.conrelid from pg_constraint f
    where f.contype = 'f' and f.conrelid <> f.confrelid
    union
    select g.oid, f.conrelid from following g join pg_constraint f on f.confrelid = g.by and f.contype = 'f'
    where f.conrelid <> g.oid
  ),
  ancestor (oid, parent) as (
    select i.inhrelid, i.inhparent from pg_inherits i
    union
    select a.oid, i.inhparent from ancestor a join pg_inherits i on i.inhrelid = a.parent
  ),
  reading (view, relation) as (
    select w.ev_class, d.refobjid
    from pg_rewrite w
    join relation v on v.oid = w.ev_class and v.kind in ('v', 'm')
    join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
      and d.refobjid <> w.ev_class
  ),
  reached (view, relation) as (
    select r.view, r.relation from reading r
    union
    select a.view, r.relation from reached a join reading r on r.view = a.relation
  ),
  policy as (
    select p.*, r.path, r.relowner, r.forced, quote_ident(p.polname) as name from pg_policy p join relation r on r.oid = p.polrelid
  ),
  -- who a policy is applied to and may use its table at all
  bound as (
    select distinct p.oid, g.grantee, g.name from policy p join granted g on g.oid = p.polrelid
    where 0 = any (p.polroles) and not g.bypasses
    union
    select p.oid, h.oid, h.name from policy p join held h on h.oid = any (p.polroles)
    where has_table_privilege(h.oid, p.polrelid, 'SELECT, INSERT, UPDATE, DELETE')
  ),
  -- what a policy uses besides its own table
  used as (
    select p.oid, d.refclassid = 'pg_proc'::regclass as is_function, d.refobjid, d.refobjsubid
    from policy p join pg_depend d on d.classid = 'pg_policy'::regclass and d.objid = p.oid and d.deptype = 'n'
    left join pg_class c on d.refclassid = 'pg_class'::regclass and c.oid = d.refobjid
    where d.refclassid = 'pg_proc'::regclass or (d.refobjid <> p.polrelid and c.relkind in ('r', 'p', 'v', 'm', 'f'))
  ),
  sequence as (
    select s.seqrelid as oid, format('%I.%I', n.nspname, c.relname) as path, s.seqstart, s.seqincrement, s.seqcycle,
      d.refobjid as relation, a.attname, a.atttypid, a.attidentity,
      case when s.seqincrement > 0 then least(s.seqmax, case a.atttypid when 21 then 32767 when 23 then 2147483647 else s.seqmax end)
        else greatest(s.seqmin, case a.atttypid when 21 then -32768 when 23 then -2147483648 else s.seqmin end) end as last,
      case when s.seqincrement > 0 then greatest(s.seqmin, 0) else least(s.seqmax, 0) end as first,
      has_sequence_privilege(c.oid, 'SELECT, USAGE') as readable,
      -- the column is the first of an index: its highest value is found at once
      exists (select from pg_index i where i.indrelid = d.refobjid and i.indkey[0] = d.refobjsubid and i.indpred is null
        and i.indisvalid) and a.atttypid in (20, 21, 23) and s.seqincrement > 0 as has_highest
    from pg_sequence s join pg_class c on c.oid = s.seqrelid join own n on n.oid = c.relnamespace
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.objsubid = 0
      and d.refclassid = 'pg_class'::regclass and d.deptype in ('a', 'i')
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where c.relpersistence <> 't'
      and not exists (select from of_extension e where e.classid = 'pg_class'::regclass and e.objid = c.oid)
  ),
  partitioned as (
    select r.oid, r.path, p.partdefid, a.atttypid in (1082, 1114, 1184) and p.partstrat = 'r' as by_time
    from relation r join pg_partitioned_table p on p.partrelid = r.oid
    left join pg_attribute a on a.attrelid = r.oid and a.attnum = p.partattrs[0]
  ),
  part as (
    select i.inhparent as parent, pg_get_expr(c.relpartbound, c.oid) as bound
    from pg_inherits i join pg_class c on c.oid = i.inhrelid and c.relispartition
  )
select json_build_object(
  'role', quote_ident(current_user), 'version', current_setting('server_version_num')::integer,
  'bypasses', (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = current_user),
  'writable_schemas', (select coalesce(json_agg(n.nspname order by n.nspname), '[]') from own n
    where exists (select from aclexplode(n.nspacl) a where a.grantee = 0 and a.privilege_type = 'CREATE')),
  'relations', (select coalesce(json_agg(json_build_object(
      'path', r.path, 'schema', r.nspname, 'kind', r.kind, 'protected', r.protected, 'forced', r.forced,
      'owned', pg_has_role(r.relowner, 'usage'),
      'exempt', (select coalesce(json_agg(h.name order by h.name), '[]') from held h
        where r.protected and not r.forced and pg_has_role(h.oid, r.relowner, 'usage')),
      'policies', (select count(*) from policy p where p.polrelid = r.oid),
      'primary_key', exists (select from pg_index i where i.indrelid = r.oid and i.indisprimary),
      'partition', r.relispartition,
      'protected_parents', (select coalesce(json_agg(a.path order by a.path), '[]')
        from ancestor p join relation a on a.oid = p.parent where p.oid = r.oid and a.protected),
      'invoker', exists (select from unnest(r.reloptions) o
        where o ~ '^security_invoker=' and split_part(o, '=', 2)::boolean),
      'readers', (select coalesce(json_agg(distinct g.name), '[]') from granted g
        where g.oid = r.oid and not g.bypasses),
      'bypassers', (select coalesce(json_agg(distinct g.name), '[]') from granted g
        where g.oid = r.oid and g.bypasses and r.protected),
      'truncaters', (select coalesce(json_agg(distinct g.name), '[]') from granted g
        where g.oid = r.oid and not g.bypasses and g.privilege = 'TRUNCATE'
          and not exists (select from following f where f.oid = r.oid and not
            case g.grantee when 0 then has_table_privilege('public', f.by, 'TRUNCATE')
              else has_table_privilege(g.grantee, f.by, 'TRUNCATE') end)),
      'reads_protected', (select coalesce(json_agg(distinct t.path), '[]')
        from reached d join relation t on t.oid = d.relation and t.protected where d.view = r.oid),
      'without_autovacuum', exists (select from unnest(r.reloptions) o
        where o ~ '^autovacuum_enabled=' and not split_part(o, '=', 2)::boolean),
      'reg_columns', (select coalesce(json_agg(format('%I %s', a.attname, format_type(a.atttypid, null)) order by a.attnum), '[]')
        from pg_attribute a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped and r.kind in ('r', 'p', 'm')
          and format_type(a.atttypid, null) ~ '^(regproc|regprocedure|regoper|regoperator|regconfig|regdictionary|regcollation|regnamespace)([[]])?$')
    ) order by r.path), '[]') from relation r),
  'policies', (select coalesce(json_agg(json_build_object(
      'table', p.path, 'name', p.name, 'command', p.polcmd::text, 'permissive', p.polpermissive,
      'roles', (select json_agg(coalesce(r.name, 'PUBLIC') order by r.name)
        from unnest(p.polroles) u (oid) left join role r on r.oid = u.oid),
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid),
      'looks_at_row', exists (select from pg_depend d where d.classid = 'pg_policy'::regclass and d.objid = p.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid = p.polrelid and d.deptype = 'n')
        -- the row as a whole leaves no dependency
        or concat_ws(' ', p.polqual::text, p.polwithcheck::text) ~ ':varattno 0 ',
      -- relations of its subqueries, as its expressions hold them
      'reads', (select coalesce(json_agg(distinct t.path), '[]')
        from regexp_matches(concat_ws(' ', p.polqual::text, p.polwithcheck::text), ':relid ([0-9]+)', 'g') m (found)
        join relation t on t.oid::text = m.found[1]),
      'calls', (select coalesce(json_agg(distinct format('%I.%I()', n.nspname, f.proname)), '[]')
        from used u join pg_proc f on f.oid = u.refobjid join pg_namespace n on n.oid = f.pronamespace
        where u.oid = p.oid and u.is_function and f.pronargs = 0 and f.provolatile <> 'i'),
      'lacks', (select coalesce(json_agg(distinct jsonb_build_object('role', l.name, 'privilege', l.privilege, 'object', l.object)), '[]') from (
        select b.name, 'EXECUTE' as privilege, 'function ' || u.refobjid::regprocedure::text as object
        from bound b join used u on u.oid = b.oid and u.is_function
        where b.oid = p.oid and not has_function_privilege(b.grantee, u.refobjid, 'EXECUTE')
        union all
        select b.name, 'SELECT', 'table ' || u.refobjid::regclass::text
        from bound b join used u on u.oid = b.oid and not u.is_function
        where b.oid = p.oid and not case when u.refobjsubid > 0
            then has_column_privilege(b.grantee, u.refobjid, u.refobjsubid::smallint, 'SELECT')
            else has_any_column_privilege(b.grantee, u.refobjid, 'SELECT') end) l)
    ) order by p.path, p.polname), '[]') from policy p),
  'functions', (select coalesce(json_agg(json_build_object(
      'path', f.oid::regprocedure::text, 'procedure', f.prokind = 'p',
      'trigger', f.prorettype in ('trigger'::regtype, 'event_trigger'::regtype),
      'search_path', (select substr(s, 13) from unnest(f.proconfig) s where s ~ '^search_path='),
      'public', exists (select from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
        where a.grantee = 0 and a.privilege_type = 'EXECUTE')
    ) order by f.oid::regprocedure::text), '[]')
    from pg_proc f join own n on n.oid = f.pronamespace
    where f.prosecdef and not exists (
      select from of_extension e where e.classid = 'pg_proc'::regclass and e.objid = f.oid)),
  'indexes', (select coalesce(json_agg(json_build_object(
      'path', format('%I.%I', n.nspname, c.relname), 'table', r.path, 'valid', i.indisvalid and i.indisready,
      'partitioned', c.relkind = 'I', 'partition', c.relispartition,
      'constraint', exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')),
      'unique', i.indisunique, 'method', am.amname, 'predicate', pg_get_expr(i.indpred, i.indrelid),
      'keys', (select json_agg(concat_ws(' ', pg_get_indexdef(i.indexrelid, k, false), i.indclass[k - 1],
          i.indcollation[k - 1], i.indoption[k - 1]) order by k) from generate_series(1, i.indnkeyatts) k),
      'included', (select coalesce(json_agg(pg_get_indexdef(i.indexrelid, k, false) order by k), '[]')
        from generate_series(i.indnkeyatts + 1, i.indnatts) k),
      'nulls', to_jsonb(i) ->> 'indnullsnotdistinct',
      'pages', c.relpages, 'scans', s.idx_scan
    ) order by n.nspname, c.relname), '[]')
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
    join relation r on r.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
    left join pg_stat_all_indexes s on s.indexrelid = i.indexrelid),
  'constraints', (select coalesce(json_agg(json_build_object(
      'table', r.path, 'domain', k.contypid <> 0, 'name', quote_ident(k.conname), 'foreign_key', k.contype = 'f',
      'validated', k.convalidated, 'enforced', coalesce((to_jsonb(k) ->> 'conenforced')::boolean, true),
      'columns', (select coalesce(json_agg(quote_ident(a.attname) order by u.place), '[]')
        from unnest(k.conkey) with ordinality u (number, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number),
      'indexed', exists (select from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
        where i.indrelid = k.conrelid and i.indisvalid and i.indnkeyatts >= cardinality(k.conkey)
          and am.amname in ('btree', 'hash')
          and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) in (
            select format('(%I IS NOT NULL)', a.attname) from pg_attribute a
            where a.attrelid = k.conrelid and a.attnum = any (k.conkey)))
          and (select array_agg(x.number order by x.number) from unnest(k.conkey) x (number))
            = (select array_agg(x.number order by x.number)
               from unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) x (number)))
    ) order by r.path, k.conname), '[]')
    from pg_constraint k
    join (
      select r.oid, 0 as domain, r.path from relation r
      union all
      select 0, t.oid, format('%I.%I', n.nspname, t.typname) from pg_type t join own n on n.oid = t.typnamespace
      where t.typtype = 'd'
        and not exists (select from of_extension e where e.classid = 'pg_type'::regclass and e.objid = t.oid)
    ) r on r.oid = k.conrelid and r.domain = k.contypid
    where (k.contype in ('f', 'c') or (k.contype = 'n' and not k.convalidated)) and k.conparentid = 0
      and k.coninhcount = 0),
  'triggers', (select coalesce(json_agg(distinct jsonb_build_object(
      'table', r.path, 'name', quote_ident(coalesce(k.conname, t.tgname)), 'foreign_key', k.oid is not null,
      'replica', t.tgenabled = 'R')), '[]')
    from pg_trigger t join relation r on r.oid = t.tgrelid
    left join pg_constraint k on k.oid = t.tgconstraint and t.tgisinternal
    where t.tgenabled in ('D', 'R') and (not t.tgisinternal or k.contype = 'f')
      and not exists (select from pg_trigger u
        where u.oid::text = to_jsonb(t) ->> 'tgparentid' and u.tgenabled = t.tgenabled)),
  'event_triggers', (select coalesce(json_agg(quote_ident(t.evtname) order by t.evtname), '[]')
    from pg_event_trigger t where t.evtenabled = 'D'
      and not exists (select from of_extension e where e.classid = 'pg_event_trigger'::regclass and e.objid = t.oid)),
  'sequences', (select coalesce(json_agg(json_build_object(
      'path', s.path, 'column', case when s.relation is not null then format('%s.%I', r.path, s.attname) end,
      'first', s.first, 'last', s.last, 'increment', s.seqincrement, 'cycles', s.seqcycle, 'readable', s.readable,
      'value', case when s.readable then pg_sequence_last_value(s.oid) end,
      'start', s.seqstart,
      'highest', case when s.has_highest and has_column_privilege(r.oid, s.attname, 'SELECT') and not row_security_active(r.oid)
        then substring(query_to_xml(format('select max(%I) as m from %s', s.attname, r.path), true, true, '')::text
          from '<m>([^<]+)</m>')::bigint end
    ) order by s.path), '[]') from sequence s left join relation r on r.oid = s.relation),
  'partitioned', (select coalesce(json_agg(json_build_object(
      'path', p.path,
      'default', d.path,
      'default_readable', d.oid is not null and has_table_privilege(d.oid, 'SELECT') and not row_security_active(d.oid),
      'default_filled', case when d.oid is not null and has_table_privilege(d.oid, 'SELECT') and not row_security_active(d.oid)
        then query_to_xml(format('select 1 as m from %s limit 1', d.path), true, true, '')::text like '%<m>%' end,
      'until', e.until, 'days', case when isfinite(e.until) then floor(extract(epoch from e.until - now()) / 86400)::bigint end
    ) order by p.path), '[]')
    from partitioned p left join relation d on d.oid = p.partdefid
    left join lateral (
      select case when bool_or(b.bound like '%TO (MAXVALUE%') then 'infinity'
        else max(substring(b.bound from 'TO [(]''([^'']*)''')::timestamptz) end as until
      from part b where b.parent = p.oid and p.by_time) e on true),
  'default_privileges', (select coalesce(json_agg(json_build_object(
      'owner', o.name, 'schema', quote_ident(n.nspname), 'grantee', x.name, 'privileges', x.privileges
    ) order by o.name, n.nspname, x.name), '[]')
    from pg_default_acl d join role o on o.oid = d.defaclrole left join pg_namespace n on n.oid = d.defaclnamespace
    cross join lateral (
      select coalesce(r.name, 'PUBLIC') as name, string_agg(a.privilege_type, ', ' order by a.privilege_type) as privileges
      from aclexplode(d.defaclacl) a left join role r on r.oid = a.grantee
      where a.grantee <> d.defaclrole and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
        and not coalesce(r.bypasses, false)
      group by 1) x
    where d.defaclobjtype = 'r'),
  'extensions', (select coalesce(json_agg(json_build_object(
      'name', quote_ident(e.extname), 'schema', n.nspname, 'relocatable', e.extrelocatable, 'version', e.extversion,
      'available', (select a.default_version from pg_available_extensions a where a.name = e.extname)
    ) order by e.extname), '[]') from pg_extension e join pg_namespace n on n.oid = e.extnamespace)
)::text as audit
