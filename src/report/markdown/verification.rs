//! The verification executive summary: what `verify` or `preflight` found.

use super::execution;
use super::page::{Page, bold, code, codes, text};
use super::parts;
use crate::check::{Status, Verdict};
use crate::diagnostic::Severity;
use crate::report::model::{Conclusion, MigrationReport, MigrationState, Report};
use crate::report::summary::{self, Blocker, Component, Group, Tone, quantity};
use crate::report::tasks;
use crate::source::Location;

/// How many names of one component are listed before the rest is only counted.
const NAMES: usize = 40;

/// How many causes stand on the line of a component.
const CAUSES: usize = 2;

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
    super::isolation::section(page, report);
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
                group.totals.worst().map_or(String::new(), word),
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
fn word(status: Status) -> String {
    format!("{} {}", parts::mark(status), status.as_str().to_uppercase())
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
        &match blocker.is_missing {
            true => format!("{number}. {} is missing", code(blocker.object)),
            false => format!("{number}. {}", text(blocker.object)),
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
    // one remedy may serve many causes
    let mut remedies: Vec<(String, usize)> = Vec::new();
    for blocker in summary::blockers(report) {
        let remedy = match blocker.remedy {
            Some(remedy) => text(remedy),
            None if blocker.is_missing => format!("provide {}", code(blocker.object)),
            None => format!("solve: {}", text(blocker.object)),
        };
        match remedies.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, waiting)) => *waiting += blocker.blocks,
            None => remedies.push((remedy, blocker.blocks)),
        }
    }
    let mut steps: Vec<String> = remedies
        .into_iter()
        .map(|(remedy, waiting)| format!("{remedy} (for {})", quantity(waiting, "blocked check")))
        .collect();
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

/// The eight tasks: what each wanted, what was found, and the checks one by one.
fn tasks(page: &mut Page, report: &Report) {
    if report.checks.is_empty() {
        return;
    }
    let judged: Vec<&MigrationReport> = judged(report).collect();
    page.heading(2, "Validation tasks");
    for task in tasks::tasks(report, &judged) {
        page.heading(
            3,
            &format!("Task {}: {} {}", task.number, task.name, word(task.status)),
        );
        if task.status == Status::Skip && task.groups.is_empty() {
            page.paragraph(&text(&task.finding));
            continue;
        }
        page.list(&[
            format!("{} {}", bold("Requirement:"), text(&task.requirement)),
            format!("{} {}", bold("Finding:"), text(&task.finding)),
        ]);
        let (counts, others): (Vec<&Group<'_>>, Vec<&Group<'_>>) = task
            .groups
            .iter()
            .partition(|group| group.component == Component::Counts);
        counts.iter().for_each(|group| figures(page, group));
        let rows: Vec<[String; 4]> = others.iter().flat_map(|group| by_status(group)).collect();
        if !rows.is_empty() {
            page.table(["Component", "Status", "Checks", "Objects"], &rows);
        }
    }
}

/// A line a count.
fn figures(page: &mut Page, group: &Group<'_>) {
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
}

/// A line a status, the worst first, with the names.
fn by_status(group: &Group<'_>) -> Vec<[String; 4]> {
    let order = [
        Status::Fail,
        Status::Blocked,
        Status::Warn,
        Status::Skip,
        Status::Pass,
    ];
    order
        .into_iter()
        .filter_map(|status| {
            let checks: Vec<&Verdict> = group
                .checks
                .iter()
                .copied()
                .filter(|check| check.status == status)
                .collect();
            let names = summary::names(&checks);
            let shown = match names.len() {
                0 => return None,
                few if few <= NAMES => codes(&names),
                many => format!("{} and {} more", codes(&names[..NAMES]), many - NAMES),
            };
            Some([
                group.component.title().to_string(),
                format!("{} {}", parts::mark(status), status.as_str()),
                checks.len().to_string(),
                shown,
            ])
        })
        .collect()
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
        items.push((
            false,
            match blocker.is_missing {
                true => format!("{} is there", code(blocker.object)),
                false => format!("Solved: {}", text(blocker.object)),
            },
        ));
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
