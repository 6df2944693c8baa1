//! Reading the live catalog: one text of several SELECT statements for all that a [`Scope`] covers, and the
//! decoding of their rows.
//!
//! The text is meant for the simple query protocol and composes with others in one message: its rows are known
//! by their first column ([`is_catalog_row`]). It writes nothing; the objects that names stand for are kept in
//! settings of the transaction (`pgplumb.…`). [`SETTINGS`] must be in force, in the same transaction, so that
//! what the server prints is the same everywhere.
//!
//! Definitions are printed by the server from its caches, not from the snapshot: what a concurrent session
//! drops or rebuilds meanwhile is printed as NULL, as `???`, or as an error. That is no fact about the
//! catalog: [`decode`] then says [`ReadError::Disturbed`], [`is_disturbance`] knows the errors, and the caller
//! reads again (in a new transaction when it has one snapshot). Deparsing takes ACCESS SHARE on the relations
//! that views, policies and rules mention, so it waits for ACCESS EXCLUSIVE, as long as `lock_timeout` allows.

use std::collections::BTreeSet;

use tokio_postgres::error::SqlState;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::batch::{Failure, Sent, Stage};
use crate::catalog::decode::{self as rows, DecodeError};
use crate::catalog::property::DETAILS;
use crate::catalog::scope::OnRelation;
use crate::catalog::{Catalog, Kind, Object, ObjectId, Parts, Scope, Stated, Value};
use crate::sql::fragment;

/// What the reading transaction must have set: names are printed with their schema unless it is `pg_catalog`,
/// times in UTC; and no compilation for queries that take milliseconds. In force until the end of the
/// transaction.
pub const SETTINGS: &str = "set local search_path to pg_catalog, pg_temp; set local timezone to 'UTC'; \
     set local datestyle to iso; set local intervalstyle to postgres; set local bytea_output to hex; \
     set local standard_conforming_strings to on; set local extra_float_digits to 1; set local quote_all_identifiers to off; \
     set local jit to off; set local max_parallel_workers_per_gather to 0; set local work_mem to '32MB';";

/// pgplumb's own tables: no pattern matches them, nor their sequences.
const OWN: &str = "'refinery_schema_history', 'pgplumb_journal'";

/// Stands in a row for a definition that the server could not print.
const DISTURBED: &str = "\u{1}disturbed";

/// Why rows did not become a catalog.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Another session changed or dropped the object meanwhile; read again.
    #[error("{object} was being changed by another session while it was read")]
    Disturbed { object: String },
}

/// The statements that read relations and what stands on them: each serves some kinds.
///
/// A number that is compared with an identifier of an object is quoted: unquoted it is an integer, and the server weighs all
/// its operators to find one for the two types, which a new session pays for in each statement.
pub(super) const RELATION_STATEMENTS: [(&[Kind], &str); 14] = [
    (&[Kind::Sequence], include_str!("sql/sequence.sql")),
    (&[Kind::Table], include_str!("sql/table.sql")),
    (&[Kind::Column], include_str!("sql/column.sql")),
    (&[Kind::PrimaryKey, Kind::Unique], include_str!("sql/key.sql")),
    (&[Kind::Check], include_str!("sql/check.sql")),
    (&[Kind::ForeignKey], include_str!("sql/foreign_key.sql")),
    (&[Kind::Exclusion], include_str!("sql/exclusion.sql")),
    (&[Kind::Index], include_str!("sql/index.sql")),
    (&[Kind::Statistics], include_str!("sql/statistics.sql")),
    (&[Kind::Trigger], include_str!("sql/trigger.sql")),
    (&[Kind::Rule], include_str!("sql/rule.sql")),
    (&[Kind::Policy], include_str!("sql/policy.sql")),
    (
        &[Kind::View, Kind::MaterializedView],
        include_str!("sql/view.sql"),
    ),
    (&[Kind::Grant], include_str!("sql/grant.sql")),
];

/// The place of a column among those that are there.
pub(super) const POSITION: &str = "row_number() over (partition by a.attrelid order by a.attnum)";

/// A relation with its schema, of those in `wanted`.
pub(super) const RELATION: &str = "{wanted}\n  join pg_class c on c.oid = wanted.oid\n  \
     join pg_namespace n on n.oid = c.relnamespace";

/// The text that reads what `scope` covers, for a server of that version (`version_num`, 120000 and newer).
pub fn read_sql(scope: &Scope, version_num: u32) -> String {
    let relations = match is_by_name(scope) {
        true => None,
        false => relations_sql(scope),
    };
    let types = types_sql(scope);
    let functions = functions_sql(scope);
    let whole = relations.is_some() && scope.each_parts().next().is_none();
    let wanted: Vec<(Wanted<'_>, &str)> = RELATION_STATEMENTS
        .iter()
        .map(|(kinds, sql)| (Wanted::of(kinds, scope), *sql))
        .filter(|(wanted, _)| wanted.bare || wanted.defined || wanted.named)
        .collect();
    let mut settings = String::new();
    if relations.is_some() {
        // the figures are those of all relations, whatever is read of them
        settings.push_str(&setting("relations", "true"));
        if !whole {
            settings.extend(wanted.iter().map(|(wanted, _)| wanted.settings()));
        }
    }
    for (name, sql) in [("types", &types), ("functions", &functions)] {
        if let Some(sql) = sql {
            let of = format!("({sql}) as found");
            settings.push_str(&setting_of(name, "distinct found.oid", &of));
        }
    }
    let found = relations.as_ref().map_or(String::new(), |sql| {
        let names = match scope.each_parts().any(Parts::names) {
            true => "min(found.schema::text) as schema, min(found.name::text) as name",
            false => "null::text as schema, null::text as name",
        };
        include_str!("sql/found.sql")
            .replace("{names}", names)
            .replace("{relations}", sql)
    });
    let mut text = include_str!("sql/resolve.sql")
        .replace("{settings}", &settings)
        .replace("{names}", &names_sql(scope, relations.is_some()))
        .replace("{found}", &found);
    let mut add = |sql: &str| text.push_str(&for_version(&stated(sql, scope.stated), version_num));
    for (kind, named, sql, column, own) in bare_statements(scope) {
        if let Some(condition) = bare_names(scope, kind, named, column, own) {
            add(&sql.replace("{names}", &condition));
        }
    }
    if types.is_some() {
        add(include_str!("sql/enum.sql"));
        add(include_str!("sql/composite.sql"));
        add(include_str!("sql/range.sql"));
        add(include_str!("sql/domain.sql"));
    }
    let storage = match (scope.is_narrow && !scope.storage, scope.type_storage) {
        (true, _) => String::new(),
        (false, true) => [TYPE_STORAGE, STORAGE].concat(),
        (false, false) => STORAGE.to_string(),
    };
    for (wanted, sql) in wanted {
        // to number columns they have to be sorted, and all be there
        let position = match (wanted.defined, wanted.named) {
            (false, _) => "null::bigint".to_string(),
            (true, false) => POSITION.to_string(),
            (true, true) => format!("case when wanted.whole then {POSITION} end"),
        };
        let sql = match (whole, relations.is_some()) {
            (true, _) => sql
                .replace("{relation}", RELATION)
                .replace(
                    "{wanted}",
                    "unnest(current_setting('pgplumb.relations')::oid[]) as wanted (oid)",
                )
                .replace("{defined}", "true")
                .replace("{chosen}", "true"),
            (false, of_oids) => {
                let (relation, from) = match of_oids {
                    true => (RELATION.to_string(), wanted.table()),
                    false => wanted.by_name(scope),
                };
                let sql = match scope.is_narrow && !scope.comments {
                    true => without_comments(sql),
                    false => sql.to_string(),
                };
                let of_relation = if of_oids { "" } else { OF_RELATION };
                sql.replace("{of_relation}", of_relation)
                    .replace("{relation}", &relation)
                    .replace("{wanted}", &from)
                    .replace("{defined}", &wanted.definition(scope))
                    .replace("{attributes}", wanted.attributes(scope))
                    .replace("{chosen}", &wanted.chosen(scope))
            }
        };
        add(&sql
            .replace("{position}", &position)
            .replace("{storage}", &storage));
    }
    if functions.is_some() {
        add(include_str!("sql/function.sql"));
    }
    if let Some(sql) = comments_sql(scope) {
        add(&sql);
    }
    text
}

/// Where the objects of a class are that has no kind of its own, with the column that identifies them. Those of a new
/// database are the server's.
fn class_sql(class: &str) -> &'static str {
    match class {
        "access method" => "pg_am",
        "cast" => "pg_cast",
        "collation" => "pg_collation",
        "conversion" => "pg_conversion",
        "foreign data wrapper" => "pg_foreign_data_wrapper",
        "language" => "pg_language",
        "large object" => "pg_largeobject_metadata",
        "operator" => "pg_operator",
        "operator class" => "pg_opclass",
        "operator family" => "pg_opfamily",
        "text search configuration" => "pg_ts_config",
        "text search dictionary" => "pg_ts_dict",
        "text search parser" => "pg_ts_parser",
        "text search template" => "pg_ts_template",
        _ => "pg_transform",
    }
}

/// Reads what of the classes there is, with the comments on it.
fn comments_sql(scope: &Scope) -> Option<String> {
    let classes = scope.commented.iter().filter(|class| **class != "database");
    let branches: Vec<String> = classes
        .map(|class| {
            let catalog = class_sql(class);
            // large objects have a number of their maker's choice
            let own = if *class == "large object" {
                "true"
            } else {
                "oid >= '16384'"
            };
            // the class that a description of a large object is of
            let described = if *class == "large object" {
                "pg_largeobject"
            } else {
                catalog
            };
            format!("select '{described}'::regclass::oid as class, oid from {catalog} where {own}")
        })
        .collect();
    let of_database = scope.commented.contains("database");
    let mut statements = Vec::new();
    if !branches.is_empty() {
        statements.push(
            include_str!("sql/comment.sql").replace("{classes}", &branches.join("\n       union all ")),
        );
    }
    if of_database {
        statements.push(include_str!("sql/database.sql").to_string());
    }
    (!statements.is_empty()).then(|| statements.concat())
}

/// Whether each statement looks its relations up by their names, so that nothing has to be resolved before. An index that
/// is named by itself brings its table and has to be: where one may be meant, its relation's indexes are read.
fn is_by_name(scope: &Scope) -> bool {
    scope.is_narrow
        && !scope.reads_whole()
        && scope.pattern_parts.is_empty()
        && scope.partition_parts.is_empty()
        && !scope.each_parts().any(|parts| parts.reads(Kind::Index))
}

