//! Whatever is dropped or altered by hand, `verify` exits 1 and names it.
//!
//! The alterations are written by the catalog itself: each query below asks it for the objects of 0024 and answers
//! with one row an alteration: the object as a report names it, and the statements. Every one is made on a copy of
//! its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use serde_json::Value;

use crate::support::{Database, Pgplumb, Project, Server};

/// One alteration by hand.
struct Mutation {
    what: &'static str,
    /// As the report names it.
    object: String,
    sql: String,
}

impl fmt::Display for Mutation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {}", self.what, self.object)
    }
}

/// What PostgreSQL itself refuses. Where a later version carries it out, it is to be found like any other.
struct Refused {
    what: &'static str,
    /// `*` matches anything.
    object: &'static str,
    state: &'static str,
    reason: &'static str,
}

impl Refused {
    fn covers(&self, mutation: &Mutation) -> bool {
        let object = &mutation.object;
        self.what == mutation.what
            && match self.object.split_once('*') {
                Some((start, end)) => object.starts_with(start) && object.ends_with(end),
                None => object == self.object,
            }
    }
}

const REFUSED: &[Refused] = &[
    Refused {
        what: "column dropped",
        object: "public.sync_activity_log.created_at",
        state: "42P16",
        reason: "the table is partitioned by it",
    },
    Refused {
        what: "type of a column",
        object: "public.sync_activity_log.created_at",
        state: "42P16",
        reason: "the table is partitioned by it",
    },
    Refused {
        what: "type of a column",
        object: "public.sync_progress.completed_at",
        state: "0A000",
        reason: "the condition of a trigger reads it",
    },
    Refused {
        what: "type of a column, to a lookalike",
        object: "public.sync_progress.completed_at",
        state: "0A000",
        reason: "the condition of a trigger reads it",
    },
    Refused {
        what: "NOT NULL dropped",
        object: "public.*.id",
        state: "42P16",
        reason: "it is in the primary key",
    },
    Refused {
        what: "NOT NULL dropped",
        object: "public.sync_activity_log.created_at",
        state: "42P16",
        reason: "it is in the primary key",
    },
    Refused {
        what: "NOT VALID",
        object: "public.sync_activity_log.*_fkey",
        state: "42809",
        reason: "before PostgreSQL 18, no foreign key of a partitioned table is",
    },
];

/// The objects of 0024 as views, for the queries below. A relation is `rel`, ready for SQL; `path` is as reports name
/// it. Partitions and what they inherit are apart.
const VIEWS: &str = r#"
create temp view tables as
select c.oid, format('%I.%I', n.nspname, c.relname) as rel, c.relname as name, c.relkind = 'p' as partitioned
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = 'public' and c.relname in ('sync_preview_cache', 'sync_progress', 'sync_activity_log');

create temp view partitions as
select c.oid, format('%I.%I', n.nspname, c.relname) as rel, c.relname as name, t.rel as parent,
       pg_get_expr(c.relpartbound, c.oid) as bound
from pg_inherits i
join pg_class c on c.oid = i.inhrelid
join pg_namespace n on n.oid = c.relnamespace
join tables t on t.oid = i.inhparent
where c.relkind = 'r';

create temp view columns as
select t.rel, t.partitioned, format('%s.%I', t.rel, a.attname) as path, quote_ident(a.attname) as col,
       format_type(a.atttypid, a.atttypmod) as type, y.typtype = 'e' as is_enum, a.attnotnull as not_null,
       pg_get_expr(d.adbin, d.adrelid) as def, a.attnum,
       exists (select from pg_constraint k where k.conrelid = t.oid and k.contype = 'p' and a.attnum = any (k.conkey)) as in_key,
       (select k.conname from pg_constraint k
        where k.conrelid = t.oid and k.contype = 'f' and k.conkey = array[a.attnum]) as fkey,
       exists (select from pg_partitioned_table p where p.partrelid = t.oid and a.attnum = any (p.partattrs)) as in_partition_key,
       a.attname = 'org_id' as in_policies
