//! `history`: the journal.

use std::time::Instant;

use super::Error;
use super::context::{Context, ask};
use super::runner::millis;
use crate::db::batch::{Batch, Failure, Stage};
use crate::db::error::Error as DbError;
use crate::db::history as tables;
use crate::migration::REPEATABLE;
use crate::report::model::{JournalLine, Report};

/// Reads the newest `limit` rows of the journal, or all.
///
/// # Errors
/// [`Error`] when the journal cannot be read.
pub async fn history(context: &Context<'_>, limit: Option<u32>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("history");
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    if reading.history.has_journal {
        let mut batch = Batch::new();
        session.begin(&mut batch, "READ ONLY", &session.settings);
        batch.one(Stage::Query, &tables::read_journal_sql(&reading.history, limit));
        batch.one(Stage::Commit, "ROLLBACK");
        let reply = ask(&session, "reading the journal", batch).await?;
        for row in reply.rows(Stage::Query) {
            let text = |name: &str| row.try_get(name).ok().flatten().unwrap_or("").to_string();
            let maybe = |name: &str| row.try_get(name).ok().flatten().map(str::to_string);
            let number = |name: &str| {
                text(name).parse::<i64>().map_err(|_| {
                    Error::database(
                        "reading the journal",
                        Failure::of(DbError::Unexpected(format!("{name} is {:?}", text(name)))),
                    )
                })
            };
            let version = number("version")?;
            let migration =
                crate::migration::Version::new(version).and_then(|version| context.project.set.get(version));
            let (login, role) = (text("login"), text("role"));
            let (client, address) = (text("client"), text("address"));
            let is_repeatable = text("action") == tables::REPEAT;
            report.journal.push(JournalLine {
                id: number("id")?,
                at: text("at"),
                action: text("action"),
                version: match migration {
                    _ if is_repeatable => REPEATABLE.to_string(),
                    Some(migration) => migration.label.clone(),
                    None => version.to_string(),
                },
                name: text("name"),
                outcome: text("outcome"),
                verdict: maybe("verdict"),
                duration_ms: maybe("duration_ms").and_then(|text| text.parse().ok()),
                by: if login == role {
                    login
                } else {
                    format!("{login} as {role}")
                },
                from: if address.is_empty() {
                    client
                } else {
                    format!("{client} ({address})")
                },
                sha256: maybe("sha256"),
                message: maybe("message"),
            });
        }
    }
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}
