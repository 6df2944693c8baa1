//! `pgplumb checks …`.

use crate::cli::args::{ChecksArgs, ChecksCommand};
use crate::ops::{Error, lint};
use crate::project::Project;
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub fn run(project: &Project, args: &ChecksArgs) -> Result<Report, Error> {
    match &args.command {
        ChecksCommand::Lint(_) => lint::lint(project),
    }
}