from tables t
join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
join pg_type y on y.oid = a.atttypid
left join pg_attrdef d on d.adrelid = t.oid and d.adnum = a.attnum;

-- those behind no constraint
create temp view indexes as
select t.rel, t.partitioned, format('%I.%I', n.nspname, c.relname) as path, quote_ident(c.relname) as name,
       pg_get_indexdef(c.oid) as def, pg_get_expr(i.indpred, i.indrelid) as predicate,
       regexp_replace(split_part(pg_get_indexdef(c.oid), ' WHERE ', 1), '^.* USING btree ', '') as keys, c.oid
from tables t
join pg_index i on i.indrelid = t.oid
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where not exists (select from pg_constraint k where k.conindid = c.oid and k.contype in ('p', 'u', 'x'));

create temp view policies as
select t.rel, format('%s.%I', t.rel, p.polname) as path, quote_ident(p.polname) as name,
       case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' end as cmd,
       pg_get_expr(p.polqual, p.polrelid) as qual, pg_get_expr(p.polwithcheck, p.polrelid) as chk,
       format(' using (%s)', pg_get_expr(p.polqual, p.polrelid)) as using_clause,
       format(' with check (%s)', pg_get_expr(p.polwithcheck, p.polrelid)) as check_clause
from tables t join pg_policy p on p.polrelid = t.oid;

create temp view triggers as
select t.rel, format('%s.%I', t.rel, g.tgname) as path, quote_ident(g.tgname) as name, pg_get_triggerdef(g.oid) as def
from tables t join pg_trigger g on g.tgrelid = t.oid
where not g.tgisinternal;

-- those that triggers of 0024 call, and the one that a scheduler calls
create temp view functions as
select f.oid, format('%I.%I(%s)', n.nspname, f.proname, pg_get_function_identity_arguments(f.oid)) as path,
       format('%I.%I', n.nspname, f.proname) as name, f.prorettype = 'trigger'::regtype as is_trigger,
       pg_get_functiondef(f.oid) as def
from pg_proc f join pg_namespace n on n.oid = f.pronamespace
where f.proname = 'auto_cleanup_preview_cache'
   or f.oid in (select g.tgfoid from pg_trigger g join tables t on t.oid = g.tgrelid where not g.tgisinternal);

create temp view constraints as
select t.rel, t.partitioned, format('%s.%I', t.rel, k.conname) as path, quote_ident(k.conname) as name, k.contype as kind,
       pg_get_constraintdef(k.oid) as def, k.oid
from tables t join pg_constraint k on k.conrelid = t.oid
where k.contype in ('p', 'u', 'f', 'c');

create temp view enums as
select y.oid, format('%I.%I', n.nspname, y.typname) as path, quote_ident(y.typname) as name
from pg_type y join pg_namespace n on n.oid = y.typnamespace
where y.typname in ('sync_type', 'sync_action', 'sync_entity_type', 'sync_status_type');

create temp view labels as
select e.path, e.name, l.enumlabel as label, l.oid,
       l.enumsortorder = min(l.enumsortorder) over (partition by e.oid) as first
from enums e join pg_enum l on l.enumtypid = e.oid;
"#;

