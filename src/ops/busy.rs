//! Probes that met a busy table or were interrupted: who held it, and how the run goes on or ends.

use std::collections::BTreeSet;
use std::time::Instant;

use super::Error;
use super::context::Event;
use super::judge::moved;
use super::runner::{Outcome, Runner};
use crate::check::{self, Probe, Suite};
use crate::db::probe::Cut;
use crate::db::session::{self, Blocker, Session};
use crate::diagnostic::{Diagnostic, Severity};
use crate::plan::{Direction, Step};
use crate::report::ExitCode;
use crate::source::SourceFile;
use crate::sql::Script;
use crate::sql::require::{Need, needs};

/// A statement of a probe waited for a table as long as `lock_timeout` lets it.
#[derive(Debug)]
pub struct Busy {
    /// The server's words.
    message: String,
    /// Who holds a lock on a table that the probes or their suites name.
    pub blockers: Vec<Blocker>,
    /// What a rollback does not take back.
    pub note: Option<Diagnostic>,
}

impl Busy {
    /// Rolls back, and looks up who holds what the probes and their suites name.
    pub async fn look_up(session: &Session, suites: &[&Suite], probes: &[&Probe], cut: &Cut) -> Busy {
        session.rollback().await;
        let mut relations = check::scope(suites).named_relations();
        relations.extend(probes.iter().flat_map(|probe| relations_of(probe)));
        Busy {
            message: cut.failure.error.to_string(),
            blockers: session.blockers(&relations).await,
            note: moved(&cut.sequences),
        }
    }

    /// What the user reads; `who` met the table.
    pub fn diagnostic(&self, who: &str, state: &str) -> Diagnostic {
        let diagnostic = Diagnostic::error(format!("{who} met a busy table: {}", self.message));
        let diagnostic = diagnostic.fact("state", state);
        let blockers = self.blockers.iter();
        blockers
            .fold(diagnostic, |diagnostic, blocker| {
                diagnostic.fact("blocked by", blocker.to_string())
            })
            .help("run the command again when the table is free, or leave the probes out with --no-probes")
    }
}

/// The same error, and where a table was waited for in vain who holds one of these.
pub async fn with_holders(session: &Session, error: Error, relations: &BTreeSet<(String, String)>) -> Error {
    let Error::Database { failure, .. } = &error else {
        return error;
    };
    if !session::is_lock_timeout(failure) {
        return error;
    }
    session.rollback().await;
    let blockers = session.blockers(relations).await;
    let Some(diagnostic) = error.into_diagnostics().pop() else {
        unreachable!("a failed conversation has a message")
    };
    let named = blockers.iter().fold(diagnostic, |diagnostic, blocker| {
        diagnostic.fact("blocked by", blocker.to_string())
    });
    Error::Locked(Box::new(named))
}

/// The relations that the statements of a probe name, wherever bare names may lead.
fn relations_of(probe: &Probe) -> BTreeSet<(String, String)> {
    let given = probe.steps.iter().filter_map(|step| step.given.as_ref());
    let prepared = probe.shared.iter().chain(given).map(|given| &given.sql);
    let run = probe.steps.iter().map(|step| &step.run);
    let mut relations = BTreeSet::new();
    for sql in prepared.chain(run) {
        let script = Script::parse(&SourceFile::new("", sql.as_str()));
        let needed = script
            .statements
            .iter()
            .flat_map(|statement| needs(&script, statement).requirements);
        for requirement in needed {
            let Need::Relation(name) = requirement.need else {
                continue;
            };
            match name.schema {
                Some(schema) => {
                    relations.insert((schema, name.name));
                }
                None => {
                    for schema in [probe.schema.as_str(), "public"] {
                        relations.insert((schema.to_string(), name.name.clone()));
                    }
                }
            }
        }
    }
    relations
}

impl Runner<'_> {
    /// The probes of a step gave up on a busy table: nothing of the step stays, and the journal says so.
    pub(super) async fn probe_gave_up(&mut self, step: Step<'_>, busy: Busy, since: Instant) -> Outcome {
        let stem = step.migration.stem();
        let state = self.state_after_failure(&step);
        let diagnostic = busy
            .diagnostic(&format!("a probe of {stem}"), &state)
            .in_file(step.script.file.path());
        self.fail(step, diagnostic, ExitCode::LockTimeout, None, since)
            .await;
        self.diagnostics.extend(busy.note);
        (self.context.events)(Event::StepFailed {
            stem,
            back: step.direction == Direction::Down,
            stays: !step.script.is_transactional(),
        });
        Outcome::Stopped(ExitCode::LockTimeout)
    }

    /// The user interrupted while the probes of a step ran: the step is told as interrupted, and of what was said of the
    /// probes the notes remain.
    pub(super) async fn probes_interrupted(&mut self, step: Step<'_>, said: Vec<Diagnostic>) -> Error {
        let notes = said
            .into_iter()
            .filter(|diagnostic| diagnostic.severity == Severity::Note);
        self.diagnostics.extend(notes);
        self.interrupted(step, None, None).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Prepare, Step};

    #[test]
    fn the_tables_of_every_statement_are_looked_at() {
        let given = |sql: &str| Prepare {
            sql: sql.to_string(),
            at: 0,
        };
        let probe = Probe {
            schema: "shop".to_string(),
            shared: vec![given("insert into a values (1); update other.b set x = 1")],
            steps: vec![Step {
                given: Some(given("delete from \"C d\"")),
                role: None,
                settings: Vec::new(),
                run: "select count(*) from e join f using (id)".to_string(),
                is_to_fail: false,
            }],
        };
        let names: Vec<String> = relations_of(&probe)
            .into_iter()
            .map(|(schema, name)| format!("{schema}.{name}"))
            .collect();
        let expected = [
            "other.b",
            "public.C d",
            "public.a",
            "public.e",
            "public.f",
            "shop.C d",
            "shop.a",
            "shop.e",
            "shop.f",
        ];
        assert_eq!(names, expected);
    }
}
