//! What new objects are called: enough to write down what a script made, for a tenth of what a reading costs.

use tokio_postgres::SimpleQueryRow;
use tokio_postgres::error::SqlState;

use super::batch::{Batch, Failure, Reply, Stage};
use super::catalog::{for_version, literal, names};
use super::error::Error;
use super::session::Session;
use crate::catalog::{Catalog, Kind, Object, ObjectId, Scope, Value};
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

/// How the names of relations are asked for. The server plans the question longer than it takes to answer it, so a run of
/// many steps has it planned once, where the session is its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Asking {
    /// Each time anew: behind a pooler the session may be another one at any time.
    #[default]
    Anew,
    /// To be prepared with the next question, under the name of that number.
    ToPrepare(u32),
    /// Prepared under the name of that number.
    Prepared(u32),
}

impl Asking {
    /// A message with the question was answered.
    #[must_use]
    pub fn answered(self) -> Asking {
        match self {
            Asking::ToPrepare(number) => Asking::Prepared(number),
            other => other,
        }
    }

    /// It failed: nobody knows how far it came.
    #[must_use]
    pub fn failed(self) -> Asking {
        match self {
            Asking::ToPrepare(number) => Asking::ToPrepare(number + 1),
            other => other,
        }
    }

    /// Whether a failure says that the session holds other prepared statements than it should: a script may take away
    /// all of them, and a pooler that does not show may have changed the session.
    pub fn is_astray(self, failure: &Failure) -> bool {
        let states = [
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::DUPLICATE_PSTATEMENT,
        ];
        self != Asking::Anew
            && failure.stage == Stage::After
            && states.iter().any(|state| failure.error.is(state))
    }
}

/// The statements that read kinds and names of what the scope's relations, types and functions are and of what stands
/// on the relations.
pub fn push(session: &Session, batch: &mut Batch, stage: Stage, scope: &Scope) {
    if !scope.relations.is_empty() {
        let paths = scope
            .relations
            .iter()
            .map(|(schema, name)| format!("{}.{}", quote_ident(schema), quote_ident(name)));
        push_relations(session, batch, stage, paths);
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

fn push_relations(session: &Session, batch: &mut Batch, stage: Stage, paths: impl Iterator<Item = String>) {
    let question = |oids: &str| {
        let sql = include_str!("sql/names.sql").replace("{relations}", oids);
        for_version(&sql, session.version_num())
    };
    let number = match session.asking {
        Asking::Anew => {
            let oids: Vec<String> = paths
                .map(|path| format!("pg_catalog.to_regclass({})", literal(&path)))
                .collect();
            batch.one(stage, &question(&format!("array[{}]", oids.join(", "))));
            return;
        }
        Asking::ToPrepare(number) => {
            let oids = "array(select pg_catalog.to_regclass(path) from pg_catalog.unnest($1) as path)";
            batch.one(
                stage,
                &format!(
                    "PREPARE pgplumb_names_{number} (pg_catalog.text[]) AS {}",
                    question(oids)
                ),
            );
            number
        }
        Asking::Prepared(number) => number,
    };
    let paths: Vec<String> = paths.map(|path| literal(&path)).collect();
    batch.one(stage, &planned_once("'off'", "'force_generic_plan'"));
    batch.one(
        stage,
        &format!("EXECUTE pgplumb_names_{number} (array[{}])", paths.join(", ")),
    );
    batch.one(stage, &planned_once("NULL", "NULL"));
}

/// The plan is kept while the catalog grows. One that was made while it was small would read it whole each time: at 1,000
/// tables that takes 15 times as long. Left to itself the server makes five others first.
fn planned_once(enable_seqscan: &str, plan_cache_mode: &str) -> String {
    format!(
        "SELECT pg_catalog.set_config('enable_seqscan', {enable_seqscan}, true), \
         pg_catalog.set_config('plan_cache_mode', {plan_cache_mode}, true)"
    )
}

/// The objects of the answer, with nothing but their names; of a partition it is known that it is one.
///
/// # Errors
/// [`Error::Unexpected`] when a row is not what the statement promises.
pub fn decode(reply: &Reply, stage: Stage) -> Result<Catalog, Error> {
    let mut catalog = super::catalog::decode(reply.messages(stage))?;
    for row in reply.rows(stage) {
        if let Ok(Some(relkind)) = row.try_get("relkind") {
            relation(row, relkind, &mut catalog)?;
        }
    }
    Ok(catalog)
}

/// A relation and what stands on it.
fn relation(row: &SimpleQueryRow, relkind: &str, catalog: &mut Catalog) -> Result<(), Error> {
    let text = |column: &str| row.get(column).unwrap_or_default();
    let (schema, relation) = (text("schema"), text("name"));
    let kind = match relkind {
        "v" => Kind::View,
        "m" => Kind::MaterializedView,
        "S" => Kind::Sequence,
        _ => Kind::Table,
    };
    let mut object = Object::new(ObjectId::new(kind, schema, relation));
    if text("is_partition") == "t" {
        for property in ["partition_of", "bound"] {
            object.properties.insert(property, Value::Text(String::new()));
        }
    }
    catalog.insert(object);
    let list = |column: &str| -> Result<Vec<String>, Error> {
        serde_json::from_str(text(column))
            .map_err(|_| Error::Unexpected(format!("the names of {column} could not be read")))
    };
    for (column, kind) in PARTS {
        // a sequence has columns that nobody names
        if kind == Kind::Column && relkind == "S" {
            continue;
        }
        for name in list(column)? {
            catalog.insert(Object::new(ObjectId::on(kind, schema, relation, &name)));
        }
    }
    for name in list("constraints")? {
        let (contype, name) = name.split_at_checked(1).unwrap_or_default();
        let kind = match contype {
            "p" => Kind::PrimaryKey,
            "u" => Kind::Unique,
            "f" => Kind::ForeignKey,
            "x" => Kind::Exclusion,
            _ => Kind::Check,
        };
        catalog.insert(Object::new(ObjectId::on(kind, schema, relation, name)));
    }
    Ok(())
}

/// What stands on a relation, by the column that lists it.
const PARTS: [(&str, Kind); 7] = [
    ("columns", Kind::Column),
    ("indexes", Kind::Index),
    ("statistics", Kind::Statistics),
    ("triggers", Kind::Trigger),
    ("rules", Kind::Rule),
    ("policies", Kind::Policy),
    ("grants", Kind::Grant),
];

/// The pairs as a subquery of two names.
fn pairs(named: &std::collections::BTreeSet<(String, String)>) -> String {
    let schemas = names(named.iter().map(|(schema, _)| schema));
    let list = names(named.iter().map(|(_, name)| name));
    format!(
        "select * from rows from (pg_catalog.unnest({schemas}::pg_catalog.name[]), \
         pg_catalog.unnest({list}::pg_catalog.name[])) as named"
    )
}
