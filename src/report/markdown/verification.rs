//! The verification executive summary: what `verify` or `preflight` found.

use super::execution;
use super::page::{Page, bold, code, codes, text};
use super::parts;
use crate::check::{Status, Verdict};
use crate::diagnostic::Severity;
use crate::report::model::{Conclusion, MigrationReport, MigrationState, Report, Totals};
use crate::report::summary::{self, Blocker, Component, Group, Tone, quantity};
use crate::source::Location;

/// How many names of one component are listed before the rest is only counted.
const NAMES: usize = 40;

/// Renders the document.
pub fn render(page: &mut Page, report: &Report) {
    let kind = match report.command {
        "preflight" => "Preflight summary",
        _ => "Verification summary",
    };
    let judged: Vec<String> = judged(report).map(MigrationReport::stem).collect();
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
    required_actions(page, report);
    tasks(page, report);
    parts::not_verified(page, report);
    parts::messages(page, report, "Warnings", &[Severity::Warning, Severity::Note]);
    gate(page, report);
    parts::sign_off(page, report);
}

/// The migrations that the report is about: those whose suites were judged; without any, all that were not skipped.
fn judged(report: &Report) -> impl Iterator<Item = &MigrationReport> {
    let is_judged = |migration: &MigrationReport| {
        let mut checks = report
            .checks
            .iter()
            .filter(|check| check.suite == migration.version);
        checks.any(|check| check.status != Status::Skip)
    };
    let any = report.migrations.iter().any(is_judged);
    report.migrations.iter().filter(move |migration| match any {
        true => is_judged(migration),
        false => migration.state != MigrationState::Skipped,
    })
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
                status_word(&group.totals),
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

/// `✗ FAIL`.
fn status_word(totals: &Totals) -> String {
    totals.worst().map_or(String::new(), |status| {
        format!("{} {}", parts::mark(status), status.as_str().to_uppercase())
    })
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
        words.push(format!("{count} blocked by {}", codes(&causes)));
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
    page.heading(3, &format!("{number}. {} is missing", code(blocker.object)));
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
            bold("Needed at:"),
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
    let maker = execution::maker(report, name);
    if !maker.is_empty() {
        let state = report
            .migrations
            .iter()
            .find(|migration| maker.contains(&migration.stem()))
            .map_or(String::new(), |migration| match migration.state {
                MigrationState::Applied => ", which is applied: it was removed since".to_string(),
                MigrationState::Pending | MigrationState::Skipped => ", which is not applied".to_string(),
                MigrationState::Failed | MigrationState::RolledBack => String::new(),
            });
        items.push(format!("{} made by {maker}{state}", bold("Comes from:")));
    }
    if let Some(remedy) = blocker.remedy {
        items.push(format!("{} {}", bold("Remedy:"), text(remedy)));
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

/// What to do, in order: the remedies of root causes, those of failures, and the way to be sure.
fn required_actions(page: &mut Page, report: &Report) {
    if summary::outcome(report).tone != Tone::Bad {
        return;
    }
    let mut steps: Vec<String> = Vec::new();
    for blocker in summary::blockers(report) {
        let step = match blocker.remedy {
            Some(remedy) => format!("{} ({} waits)", text(remedy), quantity(blocker.blocks, "check")),
            None => format!("provide {}", code(blocker.object)),
        };
        if !steps.contains(&step) {
            steps.push(step);
        }
    }
    let failed: Vec<&Verdict> = summary::with_status(report, Status::Fail).collect();
    if !failed.is_empty() {
        let remedies = failed.iter().filter(|check| check.remedy.is_some()).count();
        steps.push(match remedies {
            0 => format!(
                "decide for each of {} whether database or check file is wrong",
                quantity(failed.len(), "failed check")
            ),
            some => format!(
                "correct {}; for {some} of them a statement stands above",
                quantity(failed.len(), "failed check")
            ),
        });
    }
    steps.push(format!(
        "look again: {}",
        code(&parts::pgplumb(report, report.command))
    ));
    page.heading(2, "Required actions");
    page.steps(&steps);
}

/// Every component as a task: what it wanted, what was found, and the checks one by one.
fn tasks(page: &mut Page, report: &Report) {
    let groups = summary::by_component(&report.checks);
    if groups.is_empty() {
        return;
    }
    page.heading(2, "Validation tasks");
    for (index, group) in groups.iter().enumerate() {
        page.heading(
            3,
            &format!(
                "Task {}: {} {}",
                index + 1,
                group.component.title(),
                status_word(&group.totals)
            ),
        );
        if group.component == Component::Counts {
            let rows: Vec<[String; 3]> = group
                .checks
                .iter()
                .map(|check| {
                    let (want, have) = match check.measure {
                        Some(measure) => (
                            format!("{}{}", measure.want, if measure.at_least { "+" } else { "" }),
                            measure.have.to_string(),
                        ),
                        None => (
                            check.expected.as_deref().map_or(String::new(), text),
                            check.actual.as_deref().map_or(String::new(), text),
                        ),
                    };
                    [
                        format!("{} {}", parts::mark(check.status), text(&check.object)),
                        want,
                        have,
                    ]
                })
                .collect();
            page.table(["Figure", "Expected", "Actual"], &rows);
            continue;
        }
        page.paragraph(&format!(
            "{} of the check files: {}.",
            quantity(group.checks.len(), "check"),
            summary::parts_of(&group.totals)
        ));
        let mut by_status: Vec<(Status, Vec<&Verdict>)> = Vec::new();
        for status in [
            Status::Fail,
            Status::Blocked,
            Status::Warn,
            Status::Skip,
            Status::Pass,
        ] {
            let checks: Vec<&Verdict> = group
                .checks
                .iter()
                .copied()
                .filter(|check| check.status == status)
                .collect();
            if !checks.is_empty() {
                by_status.push((status, checks));
            }
        }
        let rows: Vec<[String; 3]> = by_status
            .iter()
            .map(|(status, checks)| {
                let names = summary::names(checks);
                let shown = match names.len() {
                    few if few <= NAMES => codes(&names),
                    many => format!("{} and {} more", codes(&names[..NAMES]), many - NAMES),
                };
                [
                    format!("{} {}", parts::mark(*status), status.as_str()),
                    checks.len().to_string(),
                    shown,
                ]
            })
            .collect();
        page.table(["Status", "Checks", "Objects"], &rows);
    }
}

/// What has to be so before anything is built on this database.
fn gate(page: &mut Page, report: &Report) {
    let totals = report.totals();
    let good = matches!(report.conclusion, Some(Conclusion::Approved | Conclusion::Ready));
    page.heading(2, "Gate");
    page.paragraph(&match (good, report.command) {
        (true, "preflight") => format!("{} nothing stands in the way of apply.", bold("Open:")),
        (true, _) => format!("{} the database is what the judged suites say.", bold("Open:")),
        (false, "preflight") => format!("{} do not apply.", bold("Closed:")),
        (false, _) => format!("{} do not build on this database.", bold("Closed:")),
    });
    let mut items: Vec<(bool, String)> = Vec::new();
    for blocker in summary::blockers(report) {
        items.push((false, format!("{} is there", code(blocker.object))));
    }
    if totals.all() > 0 {
        items.push((
            totals.fail == 0,
            format!("No check fails ({} of {} do)", totals.fail, totals.all()),
        ));
        items.push((
            totals.blocked == 0,
            format!("No check is blocked ({} of {} are)", totals.blocked, totals.all()),
        ));
        items.push((
            totals.skip == 0,
            format!(
                "Every check was run ({} of {} were skipped)",
                totals.skip,
                totals.all()
            ),
        ));
    }
    let pending: Vec<String> = report
        .migrations
        .iter()
        .filter(|migration| matches!(migration.state, MigrationState::Pending | MigrationState::Skipped))
        .map(MigrationReport::stem)
        .collect();
    if report.command == "verify" && !report.migrations.is_empty() {
        items.push((
            pending.is_empty(),
            match pending.is_empty() {
                true => "Every migration of the project is applied".to_string(),
                false => format!(
                    "Every migration of the project is applied (not: {})",
                    codes(&pending)
                ),
            },
        ));
    }
    page.checklist(&items);
}
