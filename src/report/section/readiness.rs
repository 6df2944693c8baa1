//! What a run measured of whether its database can be built upon, and what to run now.

use super::{Block, Section, Words, pgplumb, way_back};
use crate::report::coverage;
use crate::report::model::{Conclusion, MigrationReport, MigrationState, Report, Totals, WayBack};
use crate::report::summary::{self, quantity};

/// What was measured, ticked where it is good; `None` where nothing was.
pub fn readiness(report: &Report) -> Option<Section> {
    let mut items = Vec::new();
    let run = report.migrations.len();
    let done = report
        .migrations
        .iter()
        .filter(|migration| is_done(migration))
        .count();
    if run > 0 {
        items.push((
            done == run,
            Words::of(format!(
                "{done} of {} executed and committed",
                quantity(run, "migration")
            )),
        ));
    }
    let errors = summary::errors(report).count();
    items.push((errors == 0, Words::of(quantity(errors, "error"))));
    if !report.checks.is_empty() {
        items.extend(judged(report));
    }
    for migration in report.migrations.iter().filter(|_| report.command == "apply") {
        if let Some(way) = way_back(report, migration) {
            items.push((
                matches!(migration.way_back, Some(WayBack::Script(_) | WayBack::Repeatable)),
                Words::of("Way back from ")
                    .code(migration.stem())
                    .plain(": ")
                    .and(way),
            ));
        }
    }
    let mut section = Section::titled("Readiness checklist");
    section.paragraph(Words::of("Ticked is what this run measured."));
    section.blocks.push(Block::Checklist(items));
    Some(section)
}

fn is_done(migration: &MigrationReport) -> bool {
    matches!(
        migration.state,
        MigrationState::Applied | MigrationState::RolledBack
    )
}

/// What the checks say, and whether they look at everything that was made.
fn judged(report: &Report) -> Vec<(bool, Words)> {
    let totals = report.totals();
    let mut items = vec![(
        totals.approved(false) && report.conclusion == Some(Conclusion::Approved),
        Words::of(format!("Checks: {}", summary::tally(&totals, "check"))),
    )];
    let behaviour = report
        .checks
        .iter()
        .filter(|check| matches!(check.kind, "probe" | "isolation" | "query"));
    let behaviour = Totals::of(behaviour);
    if behaviour.all() > 0 {
        items.push((
            behaviour.pass == behaviour.all(),
            Words::of(format!("Data and behaviour: {}", summary::parts_of(&behaviour))),
        ));
    }
    let unnamed: usize = coverage::unverified(report)
        .iter()
        .flat_map(|uncovered| &uncovered.objects)
        .map(|(_, names)| names.len())
        .sum();
    items.push((
        unnamed == 0,
        Words::of(match unnamed {
            0 => "Every object that was made is named by a check".to_string(),
            some => format!("{} made and named by no check", quantity(some, "object")),
        }),
    ));
    items
}

/// What to run now; `None` where nothing follows from the outcome.
pub fn next_steps(report: &Report) -> Option<Section> {
    let newest = report
        .migrations
        .iter()
        .rev()
        .find(|migration| migration.state == MigrationState::Applied);
    let has_failed = report
        .migrations
        .iter()
        .any(|migration| migration.state == MigrationState::Failed);
    let step = |words: &str, command: &str| Words::of(words).code(pgplumb(report, command));
    let mut steps = Vec::new();
    match (report.command, report.conclusion) {
        ("apply", Some(Conclusion::Approved)) => {
            let newest = newest?;
            steps.push(step("judge the database again whenever it matters: ", "verify"));
            steps.push(step("write down what is deployed: ", "docs"));
            if matches!(newest.way_back, Some(WayBack::Script(_))) {
                steps.push(step(
                    "look at what going back would cost: ",
                    &format!("rollback {} --dry-run", newest.version),
                ));
            }
        }
        ("apply", _) if has_failed => {
            steps.push(Words::of("correct what is listed above"));
            steps.push(step("see where the database stands: ", "status"));
            steps.push(step("apply again: ", "apply"));
        }
        ("rollback", Some(Conclusion::Approved)) if !report.migrations.is_empty() => {
            steps.push(step("see where the database stands: ", "status"));
            steps.push(step("judge what is left: ", "verify"));
        }
        _ => return None,
    }
    let mut section = Section::titled("Next steps");
    section.blocks.push(Block::Steps(steps));
    Some(section)
}
