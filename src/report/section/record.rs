//! What no check looked at, the way back, and the lines where people sign.

use super::{Block, Section, Words, pgplumb};
use crate::report::coverage;
use crate::report::model::{MigrationReport, Report, WayBack};
use crate::report::summary::{self, Outcome, Tone, quantity};

/// What was skipped, and what no check names; `None` where everything was looked at.
pub fn not_verified(report: &Report) -> Option<Section> {
    let uncovered = coverage::unverified(report);
    let skipped = summary::skipped(report);
    if uncovered.is_empty() && skipped.is_empty() {
        return None;
    }
    let mut section = Section::titled("What was not verified");
    for (reason, checks) in skipped {
        section.paragraph(Words::of(format!(
            "{} skipped: {reason}.",
            quantity(checks.len(), "check"),
        )));
        let rows = summary::by_component(checks)
            .iter()
            .map(|group| {
                [
                    Words::of(group.component.title()),
                    Words::of(group.checks.len().to_string()),
                    Words::default().codes(&summary::names(&group.checks)),
                ]
            })
            .collect();
        section.table(["Component", "Checks", "Names"], rows);
    }
    for uncovered in uncovered {
        section.paragraph(
            Words::of("Made by ")
                .code(&uncovered.migration)
                .plain(" and named by no check that was run:"),
        );
        let rows = uncovered
            .objects
            .iter()
            .map(|(kind, names)| {
                [
                    Words::of(summary::capital(&summary::plural(kind))),
                    Words::of(names.len().to_string()),
                    Words::default().codes(names),
                ]
            })
            .collect();
        section.table(["Kind", "Objects", "Names"], rows);
    }
    Some(section)
}

/// How a migration is taken back; `None` when nobody looked.
pub fn way_back(report: &Report, migration: &MigrationReport) -> Option<Words> {
    Some(match migration.way_back.as_ref()? {
        WayBack::Script(path) => Words::default()
            .code(pgplumb(report, &format!("rollback {}", migration.version)))
            .plain(" runs ")
            .code(path),
        WayBack::Irreversible(reason) => Words::of(format!("declared irreversible: {reason}")),
        WayBack::Repeatable => Words::of("repeatable: an older file is put back and applied"),
        WayBack::None => Words::of("there is no rollback script"),
    })
}

/// `✓ APPROVED`.
pub fn verdict(outcome: &Outcome) -> String {
    match outcome.tone {
        Tone::Good => format!("✓ {}", outcome.word),
        Tone::Bad => format!("✗ {}", outcome.word),
        Tone::Neutral => outcome.word.to_string(),
    }
}

/// The last section: the outcome once more, and the lines where people sign.
pub fn sign_off(report: &Report) -> Section {
    let outcome = summary::outcome(report);
    let mut section = Section::titled("Sign-off");
    let mut rows = vec![
        ("Verdict", Words::default().strong(verdict(&outcome))),
        ("Because", Words::of(&outcome.sentence)),
    ];
    if let Some(database) = &report.database {
        rows.push((
            "Database",
            Words::default()
                .name(&database.name)
                .plain(format!(" (PostgreSQL {})", database.server_version)),
        ));
    }
    if let Some(environment) = &report.environment {
        rows.push(("Environment", Words::of(environment)));
    }
    if !report.started_at.is_empty() {
        rows.push(("Measured at", Words::of(&report.started_at)));
    }
    section.blocks.push(Block::Fields(rows));
    let line = |role: &str| [Words::of(role), Words::of(" "), Words::of(" ")];
    section.table(
        ["Approval", "Name", "Date"],
        vec![line("Database administrator"), line("Owner of the change")],
    );
    section
}
