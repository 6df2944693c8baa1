//! What happens while a verb works, as plain lines on stderr; on a terminal with a line below them that says what a long
//! statement is doing, and goes with it.

use std::io::{self, IsTerminal};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::output::tell;
use crate::diagnostic;
use crate::ops::{Event, Working};
use crate::redact::redact;

/// How often one is told that a wait goes on.
const REMINDER: Duration = Duration::from_secs(5);

/// Shows events; `quiet` shows none, but for the word that something is written, and what stays of it.
pub struct Progress {
    quiet: bool,
    verbose: bool,
    /// When a wait was last told of.
    told: Mutex<Option<Instant>>,
    /// The line that changes in place; `None` where nobody sees it.
    live: Option<ProgressBar>,
}

impl Progress {
    pub fn new(quiet: bool, verbose: bool) -> Progress {
        Progress {
            quiet,
            verbose,
            told: Mutex::new(None),
            live: (!quiet && io::stderr().is_terminal()).then(live),
        }
    }

    /// Whether it can show what is going on within a statement.
    pub fn is_live(&self) -> bool {
        self.live.is_some()
    }

    /// Takes one event.
    pub fn show(&self, event: Event) {
        if self.quiet && !matches!(event, Event::Probing { .. } | Event::Moved { .. }) {
            return;
        }
        if let Event::Working(working) = &event {
            self.show_live(working);
            return;
        }
        if let Some(live) = &self.live {
            live.finish_and_clear();
        }
        match event {
            // shown above
            Event::Working(_) => {}
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
            Event::Planned { account } => {
                for line in account {
                    tell(&diagnostic::render(&line));
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

    /// One line that is drawn over itself until the next event.
    fn show_live(&self, working: &Working) {
        let Some(live) = &self.live else { return };
        let line = redact(&live_line(working));
        if live.is_finished() {
            // nothing is drawn until there is something to say
            live.set_message(line);
            live.reset();
        } else {
            live.set_message(line);
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

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(live) = &self.live {
            live.finish_and_clear();
        }
    }
}

/// A line of the terminal's width.
fn live() -> ProgressBar {
    let style = ProgressStyle::with_template("  {wide_msg}");
    ProgressBar::no_length().with_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()))
}

/// `0024_sync: statement 3 of 17, CREATE INDEX, 12 s: index of public.orders, building index: scanning table 45 %`.
fn live_line(working: &Working) -> String {
    let mut line = format!("{}: ", working.stem);
    if let Some((number, of, tag)) = &working.statement {
        line.push_str(&format!("statement {number} of {of}, {tag}, "));
    }
    line.push_str(&format!("{} s", working.elapsed.as_secs()));
    if let Some(build) = &working.build {
        let percent = build
            .percent()
            .map_or_else(String::new, |percent| format!(" {percent} %"));
        let table = build
            .table
            .as_ref()
            .map_or_else(String::new, |table| format!(" of {table}"));
        line.push_str(&format!(": index{table}, {}{percent}", build.phase));
    }
    if let Some(waits) = &working.waits {
        line.push_str(&format!(": waiting for {waits}"));
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::watch::Build;

    #[test]
    fn the_line_says_what_is_known() {
        let working = Working {
            stem: "0024_sync".into(),
            statement: None,
            elapsed: Duration::from_millis(12_900),
            waits: None,
            build: None,
        };
        assert_eq!(live_line(&working), "0024_sync: 12 s");
        let working = Working {
            statement: Some((3, 17, "CREATE INDEX".into())),
            build: Some(Build {
                table: Some("public.orders".into()),
                phase: "building index: scanning table".into(),
                done: 9,
                total: 20,
            }),
            ..working
        };
        assert_eq!(
            live_line(&working),
            "0024_sync: statement 3 of 17, CREATE INDEX, 12 s: index of public.orders, building index: scanning table 45 %"
        );
        let working = Working {
            waits: Some("a lock on public.orders: pid 7".into()),
            build: None,
            ..working
        };
        assert_eq!(
            live_line(&working),
            "0024_sync: statement 3 of 17, CREATE INDEX, 12 s: waiting for a lock on public.orders: pid 7"
        );
    }
}
