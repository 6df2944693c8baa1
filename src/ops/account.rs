//! The account of a rollback before it starts: what it destroys, and who else needs it.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::context::{Context, ask};
use super::look::scope_of;
use crate::catalog::Scope;
use crate::db::batch::{Batch, Stage};
use crate::db::dependents::{self, Dependent};
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::history::Ledger;
use crate::migration::{Migration, Version};
use crate::plan::Plan;
use crate::sql::name::quote_ident;
use crate::sql::{Action, Name, ObjectKind};

/// Rows of a table that a rollback takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    /// `schema.table`, or `schema.table.column` when only the column goes.
    pub object: String,
    /// Rows, or rows in which the column holds something.
    pub rows: u64,
    /// Whether `rows` is where counting stopped.
    pub at_least: bool,
    /// Of a table: bytes on disk with its indexes.
    pub bytes: u64,
}

impl Loss {
    /// `public.sync_activity_log: 100000 rows, 23 MB`.
    pub fn describe(&self) -> String {
        let rows = match (self.rows, self.at_least) {
            (1, _) => "1 row".to_string(),
            (rows, false) => format!("{rows} rows"),
            (rows, true) => format!("more than {rows} rows"),
        };
        match self.bytes {
            0 => format!("{}: {rows}", self.object),
            bytes => format!("{}: {rows}, {}", self.object, size(bytes)),
        }
    }
}

/// Bytes for people, in binary units as PostgreSQL prints them.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["bytes", "kB", "MB", "GB", "TB"];
    let mut value = bytes;
    let mut unit = 0;
    while value >= 10 * 1024 && unit + 1 < UNITS.len() {
        value = (value + 512) / 1024;
        unit += 1;
    }
    format!("{value} {}", UNITS[unit])
}

/// Counting stops here: an account must not scan a billion rows at three in the morning.
const COUNT_LIMIT: u64 = 10_000_000;

/// What the rollbacks of the plan drop that holds data. Tables are counted exactly up to a limit.
///
/// # Errors
/// [`Error::Database`] when a table cannot be counted.
pub async fn losses(session: &Session, plan: &Plan<'_>, schemas: &[String]) -> Result<Vec<Loss>, Error> {
    let (tables, columns) = dropped(plan, schemas);
    if tables.is_empty() && columns.is_empty() {
        return Ok(Vec::new());
    }
    // which of them exist: one question for all, so that nothing is counted that is not there
    let mut batch = Batch::new();
    session.begin(&mut batch, "READ ONLY", &session.settings);
    let wanted: Vec<String> = tables
        .iter()
        .map(|table| (table, ""))
        .chain(columns.iter().map(|(table, column)| (table, column.as_str())))
        .map(|((schema, table), column)| {
            let literal = crate::sql::name::quote_literal;
            format!("({}, {}, {})", literal(schema), literal(table), literal(column))
        })
        .collect();
    batch.one(
        Stage::Query,
        &format!(
            "SELECT n.nspname, c.relname, w.\"column\", pg_catalog.pg_total_relation_size(c.oid) \
             FROM (VALUES {}) AS w (schema, \"table\", \"column\") \
             JOIN pg_catalog.pg_namespace n ON n.nspname = w.schema \
             JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = w.\"table\" \
             WHERE c.relkind IN ('r', 'p', 'm') AND (w.\"column\" = '' OR EXISTS (SELECT FROM \
             pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attname = w.\"column\" AND NOT a.attisdropped))",
            wanted.join(", ")
        ),
    );
    let found = ask(session, "looking at what the rollback drops", batch).await?;
    let mut counted = Batch::new();
    let mut objects = Vec::new();
    for row in found.rows(Stage::Query) {
        let text = |index: usize| row.get(index).unwrap_or("").to_string();
        let (schema, table, column) = (text(0), text(1), text(2));
        let relation = format!("{}.{}", quote_ident(&schema), quote_ident(&table));
        let (object, condition) = match column.as_str() {
            "" => (relation.clone(), String::new()),
            column => (
                format!("{relation}.{}", quote_ident(column)),
                format!(" WHERE {} IS NOT NULL", quote_ident(column)),
            ),
        };
        counted.one(
            Stage::Query,
            &format!(
                "SELECT pg_catalog.count(*) FROM (SELECT FROM {relation}{condition} LIMIT {}) AS t",
                COUNT_LIMIT + 1
            ),
        );
        let bytes = if column.is_empty() {
            text(3).parse().unwrap_or(0)
        } else {
            0
        };
        objects.push((object, bytes));
    }
    counted.one(Stage::Commit, "ROLLBACK");
    let reply = ask(session, "counting the rows that the rollback drops", counted).await?;
    let rows = reply
        .rows(Stage::Query)
        .map(|row| row.get(0).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0));
    Ok(objects
        .into_iter()
        .zip(rows)
        .filter(|(_, rows)| *rows > 0)
        .map(|((object, bytes), rows)| Loss {
            object,
            rows: rows.min(COUNT_LIMIT),
            at_least: rows > COUNT_LIMIT,
            bytes,
        })
        .collect())
}

