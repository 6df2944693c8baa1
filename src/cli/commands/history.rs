//! `pgplumb history`.

use crate::cli::args::HistoryArgs;
use crate::ops::{Context, Error, history};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &HistoryArgs) -> Result<Report, Error> {
    history::history(context, args.limit).await
}
