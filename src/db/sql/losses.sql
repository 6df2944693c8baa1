-- Which of the tables and columns are there, and the columns that may hold one of the labels.
SELECT n.nspname AS schema, c.relname AS "table", p.part AS "column", NULL AS of_type, NULL AS label,
       (SELECT pg_catalog.sum(pg_catalog.pg_total_relation_size(coalesce(t.relid, c.oid)))
          FROM (SELECT) AS one LEFT JOIN pg_catalog.pg_partition_tree(c.oid) AS t ON true)::bigint AS bytes,
       pg_catalog.current_setting('track_commit_timestamp') AS times
  FROM (VALUES {parts}) AS p (schema, "table", part)
  JOIN pg_catalog.pg_namespace n ON n.nspname = p.schema
  JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p."table"
 WHERE c.relkind IN ('r', 'p', 'm')
   AND (p.part = '' OR EXISTS (SELECT FROM pg_catalog.pg_attribute a
                                WHERE a.attrelid = c.oid AND a.attname = p.part AND NOT a.attisdropped))
UNION ALL
SELECT n.nspname, c.relname, a.attname, pg_catalog.quote_ident(l.schema) || '.' || pg_catalog.quote_ident(l.type), l.label,
       0, pg_catalog.current_setting('track_commit_timestamp')
  FROM (VALUES {labels}) AS l (schema, type, label)
  JOIN pg_catalog.pg_namespace t ON t.nspname = l.schema
  JOIN pg_catalog.pg_type y ON y.typnamespace = t.oid AND y.typname = l.type
  JOIN pg_catalog.pg_attribute a ON a.atttypid = y.oid AND NOT a.attisdropped
  JOIN pg_catalog.pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'p') AND NOT c.relispartition
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
 ORDER BY 4 NULLS FIRST, 1, 2, 3, 5