/// The rows of relations of which nothing but the name is read, behind the clock's.
fn names_sql(scope: &Scope, is_resolved: bool) -> String {
    if !scope.each_parts().any(Parts::names) {
        return String::new();
    }
    let sql = include_str!("sql/relation.sql");
    match is_resolved {
        true => sql
            .replace("{relkind}", "coalesce(found.relkind, c.relkind::text)")
            .replace("{schema}", "coalesce(found.schema, n.nspname::text)")
            .replace("{name}", "coalesce(found.name, c.relname::text)")
            .replace(
                "{relation}",
                // a null finds nothing without a look at the index
                "found left join pg_class c on c.oid = case when found.name is null then found.oid end\n  \
                 left join pg_namespace n on n.oid = c.relnamespace",
            )
            .replace("{condition}", &named_only()),
        false => {
            let named: Vec<_> = named_alone(scope).collect();
            if named.is_empty() {
                return String::new();
            }
            sql.replace("{relkind}", "c.relkind::text")
                .replace("{schema}", "n.nspname::text")
                .replace("{name}", "c.relname::text")
                .replace("{condition}", RELATION_KINDS)
                .replace(
                    "{relation}",
                    &look_up(named.into_iter().map(|name| (name, [])), [], &[]),
                )
        }
    }
}

/// The relations whose names are read by themselves; what is read of the others tells them as well.
fn named_alone(scope: &Scope) -> impl Iterator<Item = &(String, String)> {
    let named = scope.parts.iter();
    named.filter_map(|(name, parts)| (parts.names() && !parts.tell_relation()).then_some(name))
}

/// Whether a catalog that was read for `scope` has all relations that it would have, were each looked for by itself: of one
/// on which nothing is that should be, it cannot be told whether it is there. That of those which are to be gone does not
/// matter: what has to be gone is looked for.
pub fn tells_relations(scope: &Scope, catalog: &Catalog, is_gone: impl Fn(&str, &str) -> bool) -> bool {
    let mut told = scope
        .parts
        .iter()
        .filter(|(_, parts)| parts.names() && parts.tell_relation());
    !is_by_name(scope)
        || told.all(|((schema, name), _)| catalog.relation(schema, name).is_some() || is_gone(schema, name))
}

/// Relations `c` with their schemas `n`, by name; each with some flags, and with the name of an object on it where there are
/// such.
fn look_up<'n, const N: usize>(
    relations: impl Iterator<Item = (&'n (String, String), [bool; N])>,
    flags: [&str; N],
    objects: &[&String],
) -> String {
    let relations: Vec<_> = relations.collect();
    let mut arrays = vec![format!(
        "{}::name[]",
        names(relations.iter().map(|((_, name), _)| name))
    )];
    let mut columns = vec!["name"];
    for (at, flag) in flags.into_iter().enumerate() {
        let values: Vec<&str> = relations
            .iter()
            .map(|(_, flags)| if flags[at] { "t" } else { "f" })
            .collect();
        arrays.push(format!("'{{{}}}'::bool[]", values.join(",")));
        columns.push(flag);
    }
    if !objects.is_empty() {
        arrays.push(format!("{}::name[]", names(objects.iter().copied())));
        columns.push("object");
    }
    let first = relations.first().map(|((schema, _), _)| schema);
    let is_one_schema = relations.iter().all(|((schema, _), _)| Some(schema) == first);
    let schema = match first.filter(|_| is_one_schema) {
        Some(schema) => format!("{}::name", literal(schema)),
        None => {
            arrays.push(format!(
                "{}::name[]",
                names(relations.iter().map(|((schema, _), _)| schema))
            ));
            columns.push("schema");
            "wanted.schema".to_string()
        }
    };
    format!(
        "unnest({}) as wanted ({})\n  join pg_namespace n on n.nspname = {schema}\n  \
         join pg_class c on c.relnamespace = n.oid and c.relname = wanted.name",
        arrays.join(", "),
        columns.join(", ")
    )
}

/// The statement without a look at comments.
fn without_comments(sql: &str) -> String {
    let is_join = |line: &str| line.trim_start().starts_with("left join pg_description d on ");
    let kept = sql
        .lines()
        .map(|line| match (is_join(line), line.ends_with(';')) {
            (true, true) => ";",
            (true, false) => "",
            (false, _) => line,
        });
    let kept: Vec<&str> = kept.collect();
    kept.join("\n")
        .replace("d.description as comment", "null::text as comment")
        .replace("{not_null_comment}", "null::text")
}

pub(super) type BareStatement<'a> = (
    Kind,
    &'a BTreeSet<String>,
    &'static str,
    &'static str,
    &'static str,
);

/// The statements that read what lives in no schema: with the names, the column of the name, and what the server
/// itself brings of the kind.
pub(super) fn bare_statements(scope: &Scope) -> [BareStatement<'_>; 7] {
    [
        (
            Kind::Role,
            &scope.roles,
            include_str!("sql/role.sql"),
            "r.rolname",
            "r.rolname !~ '^pg_'",
        ),
        (
            Kind::Schema,
            &scope.schemas,
            include_str!("sql/schema.sql"),
            "n.nspname",
            "n.nspname !~ '^pg_' and n.nspname <> 'information_schema' and not exists (select from pg_depend e \
             where e.classid = 'pg_namespace'::regclass and e.objid = n.oid and e.deptype = 'e')",
        ),
        (
            Kind::Extension,
            &scope.extensions,
            include_str!("sql/extension.sql"),
            "e.extname",
            "e.extname <> 'plpgsql'",
        ),
        (
            Kind::Server,
            &scope.servers,
            include_str!("sql/server.sql"),
            "s.srvname",
            "not exists (select from pg_depend e \
             where e.classid = 'pg_foreign_server'::regclass and e.objid = s.oid and e.deptype = 'e')",
        ),
        (
            Kind::EventTrigger,
            &scope.event_triggers,
            include_str!("sql/event_trigger.sql"),
            "t.evtname",
            "not exists (select from pg_depend e \
             where e.classid = 'pg_event_trigger'::regclass and e.objid = t.oid and e.deptype = 'e')",
        ),
        (
            Kind::DefaultPrivileges,
            &scope.default_privileges,
            include_str!("sql/default_privileges.sql"),
            "pg_get_userbyid(held.role)",
            "true",
        ),
        (
            Kind::Publication,
            &scope.publications,
            include_str!("sql/publication.sql"),
            "b.pubname",
            "true",
        ),
    ]
}

/// The condition on the name; `None` when nothing of the kind is read.
fn bare_names(
    scope: &Scope,
    kind: Kind,
    named: &BTreeSet<String>,
    column: &str,
    own: &str,
) -> Option<String> {
    let by_name = || format!("{column} = any ({}::name[])", names(named));
    match (scope.all.contains(&kind), named.is_empty()) {
        (false, true) => None,
        (false, false) => Some(by_name()),
        (true, true) => Some(own.to_string()),
        (true, false) => Some(format!("({own} or {})", by_name())),
    }
}

/// The relations of which a statement reads some kinds.
struct Wanted<'k> {
    kinds: &'k [Kind],
    /// Whether of some they are read without definitions.
    bare: bool,
    /// Whether of some they are read with definitions.
    defined: bool,
    /// Whether of some those are read, with definitions, that are named.
    named: bool,
}

impl<'k> Wanted<'k> {
    fn of(kinds: &'k [Kind], scope: &Scope) -> Wanted<'k> {
        let whole = scope.reads_whole();
        let defines = |parts: Parts| kinds.iter().any(|&kind| parts.defines(kind));
        let reads = |parts: Parts| kinds.iter().any(|&kind| parts.reads(kind));
        let names = |parts: Parts| kinds.iter().any(|&kind| parts.reads_named(kind));
        Wanted {
            kinds,
            bare: scope.each_parts().any(|parts| reads(parts) && !defines(parts)),
            defined: whole || scope.each_parts().any(defines),
            named: scope.each_parts().any(|parts| names(parts) && !reads(parts)),
        }
    }

    fn name(&self) -> &'static str {
        self.kinds[0].plural()
    }

    /// Keeps them in settings: those that are read with definitions, those without, and those of which what is named is.
    fn settings(&self) -> String {
        let bits =
            |of: fn(Parts, Kind) -> Parts| self.kinds.iter().copied().fold(Parts::default(), of).bits();
        let read = bits(Parts::with_bare);
        let defined = bits(Parts::with) & !read;
        let of_kind = match standing_on(self.kinds[0]) {
            Some(relkinds) => format!(" and (found.relkind is null or found.relkind in ({relkinds}))"),
            None => String::new(),
        };
        let mut settings = String::new();
        if self.defined {
            let condition = format!("found.parts & {defined} <> 0{of_kind}");
            settings.push_str(&setting(self.name(), &condition));
        }
        if self.bare {
            let condition = format!("found.parts & {defined} = 0 and found.parts & {read} <> 0{of_kind}");
            settings.push_str(&setting(&format!("bare_{}", self.name()), &condition));
        }
        if self.named {
            let of = |parts: Parts, &kind: &Kind| parts.with_named(kind);
            let named = self.kinds.iter().fold(Parts::default(), of).named_bits();
            let condition = format!(
                "found.objects & {named} <> 0 and found.parts & {} = 0",
                read | defined
            );
            settings.push_str(&setting(&format!("named_{}", self.name()), &condition));
        }
        settings
    }

    /// Those relations, as a table.
    fn table(&self) -> String {
        let each = [
            (self.defined, "", true, true),
            (self.bare, "bare_", false, true),
            (self.named, "named_", true, false),
        ];
        let selects: Vec<String> = each
            .iter()
            .filter(|(is_wanted, ..)| *is_wanted)
            .map(|(_, prefix, defined, whole)| {
                format!(
                    "select unnest(current_setting('pgplumb.{prefix}{}')::oid[]) as oid, {defined} as defined, \
                     {whole} as whole",
                    self.name()
                )
            })
            .collect();
        format!("({}) as wanted", selects.join(" union all "))
    }

    /// The same, and those relations as a table, found by their names.
    fn by_name(&self, scope: &Scope) -> (String, String) {
        let of = |parts: Parts| {
            let has = |of: fn(Parts, Kind) -> bool| self.kinds.iter().any(|&kind| of(parts, kind));
            let is_whole = has(Parts::reads);
            let is_defined = has(Parts::defines) || !is_whole;
            (is_whole || has(Parts::reads_named)).then_some([is_defined, is_whole])
        };
        let relations = scope.parts.iter();
        let relations = relations.filter_map(|(name, &parts)| Some((name, of(parts)?)));
        let is_mixed = u8::from(self.defined) + u8::from(self.bare) + u8::from(self.named) > 1;
        let relation = match (self.pairs(scope), is_mixed) {
            (Some(pairs), _) => {
                let objects: Vec<&String> = pairs.iter().map(|(_, object)| object).collect();
                look_up(pairs.iter().map(|(on, _)| (on, [])), [], &objects)
            }
            (None, true) => look_up(relations, ["defined", "whole"], &[]),
            (None, false) => look_up(relations.map(|(name, _)| (name, [])), [], &[]),
        };
        let wanted = format!("(select c.oid from {relation}) as wanted");
        (relation, wanted)
    }

