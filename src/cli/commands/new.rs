//! `pgplumb new NAME`.

use crate::cli::args::{GlobalArgs, NewArgs};
use crate::cli::output;
use crate::project::{Project, scaffold};
use crate::report::ExitCode;

/// Writes the three files of the next change.
pub fn run(global: &GlobalArgs, args: &NewArgs) -> ExitCode {
    let now = jiff::Timestamp::now().strftime("%Y%m%d%H%M%S").to_string();
    let made = Project::load(&global.load_options()).and_then(|project| {
        scaffold::new(&project, &args.name.join(" "), &now).map_err(|problem| vec![*problem])
    });
    match made {
        Ok(files) => super::init::show(
            global,
            &files,
            "write all three, then look at `pgplumb apply --dry-run`",
        ),
        Err(problems) => {
            for problem in problems {
                output::tell_diagnostic(&problem, global.color);
            }
            ExitCode::Usage
        }
    }
}
