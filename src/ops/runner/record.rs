//! What is written about a step, and what becomes of it: COMMIT, and the doubt when its answer does not come.

use std::time::{Duration, Instant};

use super::messages::push_record;
use super::{Outcome, Runner, millis, now};
use crate::db::batch::{Batch, Failure, Stage};
use crate::db::error::Error as DbError;
use crate::db::history::{self as tables, JournalRow, Reading};
use crate::db::plans::{self, Plans};
use crate::diagnostic::Diagnostic;
use crate::history::{Applied, Repeated};
use crate::migration::{Leaves, Width, sha256};
use crate::ops::Error;
use crate::ops::context::Event;
use crate::plan::{Direction, Step};
use crate::report::ExitCode;
use crate::report::model::{MigrationReport, MigrationState};

/// A step whose checks passed, and whose COMMIT travels with what comes next.
pub(in crate::ops) struct Finished<'p> {
    pub step: Step<'p>,
    /// Those that ran before it in the same transaction.
    pub earlier: Vec<Finished<'p>>,
    pub record: Vec<String>,
    /// What its script may have left in the session.
    pub leaves: Leaves,
    pub report: MigrationReport,
    /// Whether what it made is known by its names alone; its details are read at the end of the run.
    pub is_by_names: bool,
    pub started: Instant,
    /// Until its checks had passed; COMMIT comes on top.
    pub elapsed: Duration,
}