    /// The objects with their relations, where each is looked up by itself: few of each relation, and nothing else of it. Of
    /// many it is better to look at all.
    fn pairs<'s>(&self, scope: &'s Scope) -> Option<&'s [OnRelation]> {
        let [kind] = self.kinds else { return None };
        let pairs = scope.named.get(kind)?;
        let relations = scope.parts.values().filter(|parts| parts.reads_named(*kind));
        let is_few = pairs.len() <= FEW_OF_EACH * relations.count();
        (is_by_name(scope) && !self.defined && !self.bare && is_few).then_some(pairs)
    }

    /// The condition on an object that is read with its definition.
    fn definition(&self, scope: &Scope) -> String {
        let of_relation = match (self.defined || self.named, self.bare) {
            (true, true) => "wanted.defined",
            (true, false) => return "true".to_string(),
            (false, _) => "false",
        };
        // what is named is read with its definition wherever it is read
        let mut named: BTreeSet<&String> = self.names(scope).collect();
        if self.kinds == [Kind::Column] {
            named.extend(&scope.defined_columns);
        }
        match (self.column(), named.len()) {
            (None, _) | (_, 0) => of_relation.to_string(),
            (Some(_), MANY_NAMES..) => "true".to_string(),
            (Some(column), _) => format!("({of_relation} or {column} = any ({}::name[]))", names(named)),
        }
    }

    /// The columns of the relations.
    fn attributes(&self, scope: &Scope) -> &'static str {
        match self.pairs(scope) {
            // by itself, so that the index by name finds it: what two tables give a plan would look at all for
            Some(_) => {
                "join lateral (select * from pg_attribute a where a.attrelid = c.oid and a.attname = wanted.object \
                 offset 0) as a on"
            }
            None => ATTRIBUTES,
        }
    }

    /// The condition on the name of an object that is read.
    fn chosen(&self, scope: &Scope) -> String {
        let Some(column) = self.column().filter(|_| self.named) else {
            return "true".to_string();
        };
        if self.pairs(scope).is_some() {
            return format!("{column} = wanted.object");
        }
        let is_named = format!("{column} = any ({}::name[])", names(self.names(scope)));
        match self.defined || self.bare {
            true => format!("(wanted.whole or {is_named})"),
            false => is_named,
        }
    }

    /// The names of those that are read by name.
    fn names<'s>(&self, scope: &'s Scope) -> impl Iterator<Item = &'s String> {
        self.kinds
            .iter()
            .filter_map(|kind| scope.names.get(kind))
            .flatten()
    }

    /// The column of the name, of kinds that may be read by name.
    fn column(&self) -> Option<&'static str> {
        match self.kinds {
            [Kind::Column] => Some("a.attname"),
            [Kind::Index] => Some("ic.relname"),
            [Kind::Trigger] => Some("t.tgname"),
            [Kind::Policy] => Some("p.polname"),
            _ => None,
        }
    }
}

/// The columns `a` of relations `c`.
const ATTRIBUTES: &str = "join pg_attribute a on a.attrelid = c.oid and";

/// How many objects of each relation, on average, are worth a look at each.
const FEW_OF_EACH: usize = 2;

/// How many names are worth a look at each.
const MANY_NAMES: usize = 500;

/// Keeps the relations that fulfil the condition in a setting.
fn setting(name: &str, condition: &str) -> String {
    setting_of(name, "found.oid", &format!("found where {condition}"))
}

/// Keeps such oids in a setting.
fn setting_of(name: &str, oid: &str, of: &str) -> String {
    format!(
        "length(set_config('pgplumb.{name}', (select coalesce(array_agg({oid}), '{{}}')::text from {of}), true))\n       + "
    )
}

/// The condition on a relation of which the name is read, and no statement reads the relation itself.
fn named_only() -> String {
    let (name, relation) = (Parts::NAME.bits(), Parts::presence().bits());
    format!("found.parts & {name} <> 0 and found.parts & {relation} <> {relation}")
}

/// The kinds of relations that objects of a kind are, or stand on; `None` is any.
fn standing_on(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Sequence => Some("'S'"),
        Kind::View | Kind::MaterializedView => Some("'v', 'm'"),
        Kind::Table => Some("'r', 'p', 'f'"),
        _ => None,
    }
}

/// What an access control list `held.acl` gives to others than the owner, and to the owner where that is not everything.
/// What several roles granted is held once.
const PRIVILEGES: &str = "(select json_agg(coalesce(lower(x.privilege_type collate \"C\"), 'nothing') || ' to ' \
     || case when x.grantee = '0' then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end \
     || case when x.is_grantable and x.grantee <> held.owner then ' with grant option' else '' end) \
     from (select a.grantee, a.privilege_type, bool_or(a.is_grantable) as is_grantable from aclexplode(held.acl) as a \
     where a.grantee <> held.owner or not held.is_whole group by a.grantee, a.privilege_type \
     union all select held.owner, null, false where not held.is_whole \
     and not exists (select from aclexplode(held.acl) as a where a.grantee = held.owner)) as x)";

/// The names of the columns of a constraint `con`, in its order. Most have one, which needs no look at a set of them.
const KEY_COLUMNS: &str = "case when array_length(con.{key}, 1) = 1 \
     then (select json_build_array(a.attname) from pg_attribute a where a.attrelid = con.{table} and a.attnum = con.{key}[1]) \
     else array_to_json(array(\
     select (select a.attname from pg_attribute a where a.attrelid = con.{table} and a.attnum = key.attnum) \
     from (select unnest(con.{key}) as attnum) as key)) end";

/// The column that tells the kind of the relation that an object stands on.
const RELKIND: &str = "relkind";

/// That column, behind those of the object's kind, its schema and the relation.
const OF_RELATION: &str = " c.relkind as relkind,";

/// How a column `a` is stored. What is fixed in length has no choice, and of the most usual types the defaults are known.
const STORAGE: &str = "case when a.attlen > 0 or a.attstorage = 'm' and a.atttypid = '1700' \
     or a.attstorage = 'x' and a.atttypid in ('17', '25', '114', '1042', '1043', '3802') then null \
     when a.attstorage <> (select t.typstorage from pg_type t where t.oid = a.atttypid) then \
     case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'x' then 'extended' else 'main' end end as storage, \
     {compression} as compression, nullif(a.attstattarget, -1) as statistics_target, \
     case when a.attoptions is not null or a.attfdwoptions is not null then (\
     select json_agg(o.option) from (select unnest(a.attoptions) \
     union all select {masked} from unnest(a.attfdwoptions) as o (option)) as o (option)) end as options, ";

/// What [`STORAGE`] does not tell.
const TYPE_STORAGE: &str = "(select case t.typstorage when 'p' then 'plain' when 'e' then 'external' when 'x' \
     then 'extended' else 'main' end from pg_type t where t.oid = a.atttypid) as type_storage, ";

/// The collation of a column `a` whether it is the type's own or not, and the others of its name. 100 is `"default"`.
const STATED_COLLATION: &str = "case a.attcollation when 0 then null when 100 then '\"default\"' \
     else ({collation_name} = a.attcollation) end as collation_name, \
     case when a.attcollation not in ('0', '100') then (\
     select json_agg(s.name) from ({collation_namesakes} = a.attcollation) as s (name)) end as namesakes, ";

/// A collation as SQL, found by its oid.
const COLLATION_NAME: &str = "select case when cn.nspname = 'pg_catalog' then quote_ident(co.collname) \
     else format('%I.%I', cn.nspname, co.collname) end \
     from pg_collation co join pg_namespace cn on cn.oid = co.collnamespace where co.oid";

/// An operator class as SQL, found by its oid.
const OPCLASS_NAME: &str = "select case when opn.nspname = 'pg_catalog' then quote_ident(op.opcname) \
     else format('%I.%I', opn.nspname, op.opcname) end \
     from pg_opclass op join pg_namespace opn on opn.oid = op.opcnamespace where op.oid";

/// What a bare name may mean besides the object, which is found by its oid: others of its name in other schemas. The
/// server's own (11 is `pg_catalog`) are meant before all others.
const NAMESAKES: [(&str, &str); 4] = [
    (
        "{collation_namesakes}",
        "select format('collation %I.%I', n.nspname, o.collname) from pg_collation s \
         join pg_collation o on o.collname = s.collname and o.oid <> s.oid \
         and o.collencoding in (-1, pg_char_to_encoding(getdatabaseencoding())) \
         join pg_namespace n on n.oid = o.collnamespace where s.collnamespace <> 11 and s.oid",
    ),
    (
        "{opclass_namesakes}",
        "select format('operator class %I.%I', n.nspname, o.opcname) from pg_opclass s \
         join pg_opclass o on o.opcmethod = s.opcmethod and o.opcname = s.opcname and o.oid <> s.oid \
         join pg_namespace n on n.oid = o.opcnamespace where s.opcnamespace <> 11 and s.oid",
    ),
    (
        "{function_namesakes}",
        "select format('function %I.%I', n.nspname, o.proname) from pg_proc s \
         join pg_proc o on o.proname = s.proname and o.proargtypes = s.proargtypes and o.oid <> s.oid \
         join pg_namespace n on n.oid = o.pronamespace where s.pronamespace <> 11 and s.oid",
    ),
    (
        "{type_namesakes}",
        "select format('type %I.%I', n.nspname, o.typname) from pg_type s \
         join pg_type o on o.typname = s.typname and o.oid <> s.oid \
         join pg_namespace n on n.oid = o.typnamespace where s.typnamespace <> 11 and s.oid",
    ),
];

/// The tablespace of what has none of its own.
const DATABASE_TABLESPACE: &str = "select s.spcname from pg_database b join pg_tablespace s on s.oid = b.dattablespace \
     where b.datname = current_database()";

/// Reads what the suites state, and no more: of what they do not, no name of a default is asked for.
fn stated(sql: &str, stated: Stated) -> String {
    let mut sql = sql.to_string();
    for (place, part) in [
        ("{states_collation}", Stated::COLLATION),
        ("{states_opclass}", Stated::OPERATOR_CLASS),
        ("{states_tablespace}", Stated::TABLESPACE),
        ("{states_function}", Stated::FUNCTION),
        ("{states_extension}", Stated::EXTENSION),
        ("{states_schema}", Stated::SCHEMA),
    ] {
        sql = sql.replace(place, if stated.has(part) { "true" } else { "false" });
    }
    let collation = match stated.has(Stated::COLLATION) {
        true => STATED_COLLATION,
        false => "",
    };
    sql.replace("{collation}", collation)
}

/// An option `o.option`, without what may be a secret.
const MASKED: &str = "case when split_part(o.option, '=', 1) ~* 'passw|secret|token' \
     then split_part(o.option, '=', 1) || '=********' else o.option end";

