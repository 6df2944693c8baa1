//! The eight tasks: what each wanted, what was found, and the checks by component.

use super::{Block, Section, Words};
use crate::check::{Status, Verdict};
use crate::report::describe;
use crate::report::model::{MigrationReport, MigrationState, Report};
use crate::report::summary::{self, Component, Group};
use crate::report::tasks;

/// How many names of one component are listed before the rest is only counted.
const NAMES: usize = 40;

/// The migrations that the report is about: those whose suites were judged; without any, all that were not skipped.
pub fn judged(report: &Report) -> impl Iterator<Item = &MigrationReport> {
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

/// The section; `None` where there is no check.
pub fn tasks(report: &Report) -> Option<Section> {
    if report.checks.is_empty() {
        return None;
    }
    let judged: Vec<&MigrationReport> = judged(report).collect();
    let mut section = Section::titled("Validation tasks");
    for task in tasks::tasks(report, &judged) {
        section.blocks.push(Block::Heading(Words::of(format!(
            "Task {}: {} {}",
            task.number,
            task.name,
            describe::status_word(task.status)
        ))));
        if task.status == Status::Skip && task.groups.is_empty() {
            section.paragraph(Words::of(task.finding));
            continue;
        }
        section.list(vec![
            Words::default()
                .strong("Requirement:")
                .plain(format!(" {}", task.requirement)),
            Words::default()
                .strong("Finding:")
                .plain(format!(" {}", task.finding)),
        ]);
        let (counts, others): (Vec<&Group<'_>>, Vec<&Group<'_>>) = task
            .groups
            .iter()
            .partition(|group| group.component == Component::Counts);
        for group in counts {
            let rows = group.checks.iter().map(|check| figure(check)).collect();
            section.table(["Figure", "Expected", "Actual"], rows);
        }
        let rows = others.iter().flat_map(|group| by_status(group)).collect();
        section.table(["Component", "Status", "Checks", "Objects"], rows);
    }
    Some(section)
}

/// The line of a count.
fn figure(check: &Verdict) -> [Words; 3] {
    let said = |text: &Option<String>| Words::of(text.clone().unwrap_or_default());
    let (want, have) = match check.measure {
        Some(measure) => (
            Words::of(format!(
                "{}{}",
                measure.want,
                if measure.at_least { "+" } else { "" }
            )),
            Words::of(measure.have.to_string()),
        ),
        None => (said(&check.expected), said(&check.actual)),
    };
    let name = format!("{} {}", describe::mark(check.status), check.object);
    [Words::of(name), want, have]
}

/// A line a status, the worst first, with the names.
fn by_status(group: &Group<'_>) -> Vec<[Words; 4]> {
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
                few if few <= NAMES => Words::default().codes(&names),
                many => Words::default()
                    .codes(&names[..NAMES])
                    .plain(format!(" and {} more", many - NAMES)),
            };
            Some([
                Words::of(group.component.title()),
                Words::of(format!("{} {}", describe::mark(status), status.as_str())),
                Words::of(checks.len().to_string()),
                shown,
            ])
        })
        .collect()
}
