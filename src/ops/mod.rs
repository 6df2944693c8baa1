//! The verbs: read → pure call → maybe execute → [`Report`]. Nothing here prints.

mod account;
pub mod apply;
pub mod audit;
pub mod baseline;
mod busy;
mod context;
mod detached;
pub mod diff;
pub mod docs;
mod error;
mod facts;
pub mod generate;
pub mod history;
mod judge;
pub mod lint;
mod look;
mod losses;
pub mod preflight;
mod probes;
mod rehearse;
pub mod prove;
pub mod repair;
mod residue;
pub mod rollback;
mod runner;
pub mod snapshot;
pub mod status;
mod timeline;
pub mod verify;
mod watch;

pub use context::{Context, Event, Interrupt, settings};
pub use error::Error;
pub use probes::Consent;
pub use runner::now;
pub use watch::Working;

use crate::catalog::Catalog;
use crate::check::{self, Answers, Status, Suite, Verdict};
use crate::diagnostic::Diagnostic;
use crate::plan::{Direction, Plan};
use crate::project::Project;
use crate::report::Report;

/// The suites of the project.
///
/// # Errors
/// [`Error::Input`] with all errors of all check files.
pub fn suites(project: &Project) -> Result<&[Suite], Error> {
    project
        .suites()
        .map_err(|problems| Error::Input(problems.to_vec()))
}

/// A verb that runs migrations has some to run, or an empty folder of them.
///
/// # Errors
/// [`Error::Input`] when the command line names folders, and none for migrations.
fn needs_migrations(project: &Project) -> Result<(), Error> {
    if project.has_migrations {
        return Ok(());
    }
    Err(Error::Input(vec![
        Diagnostic::error("nothing names the folder of the migrations").help("add --migrations DIR"),
    ]))
}

/// The report of a verb that begins now.
fn begin(command: &'static str) -> Report {
    let mut report = Report::new(command);
    report.started_at = runner::now();
    report
}

/// The checks of a suite that is not judged, each with the reason.
fn unjudged(suite: &Suite, reason: &str) -> Vec<Verdict> {
    let nothing = check::evaluate(&[suite], &Catalog::default(), &Answers::default());
    let skip = |verdict: Verdict| Verdict {
        status: Status::Skip,
        actual: None,
        message: reason.to_string(),
        blocked_by: None,
        differences: Vec::new(),
        measure: None,
        remedy: None,
        ..verdict
    };
    nothing.verdicts.into_iter().map(skip).collect()
}

/// Shows what is about to happen and asks.
pub type Confirm<'o> = &'o dyn Fn(&[Diagnostic]) -> bool;

/// Where the settings say `confirm = true`, nothing is changed before somebody agreed.
///
/// # Errors
/// [`Error::Input`] when nobody did: nothing was run.
fn agree(
    context: &Context<'_>,
    plan: &Plan<'_>,
    yes: bool,
    confirm: Option<Confirm<'_>>,
) -> Result<(), Error> {
    let config = &context.project.config;
    if !config.settings.confirm || yes {
        return Ok(());
    }
    let verb = match plan.direction {
        Direction::Up => "apply",
        Direction::Down => "take back",
    };
    let stems: Vec<String> = plan.steps.iter().map(|step| step.migration.stem()).collect();
    let place = config
        .environment
        .as_ref()
        .map_or(String::new(), |name| format!(" in environment {name}"));
    let what = Diagnostic::note(format!("about to {verb} {}{place}", stems.join(", ")));
    let refusal = |message: &str| Diagnostic::error(message).fact("state", "nothing was run");
    match confirm {
        Some(confirm) if confirm(std::slice::from_ref(&what)) => Ok(()),
        Some(_) => Err(Error::Input(vec![refusal("it was not confirmed")])),
        None => Err(Error::Input(vec![
            what,
            refusal(
                "the settings ask for a confirmation (confirm = true), and there is no terminal to ask on",
            )
            .help("pass --yes to agree"),
        ])),
    }
}
