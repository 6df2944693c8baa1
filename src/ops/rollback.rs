//! `rollback`: newest first, each step in one transaction with history and journal, never without a target.

use std::time::{Duration, Instant};

use super::account;
use super::apply::{describe_plan, outside_notices, refused};
use super::context::{Context, Event};
use super::runner::{Outcome, Runner, describe, millis};
use super::{Confirm, Error, losses, rehearse, residue, suites};
use crate::db::history::Reading;
use crate::diagnostic::Diagnostic;
use crate::history::{Entry, Ledger};
use crate::migration::{Version, Width, sha256};
use crate::plan::{Plan, RollbackTarget, Step};
use crate::report::ExitCode;
use crate::report::model::{Conclusion, Database, MigrationState, Report};
use crate::report::rehearsal::Rehearsal;
use crate::report::summary::quantity;

/// How many statements of a script are shown to the one who is asked.
const SHOWN: usize = 20;

/// What the user asked for.
pub struct Options<'o> {
    pub target: RollbackTarget,
    pub dry_run: bool,
    /// Run it all in one transaction that is rolled back.
    pub rehearse: bool,
    /// Data may be lost without asking.
    pub yes: bool,
    /// How long to wait for another runner, instead of the configured time.
    pub lock_wait: Option<Duration>,
    /// Asks the user, who sees the account; `None` when nobody can be asked.
    pub confirm: Option<Confirm<'o>>,
}

/// Takes migrations back.
///
/// # Errors
/// [`Error`] when nothing could be planned or run, others depend on it, or data would be lost and nobody agreed.
pub async fn rollback(context: &Context<'_>, options: &Options<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("rollback");
    report.dry_run = options.dry_run;
    super::needs_migrations(context.project)?;
    let set = &context.project.set;
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let ledger = Ledger::build(set, &reading.history);
    let plan = Plan::down(set, &ledger, &options.target).map_err(refused)?;
    let problems: Vec<Diagnostic> = plan
        .steps
        .iter()
        .flat_map(|step| step.script.validate())
        .collect();
    if !problems.is_empty() {
        return Err(Error::Input(problems));
    }
    let blocked = account::dependents(context, &session, &plan, &ledger, &reading.schemas).await?;
    let lost = losses::losses(&session, &plan, &reading.schemas).await?;
    let mut notes: Vec<Diagnostic> = newer_scripts(&ledger, &plan);
    notes.extend(outside_notices(&plan));
    notes.extend(repeatables(&ledger, &plan));
    let mut lines: Vec<String> = lost.iter().map(losses::Loss::describe).collect();
    lines.extend(losses::deletions(&plan));
    let loses_data = !lines.is_empty();
    if loses_data {
        notes.push(Diagnostic::warning("this rollback destroys data").fact("data", lines.join("\n")));
    }
    if options.dry_run {
        describe_plan(&mut report, &plan, &[]);
        if !blocked.is_empty() {
            report.exit = ExitCode::Blocked;
            report.conclusion = Some(Conclusion::Blocked);
        }
        report.diagnostics = blocked;
        report.diagnostics.extend(notes);
        report.duration_ms = millis(started.elapsed());
        return Ok(report);
    }
    if !blocked.is_empty() {
        return Err(Error::Blocked(blocked));
    }
    agree(
        context,
        options,
        &plan,
        &notes,
        loses_data,
        report.database.as_ref(),
    )?;
    let width = reading.history.width.unwrap_or(Width::Int4);
    let steps = plan.steps.clone();
    // they tell what a block made; a rollback is not stopped by a check file with an error
    let suites = suites(context.project).unwrap_or_default();
    let mut runner = Runner::new(context, session, reading.clone(), suites, width);
    runner.lock_wait = options.lock_wait.unwrap_or(runner.lock_wait);
    let mut rehearsal = None;
    let outcome = match options.rehearse && !plan.is_empty() {
        true => rehearse::execute(&mut runner, &plan, &[], &mut rehearsal).await,
        false => execute(&mut runner, &plan, &reading).await,
    };
    report.rehearsal = rehearsal
        .or_else(|| options.rehearse.then(Rehearsal::default))
        .map(Box::new);
    report.migrations = std::mem::take(&mut runner.migrations);
    runner.clock.tell(&mut report.migrations);
    report.diagnostics = notes;
    report.diagnostics.append(&mut runner.diagnostics);
    for step in &steps {
        if !report
            .migrations
            .iter()
            .any(|line| line.version == step.migration.label)
        {
            report
                .migrations
                .push(describe(step.migration, MigrationState::Applied));
        }
    }
    report.exit = match outcome {
        Ok(Outcome::Done) => ExitCode::Done,
        Ok(Outcome::Stopped(exit)) => exit,
        Ok(Outcome::HistoryChanged) => {
            report.diagnostics.push(
                Diagnostic::error("another runner changed the history since this rollback was planned")
                    .help("look at `pgplumb status`, then run rollback again"),
            );
            ExitCode::HistoryDisagrees
        }
        Err(error) => {
            let exit = error.exit();
            report.diagnostics.extend(error.into_diagnostics());
            exit
        }
    };
    if report.exit == ExitCode::Done && !steps.is_empty() && !options.rehearse {
        let left = residue::residue(&runner, &steps).await?;
        if !left.is_empty() {
            report.exit = ExitCode::NotApproved;
        }
        report.diagnostics.extend(left);
    }
    report.conclusion = Some(match report.exit {
        ExitCode::Done => Conclusion::Approved,
        _ => Conclusion::NotApproved,
    });
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// Shows what runs and what it destroys, and asks where data would be lost or the settings say so.
///
/// # Errors
/// [`Error::Input`] when nobody agreed: nothing was run.
fn agree(
    context: &Context<'_>,
    options: &Options<'_>,
    plan: &Plan<'_>,
    notes: &[Diagnostic],
    loses_data: bool,
    database: Option<&Database>,
) -> Result<(), Error> {
    if plan.is_empty() {
        return Ok(());
    }
    let mut account = vec![what_runs(plan, database)];
    account.extend_from_slice(notes);
    if options.rehearse || options.yes || !loses_data {
        (context.events)(Event::Planned { account });
        return match options.rehearse {
            true => rehearse::agree(context, plan, options.yes, options.confirm),
            false => super::agree(context, plan, options.yes, options.confirm),
        };
    }
    let refusal = |message: &str| Diagnostic::error(message).fact("state", "nothing was run");
    match options.confirm {
        Some(confirm) if confirm(&account) => Ok(()),
        Some(_) => Err(Error::Input(vec![
            refusal("the rollback was not confirmed").help("answer yes when you are asked, or pass --yes"),
        ])),
        None => {
            account.push(
                refusal("data would be lost, and nobody agreed to it")
                    .help("pass --yes to go ahead, or save the data first"),
            );
            Err(Error::Input(account))
        }
    }
}

/// What becomes of the repeatable migrations, which are not taken back.
fn repeatables(ledger: &Ledger<'_>, plan: &Plan<'_>) -> Option<Diagnostic> {
    let stay: Vec<&Entry<'_>> = ledger.repeatables().filter(|entry| entry.is_applied()).collect();
    if stay.is_empty() || plan.is_empty() {
        return None;
    }
    let stems: Vec<String> = stay.iter().map(|entry| entry.stem()).collect();
    let again: Vec<String> = stay
        .iter()
        .filter(|entry| entry.migration.is_some())
        .map(|entry| entry.stem())
        .collect();
    let note = Diagnostic::note(format!(
        "{}: repeatable, and not taken back: what {} made stays, unless these rollbacks drop it",
        stems.join(", "),
        if stems.len() == 1 { "it" } else { "they" },
    ));
    Some(match again.is_empty() {
        true => note,
        false => note.fact(
            "next",
            format!(
                "the next `pgplumb apply` runs {} again, changed or not",
                again.join(", ")
            ),
        ),
    })
}

/// Runs the plan; when the connection was lost at a COMMIT that came through, goes on with what is left.
async fn execute(runner: &mut Runner<'_>, plan: &Plan<'_>, reading: &Reading) -> Result<Outcome, Error> {
    let mut rest = plan.clone();
    loop {
        let outcome = runner.execute(&rest).await?;
        let is_done = |step: &Step<'_>| {
            runner
                .migrations
                .iter()
                .any(|line| line.version == step.migration.label)
        };
        let done: Vec<Version> = plan
            .steps
            .iter()
            .filter(|step| is_done(step))
            .map(|step| step.migration.version)
            .collect();
        let expected: Vec<Version> = reading
            .history
            .applied
            .iter()
            .map(|applied| applied.version)
            .filter(|version| !done.contains(version))
            .collect();
        let found: Vec<Version> = runner
            .reading
            .history
            .applied
            .iter()
            .map(|applied| applied.version)
            .collect();
        let left = plan.steps.len() - done.len();
        if !matches!(outcome, Outcome::HistoryChanged) || expected != found || left >= rest.steps.len() {
            return Ok(outcome);
        }
        rest.steps.retain(|step| !done.contains(&step.migration.version));
        runner.reread(runner.reading.clone());
    }
}

