with
  own as (
    select n.oid, n.nspname from pg_namespace n
    where n.nspname !~ '^pg_' and n.nspname <> 'information_schema'
  ),
  part_of_extension as (
    select d.classid, d.objid from pg_depend d where d.deptype = 'e'
  ),
  relation as (
    select c.oid, format('%I.%I', n.nspname, c.relname) as path, c.relkind, c.relrowsecurity, c.relforcerowsecurity,
      c.relispartition, c.relowner, c.relacl, c.reloptions
    from pg_class c join own n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and c.relpersistence <> 't'
      and not exists (
        select from part_of_extension e where e.classid = 'pg_class'::regclass and e.objid = c.oid)
  )
select json_build_object(
  'role', current_user,
  'bypasses', (select r.rolsuper or r.rolbypassrls from pg_roles r where r.rolname = current_user),
  'relations', (select coalesce(json_agg(json_build_object(
      'path', r.path, 'kind', r.relkind::text, 'protected', r.relrowsecurity, 'forced', r.relforcerowsecurity,
      'owned', pg_has_role(r.relowner, 'usage'),
      'policies', (select count(*) from pg_policy p where p.polrelid = r.oid),
      'primary_key', exists (select from pg_index i where i.indrelid = r.oid and i.indisprimary),
      'protected_parents', (select coalesce(json_agg(a.path order by a.path), '[]')
        from pg_partition_ancestors(r.oid) p join relation a on a.oid = p.relid
        where a.oid <> r.oid and a.relrowsecurity),
      'invoker', exists (select from unnest(r.reloptions) o where o in
        ('security_invoker=true', 'security_invoker=on', 'security_invoker=1', 'security_invoker=yes')),
      'partition', r.relispartition,
      'readers', (select coalesce(json_agg(distinct g.name), '[]') from (
        select case when a.grantee = 0 then 'PUBLIC' else quote_ident(pg_get_userbyid(a.grantee)) end as name
        from aclexplode(r.relacl) a
        where a.grantee <> r.relowner and a.privilege_type in ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')) g),
      'reads_protected', (select coalesce(json_agg(distinct t.path), '[]')
        from pg_rewrite w
        join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid and d.refclassid = 'pg_class'::regclass
        join relation t on t.oid = d.refobjid and t.relrowsecurity
        where w.ev_class = r.oid and r.relkind in ('v', 'm'))
    ) order by r.path), '[]') from relation r),
  'policies', (select coalesce(json_agg(json_build_object(
      'table', r.path, 'name', quote_ident(p.polname), 'command', p.polcmd::text, 'permissive', p.polpermissive,
      'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)
    ) order by r.path, p.polname), '[]') from pg_policy p join relation r on r.oid = p.polrelid),
  'functions', (select coalesce(json_agg(json_build_object(
      'path', format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)),
      'procedure', f.prokind = 'p',
      'trigger', f.prorettype in ('trigger'::regtype, 'event_trigger'::regtype),
      'fixed_path', exists (select from unnest(f.proconfig) s where s like 'search\_path=%'),
      'public', exists (select from aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) a
        where a.grantee = 0 and a.privilege_type = 'EXECUTE')
    ) order by n.nspname, f.proname, f.oid), '[]')
    from pg_proc f join own n on n.oid = f.pronamespace
    where f.prosecdef and not exists (
      select from part_of_extension e where e.classid = 'pg_proc'::regclass and e.objid = f.oid)),
  'indexes', (select coalesce(json_agg(json_build_object(
      'path', format('%I.%I', n.nspname, c.relname), 'table', r.path, 'valid', i.indisvalid and i.indisready,
      'partitioned', c.relkind = 'I',
      'constraint', exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')),
      'same', concat_ws(' ', am.amname, i.indisunique, i.indkey::text, i.indclass::text, i.indcollation::text,
        i.indoption::text, i.indnkeyatts, pg_get_expr(i.indexprs, i.indrelid), 'where',
        pg_get_expr(i.indpred, i.indrelid))
    ) order by n.nspname, c.relname), '[]')
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_am am on am.oid = c.relam
    join relation r on r.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace),
  'constraints', (select coalesce(json_agg(json_build_object(
      'table', r.path, 'name', quote_ident(k.conname), 'foreign_key', k.contype = 'f', 'validated', k.convalidated,
      'columns', (select coalesce(json_agg(quote_ident(a.attname) order by u.place), '[]')
        from unnest(k.conkey) with ordinality u(number, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.number),
      'indexed', exists (select from pg_index i where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null
        and (select array_agg(x.number order by x.number) from unnest(k.conkey) x(number))
          = (select array_agg(x.number order by x.number)
             from unnest((i.indkey::int2[])[0:cardinality(k.conkey) - 1]) x(number)))
    ) order by r.path, k.conname), '[]')
    from pg_constraint k join relation r on r.oid = k.conrelid
    where k.contype in ('f', 'c') and k.conparentid = 0),
  'triggers', (select coalesce(json_agg(json_build_object(
      'table', r.path, 'name', quote_ident(t.tgname)) order by r.path, t.tgname), '[]')
    from pg_trigger t join relation r on r.oid = t.tgrelid where not t.tgisinternal and t.tgenabled = 'D')
)::text as audit
