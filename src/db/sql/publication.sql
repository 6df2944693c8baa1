select 'publication' as kind, b.pubname as name,
       b.puballtables as all_tables,
       array_to_json(array_remove(array[
         case when b.pubinsert then 'insert' end,
         case when b.pubupdate then 'update' end,
         case when b.pubdelete then 'delete' end,
         case when b.pubtruncate then 'truncate' end], null)) as publish,
       {via_root} as via_root,
       {generated_columns} as generated_columns,
       (select json_agg(format('%I.%I', n.nspname, c.relname){published} order by n.nspname, c.relname)
          from pg_publication_rel r
          join pg_class c on c.oid = r.prrelid
          join pg_namespace n on n.oid = c.relnamespace
         where r.prpubid = b.oid) as tables,
       {published_schemas} as schemas,
       pg_get_userbyid(b.pubowner) as owner,
       d.description as comment
  from pg_publication b
  left join pg_description d on d.objoid = b.oid and d.classoid = 'pg_publication'::regclass and d.objsubid = 0
 where {names};
