select 'composite type' as kind, n.nspname as schema, t.typname as name,
       (select json_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                        || case when a.attcollation <> own.typcollation then (
                             select ' COLLATE ' || case when cn.nspname = 'pg_catalog' then quote_ident(o.collname)
                                                        else format('%I.%I', cn.nspname, o.collname) end
                               from pg_collation o join pg_namespace cn on cn.oid = o.collnamespace
                              where o.oid = a.attcollation) else '' end
                        order by a.attnum)
          from pg_attribute a join pg_type own on own.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as attributes,
       {privileges} as privileges,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
  join pg_namespace n on n.oid = t.typnamespace
 cross join lateral (select t.typowner as owner, coalesce(t.typacl, acldefault('T', t.typowner)) as acl) as held
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'c';
