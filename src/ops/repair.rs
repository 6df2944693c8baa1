//! `repair`: settles what keeps a run from going on: migrations whose file was modified after they were applied,
//! indexes that a build left INVALID, and partitions that are half detached. Nothing is changed before somebody agreed.

use std::time::Instant;

use super::context::{Context, Event, ask};
use super::runner::{Runner, describe, millis};
use super::{Confirm, Error};
use crate::db::batch::{Batch, Stage};
use crate::db::detached;
use crate::db::history::{JournalRow, append_journal_sql, ensure_journal_sql};
use crate::db::repair::{Remnant, update_history_sql};
use crate::diagnostic::Diagnostic;
use crate::history::{Applied, Ledger, State};
use crate::migration::{Leaves, Migration, Version, Width, sha256};
use crate::report::ExitCode;
use crate::report::model::{Conclusion, MigrationState, Report};
use crate::sql::{Action, Effect, ObjectKind};

/// What the user asked for.
#[derive(Clone, Default)]
pub struct Options<'o> {
    /// Settle just these versions; all, and what statements left behind, when empty.
    pub versions: Vec<Version>,
    pub dry_run: bool,
    pub yes: bool,
    /// Asks the user, who sees what would be done; `None` when nobody can be asked.
    pub confirm: Option<Confirm<'o>>,
}

/// A migration that the history and the file tell apart.
struct Modified<'a> {
    migration: &'a Migration,
    applied: &'a Applied,
    checksum: u64,
}

/// Mends history and indexes.
///
/// # Errors
/// [`Error`] when nothing could be looked at, nobody agreed, or the server refused.
pub async fn repair(context: &Context<'_>, options: &Options<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("repair");
    report.dry_run = options.dry_run;
    let set = &context.project.set;
    let (session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let ledger = Ledger::build(set, &reading.history);
    let width = reading.history.width.unwrap_or(Width::Int4);
    let modified = modified(&ledger, &options.versions, width)?;
    let remnants = match options.versions.is_empty() {
        true => session
            .remnants()
            .await
            .map_err(|failure| Error::database("looking for what was left half done", failure))?,
        false => Vec::new(),
    };
    report.diagnostics.extend(missing(&ledger));
    let account = account(&modified, &remnants);
    if account.is_empty() {
        report.diagnostics.push(Diagnostic::note(
            "there is nothing to repair: no applied migration was modified, no index is invalid, and \
             no partition is half detached",
        ));
        report.duration_ms = millis(started.elapsed());
        return Ok(report);
    }
    if options.dry_run {
        report.diagnostics.extend(account);
        report.duration_ms = millis(started.elapsed());
        return Ok(report);
    }
    agree(options, &account)?;
    let mut runner = Runner::new(context, session, reading.clone(), &[], width);
    settle_history(&runner, &modified, started).await?;
    for entry in &modified {
        let line = describe(entry.migration, MigrationState::Applied);
        report.migrations.push(line);
        report.diagnostics.push(Diagnostic::note(format!(
            "{} is recorded as its file is now",
            entry.migration.stem()
        )));
    }
    for remnant in &remnants {
        let mended = mend(&mut runner, remnant, started).await?;
        if mended.severity == crate::diagnostic::Severity::Error {
            report.exit = ExitCode::ScriptFailed;
            report.conclusion = Some(Conclusion::NotApproved);
        }
        report.diagnostics.push(mended);
    }
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// The modified migrations, all or those that were named.
fn modified<'a>(ledger: &Ledger<'a>, versions: &[Version], width: Width) -> Result<Vec<Modified<'a>>, Error> {
    let mut problems = Vec::new();
    for &version in versions {
        match ledger.get(version) {
            Some(entry) if entry.state == State::Modified => {}
            Some(entry) => problems.push(
                Diagnostic::error(format!(
                    "{} is {}: there is nothing to repair",
                    entry.stem(),
                    entry.state.as_str().replace('_', " ")
                ))
                .help("name one that `pgplumb status` lists as modified"),
            ),
            None => problems.push(
                Diagnostic::error(format!("there is no migration with version {version}"))
                    .help("name one of those that `pgplumb status` lists"),
            ),
        }
    }
    if !problems.is_empty() {
        return Err(Error::Input(problems));
    }
    let is_wanted = |version: Version| versions.is_empty() || versions.contains(&version);
    Ok(ledger
        .iter()
        .filter(|entry| entry.state == State::Modified && is_wanted(entry.version))
        .filter_map(|entry| {
            let (migration, applied) = (entry.migration?, entry.applied?);
            let checksum = migration.checksum(width)?;
            Some(Modified {
                migration,
                applied,
                checksum,
            })
        })
        .collect())
}

