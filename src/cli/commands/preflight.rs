//! `pgplumb preflight`.

use crate::cli::args::PreflightArgs;
use crate::ops::{Context, Error, preflight};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &PreflightArgs) -> Result<Report, Error> {
    let options = preflight::Options {
        to: args.to,
        out_of_order: args.out_of_order,
    };
    preflight::preflight(context, &options).await
}
