//! One try of a step: sent, answered, read, judged; and what a failure of each means.

use std::collections::BTreeMap;
use std::time::Instant;

use super::{DISTURBANCES, Finished, Outcome, Prepared, Runner, decode, is_disturbance, millis};
use crate::db::batch::{Failure, Reply, Sent, Stage};
use crate::db::lock;
use crate::db::plans::{self, Plans};
use crate::db::session;
use crate::ops::Error;
use crate::ops::context::{Answered, Event};
use crate::ops::judge::Judged;
use crate::ops::look::{Extent, Look, artifacts};
use crate::ops::watch::Watched;
use crate::plan::{Direction, Step};
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Totals};

/// Where a plan stands between two tries.
pub(super) struct Course<'p> {
    /// How much is read for each step.
    extents: Vec<Extent>,
    /// What is read for the step that runs and the one behind it, by their places in the plan.
    looks: BTreeMap<usize, Look>,
    /// The first message of the first step, where it was sent ahead.
    begun: Option<Sent>,
    /// The step before, whose COMMIT travels with the next one.
    pub(super) finished: Option<Finished<'p>>,
    /// Since when another runner is in the way.
    waiting_since: Option<Instant>,
    /// Since when tables are, and how often they were.
    busy_since: Option<Instant>,
    busy: usize,
    /// How often others changed the catalog while it was read.
    disturbances: usize,
    /// The step that was announced last.
    announced: Option<usize>,
    /// What the history is to have of the step that runs.
    checksum: u64,
}

/// How a try ended.
pub(super) enum Turn {
    /// The step is done, up to its COMMIT.
    Done,
    /// It was rolled back, to be tried again.
    Again,
    Stopped(Outcome),
}

/// A step at its place in the plan.
#[derive(Clone, Copy)]
pub(super) struct At<'p> {
    pub(super) step: Step<'p>,
    /// Counts from 0.
    pub(super) index: usize,
    pub(super) of: usize,
    pub(super) started: Instant,
    /// The step behind it.
    pub(super) next: Option<Step<'p>>,
}

type Answer = Result<Reply, Failure>;

impl Course<'_> {
    pub(super) fn new(prepared: Prepared) -> Self {
        Course {
            extents: prepared.extents,
            looks: prepared.looks,
            begun: prepared.begun,
            finished: None,
            waiting_since: None,
            busy_since: None,
            busy: 0,
            disturbances: 0,
            announced: None,
            checksum: 0,
        }
    }
}

