//! `pgplumb init`.

use crate::cli::args::GlobalArgs;
use crate::cli::output;
use crate::project::scaffold::{self, Written};
use crate::report::ExitCode;

/// Scaffolds a project.
pub fn run(global: &GlobalArgs) -> ExitCode {
    let made = global
        .load_options()
        .start()
        .and_then(|directory| scaffold::init(&directory));
    match made {
        Ok(files) => show(&files, "then write the first change with `pgplumb new NAME`"),
        Err(problem) => {
            output::tell_diagnostic(&problem, global.color);
            ExitCode::Usage
        }
    }
}

/// Lists what was written, and what to do next.
pub fn show(files: &[Written], next: &str) -> ExitCode {
    let lines: String = files.iter().map(|file| format!("{}\n", file.shown)).collect();
    let exit = output::print_or_fail(&lines);
    output::tell(&format!("{next}\n"));
    exit
}
