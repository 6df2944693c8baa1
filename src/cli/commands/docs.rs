//! `pgplumb docs`.

use crate::cli::args::DocsArgs;
use crate::ops::{Context, Error, docs};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &DocsArgs) -> Result<Report, Error> {
    let options = docs::Options {
        versions: args.versions.clone(),
        full: args.full,
    };
    docs::docs(context, &options).await
}
