//! `pgplumb audit`.

use crate::cli::args::AuditArgs;
use crate::ops::{Context, Error, audit};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, args: &AuditArgs) -> Result<Report, Error> {
    audit::audit(context, args.strict).await
}
