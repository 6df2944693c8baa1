//! `--rehearse`: the plan runs in one transaction that is rolled back, checks included, statement by statement.
//!
//! What one transaction makes impossible is no failure of a migration: such a step is left out with its reason, and the
//! rehearsal begins again without it.

mod attempt;

use std::collections::BTreeMap;
use std::time::Instant;

use self::attempt::Attempt;
use super::context::Context;
use super::runner::{Outcome, Runner, millis};
use super::{Confirm, Error};
use crate::check::Suite;
use crate::db::batch::Failure;
use crate::db::rehearse::{Locks, Relations};
use crate::diagnostic::Diagnostic;
use crate::plan::{Direction, Plan, Step};
use crate::report::ExitCode;
use crate::report::model::MigrationState;
use crate::report::rehearsal::{Rehearsal, RehearsedStep, StepOutcome};

/// Says what a rehearsal does, and goes on only where somebody agreed.
///
/// # Errors
/// [`Error::Input`] when nobody did: nothing was run.
pub fn agree(
    context: &Context<'_>,
    plan: &Plan<'_>,
    yes: bool,
    confirm: Option<Confirm<'_>>,
) -> Result<(), Error> {
    if yes {
        return Ok(());
    }
    let stems: Vec<String> = plan.steps.iter().map(|step| step.migration.stem()).collect();
    let locked: Vec<String> = crate::preflight::names(plan).locked.into_iter().collect();
    let environment = &context.project.config.environment;
    let place = environment
        .as_ref()
        .map_or(String::new(), |name| format!(" in environment {name}"));
    let mut what = Diagnostic::note(format!("about to rehearse {}{place}", stems.join(", ")))
        .fact(
            "how",
            "all of it runs in one transaction, which is rolled back: every lock is held until the end",
        )
        .fact(
            "stays",
            "what a rollback does not take back: values drawn from sequences, and what a script does outside the database",
        );
    if !locked.is_empty() {
        what = what.fact("locks", locked.join(", "));
    }
    let refusal = |message: &str| Diagnostic::error(message).fact("state", "nothing was run");
    match confirm {
        Some(confirm) if confirm(std::slice::from_ref(&what)) => Ok(()),
        Some(_) => Err(Error::Input(vec![refusal("the rehearsal was not confirmed")])),
        None => Err(Error::Input(vec![
            what,
            refusal("a rehearsal holds its locks until its end, and nobody agreed to that")
                .help("pass --yes to go ahead, best on a copy of the database or at a quiet time"),
        ])),
    }
}

/// Why a step was left out.
type LeftOut = BTreeMap<usize, String>;

/// How one try ended.
enum Turn {
    Done,
    /// The plan was made from an older history.
    HistoryChanged,
    /// Another runner is at work.
    Locked,
    /// A step cannot be tried this way: again without it.
    LeaveOut(usize, String),
    /// A lock was not obtained in time.
    Busy(usize, Failure),
    Stopped(ExitCode),
}

/// Runs the plan and takes it back. What was measured is in `rehearsal`, also when a step failed; verdicts and messages
/// are in the runner.
///
/// # Errors
/// [`Error`] when the conversation with the server breaks outside a script, or the user interrupts.
pub async fn execute(
    runner: &mut Runner<'_>,
    plan: &Plan<'_>,
    always: &[&Suite],
    rehearsal: &mut Option<Rehearsal>,
) -> Result<Outcome, Error> {
    let since = Instant::now();
    let mut left_out = LeftOut::new();
    for (index, step) in plan.steps.iter().enumerate() {
        if !step.script.is_transactional() {
            left_out.insert(index, "its script runs outside a transaction".to_string());
        }
    }
    if !left_out.is_empty() {
        leave_out_dependents(runner, plan, &mut left_out).await?;
    }
    let reading = runner.reading.clone();
    let mut busy = 0;
    loop {
        let mut rehearsed = Rehearsal::default();
        let mut attempt = Attempt {
            runner,
            plan,
            left_out: &left_out,
            relations: Relations::new(),
            held: Locks::new(),
            rehearsal: &mut rehearsed,
        };
        let started = Instant::now();
        let turn = attempt.run(always).await;
        runner.session.rollback().await;
        for step in &plan.steps {
            runner.session.clear(&step.script.leaves()).await;
        }
        runner.reading = reading.clone();
        rehearsed.duration_ms = millis(started.elapsed());
        match turn? {
            Turn::LeaveOut(index, reason) => {
                left_out.insert(index, reason);
                leave_out_dependents(runner, plan, &mut left_out).await?;
                runner.checks.clear();
            }
            Turn::Locked => runner.wait_for_runner(since).await?,
            Turn::Busy(index, failure) => {
                busy += 1;
                let step = plan.steps[index];
                let scope = runner.scope(&step);
                let blockers = runner.session.blockers(&scope.named_relations()).await;
                if runner.wait_for_table(&step, busy, &blockers, since).await? {
                    runner.checks.clear();
                    continue;
                }
                let mut diagnostic = runner.explain(&step, &failure, ROLLED_BACK.to_string());
                for blocker in &blockers {
                    diagnostic = diagnostic.fact("blocked by", blocker.to_string());
                }
                stop(runner, &step, diagnostic);
                conclude(&mut rehearsed, plan, &left_out);
                *rehearsal = Some(rehearsed);
                return Ok(Outcome::Stopped(ExitCode::LockTimeout));
            }
            Turn::HistoryChanged => return Ok(Outcome::HistoryChanged),
            Turn::Done => {
                conclude(&mut rehearsed, plan, &left_out);
                *rehearsal = Some(rehearsed);
                tell(runner, plan);
                return Ok(Outcome::Done);
            }
            Turn::Stopped(exit) => {
                conclude(&mut rehearsed, plan, &left_out);
                *rehearsal = Some(rehearsed);
                return Ok(Outcome::Stopped(exit));
            }
        }
    }
}

