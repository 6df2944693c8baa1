with found as materialized (
  select found.oid, bit_or(found.parts) as parts, bit_or(found.objects) as objects, min(found.relkind::text) as relkind,
         {names}
    from ({relations}) as found (oid, parts, objects, relkind, schema, name)
   group by found.oid)