/// Inherited ones are named as their parent's, and a long name is cut in ways of the server's own.
const NOT_NULL_NAME: &str = "case when a.attnotnull then (select nn.conname from pg_constraint nn \
     where nn.conrelid = a.attrelid and nn.contype = 'n' and nn.conkey = array[a.attnum] and nn.conislocal \
     and octet_length(c.relname || '_' || a.attname || '_not_null') < 64 \
     and nn.conname <> c.relname || '_' || a.attname || '_not_null') end";

/// The comment on the NOT NULL constraint of a column.
const NOT_NULL_COMMENT: &str = "case when a.attnotnull then (select nd.description from pg_constraint nn \
     join pg_description nd on nd.objoid = nn.oid and nd.classoid = 'pg_constraint'::regclass and nd.objsubid = 0 \
     where nn.conrelid = a.attrelid and nn.contype = 'n' and nn.conkey = array[a.attnum]) end";

/// The memberships of a role `r` that are not as a GRANT without options makes them, which goes by the role's INHERIT. What
/// several roles granted is held once.
const MEMBERSHIP_OPTIONS: &str = "(select json_agg(pg_get_userbyid(m.roleid)) \
     from (select m.roleid from pg_auth_members m where m.member = r.oid \
     group by m.roleid having bool_or(m.inherit_option)) as m where not r.rolinherit) as inherit_of, \
     (select json_agg(pg_get_userbyid(m.roleid)) \
     from (select m.roleid from pg_auth_members m where m.member = r.oid \
     group by m.roleid having not bool_or(m.inherit_option)) as m where r.rolinherit) as no_inherit_of, \
     (select json_agg(pg_get_userbyid(m.roleid)) \
     from (select m.roleid from pg_auth_members m where m.member = r.oid \
     group by m.roleid having not bool_or(m.set_option)) as m) as no_set_of, ";

/// The state of the trigger that a trigger `t` is a copy of, where its own is another.
const PARENT_ENABLED: &str = "(select case f.tgenabled when 'O' then 'origin' when 'D' then 'disabled' \
     when 'R' then 'replica' else 'always' end from pg_trigger f where {parent} and f.tgenabled <> t.tgenabled)";

/// Until 12 nothing but a dependency tells which one that is.
const PARENT_TRIGGER: &str = "f.oid in (select p.refobjid from pg_depend p where p.classid = 'pg_trigger'::regclass \
     and p.objid = t.oid and p.refclassid = 'pg_trigger'::regclass)";

/// Columns and condition of a published table.
const PUBLISHED: &str = " || coalesce((select ' (' || string_agg(quote_ident(a.attname), ', ' order by a.attnum) || ')' \
     from unnest(r.prattrs::int2[]) as key (attnum) \
     join pg_attribute a on a.attrelid = r.prrelid and a.attnum = key.attnum), '') \
     || coalesce(' WHERE (' || case when r.prqual is not null \
     then coalesce(pg_get_expr(r.prqual, r.prrelid), {disturbed}) end || ')', '')";

/// Fills in what all statements share and what differs between versions.
pub(super) fn for_version(sql: &str, version_num: u32) -> String {
    let since = |version: u32, then: &'static str, before: &'static str| {
        if version_num >= version * 10_000 {
            then
        } else {
            before
        }
    };
    let clone_exists = "exists (select from pg_catalog.pg_depend p where p.objid = t.oid \
                        and p.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid \
                        and p.refclassid = 'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid)";
    let key_columns = |table: &str, key: &str| KEY_COLUMNS.replace("{table}", table).replace("{key}", key);
    let mut sql = stated(sql, Stated::default())
        .replace("{collation_name}", COLLATION_NAME)
        .replace("{opclass_name}", OPCLASS_NAME)
        .replace("{database_tablespace}", DATABASE_TABLESPACE);
    for (place, others) in NAMESAKES {
        sql = sql.replace(place, others);
    }
    sql.replace("{of_relation}", "")
        .replace("{attributes}", ATTRIBUTES)
        .replace("{storage}", STORAGE)
        .replace("{privileges}", PRIVILEGES)
        .replace("{key_columns}", &key_columns("conrelid", "conkey"))
        .replace("{target_columns}", &key_columns("confrelid", "confkey"))
        .replace("{masked}", MASKED)
        .replace("{types}", "current_setting('pgplumb.types')::oid[]")
        .replace("{functions}", "current_setting('pgplumb.functions')::oid[]")
        // a NOT NULL constraint may be NOT VALID since 18
        .replace(
            "{not_null}",
            since(
                18,
                "a.attnotnull and not exists (select from pg_constraint nn where nn.conrelid = a.attrelid \
                 and nn.contype = 'n' and not nn.convalidated and nn.conkey = array[a.attnum])",
                "a.attnotnull",
            ),
        )
        .replace(
            "{nulls_not_distinct}",
            since(15, "x.indnullsnotdistinct", "false"),
        )
        .replace("{period}", since(18, "con.conperiod", "false"))
        .replace("{not_enforced}", since(18, "not con.conenforced", "false"))
        .replace("{not_null_name}", since(18, NOT_NULL_NAME, "null::text"))
        .replace("{not_null_comment}", since(18, NOT_NULL_COMMENT, "null::text"))
        .replace(
            "{domain_not_null_comment}",
            since(
                17,
                "(select cd.description from pg_constraint con \
                 join pg_description cd on cd.objoid = con.oid and cd.classoid = 'pg_constraint'::regclass and cd.objsubid = 0 \
                 where con.contypid = t.oid and con.contype = 'n')",
                "null::text",
            ),
        )
        .replace(
            "{not_null_no_inherit}",
            since(
                18,
                "case when a.attnotnull then (select true from pg_constraint nn where nn.conrelid = a.attrelid \
                 and nn.contype = 'n' and nn.conkey = array[a.attnum] and nn.connoinherit) end",
                "null::boolean",
            ),
        )
        .replace(
            "{compression}",
            since(
                14,
                "case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end",
                "null::text",
            ),
        )
        .replace("{made_for_all}", since(15, "null::boolean", "true"))
        .replace("{multirange}", since(14, "r.rngmultitypid", "0"))
        .replace(
            "{statistics_expressions}",
            since(
                14,
                "select e.text, 100 + e.position from \
                 unnest(pg_get_statisticsobjdef_expressions(s.oid)) with ordinality as e (text, position)",
                "select null::text, null::bigint where false",
            ),
        )
        .replace(
            "{statistics_target}",
            since(13, "nullif(s.stxstattarget, -1)", "null::integer"),
        )
        .replace("{membership_options}", since(16, MEMBERSHIP_OPTIONS, ""))
        .replace("{via_root}", since(13, "b.pubviaroot", "false"))
        .replace(
            "{generated_columns}",
            since(18, "case b.pubgencols when 's' then 'stored' end", "null::text"),
        )
        .replace("{published}", since(15, PUBLISHED, ""))
        .replace(
            "{published_schemas}",
            since(
                15,
                "(select json_agg(n.nspname) from pg_publication_namespace pn \
                 join pg_namespace n on n.oid = pn.pnnspid where pn.pnpubid = b.oid)",
                "null::json",
            ),
        )
        .replace(
            "{delete_columns}",
            since(15, "con.confdelsetcols", "null::int2[]"),
        )
        .replace("{sql_body}", since(14, "pg_get_function_sqlbody(p.oid)", "null"))
        // until 14 the copy on a partition counts as internal, but it depends on its parent's trigger
        .replace(
            "{own_trigger}",
            since(15, "not t.tgisinternal", "(not t.tgisinternal or {clone})"),
        )
        .replace(
            "{parent_enabled}",
            &PARENT_ENABLED.replace("{parent}", since(13, "f.oid = t.tgparentid", PARENT_TRIGGER)),
        )
        .replace("{cloned}", since(15, "t.tgparentid <> '0'", "{clone}"))
        .replace("{clone}", clone_exists)
        .replace("{disturbed}", &literal(DISTURBED))
}

const RELATION_KINDS: &str = "c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')";

/// Selects the oids of the relations in scope and which of their parts are read; `None` when there is none.
fn relations_sql(scope: &Scope) -> Option<String> {
    let all = Parts::ALL.bits();
    let mut branches = Vec::new();
    if !scope.relations.is_empty() || !scope.parts.is_empty() {
        let parts = scope.parts.iter().map(|(name, parts)| (name, *parts));
        let whole = scope.relations.iter().map(|name| (name, Parts::ALL));
        let named: Vec<_> = whole.chain(parts).collect();
        branches.push(format!(
            "select coalesce(x.indrelid, c.oid) as oid, named.parts, named.objects, \
             case when x.indrelid is null then c.relkind end as relkind, \
             named.schema, case when x.indrelid is null then named.name end as name from {} \
             join pg_namespace n on n.nspname = named.schema \
             join pg_class c on c.relnamespace = n.oid and c.relname = named.name \
             left join pg_index x on x.indexrelid = case when c.relkind in ('i', 'I') then c.oid end \
             where {RELATION_KINDS} or x.indrelid is not null",
            named_parts(&named)
        ));
    }
    let whole_patterns = scope.relation_patterns.iter().map(|name| (name, all));
    let patterns = scope
        .pattern_parts
        .iter()
        .map(|(name, parts)| (name, parts.bits()));
    for ((schema, name), parts) in whole_patterns.chain(patterns) {
        branches.push(format!(
            "select c.oid, {parts}, 0, c.relkind, n.nspname, c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where {} and {} and {RELATION_KINDS} and c.relname not in ({OWN}) \
             and not exists (select from pg_depend p where p.classid = 'pg_class'::regclass and p.objid = c.oid and p.objsubid = 0 \
             and (p.deptype = 'e' or p.deptype in ('a', 'i') and p.refclassid = 'pg_class'::regclass \
             and p.refobjid in (select o.oid from pg_class o where o.relname in ({OWN}))))",
            schema_like(schema),
            like("c.relname", name)
        ));
    }
    let whole_partitions = scope.partitions_of.iter().map(|name| (name, Parts::ALL));
    let partitions = scope.partition_parts.iter().map(|(name, parts)| (name, *parts));
    let partitions: Vec<_> = whole_partitions.chain(partitions).collect();
    if !partitions.is_empty() {
        branches.push(format!(
            "select inside.oid, inside.parts, 0, null::\"char\", null, null from (with recursive inside (oid, parts) as (select c.oid, named.parts \
             from {} join pg_namespace n on n.nspname = named.schema \
             join pg_class c on c.relnamespace = n.oid and c.relname = named.name and c.relkind = 'p' \
             union select i.inhrelid, inside.parts from inside join pg_inherits i on i.inhparent = inside.oid) \
             select inside.oid, inside.parts from inside) as inside",
            named_parts(&partitions)
        ));
    }
    union(branches)
}