/// What is done to which objects.
const ALTERATIONS: &[(&str, &str)] = &[
    // ── tables ──
    (
        "table dropped",
        "select rel, format('drop table %s cascade', rel) from tables",
    ),
    (
        "table renamed",
        "select rel, format('alter table %s rename to another', rel) from tables",
    ),
    (
        "table moved",
        "select rel, format('alter table %s set schema auth', rel) from tables",
    ),
    (
        "row security disabled",
        "select rel, format('alter table %s disable row level security', rel) from tables",
    ),
    (
        "row security forced",
        "select rel, format('alter table %s force row level security', rel) from tables",
    ),
    (
        "partitioning given up",
        "select rel, format('create table another (like %s including all); drop table %1$s cascade; \
         alter table another rename to %I', rel, name) from tables where partitioned",
    ),
    (
        "partitioned by another column",
        "select rel, format('create table another (like %s including defaults including constraints) partition by range (org_id); \
         drop table %1$s cascade; alter table another rename to %I', rel, name) from tables where partitioned",
    ),
    // ── columns ──
    (
        "column dropped",
        "select path, format('alter table %s drop column %s cascade', rel, col) from columns",
    ),
    (
        "column added",
        "select rel || '.another', format('alter table %s add column another integer', rel) from tables",
    ),
    (
        "type of a column",
        "select path, case \
             when in_policies then format('alter table %s drop column %s cascade, add column %2$s text not null', rel, col) \
             when type = 'uuid' then format('alter table %s %s alter column %s drop default, alter column %3$s type text', \
                                            rel, 'drop constraint ' || fkey || ',', col) \
             else format('alter table %s alter column %s drop default, alter column %2$s type %s using %2$s::text::%3$s%s', rel, col, \
                         case when is_enum then 'text' when type = 'integer' then 'bigint' when type = 'numeric' then 'numeric(12,2)' \
                              when type = 'jsonb' then 'json' when type like 'timestamp%' then 'timestamp(0) with time zone' \
                              when type = 'text' then 'varchar(1000)' else 'varchar(200)' end, \
                         ', alter column ' || col || ' set default ' || def) \
         end from columns where type <> 'jsonb' or rel <> 'public.sync_preview_cache'",
    ),
    (
        "type of a column, to a lookalike",
        "select path, format('alter table %s alter column %s type %s', rel, col, \
             case when type = 'text' or type like 'character varying%' then type || ' collate \"C\"' \
                  when type = 'numeric' then 'numeric(1000)' else 'timestamp(6) with time zone' end) \
         from columns where not in_partition_key \
           and (type in ('text', 'numeric', 'timestamp with time zone') or type like 'character varying%')",
    ),
    (
        "default dropped",
        "select path, format('alter table %s alter column %s drop default', rel, col) from columns where def is not null",
    ),
    (
        "default set",
        "select path, format('alter table %s alter column %s set default %s', rel, col, case \
             when def = 'now()' then 'clock_timestamp()' \
             when def like '%1:00:00%' or def like '%1 hour%' then 'now() + interval ''2 hours''' \
             when type like 'timestamp%' then 'now()' \
             when type = 'uuid' then '''00000000-0000-4000-8000-000000000000''' \
             when type in ('integer', 'numeric') then '1' \
             when type = 'jsonb' then '''{\"a\": 1}''' \
             when is_enum then (select quote_literal(label) from labels l where l.first and type in (l.name, l.path)) \
             else '''x''' end) from columns",
    ),
    (
        "NOT NULL dropped",
        "select path, format('alter table %s alter column %s drop not null', rel, col) from columns where not_null",
    ),
    (
        "NOT NULL set",
        "select path, format('alter table %s alter column %s set not null', rel, col) from columns where not not_null",
    ),
    (
        "column generated",
        "select path, format('alter table %s alter column %s drop default, alter column %2$s add generated by default as identity', rel, col) \
         from columns where type = 'integer' and not_null and not partitioned",
    ),
    // ── indexes ──
    (
        "index dropped",
        "select path, format('drop index %s', path) from indexes",
    ),
    (
        "index renamed",
        "select path, format('alter index %s rename to another', path) from indexes",
    ),
    (
        "index on other columns",
        "select path, format('drop index %s; create index %s on %s (id, org_id)', path, name, rel) from indexes",
    ),
    (
        "index in another direction",
        "select path, format('drop index %s; create index %s on %s %s%s', path, name, rel, \
             case when keys like '%DESC)' then replace(keys, ' DESC)', ')') else replace(keys, ')', ' DESC)') end, \
             ' where ' || predicate) from indexes",
    ),
    (
        "NULLs of an index at the other end",
        "select path, format('drop index %s; create index %s on %s %s%s', path, name, rel, \
             case when keys like '%DESC)' then replace(keys, ' DESC)', ' DESC NULLS LAST)') else replace(keys, ')', ' NULLS FIRST)') end, \
             ' where ' || predicate) from indexes",
    ),
    (
        "index made unique",
        "select path, format('drop index %s; create unique index %s on %s %s%s', path, name, rel, keys, ' where ' || predicate) \
         from indexes",
    ),
    (
        "index with a column more",
        "select path, format('drop index %s; create index %s on %s %s include (id)%s', path, name, rel, keys, ' where ' || predicate) \
         from indexes",
    ),
    (
        "predicate of an index",
        "select path, format('drop index %s; create index %s on %s %s%s', path, name, rel, keys, \
             case when predicate is null then ' where org_id is not null' end) from indexes",
    ),
    (
        "index method",
        "select path, format('drop index %s; create index %s on %s using brin (org_id, id)', path, name, rel) from indexes",
    ),
    (
        "index left invalid",
        "select path, format('update pg_catalog.pg_index set indisvalid = false where indexrelid = %L::regclass', path) from indexes",
    ),
    (
        "index added",
        "select 'public.another', format('create index another on %s (org_id)', rel) from tables",
    ),
    (
        "index added to a partition",
        "select 'Indexes, all as designed', format('create index another on %s (org_id)', rel) from partitions",
    ),
    // ── policies ──
    (
        "policy dropped",
        "select path, format('drop policy %s on %s', name, rel) from policies",
    ),
    (
        "policy renamed",
        "select path, format('alter policy %s on %s rename to another', name, rel) from policies",
    ),
    (
        "USING (true)",
        "select path, format('alter policy %s on %s using (true)', name, rel) from policies where qual is not null",
    ),
    (
        "WITH CHECK (true)",
        "select path, format('alter policy %s on %s with check (true)', name, rel) from policies where chk is not null",
    ),
    (
        "USING without the user",
        "select path, format('alter policy %s on %s using (%s)', name, rel, replace(qual, 'u.id = auth.uid()', 'true')) \
         from policies where qual is not null",
    ),
    (
        "WITH CHECK without the organization",
        "select path, format('alter policy %s on %s with check (exists (select 1 from auth.users_extended u where u.id = auth.uid()))', \
             name, rel) from policies where chk is not null",
    ),
    (
        "policy without its WITH CHECK",
        "select path, format('drop policy %s on %s; create policy %1$s on %2$s for %s%s', name, rel, cmd, using_clause) \
         from policies where qual is not null and chk is not null",
    ),
    (
        "roles of a policy",
        "select path, format('alter policy %s on %s to authenticated', name, rel) from policies",
    ),
    (
        "policy for all commands",
        "select path, format('drop policy %s on %s; create policy %1$s on %2$s for all using (%s)', name, rel, coalesce(qual, chk)) \
         from policies",
    ),
    (
        "policy made restrictive",
        "select path, format('drop policy %s on %s; create policy %1$s on %2$s as restrictive for %s%s%s', name, rel, cmd, \
             case when qual is not null then using_clause end, case when chk is not null then check_clause end) from policies",
    ),
    (
        "policy added",
        "select rel || '.another', format('create policy another on %s using (true)', rel) from tables",
    ),
    // ── triggers ──
    (
        "trigger dropped",
        "select path, format('drop trigger %s on %s', name, rel) from triggers",
    ),
    (
        "trigger renamed",
        "select path, format('alter trigger %s on %s rename to another', name, rel) from triggers",
    ),
    (
        "trigger disabled",
        "select path, format('alter table %s disable trigger %s', rel, name) from triggers",
    ),
    (
        "trigger for replicas",
        "select path, format('alter table %s enable replica trigger %s', rel, name) from triggers",
    ),
    (
        "trigger for all",
        "select path, format('alter table %s enable always trigger %s', rel, name) from triggers",
    ),
    (
        "trigger at another time",
        "select path, format('drop trigger %s on %s; %s', name, rel, \
             case when def like '% BEFORE %' then replace(def, ' BEFORE ', ' AFTER ') else replace(def, ' AFTER ', ' BEFORE ') end) \
         from triggers",
    ),
    (
        "trigger on another event",
        "select path, format('drop trigger %s on %s; %s', name, rel, case when def like '% INSERT OR UPDATE %' \
             then replace(def, ' INSERT OR UPDATE ', ' UPDATE ') else replace(def, ' UPDATE ', ' UPDATE OF total_items ') end) \
         from triggers",
    ),
    (
        "trigger with another function",
        "select path, format('drop trigger %s on %s; %s', name, rel, regexp_replace(def, 'EXECUTE FUNCTION .*$', \
             'EXECUTE FUNCTION public.set_updated_at()')) from triggers",
    ),
    (
        "trigger with another condition",
        "select path, format('drop trigger %s on %s; %s', name, rel, case when def like '% WHEN %' \
             then regexp_replace(def, ' WHEN .* EXECUTE ', ' EXECUTE ') else replace(def, ' EXECUTE ', ' WHEN (false) EXECUTE ') end) \
         from triggers",
    ),
    (
        "trigger added",
        // 12 knows none of rows before the event on a partitioned table
        "select rel || '.another', format('create trigger another %s update on %s for each row \
             execute function public.set_updated_at()', case when partitioned then 'after' else 'before' end, rel) from tables",
    ),
    (
        "trigger added to a partition",
        "select 'Triggers, all as designed', format('create trigger another before update on %s for each row \
             execute function public.set_updated_at()', rel) from partitions",
    ),
    // ── functions ──
    (
        "function dropped",
        "select path, format('drop function %s cascade', path) from functions",
    ),
    (
        "function renamed",
        "select path, format('alter function %s rename to another', path) from functions",
    ),
    (
        "function that does nothing",
        "select path, regexp_replace(def, '\\$function\\$.*\\$function\\$', \
             case when is_trigger then '$function$ BEGIN RETURN NEW; END $function$' else '$function$ BEGIN RETURN; END $function$' end) \
         from functions",
    ),
    (
        "function with a constant changed",
        "select path, replace(replace(replace(replace(replace(def, 'sync_complete', 'sync_start'), '> 0 THEN', '>= 0 THEN'), \
             'done > NEW', 'done >= NEW'), 'updated_at := now()', 'updated_at := clock_timestamp()'), '<= now()', '< now()') from functions",
    ),
    (
        "security definer",
        "select path, format('alter function %s security definer', path) from functions",
    ),
    (
        "volatility",
        "select path, format('alter function %s stable', path) from functions",
    ),
    (
        "search_path of a function reset",
        "select path, format('alter function %s reset search_path', path) from functions",
    ),
    (
        "search_path of a function",
        "select path, format('alter function %s set search_path = public', path) from functions",
    ),
    (
        "type of a result",
        "select path, format('drop function %s; create function %1$s returns integer language plpgsql set search_path = pg_catalog, pg_temp \
             as ''begin return 0; end''', path) from functions where not is_trigger",
    ),
    (
        "function overloaded",
        "select 'Automation functions', format('create function %s(integer) returns integer language sql as ''select 1''', name) from functions",
    ),
    (
        "function granted to the public",
        "select 'the public may run none of the functions', format('grant execute on function %s to public', path) from functions",
    ),
    (
        "function taken from the application",
        "select 'the application may clean up its previews', format('revoke execute on function %s from authenticated', path) \
         from functions where not is_trigger",
    ),
    // ── constraints ──
    (
        "constraint dropped",
        "select path, format('alter table %s drop constraint %s', rel, name) from constraints where kind in ('u', 'c')",
    ),
    // of these, a suite names the columns
    (
        "primary key dropped",
        "select 'primary key of ' || rel, format('alter table %s drop constraint %s', rel, name) from constraints where kind = 'p'",
    ),
    (
        "foreign key dropped",
        "select format('foreign key %s of %s', substring(def from '\\(.*?\\)'), rel), \
             format('alter table %s drop constraint %s', rel, name) from constraints where kind = 'f'",
    ),
    (
        "constraint renamed",
        "select path, format('alter table %s rename constraint %s to another', rel, name) from constraints where kind in ('c', 'u')",
    ),
    (
        "NOT VALID",
        "select path, format('alter table %s drop constraint %s, add constraint %2$s %s not valid', rel, name, def) \
         from constraints where kind in ('c', 'f')",
    ),
    (
        "CHECK (true)",
        "select path, format('alter table %s drop constraint %s, add constraint %2$s check (true)', rel, name) from constraints where kind = 'c'",
    ),
    (
        "CHECK a little off",
        "select path, format('alter table %s drop constraint %s, add constraint %2$s %s', rel, name, \
             case when def like '%=%' and def ~ '[<>]' then replace(replace(def, '>=', '>'), '<=', '<') \
                  when def like '%>%' then replace(def, '>', '>=') \
                  else replace(replace(def, ' = ', ' <> '), ' AND ', ' OR ') end) from constraints where kind = 'c'",
    ),
    (
        "key of other columns",
        "select path, format('alter table %s drop constraint %s cascade, add constraint %2$s %s', rel, name, \
             regexp_replace(def, '\\(.*\\)', case when partitioned then '(created_at)' else '(org_id)' end)) \
         from constraints where kind in ('p', 'u')",
    ),
    (
        "key deferrable",
        "select path, format('alter table %s drop constraint %s cascade, add constraint %2$s %s deferrable', rel, name, def) \
         from constraints where kind in ('p', 'u')",
    ),
    (
        "foreign key without its action",
        "select path, format('alter table %s drop constraint %s, add constraint %2$s %s', rel, name, regexp_replace(def, ' ON DELETE .*', '')) \
         from constraints where kind = 'f'",
    ),
    (
        "foreign key with another action",
        "select path, format('alter table %s drop constraint %s, add constraint %2$s %s on update cascade', rel, name, def) \
         from constraints where kind = 'f'",
    ),
    (
        "foreign key to another table",
        "select path, format('alter table %s drop constraint %s, add constraint %2$s %s', rel, name, \
             regexp_replace(def, 'REFERENCES [^ (]*', 'REFERENCES public.customer')) from constraints where kind = 'f'",
    ),
    (
        "foreign key deferrable",
        "select path, format('alter table %s alter constraint %s deferrable initially deferred', rel, name) from constraints where kind = 'f'",
    ),
    (
        "constraint added",
        "select rel || '.another', format('alter table %s add constraint another check (org_id is not null)', rel) from tables",
    ),
    // ── enums ──
    (
        "type dropped",
        "select path, format('drop type %s cascade', path) from enums",
    ),
    (
        "type renamed",
        "select path, format('alter type %s rename to another', path) from enums",
    ),
    (
        "label renamed",
        "select path, format('alter type %s rename value %L to %L', path, label, label || '_') from labels",
    ),
    (
        "label added at the end",
        "select path, format('alter type %s add value %L', path, 'another') from enums",
    ),
    (
        "label added at the start",
        "select path, format('alter type %s add value %L before %L', path, 'another', label) from labels where first",
    ),
    (
        "order of labels",
        "select path, format('update pg_catalog.pg_enum set enumsortorder = enumsortorder + 100 where oid = %s', oid) from labels where first",
    ),
    // ── partitions ──
    (
        "partition detached",
        "select rel, format('alter table %s detach partition %s', parent, rel) from partitions",
    ),
    (
        "partition dropped",
        "select rel, format('drop table %s', rel) from partitions",
    ),
    (
        "partition renamed",
        "select rel, format('alter table %s rename to another', rel) from partitions",
    ),
    (
        "lower bound of a partition",
        "select rel, format('alter table %s detach partition %s; alter table %1$s attach partition %2$s %s', parent, rel, \
             replace(bound, '-01 00:00:00+00'') TO', '-01 00:00:00.000001+00'') TO')) from partitions",
    ),
    (
        "upper bound of a partition",
        "select rel, format('alter table %s detach partition %s; alter table %1$s attach partition %2$s %s', parent, rel, \
             case when bound like '%MAXVALUE%' then replace(bound, 'MAXVALUE', '''2100-01-01 00:00:00+00''') \
                  else regexp_replace(bound, '\\+00''\\)$', '+01'')') end) from partitions",
    ),
    (
        "default partition instead",
        "select rel, format('alter table %s detach partition %s; alter table %1$s attach partition %2$s default', parent, rel) from partitions",
    ),
    (
        "partition added",
        "select 'public.another', format('create table public.another partition of %s default', rel) from tables where partitioned",
    ),
    (
        "row security of a partition disabled",
        "select rel, format('alter table %s disable row level security', rel) from partitions",
    ),
    (
        "row security of a partition forced",
        "select rel, format('alter table %s force row level security', rel) from partitions",
    ),
    (
        "policy added to a partition",
        "select rel || '.another', format('create policy another on %s using (true)', rel) from partitions",
    ),
    (
        "key of a partition, of other columns",
        "select format('%s.%I', rel, k.conname), format('alter table %s detach partition %s; \
             alter table %2$s drop constraint %I, add constraint %3$I primary key (id)', parent, rel, k.conname) \
         from partitions p join pg_constraint k on k.conrelid = p.oid and k.contype = 'p'",
    ),
    // ── grants ──
    (
        "right revoked",
        "select rel || '.authenticated', format('revoke %s on %s from authenticated', r, rel) \
         from tables, unnest(array['select', 'insert', 'update', 'delete', 'all']) r",
    ),
    (
        "right granted",
        "select rel || '.authenticated', format('grant %s on %s to authenticated', r, rel) \
         from tables, unnest(array['truncate', 'references', 'trigger']) r",
    ),
    (
        "right granted to the public",
        "select rel || '.public', format('grant select on %s to public', rel) from (select rel from tables union all select rel from partitions) r",
    ),
    (
        "right granted with GRANT OPTION",
        "select rel || '.authenticated', format('grant select on %s to authenticated with grant option', rel) from tables",
    ),
    (
        "right on a partition granted",
        "select rel || '.authenticated', format('grant %s on %s to authenticated', r, rel) \
         from partitions, unnest(array['select', 'insert']) r",
    ),
    (
        "right on a column granted",
        "select rel || '.' || role, format('grant select (org_id) on %s to %s', rel, role) \
         from (select rel, 'public' as role from tables union all select rel, 'authenticated' from partitions) r",
    ),
];

