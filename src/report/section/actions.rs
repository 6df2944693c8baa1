//! What has to be done, in order, and what has to be so before anything is built on a database.

use super::{Block, Section, Words, pgplumb};
use crate::check::{Status, Verdict};
use crate::report::model::{Conclusion, MigrationReport, MigrationState, Report, Totals};
use crate::report::summary::{self, Blocker, Tone, quantity};

/// The remedies of root causes, those of failures, and the way to be sure; `None` where nothing is wrong.
pub fn required_actions(report: &Report) -> Option<Section> {
    if summary::outcome(report).tone != Tone::Bad {
        return None;
    }
    // one remedy may serve many causes
    let mut remedies: Vec<(Words, usize)> = Vec::new();
    for blocker in summary::blockers(report) {
        let remedy = remedy(&blocker);
        match remedies.iter_mut().find(|(known, _)| *known == remedy) {
            Some((_, waiting)) => *waiting += blocker.blocks,
            None => remedies.push((remedy, blocker.blocks)),
        }
    }
    let mut steps: Vec<Words> = remedies
        .into_iter()
        .map(|(remedy, waiting)| remedy.plain(format!(" (for {})", quantity(waiting, "blocked check"))))
        .collect();
    let failed: Vec<&Verdict> = summary::with_status(report, Status::Fail).collect();
    if !failed.is_empty() {
        let remedies = failed.iter().filter(|check| check.remedy.is_some()).count();
        let count = quantity(failed.len(), "failed check");
        steps.push(Words::of(match remedies {
            0 => format!("decide for each of {count} whether database or check file is wrong"),
            some => format!("correct {count}; for {some} of them a statement stands above"),
        }));
    }
    steps.push(Words::of("look again: ").code(pgplumb(report, report.command)));
    let mut section = Section::titled("Required actions");
    section.blocks.push(Block::Steps(steps));
    Some(section)
}

fn remedy(blocker: &Blocker<'_>) -> Words {
    match blocker.remedy {
        Some(remedy) => Words::of(remedy),
        None if blocker.is_missing => Words::of("provide ").code(blocker.object),
        None => Words::of(format!("solve: {}", blocker.object)),
    }
}

/// Whether the gate is open, and what it hangs on.
pub fn gate(report: &Report) -> Section {
    let good = matches!(report.conclusion, Some(Conclusion::Approved | Conclusion::Ready));
    let (state, words) = match (good, report.command) {
        (true, "preflight") => ("Open:", " nothing stands in the way of apply."),
        (true, _) => ("Open:", " the database is what the judged suites say."),
        (false, "preflight") => ("Closed:", " do not apply."),
        (false, _) => ("Closed:", " do not build on this database."),
    };
    let mut section = Section::titled("Gate");
    section.paragraph(Words::default().strong(state).plain(words));
    let mut items: Vec<(bool, Words)> = summary::blockers(report)
        .iter()
        .map(|blocker| match blocker.is_missing {
            true => (false, Words::default().code(blocker.object).plain(" is there")),
            false => (false, Words::of(format!("Solved: {}", blocker.object))),
        })
        .collect();
    items.extend(of_checks(&report.totals()));
    if report.command == "verify" && !report.migrations.is_empty() {
        items.push(of_migrations(report));
    }
    if !items.is_empty() {
        section.blocks.push(Block::Checklist(items));
    }
    section
}

fn of_checks(totals: &Totals) -> Vec<(bool, Words)> {
    let all = totals.all();
    if all == 0 {
        return Vec::new();
    }
    vec![
        (
            totals.fail == 0,
            Words::of(format!("No check fails ({} of {all} do)", totals.fail)),
        ),
        (
            totals.blocked == 0,
            Words::of(format!("No check is blocked ({} of {all} are)", totals.blocked)),
        ),
        (
            totals.skip == 0,
            Words::of(format!(
                "Every check was run ({} of {all} were skipped)",
                totals.skip
            )),
        ),
    ]
}

fn of_migrations(report: &Report) -> (bool, Words) {
    let pending: Vec<String> = report
        .migrations
        .iter()
        .filter(|migration| matches!(migration.state, MigrationState::Pending | MigrationState::Skipped))
        .map(MigrationReport::stem)
        .collect();
    let words = Words::of("Every migration of the project is applied");
    match pending.is_empty() {
        true => (true, words),
        false => (false, words.plain(" (not: ").codes(&pending).plain(")")),
    }
}
