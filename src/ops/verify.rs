//! `verify`: the suites against the live catalog. Leaves nothing behind.

use std::time::Instant;

use super::busy::with_holders;
use super::context::{Context, hear};
use super::judge::{Place, judge_claimed};
use super::runner::{self, millis};
use super::{Error, facts, suites, unjudged};
use crate::catalog::{Catalog, Scope};
use crate::check::{self, Answers, Claimed, Suite};
use crate::db::batch::{Batch, Failure, Reply, Sent, Stage};
use crate::db::catalog::{self as reading, Collected};
use crate::db::error::Error as DbError;
use crate::db::history::Reading;
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::history::Ledger;
use crate::migration::Version;
use crate::report::ExitCode;
use crate::report::model::{Conclusion, MigrationState, Report};

/// What the user asked for.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Judge just these, whatever their state; all applied and the always-on suites when empty.
    pub versions: Vec<Version>,
    /// Warnings gate as well.
    pub strict: bool,
}

/// Judges the database.
///
/// # Errors
/// [`Error`] when it could not be looked at. What differs is in the report.
pub async fn verify(context: &Context<'_>, options: &Options) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("verify");
    let project = context.project;
    let all = suites(project)?;
    let named = named_suites(all, &options.versions, context)?;
    // what every suite that may be judged asks for is read: which of them are is told with the history
    let candidates: Vec<&Suite> = all.iter().collect();
    // the server lets us in meanwhile
    let scope = check::narrow_scope(&candidates);
    let (mut session, begun) = context.open_for_snapshot().await?;
    let message_left = session.connection().message_left();
    let (read, claimed) = tokio::join!(read(context, &mut session, begun, &scope), async {
        // the server works on it by then
        message_left.await;
        Claimed::by(&candidates)
    });
    let (history, mut catalog) = match read {
        Ok(Some(read)) => read,
        Ok(None) => read_again(context, &mut session, &scope).await?,
        Err(error) if runner::is_disturbance(&error) => read_again(context, &mut session, &scope).await?,
        Err(error) => return Err(with_holders(&session, error, &scope.named_relations()).await),
    };
    report.database = Some(context.database(&session, &history));

    let ledger = Ledger::build(&project.set, &history.history);
    let is_applied = |suite: &Suite| match suite.version {
        None => true,
        Some(version) => ledger.get(version).is_some_and(|entry| entry.is_applied()),
    };
    let is_judged = |suite: &Suite| match &named {
        Some(named) => named.contains(&suite.id.as_str()),
        None => is_applied(suite),
    };
    // the applied ones beside the named say what has been taken over, and what else is there
    let known = candidates.iter().copied();
    let known: Vec<&Suite> = known
        .filter(|suite| is_applied(suite) || is_judged(suite))
        .collect();
    let claimed = match known.len() == candidates.len() {
        true => claimed,
        false => Claimed::by(&known),
    };
    let is_enough = || {
        // what is pending is not there yet
        let pending = known.len() < candidates.len();
        let applied = pending.then(|| check::narrow_scope(&known));
        let is_gone = |schema: &str, name: &str| claimed.says_gone(schema, name);
        reading::tells_relations(applied.as_ref().unwrap_or(&scope), &catalog, is_gone)
            && !check::lacks(&claimed, &catalog)
    };
    if scope.is_narrow && !is_enough() {
        let broad = check::scope(&known);
        catalog = match read_catalog(context, &session, Batch::new(), &broad).await {
            Ok((_, catalog)) => catalog,
            Err(error) if runner::is_disturbance(&error) => {
                read_again(context, &mut session, &broad).await?.1
            }
            Err(error) => return Err(with_holders(&session, error, &broad.named_relations()).await),
        };
    }
    let mut answers = Answers::default();
    let judged = judge_claimed(
        context,
        &session,
        &claimed,
        &catalog,
        Place::Apart,
        is_judged,
        &mut answers,
    )
    .await;
    session.leave().await;
    let judged = judged?;
    report.checks = judged.verdicts;
    report.diagnostics.extend(judged.notes);
    report.isolation = judged.matrices;
    for migration in project.set.versioned() {
        let applied = ledger
            .get(migration.version)
            .is_some_and(|entry| entry.is_applied());
        let suite = all.iter().find(|suite| suite.version == Some(migration.version));
        let judged = suite.is_some_and(is_judged);
        let state = match (applied, judged) {
            (true, _) => MigrationState::Applied,
            (false, true) => MigrationState::Pending,
            (false, false) => MigrationState::Skipped,
        };
        let mut line = runner::describe(migration, state);
        if judged {
            facts::of_files(&mut line, migration, &migration.up, suite);
        }
        report.migrations.push(line);
        // who names versions asks about no others
        if !applied
            && named.is_none()
            && let Some(suite) = suite
        {
            report.checks.extend(unjudged(suite, "its migration is pending"));
        }
    }
    // of a project without suites of migrations, the always-on ones are all there is
    let of_migrations = all.iter().any(|suite| suite.version.is_some());
    let is_counted = |suite: &&Suite| is_judged(suite) && suite.version.is_some() == of_migrations;
    if !known.iter().any(is_counted) {
        report.diagnostics.push(
            Diagnostic::warning("no migration with a suite is applied, so none was judged")
                .help("run `pgplumb apply`, or name a version to judge it whatever its state"),
        );
    }
    report.exit = if report
        .totals()
        .approved(options.strict || project.config.settings.strict)
    {
        ExitCode::Done
    } else {
        ExitCode::NotApproved
    };
    report.conclusion = Some(match report.exit {
        ExitCode::Done => Conclusion::Approved,
        _ => Conclusion::NotApproved,
    });
    facts::makers(&mut report, project);
    facts::root_causes(&mut report);
    report.duration_ms = millis(started.elapsed());
    context.let_go((claimed, catalog));
    Ok(report)
}

