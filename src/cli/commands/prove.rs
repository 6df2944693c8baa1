//! `pgplumb prove`.

use crate::cli::args::{Args, ProveArgs};
use crate::cli::{database, progress};
use crate::ops::{Error, Interrupt, prove};
use crate::project::{Project, seed};
use crate::report::Report;

/// Runs the command: it needs no database but those that it makes.
///
/// # Errors
/// Those of the verb, and whatever cannot be read.
pub async fn run(
    project: &Project,
    args: &Args,
    options: &ProveArgs,
    progress: &progress::Progress,
    interrupt: Interrupt,
) -> Result<Report, Error> {
    let setup = match &options.setup {
        Some(path) => {
            let start = args.global.load_options().start();
            let start = start.map_err(|problem| Error::Input(vec![*problem]))?;
            Some(seed::named_file(&start, path).map_err(Error::Input)?)
        }
        None => None,
    };
    let scratch = match &options.scratch_url {
        Some(url) => Some(database::named(args, url)?),
        None => None,
    };
    let options = prove::Options {
        versions: options.versions.clone(),
        scratch,
        setup,
        seeds: seed::seeds(project).map_err(Error::Input)?,
        strict: options.strict,
        events: &|event| progress.show(event),
        interrupt,
    };
    if !project.root.bare {
        return prove::prove(project, options).await;
    }
    // folders that are named may be anybody's: their scripts are run as psql would
    let set = project.set.clone().as_psql();
    let project = Project {
        set,
        ..project.clone()
    };
    prove::prove(&project, options).await
}