/// Statements of the plan that delete rows: how many cannot be told before they run.
pub fn deletions(plan: &Plan<'_>) -> Vec<String> {
    let statements = plan.steps.iter().flat_map(|step| {
        step.script
            .statements()
            .iter()
            .map(move |statement| (step, statement))
    });
    statements
        .filter(|(_, statement)| statement.tag == "DELETE" || statement.tag.starts_with("TRUNCATE"))
        .map(|(step, statement)| {
            format!(
                "{} at {}",
                statement.tag,
                step.script.file.location(statement.span.start)
            )
        })
        .collect()
}

type QualifiedName = (String, String);

/// Tables and columns that the plan's scripts drop. Partitions are in their parent's count.
fn dropped(
    plan: &Plan<'_>,
    schemas: &[String],
) -> (BTreeSet<QualifiedName>, BTreeSet<(QualifiedName, String)>) {
    let (mut tables, mut columns) = (BTreeSet::new(), BTreeSet::new());
    let effects = plan
        .steps
        .iter()
        .flat_map(|step| step.script.statements())
        .flat_map(|statement| &statement.effects);
    for effect in effects.filter(|effect| matches!(effect.action, Action::Drop { .. })) {
        let object = &effect.object;
        match (object.kind, &object.on) {
            (ObjectKind::Table | ObjectKind::MaterializedView, _) => {
                tables.extend(qualified(&object.name, schemas));
            }
            (ObjectKind::Column, Some(table)) => columns.extend(
                qualified(table, schemas)
                    .into_iter()
                    .map(|table| (table, object.name.name.clone())),
            ),
            _ => {}
        }
    }
    columns.retain(|(table, _)| !tables.contains(table));
    (tables, columns)
}

/// A name in every schema where it may be.
fn qualified(name: &Name, schemas: &[String]) -> Vec<QualifiedName> {
    match &name.schema {
        Some(schema) => vec![(schema.clone(), name.name.clone())],
        None => schemas
            .iter()
            .map(|schema| (schema.clone(), name.name.clone()))
            .collect(),
    }
}

