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

use crate::catalog::decode::{self as rows, DecodeError};
use crate::catalog::{Catalog, Scope, Value};

/// What the reading transaction must have set: names are printed with their schema unless it is `pg_catalog`,
/// times in UTC. In force until the end of the transaction.
pub const SETTINGS: &str = "set local search_path to pg_catalog, pg_temp; set local timezone to 'UTC'; \
     set local datestyle to iso; set local intervalstyle to postgres; \
     set local extra_float_digits to 1; set local quote_all_identifiers to off;";

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

/// The text that reads what `scope` covers, for a server of that version (`version_num`, 120000 and newer).
pub fn read_sql(scope: &Scope, version_num: u32) -> String {
    let mut text = String::new();
    let relations = relations_sql(scope);
    let types = types_sql(scope);
    let functions = functions_sql(scope);
    let or_none = |sql: &Option<String>| match sql {
        Some(sql) => {
            format!("(select coalesce(array_agg(distinct found.oid), '{{}}') from ({sql}) as found)")
        }
        None => "'{}'".to_string(),
    };
    text.push_str(
        &include_str!("sql/resolve.sql")
            .replace("{relations}", &or_none(&relations))
            .replace("{types}", &or_none(&types))
            .replace("{functions}", &or_none(&functions)),
    );
    let mut add = |sql: &str| text.push_str(&for_version(sql, version_num));
    if !scope.roles.is_empty() {
        add(&include_str!("sql/role.sql").replace("{names}", &names(&scope.roles)));
    }
    if !scope.schemas.is_empty() {
        add(&include_str!("sql/schema.sql").replace("{names}", &names(&scope.schemas)));
    }
    if !scope.extensions.is_empty() {
        add(&include_str!("sql/extension.sql").replace("{names}", &names(&scope.extensions)));
    }
    if types.is_some() {
        add(include_str!("sql/enum.sql"));
        add(include_str!("sql/domain.sql"));
    }
    if relations.is_some() {
        add(include_str!("sql/sequence.sql"));
        add(include_str!("sql/table.sql"));
        add(include_str!("sql/column.sql"));
        add(include_str!("sql/key.sql"));
        add(include_str!("sql/check.sql"));
        add(include_str!("sql/foreign_key.sql"));
        add(include_str!("sql/exclusion.sql"));
        add(include_str!("sql/index.sql"));
        add(include_str!("sql/trigger.sql"));
        add(include_str!("sql/policy.sql"));
        add(include_str!("sql/view.sql"));
        add(include_str!("sql/grant.sql"));
    }
    if functions.is_some() {
        add(include_str!("sql/function.sql"));
    }
    text
}

/// Fills in what all statements share and what differs between versions.
fn for_version(sql: &str, version_num: u32) -> String {
    let since = |version: u32, then: &'static str, before: &'static str| {
        if version_num >= version * 10_000 {
            then
        } else {
            before
        }
    };
    let clone_exists = "exists (select from pg_depend p where p.classid = 'pg_trigger'::regclass and p.objid = t.oid \
                        and p.refclassid = 'pg_trigger'::regclass)";
    sql.replace("{disturbed}", &literal(DISTURBED))
        .replace("{relations}", "current_setting('pgplumb.relations')::oid[]")
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
        .replace("{cloned}", since(15, "t.tgparentid <> 0", "{clone}"))
        .replace("{clone}", clone_exists)
}

const RELATION_KINDS: &str = "c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')";