/// Applied migrations without a file: only whoever has the files can mend that.
fn missing(ledger: &Ledger<'_>) -> Vec<Diagnostic> {
    ledger
        .iter()
        .filter(|entry| entry.state == State::Missing)
        .map(|entry| {
            Diagnostic::warning(format!("{} is applied, and its file is missing", entry.stem()))
                .help("restore the file from version control; repair leaves the history as it is")
        })
        .collect()
}

/// What would be done, one line each.
fn account(modified: &[Modified<'_>], remnants: &[Remnant]) -> Vec<Diagnostic> {
    let files = modified.iter().map(|entry| {
        let mut note = Diagnostic::note(format!(
            "record {} as its file is now, which is not what was applied",
            entry.migration.stem()
        ))
        .in_file(entry.migration.up.file.path());
        if entry.applied.name != entry.migration.name {
            note = note
                .fact("recorded name", &entry.applied.name)
                .fact("name of the file", &entry.migration.name);
        }
        note.fact("recorded checksum", &entry.applied.checksum)
            .fact("checksum of the file", entry.checksum.to_string())
    });
    let remnants = remnants.iter().map(|remnant| match remnant {
        Remnant::Index(index) => {
            let verb = if index.is_remainder { "drop" } else { "rebuild" };
            Diagnostic::note(format!(
                "{verb} {} on {}, which is INVALID",
                remnant.object(),
                index.table
            ))
            .fact("definition", &index.definition)
        }
        Remnant::Partition(partition) => Diagnostic::note(format!(
            "finish detaching {} from {}, which DETACH PARTITION CONCURRENTLY left half done",
            remnant.object(),
            partition.parent
        )),
    });
    files.chain(remnants).collect()
}

fn agree(options: &Options<'_>, account: &[Diagnostic]) -> Result<(), Error> {
    let refusal = |message: &str| Diagnostic::error(message).fact("state", "nothing was changed");
    match options.confirm {
        _ if options.yes => Ok(()),
        Some(confirm) if confirm(account) => Ok(()),
        Some(_) => Err(Error::Input(vec![refusal("the repair was not confirmed")])),
        None => {
            let mut all = account.to_vec();
            all.push(
                refusal("nobody agreed to the repair, and there is no terminal to ask on")
                    .help("pass --yes to agree, or look first with --dry-run"),
            );
            Err(Error::Input(all))
        }
    }
}

/// History and journal, in one transaction under the runner's lock.
async fn settle_history(
    runner: &Runner<'_>,
    modified: &[Modified<'_>],
    started: Instant,
) -> Result<(), Error> {
    if modified.is_empty() {
        return Ok(());
    }
    let session = &runner.session;
    let history = &runner.reading.history;
    let mut batch = Batch::new();
    session.begin(&mut batch, "", &session.settings);
    batch.one(Stage::Lock, &crate::db::lock::lock_alone_sql());
    batch.one(Stage::Record, &ensure_journal_sql(&runner.reading.history));
    for entry in modified {
        let update = update_history_sql(history, entry.applied, &entry.migration.name, entry.checksum);
        batch.one(Stage::Record, &update);
        let row = JournalRow {
            run: &runner.run,
            action: "repair",
            version: entry.migration.version,
            name: &entry.migration.name,
            outcome: "done",
            verdict: None,
            duration_ms: millis(started.elapsed()),
            sha256: sha256(entry.migration.up.file.text()),
            artifacts: "{}".to_string(),
            message: Some(format!(
                "checksum {} became {}",
                entry.applied.checksum, entry.checksum
            )),
            client: &runner.context.client,
        };
        batch.one(Stage::Record, &append_journal_sql(history, &row));
    }
    batch.one(Stage::Commit, "COMMIT");
    ask(session, "repairing the history", batch).await.map(|_| ())
}

/// What is done to a remnant, as a participle.
const fn done_to(remnant: &Remnant) -> &'static str {
    match remnant {
        Remnant::Index(index) if index.is_remainder => "dropped",
        Remnant::Index(_) => "rebuilt",
        Remnant::Partition(_) => "detached",
    }
}

/// Mends one remnant, outside a transaction; what became of it.
async fn mend(runner: &mut Runner<'_>, remnant: &Remnant, started: Instant) -> Result<Diagnostic, Error> {
    let (object, table, verb) = (remnant.object(), remnant.table(), done_to(remnant));
    let of = match remnant {
        Remnant::Index(_) => "on",
        Remnant::Partition(_) => "of",
    };
    (runner.context.events)(Event::Notice {
        severity: "INFO".to_string(),
        message: format!("{object} {of} {table} is being {verb}"),
    });
    let mut batch = Batch::new();
    let settings = runner.session.settings.clone();
    runner.session.prepare_alone(&mut batch, &settings);
    ask(&runner.session, "preparing the session", batch).await?;
    let mut lone = Batch::new();
    lone.one(Stage::Query, &remnant.mend_sql());
    let answered = runner
        .context
        .answer(&runner.session, lone.run(runner.session.client()))
        .await;
    let failure = answered
        .or_interrupted(&format!("{object} was being {verb}"))?
        .err();
    let mut batch = Batch::new();
    runner.session.empty(&mut batch, &Leaves::default());
    batch.one(Stage::Query, detached::UNLOCK);
    ask(&runner.session, "leaving the session", batch).await?;
    if let Some(failure) = failure {
        let Some(error) = failure.server() else {
            return Err(Error::database(format!("mending {object}"), failure));
        };
        let head = Diagnostic::error(format!("{object} could not be {verb}: {}", error.message));
        let told = error.describe(head);
        let told = match remnant {
            Remnant::Index(index) => told.fact("definition", &index.definition),
            Remnant::Partition(_) => told,
        };
        return Ok(told.help("correct the cause, then run `pgplumb repair` again"));
    }
    note_remnant(runner, remnant, started).await?;
    Ok(Diagnostic::note(format!("{object} {of} {table} was {verb}")))
}

/// The row of the journal: of the migration that names the object, else of no version.
async fn note_remnant(runner: &Runner<'_>, remnant: &Remnant, started: Instant) -> Result<(), Error> {
    let is_named = |effect: &Effect| match (&effect.action, remnant) {
        (Action::Detach { partition }, Remnant::Partition(_)) => partition.name == remnant.name(),
        (_, Remnant::Index(_)) => {
            effect.object.kind == ObjectKind::Index && effect.object.name.name == remnant.name()
        }
        _ => false,
    };
    let maker = runner.context.project.set.iter().rev().find(|migration| {
        let scripts = [Some(&migration.up), migration.down.as_deref()];
        let mut statements = scripts
            .into_iter()
            .flatten()
            .flat_map(|script| script.statements());
        statements.any(|statement| statement.effects.iter().any(is_named))
    });
    let row = JournalRow {
        run: &runner.run,
        action: "repair",
        version: maker.map_or(Version::ZERO, |migration| migration.version),
        name: maker.map_or(remnant.name(), |migration| &migration.name),
        // not `done`: what a half-done script has done stays known
        outcome: "repaired",
        verdict: None,
        duration_ms: millis(started.elapsed()),
        sha256: String::new(),
        artifacts: "{}".to_string(),
        message: Some(format!("{} {}", remnant.object(), done_to(remnant))),
        client: &runner.context.client,
    };
    let session = &runner.session;
    let mut batch = Batch::new();
    session.begin(&mut batch, "", &session.settings);
    batch.one(Stage::Record, &ensure_journal_sql(&runner.reading.history));
    batch.one(Stage::Record, &append_journal_sql(&runner.reading.history, &row));
    batch.one(Stage::Commit, "COMMIT");
    ask(session, "writing the journal", batch).await.map(|_| ())
}
