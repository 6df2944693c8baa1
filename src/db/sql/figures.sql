select 'figures' as figures, n.nspname as schema, c.relname as name, f.rows, f.bytes, f.total_bytes,
       case when c.relkind in ('i', 'I') then f.scans end as scans
  from (select o.oid
          from pg_catalog.unnest(pg_catalog.current_setting('pgplumb.relations')::pg_catalog.oid[]) as o (oid)
         union
        select x.indexrelid
          from pg_catalog.pg_index x
         where x.indrelid = any (pg_catalog.current_setting('pgplumb.relations')::pg_catalog.oid[])) as wanted (oid)
  join pg_catalog.pg_class c on c.oid = wanted.oid and c.relkind in ('r', 'p', 'm', 'i', 'I')
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
 cross join lateral (
       select case when pg_catalog.bool_and(part.reltuples >= 0 and (part.relpages > 0 or part.reltuples > 0))
                   then pg_catalog.sum(part.reltuples)::pg_catalog.int8 end as rows,
              coalesce(pg_catalog.sum(pg_catalog.pg_relation_size(part.oid)), 0)::pg_catalog.int8 as bytes,
              coalesce(pg_catalog.sum(pg_catalog.pg_total_relation_size(part.oid)), 0)::pg_catalog.int8 as total_bytes,
              coalesce(pg_catalog.sum(s.idx_scan), 0)::pg_catalog.int8 as scans
         from (select wanted.oid
                union
               select t.relid::pg_catalog.oid from pg_catalog.pg_partition_tree(wanted.oid) t) as tree (oid)
         join pg_catalog.pg_class part on part.oid = tree.oid and part.relkind in ('r', 'm', 'i')
         left join pg_catalog.pg_stat_user_indexes s on s.indexrelid = part.oid) as f;
select 'figures_since' as figures_since,
       pg_catalog.to_char(d.stats_reset at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as since
  from pg_catalog.pg_stat_database d
 where d.datname = pg_catalog.current_database();
