//! Runs a plan: each step is script, reading of the catalog, its checks, history and journal in one
//! transaction; COMMIT comes only after every check passed.
//!
//! A step costs one round trip, one more when the server must judge expressions: COMMIT of one step travels
//! with the beginning of the next in one message, and the script in a second one right behind it. The second
//! begins with a guard, so that it does nothing when the first failed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::context::{Context, Event};
use super::judge::{Judged, Place, judge};
use super::look::{Extent, Look, artifacts, scope_of};
use super::timeline::Clock;
use super::{Error, context, facts, probes};
use crate::catalog::{Catalog, Scope};
use crate::check::{self, Suite, Verdict};
use crate::db::batch::{Batch, Failure, Reply, Stage};
use crate::db::catalog as reading;
use crate::db::error::{Error as DbError, ServerError};
use crate::db::history::{self as tables, JournalRow, Reading};
use crate::db::session::{self, Blocker, Expectation, Newest, Session};
use crate::diagnostic::Diagnostic;
use crate::history::Applied;
use crate::isolation::Matrix;
use crate::migration::{Migration, Version, Width, sha256};
use crate::plan::{Direction, Plan, Step};
use crate::report::ExitCode;
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Totals};

/// How far a plan came.
#[derive(Debug)]
pub enum Outcome {
    /// Every step was committed.
    Done,
    /// Somebody else changed the history: plan again.
    HistoryChanged,
    /// A step failed; it was rolled back, those before it stay.
    Stopped(ExitCode),
}

/// What the steps of one run share.
pub struct Runner<'c> {
    pub context: &'c Context<'c>,
    pub session: Session,
    /// Kept up to date with what this run commits.
    pub reading: Reading,
    /// The suites of the migrations; the always-on ones are not judged here.
    pub suites: &'c [Suite],
    pub verify: bool,
    pub strict: bool,
    /// All steps share one transaction.
    pub single: bool,
    /// Versions whose steps ran in the transaction that is open, with those that follow.
    pub(super) held: Vec<Version>,
    pub lock_wait: Duration,
    /// Width of a history table that has to be created.
    pub width: Width,
    /// Names this run in the journal.
    pub(super) run: String,
    /// Whether the newest row of the journal is from this run.
    pub(super) has_written: bool,
    pub migrations: Vec<MigrationReport>,
    /// Lines of `migrations` that tell what was made by its names alone so far, with what has to be read.
    pub(super) deferred: Vec<(usize, Scope)>,
    pub checks: Vec<Verdict>,
    pub diagnostics: Vec<Diagnostic>,
    /// What came of isolation matrices.
    pub matrices: Vec<Arc<Matrix>>,
    /// The catalog before and behind each rollback, by version.
    pub rollbacks: BTreeMap<Version, (Catalog, Catalog)>,
    pub(super) clock: Clock,
}

/// A step whose checks passed, and whose COMMIT travels with what comes next.
pub(super) struct Finished<'p> {
    pub step: Step<'p>,
    /// Those that ran before it in the same transaction.
    pub earlier: Vec<Finished<'p>>,
    pub record: Vec<String>,
    pub report: MigrationReport,
    /// What has to be read for its details, when they are read at the end of the run.
    pub details: Option<Scope>,
    pub started: Instant,
    /// Until its checks had passed; COMMIT comes on top.
    pub elapsed: Duration,
}

