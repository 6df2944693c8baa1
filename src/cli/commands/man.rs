//! `pgplumb man`: one page for the program and all its commands.

use clap::CommandFactory;

use crate::cli::args::Args;
use crate::cli::output;
use crate::report::ExitCode;

/// Prints the page in roff.
pub fn run() -> ExitCode {
    let mut page = Vec::new();
    let mut program = Args::command().disable_help_subcommand(true);
    program.build();
    let rendered = clap_mangen::Man::new(program.clone())
        .render(&mut page)
        .and_then(|()| {
            for command in program.get_subcommands() {
                let name = format!("pgplumb-{}", command.get_name());
                let man = clap_mangen::Man::new(command.clone().name(name));
                man.render_name_section(&mut page)?;
                man.render_synopsis_section(&mut page)?;
                man.render_options_section(&mut page)?;
            }
            Ok(())
        });
    match rendered {
        Ok(()) => output::print_or_fail(&String::from_utf8_lossy(&page)),
        Err(error) => {
            output::tell(&format!("error: the man page could not be made: {error}\n"));
            ExitCode::Usage
        }
    }
}
