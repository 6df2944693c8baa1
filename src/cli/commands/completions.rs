//! `pgplumb completions SHELL`.

use clap::CommandFactory;

use crate::cli::args::{Args, CompletionsArgs};
use crate::cli::output;
use crate::report::ExitCode;

/// Prints the script.
pub fn run(args: &CompletionsArgs) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "pgplumb", &mut script);
    output::print_or_fail(&String::from_utf8_lossy(&script))
}
