//! One try of a rehearsal: its steps, statement by statement.

use std::collections::BTreeSet;
use std::time::Instant;

use super::{LeftOut, ROLLED_BACK, Turn, stems_of, stop};
use crate::catalog::{Catalog, Scope};
use crate::check::{self, Status, Suite, Verdict};
use crate::db::batch::{Batch, Failure, Reply, Stage};
use crate::db::catalog as reading;
use crate::db::error::ServerError;
use crate::db::lock::{self, Expectation, Newest};
use crate::db::rehearse::{self as asking, Locks, Measured, Relations};
use crate::db::session;
use crate::diagnostic::Diagnostic;
use crate::migration::Leaves;
use crate::ops::Error;
use crate::ops::context::{Event, ask};
use crate::ops::judge::{Judged, Place, judge};
use crate::ops::runner::{Runner, decode, is_disturbance, millis, note};
use crate::plan::{Direction, Plan, Step};
use crate::report::ExitCode;
use crate::report::model::Totals;
use crate::report::rehearsal::{Rehearsal, RehearsedStatement, RehearsedStep, StepOutcome, TakenLock, mode};
use crate::sql::{Statement, TransactionControl};

/// One try.
pub(super) struct Attempt<'a, 'c> {
    pub(super) runner: &'a mut Runner<'c>,
    pub(super) plan: &'a Plan<'a>,
    pub(super) left_out: &'a LeftOut,
    /// Tables and views that were there before.
    pub(super) relations: Relations,
    /// Locks that were taken so far.
    pub(super) held: Locks,
    pub(super) rehearsal: &'a mut Rehearsal,
}

impl Attempt<'_, '_> {
    pub(super) async fn run(&mut self, always: &[&Suite]) -> Result<Turn, Error> {
        let mut is_first = true;
        for (index, step) in self.plan.steps.iter().enumerate() {
            if self.left_out.contains_key(&index) {
                continue;
            }
            if std::mem::take(&mut is_first)
                && let Some(turn) = self.begin(step).await?
            {
                return Ok(turn);
            }
            if let Some(turn) = self.step(index, step).await? {
                return Ok(turn);
            }
        }
        if self.runner.verify && self.left_out.is_empty() && !always.is_empty() {
            self.judge_always(always).await?;
        }
        Ok(Turn::Done)
    }

    /// Takes the runner's lock, and looks whether the history is as planned.
    async fn begin(&mut self, step: &Step<'_>) -> Result<Option<Turn>, Error> {
        let runner = &*self.runner;
        let token = format!("{}/rehearsal", runner.run);
        let history = &runner.reading.history;
        let expectation = Expectation {
            newest: history.newest(),
            history,
            version: step.migration.version,
            recorded: step.direction == Direction::Down,
            journal: Newest::Id(history.journal_id),
            width: runner.width,
            present: None,
            token: &token,
        };
        let mut batch = Batch::new();
        let session = &runner.session;
        session.begin_script(&mut batch, &Leaves::default(), true);
        // before the tables of the history are made
        asking::read_relations(&mut batch);
        batch.one(Stage::Guard, &lock::lock_sql(&expectation));
        asking::read_locks(&mut batch);
        let reply = match self.send(batch).await? {
            Ok(reply) => reply,
            Err(failure) => {
                return match failure.server().map(|error| error.sqlstate.as_str()) {
                    Some(lock::SQLSTATE_HISTORY_CHANGED) => Ok(Some(Turn::HistoryChanged)),
                    Some(lock::SQLSTATE_LOCKED) => Ok(Some(Turn::Locked)),
                    _ => Err(Error::database("beginning the rehearsal", failure)),
                };
            }
        };
        self.runner.session.has_begun(&reply);
        self.relations = asking::relations_of(&reply);
        self.held = asking::locks_of(&reply);
        Ok(None)
    }

