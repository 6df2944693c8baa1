//! What happens while a verb works, as plain lines on stderr.

use std::sync::Mutex;
use std::time::{Duration, Instant};

use super::output::tell;
use crate::ops::Event;

/// How often one is told that a wait goes on.
const REMINDER: Duration = Duration::from_secs(5);

/// Shows events; `quiet` shows none, but for the word that something is written, and what stays of it.
pub struct Progress {
    quiet: bool,
    verbose: bool,
    /// When a wait was last told of.
    told: Mutex<Option<Instant>>,
}

impl Progress {
    pub fn new(quiet: bool, verbose: bool) -> Progress {
        Progress {
            quiet,
            verbose,
            told: Mutex::new(None),
        }
    }

    /// Takes one event.
    pub fn show(&self, event: Event) {
        if self.quiet && !matches!(event, Event::Probing { .. } | Event::Moved { .. }) {
            return;
        }
        match event {
            Event::WaitingForServer { reason } => {
                if self.is_due() {
                    tell(&format!("waiting for the server: {reason}\n"));
                }
            }
            Event::WaitingForRunner { holder, left } => {
                if self.is_due() {
                    let who = holder.map_or_else(String::new, |holder| {
                        format!(
                            " (pid {}, user {}, application {:?}, from {}, since {})",
                            holder.pid, holder.user, holder.application, holder.client, holder.since
                        )
                    });
                    tell(&format!(
                        "waiting for another runner{who}, at most {} s more\n",
                        left.as_secs()
                    ));
                }
            }
            Event::WaitingForProof => {
                tell(
                    "waiting for another proof on this server: one of the two makes roles, which both would see\n",
                );
            }
            Event::WaitingForTable {
                stem,
                attempt,
                blockers,
                left,
            } => {
                tell(&format!(
                    "{stem}: a table is busy (attempt {attempt}); trying again for at most {} s more\n",
                    left.as_secs()
                ));
                for blocker in blockers {
                    tell(&format!("  {blocker}\n"));
                }
            }
            Event::StepStarted {
                number,
                of,
                stem,
                back,
            } => {
                let verb = if back { "rolling back" } else { "applying" };
                tell(&format!("{verb} {stem} ({number} of {of})\n"));
            }
            Event::RehearsalStarted { number, of, stem } => {
                tell(&format!("rehearsing {stem} ({number} of {of})\n"));
            }
            Event::StatementStarted {
                stem,
                number,
                of,
                tag,
            } => tell(&format!("{stem}: statement {number} of {of}, {tag}\n")),
            Event::StepDone { stem, back, elapsed } => {
                let verb = if back { "rolled back" } else { "applied" };
                tell(&format!(
                    "{verb} {stem} in {:.0} ms\n",
                    elapsed.as_secs_f64() * 1000.0
                ));
            }
            Event::StepFailed {
                stem, stays: true, ..
            } => tell(&format!("{stem} failed: what was done of it stays\n")),
            Event::StepFailed {
                stem, back: false, ..
            } => tell(&format!("{stem} failed and was rolled back\n")),
            Event::StepFailed { stem, back: true, .. } => {
                tell(&format!("the rollback of {stem} failed: it is still applied\n"));
            }
            Event::Probing { database } => tell(&format!(
                "probes write to database {database} and are rolled back\n"
            )),
            // otherwise the report says so
            Event::Moved { sequences } if self.quiet => tell(&format!("{sequences}\n")),
            Event::Moved { .. } => {}
            Event::ProofStarted { number, of, stem } => tell(&format!("proving {stem} ({number} of {of})\n")),
            Event::Notice { severity, message } => {
                if self.verbose || severity == "WARNING" {
                    tell(&format!("{}: {message}\n", severity.to_lowercase()));
                }
            }
        }
    }

    fn is_due(&self) -> bool {
        let Ok(mut told) = self.told.lock() else {
            return false;
        };
        let due = told.is_none_or(|at| at.elapsed() >= REMINDER);
        if due {
            *told = Some(Instant::now());
        }
        due
    }
}
