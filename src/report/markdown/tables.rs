//! Reports that are a table and little else: `status`, `history`, and commands that only say what they did.

use super::page::{Page, code, text};
use super::parts;
use crate::diagnostic::Severity;
use crate::report::describe::duration;
use crate::report::model::Report;
use crate::report::summary;

/// Renders the document.
pub fn render(page: &mut Page, report: &Report) {
    parts::title(page, report, &summary::capital(report.command));
    parts::messages(page, report, "Errors", &[Severity::Error]);
    page.fields(&parts::place(report));
    let ledger: Vec<[String; 6]> = report
        .ledger
        .iter()
        .map(|line| {
            [
                text(&line.version),
                text(&line.name),
                line.state.replace('_', " "),
                line.applied_on.as_deref().map_or(String::new(), text),
                text(&line.rollback),
                line.checks.map_or(String::new(), |checks| checks.to_string()),
            ]
        })
        .collect();
    page.table(
        ["Version", "Name", "State", "Applied", "Rollback", "Checks"],
        &ledger,
    );
    let journal: Vec<[String; 8]> = report
        .journal
        .iter()
        .map(|line| {
            [
                text(&line.at),
                text(&line.action),
                format!("{} {}", text(&line.version), text(&line.name)),
                text(&line.outcome),
                line.verdict.as_deref().map_or(String::new(), text),
                line.duration_ms.map_or(String::new(), duration),
                format!("{} from {}", text(&line.by), text(&line.from)),
                line.message.as_deref().map_or(String::new(), text),
            ]
        })
        .collect();
    page.table(
        [
            "At",
            "Action",
            "Migration",
            "Outcome",
            "Verdict",
            "Duration",
            "By",
            "Message",
        ],
        &journal,
    );
    super::verification::problems(page, report);
    if !report.files.is_empty() {
        page.heading(2, "Files written");
        page.list(&report.files.iter().map(|file| code(file)).collect::<Vec<_>>());
    }
    parts::messages(page, report, "Warnings", &[Severity::Warning, Severity::Note]);
}
