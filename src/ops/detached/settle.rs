//! What the catalog says of a statement outside a transaction whose end nobody wrote down: done, not begun, or half done.

use std::time::{Duration, Instant};

use super::{Outcome, Runner, state};
use crate::db::batch::Failure;
use crate::db::detached::{DetachState, IndexName, IndexState, Known};
use crate::diagnostic::Diagnostic;
use crate::ops::Error;
use crate::plan::Step;
use crate::report::ExitCode;
use crate::sql::fragment::{Index, index_definition, unnamed_index};
use crate::sql::name::quote_ident;
use crate::sql::{Action, Name, ObjectKind, Statement};

/// What the catalog says of a statement that was begun and never written down.
pub(super) enum Settled {
    Done,
    ToRun,
    HalfDone(Leftover),
}

/// What a statement leaves that did not come to its end.
pub(super) enum Leftover {
    /// An INVALID index.
    Index(String),
    /// A partition that is pending to be detached, and its parent.
    Partition(String, String),
}

impl Leftover {
    /// How it stands.
    pub(super) fn state(&self) -> String {
        match self {
            Leftover::Index(index) => format!("index {index} is INVALID"),
            Leftover::Partition(partition, parent) => {
                format!("partition {partition} of {parent} is pending to be detached")
            }
        }
    }

    /// What `repair` does about it.
    pub(super) const fn remedy(&self) -> &'static str {
        match self {
            Leftover::Index(_) => "rebuild the index",
            Leftover::Partition(..) => "finish detaching the partition",
        }
    }
}

/// What a statement outside a transaction makes or takes away, where the catalog tells how far it came.
pub(super) enum Subject<'s> {
    /// It makes the index (`true`) or drops it.
    Index(IndexName<'s>, bool),
    /// It makes one whose name the server chooses: it is not among those that were known before.
    Unnamed {
        table: Name,
        definition: Box<Index>,
        known: &'s Known,
    },
    Detach {
        parent: &'s Name,
        partition: &'s Name,
    },
}

