//! `pgplumb completions SHELL`.

use crate::cli::args::{self, CompletionsArgs};
use crate::cli::output;
use crate::report::ExitCode;

/// Prints the script.
pub fn run(args: &CompletionsArgs) -> ExitCode {
    output::print_or_fail(&script(args.shell))
}

fn script(shell: clap_complete::Shell) -> String {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "pgplumb", &mut script);
    String::from_utf8_lossy(&script).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::ValueEnum;

    #[test]
    fn every_shell_gets_every_command() {
        for shell in clap_complete::Shell::value_variants() {
            let script = script(*shell);
            for command in args::command().get_subcommands() {
                assert!(
                    script.contains(command.get_name()),
                    "{shell}: {}",
                    command.get_name()
                );
            }
        }
    }
}
