//! What the catalog says of a statement outside a transaction whose end nobody wrote down: done, not begun, or half done.

use std::time::{Duration, Instant};

use super::{Outcome, Runner, state};
use crate::db::detached::{DetachState, IndexName, IndexState};
use crate::diagnostic::Diagnostic;
use crate::ops::Error;
use crate::plan::Step;
use crate::report::ExitCode;
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
enum Subject<'s> {
    /// It makes the index (`true`) or drops it.
    Index(IndexName<'s>, bool),
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
        statement: &Statement,
        since: Instant,
    ) -> Result<Settled, Error> {
        match subject(statement) {
            None => Ok(Settled::ToRun),
            Some(Subject::Index(index, creates)) => self.settle_index(step, index, creates, since).await,
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
                    self.wait_for_build(step, index, pid, since).await?;
                    continue;
                }
            });
        }
    }

    /// Waits a little for a build that another session has under way.
    async fn wait_for_build(
        &self,
        step: &Step<'_>,
        index: IndexName<'_>,
        pid: i32,
        since: Instant,
    ) -> Result<(), Error> {
        let left = self.lock_wait.saturating_sub(since.elapsed());
        if left.is_zero() {
            return Err(Error::Locked(Box::new(
                Diagnostic::error(format!(
                    "index {} is still being built by pid {pid}",
                    shown(index)
                ))
                .in_file(step.script.file.path())
                .help("run the command again when it is done, or allow more time with --lock-wait"),
            )));
        }
        tokio::select! {
            () = tokio::time::sleep(left.min(Duration::from_millis(250))) => Ok(()),
            () = self.context.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error(format!("interrupted while waiting for pid {pid} to build {}", shown(index)))
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
    pub(super) async fn leftover(&self, statement: &Statement) -> Option<Leftover> {
        match subject(statement)? {
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

fn subject(statement: &Statement) -> Option<Subject<'_>> {
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