    /// Runs one step; `None` when it works.
    async fn step(&mut self, index: usize, step: &Step<'_>) -> Result<Option<Turn>, Error> {
        let started = Instant::now();
        let stem = step.migration.stem();
        (self.runner.context.events)(Event::RehearsalStarted {
            number: index + 1,
            of: self.plan.steps.len(),
            stem: stem.clone(),
        });
        self.rehearsal.steps.push(RehearsedStep {
            stem,
            outcome: StepOutcome::Failed,
            reason: String::new(),
            duration_ms: 0.0,
            statements: Vec::new(),
        });
        let mut batch = Batch::new();
        self.runner.session.bring_back(&mut batch);
        self.runner.session.direct(&mut batch, &step.script.directives);
        self.ask(batch).await?;
        let mut turn = self.statements(step).await?;
        if turn.is_none() {
            turn = self.checks(step).await?;
        }
        if turn.is_none() {
            turn = self.record(step).await?;
        }
        let turn = match turn {
            Some(Failed::Script(failure)) => Some(self.judge_failure(index, step, failure)),
            Some(Failed::Checks(verdicts)) => Some(self.not_met(index, step, &verdicts)),
            None => None,
        };
        if let Some(done) = self.rehearsal.steps.last_mut() {
            done.duration_ms = millis(started.elapsed());
            let end = done.duration_ms;
            let locks = done.statements.iter_mut().flat_map(|line| &mut line.locks);
            locks.for_each(|lock| lock.held_ms = (end - lock.from_ms).max(0.0));
            if turn.is_none() {
                done.outcome = StepOutcome::Works;
            }
        }
        Ok(turn)
    }

    /// The statements one by one, then what COMMIT would do of the constraints that wait for it.
    async fn statements(&mut self, step: &Step<'_>) -> Result<Option<Failed>, Error> {
        let mut began = None;
        let statements = step.script.statements();
        for (number, statement) in statements.iter().enumerate() {
            if !statement.transaction.is_none_or(TransactionControl::is_savepoint) {
                continue;
            }
            (self.runner.context.events)(Event::StatementStarted {
                stem: step.migration.stem(),
                number: number + 1,
                of: statements.len(),
                tag: statement.tag.clone(),
            });
            let reply = match self.send(asking::measured(step.script, statement.span)).await? {
                Ok(reply) => reply,
                Err(failure) => return Ok(Some(Failed::Script(failure))),
            };
            let measured = asking::measured_of(&reply)
                .map_err(|error| Error::database("measuring a statement", Failure::of(error)))?;
            let since = measured.began - *began.get_or_insert(measured.began);
            self.take_down(step, statement, measured, since);
        }
        let mut batch = Batch::new();
        self.runner.session.settle_within(&mut batch);
        self.runner.session.drop_temporary(&mut batch);
        if let Err(failure) = self.send(batch).await? {
            return Ok(Some(Failed::Script(failure)));
        }
        self.forget_own_locks().await?;
        Ok(None)
    }

    /// A statement that ran, with the locks that none before it had taken.
    fn take_down(&mut self, step: &Step<'_>, statement: &Statement, measured: Measured, since: f64) {
        let mut locks: Vec<TakenLock> = measured
            .locks
            .difference(&self.held)
            .filter_map(|(oid, name)| {
                Some(TakenLock {
                    table: self.relations.get(oid)?.clone(),
                    mode: mode(name),
                    from_ms: since,
                    held_ms: 0.0,
                })
            })
            .collect();
        locks.sort_by(|a, b| {
            (!a.blocks_data(), &a.table, &a.mode).cmp(&(!b.blocks_data(), &b.table, &b.mode))
        });
        self.held.extend(measured.locks);
        let counts = [
            "INSERT",
            "UPDATE",
            "DELETE",
            "SELECT",
            "MERGE",
            "COPY",
            "CREATE TABLE AS",
        ];
        let line = RehearsedStatement {
            source: step.script.file.location(statement.span.start),
            tag: statement.tag.clone(),
            duration_ms: measured.took,
            rows: (counts.contains(&statement.tag.as_str()) || measured.rows > 0).then_some(measured.rows),
            locks,
        };
        if let Some(done) = self.rehearsal.steps.last_mut() {
            done.statements.push(line);
        }
    }

    /// The step's own suite, against the catalog as it would be committed.
    async fn checks(&mut self, step: &Step<'_>) -> Result<Option<Failed>, Error> {
        if self.runner.suite(step).is_none() {
            return Ok(None);
        }
        let scope = self.runner.scope(step);
        let catalog = self.look(&scope).await?;
        let Judged {
            verdicts,
            notes,
            matrices,
        } = self.runner.judge(step, &catalog).await?;
        self.runner.diagnostics.extend(notes);
        self.runner.matrices.extend(matrices);
        if Totals::of(&verdicts).approved(self.runner.strict) {
            self.runner.checks.extend(verdicts);
            return Ok(None);
        }
        Ok(Some(Failed::Checks(verdicts)))
    }

