//! How a step ends that cannot be committed: what the user reads, and what the journal keeps of it.

use std::time::Instant;

use super::{Finished, Outcome, Runner, millis};
use crate::db::batch::{Batch, Failure, Reply, Stage};
use crate::db::constraints;
use crate::db::error::Error as DbError;
use crate::db::history as tables;
use crate::db::session::{self, Blocker};
use crate::diagnostic::Diagnostic;
use crate::history::Applied;
use crate::ops::Error;
use crate::ops::context::Event;
use crate::ops::error::READ_ONLY;
use crate::plan::{Direction, Step};
use crate::report::ExitCode;
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Totals};

impl Runner<'_> {
    /// The script, or what fires behind it, failed.
    pub(super) async fn script_failed(
        &mut self,
        step: Step<'_>,
        failure: Failure,
        blockers: &[Blocker],
        started: Instant,
    ) -> Outcome {
        self.session.rollback().await;
        let stem = step.migration.stem();
        let exit = match &failure.error {
            DbError::Lost(_) => ExitCode::Unreachable,
            _ if session::is_lock_timeout(&failure) => ExitCode::LockTimeout,
            _ => ExitCode::ScriptFailed,
        };
        let mut diagnostic = self.explain(&step, &failure, self.state_after_failure(&step));
        for blocker in blockers {
            diagnostic = diagnostic.fact("blocked by", blocker.to_string());
        }
        self.fail(step, diagnostic, exit, None, started).await;
        (self.context.events)(Event::StepFailed {
            stem,
            back: step.direction == Direction::Down,
            stays: !step.script.is_transactional(),
        });
        Outcome::Stopped(exit)
    }

    /// The checks of a step did not pass: nothing of it stays.
    pub(in crate::ops) async fn not_approved(
        &mut self,
        step: Step<'_>,
        report: MigrationReport,
        totals: Totals,
        started: Instant,
    ) -> Outcome {
        self.session.rollback().await;
        let stem = step.migration.stem();
        let count = totals.fail + totals.blocked + if self.strict { totals.warn } else { 0 };
        let noun = if count == 1 { "check" } else { "checks" };
        let diagnostic = Diagnostic::error(format!("{stem} did not meet {count} {noun} of its own suite"))
            .in_file(step.migration.up.file.path())
            .fact("state", self.state_after_failure(&step))
            .help("correct the script or the check file, and run apply again");
        let report = MigrationReport {
            artifacts: Artifacts::default(),
            ..report
        };
        self.fail(step, diagnostic, ExitCode::NotApproved, Some(report), started)
            .await;
        (self.context.events)(Event::StepFailed {
            stem,
            back: step.direction == Direction::Down,
            stays: !step.script.is_transactional(),
        });
        Outcome::Stopped(ExitCode::NotApproved)
    }

    /// Reports a failed step, and appends it to the journal as far as the connection allows.
    pub(in crate::ops) async fn fail(
        &mut self,
        step: Step<'_>,
        diagnostic: Diagnostic,
        exit: ExitCode,
        report: Option<MigrationReport>,
        started: Instant,
    ) {
        let mut report = report.unwrap_or_else(|| self.describe(&step, MigrationState::Failed));
        report.state = MigrationState::Failed;
        report.duration_ms = Some(millis(started.elapsed()));
        report.error = Some(diagnostic.message.clone());
        let verdict = (exit == ExitCode::NotApproved).then_some("not_approved");
        let message = Some(diagnostic.message.clone());
        let row = self.journal_row(&step, "failed", verdict, started.elapsed(), &report, message);
        let insert = tables::append_journal_sql(&self.reading.history, &row);
        let create = tables::ensure_journal_sql(&self.reading.history);
        let mut batch = Batch::new();
        self.session.begin(&mut batch, "", &self.session.settings);
        self.session.as_own_user(&mut batch);
        batch
            .one(Stage::Record, &create)
            .one(Stage::Record, &insert)
            .one(Stage::Commit, "COMMIT");
        if let Err(failure) = batch.run(self.session.client()).await {
            self.session.rollback().await;
            tracing::warn!(
                "the failed attempt could not be written to the journal: {}",
                failure.error
            );
        }
        self.migrations.push(report);
        self.diagnostics.push(diagnostic);
    }

    /// What stands in the message about a failed script.
    pub(in crate::ops) fn explain(&self, step: &Step<'_>, failure: &Failure, state: String) -> Diagnostic {
        let stem = step.migration.stem();
        let mut diagnostic = match &failure.error {
            DbError::Server(error) => {
                let head = match failure.stage {
                    Stage::Script => error.message.clone(),
                    Stage::Settle => format!("a deferred constraint failed: {}", error.message),
                    _ => format!("{stem}: {}", error.message),
                };
                constraints::without_ours(error).describe(Diagnostic::error(head))
            }
            DbError::Lost(_) => Diagnostic::error(format!("{stem}: {}", failure.error))
                .help("run the command again when the server can be reached: it goes on from what is there"),
            other => Diagnostic::error(format!("{stem}: {other}")),
        };
        diagnostic = match &failure.place {
            Some(place) => diagnostic.at_place(place.clone()),
            None => diagnostic.in_file(step.script.file.path()),
        };
        diagnostic = diagnostic.fact("state", state);
        if failure.server().is_some_and(|error| error.sqlstate == "25006") {
            diagnostic = diagnostic.help(READ_ONLY);
        }
        if session::is_lock_timeout(failure) {
            diagnostic = diagnostic.help(
                "try again when the table is free, or allow a longer wait with `-- pgplumb: lock-timeout 30s`",
            );
        }
        diagnostic
    }

    /// One sentence on where the database stands now.
    pub(in crate::ops) fn state_after_failure(&self, step: &Step<'_>) -> String {
        if !step.script.is_transactional() {
            return format!(
                "the statements of {} are done and stay, for it runs outside a transaction; its row in the history \
                 is not written",
                step.migration.stem()
            );
        }
        if step.direction == Direction::Down {
            return format!(
                "the transaction was rolled back: {} is still applied, and nothing of it was taken back",
                step.migration.stem()
            );
        }
        let with = match self.held.len() {
            0 => String::new(),
            1 => " and of the one before it".to_string(),
            count => format!(" and of the {count} before it"),
        };
        let newest = self.reading.history.applied.last();
        let at = match newest {
            Some(newest) => format!(
                "the newest applied migration is {}_{}",
                self.label(newest),
                newest.name
            ),
            None => "no migration is applied".to_string(),
        };
        format!(
            "the transaction of {}{with} was rolled back and nothing of it remains; {at}",
            step.migration.stem()
        )
    }

    /// The version as the file spells it.
    fn label(&self, applied: &Applied) -> String {
        let migration = self.context.project.set.get(applied.version);
        migration.map_or_else(
            || applied.version.to_string(),
            |migration| migration.label.clone(),
        )
    }

    /// The interruption: what became of the step before, whose COMMIT travelled with this one, is in the answer
    /// to the first message.
    pub(in crate::ops) async fn interrupted(
        &mut self,
        step: Step<'_>,
        finished: Option<Finished<'_>>,
        first: Option<Result<Reply, Failure>>,
    ) -> Error {
        let started = Instant::now();
        let mut doubt = None;
        match first {
            None => doubt = finished.map(|finished| finished.step.migration.stem()),
            Some(Err(failure)) if matches!(failure.stage, Stage::Commit | Stage::Record) => {
                let _ = self.commit_failed(finished, failure).await;
            }
            Some(_) => self.committed(finished),
        }
        self.session.rollback().await;
        let mut diagnostic = Diagnostic::error(format!("interrupted while {} ran", step.migration.stem()))
            .fact("state", self.state_after_failure(&step))
            .help("run the command again to go on from here");
        if let Some(stem) = doubt {
            diagnostic = diagnostic.fact(
                "in doubt",
                format!("COMMIT of {stem} was under way; `pgplumb status` tells whether it came through"),
            );
        }
        self.fail(step, diagnostic, ExitCode::Interrupted, None, started)
            .await;
        Error::Interrupted(vec![])
    }
}