impl Runner<'_> {
    /// The statements that record a step; the checksum is that of [`checksum`](Runner::checksum).
    pub(in crate::ops) fn record(
        &self,
        step: &Step<'_>,
        checksum: u64,
        report: &MigrationReport,
        verdict: &'static str,
        elapsed: Duration,
    ) -> Vec<String> {
        let history = &self.reading.history;
        let verdict = match step.direction {
            Direction::Up => Some(verdict),
            Direction::Down => None,
        };
        let row = self.journal_row(step, "done", verdict, elapsed, report, None);
        let is_planned = step.direction == Direction::Up && !step.migration.is_repeatable();
        if let (Plans::Made(number), true) = (self.session.plans, is_planned) {
            return vec![plans::record_call(number, &now(), checksum, &row)];
        }
        let row = tables::append_journal_sql(history, &row);
        self.history_entry(step, checksum)
            .into_iter()
            .chain([row])
            .collect()
    }

    /// The statement that brings the history table up to date with a step; refinery knows of no repeatable ones.
    pub(in crate::ops) fn history_entry(&self, step: &Step<'_>, checksum: u64) -> Option<String> {
        let (history, migration) = (&self.reading.history, step.migration);
        match step.direction {
            _ if migration.is_repeatable() => None,
            Direction::Up => Some(tables::insert_history_sql(
                history,
                migration.version,
                &migration.name,
                &now(),
                checksum,
            )),
            Direction::Down => Some(tables::delete_history_sql(history, migration.version)),
        }
    }

    /// The checksum that the history has of a migration.
    pub(in crate::ops) fn checksum(&self, step: &Step<'_>) -> u64 {
        let width = self.reading.history.width.unwrap_or(self.width);
        step.migration.checksum(width).unwrap_or_default()
    }

    pub(in crate::ops) fn journal_row<'r>(
        &'r self,
        step: &Step<'r>,
        outcome: &'static str,
        verdict: Option<&'static str>,
        elapsed: Duration,
        report: &MigrationReport,
        message: Option<String>,
    ) -> JournalRow<'r> {
        JournalRow {
            run: &self.run,
            action: action(step),
            version: step.migration.version,
            name: &step.migration.name,
            outcome,
            verdict,
            duration_ms: millis(elapsed),
            sha256: sha256(step.script.file.text()),
            artifacts: report.artifacts.to_json(),
            message,
            client: &self.context.client,
        }
    }

    /// COMMIT of a step in a message of its own; `None` when it went through.
    pub(in crate::ops) async fn finish(
        &mut self,
        finished: Option<Finished<'_>>,
    ) -> Result<Option<Outcome>, Error> {
        let Some(last) = finished else { return Ok(None) };
        let mut batch = Batch::new();
        push_record(&mut batch, &last);
        self.session.forget(&mut batch, &last.leaves);
        batch.one(Stage::Commit, "COMMIT");
        let reply = batch.run(self.session.client()).await;
        self.context.pass_notices(&mut self.session);
        match reply {
            Ok(_) => {
                self.committed(Some(last));
                Ok(None)
            }
            Err(failure) => self.commit_failed(Some(last), failure).await.map(Some),
        }
    }

    /// A step is committed: remember it.
    pub(super) fn committed(&mut self, finished: Option<Finished<'_>>) {
        let Some(mut finished) = finished else { return };
        for earlier in std::mem::take(&mut finished.earlier) {
            self.committed(Some(earlier));
        }
        self.held.clear();
        self.session.has_committed();
        let back = finished.step.direction == Direction::Down;
        note(&mut self.reading, finished.step, self.width);
        self.has_written = true;
        let mut report = finished.report;
        report.state = if back {
            MigrationState::RolledBack
        } else {
            MigrationState::Applied
        };
        if finished.is_by_names {
            self.deferred.push(self.migrations.len());
        }
        self.migrations.push(report);
        (self.context.events)(Event::StepDone {
            stem: finished.step.migration.stem(),
            back,
            elapsed: finished.elapsed,
        });
    }

    /// COMMIT itself failed, or no answer came: then the database is asked, never guessed at.
    pub(super) async fn commit_failed(
        &mut self,
        finished: Option<Finished<'_>>,
        failure: Failure,
    ) -> Result<Outcome, Error> {
        let Some(finished) = finished else {
            return Err(Error::database("writing the history", failure));
        };
        let stem = finished.step.migration.stem();
        let (exit, diagnostic) = match &failure.error {
            DbError::Server(error) => {
                self.session.rollback().await;
                let diagnostic = Diagnostic::error(format!("COMMIT of {stem} failed: {}", error.message));
                (
                    ExitCode::ScriptFailed,
                    error
                        .describe(diagnostic)
                        .fact("state", self.state_after_failure(&finished.step)),
                )
            }
            other => {
                let lost = format!("the connection was lost at COMMIT of {stem}: {other}");
                match self.came_through(&finished.step).await {
                    Some(true) => {
                        self.diagnostics.push(
                            Diagnostic::warning(lost)
                                .fact("state", format!("looked up: {stem} was committed")),
                        );
                        let reading = self.reading.clone();
                        self.committed(Some(finished));
                        self.reread(reading);
                        // go on with the new connection, from what is true now
                        return Ok(Outcome::HistoryChanged);
                    }
                    Some(false) => (
                        ExitCode::Unreachable,
                        Diagnostic::error(lost)
                            .fact(
                                "state",
                                format!("looked up: {stem} was not committed, nothing of it remains"),
                            )
                            .help("run the command again"),
                    ),
                    None => (
                        ExitCode::Unreachable,
                        Diagnostic::error(lost)
                            .fact(
                                "state",
                                "in doubt: either all of it is in the database or nothing",
                            )
                            .help("run `pgplumb status` when the server can be reached: the history knows"),
                    ),
                }
            }
        };
        self.fail(
            finished.step,
            diagnostic,
            exit,
            Some(finished.report),
            finished.started,
        )
        .await;
        Ok(Outcome::Stopped(exit))
    }

    /// Whether a step whose COMMIT was under way is in the history; `None` when the server cannot be reached, or the COMMIT
    /// is still under way.
    async fn came_through(&mut self, step: &Step<'_>) -> Option<bool> {
        let settings = self.session.settings.clone();
        let (mut session, reading) = self.context.open_with_history().await.ok()?;
        session.settings = settings;
        self.session = session;
        self.reading = reading;
        let since = Instant::now();
        while !self.is_in_history(step) {
            // the session that was lost holds the lock until its COMMIT is seen, or is not to come
            let is_free = self.session.is_lock_free().await?;
            self.reading = self.context.load_history(&mut self.session).await.ok()?;
            if is_free {
                break;
            }
            self.wait_for_runner(since).await.ok()?;
        }
        Some(self.is_in_history(step))
    }

    /// Whether the history is as it is behind a step.
    fn is_in_history(&self, step: &Step<'_>) -> bool {
        self.reading.history.has(step.migration) == (step.direction == Direction::Up)
    }
}

/// The journal's word for what a step does.
pub(in crate::ops) fn action(step: &Step<'_>) -> &'static str {
    match step.direction {
        Direction::Up if step.migration.is_repeatable() => tables::REPEAT,
        Direction::Up => "apply",
        Direction::Down => "rollback",
    }
}

/// Brings a reading up to date with a step that was committed.
pub(in crate::ops) fn note(reading: &mut Reading, step: Step<'_>, width: Width) {
    let history = &mut reading.history;
    let version = step.migration.version;
    history.width.get_or_insert(width);
    history.has_journal = true;
    let applied = Applied {
        version,
        name: step.migration.name.clone(),
        applied_on: String::new(),
        checksum: String::new(),
    };
    match step.direction {
        Direction::Down => history.applied.retain(|applied| applied.version != version),
        Direction::Up if version.is_repeatable() => {
            history
                .repeated
                .retain(|repeated| repeated.applied.name != applied.name);
            let applied = Applied {
                checksum: step.migration.sha256(),
                ..applied
            };
            history.repeated.push(Repeated {
                applied,
                is_stale: false,
            });
        }
        Direction::Up => {
            let at = history
                .applied
                .partition_point(|applied| applied.version < version);
            history.applied.insert(at, applied);
        }
    }
}
