//! Runs a plan: each step is script, reading of the catalog, its checks, history and journal in one
//! transaction; COMMIT comes only after every check passed.
//!
//! A step costs one round trip, one more when the server must judge expressions: COMMIT of one step travels
//! with the beginning of the next in one message, and the script in a second one right behind it. The second
//! begins with a guard, so that it does nothing when the first failed.

mod beginning;
mod failure;
mod messages;
mod record;
mod step;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use self::beginning::Beginning;
pub(super) use self::record::{Finished, action, note};
use self::step::{At, Course, Turn};
use super::context::Context;
use super::judge::{Judged, Place, judge};
use super::look::{Extent, Look, scope_of};
use super::timeline::Clock;
use super::{Error, facts, probes};
use crate::catalog::{Catalog, Scope};
use crate::check::{self, Suite, Verdict};
use crate::db::batch::{Failure, Reply, Sent, Stage};
use crate::db::catalog as reading;
use crate::db::detached::Known;
use crate::db::error::Error as DbError;
use crate::db::history::Reading;
use crate::db::plans::Plans;
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::isolation::Matrix;
use crate::migration::{Migration, Version, Width};
use crate::plan::{Direction, Plan, Step};
use crate::report::ExitCode;
use crate::report::model::{MigrationReport, MigrationState};

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
    /// Nobody reads the report of a run that works: what stands only there is left out until something fails.
    pub is_terse: bool,
    /// Versions whose steps ran in the transaction that is open, with those that follow.
    pub(super) held: Vec<Version>,
    pub lock_wait: Duration,
    /// Width of a history table that has to be created.
    pub width: Width,
    /// Names this run in the journal.
    pub(super) run: String,
    /// What was there before the statement that makes an index without a name.
    pub(super) known: Option<Known>,
    /// Whether the newest row of the journal is from this run.
    pub(super) has_written: bool,
    pub migrations: Vec<MigrationReport>,
    /// Lines of `migrations` that tell what was made by its names alone so far.
    pub(super) deferred: Vec<usize>,
    pub checks: Vec<Verdict>,
    pub diagnostics: Vec<Diagnostic>,
    /// What came of isolation matrices.
    pub matrices: Vec<Arc<Matrix>>,
    /// The catalog before and behind each rollback, by version.
    pub rollbacks: BTreeMap<Version, (Catalog, Catalog)>,
    pub(super) clock: Clock,
    /// What was made out of the plan that is to run, before it runs.
    pub prepared: Option<Prepared>,
}

/// What is read for the steps of a plan, as far as it was made out.
pub struct Prepared {
    extents: Vec<Extent>,
    /// By the places of the steps.
    looks: BTreeMap<usize, Look>,
    /// Whether it pays to have the server plan once what is said at each step.
    plans_pay: bool,
    /// The first message of the first step, where it was sent already.
    begun: Option<Sent>,
}

