//! What needs attention, one by one, for formats that have no layout of their own: errors, root causes, checks
//! that did not pass, warnings.

use super::exit::ExitCode;
use super::model::{MigrationReport, MigrationState, Report};
use super::summary::{self, Blocker};
use crate::check::{Status, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Location;

/// A labelled text; the text may have several lines.
pub type Detail = (String, String);

/// Where a finding comes from.
#[derive(Debug, Clone)]
pub enum Origin<'a> {
    Diagnostic(&'a Diagnostic),
    Cause(Blocker<'a>),
    Check(&'a Verdict),
    Migration(&'a MigrationReport),
    /// The run as a whole, when nothing else says why it did not go well.
    Run,
}

/// One thing that a person has to know.
#[derive(Debug, Clone)]
pub struct Finding<'a> {
    pub severity: Severity,
    pub origin: Origin<'a>,
    /// One sentence that names the object.
    pub title: String,
    pub details: Vec<Detail>,
    pub location: Option<Location>,
}

impl Finding<'_> {
    /// The title, and below it the details.
    pub fn text(&self) -> String {
        let details = text(&self.details);
        match details.is_empty() {
            true => self.title.clone(),
            false => format!("{}\n{details}", self.title),
        }
    }
}

/// All findings, what is worst first. A run that did not go well has at least one error.
pub fn findings(report: &Report) -> Vec<Finding<'_>> {
    let mut found: Vec<Finding<'_>> = summary::errors(report).map(diagnostic).collect();
    found.extend(summary::blockers(report).into_iter().map(cause));
    found.extend(summary::with_status(report, Status::Fail).map(check));
    found.extend(summary::with_status(report, Status::Blocked).map(check));
    if found.is_empty() {
        found.extend(report.migrations.iter().filter_map(failed_migration));
    }
    if found.is_empty() && report.exit != ExitCode::Done {
        found.push(run(report));
    }
    found.extend(summary::with_status(report, Status::Warn).map(check));
    for severity in [Severity::Warning, Severity::Note] {
        found.extend(summary::diagnostics(report, severity).map(diagnostic));
    }
    found
}

fn diagnostic(diagnostic: &Diagnostic) -> Finding<'_> {
    Finding {
        severity: diagnostic.severity,
        origin: Origin::Diagnostic(diagnostic),
        title: diagnostic.message.clone(),
        details: diagnostic_details(diagnostic),
        location: diagnostic.location(),
    }
}

fn cause(blocker: Blocker<'_>) -> Finding<'_> {
    let blocked = summary::quantity(blocker.blocks, "check");
    let mut details = Vec::new();
    details.extend(detail("why", blocker.reason));
    if !blocker.sources.is_empty() {
        let places: Vec<String> = blocker.sources.iter().map(line_of).collect();
        details.push((blocker.place.to_string(), places.join(", ")));
    }
    details.extend(detail("remedy", blocker.remedy));
    Finding {
        severity: Severity::Error,
        title: format!("{}, which blocks {blocked}", blocker.title()),
        details,
        location: blocker.sources.first().cloned(),
        origin: Origin::Cause(blocker),
    }
}

fn check(check: &Verdict) -> Finding<'_> {
    Finding {
        severity: match check.status {
            Status::Fail | Status::Blocked => Severity::Error,
            Status::Warn => Severity::Warning,
            Status::Pass | Status::Skip => Severity::Note,
        },
        origin: Origin::Check(check),
        title: summary::title(check),
        details: check_details(check),
        location: Some(check.source.clone()),
    }
}

fn failed_migration(migration: &MigrationReport) -> Option<Finding<'_>> {
    (migration.state == MigrationState::Failed).then(|| Finding {
        severity: Severity::Error,
        origin: Origin::Migration(migration),
        title: match &migration.error {
            Some(error) => format!("{}: {error}", migration.stem()),
            None => format!("{} failed", migration.stem()),
        },
        details: Vec::new(),
        location: migration.source.clone(),
    })
}

fn run(report: &Report) -> Finding<'_> {
    let outcome = summary::outcome(report);
    Finding {
        severity: Severity::Error,
        origin: Origin::Run,
        title: format!("{}: {}", outcome.word, outcome.sentence),
        details: Vec::new(),
        location: None,
    }
}

/// What there is to say of a check besides its title: both sides, what blocks it, what to do.
pub fn check_details(check: &Verdict) -> Vec<Detail> {
    let mut details = Vec::new();
    let looked = matches!(check.status, Status::Fail | Status::Warn);
    for difference in check.differences.iter().filter(|_| looked) {
        let label = |side: &str| match check.differences.as_slice() {
            [_] => side.to_string(),
            _ => format!("{side} {}", difference.part),
        };
        let none = || "not there".to_string();
        details.push((label("expected"), difference.want.clone().unwrap_or_else(none)));
        details.push((label("actual"), difference.have.clone().unwrap_or_else(none)));
        details.extend(detail("server", difference.refusal.as_deref()));
    }
    if looked && check.differences.is_empty() {
        details.extend(detail("expected", check.expected.as_deref()));
        details.extend(detail("actual", check.actual.as_deref()));
    }
    details.extend(detail("blocked by", check.blocked_by.as_deref()));
    details.extend(detail("remedy", check.remedy.as_deref()));
    details
}

/// The facts of a diagnostic, and its help.
pub fn diagnostic_details(diagnostic: &Diagnostic) -> Vec<Detail> {
    let facts = diagnostic.facts.iter();
    let mut details: Vec<Detail> = facts
        .map(|(label, text)| (label.to_string(), text.clone()))
        .collect();
    details.extend(detail("help", diagnostic.help.as_deref()));
    details
}

fn detail(label: &str, text: Option<&str>) -> Option<Detail> {
    text.map(|text| (label.to_string(), text.to_string()))
}

/// `label: text` a line; further lines of a text are indented below it.
pub fn text(details: &[Detail]) -> String {
    let lines: Vec<String> = details
        .iter()
        .map(|(label, text)| {
            let text = text.strip_suffix('\n').unwrap_or(text);
            match text.contains('\n') {
                true => format!("{label}:\n    {}", text.replace('\n', "\n    ")),
                false => format!("{label}: {text}"),
            }
        })
        .collect();
    lines.join("\n")
}

/// `checks/0024_sync.toml:31`.
pub fn line_of(location: &Location) -> String {
    format!("{}:{}", location.file, location.line)
}

#[cfg(test)]
mod tests {
    use super::findings;
    use crate::check::Status;
    use crate::diagnostic::Severity;
    use crate::report::{ExitCode, Report, fixture};

    #[test]
    fn what_did_not_go_well_has_an_error() {
        for (name, mut report) in fixture::all() {
            let has_error = |report: &Report| {
                findings(report)
                    .iter()
                    .any(|finding| finding.severity == Severity::Error)
            };
            assert_eq!(has_error(&report), report.exit != ExitCode::Done, "{name}");
            report.diagnostics.clear();
            report.root_causes.clear();
            report.checks.retain(|check| check.status == Status::Warn);
            report.exit = ExitCode::NotApproved;
            assert!(has_error(&report), "{name}");
        }
    }
}
