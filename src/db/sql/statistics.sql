select 'statistics' as kind, n.nspname as schema, c.relname as relation,{of_relation}
       case when s.stxnamespace = c.relnamespace then s.stxname
            else format('%I.%I', sn.nspname, s.stxname) end as name,
       (select json_agg(case k when 'd' then 'ndistinct' when 'f' then 'dependencies' when 'm' then 'mcv' end)
          from unnest(s.stxkind) as k where k in ('d', 'f', 'm')) as statistics,
       (select json_agg(key.text order by key.position)
          from (select quote_ident(a.attname) as text, col.position
                  from unnest(s.stxkeys::int2[]) with ordinality as col (attnum, position)
                  join pg_attribute a on a.attrelid = s.stxrelid and a.attnum = col.attnum
                 where col.attnum > 0
                union all
                {statistics_expressions}) as key (text, position)) as keys,
       {statistics_target} as target,
       case when s.stxnamespace <> c.relnamespace then sn.nspname end as in_schema,
       pg_get_userbyid(s.stxowner) as owner,
       d.description as comment
  from {relation}
  join pg_statistic_ext s on s.stxrelid = c.oid
  join pg_namespace sn on sn.oid = s.stxnamespace
  left join pg_description d on d.objoid = s.oid and d.classoid = 'pg_statistic_ext'::regclass and d.objsubid = 0;
