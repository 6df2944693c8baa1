//! `pgplumb baseline`.

use crate::cli::args::BaselineArgs;
use crate::ops::{Context, Error, baseline};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &BaselineArgs) -> Result<Report, Error> {
    let options = baseline::Options {
        version: args.version,
        dry_run: args.dry_run,
        no_verify: args.no_verify,
        strict: args.strict,
        lock_wait: args
            .lock_wait
            .map(|timeout| timeout.as_duration().unwrap_or_default()),
    };
    baseline::baseline(context, &options).await
}
