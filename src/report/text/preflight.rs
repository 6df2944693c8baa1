//! The summary of a preflight: components, issues, actions, tasks, gate.

use super::page::{Page, bold, dim, plain};
use crate::check::Status;
use crate::report::preflight::Preflight;
use crate::report::summary::quantity;

/// Width of the column of names.
const NAMES: usize = 22;

pub fn section(page: &mut Page, preflight: &Preflight) {
    page.heading("COMPONENTS");
    for line in &preflight.components {
        let word = word(line.status);
        page.put(
            2,
            4 + NAMES + 9,
            &[
                page.mark(line.status),
                plain(format!(" {:NAMES$}", line.name)).solid(),
                bold(format!("{word:8}")).solid(),
                plain(format!(" {}", line.details)),
            ],
        );
    }
    for (index, issue) in preflight.issues.iter().enumerate() {
        if index == 0 {
            page.heading("CRITICAL ISSUES");
        } else {
            page.blank();
        }
        page.put(2, 5, &[bold(format!("{}. {}", index + 1, issue.title))]);
        page.field(5, 8, "impact", &[plain(&issue.impact)]);
        page.field(5, 8, "why", &[plain(&issue.why)]);
        let places: Vec<String> = issue
            .lines
            .iter()
            .map(|line| format!("{}:{}:{}", line.file, line.line, line.column))
            .collect();
        for place in &places {
            page.field(5, 8, "line", &[plain(place)]);
        }
        if let Some(snippet) = &issue.snippet {
            page.put(5, 7, &[dim(crate::diagnostic::screen::clean(snippet.trim()))]);
        }
    }
    if !preflight.actions.is_empty() {
        page.heading("REQUIRED ACTIONS");
        for (index, action) in preflight.actions.iter().enumerate() {
            page.put(2, 5, &[plain(format!("{}. {action}", index + 1))]);
        }
    }
    page.heading("VALIDATION TASKS");
    for task in &preflight.tasks {
        page.put(
            2,
            7,
            &[
                page.mark(task.status),
                bold(format!(" {}. {}: {}", task.number, task.name, word(task.status))),
            ],
        );
        page.field(7, 13, "requirement", &[plain(&task.requirement)]);
        page.field(7, 13, "finding", &[plain(&task.finding)]);
    }
    if !preflight.gate.is_empty() {
        page.heading("GATE: DO NOT DEPLOY UNTIL");
        for line in &preflight.gate {
            page.put(2, 6, &[plain(format!("[ ] {line}"))]);
        }
    }
    if preflight.opaque > 0 {
        page.blank();
        page.put(
            2,
            2,
            &[dim(format!(
                "{} of {} could not be seen through: DO blocks and calls of functions may do more than they say",
                preflight.opaque,
                quantity(preflight.statements, "statement")
            ))],
        );
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "READY",
        Status::Fail => "FAIL",
        Status::Blocked => "BLOCKED",
        Status::Warn => "WARNING",
        Status::Skip => "N/A",
    }
}
