select pg_catalog.json_build_object(
    'application', a.application_name,
    'wants', (select pg_catalog.format('%I.%I', n.nspname, c.relname)
        from pg_catalog.pg_locks w
        join pg_catalog.pg_class c on c.oid = w.relation
        join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where w.pid = a.pid and not w.granted limit 1),
    'blockers', (select coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
            'pid', b.pid, 'user', coalesce(b.usename, ''), 'application', coalesce(b.application_name, ''),
            'seconds', coalesce(extract(epoch from pg_catalog.clock_timestamp() - b.xact_start), 0))
            order by b.xact_start), '[]')
        from pg_catalog.pg_stat_activity b
        where a.wait_event_type = 'Lock' and b.pid = any (pg_catalog.pg_blocking_pids(a.pid))),
    'build', (select pg_catalog.json_build_object(
            -- what is not committed cannot be named from here
            'table', case when c.oid is not null then pg_catalog.format('%I.%I', n.nspname, c.relname) end,
            'phase', p.phase,
            'done', case when p.tuples_total > 0 then p.tuples_done
                         when p.lockers_total > 0 then p.lockers_done else p.blocks_done end,
            'total', case when p.tuples_total > 0 then p.tuples_total
                          when p.lockers_total > 0 then p.lockers_total else p.blocks_total end)
        from pg_catalog.pg_stat_progress_create_index p
        left join pg_catalog.pg_class c on c.oid = p.relid
        left join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where p.pid = a.pid and p.datname = pg_catalog.current_database() limit 1))::text as sight
from pg_catalog.pg_stat_activity a where a.pid = {pid}