#[test]
fn every_alteration_by_hand_is_found_and_named() {
    let started = Instant::now();
    let template = Server::shared().database("mutation");
    let project = Project::shipped("");
    let applied = Pgplumb::new(&project, &template)
        .args(&["apply", "--format", "json"])
        .run()
        .expect(0)
        .json();
    let mutations = generate(&template);
    if std::env::var_os("PGPLUMB_ALTERATION").is_none() {
        assert_all_objects_are_altered(&applied, &mutations);
    }

    let next = AtomicUsize::new(0);
    let ends = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((index, mutation)) = take(&next, &mutations) {
                    let end = make(mutation, &template, &project);
                    ends.lock().unwrap().insert(index, end);
                }
            });
        }
    });
    let ends = ends.into_inner().unwrap();
    let (mut found, mut refused, mut faults) = (0, 0, Vec::new());
    for (index, end) in &ends {
        let mutation = &mutations[*index];
        match end {
            Ok(Outcome::Found) => found += 1,
            Ok(Outcome::Refused) => refused += 1,
            Err(fault) => faults.push(format!("{mutation}: {fault}\n    {}", mutation.sql)),
        }
    }
    let score = format!(
        "{found} of {} alterations found and named, {refused} more refused by PostgreSQL, in {:.0?}",
        mutations.len() - refused,
        started.elapsed()
    );
    println!("{score}");
    assert!(faults.is_empty(), "{score}; not these:\n{}", faults.join("\n"));
}