    /// The suites that always hold, once all is there.
    async fn judge_always(&mut self, always: &[&Suite]) -> Result<(), Error> {
        let catalog = self.look(&check::scope(always)).await?;
        let runner = &*self.runner;
        let place = Place::Within;
        let judged = judge(runner.context, &runner.session, always, &catalog, place, |_| true);
        let Judged {
            verdicts,
            notes,
            matrices,
        } = judged.await?;
        self.runner.diagnostics.extend(notes);
        self.runner.matrices.extend(matrices);
        self.runner.checks.extend(verdicts);
        Ok(())
    }

    /// The catalog as it is now, without a lock for it.
    async fn look(&self, scope: &Scope) -> Result<Catalog, Error> {
        let session = &self.runner.session;
        let sql = reading::read_sql(scope, session.version_num());
        let mut disturbances = 0;
        loop {
            let mut batch = Batch::new();
            session.look_without_locks(&mut batch, &sql);
            match decode(&self.ask(batch).await?, Stage::After) {
                Err(error) if is_disturbance(&error) && disturbances < 5 => disturbances += 1,
                decoded => return decoded,
            }
        }
    }

    /// What the history would say, so that the next step finds it so. The journal is left alone: its numbers would not
    /// come back.
    async fn record(&mut self, step: &Step<'_>) -> Result<Option<Failed>, Error> {
        let mut batch = Batch::new();
        if let Some(entry) = self.runner.history_entry(step, self.runner.checksum(step)) {
            batch.one(Stage::Record, &entry);
        }
        self.runner.session.forget(&mut batch, &step.script.leaves());
        if !batch.is_empty()
            && let Err(failure) = self.send(batch).await?
        {
            return Ok(Some(Failed::Script(failure)));
        }
        let width = self.runner.width;
        note(&mut self.runner.reading, *step, width);
        self.forget_own_locks().await?;
        Ok(None)
    }

    /// What pgplumb itself has locked meanwhile is no statement's lock.
    async fn forget_own_locks(&mut self) -> Result<(), Error> {
        let mut batch = Batch::new();
        asking::read_locks(&mut batch);
        let reply = self.ask(batch).await?;
        self.held.extend(asking::locks_of(&reply));
        Ok(())
    }

    /// Whether a failure says something about the step, or about the rehearsal.
    fn judge_failure(&mut self, index: usize, step: &Step<'_>, failure: Failure) -> Turn {
        if session::is_lock_timeout(&failure) {
            return Turn::Busy(index, failure);
        }
        if let Some(error) = failure.server()
            && let Some(reason) = self.only_here(index, step, error)
        {
            return Turn::LeaveOut(index, reason);
        }
        let exit = match failure.server() {
            Some(_) => ExitCode::ScriptFailed,
            None => ExitCode::Unreachable,
        };
        let diagnostic = self.runner.explain(step, &failure, ROLLED_BACK.to_string());
        stop(self.runner, step, diagnostic);
        Turn::Stopped(exit)
    }

    /// Why an error is one of the rehearsal: `apply` commits between the steps.
    fn only_here(&self, index: usize, step: &Step<'_>, error: &ServerError) -> Option<String> {
        let is_first = (0..index).all(|before| self.left_out.contains_key(&before));
        if let Some(stems) = self.left_out_before(index)
            && UNDEFINED.contains(&error.sqlstate.as_str())
        {
            return Some(format!("{}; it may come with {stems}", error.message));
        }
        if is_first || self.runner.single {
            return None;
        }
        let text = step.script.file.text().to_lowercase();
        let is_pooled = self.runner.session.is_pooled();
        match error.sqlstate.as_str() {
            "55P04" => {
                let label = error.message.split('"').nth(1).unwrap_or_default().to_lowercase();
                let is_own = text.contains("add value") && text.contains(&format!("'{label}'"));
                (!is_own).then(|| format!("{}: its label is committed before this step", error.message))
            }
            // a cursor, or a table that ON COMMIT would have dropped: in a session of our own they end with their step
            "42P03" if is_pooled => Some(format!("{}: COMMIT closes it before this step", error.message)),
            "42P07" if is_pooled && text.contains("temp") => {
                Some(format!("{}: COMMIT may drop it before this step", error.message))
            }
            "55006" => {
                // what this step itself has changed would be in the way of apply as well
                let ran = self
                    .rehearsal
                    .steps
                    .last()
                    .map_or(&[][..], |done| &done.statements);
                let has_changed = ran.iter().any(|line| changes_rows(&line.tag))
                    || step.script.statements().iter().any(|statement| statement.opaque);
                (!has_changed).then(|| format!("{}: COMMIT ends that before this step", error.message))
            }
            _ => None,
        }
    }