/// One sentence on where the database stands behind a rehearsal.
const ROLLED_BACK: &str = "the rehearsal was rolled back: nothing of it remains";

/// What depends on a step that is left out cannot be tried either.
async fn leave_out_dependents(
    runner: &mut Runner<'_>,
    plan: &Plan<'_>,
    left_out: &mut LeftOut,
) -> Result<(), Error> {
    if plan.direction == Direction::Down {
        return Ok(());
    }
    let rest = Plan {
        direction: plan.direction,
        steps: plan
            .steps
            .iter()
            .enumerate()
            .filter(|(index, _)| !left_out.contains_key(index))
            .map(|(_, step)| *step)
            .collect(),
    };
    let missing = crate::ops::preflight::missing_in(runner.context, &runner.session, &rest).await?;
    let stems = stems_of(plan, left_out);
    for (index, step) in plan.steps.iter().enumerate() {
        if let Some(object) = missing.get(&step.migration.version) {
            left_out
                .entry(index)
                .or_insert_with(|| format!("it needs {object}, which comes with {stems}"));
        }
    }
    Ok(())
}

fn stems_of(plan: &Plan<'_>, left_out: &LeftOut) -> String {
    let stems: Vec<String> = left_out
        .keys()
        .map(|&index| plan.steps[index].migration.stem())
        .collect();
    stems.join(" or ")
}

/// The steps that were left out or not reached, at their places.
fn conclude(rehearsal: &mut Rehearsal, plan: &Plan<'_>, left_out: &LeftOut) {
    let mut run = std::mem::take(&mut rehearsal.steps).into_iter().peekable();
    for (index, step) in plan.steps.iter().enumerate() {
        let stem = step.migration.stem();
        if let Some(done) = run.next_if(|done| done.stem == stem) {
            rehearsal.steps.push(done);
            continue;
        }
        let reason = left_out.get(&index);
        rehearsal.steps.push(RehearsedStep {
            stem,
            outcome: match reason {
                Some(_) => StepOutcome::NotRehearsable,
                None => StepOutcome::NotReached,
            },
            reason: reason.cloned().unwrap_or_default(),
            duration_ms: 0.0,
            statements: Vec::new(),
        });
    }
}

/// The migrations are where they were.
fn tell(runner: &mut Runner<'_>, plan: &Plan<'_>) {
    for step in &plan.steps {
        let state = match step.direction {
            Direction::Up => MigrationState::Pending,
            Direction::Down => MigrationState::Applied,
        };
        let line = runner.describe(step, state);
        runner.migrations.push(line);
    }
}

/// A step that failed; nothing is written to the journal, for a rehearsal leaves nothing.
fn stop(runner: &mut Runner<'_>, step: &Step<'_>, diagnostic: Diagnostic) {
    let mut line = runner.describe(step, MigrationState::Failed);
    line.error = Some(diagnostic.message.clone());
    runner.migrations.push(line);
    runner.diagnostics.push(diagnostic);
}
