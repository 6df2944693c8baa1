-- Objects of the last application of each version that are not as they were before it.
WITH applied AS (
    SELECT DISTINCT ON (j.version) j.version, j.artifacts::jsonb AS artifacts
      FROM {journal} AS j
     WHERE j.action = 'apply' AND j.outcome = 'done' AND j.version IN ({versions})
     ORDER BY j.version, j.id DESC
), objects AS (
    SELECT a.version, k.key AS plural, p.path, w.word = 'removed' AS was_removed,
           CASE WHEN k.key IN ('columns', 'primary_keys', 'unique_constraints', 'check_constraints', 'foreign_keys',
                               'exclusion_constraints', 'triggers', 'policies', 'rules', 'extensions')
                THEN parse_ident(p.path) END AS parts
      FROM applied AS a,
           (VALUES ('created'), ('removed')) AS w (word),
           jsonb_each(CASE jsonb_typeof(a.artifacts -> w.word) WHEN 'object' THEN a.artifacts -> w.word ELSE '{}' END) AS k,
           jsonb_array_elements_text(CASE jsonb_typeof(k.value) WHEN 'array' THEN k.value ELSE '[]' END) AS p (path)
), located AS (
    SELECT o.*, CASE WHEN array_length(o.parts, 1) = 3
                     THEN to_regclass(quote_ident(o.parts[1]) || '.' || quote_ident(o.parts[2])) END AS relation
      FROM objects AS o
), judged AS (
    SELECT l.*, CASE
           WHEN l.plural IN ('tables', 'partitions', 'views', 'materialized_views', 'sequences', 'indexes')
           THEN to_regclass(l.path) IS NOT NULL
           WHEN l.plural = 'functions' THEN to_regprocedure(l.path) IS NOT NULL
           WHEN l.plural IN ('enums', 'domains', 'composite_types', 'range_types') THEN to_regtype(l.path) IS NOT NULL
           WHEN l.plural = 'schemas' THEN to_regnamespace(l.path) IS NOT NULL
           WHEN l.plural = 'roles' THEN to_regrole(l.path) IS NOT NULL
           WHEN l.plural = 'extensions' THEN EXISTS (SELECT FROM pg_extension e WHERE e.extname = l.parts[1])
           WHEN l.plural = 'columns' THEN EXISTS (SELECT FROM pg_attribute c
                WHERE c.attrelid = l.relation AND c.attname = l.parts[3] AND NOT c.attisdropped)
           WHEN l.plural LIKE '%constraints' OR l.plural IN ('primary_keys', 'foreign_keys')
           THEN EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = l.relation AND c.conname = l.parts[3])
           WHEN l.plural = 'triggers' THEN EXISTS (SELECT FROM pg_trigger t
                WHERE t.tgrelid = l.relation AND t.tgname = l.parts[3])
           WHEN l.plural = 'policies' THEN EXISTS (SELECT FROM pg_policy p
                WHERE p.polrelid = l.relation AND p.polname = l.parts[3])
           WHEN l.plural = 'rules' THEN EXISTS (SELECT FROM pg_rewrite r
                WHERE r.ev_class = l.relation AND r.rulename = l.parts[3])
           END AS is_there
      FROM located AS l
)
SELECT version AS leftover, plural, path, was_removed
  FROM judged
 WHERE (is_there AND NOT was_removed) OR (NOT is_there AND was_removed)
 ORDER BY version DESC, was_removed, plural, path
