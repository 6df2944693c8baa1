//! Errors, warnings and notes, with the excerpt of the source.

use super::{section, with_code};
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::summary;

/// The errors.
pub fn errors(out: &mut String, report: &Report) {
    let body = cards(report, Severity::Error);
    section(out, "errors", "Errors", &body);
}

/// Warnings and notes.
pub fn others(out: &mut String, report: &Report) {
    let body = cards(report, Severity::Warning) + &cards(report, Severity::Note);
    section(out, "messages", "Messages", &body);
}

fn cards(report: &Report, severity: Severity) -> String {
    // a finding of the audit has a section of its own
    let is_told = |diagnostic: &&Diagnostic| {
        let id = diagnostic.facts.iter().find(|(label, _)| *label == "id");
        id.is_some_and(|(_, id)| report.findings.iter().any(|finding| finding.id == id))
    };
    summary::diagnostics(report, severity)
        .filter(|diagnostic| !is_told(diagnostic))
        .map(card)
        .collect()
}

/// The message as a heading, and what the terminal shows below it.
fn card(diagnostic: &Diagnostic) -> String {
    let class = match diagnostic.severity {
        Severity::Error => "fail",
        Severity::Warning => "warn",
        Severity::Note => "skip",
    };
    let mut out = format!(
        "<article class=\"card {class}\">\n<h3>{}</h3>\n",
        escape(&diagnostic.message)
    );
    let whole = diagnostic::render(diagnostic);
    let excerpt = whole.lines().skip(1).filter(|line| !line.starts_with("  help: "));
    let excerpt: Vec<&str> = excerpt.collect();
    if !excerpt.is_empty() {
        out.push_str(&format!(
            "<pre{} tabindex=\"0\">{}</pre>\n",
            // facts are prose, an excerpt is laid out
            if diagnostic.place.is_some() {
                ""
            } else {
                " class=\"facts\""
            },
            escape(&excerpt.join("\n"))
        ));
    }
    if let Some(help) = &diagnostic.help {
        out.push_str(&format!(
            "<p class=\"remedy\"><span>Help</span> {}</p>\n",
            with_code(help)
        ));
    }
    out.push_str("</article>\n");
    out
}