impl<'c> Runner<'c> {
    pub fn new(
        context: &'c Context<'c>,
        session: Session,
        reading: Reading,
        suites: &'c [Suite],
        width: Width,
    ) -> Runner<'c> {
        let config = &context.project.config.settings;
        Runner {
            context,
            session,
            reading,
            suites,
            verify: true,
            strict: config.strict,
            single: false,
            held: Vec::new(),
            lock_wait: config.lock_wait.as_duration().unwrap_or_default(),
            width,
            run: run_name(),
            has_written: false,
            migrations: Vec::new(),
            deferred: Vec::new(),
            checks: Vec::new(),
            diagnostics: Vec::new(),
            matrices: Vec::new(),
            rollbacks: BTreeMap::new(),
            clock: Clock::default(),
        }
    }

    /// Runs the plan until it is done or a step fails.
    ///
    /// # Errors
    /// [`Error`] when the conversation with the server breaks outside a script, a lock is not obtained in time,
    /// or the user interrupts. What was committed before stays, and is in [`Runner::migrations`].
    pub async fn execute(&mut self, plan: &Plan<'_>) -> Result<Outcome, Error> {
        // asked now: later a transaction is open
        let gates = plan.steps.iter().filter_map(|step| self.suite(step));
        if gates.into_iter().any(Suite::has_probes) {
            let _ = probes::allowed(self.context);
        }
        let outcome = self.run(plan).await;
        self.read_details().await;
        outcome
    }

    async fn run(&mut self, plan: &Plan<'_>) -> Result<Outcome, Error> {
        self.held.clear();
        let mut looks = self.looks(plan);
        let mut finished: Option<Finished<'_>> = None;
        let mut waiting_since: Option<Instant> = None;
        let mut disturbances = 0;
        let mut busy_since: Option<Instant> = None;
        let mut busy = 0;
        let mut blockers;
        let mut announced = None;
        let mut index = 0;
        while index < plan.steps.len() {
            let step = plan.steps[index];
            if !step.script.is_transactional() {
                if let Some(stopped) = self.finish(finished.take()).await? {
                    return Ok(stopped);
                }
                if let Some(stopped) = self.run_detached(step, index + 1, plan.steps.len()).await? {
                    return Ok(stopped);
                }
                index += 1;
                continue;
            }
            let started = Instant::now();
            self.clock.start(&step.migration.label, started);
            let back = step.direction == Direction::Down;
            let look = &looks[index];
            let token = format!("{}/{}", self.run, index);
            let (first, second) = self.messages(&step, look, &token, finished.as_ref());
            let first = first.send(self.session.client()).await;
            let second = second.send(self.session.client()).await;
            let first = self.context.answer(&self.session, first.reply()).await;
            let is_commit_answered = match &first.answer {
                None => false,
                Some(Err(failure)) => !matches!(failure.stage, Stage::Commit | Stage::Record),
                Some(Ok(_)) => true,
            };
            if is_commit_answered && !self.single {
                self.committed(finished.take());
            }
            if is_commit_answered && announced.replace(index) != Some(index) {
                (self.context.events)(Event::StepStarted {
                    number: index + 1,
                    of: plan.steps.len(),
                    stem: step.migration.stem(),
                    back,
                });
            }
            let second = self.context.answer(&self.session, second.reply()).await;
            self.context.pass_notices(&mut self.session);
            if self.single && is_commit_answered && (first.interrupted || second.interrupted) {
                // there was no COMMIT: nothing is in doubt
                finished = None;
            }
            if first.interrupted || second.interrupted {
                return Err(self.interrupted(step, finished.take(), first.answer).await);
            }
            let (Some(first), Some(second)) = (first.answer, second.answer) else {
                return Err(self.interrupted(step, finished.take(), None).await);
            };
            let before = match first {
                Ok(reply) => {
                    waiting_since = None;
                    reply
                }
                Err(failure) if finished.is_some() && !is_commit_answered => {
                    return self.commit_failed(finished.take(), failure).await;
                }
                Err(failure) => {
                    self.session.rollback().await;
                    match failure.server().map(|error| error.sqlstate.as_str()) {
                        Some(session::SQLSTATE_HISTORY_CHANGED) => return Ok(Outcome::HistoryChanged),
                        Some(session::SQLSTATE_LOCKED) => {
                            let since = *waiting_since.get_or_insert_with(Instant::now);
                            self.wait_for_runner(since).await?;
                            continue;
                        }
                        Some(session::SQLSTATE_PRESENT) => {
                            // it may change what this run made
                            self.read_details().await;
                            looks[index].extent = Extent::Both;
                            index = self.again(index, &mut finished);
                            continue;
                        }
                        _ => {
                            let doing = format!("beginning the transaction of {}", step.migration.stem());
                            return Err(Error::database(doing, failure));
                        }
                    }
                }
            };
            let after = match second {
                Ok(reply) => reply,
                Err(failure) if session::is_lock_timeout(&failure) => {
                    self.session.rollback().await;
                    let since = *busy_since.get_or_insert(started);
                    busy += 1;
                    blockers = self.session.blockers(&look.scope.named_relations()).await;
                    if self.wait_for_table(&step, busy, &blockers, since).await? {
                        index = self.again(index, &mut finished);
                        continue;
                    }
                    return Ok(self.script_failed(step, failure, &blockers, since).await);
                }
                Err(failure) => return Ok(self.script_failed(step, failure, &[], started).await),
            };
            self.clock.rows(&after.script_counts());
            let catalogs =
                decode(&before, Stage::Before).and_then(|before| Ok((before, look.decode_behind(&after)?)));
            let (before, after) = match catalogs {
                Ok(catalogs) => catalogs,
                Err(error) => {
                    self.session.rollback().await;
                    disturbances += 1;
                    if is_disturbance(&error) && disturbances < DISTURBANCES {
                        index = self.again(index, &mut finished);
                        continue;
                    }
                    return Err(error);
                }
            };
            let artifacts = artifacts(&before, &after);
            self.note_rollback(&step, before, &after);
            let Judged {
                verdicts,
                notes,
                matrices,
            } = match self.judge(&step, &after).await {
                Ok(judged) => judged,
                Err(Error::Busy(met)) => {
                    let since = *busy_since.get_or_insert(started);
                    busy += 1;
                    if self.wait_for_table(&step, busy, &met.blockers, since).await? {
                        index = self.again(index, &mut finished);
                        continue;
                    }
                    return Ok(self.probe_gave_up(step, *met, since).await);
                }
                Err(Error::Interrupted(said)) => return Err(self.probes_interrupted(step, said).await),
                Err(error) => {
                    self.session.rollback().await;
                    return Err(error);
                }
            };
            let totals = Totals::of(&verdicts);
            let judged = !verdicts.is_empty();
            self.checks.extend(verdicts);
            self.diagnostics.extend(notes);
            self.matrices.extend(matrices);
            let elapsed = started.elapsed();
            self.clock.end();
            let report = MigrationReport {
                duration_ms: Some(millis(elapsed)),
                artifacts,
                ..self.describe(&step, MigrationState::Pending)
            };
            if !totals.approved(self.strict) {
                return Ok(self.not_approved(step, report, totals, started).await);
            }
            let verdict = if judged { "approved" } else { "not_verified" };
            let record = self.record(&step, &report, verdict, elapsed);
            let mut earlier = Vec::new();
            if let Some(mut before) = finished.take() {
                earlier = std::mem::take(&mut before.earlier);
                earlier.push(before);
            }
            if self.single {
                self.held.push(step.migration.version);
            }
            finished = Some(Finished {
                step,
                earlier,
                record,
                report,
                details: (look.extent == Extent::Names).then(|| look.scope.clone()),
                started,
                elapsed,
            });
            index += 1;
            if !self.single {
                (busy_since, busy) = (None, 0);
            }
        }
        Ok(self.finish(finished.take()).await?.unwrap_or(Outcome::Done))
    }

    /// Where a plan goes on whose transaction was rolled back to be tried again: at the same step, or with all of
    /// them where they share it.
    fn again(&mut self, index: usize, finished: &mut Option<Finished<'_>>) -> usize {
        if !self.single {
            return index;
        }
        *finished = None;
        self.held.clear();
        self.checks.clear();
        0
    }

    /// COMMIT of a step in a message of its own; `None` when it went through.
    pub(super) async fn finish(&mut self, finished: Option<Finished<'_>>) -> Result<Option<Outcome>, Error> {
        let Some(last) = finished else { return Ok(None) };
        let mut batch = Batch::new();
        push_record(&mut batch, &last);
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

    /// What has to be read to see what a step does and to judge it.
    pub(super) fn scope(&self, step: &Step<'_>) -> Scope {
        let mut scope = scope_of(&step.migration.up, &self.reading.schemas);
        if step.direction == Direction::Down {
            scope.extend(scope_of(step.script, &self.reading.schemas));
        }
        if let Some(suite) = self.suite_of(step) {
            // all of what the suite names: the report lists what the script made of it, though a block hides it
            scope.extend(check::scope(&[suite]).whole());
        }
        scope
    }

    /// The suite that gates a step: that of the migration, when it is applied with verification.
    pub(super) fn suite(&self, step: &Step<'_>) -> Option<&'c Suite> {
        let gates = self.verify && step.direction == Direction::Up;
        gates.then(|| self.suite_of(step)).flatten()
    }

    fn suite_of(&self, step: &Step<'_>) -> Option<&'c Suite> {
        let version = step.migration.version;
        self.suites.iter().find(|suite| suite.version == Some(version))
    }

    /// The two messages of a step: [COMMIT of the one before,] begin, lock and reading; then guard, script, reading.
    fn messages(
        &self,
        step: &Step<'_>,
        look: &Look,
        token: &str,
        finished: Option<&Finished<'_>>,
    ) -> (Batch, Batch) {
        let present = look.present();
        let mut first = Batch::new();
        match finished {
            Some(finished) if self.single => {
                push_record(&mut first, finished);
            }
            finished => {
                if let Some(finished) = finished {
                    push_record(&mut first, finished);
                    first.one(Stage::Commit, "COMMIT");
                }
                self.session.begin(&mut first, "", &self.session.settings);
            }
        }
        let expectation = Expectation {
            newest: self.newest_behind(finished),
            history: &self.reading.history,
            version: step.migration.version,
            recorded: step.direction == Direction::Down,
            journal: if self.has_written || finished.is_some() {
                Newest::Run(&self.run)
            } else {
                Newest::Id(self.reading.history.journal_id)
            },
            width: self.width,
            present: present.as_deref(),
            token,
        };
        first.one(Stage::Lock, &session::lock_sql(&expectation));
        look.push_before(&self.session, &mut first);
        let mut second = Batch::new();
        second.one(Stage::Guard, &session::guard_sql(token));
        self.session.direct(&mut second, &step.script.directives);
        second.script(step.script);
        self.session.settle(&mut second);
        look.push_behind(&self.session, &mut second);
        (first, second)
    }

    /// The newest recorded version once a step is recorded that ran before.
    fn newest_behind(&self, finished: Option<&Finished<'_>>) -> Option<Version> {
        let Some(last) = finished else {
            return self.reading.history.newest();
        };
        let steps: Vec<Step<'_>> = last
            .earlier
            .iter()
            .chain([last])
            .map(|finished| finished.step)
            .collect();
        let of = |direction: Direction| {
            let steps = steps.iter().filter(move |step| step.direction == direction);
            steps.map(|step| step.migration.version)
        };
        let applied = self.reading.history.applied.iter().rev();
        let stays = applied
            .map(|applied| applied.version)
            .find(|&version| !of(Direction::Down).any(|taken| taken == version));
        of(Direction::Up).chain(stays).max()
    }

    /// Keeps what a rollback did, to be compared with what the journal knows.
    pub(super) fn note_rollback(&mut self, step: &Step<'_>, before: Catalog, after: &Catalog) {
        if step.direction == Direction::Down {
            self.rollbacks
                .insert(step.migration.version, (before, after.clone()));
        }
    }

    /// Judges the step's own suite against the uncommitted catalog.
    pub(super) async fn judge(&self, step: &Step<'_>, catalog: &Catalog) -> Result<Judged, Error> {
        match self.suite(step) {
            None => Ok(Judged::default()),
            Some(suite) => {
                // the earlier ones only say what else is there, for `exact`
                let mut suites: Vec<&Suite> = self
                    .suites
                    .iter()
                    .filter(|other| other.version.is_some_and(|version| self.is_recorded(version)))
                    .collect();
                suites.push(suite);
                judge(
                    self.context,
                    &self.session,
                    &suites,
                    catalog,
                    Place::Within,
                    check::is_last(&suites),
                )
                .await
            }
        }
    }

    /// Whether a version is applied, this run's own steps included.
    pub(super) fn is_recorded(&self, version: Version) -> bool {
        self.reading.history.get(version).is_some() || self.held.contains(&version)
    }

    /// The statements that record a step.
    pub(super) fn record(
        &self,
        step: &Step<'_>,
        report: &MigrationReport,
        verdict: &'static str,
        elapsed: Duration,
    ) -> Vec<String> {
        let history = &self.reading.history;
        let migration = step.migration;
        let entry = match step.direction {
            Direction::Up => tables::insert_history_sql(
                history,
                migration.version,
                &migration.name,
                &now(),
                migration
                    .checksum(history.width.unwrap_or(self.width))
                    .unwrap_or_default(),
            ),
            Direction::Down => tables::delete_history_sql(history, migration.version),
        };
        let verdict = match step.direction {
            Direction::Up => Some(verdict),
            Direction::Down => None,
        };
        let row = self.journal_row(step, "done", verdict, elapsed, report, None);
        vec![entry, tables::append_journal_sql(history, &row)]
    }

    pub(super) fn journal_row<'r>(
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
            action: match step.direction {
                Direction::Up => "apply",
                Direction::Down => "rollback",
            },
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

    /// A step is committed: remember it.
    fn committed(&mut self, finished: Option<Finished<'_>>) {
        let Some(mut finished) = finished else { return };
        for earlier in std::mem::take(&mut finished.earlier) {
            self.committed(Some(earlier));
        }
        self.held.clear();
        let back = finished.step.direction == Direction::Down;
        note(&mut self.reading, finished.step, self.width);
        self.has_written = true;
        let mut report = finished.report;
        report.state = if back {
            MigrationState::RolledBack
        } else {
            MigrationState::Applied
        };
        self.deferred
            .extend(finished.details.map(|scope| (self.migrations.len(), scope)));
        self.migrations.push(report);
        (self.context.events)(Event::StepDone {
            stem: finished.step.migration.stem(),
            back,
            elapsed: finished.elapsed,
        });
    }

    /// The script, or what fires behind it, failed.
    async fn script_failed(
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

    /// COMMIT itself failed, or no answer came: then the database is asked, never guessed at.
    async fn commit_failed(
        &mut self,
        finished: Option<Finished<'_>>,
        failure: Failure,
    ) -> Result<Outcome, Error> {
        let Some(finished) = finished else {
            return Err(Error::database("writing the history", failure));
        };
        let stem = finished.step.migration.stem();
        let (exit, diagnostic) = match &failure.error {
            DbError::Server(error) if !is_end_of_session(error) => {
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

    /// Whether a step whose COMMIT was under way is in the history; `None` when the server cannot be reached.
    async fn came_through(&mut self, step: &Step<'_>) -> Option<bool> {
        let settings = self.session.settings.clone();
        let (mut session, reading) = self.context.open_with_history().await.ok()?;
        session.settings = settings;
        let is_recorded = reading.history.get(step.migration.version).is_some();
        self.session = session;
        self.reading = reading;
        Some(is_recorded == (step.direction == Direction::Up))
    }

    /// The checks of a step did not pass: nothing of it stays.
    pub(super) async fn not_approved(
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
    pub(super) async fn fail(
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
        let history = &self.reading.history;
        let create = format!(
            "DO $pgplumb$ BEGIN IF pg_catalog.to_regclass({}) IS NULL THEN {}; END IF; END $pgplumb$",
            crate::sql::name::quote_literal(&history.journal()),
            tables::create_journal_sql(history)
        );
        let mut batch = Batch::new();
        self.session.begin(&mut batch, "", &self.session.settings);
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
    pub(super) fn explain(&self, step: &Step<'_>, failure: &Failure, state: String) -> Diagnostic {
        let stem = step.migration.stem();
        let mut diagnostic = match &failure.error {
            DbError::Server(error) => {
                let head = match failure.stage {
                    Stage::Script => error.message.clone(),
                    Stage::Settle => format!("a deferred constraint failed: {}", error.message),
                    _ => format!("{stem}: {}", error.message),
                };
                error.describe(Diagnostic::error(head))
            }
            other => Diagnostic::error(format!("{stem}: {other}")),
        };
        diagnostic = match &failure.place {
            Some(place) => diagnostic.at_place(place.clone()),
            None => diagnostic.in_file(step.script.file.path()),
        };
        diagnostic = diagnostic.fact("state", state);
        if session::is_lock_timeout(failure) {
            diagnostic = diagnostic.help(
                "try again when the table is free, or allow a longer wait with `-- pgplumb: lock-timeout 30s`",
            );
        }
        diagnostic
    }

    /// One sentence on where the database stands now.
    pub(super) fn state_after_failure(&self, step: &Step<'_>) -> String {
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

    /// Takes what was read again, since somebody else moved on.
    pub fn reread(&mut self, reading: Reading) {
        self.reading = reading;
        self.has_written = false;
    }

    /// A report of a step that has not been run.
    pub(super) fn describe(&self, step: &Step<'_>, state: MigrationState) -> MigrationReport {
        let mut line = MigrationReport {
            source: Some(step.script.file.location(0)),
            ..describe(step.migration, state)
        };
        let suite = self.suite(step);
        facts::of_files(&mut line, step.migration, step.script, suite);
        line
    }

    /// The interruption: what became of the step before, whose COMMIT travelled with this one, is in the answer
    /// to the first message.
    pub(super) async fn interrupted(
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

    /// A table was busy: waits a little before the whole transaction is tried again, at most `lock_wait` in all.
    /// False when the time is over.
    pub(super) async fn wait_for_table(
        &mut self,
        step: &Step<'_>,
        attempt: usize,
        blockers: &[Blocker],
        since: Instant,
    ) -> Result<bool, Error> {
        let held_by: Vec<String> = blockers.iter().map(ToString::to_string).collect();
        let holder = blockers.first().map(|blocker| blocker.pid);
        let left = self.lock_wait.saturating_sub(since.elapsed());
        if left.is_zero() || attempt >= BUSY_ATTEMPTS {
            self.clock.waited(since, held_by, holder);
            return Ok(false);
        }
        (self.context.events)(Event::WaitingForTable {
            stem: step.migration.stem(),
            attempt,
            blockers: blockers.to_vec(),
            left,
        });
        // whoever queued behind us gets a turn; no two runners in step
        let jitter = u64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs()) % 500;
        let pause = Duration::from_millis(250 * attempt.min(8) as u64 + jitter).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => {
                self.clock.waited(since, held_by, holder);
                Ok(true)
            }
            () = self.context.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error(format!("interrupted while {} waited for a busy table", step.migration.stem()))
                    .fact("state", self.state_after_failure(step)),
            ])),
        }
    }

    /// Waits a little for another runner; polling, since a blocking wait would hold a snapshot.
    pub(super) async fn wait_for_runner(&mut self, since: Instant) -> Result<(), Error> {
        let holder = self.session.lock_holder().await;
        if let Some(holder) = &holder {
            let who = format!(
                "pid {} (user {}, application {:?}) holds the lock of the runners",
                holder.pid, holder.user, holder.application
            );
            self.clock.waited(since, vec![who], Some(holder.pid));
        }
        let left = self.lock_wait.saturating_sub(since.elapsed());
        if left.is_zero() {
            let who = holder.map_or_else(
                || "it is gone by now".to_string(),
                |holder| {
                    format!(
                        "pid {}, user {}, application {}, from {}, since {}",
                        holder.pid, holder.user, holder.application, holder.client, holder.since
                    )
                },
            );
            return Err(Error::Locked(Box::new(
                Diagnostic::error(format!(
                    "another runner held the lock of this database for {} s",
                    self.lock_wait.as_secs()
                ))
                .fact("holder", who)
                .help("wait until it is done, or allow more time with --lock-wait"),
            )));
        }
        (self.context.events)(Event::WaitingForRunner { holder, left });
        let pause = Duration::from_millis(100 + u64::from(std::process::id() % 7) * 20).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.context.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error("interrupted while waiting for another runner")
                    .fact("state", "nothing was run"),
            ])),
        }
    }
}

/// How often a step is tried when its tables are busy: many short waits let others pass in between, one long
/// wait makes everybody queue behind it.
const BUSY_ATTEMPTS: usize = 12;

/// How often a step is tried again because others changed the catalog while it was read.
const DISTURBANCES: usize = 5;

/// Whether the catalog was changed by others while it was read.
pub fn is_disturbance(error: &Error) -> bool {
    matches!(error, Error::Database { failure, .. } if matches!(failure.error, DbError::Disturbed(_)))
}

/// Whether the server ended the session (57P01 to 57P03), which is no word on a COMMIT under way.
fn is_end_of_session(error: &ServerError) -> bool {
    matches!(error.sqlstate.as_str(), "57P01" | "57P02" | "57P03")
}

/// The catalog rows of one stage.
pub fn decode(reply: &Reply, stage: Stage) -> Result<Catalog, Error> {
    reading::decode(reply.messages(stage))
        .map_err(|error| Error::database("reading the catalog", context::unexpected(error.into())))
}

/// A migration as a line of the report.
pub fn describe(migration: &Migration, state: MigrationState) -> MigrationReport {
    MigrationReport {
        source: Some(migration.up.file.location(0)),
        ..MigrationReport::new(migration.label.clone(), migration.name.clone(), state)
    }
}

/// Brings a reading up to date with a step that was committed.
pub(super) fn note(reading: &mut Reading, step: Step<'_>, width: Width) {
    let history = &mut reading.history;
    let version = step.migration.version;
    history.width.get_or_insert(width);
    history.has_journal = true;
    match step.direction {
        Direction::Down => history.applied.retain(|applied| applied.version != version),
        Direction::Up => {
            let at = history
                .applied
                .partition_point(|applied| applied.version < version);
            history.applied.insert(
                at,
                Applied {
                    version,
                    name: step.migration.name.clone(),
                    applied_on: String::new(),
                    checksum: String::new(),
                },
            );
        }
    }
}

fn push_record(batch: &mut Batch, finished: &Finished<'_>) {
    for statement in &finished.record {
        batch.one(Stage::Record, statement);
    }
}

/// RFC 3339 in UTC, to the microsecond.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    now.round(jiff::Unit::Microsecond).unwrap_or(now).to_string()
}

/// Milliseconds with a fraction.
pub fn millis(elapsed: Duration) -> f64 {
    elapsed.as_secs_f64() * 1000.0
}

/// Unique enough to tell two runs apart: time and process.
fn run_name() -> String {
    format!(
        "{:x}-{:x}",
        jiff::Timestamp::now().as_nanosecond(),
        std::process::id()
    )
}

/// The width that a new history table gets: refinery's default, unless a version does not fit or the
/// configuration says otherwise.
pub fn width_of_new_table(versions: impl Iterator<Item = Version>, configured: Option<Width>) -> Width {
    configured.unwrap_or_else(|| {
        if versions.into_iter().all(|version| Width::Int4.holds(version)) {
            Width::Int4
        } else {
            Width::Int8
        }
    })
}
