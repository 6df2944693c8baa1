//! `pgplumb repair`.

use super::rollback::confirm;
use crate::cli::args::{GlobalArgs, RepairArgs};
use crate::cli::can_ask;
use crate::diagnostic::Diagnostic;
use crate::ops::{Context, Error, repair};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, global: &GlobalArgs, args: &RepairArgs) -> Result<Report, Error> {
    let ask = |account: &[Diagnostic]| confirm(account);
    let options = repair::Options {
        versions: args.versions.clone(),
        dry_run: args.dry_run,
        yes: global.yes,
        confirm: can_ask().then_some(&ask),
    };
    repair::repair(context, &options).await
}