/// How often the catalog is read anew when others change it meanwhile, before that is reported.
const ATTEMPTS: usize = 4;

/// History and catalog from a new snapshot: others changed the catalog while it was read.
async fn read_again(
    context: &Context<'_>,
    session: &mut Session,
    scope: &Scope,
) -> Result<(Reading, Catalog), Error> {
    let mut left = ATTEMPTS;
    loop {
        session.rollback().await;
        left -= 1;
        match read(context, session, None, scope).await {
            Err(error) if runner::is_disturbance(&error) && left > 0 => {}
            Ok(None) if left > 0 => {}
            Ok(Some(read)) => return Ok(read),
            Err(error) => return Err(error),
            Ok(None) => return Err(Error::database("reading the migration history", unsettled())),
        }
    }
}

/// A pooler came between while it was read, again and again.
fn unsettled() -> Failure {
    Failure::of(DbError::Unexpected(
        "the server could not be reached directly and through a pooler by turns".to_string(),
    ))
}

/// History and catalog from one snapshot, all in one message, or behind the one that began it. The transaction stays open for
/// the questions to the server. `None` where the history tells of a pooler that was not known.
async fn read(
    context: &Context<'_>,
    session: &mut Session,
    begun: Option<Sent>,
    scope: &Scope,
) -> Result<Option<(Reading, Catalog)>, Error> {
    let (answer, catalog) = match begun {
        None => {
            let mut batch = Batch::new();
            session.begin_snapshot(&mut batch);
            read_catalog(context, session, batch, scope).await?
        }
        Some(begun) => {
            let catalog = read_catalog(context, session, Batch::new(), scope);
            let (answer, catalog) = tokio::join!(begun.reply(), catalog);
            match (answer, catalog) {
                (_, Err(interrupted @ Error::Interrupted(_))) => return Err(interrupted),
                (Ok(answer), catalog) => (answer, catalog?.1),
                // what came behind it failed as well
                (Err(failure), _) => {
                    session.rollback().await;
                    return Err(Error::database("reading the migration history", failure));
                }
            }
        }
    };
    let history = session
        .snapshot_of(&answer)
        .map_err(|failure| Error::database("reading the migration history", failure))?;
    let history = history.map(|history| context.recognised(history)).transpose()?;
    Ok(history.map(|history| (history, catalog)))
}

/// The catalog, behind what the message asks already.
async fn read_catalog(
    context: &Context<'_>,
    session: &Session,
    mut batch: Batch,
    scope: &Scope,
) -> Result<(Reply, Catalog), Error> {
    let sql = reading::read_sql(scope, session.version_num());
    session.read_catalog(&mut batch, Stage::After, &sql);
    let mut collected = Collected::default();
    let asked = hear(session, batch, |stage, row| {
        let is_ours = stage == Stage::After;
        if is_ours {
            collected.take(row);
        }
        is_ours
    });
    let answer = context.answer(session, asked).await;
    let reply = answer
        .or_interrupted("the catalog was read")?
        .map_err(|failure| {
            let doing = match failure.stage {
                Stage::After => "reading the catalog",
                _ => "reading the migration history",
            };
            Error::database(doing, failure)
        })?;
    let mut catalog = collected
        .into_catalog()
        .map_err(|error| Error::database("reading the catalog", Failure::of(error.into())))?;
    catalog.with_columns = scope.with_columns().cloned().collect();
    Ok((reply, catalog))
}

/// The ids of the suites of the versions named on the command line; `None` when none was named.
fn named_suites<'s>(
    all: &'s [Suite],
    versions: &[Version],
    context: &Context<'_>,
) -> Result<Option<Vec<&'s str>>, Error> {
    if versions.is_empty() {
        return Ok(None);
    }
    let mut problems = Vec::new();
    let mut named = Vec::new();
    for &version in versions {
        let migration = context.project.set.get(version);
        match (migration, all.iter().find(|suite| suite.version == Some(version))) {
            (_, Some(suite)) => named.push(suite.id.as_str()),
            (Some(migration), None) => problems.push(
                Diagnostic::error(format!(
                    "migration {} has no suite to judge it by",
                    migration.stem()
                ))
                .help(format!("write checks/{}.toml", migration.stem())),
            ),
            (None, None) => problems.push(
                Diagnostic::error(format!("there is no migration with version {version}"))
                    .help("name one of those that `pgplumb status` lists"),
            ),
        }
    }
    if problems.is_empty() {
        Ok(Some(named))
    } else {
        Err(Error::Input(problems))
    }
}