fn types_sql(scope: &Scope) -> Option<String> {
    let mut branches = Vec::new();
    if !scope.types.is_empty() {
        branches.push(format!(
            "select t.oid from {} join pg_namespace n on n.nspname = named.schema \
             join pg_type t on t.typnamespace = n.oid and t.typname = named.name",
            named(&scope.types)
        ));
    }
    for (schema, name) in &scope.type_patterns {
        branches.push(format!(
            "select t.oid from pg_type t join pg_namespace n on n.oid = t.typnamespace \
             left join pg_class c on c.oid = case when t.typtype = 'c' then t.typrelid end \
             where {} and {} and (t.typtype in ('e', 'd', 'r') or c.relkind = 'c') \
             and not exists (select from pg_depend p where p.deptype = 'e' \
             and (p.classid = 'pg_type'::regclass and p.objid = t.oid \
             or p.classid = 'pg_class'::regclass and p.objid = c.oid))",
            schema_like(schema),
            like("t.typname", name)
        ));
    }
    union(branches)
}

fn functions_sql(scope: &Scope) -> Option<String> {
    let mut branches = Vec::new();
    if !scope.functions.is_empty() {
        branches.push(format!(
            "select p.oid from {} join pg_namespace n on n.nspname = named.schema \
             join pg_proc p on p.pronamespace = n.oid and p.proname = named.name",
            named(&scope.functions)
        ));
    }
    for (schema, name) in &scope.function_patterns {
        branches.push(format!(
            "select p.oid from pg_proc p join pg_namespace n on n.oid = p.pronamespace \
             where {} and {} and not exists (select from pg_depend e \
             where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype in ('e', 'i'))",
            schema_like(schema),
            like("p.proname", name)
        ));
    }
    union(branches)
}

fn union(branches: Vec<String>) -> Option<String> {
    (!branches.is_empty()).then(|| branches.join("\nunion all "))
}

/// `named (schema, name, parts, objects)`: the pairs with the parts that are read of them, and the kinds of which some
/// objects are, as a table.
fn named_parts(named: &[(&(String, String), Parts)]) -> String {
    let schemas = names(named.iter().map(|((schema, _), _)| schema));
    let list = names(named.iter().map(|((_, name), _)| name));
    let numbers = |of: fn(Parts) -> u64| {
        let each: Vec<String> = named.iter().map(|(_, parts)| of(*parts).to_string()).collect();
        format!("'{{{}}}'::bigint[]", each.join(","))
    };
    format!(
        "unnest({schemas}::name[], {list}::name[], {}, {}) as named (schema, name, parts, objects)",
        numbers(Parts::bits),
        numbers(Parts::named_bits)
    )
}

/// `named (schema, name)`: the pairs as a table.
fn named(pairs: &BTreeSet<(String, String)>) -> String {
    let schemas = names(pairs.iter().map(|(schema, _)| schema));
    let list = names(pairs.iter().map(|(_, name)| name));
    format!("unnest({schemas}::name[], {list}::name[]) as named (schema, name)")
}

/// A literal of an array of names.
pub(super) fn names<'a>(items: impl IntoIterator<Item = &'a String>) -> String {
    let mut array = String::from("{");
    for item in items {
        if array.len() > 1 {
            array.push(',');
        }
        array.push('"');
        for character in item.chars() {
            match character {
                '"' | '\\' => array.extend(['\\', character]),
                // no name holds one, and no message can
                '\0' => array.push('\u{1}'),
                _ => array.push(character),
            }
        }
        array.push('"');
    }
    array.push('}');
    literal(&array)
}

/// A pattern of schemas never reaches into the server's own.
fn schema_like(pattern: &str) -> String {
    let condition = like("n.nspname", pattern);
    if pattern.contains('*') {
        format!("{condition} and n.nspname !~ '^pg_' and n.nspname <> 'information_schema'")
    } else {
        condition
    }
}

/// A condition on a name, `*` for any characters.
fn like(column: &str, pattern: &str) -> String {
    if !pattern.contains('*') {
        return format!("{column} = {}::name", literal(pattern));
    }
    let mut escaped = String::new();
    for character in pattern.chars() {
        match character {
            '*' => escaped.push('%'),
            '%' | '_' | '\\' => escaped.extend(['\\', character]),
            _ => escaped.push(character),
        }
    }
    format!("{column} like {}", literal(&escaped))
}

/// A string constant that means the same whatever `standard_conforming_strings` is. A statement with places to fill,
/// `{like_this}`, is filled one after the other: a value that looks like a place is spelled so that it is none.
pub(super) fn literal(text: &str) -> String {
    let text = text.replace('\0', "\u{1}").replace('\'', "''");
    let is_place = |rest: &str| rest.starts_with(|next: char| next.is_ascii_lowercase());
    if text.split('{').skip(1).any(is_place) {
        format!("E'{}'", text.replace('\\', "\\\\").replace('{', "\\x7b"))
    } else if text.contains('\\') {
        format!("E'{}'", text.replace('\\', "\\\\"))
    } else {
        format!("'{text}'")
    }
}

/// Whether the row came from the text of [`read_sql`].
pub fn is_catalog_row(row: &SimpleQueryRow) -> bool {
    row.columns()
        .first()
        .is_some_and(|column| column.name() == "kind")
}

/// Collects the catalog from the answers to the text of [`read_sql`]; what others asked in the same message is
/// passed over.
///
/// # Errors
/// [`ReadError::Disturbed`] when a definition could not be printed: read again. [`ReadError::Decode`] when a
/// row is not what the query promises.
pub fn decode<'a>(messages: impl IntoIterator<Item = &'a SimpleQueryMessage>) -> Result<Catalog, ReadError> {
    let mut collected = Collected::default();
    for message in messages {
        if let SimpleQueryMessage::Row(row) = message {
            collected.take(row);
        }
    }
    collected.into_catalog()
}

/// A catalog that grows row by row.
#[derive(Debug, Default)]
pub struct Collected {
    catalog: Catalog,
    /// The first row that told no fact.
    error: Option<ReadError>,
    /// The relation that a row told last beside an object on it.
    relation: Option<ObjectId>,
}

impl Collected {
    /// Takes in a row of the answer to [`read_sql`]; any other is passed over.
    pub fn take(&mut self, row: &SimpleQueryRow) {
        if self.error.is_some() || !is_catalog_row(row) {
            return;
        }
        if row.get("kind") == Some("clock") {
            self.catalog.read_at = row.get("read_at").map(str::to_string);
            return;
        }
        match read_row(row) {
            Ok(Some(Read::Object(object))) => {
                self.take_relation(row);
                self.catalog.insert(object);
            }
            Ok(Some(Read::Details(details))) => self.catalog.add(details),
            Ok(None) => {}
            Err(error) => self.error = Some(error),
        }
    }

    /// Takes in the relation that the object of a row stands on, where the row tells its kind.
    fn take_relation(&mut self, row: &SimpleQueryRow) {
        let Some(relkind) = relkind_of(row) else { return };
        let (schema, name) = (row.get("schema").unwrap_or(""), row.get("relation").unwrap_or(""));
        // mostly the one of the row before
        let is_last = |id: &ObjectId| id.schema == schema && id.name == name;
        if self.relation.as_ref().is_some_and(is_last) {
            return;
        }
        let (kind, table) = match relkind {
            "S" => (Kind::Sequence, None),
            "v" => (Kind::View, None),
            "m" => (Kind::MaterializedView, None),
            "p" => (Kind::Table, Some("partitioned table")),
            "f" => (Kind::Table, Some("foreign table")),
            _ => (Kind::Table, Some("table")),
        };
        let id = ObjectId::new(kind, schema, name);
        if self.catalog.get(&id).is_none() {
            let mut relation = Object::new(id.clone());
            if let Some(table) = table {
                relation.properties.insert("type", Value::Text(table.to_string()));
            }
            self.catalog.insert(relation);
        }
        self.relation = Some(id);
    }

    /// What the rows told.
    ///
    /// # Errors
    /// As [`decode`].
    pub fn into_catalog(self) -> Result<Catalog, ReadError> {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.catalog),
        }
    }
}

/// What one row tells.
#[derive(Debug)]
pub enum Read {
    /// An object.
    Object(Object),
    /// More properties of one that an earlier row told.
    Details(Object),
}

/// Waits for the answer and hands on what each row of the stage tells, as it comes.
///
/// # Errors
/// [`Failure`] of the message; rows may have come before.
pub async fn read_each(
    sent: Sent,
    stage: Stage,
    mut take: impl FnMut(Result<Read, ReadError>),
) -> Result<(), Failure> {
    sent.rows(|of, row| {
        if of == stage
            && let Some(read) = read_row(row).transpose()
        {
            take(read);
        }
    })
    .await
}

/// The kind of the relation that the object of a row stands on, where the row has it.
fn relkind_of(row: &SimpleQueryRow) -> Option<&str> {
    let place = 3;
    let column = row.columns().get(place)?;
    (column.name() == RELKIND).then(|| row.get(place))?
}

/// Decodes one row; `None` when it is none of the catalog's objects.
fn read_row(row: &SimpleQueryRow) -> Result<Option<Read>, ReadError> {
    if !is_catalog_row(row) || row.get("kind") == Some("clock") {
        return Ok(None);
    }
    let index = row.get("kind") == Some("index");
    let rule = row.get("kind") == Some("rule");
    let mut definition = None;
    let mut disturbed = false;
    let mut fields = Vec::with_capacity(row.len());
    for (position, column) in row.columns().iter().enumerate() {
        let Some(value) = row.get(position) else { continue };
        disturbed |= is_disturbed(value);
        if index && column.name() == "definition" {
            definition = Some(value);
        } else if column.name() != RELKIND {
            fields.push((column.name(), Some(value)));
        }
    }
    let mut object = rows::object(fields.into_iter())?;
    if object.id.kind == Kind::Other {
        spell(&mut object.id);
    }
    if let Some(text) = object.text("when") {
        match when_condition(text) {
            Some(condition) => {
                let condition = Value::Text(condition.to_string());
                object.properties.insert("when", condition);
            }
            None => disturbed = true,
        }
    }
    if rule && let Some(text) = object.text("definition") {
        match rule_definition(text) {
            Some(definition) => {
                let definition = Value::Text(definition);
                object.properties.insert("definition", definition);
            }
            None => disturbed = true,
        }
    }
    if let Some(definition) = definition {
        match printed_keys(definition, object.list("keys")) {
            Some(printed) => {
                let (collations, classes): (_, Vec<String>) = printed.into_iter().unzip();
                let told = object.list("opclasses").iter().zip(classes);
                let opclasses = told.map(|(told, printed)| match told.as_str() {
                    "?" => printed,
                    told => told.to_string(),
                });
                let opclasses = Value::List(opclasses.collect());
                object.properties.insert("collations", Value::List(collations));
                object.properties.insert("opclasses", opclasses);
            }
            None => disturbed = true,
        }
    }
    if disturbed {
        return Err(ReadError::Disturbed {
            object: object.id.to_string(),
        });
    }
    Ok(Some(match object.get(DETAILS.name) {
        Some(_) => Read::Details(object),
        None => Read::Object(object),
    }))
}

