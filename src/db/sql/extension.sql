select 'extension' as kind, e.extname as name,
       e.extversion as version,
       n.nspname as in_schema,
       case when av.default_version = e.extversion then coalesce(av.comment, '') end as usual_comment,
       d.description as comment
  from pg_extension e
  join pg_namespace n on n.oid = e.extnamespace
  -- reads the server's files
  left join pg_available_extensions av on {states_extension} and av.name = e.extname
  left join pg_description d on d.objoid = e.oid and d.classoid = 'pg_extension'::regclass and d.objsubid = 0
 where {names};
