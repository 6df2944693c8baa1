//! When a migration ran, and what it waited for.

use serde::Serialize;

use super::{JsonSource, milliseconds};
use crate::report::timeline::{LockWait, TimedStatement, Timing};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Timing"))]
pub(super) struct JsonTiming<'a> {
    /// Since the run began.
    start_ms: f64,
    /// From its first attempt on, waits included.
    duration_ms: f64,
    /// Rows that its statements read or changed, as they report them; null where none reported.
    rows: Option<u64>,
    waits: Vec<JsonWait<'a>>,
    /// Each with its own times; those of a script in one transaction by the server's clock.
    statements: Vec<JsonTimedStatement<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "LockWait"))]
struct JsonWait<'a> {
    start_ms: f64,
    /// From the attempt that met the lock to the next, or to the end.
    waited_ms: f64,
    source: Option<JsonSource<'a>>,
    /// Who held it, one sentence each.
    held_by: &'a [String],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TimedStatement"))]
struct JsonTimedStatement<'a> {
    tag: &'a str,
    source: JsonSource<'a>,
    start_ms: f64,
    duration_ms: f64,
    rows: Option<u64>,
    /// It ended the migration; what ran before it was rolled back.
    failed: bool,
}

impl<'a> JsonTiming<'a> {
    pub(super) fn of(timing: &'a Timing) -> JsonTiming<'a> {
        let wait = |wait: &'a LockWait| JsonWait {
            start_ms: milliseconds(wait.start_ms),
            waited_ms: milliseconds(wait.waited_ms),
            source: wait.source.as_ref().map(JsonSource::of),
            held_by: &wait.held_by,
        };
        let statement = |line: &'a TimedStatement| JsonTimedStatement {
            tag: &line.tag,
            source: JsonSource::of(&line.source),
            start_ms: milliseconds(line.start_ms),
            duration_ms: milliseconds(line.duration_ms),
            rows: line.rows,
            failed: line.has_failed,
        };
        JsonTiming {
            start_ms: milliseconds(timing.start_ms),
            duration_ms: milliseconds(timing.duration_ms),
            rows: timing.rows,
            waits: timing.waits.iter().map(wait).collect(),
            statements: timing.statements.iter().map(statement).collect(),
        }
    }
}
