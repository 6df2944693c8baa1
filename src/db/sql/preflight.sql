#variable_conflict use_column
DECLARE
    path pg_catalog.text := pg_catalog.current_setting('search_path');
    -- operators are the server's own from here on
    safe_path pg_catalog.text := pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
    -- most plans make what they name: only what is there costs the questions about it
    wanted pg_catalog.oid[] := array(
        select c.oid from pg_catalog.pg_class c
        where c.relname = any ({relations}::pg_catalog.name[]) and c.relkind <> 't');
    type_names pg_catalog.name[] := {types};
    relations pg_catalog.json;
    types pg_catalog.json;
    labels pg_catalog.json;
    functions pg_catalog.json;
    roles pg_catalog.json;
    may_become pg_catalog.json;
    create_role pg_catalog.bool := false;
    available pg_catalog.json;
    tablespaces pg_catalog.json;
    nearby pg_catalog.json;
    busy pg_catalog.json;
    snapshots pg_catalog.json;
    is_superuser pg_catalog.bool := pg_catalog.current_setting('is_superuser') = 'on';
BEGIN
    IF wanted <> '{}' THEN
        EXECUTE $relations$
            select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
                'schema', n.nspname, 'name', w.relname, 'kind', w.relkind,
                'columns', (select coalesce(pg_catalog.json_agg(a.attname), '[]') from pg_catalog.pg_attribute a
                    where a.attrelid = w.oid and a.attnum > 0 and not a.attisdropped),
                'parts', (select coalesce(pg_catalog.json_agg(p.part), '[]') from (
                    select 'constraint ' || con.conname as part from pg_catalog.pg_constraint con where con.conrelid = w.oid
                    union all select 'trigger ' || t.tgname from pg_catalog.pg_trigger t where t.tgrelid = w.oid
                    union all select 'policy ' || pol.polname from pg_catalog.pg_policy pol where pol.polrelid = w.oid
                    union all select 'rule ' || r.rulename from pg_catalog.pg_rewrite r where r.ev_class = w.oid) p),
                'on_schema', o.nspname, 'on_name', o.relname,
                'owned', $2 or pg_catalog.pg_has_role(w.relowner, 'usage'),
                'may_reference', w.relkind not in ('r', 'p') or pg_catalog.has_table_privilege(w.oid, 'references')
                    or pg_catalog.has_any_column_privilege(w.oid, 'references'))), '[]')
            from pg_catalog.pg_class w
            join pg_catalog.pg_namespace n on n.oid = w.relnamespace
            left join lateral (
                select on_n.nspname, on_c.relname
                from (select x.indrelid as oid from pg_catalog.pg_index x where x.indexrelid = w.oid
                      union all
                      select d.refobjid from pg_catalog.pg_depend d
                      where w.relkind = 'S' and d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = w.oid
                        and d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.deptype in ('a', 'i')) x
                join pg_catalog.pg_class on_c on on_c.oid = x.oid
                join pg_catalog.pg_namespace on_n on on_n.oid = on_c.relnamespace
                limit 1) o on true
            where w.oid = any ($1) and n.nspname !~ '^pg_temp' and n.nspname !~ '^pg_toast'
        $relations$ INTO relations USING wanted, is_superuser;
        -- whom a lock would have to wait for
        EXECUTE $busy$
            select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('relation', b.relation, 'pid', b.pid,
                'prepared', b.gid, 'user', b.usename, 'seconds', coalesce(b.seconds, 0), 'vacuum', b.vacuum)), '[]')
            from (select distinct on (l.pid, l.virtualtransaction)
                    pg_catalog.format('%I.%I', n.nspname, w.relname) as relation, l.pid, x.gid, a.usename,
                    extract(epoch from pg_catalog.clock_timestamp() - coalesce(a.xact_start, x.prepared)) as seconds,
                    coalesce(a.backend_type = 'autovacuum worker'
                        and a.query like '%to prevent wraparound%', false) as vacuum
                from pg_catalog.pg_locks l
                join pg_catalog.pg_class w on w.oid = l.relation
                join pg_catalog.pg_namespace n on n.oid = w.relnamespace
                left join pg_catalog.pg_stat_activity a on a.pid = l.pid
                left join pg_catalog.pg_locks own
                    on l.pid is null and own.pid is null and own.locktype = 'transactionid'
                   and own.virtualtransaction = l.virtualtransaction
                left join pg_catalog.pg_prepared_xacts x
                    on x.transaction = own.transactionid and x.database = pg_catalog.current_database()
                where l.locktype = 'relation' and l.granted
                  and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
                  and l.relation = any ($1) and w.relname = any ($2)
                  and n.nspname not in ('pg_catalog', 'information_schema')
                  and l.pid is distinct from pg_catalog.pg_backend_pid()
                  and (l.pid is null
                    or a.xact_start < pg_catalog.clock_timestamp() - interval '10 seconds'
                       -- any other autovacuum gives way to whoever waits for it
                       and a.backend_type <> 'autovacuum worker'
                    or a.query like '%to prevent wraparound%')) b
        $busy$ INTO busy USING wanted, {locked}::pg_catalog.name[];
    END IF;
    IF exists (select from pg_catalog.pg_type t where t.typname = any (type_names)) THEN
        EXECUTE $types$
            select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, t.typname)), '[]')
            from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
            left join pg_catalog.pg_class c on c.oid = t.typrelid
            where t.typname = any ($1) and (c.oid is null or c.relkind = 'c')
              and n.nspname !~ '^pg_temp'
        $types$ INTO types USING type_names;
        EXECUTE $labels$
            select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(n.nspname, t.typname, e.enumlabel)), '[]')
            from pg_catalog.pg_enum e join pg_catalog.pg_type t on t.oid = e.enumtypid
            join pg_catalog.pg_namespace n on n.oid = t.typnamespace
            where t.typname = any ($1)
        $labels$ INTO labels USING type_names;
    END IF;
    IF {asks_functions} THEN
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'schema', (select n.nspname from pg_catalog.pg_namespace n where n.oid = p.pronamespace),
            'name', p.proname, 'arguments', pg_catalog.oidvectortypes(p.proargtypes),
            'count', p.pronargs, 'defaults', p.pronargdefaults, 'variadic', p.provariadic <> '0',
            'body', case when p.pronamespace <> 'pg_catalog'::pg_catalog.regnamespace and p.proname = any ({called}::pg_catalog.name[])
                then p.prosrc end)), '[]') into functions
        from pg_catalog.pg_proc p where p.proname = any ({functions}::pg_catalog.name[]);
    END IF;
    IF {asks_roles} THEN
        select coalesce(pg_catalog.json_agg(r.rolname), '[]') into roles
        from pg_catalog.pg_roles r where r.rolname = any ({roles}::pg_catalog.name[]);
        select r.rolcreaterole into create_role from pg_catalog.pg_roles r where r.rolname = current_user;
    END IF;
    IF {asks_acts_as} THEN
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(r.rolname,
            pg_catalog.pg_has_role(session_user, r.oid, {become}))), '[]') into may_become
        from pg_catalog.pg_roles r where r.rolname = any ({acts_as}::pg_catalog.name[]);
    END IF;
    IF {asks_available} THEN
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(v.name, v.allowed)), '[]') into available
        from (select v.name, pg_catalog.bool_or({may_create}) as allowed
              from pg_catalog.pg_available_extension_versions v
              where v.name = any ({available}::pg_catalog.name[]) group by v.name) v;
    END IF;
    IF {asks_tablespaces} THEN
        select coalesce(pg_catalog.json_agg(t.spcname), '[]') into tablespaces
        from pg_catalog.pg_tablespace t where t.spcname = any ({tablespaces}::pg_catalog.name[]);
    END IF;
    IF {asks_nearby} THEN
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(x.nspname, x.relname)), '[]') into nearby
        from (select n.nspname, c.relname
              from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
              where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname !~ '^pg_'
                and n.nspname <> 'information_schema' limit 5000) x;
    END IF;
    IF {asks_snapshots} THEN
        select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('pid', a.pid, 'user', a.usename,
            'seconds', extract(epoch from pg_catalog.clock_timestamp() - a.xact_start))), '[]') into snapshots
        from pg_catalog.pg_stat_activity a
        where a.datname = pg_catalog.current_database() and a.backend_xmin is not null
          and a.pid <> pg_catalog.pg_backend_pid()
          and a.xact_start < pg_catalog.clock_timestamp() - interval '10 seconds'
          and a.backend_type = 'client backend'
          and not exists (select from pg_catalog.pg_stat_progress_vacuum v where v.pid = a.pid);
    END IF;
    perform pg_catalog.set_config('search_path', path, true), pg_catalog.set_config('pgplumb.existing', pg_catalog.json_build_object(
        'schemas', pg_catalog.array_to_json(array(
            select pg_catalog.json_build_array(n.nspname, pg_catalog.has_schema_privilege(n.oid, 'create'),
                pg_catalog.has_schema_privilege(n.oid, 'usage'))
            from pg_catalog.pg_namespace n
            where n.nspname !~ '^pg_temp' and n.nspname !~ '^pg_toast')),
        'relations', coalesce(relations, '[]'), 'types', coalesce(types, '[]'), 'labels', coalesce(labels, '[]'), 'functions', coalesce(functions, '[]'), 'roles', coalesce(roles, '[]'),
        'may_become', coalesce(may_become, '[]'), 'login', session_user,
        'extensions', (select pg_catalog.json_object_agg(e.extname, e.extversion) from pg_catalog.pg_extension e),
        'available', coalesce(available, '[]'),
        'languages', pg_catalog.array_to_json(array(select l.lanname from pg_catalog.pg_language l)),
        'tablespaces', coalesce(tablespaces, '[]'),
        'search_path', path,
        'role', current_user, 'superuser', is_superuser, 'create_role', create_role,
        'create_schema', pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create'),
        'database', pg_catalog.current_database(),
        'standby', pg_catalog.pg_is_in_recovery(),
        'read_only', pg_catalog.current_setting('default_transaction_read_only') = 'on',
        'nearby', coalesce(nearby, '[]'), 'busy', coalesce(busy, '[]'), 'open', coalesce(snapshots, '[]'))::text, true);
END
