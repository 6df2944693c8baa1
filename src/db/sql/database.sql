select 'other' as kind, 'database' as relation, '' as name, shobj_description(b.oid, 'pg_database') as comment
  from pg_database b where b.datname = current_database();