/// What the one who is asked agrees to: where, and each script with what it drops.
fn what_runs(plan: &Plan<'_>, database: Option<&Database>) -> Diagnostic {
    let place = database.map_or(String::new(), |database| {
        format!(
            " in database {} on {}:{}",
            database.name, database.host, database.port
        )
    });
    let mut note = Diagnostic::note(format!(
        "this takes back {}{place}, newest first",
        quantity(plan.steps.len(), "migration")
    ));
    for step in &plan.steps {
        let statements = step.script.statements();
        let mut lines = vec![format!(
            "{}: {}",
            step.script.file.path(),
            quantity(statements.len(), "statement")
        )];
        // not its text, which may hold a password
        lines.extend(statements.iter().take(SHOWN).map(|statement| {
            let object = statement.effects.first().map(|effect| &effect.object);
            let name = object.map_or(String::new(), |object| match &object.on {
                Some(table) => format!(" {} of {table}", object.name),
                None => format!(" {}", object.name),
            });
            format!("  {}{name}", statement.tag)
        }));
        if statements.len() > SHOWN {
            lines.push(format!("  and {} more", statements.len() - SHOWN));
        }
        note = note.fact("plan", lines.join("\n"));
    }
    note
}

/// Steps whose migration's file is no longer what was applied: the rollback may not fit what is there.
fn newer_scripts(ledger: &Ledger<'_>, plan: &Plan<'_>) -> Vec<Diagnostic> {
    plan.steps
        .iter()
        .filter(|step| {
            ledger
                .get(step.migration.version)
                .and_then(|entry| entry.applied)
                .is_some_and(|applied| !step.migration.accepts_checksum(&applied.checksum))
        })
        .map(|step| {
            Diagnostic::warning(format!(
                "{} was modified after it was applied, so its rollback may not fit what is in the database",
                step.migration.stem()
            ))
            .in_file(step.migration.up.file.path())
            .fact("SHA-256 of the file", sha256(step.migration.up.file.text()))
        })
        .collect()
}
