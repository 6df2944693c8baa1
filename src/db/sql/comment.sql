-- What has no kind of its own, by its class and the identity that the server gives it, with the comment on it.
select 'other' as kind, i.type as relation, i.identity as name, d.description as comment
  from (
       {classes}
       ) as held
  left join pg_description d on d.objoid = held.oid and d.classoid = held.class and d.objsubid = 0
 cross join lateral pg_identify_object(held.class, held.oid, 0) as i
 where not exists (select from pg_depend e where e.classid = held.class and e.objid = held.oid and e.deptype = 'e');
