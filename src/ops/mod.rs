//! The verbs: read → pure call → maybe execute → [`Report`]. Nothing here prints.

mod account;
pub mod apply;
mod context;
mod error;
mod facts;
pub mod history;
pub mod lint;
pub mod rollback;
mod runner;
pub mod status;
pub mod verify;

pub use context::{Context, Event, Interrupt};
pub use error::Error;
pub use runner::now;

use crate::catalog::Catalog;
use crate::check::{self, Answers, Status, Suite, Verdict};
use crate::diagnostic::Diagnostic;
use crate::project::Project;
use crate::report::Report;

/// Parses every check file of the project.
///
/// # Errors
/// All errors of all files, in order.
pub fn suites(project: &Project) -> Result<Vec<Suite>, Error> {
    let mut suites = Vec::new();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for check_file in &project.check_files {
        match check::parse(&check_file.file, &check_file.id, check_file.version) {
            Ok(suite) => suites.push(suite),
            Err(errors) => diagnostics.extend(errors),
        }
    }
    if diagnostics.is_empty() {
        Ok(suites)
    } else {
        Err(Error::Input(diagnostics))
    }
}

/// The report of a verb that begins now.
fn begin(command: &'static str) -> Report {
    let mut report = Report::new(command);
    report.started_at = runner::now();
    report
}

/// The checks of a suite that is not judged, each with the reason.
fn unjudged(suite: &Suite, reason: &str) -> Vec<Verdict> {
    let nothing = check::evaluate(&[suite], &Catalog::default(), &Answers::default());
    let skip = |verdict: Verdict| Verdict {
        status: Status::Skip,
        actual: None,
        message: reason.to_string(),
        blocked_by: None,
        differences: Vec::new(),
        measure: None,
        remedy: None,
        ..verdict
    };
    nothing.verdicts.into_iter().map(skip).collect()
}
