//! `pgplumb status`.

use crate::cli::args::StatusArgs;
use crate::ops::{Context, Error, status};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &StatusArgs) -> Result<Report, Error> {
    status::status(context, status::Options { check: args.check }).await
}