/// Applied migrations that stay and need what the plan takes away, by what the scripts say and by what the
/// catalog says; and whatever else in the database needs it.
///
/// # Errors
/// [`Error::Database`] when the catalog cannot be read.
pub async fn dependents(
    context: &Context<'_>,
    session: &Session,
    plan: &Plan<'_>,
    ledger: &Ledger<'_>,
    schemas: &[String],
) -> Result<Vec<Diagnostic>, Error> {
    let going: BTreeSet<Version> = plan.steps.iter().map(|step| step.migration.version).collect();
    let staying: Vec<&Migration> = ledger
        .iter()
        .filter(|entry| entry.is_applied() && !going.contains(&entry.version))
        .filter_map(|entry| entry.migration)
        .collect();
    let mut scope = Scope::default();
    let mut creators: BTreeMap<QualifiedName, &Migration> = BTreeMap::new();
    for step in &plan.steps {
        for name in created(step.migration, schemas, &mut scope) {
            creators.insert(name, step.migration);
        }
    }
    let mut owners: BTreeMap<QualifiedName, &Migration> = BTreeMap::new();
    for migration in &staying {
        for name in created(migration, schemas, &mut Scope::default()) {
            owners.insert(name, migration);
        }
    }
    // what an older migration made and stays may be named by these scripts as well
    scope.relations.retain(|name| !owners.contains_key(name));
    scope.types.retain(|name| !owners.contains_key(name));
    scope.functions.retain(|name| !owners.contains_key(name));

    let mut batch = Batch::new();
    session.begin(&mut batch, "READ ONLY", &session.settings);
    batch.one(Stage::Query, &dependents::sql(&scope));
    batch.one(Stage::Commit, "ROLLBACK");
    let reply = ask(session, "looking for what depends on the rollback", batch).await?;
    let mut needs: BTreeMap<Version, BTreeSet<String>> = BTreeMap::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    let dropped = dropped_parts(plan, schemas);
    let remains = |dependent: &Dependent| {
        let mut parts = dependent.parts.iter();
        !parts.any(|part| dropped.contains(&(dependent.owner.clone(), part.clone())))
    };
    for dependent in dependents::decode(&reply).into_iter().filter(remains) {
        let text = format!("{} depends on {}", dependent.dependent, dependent.object);
        // an older migration cannot have meant it: somebody put that on its table
        let later = |migration: &&&Migration| going.iter().any(|version| migration.version > *version);
        match owners.get(&dependent.owner).filter(later) {
            Some(migration) => {
                needs.entry(migration.version).or_default().insert(text);
            }
            None => {
                others.insert(text);
            }
        }
    }
    // a later script that alters what goes leaves no trace in the server's dependencies
    for migration in &staying {
        for (schema, name) in &scope_of(&migration.up, schemas).relations {
            if let Some(creator) = creators.get(&(schema.clone(), name.clone()))
                && migration.version > creator.version
                && !owners.contains_key(&(schema.clone(), name.clone()))
            {
                needs.entry(migration.version).or_default().insert(format!(
                    "its script works on {}.{}",
                    quote_ident(schema),
                    quote_ident(name)
                ));
            }
        }
    }
    let taken: Vec<String> = plan.steps.iter().map(|step| step.migration.stem()).collect();
    let mut diagnostics = Vec::new();
    for (version, reasons) in needs {
        let Some(migration) = context.project.set.get(version) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::error(format!(
                "{} cannot be taken back: {} is applied and depends on it",
                taken.join(", "),
                migration.stem()
            ))
            .fact("because", summarise(&reasons))
            .help(format!(
                "take {} back first, or both at once: `pgplumb rollback {} {}`",
                migration.stem(),
                migration.label,
                plan.steps
                    .iter()
                    .map(|step| step.migration.label.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            )),
        );
    }
    if !others.is_empty() {
        diagnostics.push(
            Diagnostic::error(format!(
                "{} cannot be taken back: others depend on it",
                taken.join(", ")
            ))
            .fact("because", summarise(&others))
            .help("drop what depends on it, or move it off, and run rollback again"),
        );
    }
    Ok(diagnostics)
}

/// What the plan's scripts drop from tables: triggers, policies, constraints, columns. Nothing depends by them any more.
fn dropped_parts(plan: &Plan<'_>, schemas: &[String]) -> BTreeSet<(QualifiedName, String)> {
    let effects = plan
        .steps
        .iter()
        .flat_map(|step| step.script.statements())
        .flat_map(|statement| &statement.effects);
    effects
        .filter(|effect| matches!(effect.action, Action::Drop { .. }))
        .filter_map(|effect| Some((effect.object.on.as_ref()?, &effect.object.name.name)))
        .flat_map(|(table, part)| {
            let tables = qualified(table, schemas);
            tables.into_iter().map(|table| (table, part.clone()))
        })
        .collect()
}

/// Names that a migration creates, also put into the scope.
fn created(migration: &Migration, schemas: &[String], scope: &mut Scope) -> Vec<QualifiedName> {
    let mut names = Vec::new();
    let effects = migration
        .up
        .statements()
        .iter()
        .flat_map(|statement| &statement.effects);
    for effect in effects.filter(|effect| matches!(effect.action, Action::Create { .. })) {
        let object = &effect.object;
        match object.kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Sequence => {
                let found = qualified(&object.name, schemas);
                scope.relations.extend(found.iter().cloned());
                names.extend(found);
            }
            ObjectKind::Type | ObjectKind::Enum | ObjectKind::Domain => {
                let found = qualified(&object.name, schemas);
                scope.types.extend(found.iter().cloned());
                names.extend(found);
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate => {
                let found = qualified(&object.name, schemas);
                scope.functions.extend(found.iter().cloned());
                names.extend(found);
            }
            ObjectKind::Schema => {
                scope.schemas.insert(object.name.name.clone());
            }
            ObjectKind::Extension => {
                scope.extensions.insert(object.name.name.clone());
            }
            _ => {}
        }
    }
    names
}

/// The first few lines, and how many more there are.
fn summarise(lines: &BTreeSet<String>) -> String {
    const SHOWN: usize = 6;
    let mut text: Vec<String> = lines.iter().take(SHOWN).cloned().collect();
    if lines.len() > SHOWN {
        text.push(format!("and {} more", lines.len() - SHOWN));
    }
    text.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_read_as_postgresql_prints_them() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (8192, "8192 bytes"),
            (16384, "16 kB"),
            (24_117_248, "23 MB"),
        ] {
            assert_eq!(size(bytes), text);
        }
    }
}