/// The identity of what has no kind of its own as check files spell it, where they have a word for its class.
fn spell(id: &mut ObjectId) {
    if let Some(found) = fragment::commented_identity(&id.relation, &id.name) {
        id.relation = found.class.into();
        id.name = found.identity("").into();
    }
}

/// The marker, or what `format_type` prints for a type that is gone. In a JSON array the marker's first
/// character is escaped.
fn is_disturbed(value: &str) -> bool {
    if value.len() < DISTURBED.len() {
        return value == "???";
    }
    // found sooner than the word
    value.bytes().any(|byte| matches!(byte, b'\x01' | b'\\'))
        && value
            .match_indices(&DISTURBED[1..])
            .any(|(at, _)| value[..at].ends_with(['\u{1}']) || value[..at].ends_with("\\u0001"))
}

/// Whether an error while reading tells of concurrent DDL, so that reading again is the answer.
pub fn is_disturbance(error: &tokio_postgres::Error) -> bool {
    let Some(error) = error.as_db_error() else {
        return false;
    };
    // "cache lookup failed for …" and "could not open relation with OID …" have no SQLSTATE of their own
    [
        SqlState::UNDEFINED_TABLE,
        SqlState::UNDEFINED_OBJECT,
        SqlState::UNDEFINED_FUNCTION,
    ]
    .contains(error.code())
        || *error.code() == SqlState::INTERNAL_ERROR
            && [
                "lookup failed for",
                "could not open relation",
                "could not find tuple",
            ]
            .iter()
            .any(|part| error.message().contains(part))
}

/// Length of the quoted name or string that `text` begins with, as the server prints them.
fn quoted(text: &str) -> Option<usize> {
    let (quote, from) = match text.as_bytes() {
        [b'"', ..] => (b'"', 1),
        [b'\'', ..] => (b'\'', 1),
        [b'E', b'\'', ..] => (b'\'', 2),
        _ => return None,
    };
    let bytes = text.as_bytes();
    let mut at = from;
    while at < bytes.len() {
        if bytes[at] == b'\\' && from == 2 {
            at += 1;
        } else if bytes[at] == quote {
            if bytes.get(at + 1) != Some(&quote) {
                return Some(at + 1);
            }
            at += 1;
        }
        at += 1;
    }
    None
}

/// Where `wanted` begins in `text`, outside quotes.
fn find_bare(text: &str, wanted: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        if rest.starts_with(wanted) {
            return Some(at);
        }
        at += match quoted(rest) {
            Some(length) => length,
            None => rest.chars().next()?.len_utf8(),
        };
    }
    None
}

/// Where the group ends whose opening parenthesis stands just before `text`: at `,` or `)` of its own level.
fn end_of_item(text: &str, ends: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        if let Some(length) = quoted(rest) {
            at += length;
            continue;
        }
        let byte = rest.as_bytes()[0];
        if depth == 0 && ends.contains(&byte) {
            return Some(at);
        }
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        at += rest.chars().next()?.len_utf8();
    }
    None
}

/// The WHEN condition in a definition as `pg_get_triggerdef` prints it. Before it stand names and keywords only.
pub(super) fn when_condition(definition: &str) -> Option<&str> {
    let marker = " WHEN (";
    let condition = &definition[find_bare(definition, marker)? + marker.len()..];
    Some(&condition[..end_of_item(condition, b")")?])
}

/// A definition as `pg_get_ruledef` prints it, without the rule's name and its relation: `ON INSERT DO INSTEAD …`.
pub(super) fn rule_definition(definition: &str) -> Option<String> {
    let event = &definition[find_bare(definition, "ON ")?..];
    let to = find_bare(event, " TO ")?;
    let name = event[to + " TO ".len()..].trim_start();
    let mut end = 0;
    loop {
        let part = &name[end..];
        end += match quoted(part) {
            Some(length) => length,
            None => part.find(['.', ' ', '\n'])?,
        };
        if !name[end..].starts_with('.') {
            break;
        }
        end += 1;
    }
    let rest = name[end..].trim().trim_end_matches(';').trim_end();
    Some(format!("{} {rest}", &event[..to]))
}