    /// The steps before this one that were left out, if any.
    fn left_out_before(&self, index: usize) -> Option<String> {
        let before: LeftOut = self
            .left_out
            .range(..index)
            .map(|(index, reason)| (*index, reason.clone()))
            .collect();
        (!before.is_empty()).then(|| stems_of(self.plan, &before))
    }

    /// Checks that did not pass.
    fn not_met(&mut self, index: usize, step: &Step<'_>, verdicts: &[Verdict]) -> Turn {
        let bad: Vec<&Verdict> = verdicts
            .iter()
            .filter(|verdict| !Totals::of([*verdict]).approved(self.runner.strict))
            .collect();
        let blocked = bad.iter().all(|verdict| verdict.status == Status::Blocked);
        let is_label = |verdict: &&Verdict| verdict.message.contains("unsafe use of new value");
        let is_first = (0..index).all(|before| self.left_out.contains_key(&before));
        if blocked && !is_first && bad.iter().all(is_label) {
            let reason = "its checks name a label of an enum that is committed before this step";
            return Turn::LeaveOut(index, reason.to_string());
        }
        if blocked && let Some(stems) = self.left_out_before(index) {
            let missing: BTreeSet<&str> = bad
                .iter()
                .filter_map(|verdict| verdict.blocked_by.as_deref())
                .collect();
            let missing: Vec<&str> = missing.into_iter().collect();
            let reason = format!(
                "its checks need {}, which may come with {stems}",
                missing.join(", ")
            );
            return Turn::LeaveOut(index, reason);
        }
        let noun = if bad.len() == 1 { "check" } else { "checks" };
        let diagnostic = Diagnostic::error(format!(
            "{} did not meet {} {noun} of its own suite",
            step.migration.stem(),
            bad.len()
        ))
        .in_file(step.migration.up.file.path())
        .fact("state", ROLLED_BACK)
        .help("correct the script or the check file, and rehearse again");
        stop(self.runner, step, diagnostic);
        self.runner.checks.extend(verdicts.iter().cloned());
        Turn::Stopped(ExitCode::NotApproved)
    }

    /// Sends what may fail because of the script.
    async fn send(&mut self, batch: Batch) -> Result<Result<Reply, Failure>, Error> {
        let runner = &mut *self.runner;
        let session = &runner.session;
        let answered = runner.context.answer(session, batch.run(session.client())).await;
        runner.context.pass_notices(&mut runner.session);
        match answered.answer {
            Some(answer) if !answered.interrupted => Ok(answer),
            _ => Err(Error::Interrupted(vec![
                Diagnostic::error("interrupted while the rehearsal ran").fact("state", ROLLED_BACK),
            ])),
        }
    }

    /// Sends what is expected to work.
    async fn ask(&self, batch: Batch) -> Result<Reply, Error> {
        let session = &self.runner.session;
        let answered = self
            .runner
            .context
            .answer(session, ask(session, "rehearsing", batch))
            .await;
        answered.or_interrupted("the rehearsal ran")?
    }
}

/// How a step failed.
enum Failed {
    Script(Failure),
    Checks(Vec<Verdict>),
}

/// Whether triggers may have been left to fire by such a statement.
fn changes_rows(tag: &str) -> bool {
    matches!(
        tag,
        "INSERT" | "UPDATE" | "DELETE" | "MERGE" | "COPY" | "WITH" | "TRUNCATE"
    )
}

/// What the server says where an object is missing: schema, table, column, other object, function; or where others still
/// depend on one.
const UNDEFINED: [&str; 6] = ["3F000", "42P01", "42703", "42704", "42883", "2BP01"];
