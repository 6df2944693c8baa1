select 'foreign server' as kind, s.srvname as name,
       w.fdwname as wrapper,
       s.srvtype as type,
       s.srvversion as version,
       (select json_agg({masked}) from unnest(s.srvoptions) as o (option)) as options,
       {privileges} as privileges,
       pg_get_userbyid(s.srvowner) as owner,
       d.description as comment
  from pg_foreign_server s
  join pg_foreign_data_wrapper w on w.oid = s.srvfdw
 cross join lateral (select s.srvowner as owner, coalesce(s.srvacl, acldefault('S', s.srvowner)) as acl,
                            s.srvacl @> (acldefault('S', s.srvowner))[1] as is_whole) as held
  left join pg_description d on d.objoid = s.oid and d.classoid = 'pg_foreign_server'::regclass and d.objsubid = 0
 where {names};
