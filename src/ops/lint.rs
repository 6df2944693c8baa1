//! `checks lint`: validates check files without a database.

use std::time::Instant;

use super::runner::millis;
use super::{Error, suites};
use crate::check;
use crate::report::Report;
use crate::report::model::LintLine;

/// Parses every check file and looks for what is legal but doubtful.
///
/// # Errors
/// [`Error::Input`] with everything that is wrong.
pub fn lint(project: &crate::project::Project) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("checks");
    let suites = suites(project)?;
    for suite in suites {
        report.diagnostics.extend(check::lint(suite));
        report.linted.push(LintLine {
            file: suite.file.path().to_string(),
            checks: suite.checks(),
        });
    }
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}
