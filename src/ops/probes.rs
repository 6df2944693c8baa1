//! Whether probes may run here, said before they do: they write, and are rolled back.

use std::sync::OnceLock;

use super::context::{Context, Event};
use crate::diagnostic::Diagnostic;
use crate::project::Probes;

/// Asks the user.
pub type Ask = fn(&[Diagnostic]) -> bool;

/// What the command line and the terminal say on probes, and the answer once it was given.
#[derive(Debug, Default)]
pub struct Consent {
    /// `--no-probes`.
    pub refused: bool,
    /// How the user is asked; `None` when nobody can be asked.
    pub ask: Option<Ask>,
    answer: OnceLock<Result<(), String>>,
}

impl Consent {
    pub fn new(refused: bool, ask: Option<Ask>) -> Consent {
        Consent {
            refused,
            ask,
            answer: OnceLock::new(),
        }
    }
}

/// Whether probes may run, asked and told once a run. Never call it while a transaction is open: people take time.
///
/// # Errors
/// The reason why they are skipped.
pub fn allowed(context: &Context<'_>) -> Result<(), String> {
    let decided = context.probes.answer.get_or_init(|| decide(context));
    decided.clone()
}

fn decide(context: &Context<'_>) -> Result<(), String> {
    let config = &context.project.config;
    if context.probes.refused {
        return Err("left out with --no-probes".to_string());
    }
    let place = config
        .environment
        .as_ref()
        .map_or(String::new(), |name| format!(" of environment {name}"));
    let database = context.parameters.database().to_string();
    match config.settings.probes {
        Probes::Never => return Err(format!("probes = \"never\" in the settings{place}")),
        Probes::Always => {}
        Probes::Ask => {
            let what = Diagnostic::note(format!(
                "the probes write to database {database}{place}; all of it is rolled back"
            ));
            match context.probes.ask {
                None => {
                    return Err(format!(
                        "probes = \"ask\" in the settings{place}, and there is no terminal to ask on"
                    ));
                }
                Some(ask) if ask(std::slice::from_ref(&what)) => {}
                Some(_) => return Err("they were not agreed to".to_string()),
            }
        }
    }
    (context.events)(Event::Probing { database });
    Ok(())
}