fn take<'a>(next: &AtomicUsize, mutations: &'a [Mutation]) -> Option<(usize, &'a Mutation)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    mutations.get(index).map(|mutation| (index, mutation))
}

/// Asks the catalog. A query without an answer is one that has lost its objects.
fn generate(template: &Database) -> Vec<Mutation> {
    let session = template.session();
    session.run(VIEWS).expect("the views can be made");
    let mut mutations = Vec::new();
    for &(what, query) in ALTERATIONS {
        let rows = session
            .run(query)
            .unwrap_or_else(|error| panic!("{what}: {error}\n{query}"));
        assert!(!rows.is_empty(), "{what}: no objects\n{query}");
        for row in rows {
            let [Some(object), Some(sql)] = row.as_slice() else {
                panic!("{what}: {row:?}\n{query}");
            };
            mutations.push(Mutation {
                what,
                object: object.clone(),
                sql: sql.clone(),
            });
        }
    }
    for refused in REFUSED {
        assert!(
            mutations.iter().any(|mutation| refused.covers(mutation)),
            "{} of {} is not made ({})",
            refused.what,
            refused.object,
            refused.reason
        );
    }
    // of one's own choosing, to see what becomes of it
    if let Ok(only) = std::env::var("PGPLUMB_ALTERATION") {
        mutations.retain(|mutation| mutation.to_string().contains(&only));
    }
    mutations
}

