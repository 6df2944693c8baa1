//! The execution summary: what `apply` or `rollback` did.

use super::objects;
use super::page::{Page, bold, code, text};
use super::parts;
use super::section::{words, write};
use crate::catalog::Object;
use crate::diagnostic::Severity;
use crate::report::describe::duration;
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Report};
use crate::report::section;
use crate::report::summary::{self, Tone};
use crate::report::timeline::{Extent, Line, Of, has_details, lines, longest};

/// Renders the document.
pub fn render(page: &mut Page, report: &Report) {
    let kind = match report.command {
        "rollback" => "Rollback summary",
        _ => "Execution summary",
    };
    let subject = parts::subject(report);
    let title = if subject.is_empty() {
        kind.to_string()
    } else {
        format!("{kind}: {subject}")
    };
    parts::title(page, report, &title);
    parts::messages(page, report, "Errors", &[Severity::Error]);
    let bad = summary::outcome(report).tone == Tone::Bad;
    if bad {
        super::verification::problems(page, report);
    }
    parts::execution_details(page, report);
    migrations(page, report);
    timeline(page, report);
    for migration in report
        .migrations
        .iter()
        .filter(|migration| !migration.artifacts.is_empty())
    {
        artifacts(page, report, migration);
    }
    parts::checklist(page, report);
    if !bad {
        super::verification::problems(page, report);
    }
    super::isolation::section(page, report);
    let made: Vec<Object> = report
        .migrations
        .iter()
        .flat_map(|migration| migration.artifacts.created.iter().cloned())
        .collect();
    for part in [
        section::integrity(&made),
        section::security(&made),
        section::dependencies(report, &made),
        section::compatibility(report),
        section::not_verified(report),
        section::readiness(report),
    ] {
        write(page, part);
    }
    parts::messages(page, report, "Warnings", &[Severity::Warning]);
    write(page, section::next_steps(report));
    write(page, Some(section::sign_off(report)));
    statements(page, report);
}

/// When what ran and what it waited for, where the durations of the migrations do not say it all.
fn timeline(page: &mut Page, report: &Report) {
    if !has_details(&report.migrations, Extent::Whole) {
        return;
    }
    page.heading(2, "Timeline");
    let whole = lines(&report.migrations, Extent::Whole);
    match longest(&whole) {
        None => timeline_table(page, &whole),
        Some((longest, count)) => {
            timeline_table(page, &lines(&report.migrations, Extent::Brief));
            page.paragraph(&format!("The longest of {count} statements; all are at the end:"));
            timeline_table(page, longest);
        }
    }
}

/// Every statement, where the timeline told the longest alone.
fn statements(page: &mut Page, report: &Report) {
    let whole = lines(&report.migrations, Extent::Whole);
    if longest(&whole).is_some() {
        page.heading(2, "All statements, in order");
        timeline_table(page, &whole);
    }
}

fn timeline_table<'l>(page: &mut Page, lines: impl IntoIterator<Item = &'l Line>) {
    let rows: Vec<[String; 4]> = lines
        .into_iter()
        .map(|line| {
            let what = match line.of {
                Of::Migration => bold(&text(&line.what)),
                Of::Statement | Of::Wait => text(&line.what),
            };
            let rows = line.rows.map_or(String::new(), |rows| rows.to_string());
            [duration(line.start_ms), what, duration(line.duration_ms), rows]
        })
        .collect();
    page.table(["From", "What", "Duration", "Rows"], &rows);
}

/// The migrations of the run, a line each.
fn migrations(page: &mut Page, report: &Report) {
    if report.migrations.is_empty() {
        return;
    }
    page.heading(2, "Migrations");
    let rows: Vec<[String; 5]> = report
        .migrations
        .iter()
        .map(|migration| {
            [
                code(&migration.stem()),
                state(migration),
                migration.duration_ms.map_or(String::new(), duration),
                migration
                    .source
                    .as_ref()
                    .map_or(String::new(), |source| code(&source.file)),
                migration.error.as_deref().map_or(String::new(), text),
            ]
        })
        .collect();
    page.table(["Migration", "State", "Duration", "Script", "Error"], &rows);
}

fn state(migration: &MigrationReport) -> String {
    let word = migration.state.as_str().replace('_', " ");
    match migration.state {
        MigrationState::Applied | MigrationState::RolledBack => format!("✓ {word}"),
        MigrationState::Failed => format!("✗ {word}"),
        MigrationState::Pending | MigrationState::Skipped => word,
    }
}

/// What one migration made, changed and removed.
fn artifacts(page: &mut Page, report: &Report, migration: &MigrationReport) {
    let Artifacts {
        created,
        removed,
        altered,
        traces: _,
    } = &migration.artifacts;
    let several = report.migrations.len() > 1;
    page.heading(
        2,
        &match several {
            true => format!("Artifacts of {}", text(&migration.stem())),
            false => "Artifacts".to_string(),
        },
    );
    if !created.is_empty() {
        let inventory = summary::inventory(created);
        objects::counts(page, &inventory, "Created");
        objects::sections(page, 3, &inventory);
    }
    if !removed.is_empty() {
        page.heading(3, "Removed");
        objects::counts(page, &summary::inventory(removed), "Removed");
    }
    if !altered.is_empty() {
        page.heading(3, &format!("Existing objects changed ({})", altered.len()));
        let rows: Vec<Vec<String>> = altered
            .iter()
            .map(|object| section::changed(object).iter().map(words).collect())
            .collect();
        page.rows(&["Kind", "Object", "Differs in"], &rows);
    }
}
