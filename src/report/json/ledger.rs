//! The state of the migrations, and the journal.

use serde::Serialize;

use super::milliseconds;
use crate::report::model::{JournalLine, LedgerLine};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "LedgerLine"))]
pub(super) struct JsonLedgerLine<'a> {
    version: &'a str,
    name: &'a str,
    repeatable: bool,
    state: &'static str,
    applied_on: Option<&'a str>,
    rollback: &'a str,
    checks: Option<usize>,
}

impl<'a> JsonLedgerLine<'a> {
    pub(super) fn of(line: &'a LedgerLine) -> JsonLedgerLine<'a> {
        JsonLedgerLine {
            version: &line.version,
            name: &line.name,
            repeatable: line.repeatable,
            state: line.state,
            applied_on: line.applied_on.as_deref(),
            rollback: &line.rollback,
            checks: line.checks,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "JournalLine"))]
pub(super) struct JsonJournalLine<'a> {
    id: i64,
    at: &'a str,
    action: &'a str,
    version: &'a str,
    name: &'a str,
    outcome: &'a str,
    verdict: Option<&'a str>,
    duration_ms: Option<f64>,
    by: &'a str,
    from: &'a str,
    sha256: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> JsonJournalLine<'a> {
    pub(super) fn of(line: &'a JournalLine) -> JsonJournalLine<'a> {
        JsonJournalLine {
            id: line.id,
            at: &line.at,
            action: &line.action,
            version: &line.version,
            name: &line.name,
            outcome: &line.outcome,
            verdict: line.verdict.as_deref(),
            duration_ms: line.duration_ms.map(milliseconds),
            by: &line.by,
            from: &line.from,
            sha256: line.sha256.as_deref(),
            message: line.message.as_deref(),
        }
    }
}
