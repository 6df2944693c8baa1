//! Diagnostics: rendered where they are defined, coloured and wrapped here.

use super::page::{Page, Style, bold, dim, plain, styled};
use crate::diagnostic::{self, Diagnostic, Severity};
use crate::report::model::Report;
use crate::report::summary;

/// The errors.
pub fn errors(page: &mut Page, report: &Report) {
    section(page, report, Severity::Error, "ERRORS");
}

/// Warnings and notes.
pub fn others(page: &mut Page, report: &Report) {
    section(page, report, Severity::Warning, "WARNINGS");
    section(page, report, Severity::Note, "NOTES");
}

fn section(page: &mut Page, report: &Report, severity: Severity, title: &str) {
    for (index, diagnostic) in summary::diagnostics(report, severity).enumerate() {
        if index == 0 {
            page.heading(title);
        } else {
            page.blank();
        }
        one(page, diagnostic);
    }
}

/// Prose is wrapped; the excerpt of the source, whose caret has to stand where it stands, is not.
pub fn one(page: &mut Page, diagnostic: &Diagnostic) {
    let style = severity_style(diagnostic.severity);
    let text = diagnostic::render_within(diagnostic, page.width());
    for (index, line) in text.lines().enumerate() {
        let start = line.trim_start();
        if index == 0 {
            match line.split_once(": ") {
                Some((severity, message)) => page.put(
                    0,
                    2,
                    &[styled(style, format!("{severity}:")), bold(format!(" {message}"))],
                ),
                None => page.put(0, 2, &[bold(line)]),
            }
        } else if start.starts_with("-->") {
            page.raw(Style::Dim, line);
        } else if let Some((gutter, source)) = excerpt(line) {
            let style = if source.trim_start().starts_with('^') {
                style
            } else {
                Style::Plain
            };
            page.excerpt(gutter, style, source);
        } else {
            fact(page, line);
        }
    }
}

/// `label: text`, with what follows below the text.
fn fact(page: &mut Page, line: &str) {
    let indent = line.len() - line.trim_start().len();
    match line.trim_start().split_once(": ") {
        Some((label, text)) if indent == 2 && (!label.contains(' ') || label == "needed by") => {
            let label = format!("{label}: ");
            page.put(indent, indent + label.chars().count(), &[dim(label), plain(text)]);
        }
        _ => page.put(indent, indent, &[plain(line.trim_start())]),
    }
}

/// The parts of a line of an excerpt: ` 12 |` and what stands behind it.
fn excerpt(line: &str) -> Option<(&str, &str)> {
    let bar = line.find(" |")?;
    let gutter = line[..bar].trim();
    gutter
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| line.split_at(bar + 2))
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => Style::Bad,
        Severity::Warning => Style::Warn,
        Severity::Note => Style::Bold,
    }
}