impl Runner<'_> {
    /// One try of a step that has a transaction.
    ///
    /// # Errors
    /// As [`Runner::execute`].
    pub(super) async fn attempt<'p>(&mut self, at: At<'p>, course: &mut Course<'p>) -> Result<Turn, Error> {
        self.clock.start(&at.step.migration.stem(), at.started);
        let (first, second) = self.exchange(at, course).await?;
        let before = match first {
            Ok(reply) => reply,
            Err(failure) => return self.not_begun(at, course, failure).await,
        };
        course.waiting_since = None;
        let after = match second {
            Ok(reply) => reply,
            Err(failure) => {
                if failure.stage == Stage::Script {
                    self.clock.script_failed(at.step.script, &failure.moments);
                }
                if self.is_astray(&failure).await {
                    return Ok(Turn::Again);
                }
                return self.not_run(at, course, failure).await;
            }
        };
        self.clock
            .script_ran(at.step.script, after.moments(), &after.script_counts());
        let look = &course.looks[&at.index];
        if look.asks_names() {
            self.session.plans = self.session.plans.answered();
        }
        let catalogs =
            decode(&before, Stage::Before).and_then(|before| Ok((before, look.decode_behind(&after)?)));
        let (before, after) = match catalogs {
            Ok(catalogs) => catalogs,
            Err(error) => return self.not_read(course, error).await,
        };
        let artifacts = artifacts(&before, &after);
        self.note_rollback(&at.step, before, &after);
        match self.judge(&at.step, &after).await {
            Ok(judged) => self.conclude(at, course, judged, artifacts).await,
            Err(error) => self.not_judged(at, course, error).await,
        }
    }

    /// Makes sure that it is known what is read for a step.
    fn make_look(&self, step: &Step<'_>, index: usize, course: &mut Course<'_>) {
        let extent = course.extents[index];
        let look = course.looks.entry(index);
        look.or_insert_with(|| self.look_at(step, extent));
    }

    /// Sends both messages, and takes note of the COMMIT that travelled with them.
    async fn exchange<'p>(&mut self, at: At<'p>, course: &mut Course<'p>) -> Result<(Answer, Answer), Error> {
        let token = self.token(at.index);
        self.make_look(&at.step, at.index, course);
        let look = &course.looks[&at.index];
        let client = self.session.client();
        let first = match course.begun.take() {
            Some(begun) => begun,
            None => {
                let first = self.first_message(&at.step, look, &token, course.finished.as_ref());
                first.send(client).await
            }
        };
        let second = self.second_message(&at.step, look, &token).send(client).await;
        // while the server is busy
        course.checksum = self.checksum(&at.step);
        if let Some(next) = &at.next {
            self.make_look(next, at.index + 1, course);
        }
        let mut first = self.context.answer(&self.session, first.reply()).await;
        if let Some(refusal) = first
            .answer
            .as_ref()
            .and_then(|answer| plans::refusal(answer.as_ref().ok()?))
        {
            first.answer = Some(Err(refusal));
        }
        self.clock.start_script();
        let is_commit_answered = is_commit_answered(&first);
        if is_commit_answered && !self.single {
            self.committed(course.finished.take());
        }
        if is_commit_answered && course.announced.replace(at.index) != Some(at.index) {
            (self.context.events)(Event::StepStarted {
                number: at.index + 1,
                of: at.of,
                stem: at.step.migration.stem(),
                back: at.step.direction == Direction::Down,
            });
        }
        let stem = at.step.migration.stem();
        let watched = Watched {
            stem: &stem,
            statements: at.step.script.statements(),
            only: None,
        };
        let reply = self.context.watching(&self.session, watched, second.reply());
        let second = self.context.answer(&self.session, reply).await;
        self.context.pass_notices(&mut self.session);
        if let Some(Ok(begun)) = &first.answer {
            self.session.has_begun(begun);
        }
        let interrupted = first.interrupted || second.interrupted;
        match (first.answer, second.answer) {
            (Some(first), Some(second)) if !interrupted => Ok((first, second)),
            (first, _) => {
                if self.single && is_commit_answered {
                    // there was no COMMIT: nothing is in doubt
                    course.finished = None;
                }
                Err(self.interrupted(at.step, course.finished.take(), first).await)
            }
        }
    }

    /// The first message failed: COMMIT of the step before, or the beginning of this one.
    async fn not_begun(
        &mut self,
        at: At<'_>,
        course: &mut Course<'_>,
        failure: Failure,
    ) -> Result<Turn, Error> {
        if course.finished.is_some() && is_of_commit(&failure) {
            let outcome = self.commit_failed(course.finished.take(), failure).await?;
            return Ok(Turn::Stopped(outcome));
        }
        if self.is_astray(&failure).await {
            return Ok(Turn::Again);
        }
        // what was there before is read of tables that the script names, too
        if session::is_lock_timeout(&failure) {
            return self.met_busy(at, course, failure).await;
        }
        self.session.rollback().await;
        match failure.server().map(|error| error.sqlstate.as_str()) {
            Some(lock::SQLSTATE_HISTORY_CHANGED) => Ok(Turn::Stopped(Outcome::HistoryChanged)),
            Some(lock::SQLSTATE_LOCKED) => {
                let since = *course.waiting_since.get_or_insert_with(Instant::now);
                self.wait_for_runner(since).await?;
                Ok(Turn::Again)
            }
            Some(lock::SQLSTATE_PRESENT) => {
                // it may change what this run made
                self.read_details().await;
                course.extents[at.index] = Extent::Both;
                course.looks.clear();
                Ok(Turn::Again)
            }
            _ => {
                let doing = format!("beginning the transaction of {}", at.step.migration.stem());
                Err(Error::database(doing, failure))
            }
        }
    }

    /// Whether a message failed for the lack of plans that the session should hold; then it is said in full from now on,
    /// and the transaction was rolled back.
    async fn is_astray(&mut self, failure: &Failure) -> bool {
        let plans = self.session.plans;
        self.session.plans = plans.failed();
        if !plans.is_astray(failure) {
            return false;
        }
        self.session.plans = Plans::Anew;
        self.session.rollback().await;
        true
    }

    /// The second message failed: the script, or what fires or is read behind it.
    async fn not_run(
        &mut self,
        at: At<'_>,
        course: &mut Course<'_>,
        failure: Failure,
    ) -> Result<Turn, Error> {
        if !session::is_lock_timeout(&failure) {
            let outcome = self.script_failed(at.step, failure, &[], at.started).await;
            return Ok(Turn::Stopped(outcome));
        }
        self.met_busy(at, course, failure).await
    }

    /// A table that the step needs was held for longer than `lock_timeout`.
    async fn met_busy(
        &mut self,
        at: At<'_>,
        course: &mut Course<'_>,
        failure: Failure,
    ) -> Result<Turn, Error> {
        self.session.rollback().await;
        let since = *course.busy_since.get_or_insert(at.started);
        course.busy += 1;
        let relations = course.looks[&at.index].scope.named_relations();
        let blockers = self.session.blockers(&relations).await;
        if self
            .wait_for_table(&at.step, course.busy, &blockers, since)
            .await?
        {
            return Ok(Turn::Again);
        }
        let outcome = self.script_failed(at.step, failure, &blockers, since).await;
        Ok(Turn::Stopped(outcome))
    }

    /// The catalog could not be made out: others may have been changing it.
    async fn not_read(&mut self, course: &mut Course<'_>, error: Error) -> Result<Turn, Error> {
        self.session.rollback().await;
        course.disturbances += 1;
        if is_disturbance(&error) && course.disturbances < DISTURBANCES {
            return Ok(Turn::Again);
        }
        Err(error)
    }

    /// The checks came to no verdict.
    async fn not_judged(&mut self, at: At<'_>, course: &mut Course<'_>, error: Error) -> Result<Turn, Error> {
        match error {
            Error::Busy(met) => {
                let since = *course.busy_since.get_or_insert(at.started);
                course.busy += 1;
                if self
                    .wait_for_table(&at.step, course.busy, &met.blockers, since)
                    .await?
                {
                    return Ok(Turn::Again);
                }
                let outcome = self.probe_gave_up(at.step, *met, since).await;
                Ok(Turn::Stopped(outcome))
            }
            Error::Interrupted(said) => Err(self.probes_interrupted(at.step, said).await),
            error => {
                self.session.rollback().await;
                Err(error)
            }
        }
    }

    /// The checks came to their verdicts: the step is ready for COMMIT, or nothing of it stays.
    async fn conclude<'p>(
        &mut self,
        at: At<'p>,
        course: &mut Course<'p>,
        mut judged: Judged,
        artifacts: Artifacts,
    ) -> Result<Turn, Error> {
        let totals = Totals::of(&judged.verdicts);
        if !totals.approved(self.strict) {
            // what they would alter goes with the transaction: it is the script that has to be corrected
            judged
                .verdicts
                .iter_mut()
                .for_each(|verdict| verdict.remedy = None);
        }
        let verdict = match judged.verdicts.is_empty() {
            true => "not_verified",
            false => "approved",
        };
        self.checks.extend(judged.verdicts);
        self.diagnostics.extend(judged.notes);
        self.matrices.extend(judged.matrices);
        let elapsed = at.started.elapsed();
        self.clock.end();
        let report = MigrationReport {
            duration_ms: Some(millis(elapsed)),
            artifacts,
            ..self.describe(&at.step, MigrationState::Pending)
        };
        if !totals.approved(self.strict) {
            let outcome = self.not_approved(at.step, report, totals, at.started).await;
            return Ok(Turn::Stopped(outcome));
        }
        let record = self.record(&at.step, course.checksum, &report, verdict, elapsed);
        let leaves = at.step.script.leaves();
        if leaves.prepared && !self.session.is_pooled() {
            // they go with what the script prepared
            self.session.plans = self.session.plans.gone();
        }
        let mut earlier = Vec::new();
        if let Some(mut before) = course.finished.take() {
            earlier = std::mem::take(&mut before.earlier);
            earlier.push(before);
        }
        match self.single {
            true => self.held.push(at.step.migration.version),
            false => (course.busy_since, course.busy) = (None, 0),
        }
        course.looks.remove(&at.index);
        course.finished = Some(Finished {
            step: at.step,
            earlier,
            record,
            leaves,
            report,
            is_by_names: course.extents[at.index] == Extent::Names,
            started: at.started,
            elapsed,
        });
        Ok(Turn::Done)
    }
}

/// Whether the first message came behind the COMMIT that travels with it.
fn is_commit_answered(first: &Answered<Answer>) -> bool {
    match &first.answer {
        None => false,
        Some(Err(failure)) => !is_of_commit(failure),
        Some(Ok(_)) => true,
    }
}

/// Whether a failure is one of the COMMIT that travels with the first message.
fn is_of_commit(failure: &Failure) -> bool {
    matches!(failure.stage, Stage::Commit | Stage::Record)
}
