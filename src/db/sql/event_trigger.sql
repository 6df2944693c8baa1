select 'event trigger' as kind, t.evtname as name,
       t.evtevent as event,
       array_to_json(t.evttags) as tags,
       format('%I.%I', pn.nspname, p.proname) as function,
       case when {states_function} then (
         select json_agg(s.name) from ({function_namesakes} = t.evtfoid) as s (name)) end as namesakes,
       case t.evtenabled when 'O' then 'origin' when 'D' then 'disabled' when 'R' then 'replica'
                         else 'always' end as enabled,
       pg_get_userbyid(t.evtowner) as owner,
       d.description as comment
  from pg_event_trigger t
  join pg_proc p on p.oid = t.evtfoid
  join pg_namespace pn on pn.oid = p.pronamespace
  left join pg_description d on d.objoid = t.oid and d.classoid = 'pg_event_trigger'::regclass and d.objsubid = 0
 where {names};
