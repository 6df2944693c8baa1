//! Where, when and how a run took place.

use super::page::{Page, plain};
use crate::diagnostic::Severity;
use crate::report::ExitCode;
pub use crate::report::describe::duration;
use crate::report::model::Report;
use crate::report::summary;

/// Width of the labels' column.
const LABEL: usize = 15;

/// The section; rows of which nothing is known are left out.
pub fn section(page: &mut Page, report: &Report) {
    let mut rows: Vec<(&str, String)> = Vec::new();
    if let Some(database) = &report.database {
        let port = match &database.pooler {
            Some(pooler) => format!("{} (pooler: {pooler})", database.port),
            None => database.port.to_string(),
        };
        rows.push(("Database", database.name.clone()));
        rows.push(("Host", database.host.clone()));
        rows.push(("Port", port));
        rows.push(("Server", format!("PostgreSQL {}", database.server_version)));
        rows.push(("User", database.user.clone()));
    }
    if let Some(environment) = &report.environment {
        rows.push(("Environment", environment.clone()));
    }
    if !report.started_at.is_empty() {
        rows.push(("Started", report.started_at.clone()));
        rows.push(("Duration", duration(report.duration_ms)));
    }
    if report.database.is_some() {
        let count = |severity| summary::diagnostics(report, severity).count();
        rows.push((
            "Messages",
            format!(
                "{}, {}",
                summary::quantity(count(Severity::Error), "error"),
                summary::quantity(count(Severity::Warning), "warning")
            ),
        ));
    }
    if rows.is_empty() {
        return;
    }
    let code = report.exit.code();
    rows.push((
        "Exit code",
        match report.exit {
            ExitCode::Done => code.to_string(),
            exit => format!("{code} ({})", exit.meaning()),
        },
    ));
    page.heading("EXECUTION DETAILS");
    for (label, value) in rows {
        page.field(2, LABEL, label, &[plain(value)]);
    }
}

/// The files that the command wrote.
pub fn files(page: &mut Page, report: &Report) {
    if report.files.is_empty() {
        return;
    }
    page.heading("FILES WRITTEN");
    for file in &report.files {
        page.put(2, 4, &[plain(file)]);
    }
}

/// The check files that `checks lint` read.
pub fn linted(page: &mut Page, report: &Report) {
    if report.linted.is_empty() {
        return;
    }
    page.heading("CHECK FILES");
    for line in &report.linted {
        page.put(
            2,
            4,
            &[plain(format!(
                "{}: {}",
                line.file,
                summary::quantity(line.checks, "check")
            ))],
        );
    }
}

/// As [`duration`], for a narrow column.
pub fn short_duration(milliseconds: f64) -> String {
    let long = duration(milliseconds);
    match long.split_once(" (") {
        Some((short, _)) => short.to_string(),
        None => long,
    }
}