/// The suite names nothing that no alteration touches. Figures and probes are of objects named elsewhere.
fn assert_all_objects_are_altered(applied: &Value, mutations: &[Mutation]) {
    let altered: BTreeSet<&str> = mutations
        .iter()
        .map(|mutation| mutation.object.as_str())
        .collect();
    let untouched: BTreeSet<&str> = checks(applied)
        .filter(|check| check["suite"] == "0024")
        .filter(|check| {
            !["count", "query", "probe", "isolation", "audit"]
                .contains(&check["kind"].as_str().unwrap_or_default())
        })
        .filter_map(|check| check["object"].as_str())
        .filter(|object| !altered.contains(object))
        .collect();
    assert!(untouched.is_empty(), "nothing alters {untouched:?}");
}

enum Outcome {
    Found,
    /// As listed.
    Refused,
}

/// Makes the alteration on a copy, and verifies that.
fn make(mutation: &Mutation, template: &Database, project: &Project) -> Result<Outcome, String> {
    let copy = template.copy();
    if let Err(error) = copy.try_run(&mutation.sql) {
        return match REFUSED.iter().find(|refused| refused.covers(mutation)) {
            Some(refused) if error.starts_with(refused.state) => Ok(Outcome::Refused),
            _ => Err(format!("PostgreSQL refused it: {error}")),
        };
    }
    let outcome = Pgplumb::new(project, &copy)
        // the catalog tells each of them; what probes find beyond it is tried in gates.rs
        .args(&["verify", "--no-probes", "--format", "json"])
        .run();
    if outcome.code != 1 {
        return Err(format!("exit code {}: {}", outcome.code, outcome.stderr));
    }
    let report = outcome.json();
    let failing: Vec<&Value> = checks(&report)
        .filter(|check| check["status"] == "fail")
        .collect();
    if failing.iter().any(|check| names(check, &mutation.object)) {
        return Ok(Outcome::Found);
    }
    let said: Vec<String> = failing
        .iter()
        .map(|check| format!("{}: {}", check["id"], check["message"]))
        .collect();
    Err(format!("not named by what failed: {said:#?}"))
}

fn checks(report: &Value) -> impl Iterator<Item = &Value> {
    report["checks"].as_array().into_iter().flatten()
}

/// As the object of the check, or in its words when it is about what should not be there, or about a key that is gone
/// and with it its name. The message of a count lists bystanders, so it names nothing.
fn names(check: &Value, object: &str) -> bool {
    let message = check["message"].as_str().unwrap_or_default();
    check["object"] == object
        || message.strip_suffix(" does not exist") == Some(object)
        || check["kind"] == "exact"
            && message
                .split(|letter: char| letter.is_whitespace() || ",;:".contains(letter))
                .any(|word| word == object)
}
