//! `pgplumb init`.

use crate::cli::args::{GlobalArgs, InitArgs};
use crate::cli::output;
use crate::project::scaffold::{self, Written};
use crate::report::ExitCode;

/// Scaffolds a project.
pub fn run(global: &GlobalArgs, args: &InitArgs) -> ExitCode {
    let made = global
        .load_options()
        .start()
        .and_then(|start| match &args.target {
            Some(target) => scaffold::init(&start.join(target)),
            None => scaffold::init(&start),
        });
    match made {
        Ok(files) => show(
            global,
            &files,
            "then start the first change with `pgplumb new NAME`",
        ),
        Err(problem) => {
            output::tell_diagnostic(&problem, global.color);
            ExitCode::Usage
        }
    }
}

/// Lists what was written on stdout, one path a line, so that an editor can be given them; what to do next on stderr.
pub fn show(global: &GlobalArgs, files: &[Written], next: &str) -> ExitCode {
    let here = std::env::current_dir().ok();
    let lines: String = files
        .iter()
        .map(|file| file.openable_from(here.as_deref()) + "\n")
        .collect();
    let exit = output::print_or_fail(&lines);
    if !global.quiet {
        output::tell(&format!("{next}\n"));
    }
    exit
}
