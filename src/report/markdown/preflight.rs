//! The executive summary of a preflight: status, components, critical issues, what to do in order, the eight tasks, the
//! gate.

use super::page::{Page, bold, code, codes, quoted, text};
use super::parts;
use super::section::write;
use crate::check::Status;
use crate::diagnostic::Severity;
use crate::report::model::{MigrationReport, Report};
use crate::report::preflight::{Issue, Preflight};
use crate::report::section;
use crate::report::summary::quantity;

/// Renders the document.
pub fn render(page: &mut Page, report: &Report, preflight: &Preflight) {
    let stems: Vec<String> = report.migrations.iter().map(MigrationReport::stem).collect();
    let title = match stems.as_slice() {
        [] => "Preflight summary".to_string(),
        [one] => format!("Preflight summary: {}", text(one)),
        several => format!("Preflight summary: {}", quantity(several.len(), "migration")),
    };
    parts::title(page, report, &title);
    let mut rows = parts::place(report);
    if !report.started_at.is_empty() {
        rows.insert(0, ("Looked at", text(&report.started_at)));
    }
    rows.push(("Migrations", codes(&stems)));
    page.fields(&rows);
    parts::messages(page, report, "Errors", &[Severity::Error]);
    components(page, report, preflight);
    issues(page, preflight);
    present(page, preflight);
    actions(page, preflight);
    tasks(page, preflight);
    parts::messages(page, report, "Warnings", &[Severity::Warning, Severity::Note]);
    gate(page, preflight);
    write(page, Some(section::sign_off(report)));
}

fn word(status: Status) -> String {
    let word = match status {
        Status::Pass => "PASS",
        Status::Fail => "FAIL",
        Status::Blocked => "BLOCKED",
        Status::Warn => "WARNING",
        Status::Skip => "N/A",
    };
    format!("{} {word}", parts::mark(status))
}

fn components(page: &mut Page, report: &Report, preflight: &Preflight) {
    page.heading(2, "Quick status");
    let mut rows: Vec<[String; 3]> = preflight
        .components
        .iter()
        .map(|line| [text(line.name), word(line.status), text(&line.details)])
        .collect();
    let overall = match preflight.issues.len() {
        0 => "nothing stands in the way".to_string(),
        count => quantity(count, "root cause"),
    };
    let verdict = parts::verdict(&crate::report::summary::outcome(report));
    rows.push([bold("Overall"), bold(&verdict), overall]);
    page.table(["Component", "Status", "Details"], &rows);
    if preflight.opaque > 0 {
        page.paragraph(&format!(
            "{} of {} could not be seen through: DO blocks and calls of functions may do more than they say.",
            preflight.opaque,
            quantity(preflight.statements, "statement")
        ));
    }
}

fn issues(page: &mut Page, preflight: &Preflight) {
    if preflight.issues.is_empty() {
        return;
    }
    page.heading(
        2,
        &format!(
            "Critical issues: {}",
            quantity(preflight.issues.len(), "root cause")
        ),
    );
    for (index, issue) in preflight.issues.iter().enumerate() {
        one(page, index + 1, issue);
    }
}

fn one(page: &mut Page, number: usize, issue: &Issue) {
    page.heading(3, &format!("{number}. {}", text(&issue.title)));
    let mut items = vec![format!("{} {}", bold("Impact:"), text(&issue.impact))];
    if !issue.needed_by.is_empty() {
        items.push(format!("{} {}", bold("Needed by:"), text(&issue.needed_by)));
    }
    if !issue.lines.is_empty() {
        items.push(format!(
            "{} {}",
            bold("Error lines:"),
            parts::places(&issue.lines)
        ));
    }
    if issue.why != issue.title {
        items.push(format!("{} {}", bold("Why:"), text(&issue.why)));
    }
    if let Some(help) = &issue.error.help {
        items.push(format!("{} {}", bold("Remedy:"), quoted(help)));
    }
    page.list(&items);
    if let Some(snippet) = &issue.snippet {
        page.fence("sql", snippet.trim());
    }
}

fn actions(page: &mut Page, preflight: &Preflight) {
    if preflight.actions.is_empty() {
        return;
    }
    page.heading(2, "Required actions");
    let steps: Vec<String> = preflight.actions.iter().map(|action| with_code(action)).collect();
    page.steps(&steps);
}

/// Prose in which backquotes already mark a command.
fn with_code(words: &str) -> String {
    let mut out = String::new();
    for (index, part) in words.split('`').enumerate() {
        match index % 2 {
            0 => out.push_str(&text(part)),
            _ => out.push_str(&code(part)),
        }
    }
    out
}

fn tasks(page: &mut Page, preflight: &Preflight) {
    page.heading(2, "Validation tasks");
    for task in &preflight.tasks {
        page.heading(
            3,
            &format!("Task {}: {} {}", task.number, text(task.name), word(task.status)),
        );
        if task.status == Status::Skip {
            page.paragraph(&text(&task.finding));
            continue;
        }
        page.list(&[
            format!("{} {}", bold("Requirement:"), text(&task.requirement)),
            format!("{} {}", bold("Finding:"), text(&task.finding)),
        ]);
        let parts: Vec<[String; 3]> = task
            .parts
            .iter()
            .map(|part| [word(part.status), text(&part.what), text(&part.finding)])
            .collect();
        if !parts.is_empty() {
            page.table(["Status", "Asked for", "Finding"], &parts);
        }
    }
}

/// What is there instead of what is missing.
fn present(page: &mut Page, preflight: &Preflight) {
    if preflight.present.is_empty() {
        return;
    }
    page.heading(2, "What the database has");
    let schemas: Vec<String> = preflight
        .present
        .iter()
        .map(|present| text(&present.sentence()))
        .collect();
    page.list(&schemas);
}

fn gate(page: &mut Page, preflight: &Preflight) {
    page.heading(2, "Gate");
    if preflight.gate.is_empty() {
        page.paragraph(&format!("{} nothing stands in the way of apply.", bold("Open:")));
        return;
    }
    page.paragraph(&format!("{} do not deploy until", bold("Closed:")));
    let items: Vec<(bool, String)> = preflight.gate.iter().map(|line| (false, text(line))).collect();
    page.checklist(&items);
}
