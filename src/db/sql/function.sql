select 'function' as kind, n.nspname as schema,
       quote_ident(p.proname) || '(' || coalesce((
         select string_agg(format_type(arg.type, null), ', ' order by arg.position)
           from unnest(p.proargtypes::oid[]) with ordinality as arg (type, position)), '') || ')' as name,
       case p.prokind when 'f' then 'function' when 'p' then 'procedure' when 'a' then 'aggregate'
                      else 'window' end as type,
       case when p.prokind <> 'p' then coalesce(pg_get_function_result(p.oid), {disturbed}) end as returns,
       l.lanname as language,
       case p.provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end as volatility,
       p.proisstrict as strict,
       case when p.prosecdef then 'definer' else 'invoker' end as security,
       p.proleakproof as leakproof,
       case p.proparallel when 's' then 'safe' when 'r' then 'restricted' else 'unsafe' end as parallel,
       case when p.procost <> case when l.lanname in ('c', 'internal') then 1 else 100 end
             and p.prokind <> 'a' then p.procost::text end as cost,
       case when p.prorows <> case when p.proretset then 1000 else 0 end then p.prorows::text end as rows,
       case when p.prosupport <> '0' then (
         select format('%I.%I', sn.nspname, s.proname)
           from pg_proc s join pg_namespace sn on sn.oid = s.pronamespace where s.oid = p.prosupport) end as support,
       case when {states_function} and (p.prosupport <> '0' or p.prokind = 'a') then (
         select json_agg(s.name) from (
           {function_namesakes} = p.prosupport
           union {function_namesakes} in (
             select unnest(array[g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn,
                                 g.aggminvtransfn, g.aggmfinalfn]::oid[])
               from pg_aggregate g where g.aggfnoid = p.oid)) as s (name)) end as namesakes,
       array_to_json(p.proconfig) as settings,
       case when p.prokind = 'a' then (
              select format('sfunc = %s, stype = %s', g.aggtransfn::regproc, format_type(g.aggtranstype, null))
                     || case when g.aggfinalfn <> 0 then format(', finalfunc = %s', g.aggfinalfn::regproc) else '' end
                     || case when g.aggcombinefn <> 0 then format(', combinefunc = %s', g.aggcombinefn::regproc) else '' end
                     || case when g.aggserialfn <> 0 then format(', serialfunc = %s', g.aggserialfn::regproc) else '' end
                     || case when g.aggdeserialfn <> 0 then format(', deserialfunc = %s', g.aggdeserialfn::regproc) else '' end
                     || case when g.aggmtransfn <> 0 then format(', msfunc = %s, minvfunc = %s, mstype = %s',
                             g.aggmtransfn::regproc, g.aggminvtransfn::regproc, format_type(g.aggmtranstype, null)) else '' end
                     || case when g.aggsortop <> 0 then format(', sortop = %s', g.aggsortop::regoperator) else '' end
                     || case when g.aggfinalextra then ', finalfunc_extra' else '' end
                     || case when g.aggfinalmodify <> case g.aggkind when 'n' then 'r' else 'w' end::"char"
                             then ', finalfunc_modify = ' || case g.aggfinalmodify when 'r' then 'read_only' when 's' then 'shareable' else 'read_write' end else '' end
                     || case when g.aggmfinalfn <> 0 then format(', mfinalfunc = %s', g.aggmfinalfn::regproc) else '' end
                     || case when g.aggmfinalextra then ', mfinalfunc_extra' else '' end
                     || case when g.aggmfinalmodify <> case g.aggkind when 'n' then 'r' else 'w' end::"char"
                             then ', mfinalfunc_modify = ' || case g.aggmfinalmodify when 'r' then 'read_only' when 's' then 'shareable' else 'read_write' end else '' end
                     || case when g.aggtransspace <> 0 then format(', sspace = %s', g.aggtransspace) else '' end
                     || case when g.aggmtransspace <> 0 then format(', msspace = %s', g.aggmtransspace) else '' end
                     || case when g.agginitval is not null then format(', initcond = %L', g.agginitval) else '' end
                     || case when g.aggminitval is not null then format(', minitcond = %L', g.aggminitval) else '' end
                     || case g.aggkind when 'h' then ', hypothetical' when 'o' then ', ordered-set' else '' end
                from pg_aggregate g where g.aggfnoid = p.oid)
            else case when l.lanname = 'c' then p.probin || ', ' || p.prosrc else coalesce({sql_body}, p.prosrc) end end as body,
       coalesce(pg_get_function_arguments(p.oid), {disturbed}) as arguments,
       {privileges} as privileges,
       pg_get_userbyid(p.proowner) as owner,
       d.description as comment
  from unnest({functions}) as wanted (oid)
  join pg_proc p on p.oid = wanted.oid
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
 cross join lateral (select p.proowner as owner, coalesce(p.proacl, acldefault('f', p.proowner)) as acl,
                            p.proacl @> (acldefault('f', p.proowner))[2] as is_whole) as held
  left join pg_description d on d.objoid = p.oid and d.classoid = 'pg_proc'::regclass and d.objsubid = 0;