/// The COLLATE clause and the operator class of each key, "" where there is none, in a definition as `pg_get_indexdef`
/// prints it.
fn printed_keys(definition: &str, keys: &[String]) -> Option<Vec<(String, String)>> {
    let method = &definition[find_bare(definition, " USING ")?..];
    let mut rest = &method[find_bare(method, "(")? + 1..];
    let mut printed = Vec::new();
    for key in keys {
        rest = rest.strip_prefix(key.as_str())?;
        let end = end_of_item(rest, b",)")?;
        let (collation, clauses) = match rest[..end].strip_prefix(" COLLATE ") {
            Some(clauses) => clauses.split_at(find_bare(clauses, " ").unwrap_or(clauses.len())),
            None => ("", &rest[..end]),
        };
        let clauses = clauses.trim_start();
        let class = match clauses.split(' ').next() {
            Some("DESC" | "NULLS") => "",
            _ => &clauses[..find_bare(clauses, " ").unwrap_or(clauses.len())],
        };
        printed.push((collation.to_string(), class.to_string()));
        rest = rest[end..].trim_start_matches([',', ' ']);
    }
    Some(printed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ObjectId;
    use crate::db::Connection;
    use crate::db::scratch::{Options, Scratch};
    use std::fmt::Write as _;

    fn everything() -> Scope {
        let all = || BTreeSet::from([("*".to_string(), "*".to_string())]);
        Scope {
            relation_patterns: all(),
            type_patterns: all(),
            function_patterns: all(),
            schemas: ["Odd Schema", "twin"].map(String::from).into(),
            extensions: ["pgcrypto".to_string()].into(),
            roles: ["Nasty \"Role\"", "nasty_super"].map(String::from).into(),
            all: [
                Kind::Server,
                Kind::EventTrigger,
                Kind::Publication,
                Kind::DefaultPrivileges,
            ]
            .into(),
            ..Scope::default()
        }
    }

    fn one(schema: &str, name: &str) -> BTreeSet<(String, String)> {
        BTreeSet::from([(schema.to_string(), name.to_string())])
    }

    async fn nasty() -> (Scratch, Connection) {
        let scratch = Scratch::start(Options::default()).await.unwrap();
        let sql = include_str!("catalog_nasty.sql");
        scratch.run("postgres", sql).await.unwrap();
        let connection = scratch.connect("postgres").await.unwrap();
        (scratch, connection)
    }

    async fn try_read(connection: &Connection, scope: &Scope) -> Result<Catalog, ReadError> {
        let sql = format!(
            "begin; {SETTINGS} select 1 as marker; {} select 'x' as kindred; commit",
            read_sql(scope, connection.server.version_num)
        );
        let messages = connection.client.simple_query(&sql).await.unwrap();
        decode(&messages)
    }

    async fn read(connection: &Connection, scope: &Scope) -> Catalog {
        try_read(connection, scope).await.unwrap()
    }

    fn printed(catalog: &Catalog) -> String {
        let mut text = String::new();
        for object in catalog.iter() {
            writeln!(text, "{}", object.id).unwrap();
            for (name, value) in object.properties.iter() {
                let value = match value {
                    Value::List(items) => serde_json::to_string(items).unwrap(),
                    value => value.to_string(),
                };
                writeln!(text, "    {name} = {}", value.replace('\n', "\\n")).unwrap();
            }
        }
        text
    }

    #[tokio::test]
    async fn every_property_of_a_nasty_database() {
        let (_scratch, connection) = nasty().await;
        // what the session has set does not show
        let hostile = "set search_path to \"Odd Schema\", public, twin; set timezone to 'Asia/Kolkata'; \
                       set datestyle to 'SQL, DMY'; set quote_all_identifiers to on";
        connection.client.batch_execute(hostile).await.unwrap();
        let catalog = read(&connection, &everything()).await;
        let version = catalog
            .get(&ObjectId::new(Kind::Extension, "", "pgcrypto"))
            .unwrap()
            .text("version")
            .unwrap();
        let text = printed(&catalog)
            .replace(&format!("version = {version}"), "version = 1.3")
            // since 14, an argument of a procedure says that it is one
            .replace(
                "arguments = a integer DEFAULT 3",
                "arguments = IN a integer DEFAULT 3",
            )
            // since 17, an owner has it too
            .replace("\"maintain\",", "")
            // since 14, a range type brings a multirange type
            .lines()
            .filter(|line| !line.starts_with("    multirange = "))
            .fold(String::new(), |text, line| text + line + "\n")
            // since 16, a query of one table does not name it with every column
            .replace(
                "SELECT id,\\n    code\\n   FROM public.parent p\\n  WHERE (mood",
                "SELECT p.id,\\n    p.code\\n   FROM public.parent p\\n  WHERE (p.mood",
            );
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/src/db/catalog_nasty.txt");
        if std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite") {
            std::fs::write(file, &text).unwrap();
        }
        let wanted = std::fs::read_to_string(file).unwrap();
        let missing: Vec<&str> = wanted.lines().filter(|line| !text.contains(line)).collect();
        assert!(text == wanted, "missing: {missing:#?}\n\n{text}");
        let read_at = catalog.read_at.unwrap();
        assert!(
            read_at.starts_with("20") && read_at.ends_with('Z') && read_at.len() == 27,
            "{read_at}"
        );
    }

    #[tokio::test]
    async fn every_property_of_the_registry_is_read() {
        let (_scratch, connection) = nasty().await;
        let version = connection.server.version_num;
        let since = |wanted: u32| version >= wanted * 10_000;
        let sql = "create collation public.namesake from \"C\"; create collation twin.namesake from \"C\"; \
                   create type public.named_pair as (a text collate public.namesake); \
                   create domain public.named_domain as text collate public.namesake; \
                   create type public.named_span as range (subtype = text, collation = public.namesake); \
                   create table public.named_parts (a text collate public.namesake) partition by list (a); \
                   create table public.named_table (a text collate public.namesake unique); \
                   create table public.unheld (id integer references public.parent (id)); \
                   alter table public.unheld disable trigger all; \
                   comment on foreign data wrapper nasty_fdw is 'some'; \
                   create function twin.step(integer, integer) returns integer language sql as 'select 1'; \
                   create function twin.on_ddl() returns event_trigger language plpgsql as 'begin end'";
        connection.client.batch_execute(sql).await.unwrap();
        if since(13) {
            let sql = "alter statistics twin.elsewhere set statistics 11";
            connection.client.batch_execute(sql).await.unwrap();
        }
        if since(14) {
            let sql = "create function public.std(a integer) returns integer return a + 1; \
                       create statistics public.of_expressions on (a + 1), (a * 2) from public.base_a";
            connection.client.batch_execute(sql).await.unwrap();
        }
        if since(15) {
            for sql in [
                "create unlogged table public.quick (id serial)",
                "create publication pub_some for table public.base_a (a) where (a > 0) with (publish_via_partition_root)",
                "create publication pub_schemas for tables in schema twin",
                "alter table public.parent alter code set compression pglz",
                "create table public.modern (a integer, b integer, constraint u unique nulls not distinct (a), \
                 constraint f foreign key (a, b) references public.keyed (a, b) on delete set null (b))",
                "set allow_in_place_tablespaces to on",
                "create tablespace nasty_space location ''",
                "create table public.placed (a integer) tablespace nasty_space",
                "create materialized view public.placed_mat tablespace nasty_space as select 1 as a",
                "create index placed_idx on public.placed (a) tablespace nasty_space",
            ] {
                let keyed =
                    "create table if not exists public.keyed (a integer, b integer, primary key (a, b))";
                connection.client.batch_execute(keyed).await.unwrap();
                connection.client.batch_execute(sql).await.unwrap();
            }
        }
        if since(16) {
            let sql = "create role nasty_member; create role nasty_noinherit noinherit; \
                       grant nasty_plain to nasty_member with inherit false, set false; \
                       grant nasty_plain to nasty_noinherit with inherit true";
            connection.client.batch_execute(sql).await.unwrap();
        }
        if since(17) {
            let sql = "grant truncate, trigger on public.base_a to nasty_plain; \
                       create domain public.noted as integer constraint there not null; \
                       comment on constraint there on domain public.noted is 'some'";
            connection.client.batch_execute(sql).await.unwrap();
        }
        if since(18) {
            let sql = "create table public.named (a integer constraint \"it is there\" not null no inherit, \
                       constraint soft check (a > 0) not enforced, \
                       constraint soft_key foreign key (a) references public.parent (id) not enforced); \
                       comment on constraint \"it is there\" on public.named is 'some'; \
                       create publication generated for table public.named with (publish_generated_columns = stored); \
                       create table public.spans (id int4range, other int4range, valid tstzrange, v integer generated always as (1) virtual, \
                       n integer, constraint p primary key (id, valid without overlaps), \
                       constraint u_spans unique (other, valid without overlaps)); \
                       alter table public.spans add constraint n not null n not valid; create table public.in_spans (id int4range, valid tstzrange, constraint f foreign key \
                       (id, period valid) references public.spans (id, period valid))";
            connection.client.batch_execute(sql).await.unwrap();
        }
        let mut scope = Scope {
            type_storage: true,
            stated: Stated::ALL,
            ..everything()
        };
        scope
            .roles
            .extend(["nasty_member", "nasty_noinherit"].map(String::from));
        scope.schemas.insert("public".to_string());
        let catalog = read(&connection, &scope).await;
        let get = |kind, relation: &str, name: &str| {
            catalog
                .get(&ObjectId::on(kind, "public", relation, name))
                .unwrap()
        };
        if since(14) {
            let body = get(Kind::Function, "", "std(integer)").text("body");
            assert_eq!(body, Some("RETURN (a + 1)"));
        }
        if since(15) {
            assert!(get(Kind::Unique, "modern", "u").flag("nulls_not_distinct"));
            assert!(get(Kind::Index, "modern", "u").flag("nulls_not_distinct"));
            assert_eq!(
                get(Kind::ForeignKey, "modern", "f").text("on_delete"),
                Some("set null (b)")
            );
            assert_eq!(
                get(Kind::Table, "", "placed").text("tablespace"),
                Some("nasty_space")
            );
            assert_eq!(
                get(Kind::Index, "placed", "placed_idx").text("tablespace"),
                Some("nasty_space")
            );
        }
        if since(18) {
            assert_eq!(
                get(Kind::Column, "spans", "v").text("generated_kind"),
                Some("virtual")
            );
            assert_eq!(get(Kind::Column, "spans", "v").text("generated"), Some("1"));
            assert!(!get(Kind::Column, "spans", "n").flag("not_null"));
            assert!(get(Kind::Column, "spans", "id").flag("not_null"));
            assert!(get(Kind::PrimaryKey, "spans", "p").flag("without_overlaps"));
            assert!(get(Kind::Unique, "spans", "u_spans").flag("without_overlaps"));
            assert!(get(Kind::ForeignKey, "in_spans", "f").flag("period"));
        }
        // of the last kind only a reading of everything tells
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Other) {
            for property in kind.properties() {
                let later = match property.name {
                    "without_overlaps"
                    | "period"
                    | "not_enforced"
                    | "not_null_name"
                    | "not_null_no_inherit"
                    | "generated_columns" => 18,
                    "not_null_comment" if kind == Kind::Column => 18,
                    "not_null_comment" => 17,
                    "without_maintain" => 17,
                    "inherit_of" | "no_inherit_of" | "no_set_of" => 16,
                    "tablespace" | "persistence" | "schemas" => 15,
                    "compression" | "multirange" => 14,
                    "target" if kind == Kind::Statistics => 13,
                    // no function of this kind comes with the server, and there is but one access method
                    "canonical" | "support" | "access_method" => continue,
                    "made_for_all" if since(15) => continue,
                    _ => 12,
                };
                let read = catalog
                    .of_kind(kind)
                    .any(|object| object.get(property.name).is_some());
                assert!(read || !since(later), "{kind}: {} is never read", property.name);
            }
        }
    }

    #[tokio::test]
    async fn only_what_the_scope_names() {
        let (_scratch, connection) = nasty().await;
        let nothing = read(&connection, &Scope::default()).await;
        assert!(nothing.is_empty() && nothing.read_at.is_some());

        let by_index = Scope {
            relations: one("Odd Schema", "Odd Idx"),
            ..Scope::default()
        };
        let catalog = read(&connection, &by_index).await;
        let table = "Tàble \"x\", y.";
        assert!(catalog.relation("Odd Schema", table).is_some());
        assert!(catalog.of_kind(Kind::Column).count() == 13);
        assert!(
            catalog
                .iter()
                .all(|object| object.id.name == table || object.id.relation == table)
        );

        let count = |catalog: &Catalog| catalog.of_kind(Kind::Table).count();
        let one_table = |patterns| Scope {
            relation_patterns: patterns,
            ..Scope::default()
        };
        for (pattern, tables) in [
            (("public", "log*"), 4),
            (("public", "log_*"), 2),
            (("public", "log*é"), 1),
            (("public", "LOG*"), 0),
            (("pub*", "*split*"), 3),
            (("public", "parent"), 1),
            (("*", "parent"), 2),
            (("*", "*"), 20),
            (("pg_*", "*"), 0),
            (("public", "%"), 0),
            (("public", "a\\*'; drop table public.log; --"), 0),
        ] {
            let catalog = read(&connection, &one_table(one(pattern.0, pattern.1))).await;
            assert_eq!(count(&catalog), tables, "{pattern:?}");
        }

        let partitions = Scope {
            partitions_of: one("public", "log"),
            ..Scope::default()
        };
        let catalog = read(&connection, &partitions).await;
        assert_eq!(count(&catalog), 4);
        assert!(
            catalog
                .get(&ObjectId::on(Kind::Column, "public", "log Rest é", "id"))
                .is_some()
        );

        // pgplumb's own tables only by name
        let own = Scope {
            relations: one("public", "pgplumb_journal"),
            ..Scope::default()
        };
        assert_eq!(count(&read(&connection, &own).await), 1);

        let routine = Scope {
            functions: one("public", "f"),
            types: one("public", "mood"),
            ..Scope::default()
        };
        let catalog = read(&connection, &routine).await;
        let names: Vec<&str> = catalog.iter().map(|object| object.id.name.as_str()).collect();
        assert_eq!(
            names,
            ["mood", "f(\"Odd Schema\".\"Móod\")", "f()", "f(integer, text[])"]
        );

        // names that are none
        let odd: [&str; 13] = [
            "'",
            "\\",
            "{",
            "}",
            "\"",
            ",",
            "NULL",
            "",
            " ",
            "a\0b",
            "$$",
            "\u{1}",
            "'; drop table public.log; --",
        ];
        let pairs: BTreeSet<_> = odd.map(|name| (name.to_string(), name.to_string())).into();
        let names: BTreeSet<_> = odd.map(str::to_string).into();
        let scope = Scope {
            parts: pairs
                .iter()
                .map(|pair| (pair.clone(), Parts::NAME.with_named(Kind::Column)))
                .collect(),
            pattern_parts: pairs.iter().map(|pair| (pair.clone(), Parts::ALL)).collect(),
            partition_parts: pairs.iter().map(|pair| (pair.clone(), Parts::ALL)).collect(),
            relations: pairs.clone(),
            relation_patterns: pairs.clone(),
            partitions_of: pairs.clone(),
            defined_columns: names.clone(),
            is_narrow: true,
            comments: true,
            storage: true,
            type_storage: true,
            stated: Stated::ALL,
            // words of pgplumb's own
            commented: BTreeSet::new(),
            names: Kind::BY_NAME.map(|kind| (kind, names.clone())).into(),
            named: Kind::BY_NAME
                .map(|kind| {
                    let pairs = odd.iter().map(|name| {
                        let name = (*name).to_string();
                        ((name.clone(), name.clone()), name)
                    });
                    (kind, pairs.collect())
                })
                .into(),
            types: pairs.clone(),
            type_patterns: pairs.clone(),
            functions: pairs.clone(),
            function_patterns: pairs,
            schemas: names.clone(),
            extensions: names.clone(),
            roles: names.clone(),
            servers: names.clone(),
            event_triggers: names.clone(),
            publications: names.clone(),
            default_privileges: names,
            all: BTreeSet::new(),
        };
        connection
            .client
            .batch_execute("set standard_conforming_strings to off")
            .await
            .unwrap();
        assert!(read(&connection, &scope).await.is_empty());
        connection
            .client
            .batch_execute("select from public.log")
            .await
            .unwrap();
    }

    #[tokio::test]
    async fn only_the_parts_that_are_asked_for() {
        let (_scratch, connection) = nasty().await;
        let odd = ("Odd Schema".to_string(), "Tàble \"x\", y.".to_string());
        let all = read(
            &connection,
            &Scope {
                relations: BTreeSet::from([odd.clone()]),
                ..Scope::default()
            },
        )
        .await;
        let with = |parts: Parts| Scope {
            parts: [(odd.clone(), parts)].into(),
            ..Scope::default()
        };
        let same = read(&connection, &with(Parts::ALL)).await;
        assert_eq!(printed(&all), printed(&same));
        for kind in Kind::ALL {
            // definitions are all that is left out
            let defined = read(&connection, &with(Parts::default().with(kind))).await;
            let bare = read(&connection, &with(Parts::default().with_bare(kind))).await;
            assert_eq!(
                defined.of_kind(kind).collect::<Vec<_>>(),
                all.of_kind(kind).collect::<Vec<_>>(),
                "{kind}"
            );
            assert_eq!(bare.len(), defined.len(), "{kind}");
            for (bare, defined) in bare.iter().zip(defined.iter()) {
                for (name, value) in defined.properties.iter() {
                    let definition = [
                        "default",
                        "generated",
                        "expression",
                        "predicate",
                        "when",
                        "using",
                        "with_check",
                        "definition",
                    ];
                    match bare.get(name) {
                        Some(known) => assert_eq!(known, value),
                        None if kind == Kind::Column && ["comment", "position"].contains(name) => {}
                        None => assert!(definition.contains(name), "{}: {name}", defined.id),
                    }
                }
            }
        }
        // a relation of which all is read, and one of which little is
        let mut scope = with(Parts::default().with_bare(Kind::Column).with(Kind::Check));
        scope.relations = one("public", "parent");
        let catalog = read(&connection, &scope).await;
        let column = |schema: &str, table: &str, name: &str| {
            catalog
                .get(&ObjectId::on(Kind::Column, schema, table, name))
                .unwrap()
                .text("default")
        };
        assert_eq!(column("public", "parent", "mood"), Some("'ok'::public.mood"));
        assert_eq!(column(&odd.0, &odd.1, "select"), None);
        assert_eq!(catalog.of_kind(Kind::Table).count(), 1);
        assert_eq!(catalog.of_kind(Kind::Check).count(), 3);
        assert!(
            catalog
                .of_kind(Kind::Check)
                .all(|check| check.text("expression").is_some())
        );
    }

    #[tokio::test]
    async fn what_is_named_is_read_as_it_is_read_with_all_others() {
        let (_scratch, connection) = nasty().await;
        let all = read(&connection, &everything()).await;
        // many of each relation, and few
        for (kind, step) in Kind::BY_NAME.into_iter().flat_map(|kind| [(kind, 2), (kind, 11)]) {
            let chosen: Vec<&Object> = all.of_kind(kind).step_by(step).collect();
            assert!(!chosen.is_empty(), "{kind}");
            let mut scope = Scope {
                is_narrow: true,
                comments: true,
                storage: true,
                ..Scope::default()
            };
            for object in &chosen {
                let id = &object.id;
                scope.add_named(kind, &id.schema, &id.relation, &id.name);
            }
            let same = |catalog: &Catalog| {
                for object in &chosen {
                    let mut object = (*object).clone();
                    object.properties.remove("position");
                    let mut found = catalog.get(&object.id).cloned();
                    found.iter_mut().for_each(|found| {
                        found.properties.remove("position");
                    });
                    assert_eq!(found, Some(object));
                }
            };
            if step > 2 {
                let sql = read_sql(&scope, connection.server.version_num);
                assert!(sql.contains("= wanted.object"), "{kind}");
            }
            let narrow = read(&connection, &scope).await;
            same(&narrow);
            assert!(
                narrow
                    .of_kind(kind)
                    .all(|object| scope.names[&kind].contains(object.id.name.as_str())),
                "{kind}"
            );
            assert!(narrow.of_kind(kind).count() < all.of_kind(kind).count(), "{kind}");
            // all of a relation is read as well, in either way: what is named in full
            for parts in [Parts::default().with_bare(kind), Parts::default().with(kind)] {
                let on = &chosen[0].id;
                scope.add_parts(&on.schema, &on.relation, parts);
                let mixed = read(&connection, &scope).await;
                same(&mixed);
                let how_many =
                    |catalog: &Catalog| catalog.on_relation(kind, &on.schema, &on.relation).count();
                assert_eq!(how_many(&mixed), how_many(&all), "{kind}");
            }
        }
    }

    /// Whether nothing but its being there was read of a relation.
    fn is_name(object: &Object) -> bool {
        let is_relation = Kind::RELATIONS.contains(&object.id.kind);
        is_relation && object.properties.iter().all(|(property, _)| *property == "type")
    }

    fn beside_names(catalog: &Catalog) -> Catalog {
        let mut beside = catalog.clone();
        for object in catalog.iter().filter(|object| is_name(object)) {
            beside.remove(&object.id);
        }
        beside
    }

    #[tokio::test]
    async fn relations_that_are_looked_up_by_name_are_those_that_are_resolved() {
        let (_scratch, connection) = nasty().await;
        let all = read(&connection, &everything()).await;
        let kinds = Kind::ALL.into_iter().filter(|kind| *kind != Kind::Index);
        let parts: Vec<Parts> = kinds
            .map(|kind| Parts::default().with(kind))
            .flat_map(|parts| [parts, Parts::presence(), Parts::NAME, Parts::NAME.union(parts)])
            .collect();
        for schema in [Some("public"), None] {
            let is_wanted = |id: &ObjectId| schema.is_none_or(|schema| id.schema == schema);
            let ids: Vec<&ObjectId> = all
                .iter()
                .map(|object| &object.id)
                .filter(|id| is_wanted(id))
                .collect();
            let mut scope = Scope::default();
            let relations = ids.iter().filter(|id| Kind::RELATIONS.contains(&id.kind));
            for (id, parts) in relations.zip(parts.iter().cycle()) {
                scope.add_parts(&id.schema, &id.name, *parts);
            }
            let named = ids.iter().filter(|id| Kind::BY_NAME.contains(&id.kind));
            for id in named.step_by(3) {
                scope.add_named(id.kind, &id.schema, &id.relation, &id.name);
            }
            let resolved = read(&connection, &scope).await;
            assert!(resolved.len() > 50, "{}", resolved.len());
            scope.is_narrow = true;
            scope.comments = true;
            scope.storage = true;
            // of each relation what is named of any
            scope.named.clear();
            assert!(is_by_name(&scope));
            let looked_up = read(&connection, &scope).await;
            assert_eq!(
                printed(&beside_names(&looked_up)),
                printed(&beside_names(&resolved))
            );
            // what stands on a relation tells it, and where nothing does, that is known
            let mut untold = 0;
            for relation in resolved.iter().filter(|object| is_name(object)) {
                let key = (relation.id.schema.to_string(), relation.id.name.to_string());
                match looked_up.get(&relation.id) {
                    Some(told) => assert_eq!(told, relation),
                    None => {
                        assert!(scope.parts[&key].tell_relation(), "{}", relation.id);
                        untold += 1;
                    }
                }
            }
            assert_eq!(tells_relations(&scope, &looked_up, |_, _| false), untold == 0);
            scope
                .parts
                .retain(|(schema, name), _| looked_up.relation(schema, name).is_some());
            assert!(scope.parts.values().any(|parts| parts.tell_relation()));
            assert!(tells_relations(&scope, &looked_up, |_, _| false));
            scope.comments = false;
            scope.storage = false;
            let least = read(&connection, &scope).await;
            assert!(resolved.iter().any(|object| object.get("comment").is_some()));
            let mut without = Catalog::default();
            for mut object in looked_up.iter().cloned() {
                let mut left_out = vec!["comment"];
                if object.id.kind == Kind::Column {
                    left_out.extend(["storage", "compression", "statistics_target", "options"]);
                }
                for property in left_out {
                    object.properties.remove(property);
                }
                without.insert(object);
            }
            assert_eq!(printed(&least), printed(&without));
        }
    }

    #[tokio::test]
    async fn what_another_session_drops_meanwhile_is_no_fact() {
        let (scratch, connection) = nasty().await;
        let scope = Scope {
            relations: one("public", "heir"),
            ..Scope::default()
        };
        connection
            .client
            .batch_execute("begin isolation level repeatable read; select 1")
            .await
            .unwrap();
        scratch.run("postgres", "drop table public.heir").await.unwrap();
        let sql = format!("{SETTINGS} {}", read_sql(&scope, connection.server.version_num));
        let disturbed = match connection.client.simple_query(&sql).await {
            Ok(messages) => matches!(decode(&messages), Err(ReadError::Disturbed { .. })),
            Err(error) => is_disturbance(&error),
        };
        assert!(disturbed);
        connection.client.batch_execute("rollback").await.unwrap();
        assert!(read(&connection, &scope).await.is_empty());
    }

    #[tokio::test]
    async fn a_role_without_rights_reads_the_same() {
        let (_scratch, connection) = nasty().await;
        let mut scope = everything();
        let all = read(&connection, &scope).await;
        connection
            .client
            .batch_execute("create role nobody; set role nobody")
            .await
            .unwrap();
        let same = read(&connection, &scope).await;
        assert_eq!(printed(&all), printed(&same));
        scope.roles.clear();
        assert_eq!(read(&connection, &scope).await.of_kind(Kind::Role).count(), 0);
    }

    #[test]
    fn collations_and_operator_classes_are_cut_out_of_definitions() {
        let definition = "CREATE INDEX \"a USING (b\" ON public.t USING btree (\"x, y\" COLLATE \"C (d\" public.\"Odd, ops\" DESC, \
                          lower((b)::text) DESC NULLS LAST, c NULLS FIRST, (d || ')'::text) text_pattern_ops, e COLLATE x.y) \
                          INCLUDE (f) WHERE (a > 0)";
        let keys = ["\"x, y\"", "lower((b)::text)", "c", "(d || ')'::text)", "e"].map(String::from);
        let found = printed_keys(definition, &keys).unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
        let wanted = [
            ("\"C (d\"", "public.\"Odd, ops\""),
            ("", ""),
            ("", ""),
            ("", "text_pattern_ops"),
            ("x.y", ""),
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn conditions_are_cut_out_of_definitions() {
        let cases = [
            (
                "CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW WHEN ((new.a > 0)) EXECUTE FUNCTION f()",
                Some("(new.a > 0)"),
            ),
            (
                "CREATE TRIGGER \" WHEN (\" BEFORE UPDATE ON \"t)\" FOR EACH ROW WHEN (a(')', \"(\", E'\\\\\\'(')) EXECUTE FUNCTION f()",
                Some("a(')', \"(\", E'\\\\\\'(')"),
            ),
            (
                "CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f()",
                None,
            ),
            ("CREATE TRIGGER a BEFORE UPDATE ON t FOR EACH ROW WHEN ((", None),
        ];
        for (definition, condition) in cases {
            assert_eq!(when_condition(definition), condition, "{definition}");
        }
    }

    #[test]
    fn the_marker_is_known_in_lists_too() {
        assert!(is_disturbed(DISTURBED));
        assert!(is_disturbed(&serde_json::to_string(&["a", DISTURBED]).unwrap()));
        assert!(is_disturbed("???"));
        assert!(!is_disturbed("disturbed") && !is_disturbed("[\"disturbed\"]"));
    }
}
