//! `pgplumb apply`.

use crate::cli::args::{ApplyArgs, GlobalArgs};
use crate::cli::can_ask;
use crate::diagnostic::Diagnostic;
use crate::ops::{Context, Error, apply};
use crate::report::{Format, Report};

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, global: &GlobalArgs, args: &ApplyArgs) -> Result<Report, Error> {
    let ask = |account: &[Diagnostic]| super::rollback::confirm(account);
    let options = apply::Options {
        to: args.to,
        dry_run: args.dry_run,
        rehearse: args.rehearse,
        single_transaction: args.single_transaction,
        no_verify: args.no_verify,
        out_of_order: args.out_of_order,
        lock_wait: args
            .lock_wait
            .map(|timeout| timeout.as_duration().unwrap_or_default()),
        strict: args.strict,
        yes: global.yes,
        is_unread: global.quiet
            && global.reports.is_empty()
            && global.format.is_none_or(|format| format == Format::Text),
        confirm: can_ask().then_some(&ask),
    };
    apply::apply(context, &options).await
}
