//! The data that a rollback destroys, counted before it starts.

use std::collections::BTreeSet;

use super::Error;
use super::account::{QualifiedName, qualified};
use super::context::ask;
use crate::db::batch::{Batch, Reply, Stage};
use crate::db::losses::{self as asking, Holder, What};
use crate::db::session::Session;
use crate::plan::{Plan, Step};
use crate::sql::name::{quote_ident, quote_literal};
use crate::sql::require::added_label;
use crate::sql::{Action, ObjectKind};

/// Rows that a rollback takes away, or of which it takes something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loss {
    pub holder: Holder,
    /// Rows that hold it.
    pub rows: u64,
    /// Whether `rows` is where counting stopped.
    pub at_least: bool,
    /// When the newest of these rows was written, where the server keeps the times of commits.
    pub last_write: Option<String>,
}

impl Loss {
    /// `public.sync_activity_log: 100000 rows, 23 MB, last written at 2026-11-20 17:03:12 UTC`.
    pub fn describe(&self) -> String {
        let Holder {
            schema,
            table,
            what,
            bytes,
        } = &self.holder;
        let rows = match (self.rows, self.at_least) {
            (1, _) => "1 row".to_string(),
            (rows, false) => format!("{rows} rows"),
            (rows, true) => format!("more than {rows} rows"),
        };
        let mut text = format!("{}.{}", quote_ident(schema), quote_ident(table));
        match what {
            What::Table => text += &format!(": {rows}, {}", size(*bytes)),
            What::Column(column) => text += &format!(".{}: {rows}", quote_ident(column)),
            What::Label { column, of, label } => {
                text += &format!(
                    ".{}: {rows} with the label {} of {of}",
                    quote_ident(column),
                    quote_literal(label)
                );
            }
        }
        if let Some(at) = &self.last_write {
            text += &format!(", last written at {at} UTC");
        }
        text
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

/// What the rollbacks of the plan drop that holds data, and the labels that its migrations added to types which
/// the rollbacks alter or drop. Rows are counted exactly up to a limit.
///
/// # Errors
/// [`Error::Database`] when a table cannot be counted.
pub async fn losses(session: &Session, plan: &Plan<'_>, schemas: &[String]) -> Result<Vec<Loss>, Error> {
    let (tables, columns) = dropped(plan, schemas);
    let labels = labels(plan, schemas);
    if tables.is_empty() && columns.is_empty() && labels.is_empty() {
        return Ok(Vec::new());
    }
    // which of them exist: one question for all, so that nothing is counted that is not there
    let mut batch = Batch::new();
    session.begin(&mut batch, "READ ONLY", &session.settings);
    batch.one(Stage::Query, &asking::find_sql(&tables, &columns, &labels));
    let found = ask(session, "looking at what the rollback drops", batch).await?;
    let (mut holders, keeps_times) = asking::decode(&found);
    // a label goes with its row
    holders.retain(|holder| {
        let table = (holder.schema.clone(), holder.table.clone());
        holder.what == What::Table || !tables.contains(&table)
    });
    let mut counted = Batch::new();
    for holder in &holders {
        counted.one(Stage::Query, &asking::count_sql(holder, keeps_times));
    }
    counted.one(Stage::Commit, "ROLLBACK");
    let reply = ask(session, "counting the rows that the rollback drops", counted).await?;
    Ok(told(holders, &reply))
}

fn told(holders: Vec<Holder>, reply: &Reply) -> Vec<Loss> {
    let counts = reply.rows(Stage::Query).map(|row| {
        let rows = row.get(0).and_then(|text| text.parse::<u64>().ok());
        (rows.unwrap_or(0), row.get(1).map(str::to_string))
    });
    let mut losses = Vec::new();
    for (holder, (rows, last_write)) in holders.into_iter().zip(counts) {
        if rows > 0 {
            losses.push(Loss {
                holder,
                rows: rows.min(asking::COUNT_LIMIT),
                at_least: rows > asking::COUNT_LIMIT,
                last_write,
            });
        }
    }
    losses
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

/// Labels that the migrations of the plan added, of types that the rollbacks alter, rename or drop: schema, type
/// and label.
fn labels(plan: &Plan<'_>, schemas: &[String]) -> BTreeSet<(QualifiedName, String)> {
    plan.steps
        .iter()
        .flat_map(|step| labels_of(step, schemas))
        .collect()
}

fn labels_of(step: &Step<'_>, schemas: &[String]) -> Vec<(QualifiedName, String)> {
    let effects = step
        .script
        .statements()
        .iter()
        .flat_map(|statement| &statement.effects);
    let touched: BTreeSet<QualifiedName> = effects
        .filter(|effect| matches!(effect.object.kind, ObjectKind::Type | ObjectKind::Enum))
        .filter(|effect| !matches!(effect.action, Action::Create { .. } | Action::Comment))
        .flat_map(|effect| qualified(&effect.object.name, schemas))
        .collect();
    let up = &step.migration.up;
    let added = up
        .statements()
        .iter()
        .filter_map(|statement| added_label(up.sql(), statement));
    added
        .flat_map(|added| {
            let types = qualified(&added.enumeration, schemas);
            types.into_iter().map(move |name| (name, added.label.clone()))
        })
        .filter(|(name, _)| touched.contains(name))
        .collect()
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
