//! What a rehearsal measured: the locks that keep others waiting, then statement by statement.

use super::page::{Page, bold, dim, plain};
use crate::check::Status;
use crate::report::describe::duration;
use crate::report::rehearsal::{Rehearsal, RehearsedStatement, RehearsedStep, StepOutcome, TakenLock};
use crate::report::summary::quantity;

/// Width of the tags' column.
const TAG: usize = 18;

/// The section.
pub fn section(page: &mut Page, rehearsal: &Rehearsal) {
    if rehearsal.steps.is_empty() {
        return;
    }
    locks(page, rehearsal);
    page.heading("REHEARSED AND ROLLED BACK");
    for step in &rehearsal.steps {
        one(page, step);
    }
}

/// Who would wait for which statement, the longest first.
fn locks(page: &mut Page, rehearsal: &Rehearsal) {
    let blocking = rehearsal.blocking();
    page.heading("LOCKS THAT KEEP OTHERS WAITING");
    if blocking.is_empty() {
        page.put(
            2,
            2,
            &[plain(
                "what ran locks no table against reads or writes that was there before",
            )],
        );
        return;
    }
    for (statement, lock) in blocking {
        page.put(
            2,
            4,
            &[
                page.mark(Status::Warn),
                bold(format!(" {}", lock.table)),
                plain(format!(": {} for {}, ", lock.blocks(), duration(lock.held_ms))),
                dim(format!("{} of {}", lock.mode, place(statement))),
            ],
        );
    }
}

fn place(statement: &RehearsedStatement) -> String {
    format!(
        "{} in {}:{}",
        statement.tag, statement.source.file, statement.source.line
    )
}

fn one(page: &mut Page, step: &RehearsedStep) {
    let status = match step.outcome {
        StepOutcome::Works => Status::Pass,
        StepOutcome::Failed => Status::Fail,
        StepOutcome::NotRehearsable | StepOutcome::NotReached => Status::Skip,
    };
    let detail = match step.outcome {
        StepOutcome::Works => format!(
            ": {} in {}",
            quantity(step.statements.len(), "statement"),
            duration(step.duration_ms)
        ),
        StepOutcome::Failed => format!(": failed behind {}", quantity(step.statements.len(), "statement")),
        StepOutcome::NotRehearsable => format!(": not rehearsable, {}", step.reason),
        StepOutcome::NotReached => ": not reached".to_string(),
    };
    page.put(
        2,
        4,
        &[page.mark(status), bold(format!(" {}", step.stem)), plain(detail)],
    );
    let digits = step
        .statements
        .iter()
        .map(|statement| statement.source.line.to_string().len())
        .max()
        .unwrap_or(1)
        .max(3);
    for statement in &step.statements {
        line(page, statement, digits);
    }
}

/// `123  INSERT             1.2 ms, 3 rows`, its locks below.
fn line(page: &mut Page, statement: &RehearsedStatement, digits: usize) {
    let mut spans = vec![
        dim(statement.source.line.to_string()).right(digits),
        plain("  ").solid(),
        plain(&statement.tag).padded(TAG),
        plain(format!(" {}", duration(statement.duration_ms))),
    ];
    if let Some(rows) = statement.rows {
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        spans.push(dim(format!(", {}", quantity(rows, "row"))));
    }
    page.put(4, 4 + digits + 2, &spans);
    for taken in &statement.locks {
        page.put(4 + digits + 2, 4 + digits + 4, &[dim(lock(taken))]);
    }
}

/// `ACCESS EXCLUSIVE on public.t from 0.3 ms on, for 12.0 ms: blocks reads and writes`.
fn lock(lock: &TakenLock) -> String {
    format!(
        "{} on {} from {} on, for {}: blocks {}",
        lock.mode,
        lock.table,
        duration(lock.from_ms),
        duration(lock.held_ms),
        lock.blocks()
    )
}