impl Runner<'_> {
    /// What the catalog says of a statement that was begun.
    pub(super) async fn settle(
        &mut self,
        step: &Step<'_>,
        subject: Option<Subject<'_>>,
        since: Instant,
    ) -> Result<Settled, Error> {
        match subject {
            None => Ok(Settled::ToRun),
            Some(Subject::Index(index, creates)) => self.settle_index(step, index, creates, since).await,
            Some(Subject::Unnamed {
                table,
                definition,
                known,
            }) => self.settle_unnamed(step, &table, &definition, known, since).await,
            // whoever detaches it still holds the runner's lock: nobody else is at work here
            Some(Subject::Detach { parent, partition }) => {
                let state = self.session.detach_state(parent, partition).await;
                let state = state.map_err(|failure| Error::database("looking at a partition", failure))?;
                Ok(match state {
                    DetachState::Detached => Settled::Done,
                    // the server says what is not there
                    DetachState::Attached | DetachState::Absent => Settled::ToRun,
                    DetachState::Pending => {
                        Settled::HalfDone(Leftover::Partition(partition.to_string(), parent.to_string()))
                    }
                })
            }
        }
    }

    async fn settle_index(
        &mut self,
        step: &Step<'_>,
        index: IndexName<'_>,
        creates: bool,
        since: Instant,
    ) -> Result<Settled, Error> {
        loop {
            let state = self.index_state(index).await?;
            return Ok(match (state, creates) {
                (IndexState::Valid, true) | (IndexState::Absent, false) => Settled::Done,
                (IndexState::Absent, true) | (IndexState::Valid | IndexState::Invalid, false) => {
                    Settled::ToRun
                }
                (IndexState::Invalid, true) => Settled::HalfDone(Leftover::Index(shown(index))),
                (IndexState::Building(pid), _) => {
                    self.wait_for_build(step, &shown(index), pid, since).await?;
                    continue;
                }
            });
        }
    }

    async fn settle_unnamed(
        &mut self,
        step: &Step<'_>,
        table: &Name,
        definition: &Index,
        known: &Known,
        since: Instant,
    ) -> Result<Settled, Error> {
        loop {
            let made = self.made(table, definition, known).await;
            let made =
                made.map_err(|failure| Error::database("looking at the indexes of a table", failure))?;
            let Some((name, state)) = made else {
                return Ok(Settled::ToRun);
            };
            match state {
                IndexState::Valid => return Ok(Settled::Done),
                IndexState::Building(pid) => self.wait_for_build(step, &name, pid, since).await?,
                IndexState::Invalid | IndexState::Absent => {
                    return Ok(Settled::HalfDone(Leftover::Index(name)));
                }
            }
        }
    }

    /// The new index of a table that may be the one of that definition, one that is valid before the others.
    async fn made(
        &self,
        table: &Name,
        definition: &Index,
        known: &Known,
    ) -> Result<Option<(String, IndexState)>, Failure> {
        let mut found = self.session.new_indexes(table, known).await?;
        found
            .retain(|new| index_definition(&new.definition).is_ok_and(|printed| definition.may_be(&printed)));
        let valid = found.iter().position(|new| new.state == IndexState::Valid);
        let new = found.into_iter().nth(valid.unwrap_or(0));
        Ok(new.map(|new| (quote_ident(&new.name).to_string(), new.state)))
    }

    /// Waits a little for a build that another session has under way.
    async fn wait_for_build(
        &self,
        step: &Step<'_>,
        index: &str,
        pid: i32,
        since: Instant,
    ) -> Result<(), Error> {
        let left = self.lock_wait.saturating_sub(since.elapsed());
        if left.is_zero() {
            return Err(Error::Locked(Box::new(
                Diagnostic::error(format!("index {index} is still being built by pid {pid}"))
                    .in_file(step.script.file.path())
                    .help("run the command again when it is done, or allow more time with --lock-wait"),
            )));
        }
        tokio::select! {
            () = tokio::time::sleep(left.min(Duration::from_millis(250))) => Ok(()),
            () = self.context.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error(format!("interrupted while waiting for pid {pid} to build {index}"))
                    .fact("state", "nothing was run"),
            ])),
        }
    }

    async fn index_state(&self, index: IndexName<'_>) -> Result<IndexState, Error> {
        self.session
            .index_state(index)
            .await
            .map_err(|failure| Error::database("looking at an index", failure))
    }

    /// What a statement left half done, when it did.
    pub(super) async fn leftover(&self, step: &Step<'_>, statement: &Statement) -> Option<Leftover> {
        match subject(step, statement, self.known.as_ref())? {
            Subject::Unnamed {
                table,
                definition,
                known,
            } => {
                let (name, state) = self.made(&table, &definition, known).await.ok()??;
                (state == IndexState::Invalid).then_some(Leftover::Index(name))
            }
            Subject::Index(index, creates) => {
                let state = self.session.index_state(index).await.ok()?;
                (creates && state == IndexState::Invalid).then(|| Leftover::Index(shown(index)))
            }
            Subject::Detach { parent, partition } => {
                let state = self.session.detach_state(parent, partition).await.ok()?;
                (state == DetachState::Pending)
                    .then(|| Leftover::Partition(partition.to_string(), parent.to_string()))
            }
        }
    }

    /// An earlier run stopped within a statement, and what it left stands in the way.
    pub(super) async fn left_behind(
        &mut self,
        step: Step<'_>,
        index: usize,
        left: &Leftover,
        started: Instant,
    ) -> Outcome {
        let statement = &step.script.statements()[index];
        let why = match left {
            Leftover::Index(_) => "an earlier build of it did not end, and no query uses it",
            Leftover::Partition(..) => {
                "an earlier DETACH PARTITION CONCURRENTLY did not end, and the parent shows its rows no more"
            }
        };
        let verb = match left {
            Leftover::Index(_) => "rebuild it",
            Leftover::Partition(..) => "finish it",
        };
        let diagnostic = Diagnostic::error(format!("{}: {why}", left.state()))
            .at(&step.script.file, statement.span)
            .fact("state", state(&step, index))
            .help(format!(
                "{verb} with `pgplumb repair`, then run the command again"
            ));
        self.stop(step, diagnostic, ExitCode::ScriptFailed, started).await
    }
}

/// The table and the definition of the index that a statement makes and does not name.
pub(super) fn unnamed(step: &Step<'_>, statement: &Statement) -> Option<(Name, Index)> {
    let is_one = statement.outside_transaction.is_some() && statement.tag == "CREATE INDEX";
    is_one
        .then(|| unnamed_index(step.script.file.slice(statement.span)))
        .flatten()
}

pub(super) fn subject<'s>(
    step: &Step<'_>,
    statement: &'s Statement,
    known: Option<&'s Known>,
) -> Option<Subject<'s>> {
    if let (Some((table, definition)), Some(known)) = (unnamed(step, statement), known) {
        return Some(Subject::Unnamed {
            table,
            definition: Box::new(definition),
            known,
        });
    }
    statement.effects.iter().find_map(|effect| {
        let object = &effect.object;
        match (&effect.action, object.kind) {
            (Action::Detach { partition }, _) => Some(Subject::Detach {
                parent: &object.name,
                partition,
            }),
            (Action::Create { .. }, ObjectKind::Index) => {
                let table = object.on.as_ref()?;
                let index = &object.name.name;
                Some(Subject::Index(IndexName::Beside { table, index }, true))
            }
            (Action::Drop { .. }, ObjectKind::Index) => {
                Some(Subject::Index(IndexName::Itself(&object.name), false))
            }
            _ => None,
        }
    })
}

fn shown(index: IndexName<'_>) -> String {
    match index {
        IndexName::Beside { index, .. } => quote_ident(index),
        IndexName::Itself(name) => name.to_string(),
    }
}
