//! The verification executive summary: what `verify` or `preflight` found.

use super::page::{Page, bold, code, codes, quoted, text};
use super::parts;
use super::section::write;
use crate::check::{Status, Verdict};
use crate::diagnostic::Severity;
use crate::report::model::{MigrationReport, MigrationState, Report};
use crate::report::summary::{self, Blocker, Group, quantity};
use crate::report::{describe, section};
use crate::source::Location;

/// How many causes stand on the line of a component.
const CAUSES: usize = 2;

/// Renders the document.
pub fn render(page: &mut Page, report: &Report) {
    let kind = match report.command {
        "preflight" => "Preflight summary",
        _ => "Verification summary",
    };
    let judged: Vec<String> = section::judged(report).map(MigrationReport::stem).collect();
    let title = match judged.as_slice() {
        [] => kind.to_string(),
        [one] => format!("{kind}: {}", text(one)),
        several => format!("{kind}: {}", quantity(several.len(), "migration")),
    };
    parts::title(page, report, &title);
    let mut rows = parts::place(report);
    if !report.started_at.is_empty() {
        rows.insert(0, ("Looked at", text(&report.started_at)));
    }
    rows.push(("Migrations", codes(&judged)));
    page.fields(&rows);
    parts::messages(page, report, "Errors", &[Severity::Error]);
    quick_status(page, report);
    problems(page, report);
    write(page, section::required_actions(report));
    write(page, section::tasks(report));
    super::isolation::section(page, report);
    write(page, section::not_verified(report));
    parts::messages(page, report, "Warnings", &[Severity::Warning, Severity::Note]);
    write(page, Some(section::gate(report)));
    write(page, Some(section::sign_off(report)));
}

/// A line a component.
fn quick_status(page: &mut Page, report: &Report) {
    let groups = summary::by_component(&report.checks);
    if groups.is_empty() {
        return;
    }
    page.heading(2, "Quick status");
    let mut rows: Vec<[String; 4]> = groups
        .iter()
        .map(|group| {
            [
                group.component.title().to_string(),
                group.totals.worst().map_or(String::new(), describe::status_word),
                format!("{}/{}", group.totals.pass, group.totals.all()),
                first_words(group),
            ]
        })
        .collect();
    let totals = report.totals();
    rows.push([
        bold("Overall"),
        bold(&parts::verdict(&summary::outcome(report))),
        bold(&format!("{}/{}", totals.pass, totals.all())),
        summary::parts_of(&totals),
    ]);
    page.table(["Component", "Status", "Passed", "Details"], &rows);
}

/// What there is to say of a component on one line: why it did not pass.
fn first_words(group: &Group<'_>) -> String {
    let failed: Vec<&&Verdict> = group
        .checks
        .iter()
        .filter(|check| matches!(check.status, Status::Fail | Status::Warn))
        .collect();
    let mut causes: Vec<&str> = Vec::new();
    for check in group
        .checks
        .iter()
        .filter(|check| check.status == Status::Blocked)
    {
        let cause = check.blocked_by.as_deref().unwrap_or(&check.message);
        if !causes.contains(&cause) {
            causes.push(cause);
        }
    }
    let mut words: Vec<String> = Vec::new();
    match failed.as_slice() {
        [] => {}
        [one] => words.push(text(&summary::title(one))),
        [first, more @ ..] => words.push(format!(
            "{} and {} more",
            text(&summary::title(first)),
            more.len()
        )),
    }
    if !causes.is_empty() {
        let count = group.totals.blocked;
        let shown = codes(&causes[..causes.len().min(CAUSES)]);
        words.push(match causes.len().saturating_sub(CAUSES) {
            0 => format!("{count} blocked by {shown}"),
            more => format!("{count} blocked by {shown} and {more} more"),
        });
    }
    if words.is_empty() && group.totals.skip > 0 {
        words.push(format!("{} skipped", group.totals.skip));
    }
    words.join("; ")
}

/// The root causes, what each blocks and where it is needed; then what failed, in full.
pub fn problems(page: &mut Page, report: &Report) {
    let blockers = summary::blockers(report);
    if !blockers.is_empty() {
        page.heading(
            2,
            &format!("Critical issues: {}", quantity(blockers.len(), "root cause")),
        );
        for (index, blocker) in blockers.iter().enumerate() {
            issue(page, report, index + 1, blocker);
        }
    }
    for (status, heading) in [(Status::Fail, "Failed"), (Status::Warn, "Warned")] {
        let checks: Vec<&Verdict> = summary::with_status(report, status).collect();
        if checks.is_empty() {
            continue;
        }
        page.heading(2, &format!("{heading}: {}", quantity(checks.len(), "check")));
        for check in checks {
            parts::failure(page, 3, check);
        }
    }
}

fn issue(page: &mut Page, report: &Report, number: usize, blocker: &Blocker<'_>) {
    page.heading(
        3,
        &match (blocker.told, blocker.is_missing) {
            (Some(told), _) => format!("{number}. {}", text(told)),
            (None, true) => format!("{number}. {} is missing", code(blocker.object)),
            (None, false) => format!("{number}. {}", text(blocker.object)),
        },
    );
    let groups: Vec<String> = blocker
        .groups
        .iter()
        .map(|group| format!("{} {}", group.component.title(), group.checks.len()))
        .collect();
    let mut impact = format!("blocks {}", blocker.blocks);
    if !groups.is_empty() {
        impact = format!("{impact}: {}", groups.join(", "));
    }
    let mut items = vec![format!("{} {impact}", bold("Impact:"))];
    if !blocker.sources.is_empty() {
        items.push(format!(
            "{} {}",
            bold(&format!("{}:", summary::capital(blocker.place))),
            parts::places(blocker.sources)
        ));
    }
    if let Some(reason) = blocker.reason {
        items.push(format!("{} {}", bold("Why:"), text(reason)));
    }
    let name = blocker
        .object
        .split_once(' ')
        .map_or(blocker.object, |(_, name)| name);
    if let Some(maker) = section::maker(report, name) {
        let state = report
            .migrations
            .iter()
            .find(|migration| maker == migration.stem())
            .map_or(String::new(), |migration| match migration.state {
                MigrationState::Applied => ", which is applied: it was removed since".to_string(),
                MigrationState::Pending | MigrationState::Skipped => ", which is not applied".to_string(),
                MigrationState::Failed | MigrationState::RolledBack => String::new(),
            });
        items.push(format!("{} made by {}{state}", bold("Comes from:"), code(maker)));
    }
    if let Some(remedy) = blocker.remedy {
        items.push(format!("{} {}", bold("Remedy:"), quoted(remedy)));
    }
    page.list(&items);
    if let Some(statement) = blocker
        .sources
        .iter()
        .find_map(|source| statement_at(report, source))
    {
        page.paragraph("The statement that needs it:");
        page.fence("sql", statement);
    }
}

/// The statement of a plan that covers a place.
fn statement_at<'a>(report: &'a Report, source: &Location) -> Option<&'a str> {
    let line = report
        .migrations
        .iter()
        .flat_map(|migration| &migration.statements)
        .filter(|line| line.source.file == source.file && line.source.line <= source.line)
        .max_by_key(|line| line.source.line)?;
    Some(&line.text)
}
