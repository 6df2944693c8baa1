//! `pgplumb verify`.

use crate::cli::args::VerifyArgs;
use crate::ops::{Context, Error, verify};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &VerifyArgs) -> Result<Report, Error> {
    let options = verify::Options {
        versions: args.versions.clone(),
        strict: args.strict,
    };
    verify::verify(context, &options).await
}
