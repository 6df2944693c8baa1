//! What new objects are called: enough to write down what a script made, for a tenth of what a reading costs.

use std::collections::BTreeMap;

use tokio_postgres::SimpleQueryRow;

use super::batch::{Batch, Reply, Stage};
use super::catalog::{for_version, names};
use super::error::Error;
use super::plans::{self, Plans};
use super::session::Session;
use crate::catalog::{Catalog, Kind, Object, ObjectId, Scope, Value};
use crate::history::History;
use crate::sql::name::{quote_ident, quote_literal};

/// A condition of PL/pgSQL that is true when any of the relations, types and functions of the scope is there; `None`
/// when it names none.
pub fn present_sql(scope: &Scope) -> Option<String> {
    let path = |(schema, name): &(String, String)| {
        quote_literal(&format!("{}.{}", quote_ident(schema), quote_ident(name)))
    };
    let relations = scope
        .relations
        .iter()
        .map(|name| format!("pg_catalog.to_regclass({}) IS NOT NULL", path(name)));
    let types = scope
        .types
        .iter()
        .map(|name| format!("pg_catalog.to_regtype({}) IS NOT NULL", path(name)));
    let functions = (!scope.functions.is_empty()).then(|| {
        format!(
            "EXISTS (SELECT FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace WHERE \
             (n.nspname, p.proname) IN ({}))",
            pairs(&scope.functions)
        )
    });
    let conditions: Vec<String> = relations.chain(types).chain(functions).collect();
    (!conditions.is_empty()).then(|| conditions.join("\n       OR "))
}

/// The statements that read, behind a script, kinds and names of what the scope's relations, types and functions are and
/// of what stands on the relations. Plans that are to be made are made with it.
pub fn push(session: &Session, history: &History, batch: &mut Batch, scope: &Scope) {
    let stage = Stage::After;
    if !scope.relations.is_empty() {
        let paths = paths(scope);
        match session.plans {
            Plans::Anew => {
                let sql = relations_sql(&format!("{paths}::pg_catalog.text[]"), session.version_num());
                batch.one(stage, &sql);
            }
            Plans::ToMake(number) => plans::make(batch, session, history, number, &paths),
            Plans::Made(number) => {
                batch.one(stage, &plans::names_call(number));
            }
        }
    }
    let mut others = Vec::new();
    if !scope.types.is_empty() {
        others.push(format!(
            "select case t.typtype when 'e' then 'enum' when 'd' then 'domain' when 'r' then 'range type' \
             else 'composite type' end as kind, n.nspname as schema, t.typname as name \
             from pg_type t join pg_namespace n on n.oid = t.typnamespace \
             where (n.nspname, t.typname) in ({}) and (t.typtype in ('e', 'd', 'r') or t.typtype = 'c' and exists \
             (select from pg_class c where c.oid = t.typrelid and c.relkind = 'c'))",
            pairs(&scope.types)
        ));
    }
    if !scope.functions.is_empty() {
        others.push(format!(
            "select 'function' as kind, n.nspname as schema, quote_ident(p.proname) || '(' || \
             coalesce((select string_agg(format_type(arg.type, null), ', ' order by arg.position) \
             from unnest(p.proargtypes::oid[]) with ordinality as arg (type, position)), '') || ')' as name \
             from pg_proc p join pg_namespace n on n.oid = p.pronamespace where (n.nspname, p.proname) in ({})",
            pairs(&scope.functions)
        ));
    }
    if !others.is_empty() {
        session.read_few(batch, stage, &others.join(";\n"));
    }
}

/// The SQL paths of the relations, as a literal of an array.
pub fn paths(scope: &Scope) -> String {
    let paths: Vec<String> = scope
        .relations
        .iter()
        .map(|(schema, name)| format!("{}.{}", quote_ident(schema), quote_ident(name)))
        .collect();
    names(&paths)
}

/// The question for the names of relations and of what stands on them; `paths` is an expression, an array of texts.
pub(super) fn relations_sql(paths: &str, version_num: u32) -> String {
    let sql = include_str!("sql/names.sql").replace("{paths}", paths);
    for_version(&sql, version_num)
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
    for row in heads {
        let object = relation(row);
        relations.insert(text(row, OID), (object.id.schema.clone(), object.id.name.clone()));
        catalog.insert(object);
    }
    for row in parts {
        let Some((schema, relation)) = relations.get(text(row, OID)) else {
            let part = text(row, PART);
            return Err(Error::Unexpected(format!(
                "the {part} stands on no relation that was named"
            )));
        };
        let (kind, name) = part(row)?;
        catalog.insert(Object::new(ObjectId::on(kind, schema, relation, name)));
    }
    Ok(catalog)
}

/// Places of the columns of the answer.
const PART: usize = 0;
const OID: usize = 1;
const NAME: usize = 2;
const DETAIL: usize = 3;
const SCHEMA: usize = 4;

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

/// What stands on a relation: its kind and name.
fn part(row: &SimpleQueryRow) -> Result<(Kind, &str), Error> {
    let kind = match text(row, PART) {
        "column" => Kind::Column,
        "index" => Kind::Index,
        "statistics" => Kind::Statistics,
        "trigger" => Kind::Trigger,
        "rule" => Kind::Rule,
        "policy" => Kind::Policy,
        "grant" => Kind::Grant,
        "constraint" => match text(row, DETAIL) {
            "p" => Kind::PrimaryKey,
            "u" => Kind::Unique,
            "f" => Kind::ForeignKey,
            "x" => Kind::Exclusion,
            _ => Kind::Check,
        },
        other => return Err(Error::Unexpected(format!("a relation has no {other}"))),
    };
    match kind {
        // that of another schema is named with it
        Kind::Statistics => Ok((kind, row.get(DETAIL).unwrap_or_else(|| text(row, NAME)))),
        _ => Ok((kind, text(row, NAME))),
    }
}

/// The pairs as a subquery of two names.
fn pairs(named: &std::collections::BTreeSet<(String, String)>) -> String {
    let schemas = names(named.iter().map(|(schema, _)| schema));
    let list = names(named.iter().map(|(_, name)| name));
    format!(
        "select * from rows from (pg_catalog.unnest({schemas}::pg_catalog.name[]), \
         pg_catalog.unnest({list}::pg_catalog.name[])) as named"
    )
}
