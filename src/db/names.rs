//! What new objects are called: enough to write down what a script made, for a tenth of what a reading costs.

use std::collections::{BTreeMap, BTreeSet};

use tokio_postgres::SimpleQueryRow;

use super::batch::{Batch, Reply, Stage};
use super::catalog::{for_version, names};
use super::error::Error;
use super::plans::{self, Plans};
use super::session::Session;
use crate::catalog::{Catalog, Kind, Object, ObjectId, Scope, Value};
use crate::history::History;
use crate::sql::name::{quote_ident, quote_literal};

/// A condition that is true when any of the relations, types and functions of the scope is there; `None` when it names
/// none.
pub fn present_sql(scope: &Scope) -> Option<String> {
    let any = |named: &Pairs, lookup: &str| {
        (!named.is_empty()).then(|| {
            let paths = paths(named);
            format!(
                "EXISTS (SELECT FROM pg_catalog.unnest({paths}::pg_catalog.text[]) AS path WHERE \
                 pg_catalog.{lookup}(path) IS NOT NULL)"
            )
        })
    };
    let functions = (!scope.functions.is_empty()).then(|| {
        let within = within(&scope.functions, "p.pronamespace", "p.proname");
        format!("EXISTS (SELECT FROM pg_catalog.pg_proc p WHERE {within})")
    });
    let conditions: Vec<String> = [
        any(&scope.relations, "to_regclass"),
        any(&scope.types, "to_regtype"),
        functions,
    ]
    .into_iter()
    .flatten()
    .collect();
    (!conditions.is_empty()).then(|| conditions.join("\n       OR "))
}

/// The statements that read, behind a script, kinds and names of what the relations and the scope's types and functions
/// are, and of what stands on the relations. Plans that are to be made are made with it.
pub fn push(session: &Session, history: &History, batch: &mut Batch, scope: &Scope, relations: &Pairs) {
    let mut statements = Vec::new();
    if !relations.is_empty() {
        let paths = paths(relations);
        match session.plans {
            Plans::Anew => {
                statements.push(format!("SELECT {}", made_call(&paths)));
                statements.extend(relations_sql(session.version_num()));
            }
            Plans::ToMake(number) => plans::make(batch, session, history, number, &paths),
            Plans::Made(number) => {
                batch.one(Stage::After, &plans::names_call(number));
            }
        }
    }
    if !scope.types.is_empty() {
        let within = within(&scope.types, "t.typnamespace", "t.typname");
        statements.push(format!(
            "select case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range type' \
             else 'composite type' end as kind, \
             (select n.nspname from pg_namespace n where n.oid = t.typnamespace) as schema, t.typname as name \
             from pg_type t where ({within}) and (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' \
             and (select c.relkind from pg_class c where c.oid = t.typrelid) = 'c')"
        ));
    }
    if !scope.functions.is_empty() {
        let within = within(&scope.functions, "p.pronamespace", "p.proname");
        statements.push(format!(
            "select 'function' as kind, (select n.nspname from pg_namespace n where n.oid = p.pronamespace) as schema, \
             quote_ident(p.proname) || '(' || oidvectortypes(p.proargtypes) || ')' as name \
             from pg_proc p where {within}"
        ));
    }
    if !statements.is_empty() {
        session.read_by_index(batch, Stage::After, &statements.join(";\n"));
    }
}

/// Schemas and names.
pub type Pairs = BTreeSet<(String, String)>;

/// A condition on two columns: the oid of a schema, and a name in it.
fn within(named: &Pairs, schema_column: &str, name_column: &str) -> String {
    let mut schemas: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for (schema, name) in named {
        schemas.entry(schema).or_default().push(name);
    }
    let conditions: Vec<String> = schemas
        .into_iter()
        .map(|(schema, list)| {
            format!(
                "{schema_column} = pg_catalog.to_regnamespace({})::pg_catalog.oid AND {name_column} = ANY ({}::pg_catalog.name[])",
                quote_literal(&quote_ident(schema)),
                names(list)
            )
        })
        .collect();
    conditions.join(" OR ")
}

/// The SQL paths of relations or types, as a literal of an array.
pub fn paths(named: &Pairs) -> String {
    let paths: Vec<String> = named
        .iter()
        .map(|(schema, name)| format!("{}.{}", quote_ident(schema), quote_ident(name)))
        .collect();
    names(&paths)
}

/// Where the oids of the relations that [`relations_sql`] asks about stand, for the transaction.
const MADE: &str = "pgplumb.made";

