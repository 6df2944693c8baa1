//! A script that runs outside a transaction, statement by statement.
//!
//! A statement that may run in a transaction commits together with its row in the journal. One that may not is
//! announced in the journal before it runs; when nobody wrote down how it ended, the catalog is asked. So a rerun goes
//! on at the right place, and the script is recorded as applied only when its checks pass.
//!
//! As in psql, what a statement sets in the session holds for those behind it, and ends with the script.

mod resume;
mod settle;

use std::ops::Range;
use std::time::Instant;

use self::settle::{Leftover, Settled, subject};
use super::context::Event;
use super::judge::Judged;
use super::look::artifacts;
use super::runner::{Finished, Outcome, Runner, action, decode, millis};
use super::watch::Watched;
use super::{Error, context};
use crate::catalog::{Catalog, Scope};
use crate::db::batch::{Batch, Failure, Reply, Stage};
use crate::db::catalog as reading;
use crate::db::detached::{self as tables, Progress};
use crate::db::error::Error as DbError;
use crate::db::history::{append_journal_sql, append_journal_with_sql};
use crate::db::lock::{self, Expectation, Newest};
use crate::db::session::{self, Settings};
use crate::diagnostic::Diagnostic;
use crate::migration::{Leaves, sha256};
use crate::plan::{Direction, Step};
use crate::report::ExitCode;
use crate::report::model::{MigrationReport, MigrationState, Totals};
use crate::source::Span;
use crate::sql::TransactionControl;

/// A script may have made the session one that only reads: what is written about it is written.
const OWN_BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE";

/// What became of one statement.
enum Ran {
    Done,
    Stopped(Outcome),
}

