//! `pgplumb checks …`.

use crate::cli::args::{ChecksArgs, ChecksCommand, GlobalArgs, LintArgs};
use crate::cli::output;
use crate::ops::{Error, lint};
use crate::project::Project;
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb, and whatever cannot be read.
pub fn run(global: &GlobalArgs, args: &ChecksArgs) -> Result<Report, Error> {
    let ChecksCommand::Lint(LintArgs { files }) = &args.command;
    let options = global.load_options();
    // files that are named need no project around them
    let project = match files.as_slice() {
        [] => Project::load(&options),
        files => Project::of_check_files(&options, files),
    };
    let project = project.map_err(Error::Input)?;
    if !global.quiet {
        for warning in &project.warnings {
            output::tell_diagnostic(warning, global.color);
        }
    }
    lint::lint(&project)
}