/// Leaves word of the relations at the paths, an expression, for [`relations_sql`].
pub(super) fn made_call(paths: &str) -> String {
    format!(
        "pg_catalog.set_config('{MADE}', ARRAY(SELECT pg_catalog.to_regclass(path) \
         FROM pg_catalog.unnest({paths}::pg_catalog.text[]) AS path)::pg_catalog.oid[]::pg_catalog.text, true)"
    )
}

/// The questions for the names of relations and of what stands on them, with the same columns each. They are kept apart
/// where they are asked once, for each by itself is planned sooner.
pub(super) fn relations_sql(version_num: u32) -> Vec<String> {
    let oids = format!("pg_catalog.current_setting('{MADE}')::pg_catalog.oid[]");
    let sql = include_str!("sql/names.sql").replace("{oids}", &oids);
    for_version(&sql, version_num)
        .split(';')
        .map(str::to_string)
        .collect()
}

/// The objects of the answer, with nothing but their names; of a partition it is known that it is one.
///
/// # Errors
/// [`Error::Unexpected`] when a row is not what the statement promises.
pub fn decode(reply: &Reply, stage: Stage) -> Result<Catalog, Error> {
    let mut catalog = super::catalog::decode(reply.messages(stage))?;
    let mut relations = BTreeMap::new();
    let asked = |row: &&SimpleQueryRow| {
        row.columns()
            .first()
            .is_some_and(|column| column.name() == "part")
    };
    let (heads, parts): (Vec<_>, Vec<_>) = reply
        .rows(stage)
        .filter(asked)
        .partition(|row| row.get(PART) == Some("relation"));
    for row in &heads {
        let object = relation(row);
        relations.insert(text(row, OID), object.id.clone());
        catalog.insert(object);
    }
    for row in heads.iter().chain(&parts) {
        // an index has columns too, which are not told, and so has a sequence
        let Some(on) = relations.get(text(row, OID)) else {
            continue;
        };
        let mut insert = |kind: Kind, name: &str| {
            catalog.insert(Object::new(ObjectId::on(
                kind,
                on.schema.clone(),
                on.name.clone(),
                name,
            )));
        };
        if let Some(grantees) = row.get(GRANTEES) {
            let grantees: Vec<String> = serde_json::from_str(grantees)
                .map_err(|error| Error::Unexpected(format!("{grantees} are no grantees: {error}")))?;
            for grantee in &grantees {
                insert(Kind::Grant, grantee);
            }
        }
        match part(row)? {
            Some((Kind::Column, _)) if on.kind == Kind::Sequence => {}
            Some((kind, name)) => insert(kind, name),
            None => {}
        }
    }
    Ok(catalog)
}

/// Places of the columns of the answer.
const PART: usize = 0;
const OID: usize = 1;
const NAME: usize = 2;
const DETAIL: usize = 3;
const SCHEMA: usize = 4;
const GRANTEES: usize = 5;

fn text(row: &SimpleQueryRow, column: usize) -> &str {
    row.get(column).unwrap_or_default()
}

/// A relation: the detail is its kind, with a `p` behind it when it is a partition.
fn relation(row: &SimpleQueryRow) -> Object {
    let detail = text(row, DETAIL);
    let kind = match detail.get(..1) {
        Some("v") => Kind::View,
        Some("m") => Kind::MaterializedView,
        Some("S") => Kind::Sequence,
        _ => Kind::Table,
    };
    let mut object = Object::new(ObjectId::new(kind, text(row, SCHEMA), text(row, NAME)));
    if detail.len() > 1 {
        for property in ["partition_of", "bound"] {
            object.properties.insert(property, Value::Text(String::new()));
        }
    }
    object
}

/// What stands on a relation: its kind and name; `None` for the relation itself.
fn part(row: &SimpleQueryRow) -> Result<Option<(Kind, &str)>, Error> {
    let kind = match text(row, PART) {
        "relation" => return Ok(None),
        "column" => Kind::Column,
        "index" => Kind::Index,
        "trigger" => Kind::Trigger,
        "rule" => Kind::Rule,
        "policy" => Kind::Policy,
        "statistics" => {
            // that of another schema is named with it
            let name = row.get(DETAIL).unwrap_or_else(|| text(row, NAME));
            return Ok(Some((Kind::Statistics, name)));
        }
        "constraint" => match text(row, DETAIL) {
            "p" => Kind::PrimaryKey,
            "u" => Kind::Unique,
            "f" => Kind::ForeignKey,
            "x" => Kind::Exclusion,
            _ => Kind::Check,
        },
        other => return Err(Error::Unexpected(format!("a relation has no {other}"))),
    };
    Ok(Some((kind, text(row, NAME))))
}
