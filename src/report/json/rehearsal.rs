//! What a rehearsal measured.

use serde::Serialize;

use super::diagnostic::JsonSource;
use super::milliseconds;
use crate::report::rehearsal::{Rehearsal, RehearsedStatement, RehearsedStep};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Rehearsal"))]
pub(super) struct JsonRehearsal<'a> {
    /// From BEGIN to ROLLBACK.
    duration_ms: f64,
    steps: Vec<JsonRehearsedStep<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RehearsedStep"))]
pub(super) struct JsonRehearsedStep<'a> {
    /// The stem of the migration's files.
    migration: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["works", "failed", "not_rehearsable", "not_reached"])))]
    outcome: &'static str,
    /// Why it could not be rehearsed.
    reason: Option<&'a str>,
    duration_ms: f64,
    /// Those that ran.
    statements: Vec<JsonRehearsedStatement<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RehearsedStatement"))]
pub(super) struct JsonRehearsedStatement<'a> {
    tag: &'a str,
    source: JsonSource<'a>,
    /// By the server's clock.
    duration_ms: f64,
    /// Read or changed; null of a statement that reports none.
    rows: Option<u64>,
    /// On tables that were there before, where none before it had taken the same.
    locks: Vec<JsonTakenLock<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TakenLock"))]
pub(super) struct JsonTakenLock<'a> {
    table: &'a str,
    /// As SQL calls it: `ACCESS EXCLUSIVE`.
    mode: &'a str,
    /// Whom it keeps waiting: `reads and writes`, `writes`, ….
    blocks: &'static str,
    /// When its statement began, from the first statement of the step on.
    from_ms: f64,
    /// From then to the end of the step, where `apply` commits.
    held_ms: f64,
}

impl<'a> JsonRehearsal<'a> {
    pub(super) fn of(rehearsal: &'a Rehearsal) -> JsonRehearsal<'a> {
        JsonRehearsal {
            duration_ms: milliseconds(rehearsal.duration_ms),
            steps: rehearsal.steps.iter().map(JsonRehearsedStep::of).collect(),
        }
    }
}

impl<'a> JsonRehearsedStep<'a> {
    pub(super) fn of(step: &'a RehearsedStep) -> JsonRehearsedStep<'a> {
        JsonRehearsedStep {
            migration: &step.stem,
            outcome: step.outcome.as_str(),
            reason: Some(step.reason.as_str()).filter(|reason| !reason.is_empty()),
            duration_ms: milliseconds(step.duration_ms),
            statements: step.statements.iter().map(JsonRehearsedStatement::of).collect(),
        }
    }
}

impl<'a> JsonRehearsedStatement<'a> {
    pub(super) fn of(statement: &'a RehearsedStatement) -> JsonRehearsedStatement<'a> {
        JsonRehearsedStatement {
            tag: &statement.tag,
            source: JsonSource::of(&statement.source),
            duration_ms: milliseconds(statement.duration_ms),
            rows: statement.rows,
            locks: statement
                .locks
                .iter()
                .map(|lock| JsonTakenLock {
                    table: &lock.table,
                    mode: &lock.mode,
                    blocks: lock.blocks(),
                    from_ms: milliseconds(lock.from_ms),
                    held_ms: milliseconds(lock.held_ms),
                })
                .collect(),
        }
    }
}