/// Selects the oids of the relations in scope; `None` when there is none.
fn relations_sql(scope: &Scope) -> Option<String> {
    let mut branches = Vec::new();
    if !scope.relations.is_empty() {
        branches.push(format!(
            "select coalesce(x.indrelid, c.oid) as oid from {} \
             join pg_namespace n on n.nspname = named.schema \
             join pg_class c on c.relnamespace = n.oid and c.relname = named.name \
             left join pg_index x on x.indexrelid = c.oid and c.relkind in ('i', 'I') \
             where {RELATION_KINDS} or x.indrelid is not null",
            named(&scope.relations)
        ));
    }
    for (schema, name) in &scope.relation_patterns {
        branches.push(format!(
            "select c.oid from pg_class c join pg_namespace n on n.oid = c.relnamespace \
             where {} and {} and {RELATION_KINDS} and c.relname not in ({OWN}) \
             and not exists (select from pg_depend p left join pg_class o \
             on o.oid = p.refobjid and p.refclassid = 'pg_class'::regclass \
             where p.classid = 'pg_class'::regclass and p.objid = c.oid and p.objsubid = 0 \
             and (p.deptype = 'e' or p.deptype in ('a', 'i') and o.relname in ({OWN})))",
            schema_like(schema),
            like("c.relname", name)
        ));
    }
    if !scope.partitions_of.is_empty() {
        branches.push(format!(
            "select inside.oid from (with recursive inside (oid) as (select c.oid from {} \
             join pg_namespace n on n.nspname = named.schema \
             join pg_class c on c.relnamespace = n.oid and c.relname = named.name and c.relkind = 'p' \
             union select i.inhrelid from inside join pg_inherits i on i.inhparent = inside.oid) \
             select inside.oid from inside) as inside",
            named(&scope.partitions_of)
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
             where {} and {} and t.typtype in ('e', 'd') and not exists (select from pg_depend p \
             where p.classid = 'pg_type'::regclass and p.objid = t.oid and p.deptype = 'e')",
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
             where e.classid = 'pg_proc'::regclass and e.objid = p.oid and e.deptype = 'e')",
            schema_like(schema),
            like("p.proname", name)
        ));
    }
    union(branches)
}

fn union(branches: Vec<String>) -> Option<String> {
    (!branches.is_empty()).then(|| branches.join("\nunion all "))
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
        format!("{condition} and n.nspname not like 'pg\\_%' and n.nspname <> 'information_schema'")
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

/// A string constant that means the same whatever `standard_conforming_strings` is.
pub(super) fn literal(text: &str) -> String {
    let text = text.replace('\0', "\u{1}").replace('\'', "''");
    if text.contains('\\') {
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
    let mut catalog = Catalog::default();
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        if !is_catalog_row(row) {
            continue;
        }
        if row.get("kind") == Some("clock") {
            catalog.read_at = row.get("read_at").map(str::to_string);
            continue;
        }
        read_row(row, &mut catalog)?;
    }
    Ok(catalog)
}

fn read_row(row: &SimpleQueryRow, catalog: &mut Catalog) -> Result<(), ReadError> {
    let index = row.get("kind") == Some("index");
    let mut definition = None;
    let mut disturbed = false;
    let mut fields = Vec::with_capacity(row.len());
    for (position, column) in row.columns().iter().enumerate() {
        let Some(value) = row.get(position) else { continue };
        disturbed |= is_disturbed(value);
        if index && column.name() == "definition" {
            definition = Some(value);
        } else {
            fields.push((column.name(), Some(value)));
        }
    }
    let mut object = rows::object(fields.into_iter())?;
    if let Some(text) = object.text("when") {
        match when_condition(text) {
            Some(condition) => {
                let condition = Value::Text(condition.to_string());
                object.properties.insert("when", condition);
            }
            None => disturbed = true,
        }
    }
    if let Some(definition) = definition {
        match printed_collations(definition, object.list("keys")) {
            Some(printed) => {
                object.properties.insert("collations", Value::List(printed));
            }
            None => disturbed = true,
        }
    }
    if disturbed {
        return Err(ReadError::Disturbed {
            object: object.id.to_string(),
        });
    }
    catalog.insert(object);
    Ok(())
}

/// The marker, or what `format_type` prints for a type that is gone. In a JSON array the marker's first
/// character is escaped.
fn is_disturbed(value: &str) -> bool {
    value == "???"
        || value
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
fn when_condition(definition: &str) -> Option<&str> {
    let marker = " WHEN (";
    let condition = &definition[find_bare(definition, marker)? + marker.len()..];
    Some(&condition[..end_of_item(condition, b")")?])
}

/// The COLLATE clause of each key, "" where there is none, in a definition as `pg_get_indexdef` prints it.
fn printed_collations(definition: &str, keys: &[String]) -> Option<Vec<String>> {
    let method = &definition[find_bare(definition, " USING ")?..];
    let mut rest = &method[find_bare(method, "(")? + 1..];
    let mut collations = Vec::new();
    for key in keys {
        rest = rest.strip_prefix(key.as_str())?;
        let end = end_of_item(rest, b",)")?;
        collations.push(match rest[..end].strip_prefix(" COLLATE ") {
            Some(clause) => clause[..find_bare(clause, " ").unwrap_or(clause.len())].to_string(),
            None => String::new(),
        });
        rest = rest[end..].trim_start_matches([',', ' ']);
    }
    Some(collations)
}
