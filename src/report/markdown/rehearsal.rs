//! The rehearsal: which statement would keep whom waiting, and how long each took.

use super::page::{Page, code, text};
use super::parts;
use super::section::write;
use crate::diagnostic::Severity;
use crate::report::describe::duration;
use crate::report::model::Report;
use crate::report::rehearsal::{Rehearsal, RehearsedStatement, StepOutcome};
use crate::report::section;

/// Renders the document.
pub fn render(page: &mut Page, report: &Report, rehearsal: &Rehearsal) {
    let subject = parts::subject(report);
    let kind = match report.command {
        "rollback" => "Rehearsal of a rollback",
        _ => "Rehearsal",
    };
    parts::title(page, report, &format!("{kind}: {subject}"));
    if rehearsal.steps.is_empty() {
        page.paragraph("There was nothing to rehearse: nothing ran.");
        parts::execution_details(page, report);
        parts::messages(page, report, "Warnings", &[Severity::Warning]);
        return write(page, Some(section::sign_off(report)));
    }
    page.paragraph(
        "All of it ran in one transaction, which was rolled back. A lock is told where it was taken first; it is held \
         until COMMIT of its migration, and for that long it counts here.",
    );
    parts::messages(page, report, "Errors", &[Severity::Error]);
    parts::execution_details(page, report);
    steps(page, rehearsal);
    blocking(page, rehearsal);
    for step in rehearsal.steps.iter().filter(|step| !step.statements.is_empty()) {
        page.heading(2, &format!("Statements of {}", text(&step.stem)));
        let rows: Vec<[String; 5]> = step.statements.iter().map(statement).collect();
        page.table(["Line", "Statement", "Duration", "Rows", "Locks"], &rows);
    }
    parts::checklist(page, report);
    super::verification::problems(page, report);
    parts::messages(page, report, "Warnings", &[Severity::Warning]);
    write(page, Some(section::sign_off(report)));
}

fn steps(page: &mut Page, rehearsal: &Rehearsal) {
    page.heading(2, "Migrations");
    let rows: Vec<[String; 4]> = rehearsal
        .steps
        .iter()
        .map(|step| {
            let mark = match step.outcome {
                StepOutcome::Works => "✓ ",
                StepOutcome::Failed => "✗ ",
                StepOutcome::NotRehearsable | StepOutcome::NotReached => "– ",
            };
            let took = match step.outcome {
                StepOutcome::Works | StepOutcome::Failed => duration(step.duration_ms),
                StepOutcome::NotRehearsable | StepOutcome::NotReached => String::new(),
            };
            [
                code(&step.stem),
                format!("{mark}{}", step.outcome.words()),
                took,
                text(&step.reason),
            ]
        })
        .collect();
    page.table(["Migration", "Outcome", "Duration", "Why"], &rows);
}

fn blocking(page: &mut Page, rehearsal: &Rehearsal) {
    page.heading(2, "Locks that keep others waiting");
    let rows: Vec<[String; 5]> = rehearsal
        .blocking()
        .into_iter()
        .map(|(statement, lock)| {
            [
                code(&lock.table),
                text(lock.blocks()),
                duration(lock.held_ms),
                text(&lock.mode),
                format!(
                    "{} in {}",
                    text(&statement.tag),
                    parts::places(std::slice::from_ref(&statement.source))
                ),
            ]
        })
        .collect();
    if rows.is_empty() {
        page.paragraph("What ran locks no table against reads or writes that was there before.");
    }
    page.table(["Table", "Blocks", "For", "Lock", "Taken by"], &rows);
}

fn statement(statement: &RehearsedStatement) -> [String; 5] {
    let locks: Vec<String> = statement
        .locks
        .iter()
        .map(|lock| {
            format!(
                "{} on {} from {} on",
                text(&lock.mode),
                code(&lock.table),
                duration(lock.from_ms)
            )
        })
        .collect();
    [
        statement.source.line.to_string(),
        text(&statement.tag),
        duration(statement.duration_ms),
        statement.rows.map_or(String::new(), |rows| rows.to_string()),
        locks.join(", "),
    ]
}