impl Runner<'_> {
    /// Runs a step whose script is declared no-transaction; `None` when it is done and recorded.
    ///
    /// # Errors
    /// As [`Runner::execute`].
    pub(super) async fn run_detached(
        &mut self,
        step: Step<'_>,
        number: usize,
        of: usize,
    ) -> Result<Option<Outcome>, Error> {
        let stem = step.migration.stem();
        if let Some(pooler) = self.session.pooler(&self.reading) {
            return Err(Error::Blocked(vec![
                Diagnostic::error(format!(
                    "{stem} runs outside a transaction, which needs a session of its own, and this connection goes \
                     through a {pooler}"
                ))
                .in_file(step.script.file.path())
                .fact("state", format!("nothing of {stem} was run"))
                .help("connect to the server itself (its direct host and port) to apply this one"),
            ]));
        }
        let back = step.direction == Direction::Down;
        self.clock.start(&stem, Instant::now());
        (self.context.events)(Event::StepStarted {
            number,
            of,
            stem,
            back,
        });
        let settings = self.session.settings.with_directives(&step.script.directives);
        self.take_session().await?;
        let outcome = self.detached(step, &settings).await;
        let mut batch = Batch::new();
        self.session.empty(&mut batch, &step.script.leaves());
        batch.one(Stage::Query, tables::UNLOCK);
        if let Err(failure) = batch.run(self.session.client()).await {
            tracing::debug!("the session could not be left: {}", failure.error);
        }
        outcome
    }

    /// Takes the runner's lock for the session, waiting for whoever holds it.
    async fn take_session(&mut self) -> Result<(), Error> {
        let since = Instant::now();
        loop {
            let mut batch = Batch::new();
            batch.one(Stage::Lock, &tables::lock_sql());
            let reply = context::ask(&self.session, "taking the lock", batch).await?;
            if tables::is_locked(&reply) {
                return Ok(());
            }
            self.wait_for_runner(since).await?;
        }
    }

    async fn detached(&mut self, step: Step<'_>, settings: &Settings) -> Result<Option<Outcome>, Error> {
        let started = Instant::now();
        let scope = self.scope(&step);
        let Some(progress) = self.begin_detached(&step, settings).await? else {
            return Ok(Some(Outcome::HistoryChanged));
        };
        if let Some(problem) = changed_since(&step, &progress) {
            return Err(Error::Disagreement(vec![problem]));
        }
        let before = self.look(&scope, settings).await?;
        if progress.done > 0
            && let Some(outcome) = self.take_up(step, progress.done, started).await?
        {
            return Ok(Some(outcome));
        }
        let statements = step.script.statements();
        let locks = step.script.leaves().locks;
        for unit in step
            .script
            .units()
            .into_iter()
            .filter(|unit| unit.start >= progress.done)
        {
            let (index, statement) = (unit.start, &statements[unit.start]);
            (self.context.events)(Event::StatementStarted {
                stem: step.migration.stem(),
                number: index + 1,
                of: statements.len(),
                tag: statement.tag.clone(),
            });
            let source = step.script.file.location(statement.span.start);
            self.clock.start_statement(source, &statement.tag);
            let ran = if statement.outside_transaction.is_some() {
                let begun = (progress.is_begun && index == progress.done).then_some(&progress);
                self.run_alone(step, index, begun).await?
            } else {
                self.run_with_its_row(step, unit).await?
            };
            if let Ran::Stopped(outcome) = ran {
                return Ok(Some(outcome));
            }
            // the runner's lock may be gone with all that the session had
            let is_new = statement.tag == "DISCARD ALL";
            if is_new || locks {
                self.take_session().await?;
            }
            if is_new {
                self.begin_anew(settings).await?;
            }
        }
        self.record_detached(step, settings, &scope, before, started)
            .await
    }

    /// Looks whether the history is as planned and how far an earlier run came; `None` when somebody moved on.
    async fn begin_detached(
        &mut self,
        step: &Step<'_>,
        settings: &Settings,
    ) -> Result<Option<Progress>, Error> {
        let token = format!("{}/detached", self.run);
        let history = &self.reading.history;
        let expectation = Expectation {
            newest: history.newest(),
            history,
            version: step.migration.version,
            recorded: step.direction == Direction::Down,
            journal: if self.has_written {
                Newest::Run(&self.run)
            } else {
                Newest::Id(history.journal_id)
            },
            width: self.width,
            present: None,
            token: &token,
        };
        let mut batch = Batch::new();
        self.session.begin(&mut batch, "", settings);
        batch.one(Stage::Lock, &lock::lock_sql(&expectation));
        batch.one(
            Stage::Query,
            &tables::read_progress_sql(history, action(step), step.migration),
        );
        batch.one(Stage::Commit, "COMMIT");
        match batch.run(self.session.client()).await {
            Ok(reply) => {
                self.reading.history.width.get_or_insert(self.width);
                self.reading.history.has_journal = true;
                Ok(Some(tables::decode_progress(&reply)))
            }
            Err(failure) => {
                self.session.rollback().await;
                if failure.server().map(|error| error.sqlstate.as_str())
                    == Some(lock::SQLSTATE_HISTORY_CHANGED)
                {
                    return Ok(None);
                }
                let doing = format!("beginning {}", step.migration.stem());
                Err(Error::database(doing, failure))
            }
        }
    }

    /// Reads the catalog in a transaction of its own; behind it the session has what a transaction would get.
    async fn look(&self, scope: &Scope, settings: &Settings) -> Result<Catalog, Error> {
        let mut batch = Batch::new();
        self.session.begin(&mut batch, "READ ONLY", settings);
        let sql = reading::read_sql(scope, self.session.version_num());
        self.session.read_few(&mut batch, Stage::Before, &sql);
        batch.one(Stage::Commit, "COMMIT");
        self.session.prepare_alone(&mut batch, settings);
        let reply = context::ask(&self.session, "reading the catalog", batch).await?;
        decode(&reply, Stage::Before)
    }

    /// One statement in a transaction, or those between a BEGIN and a COMMIT of the script, with their row in the
    /// journal. A busy table is tried again.
    async fn run_with_its_row(&mut self, step: Step<'_>, unit: Range<usize>) -> Result<Ran, Error> {
        let started = Instant::now();
        let (index, last) = (unit.start, unit.end - 1);
        let mut attempt = 0;
        loop {
            let mut batch = Batch::new();
            batch.one(Stage::Begin, OWN_BEGIN);
            let statements = &step.script.statements()[unit.clone()];
            // what a script itself rolls back leaves nothing
            let is_undone = matches!(
                statements[statements.len() - 1].transaction,
                Some(TransactionControl::Rollback { .. })
            );
            for statement in statements.iter().filter(|_| !is_undone) {
                if statement.transaction.is_none_or(TransactionControl::is_savepoint) {
                    batch.statement(step.script, statement.span);
                }
            }
            self.session.settle(&mut batch);
            batch.one(
                Stage::Record,
                &self.progress_sql(&step, tables::STATEMENT, last, started),
            );
            batch.one(Stage::Commit, "COMMIT");
            let failure = match self.send(&step, index, batch).await? {
                Ok(rows) => {
                    self.clock.end_statement(rows);
                    self.has_written = true;
                    return Ok(Ran::Done);
                }
                Err(failure) => failure,
            };
            self.session.rollback().await;
            if session::is_lock_timeout(&failure) {
                attempt += 1;
                let scope = self.scope(&step);
                let blockers = self.session.blockers(&scope.relations).await;
                if self.wait_for_table(&step, attempt, &blockers, started).await? {
                    continue;
                }
            }
            return Ok(Ran::Stopped(
                self.statement_failed(step, index, failure, started, None).await,
            ));
        }
    }

    /// One statement outside a transaction, announced before and written down behind.
    async fn run_alone(
        &mut self,
        step: Step<'_>,
        index: usize,
        begun: Option<&Progress>,
    ) -> Result<Ran, Error> {
        let started = Instant::now();
        let statement = &step.script.statements()[index];
        let settled = match begun {
            Some(progress) => {
                let subject = subject(&step, statement, progress.known.as_ref());
                self.settle(&step, subject, started).await?
            }
            None => Settled::ToRun,
        };
        match settled {
            Settled::Done => {}
            Settled::HalfDone(left) => {
                return Ok(Ran::Stopped(self.left_behind(step, index, &left, started).await));
            }
            Settled::ToRun => {
                let mut batch = Batch::new();
                batch.one(Stage::Begin, OWN_BEGIN);
                self.session.bring_back(&mut batch);
                let begun = self.progress_sql(&step, tables::BEGUN, index, started);
                batch.one(Stage::Record, &begun);
                batch.one(Stage::Commit, "COMMIT");
                self.known = tables::decode_known(&self.write(batch).await?);
                let lone = Batch::lone(step.script, statement.span);
                let sent = self.send(&step, index, lone).await?;
                if let Ok(rows) = &sent {
                    self.clock.end_statement(*rows);
                }
                if let Err(failure) = sent {
                    let left = self.leftover(&step, statement).await;
                    return Ok(Ran::Stopped(
                        self.statement_failed(step, index, failure, started, left).await,
                    ));
                }
                // IF NOT EXISTS is content with an index that no query can use
                if let Some(left) = self.leftover(&step, statement).await {
                    return Ok(Ran::Stopped(self.left_behind(step, index, &left, started).await));
                }
            }
        }
        let mut batch = Batch::new();
        batch.one(Stage::Begin, OWN_BEGIN);
        self.session.bring_back(&mut batch);
        batch.one(
            Stage::Record,
            &self.progress_sql(&step, tables::STATEMENT, index, started),
        );
        batch.one(Stage::Commit, "COMMIT");
        self.write(batch).await?;
        Ok(Ran::Done)
    }

    /// Sends what holds a statement of the script; the rows that it read or changed. The inner error is the server's.
    async fn send(
        &mut self,
        step: &Step<'_>,
        index: usize,
        batch: Batch,
    ) -> Result<Result<u64, Failure>, Error> {
        let stem = step.migration.stem();
        let watched = Watched {
            stem: &stem,
            statements: step.script.statements(),
            only: Some(index),
        };
        let answered = self
            .context
            .answer(
                &self.session,
                self.context
                    .watching(&self.session, watched, batch.run(self.session.client())),
            )
            .await;
        self.context.pass_notices(&mut self.session);
        if answered.interrupted {
            self.session.rollback().await;
            let statement = &step.script.statements()[index];
            let left = self.leftover(step, statement).await;
            let mut diagnostic =
                Diagnostic::error(format!("interrupted while {} ran", step.migration.stem()))
                    .at(&step.script.file, statement.span)
                    .fact("state", state(step, index))
                    .help("run the command again to go on from here");
            if let Some(left) = left {
                diagnostic = diagnostic.fact("left behind", left.state());
            }
            self.end_script(step).await;
            self.fail(*step, diagnostic, ExitCode::Interrupted, None, Instant::now())
                .await;
            return Err(Error::Interrupted(vec![]));
        }
        match answered.answer {
            Some(answer) => Ok(answer.map(|reply| reply.script_counts().iter().sum())),
            None => Err(Error::Interrupted(vec![])),
        }
    }

    /// Writes rows of the journal.
    async fn write(&mut self, batch: Batch) -> Result<Reply, Error> {
        let reply = context::ask(&self.session, "writing the journal", batch).await?;
        self.has_written = true;
        Ok(reply)
    }

    /// The checks, then history and journal.
    async fn record_detached(
        &mut self,
        step: Step<'_>,
        settings: &Settings,
        scope: &Scope,
        before: Catalog,
        started: Instant,
    ) -> Result<Option<Outcome>, Error> {
        let judging = Instant::now();
        let mut busy = 0;
        let (after, judged) = loop {
            let mut batch = Batch::new();
            // what the script left is neither judged nor judges
            self.session.empty(&mut batch, &step.script.leaves());
            self.session.begin(&mut batch, "", settings);
            self.session.as_own_user(&mut batch);
            let sql = reading::read_sql(scope, self.session.version_num());
            self.session.read_few(&mut batch, Stage::After, &sql);
            let reply = context::ask(&self.session, "reading the catalog", batch).await?;
            let after = decode(&reply, Stage::After)?;
            match self.judge(&step, &after).await {
                Ok(judged) => break (after, judged),
                Err(Error::Busy(met)) => {
                    busy += 1;
                    if !self.wait_for_table(&step, busy, &met.blockers, judging).await? {
                        return Ok(Some(self.probe_gave_up(step, *met, started).await));
                    }
                }
                Err(Error::Interrupted(said)) => return Err(self.probes_interrupted(step, said).await),
                Err(error) => {
                    self.session.rollback().await;
                    return Err(error);
                }
            }
        };
        let Judged {
            verdicts,
            notes,
            matrices,
        } = judged;
        self.diagnostics.extend(notes);
        self.matrices.extend(matrices);
        let totals = Totals::of(&verdicts);
        let verdict = if verdicts.is_empty() {
            "not_verified"
        } else {
            "approved"
        };
        self.checks.extend(verdicts);
        let elapsed = started.elapsed();
        self.clock.end();
        let report = MigrationReport {
            duration_ms: Some(millis(elapsed)),
            artifacts: artifacts(&before, &after),
            ..self.describe(&step, MigrationState::Pending)
        };
        self.note_rollback(&step, before, &after);
        if !totals.approved(self.strict) {
            return Ok(Some(self.not_approved(step, report, totals, started).await));
        }
        let record = self.record(&step, self.checksum(&step), &report, verdict, elapsed);
        self.finish(Some(Finished {
            step,
            record,
            leaves: Leaves::default(),
            report,
            is_by_names: false,
            earlier: Vec::new(),
            started,
            elapsed,
        }))
        .await
    }

    async fn statement_failed(
        &mut self,
        step: Step<'_>,
        index: usize,
        failure: Failure,
        started: Instant,
        left: Option<Leftover>,
    ) -> Outcome {
        let exit = exit_of(&failure);
        let mut diagnostic = self.explain(&step, &failure, state(&step, index));
        if let Some(left) = left {
            diagnostic = diagnostic.fact("left behind", left.state()).help(format!(
                "correct the cause, {} with `pgplumb repair`, then run the command again",
                left.remedy()
            ));
        } else if diagnostic.help.is_none() {
            diagnostic =
                diagnostic.help("correct it and run the command again: it goes on at this statement");
        }
        self.stop(step, diagnostic, exit, started).await
    }

    async fn stop(
        &mut self,
        step: Step<'_>,
        diagnostic: Diagnostic,
        exit: ExitCode,
        started: Instant,
    ) -> Outcome {
        self.end_script(&step).await;
        self.fail(step, diagnostic, exit, None, started).await;
        (self.context.events)(Event::StepFailed {
            stem: step.migration.stem(),
            back: step.direction == Direction::Down,
            stays: true,
        });
        Outcome::Stopped(exit)
    }

    /// A row of the journal on one statement.
    fn progress_sql(&self, step: &Step<'_>, word: &'static str, index: usize, started: Instant) -> String {
        let report = self.describe(step, MigrationState::Pending);
        let statements = step.script.statements();
        let mut row = self.journal_row(step, word, None, started.elapsed(), &report, None);
        row.sha256 = sha256(text_up_to(step, index + 1));
        row.artifacts = serde_json::json!({ "statement": index + 1, "of": statements.len() }).to_string();
        row.message = Some(statements[index].tag.clone());
        let history = &self.reading.history;
        match settle::unnamed(step, &statements[index]) {
            Some((table, _)) if word == tables::BEGUN => {
                let artifacts = tables::begun_artifacts_sql(index + 1, statements.len(), &table);
                append_journal_with_sql(history, &row, &artifacts) + tables::RETURN_KNOWN
            }
            _ => append_journal_sql(history, &row),
        }
    }
}

