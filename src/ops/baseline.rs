//! `baseline`: takes over a database that was made without pgplumb. The migrations up to a version are recorded as
//! applied without being run, once the database meets their suites.

use std::time::{Duration, Instant};

use super::apply::{check_width, refused};
use super::context::{Context, ask};
use super::judge::{Judged, Place};
use super::runner::{self, Runner, millis, now};
use super::{Error, facts, suites};
use crate::catalog::Catalog;
use crate::check::{self, Suite};
use crate::db::batch::{Batch, Stage};
use crate::db::catalog as reading;
use crate::db::history::{JournalRow, append_journal_sql, insert_history_sql};
use crate::db::lock::{self, Expectation, Newest};
use crate::diagnostic::Diagnostic;
use crate::history::{Entry, Ledger};
use crate::migration::{Version, sha256};
use crate::plan::Plan;
use crate::report::ExitCode;
use crate::report::model::{Conclusion, MigrationState, Report};

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Options {
    /// The newest version that the database has.
    pub version: Version,
    pub dry_run: bool,
    /// Record without judging the database.
    pub no_verify: bool,
    pub strict: bool,
    /// How long to wait for another runner, instead of the configured time.
    pub lock_wait: Option<Duration>,
}

/// Records migrations as applied.
///
/// # Errors
/// [`Error`] when nothing could be recorded. A database that does not meet the suites is in the report.
pub async fn baseline(context: &Context<'_>, options: &Options) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("baseline");
    report.dry_run = options.dry_run;
    let project = context.project;
    let all = suites(project)?;
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let ledger = Ledger::build(&project.set, &reading.history);
    let mut plan = Plan::up(&ledger, Some(options.version), true).map_err(refused)?;
    // they run anyway, and are made for that
    plan.steps.retain(|step| !step.migration.is_repeatable());
    refuse_newer(&ledger, options.version)?;
    let versions = project.set.iter().map(|migration| migration.version);
    let width = reading
        .history
        .width
        .unwrap_or_else(|| runner::width_of_new_table(versions, project.config.settings.history));
    check_width(&plan, &reading, width)?;
    if plan.is_empty() {
        report.diagnostics.push(Diagnostic::note(format!(
            "every migration up to {} is recorded as applied already",
            options.version
        )));
        report.duration_ms = millis(started.elapsed());
        return Ok(report);
    }

    let mut runner = Runner::new(context, session, reading.clone(), all, width);
    runner.verify = !options.no_verify;
    runner.strict |= options.strict;
    runner.lock_wait = options.lock_wait.unwrap_or(runner.lock_wait);
    if runner.verify && all.iter().any(Suite::has_probes) {
        let _ = super::probes::allowed(context);
    }
    let catalog = begin(&mut runner, &plan, all).await?;
    let judged = judge(&runner, &plan, all, &catalog).await;
    let judged = match judged {
        Ok(judged) => judged,
        Err(error) => {
            runner.session.rollback().await;
            return Err(error);
        }
    };
    report.checks = judged.verdicts;
    report.diagnostics.extend(judged.notes);
    report.isolation = judged.matrices;
    let is_met = report.totals().approved(runner.strict);
    let is_recorded = is_met && !options.dry_run;
    if is_recorded {
        record(&mut runner, &plan, started).await?;
    } else {
        runner.session.rollback().await;
    }
    for step in &plan.steps {
        let state = match is_recorded {
            true => MigrationState::Applied,
            false => MigrationState::Pending,
        };
        let mut line = runner::describe(step.migration, state);
        let suite = all
            .iter()
            .find(|suite| suite.version == Some(step.migration.version));
        facts::of_files(&mut line, step.migration, step.script, suite);
        report.migrations.push(line);
    }
    report.diagnostics.push(verdict_note(&plan, is_met, options));
    (report.exit, report.conclusion) = match is_met {
        true => (ExitCode::Done, Some(Conclusion::Approved)),
        false => (ExitCode::NotApproved, Some(Conclusion::NotApproved)),
    };
    facts::makers(&mut report, project);
    facts::root_causes(&mut report);
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// What came of it, in one message.
fn verdict_note(plan: &Plan<'_>, is_met: bool, options: &Options) -> Diagnostic {
    let stems: Vec<String> = plan.steps.iter().map(|step| step.migration.stem()).collect();
    let stems = stems.join(", ");
    match (is_met, options.dry_run) {
        (true, false) => Diagnostic::note(format!("recorded as applied, without being run: {stems}")),
        (true, true) => Diagnostic::note(format!("would be recorded as applied, without being run: {stems}")),
        (false, _) => Diagnostic::error("the database does not meet the suites of what it is said to have")
            .fact("state", "nothing was recorded")
            .help("baseline an older version, or correct the database or the check files; --no-verify records all the same"),
    }
}

/// A version that is recorded already and newer than the one named makes the name a mistake.
fn refuse_newer(ledger: &Ledger<'_>, version: Version) -> Result<(), Error> {
    match ledger.newest_applied() {
        Some(newest) if newest.version > version => Err(Error::Disagreement(vec![
            Diagnostic::error(format!(
                "the history has {} already, which is newer than {version}",
                Entry::stem(newest)
            ))
            .fact("state", "nothing was recorded")
            .help("see what is applied with `pgplumb status`, and name the newest version that the database has"),
        ])),
        _ => Ok(()),
    }
}

/// Takes the lock, looks whether the history is still as read, and reads the catalog; the transaction stays open.
async fn begin(runner: &mut Runner<'_>, plan: &Plan<'_>, all: &[Suite]) -> Result<Catalog, Error> {
    let since = Instant::now();
    let wanted: Vec<&Suite> = all.iter().collect();
    loop {
        let history = &runner.reading.history;
        let mut batch = Batch::new();
        runner.session.begin(&mut batch, "", &runner.session.settings);
        batch.one(
            Stage::Lock,
            &lock::lock_sql(&Expectation {
                history,
                newest: history.newest(),
                version: plan.steps[0].migration.version,
                recorded: false,
                journal: Newest::Id(history.journal_id),
                width: runner.width,
                present: None,
                token: "baseline",
            }),
        );
        let sql = reading::read_sql(&check::scope(&wanted), runner.session.version_num());
        runner.session.read_catalog(&mut batch, Stage::After, &sql);
        let failure = match batch.run(runner.session.client()).await {
            Ok(reply) => return runner::decode(&reply, Stage::After),
            Err(failure) => failure,
        };
        runner.session.rollback().await;
        match failure.server().map(|error| error.sqlstate.as_str()) {
            Some(lock::SQLSTATE_LOCKED) => runner.wait_for_runner(since).await?,
            Some(lock::SQLSTATE_HISTORY_CHANGED) => {
                return Err(Error::Disagreement(vec![
                    Diagnostic::error("another runner changed the history meanwhile")
                        .fact("state", "nothing was recorded")
                        .help("look at `pgplumb status`, then run baseline again"),
                ]));
            }
            _ => return Err(Error::database("reading the catalog", failure)),
        }
    }
}

/// The suites of what is recorded and of what is to be, and those that hold always.
async fn judge(
    runner: &Runner<'_>,
    plan: &Plan<'_>,
    all: &[Suite],
    catalog: &Catalog,
) -> Result<Judged, Error> {
    if !runner.verify {
        return Ok(Judged::default());
    }
    let is_planned = |version: Version| plan.steps.iter().any(|step| step.migration.version == version);
    let known: Vec<&Suite> = all
        .iter()
        .filter(|suite| {
            suite
                .version
                .is_none_or(|version| is_planned(version) || runner.is_recorded(version))
        })
        .collect();
    let is_judged = |suite: &Suite| suite.version.is_none_or(is_planned);
    super::judge::judge(
        runner.context,
        &runner.session,
        &known,
        catalog,
        Place::Within,
        is_judged,
    )
    .await
}

/// Writes history and journal, and commits.
async fn record(runner: &mut Runner<'_>, plan: &Plan<'_>, started: Instant) -> Result<(), Error> {
    let history = &runner.reading.history;
    let mut batch = Batch::new();
    for step in &plan.steps {
        let migration = step.migration;
        let width = history.width.unwrap_or(runner.width);
        let checksum = migration.checksum(width).unwrap_or_default();
        let entry = insert_history_sql(history, migration.version, &migration.name, &now(), checksum);
        batch.one(Stage::Record, &entry);
        let row = JournalRow {
            run: &runner.run,
            action: "baseline",
            version: migration.version,
            name: &migration.name,
            outcome: "done",
            verdict: Some(if runner.verify { "approved" } else { "not_verified" }),
            duration_ms: millis(started.elapsed()),
            sha256: sha256(step.script.file.text()),
            artifacts: "{}".to_string(),
            message: None,
            client: &runner.context.client,
        };
        batch.one(Stage::Record, &append_journal_sql(history, &row));
    }
    batch.one(Stage::Commit, "COMMIT");
    ask(&runner.session, "recording the baseline", batch).await?;
    Ok(())
}
