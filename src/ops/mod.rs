//! The verbs: read → pure call → maybe execute → [`Report`]. Nothing here prints.

mod account;
pub mod apply;
mod context;
mod error;
pub mod history;
pub mod lint;
pub mod rollback;
mod runner;
pub mod status;
pub mod verify;

pub use context::{Context, Event, Interrupt};
pub use error::Error;

use crate::check::Suite;
use crate::diagnostic::Diagnostic;
use crate::project::Project;

/// Parses every check file of the project.
///
/// # Errors
/// All errors of all files, in order.
pub fn suites(project: &Project) -> Result<Vec<Suite>, Error> {
    let mut suites = Vec::new();
    let mut diagnostics: Vec<Diagnostic> = Vec::new();
    for check_file in &project.check_files {
        match crate::check::parse(&check_file.file, &check_file.id, check_file.version) {
            Ok(suite) => suites.push(suite),
            Err(errors) => diagnostics.extend(errors),
        }
    }
    if diagnostics.is_empty() { Ok(suites) } else { Err(Error::Input(diagnostics)) }
}