fn exit_of(failure: &Failure) -> ExitCode {
    match &failure.error {
        DbError::Lost(_) => ExitCode::Unreachable,
        _ if session::is_lock_timeout(failure) => ExitCode::LockTimeout,
        _ => ExitCode::ScriptFailed,
    }
}

/// The script's text from its first statement to the end of the one numbered `count`.
fn text_up_to<'s>(step: &Step<'s>, count: usize) -> &'s str {
    let statements = step.script.statements();
    match (statements.first(), statements.get(count.wrapping_sub(1))) {
        (Some(first), Some(last)) => step.script.file.slice(Span::new(first.span.start, last.span.end)),
        _ => "",
    }
}

/// What is wrong when the statements that ran already are not those of the file.
fn changed_since(step: &Step<'_>, progress: &Progress) -> Option<Diagnostic> {
    let recorded = progress.sha256.as_ref()?;
    let found = sha256(text_up_to(step, progress.done));
    (found != *recorded).then(|| {
        let stem = step.migration.stem();
        Diagnostic::error(format!(
            "{stem} is half done: its first {} ran, and were changed in the file since",
            counted(progress.done)
        ))
        .in_file(step.script.file.path())
        .fact("SHA-256 of what ran", recorded)
        .fact("SHA-256 of the file up to there", found)
        .help("restore these statements as they were; those behind them may be changed")
    })
}

/// One sentence on where a script stands whose statement `index` did not end well.
fn state(step: &Step<'_>, index: usize) -> String {
    let stem = step.migration.stem();
    let count = step.script.statements().len();
    let undone = match step.direction {
        Direction::Up => "not recorded as applied",
        Direction::Down => "still recorded as applied",
    };
    match index {
        0 => format!("none of the {} of {stem} is done; it is {undone}", counted(count)),
        done => format!("{} of {count} of {stem} stay done; it is {undone}", counted(done)),
    }
}

fn counted(count: usize) -> String {
    match count {
        1 => "1 statement".to_string(),
        count => format!("{count} statements"),
    }
}
