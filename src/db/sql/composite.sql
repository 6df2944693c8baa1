select 'composite type' as kind, n.nspname as schema, t.typname as name,
       (select json_agg(quote_ident(a.attname) || ' ' || format_type(a.atttypid, a.atttypmod)
                        || case when a.attcollation <> own.typcollation
                                then ' COLLATE ' || ({collation_name} = a.attcollation) else '' end
                        order by a.attnum)
          from pg_attribute a join pg_type own on own.oid = a.atttypid
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as attributes,
       case when {states_collation} then (
         select json_agg(coalesce(({collation_name} = a.attcollation), '') order by a.attnum)
           from pg_attribute a
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end as collation_names,
       case when {states_collation} then (
         select json_agg(distinct s.name)
           from pg_attribute a cross join lateral ({collation_namesakes} = a.attcollation) as s (name)
          where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) end as namesakes,
       (select json_agg(quote_ident(a.attname) || ': ' || ad.description order by a.attnum)
          from pg_attribute a
          join pg_description ad on ad.objoid = c.oid and ad.classoid = 'pg_class'::regclass and ad.objsubid = a.attnum
         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped) as attribute_comments,
       {privileges} as privileges,
       pg_get_userbyid(t.typowner) as owner,
       d.description as comment
  from unnest({types}) as wanted (oid)
  join pg_type t on t.oid = wanted.oid
  join pg_class c on c.oid = t.typrelid and c.relkind = 'c'
  join pg_namespace n on n.oid = t.typnamespace
 cross join lateral (select t.typowner as owner, coalesce(t.typacl, acldefault('T', t.typowner)) as acl,
                            t.typacl @> (acldefault('T', t.typowner))[2] as is_whole) as held
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_type'::regclass and d.objsubid = 0
 where t.typtype = 'c';
