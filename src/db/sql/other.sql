-- Everything that has no kind of its own, by its type and the identity that the server gives it.
select 'other' as kind, o.type as relation, o.identity as name, o.owner, o.definition, o.comment from (
select i.type, i.identity, pg_get_userbyid(all_of.owner) as owner, all_of.definition,
       obj_description(all_of.oid, all_of.class::regclass::text) as comment
  from (
       select 'pg_type'::regclass::oid as class, t.oid, t.typowner as owner,
              format('input %s, output %s, receive %s, send %s, length %s, alignment %s, storage %s, category %s, preferred %s, default %s, collation %s',
                     t.typinput, t.typoutput, t.typreceive, t.typsend, t.typlen, t.typalign, t.typstorage, t.typcategory,
                     t.typispreferred, t.typdefault, t.typcollation <> 0)
              || array_to_string({acl}('T')(t.typacl)(t.typowner)(), ', ') as definition
         from pg_type t
        where t.oid >= 16384 and t.typtype in ('b', 'p') and not exists (select from pg_type e where e.typarray = t.oid)
       union all
       select 'pg_operator'::regclass, o.oid, o.oprowner,
              format('function %s, commutator %s, negator %s, restrict %s, join %s, hashes %s, merges %s',
                     o.oprcode::regprocedure, o.oprcom::regoperator, o.oprnegate::regoperator, o.oprrest, o.oprjoin,
                     o.oprcanhash, o.oprcanmerge)
         from pg_operator o where o.oid >= 16384
       union all
       select 'pg_opclass'::regclass, o.oid, o.opcowner, format('for %s, family %s, stores %s, default %s',
              format_type(o.opcintype, null), (select f.opfname from pg_opfamily f where f.oid = o.opcfamily),
              format_type(nullif(o.opckeytype, 0), null), o.opcdefault)
         from pg_opclass o where o.oid >= 16384
       union all
       select 'pg_opfamily'::regclass, f.oid, f.opfowner, concat_ws(', ',
              (select string_agg(format('operator %s %s %s', m.amopstrategy, m.amopopr::regoperator, m.amoppurpose), ', '
                      order by m.amopstrategy, m.amopopr::regoperator::text) from pg_amop m where m.amopfamily = f.oid),
              (select string_agg(format('function %s %s', m.amprocnum, m.amproc::regprocedure), ', '
                      order by m.amprocnum, m.amproc::regprocedure::text) from pg_amproc m where m.amprocfamily = f.oid))
         from pg_opfamily f where f.oid >= 16384
       union all
       select 'pg_cast'::regclass, c.oid, null, format('function %s, context %s, method %s',
              nullif(c.castfunc, 0)::regprocedure, c.castcontext, c.castmethod) from pg_cast c where c.oid >= 16384
       union all
       select 'pg_conversion'::regclass, c.oid, c.conowner, (to_jsonb(c) - array['oid', 'conname', 'connamespace', 'conowner'])::text
         from pg_conversion c where c.oid >= 16384
       union all
       select 'pg_collation'::regclass, c.oid, c.collowner,
              (to_jsonb(c) - array['oid', 'collname', 'collnamespace', 'collowner', 'collversion'])::text
         from pg_collation c where c.oid >= 16384
       union all
       select 'pg_ts_config'::regclass, c.oid, c.cfgowner, 'parser ' || (select p.prsname from pg_ts_parser p where p.oid = c.cfgparser)
              || coalesce((select string_agg(format(', %s: %s', m.maptokentype, m.mapdict::regdictionary), '' order by m.maptokentype, m.mapseqno)
                   from pg_ts_config_map m where m.mapcfg = c.oid), '')
         from pg_ts_config c where c.oid >= 16384
       union all
       select 'pg_ts_dict'::regclass, d.oid, d.dictowner, format('template %s, %s',
              (select t.tmplname from pg_ts_template t where t.oid = d.dicttemplate), d.dictinitoption)
         from pg_ts_dict d where d.oid >= 16384
       union all
       select 'pg_ts_parser'::regclass, p.oid, null, (to_jsonb(p) - array['oid', 'prsname', 'prsnamespace'])::text
         from pg_ts_parser p where p.oid >= 16384
       union all
       select 'pg_ts_template'::regclass, t.oid, null, (to_jsonb(t) - array['oid', 'tmplname', 'tmplnamespace'])::text
         from pg_ts_template t where t.oid >= 16384
       union all
       select 'pg_language'::regclass, l.oid, l.lanowner, format('trusted %s, handler %s, inline %s, validator %s%s', l.lanpltrusted,
              l.lanplcallfoid::regproc, l.laninline::regproc, l.lanvalidator::regproc,
              array_to_string({acl}('l')(l.lanacl)(l.lanowner)(), ', '))
         from pg_language l where l.lanispl and l.oid >= 16384
       union all
       select 'pg_am'::regclass, a.oid, null, format('type %s, handler %s', a.amtype, a.amhandler) from pg_am a where a.oid >= 16384
       union all
       select 'pg_foreign_data_wrapper'::regclass, f.oid, f.fdwowner, format('handler %s, validator %s, options %s%s',
              f.fdwhandler::regproc, f.fdwvalidator::regproc, f.fdwoptions, array_to_string({acl}('F')(f.fdwacl)(f.fdwowner)(), ', '))
         from pg_foreign_data_wrapper f
       union all
       -- options may hold a password: names only
       select 'pg_user_mapping'::regclass, m.umid, null, 'options ' || coalesce((
              select string_agg(split_part(o, '=', 1), ', ' order by o) from unnest(m.umoptions) as o), '')
         from pg_user_mappings m
       union all
       select 'pg_transform'::regclass, t.oid, null, format('from %s, to %s', t.trffromsql::regproc, t.trftosql::regproc)
         from pg_transform t where t.oid >= 16384
       ) as all_of
 cross join lateral pg_identify_object(all_of.class, all_of.oid, 0) as i
 where not exists (select from pg_depend e where e.classid = all_of.class and e.objid = all_of.oid and e.deptype = 'e')
union all
select 'database', 'settings and privileges', pg_get_userbyid(d.datdba),
       array_to_string(array(select setting from pg_db_role_setting s, unnest(s.setconfig) as setting
             where s.setdatabase = d.oid and s.setrole = 0 order by setting)
         || {acl}('d')(d.datacl)(d.datdba)(), ', '),
       shobj_description(d.oid, 'pg_database')
  from pg_database d where d.datname = current_database()
union all
select 'security label', format('%s %s for %s', l.objtype, l.objname, l.provider), null, l.label, null
  from pg_seclabels l where l.objtype not in ('database', 'tablespace', 'role')
union all
-- comments on what is a property of something else
select 'comment', format('on %s %s', i.type, i.identity), null, d.description, null
  from pg_description d cross join lateral pg_identify_object(d.classoid, d.objoid, d.objsubid) as i
 where d.classoid not in ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_trigger'::regclass, 'pg_policy'::regclass, 'pg_namespace'::regclass,
       'pg_extension'::regclass, 'pg_rewrite'::regclass, 'pg_event_trigger'::regclass, 'pg_publication'::regclass,
       'pg_statistic_ext'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass, 'pg_opfamily'::regclass, 'pg_cast'::regclass,
       'pg_conversion'::regclass, 'pg_collation'::regclass, 'pg_ts_config'::regclass, 'pg_ts_dict'::regclass, 'pg_ts_parser'::regclass,
       'pg_ts_template'::regclass, 'pg_language'::regclass, 'pg_am'::regclass, 'pg_foreign_data_wrapper'::regclass,
       'pg_foreign_server'::regclass, 'pg_transform'::regclass, 'pg_class'::regclass, 'pg_constraint'::regclass)
   and d.objoid >= 16384
   and not exists (select from pg_depend e where e.classid = d.classoid and e.objid = d.objoid and e.deptype = 'e')
) as o;
