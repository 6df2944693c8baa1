//! `status`: applied, pending, modified, missing, out of order. Writes nothing.

use std::time::Instant;

use super::context::Context;
use super::runner::millis;
use super::{Error, suites};
use crate::db::history::Extent;
use crate::diagnostic::{Diagnostic, Severity};
use crate::history::{Entry, Ledger, State};
use crate::plan;
use crate::report::ExitCode;
use crate::report::model::{LedgerLine, Report};

/// What the user asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Exit 6 when anything is pending or disagrees.
    pub check: bool,
}

/// Compares the history with the files.
///
/// # Errors
/// [`Error`] when the history or the files cannot be read.
pub async fn status(context: &Context<'_>, options: Options) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("status");
    let suites = suites(context.project)?;
    // the files of repeatable ones that ran may all be gone
    let (session, reading) = context.open_with(Extent::Runs).await?;
    report.database = Some(context.database(&session, &reading));
    let ledger = Ledger::build(&context.project.set, &reading.history);
    for entry in ledger.iter() {
        let migration = entry.migration;
        let rollback = match migration {
            None => String::new(),
            Some(migration) if migration.is_repeatable() => "repeatable".to_string(),
            Some(migration) => match (&migration.down, migration.irreversible()) {
                (Some(_), _) => "yes".to_string(),
                (None, Some(reason)) => format!("irreversible: {reason}"),
                (None, None) => "none".to_string(),
            },
        };
        let suite = suites.iter().find(|suite| suite.version == Some(entry.version));
        report.ledger.push(LedgerLine {
            version: migration.map_or_else(|| entry.version.to_string(), |migration| migration.label.clone()),
            repeatable: entry.version.is_repeatable(),
            name: match (migration, entry.applied) {
                (Some(migration), _) => migration.name.clone(),
                (None, Some(applied)) => applied.name.clone(),
                (None, None) => String::new(),
            },
            state: entry.state.as_str(),
            applied_on: entry.applied.map(|applied| applied.applied_on.clone()),
            rollback,
            checks: suite.map(|suite| suite.checks()),
        });
    }
    report.diagnostics = ledger.disagreements();
    let late = ledger.iter().filter(|entry| entry.state == State::OutOfOrder);
    for migration in late.filter_map(|entry| entry.migration) {
        report.diagnostics.push(Diagnostic {
            severity: Severity::Warning,
            ..plan::out_of_order(&ledger, migration)
        });
    }
    // of a repeatable one whose file is gone there is nothing to run any more
    let is_gone = |entry: &Entry<'_>| entry.version.is_repeatable() && entry.state == State::Missing;
    let is_settled = ledger
        .iter()
        .all(|entry| entry.state == State::Applied || is_gone(entry));
    report.exit = if options.check && !is_settled {
        ExitCode::HistoryDisagrees
    } else {
        ExitCode::Done
    };
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}