impl Prepared {
    /// The same for a run that goes on with what was begun.
    #[must_use]
    pub fn behind(self, beginning: Beginning) -> Prepared {
        Prepared {
            begun: beginning.into_sent(),
            ..self
        }
    }
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
            is_terse: false,
            held: Vec::new(),
            lock_wait: config.lock_wait.as_duration().unwrap_or_default(),
            width,
            run: run_name(),
            known: None,
            has_written: false,
            migrations: Vec::new(),
            deferred: Vec::new(),
            checks: Vec::new(),
            diagnostics: Vec::new(),
            matrices: Vec::new(),
            rollbacks: BTreeMap::new(),
            clock: Clock::default(),
            prepared: None,
        }
    }

    /// Makes out what a plan needs before it runs: it can be done while the server is at work.
    pub fn prepare(&self, plan: &Plan<'_>) -> Prepared {
        let extents = self.extents(plan);
        let is_apart = self.single || self.session.is_pooled();
        let mut looks = BTreeMap::new();
        let mut named = 0;
        for (index, (step, &extent)) in plan.steps.iter().zip(&extents).enumerate() {
            let counts = extent == Extent::Names && !is_apart && named < MANY_NAMED;
            if counts || index == 0 {
                let look = self.look_at(step, extent);
                named += usize::from(look.asks_names());
                looks.insert(index, look);
            } else if extent == Extent::Names {
                break;
            }
        }
        Prepared {
            extents,
            looks,
            plans_pay: !is_apart && named == MANY_NAMED,
            begun: None,
        }
    }

    /// Whether the user may be asked something before the plan runs, while no transaction should be open.
    pub fn may_ask(&self, plan: &Plan<'_>) -> bool {
        let mut gates = plan.steps.iter().filter_map(|step| self.suite(step));
        gates.any(Suite::has_probes)
    }

    /// Runs the plan until it is done or a step fails.
    ///
    /// # Errors
    /// [`Error`] when the conversation with the server breaks outside a script, a lock is not obtained in time,
    /// or the user interrupts. What was committed before stays, and is in [`Runner::migrations`].
    pub async fn execute(&mut self, plan: &Plan<'_>) -> Result<Outcome, Error> {
        // asked now: later a transaction is open
        if self.may_ask(plan) {
            let _ = probes::allowed(self.context);
        }
        let outcome = self.run(plan).await;
        if !self.is_terse || !matches!(outcome, Ok(Outcome::Done)) {
            self.read_details().await;
        }
        outcome
    }

    async fn run(&mut self, plan: &Plan<'_>) -> Result<Outcome, Error> {
        self.held.clear();
        let checks_before = self.checks.len();
        let prepared = self.prepared.take().unwrap_or_else(|| self.prepare(plan));
        if self.session.plans == Plans::Anew && prepared.plans_pay {
            self.session.plans = Plans::ToMake(0);
        }
        self.migrations.reserve_exact(plan.steps.len());
        let mut course = Course::new(prepared);
        let mut index = 0;
        while let Some(&step) = plan.steps.get(index) {
            let at = At {
                step,
                index,
                of: plan.steps.len(),
                started: Instant::now(),
                next: plan.steps.get(index + 1).copied(),
            };
            let turn = match step.script.is_transactional() {
                true => self.attempt(at, &mut course).await?,
                false => self.attempt_outside(at, &mut course).await?,
            };
            if matches!(turn, Turn::Again) {
                self.session.clear(&step.script.leaves()).await;
            }
            match turn {
                Turn::Done => index += 1,
                Turn::Stopped(outcome) => return Ok(outcome),
                Turn::Again if self.single => {
                    // with all that share the transaction
                    course.finished = None;
                    self.held.clear();
                    self.checks.truncate(checks_before);
                    index = 0;
                }
                Turn::Again => {}
            }
        }
        Ok(self
            .finish(course.finished.take())
            .await?
            .unwrap_or(Outcome::Done))
    }

    /// A step whose script runs outside a transaction, behind COMMIT of the one before.
    async fn attempt_outside<'p>(&mut self, at: At<'p>, course: &mut Course<'p>) -> Result<Turn, Error> {
        let mut stopped = self.finish(course.finished.take()).await?;
        if stopped.is_none() {
            stopped = self.run_detached(at.step, at.index + 1, at.of).await?;
        }
        Ok(stopped.map_or(Turn::Done, Turn::Stopped))
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
        if !self.is_terse {
            facts::of_files(&mut line, step.migration, step.script, self.suite(step));
        }
        line
    }
}

/// From how many steps on it pays to have the server plan once what is said at each.
const MANY_NAMED: usize = 2;

/// How often a step is tried again because others changed the catalog while it was read.
const DISTURBANCES: usize = 5;

/// Whether the catalog was changed by others while it was read.
pub fn is_disturbance(error: &Error) -> bool {
    matches!(error, Error::Database { failure, .. } if matches!(failure.error, DbError::Disturbed(_)))
}

/// The catalog rows of one stage.
pub fn decode(reply: &Reply, stage: Stage) -> Result<Catalog, Error> {
    reading::decode(reply.messages(stage))
        .map_err(|error| Error::database("reading the catalog", Failure::of(error.into())))
}

/// A migration as a line of the report.
pub fn describe(migration: &Migration, state: MigrationState) -> MigrationReport {
    MigrationReport {
        source: Some(migration.up.file.location(0)),
        ..MigrationReport::new(migration.label.clone(), migration.name.clone(), state)
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
