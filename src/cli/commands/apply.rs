//! `pgplumb apply`.

use crate::cli::args::ApplyArgs;
use crate::ops::{Context, Error, apply};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &ApplyArgs) -> Result<Report, Error> {
    let options = apply::Options {
        to: args.to,
        dry_run: args.dry_run,
        no_verify: args.no_verify,
        out_of_order: args.out_of_order,
        lock_wait: args
            .lock_wait
            .map(|timeout| timeout.as_duration().unwrap_or_default()),
        strict: args.strict,
    };
    apply::apply(context, &options).await
}
