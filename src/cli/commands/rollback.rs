//! `pgplumb rollback`.

use std::io::{self, BufRead, Write};

use crate::cli::args::{GlobalArgs, RollbackArgs};
use crate::cli::signals::AtOnce;
use crate::cli::{can_ask, output};
use crate::diagnostic::{self, Diagnostic};
use crate::ops::{Context, Error, rollback};
use crate::report::Report;

/// Runs the command.
///
/// # Errors
/// Those of the verb.
pub async fn run(context: &Context<'_>, global: &GlobalArgs, args: &RollbackArgs) -> Result<Report, Error> {
    let ask = |account: &[Diagnostic]| confirm(account);
    let options = rollback::Options {
        target: args.target(),
        dry_run: args.dry_run,
        rehearse: args.rehearse,
        yes: global.yes,
        lock_wait: args
            .lock_wait
            .map(|timeout| timeout.as_duration().unwrap_or_default()),
        confirm: can_ask().then_some(&ask),
    };
    rollback::rollback(context, &options).await
}

/// Shows what is about to happen and asks; only `yes` written out is a yes.
pub fn confirm(account: &[Diagnostic]) -> bool {
    for line in account {
        output::tell(&diagnostic::render(line));
    }
    let _at_once = AtOnce::begin();
    output::tell("Type yes to go on: ");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).is_ok() && answer.trim() == "yes"
}
