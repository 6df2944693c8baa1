//! `prove`: each migration applied, taken back, compared and applied again, on databases that are thrown away.
//!
//! Two databases: in one of them everything is tried, the other one only ever goes forward. When a rollback was inexact,
//! the first is made anew as a copy of the second, so that what one migration left behind is not blamed on the next. The
//! second one catches up only then.

mod by_psql;
mod chain;
mod explain;
mod prover;
mod roles;
mod rows;

use std::sync::{Arc, Mutex};
use std::time::Instant;

use self::by_psql::ByPsql;
use self::prover::Prover;
use super::context::{Context, Event, Interrupt};
use super::runner::millis;
use super::{Consent, Error, suites};
use crate::check;
use crate::db::ground::{Cleared, Ground, GroundError};
use crate::db::parameters::Parameters;
use crate::diagnostic::Diagnostic;
use crate::migration::{Direction, Migration, MigrationScript, Version};
use crate::project::Project;
use crate::proof::Outcome;
use crate::report::model::{Conclusion, Database, Report};
use crate::report::{ExitCode, proofs};
use crate::source::SourceFile;

/// What the user asked for.
pub struct Options<'o> {
    /// Judge just these; all when empty.
    pub versions: Vec<Version>,
    /// Where the databases are made; on a throw-away server when not given.
    pub scratch: Option<Parameters>,
    /// Runs first: extensions, roles.
    pub setup: Option<Arc<SourceFile>>,
    /// Data to look after, each file with the version that it is loaded before.
    pub seeds: Vec<(Version, Arc<SourceFile>)>,
    /// Warnings fail the run.
    pub strict: bool,
    pub events: &'o (dyn Fn(Event) + Sync),
    pub interrupt: Interrupt,
}

/// Proves the rollbacks of a project. A proof that fails is no error but an outcome.
///
/// # Errors
/// [`Error`] when there is no server, a version is unknown, or a script cannot be run at all.
pub async fn prove(project: &Project, options: Options<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = super::begin("prove");
    super::needs_migrations(project)?;
    if project.set.is_empty() {
        return Err(Error::Input(vec![nothing_to_prove(project)]));
    }
    let suites = suites(project)?;
    let last = last_of(project, &options.versions)?;
    let by_psql = ByPsql::of(project, &migrations(project, last))?;
    let runs_by_psql = |script: &MigrationScript| by_psql.as_ref().is_some_and(|psql| psql.runs(script));
    let scripts = scripts(project, last, &options);
    let problems: Vec<Diagnostic> = scripts
        .iter()
        .filter(|script| !runs_by_psql(script))
        .flat_map(MigrationScript::validate)
        .collect();
    if !problems.is_empty() {
        return Err(Error::Input(problems));
    }
    report.diagnostics.extend(
        migrations(project, last)
            .iter()
            .filter_map(|script| match &by_psql {
                Some(psql) if psql.runs(script) => psql.notice(script),
                _ => script.outside_notice(),
            }),
    );
    let interrupt = options.interrupt.clone();
    let stopped = || Error::Interrupted(vec![Diagnostic::error("interrupted: nothing was proven")]);
    let ground = tokio::select! {
        ground = ground(&options, scripts.iter().any(roles::may_make)) => ground?,
        () = interrupt.wait() => return Err(stopped()),
    };
    let parameters = options
        .scratch
        .clone()
        .unwrap_or_else(|| ground.parameters().clone());
    report.database = Some(describe(&ground));
    report.diagnostics.extend(told_of(ground.cleared()));
    let context = Context {
        project,
        parameters: &parameters,
        ahead: Mutex::default(),
        client: String::new(),
        events: options.events,
        is_watched: false,
        ask_password: None,
        interrupt: options.interrupt.clone(),
        probes: Consent::default(),
        is_last: false,
    };
    let mut prover = Prover::new(&context, ground, suites, &options.seeds, by_psql);
    let told = tokio::select! {
        told = prover.all(&options, last, &mut report) => told,
        () = interrupt.wait() => Err(stopped()),
    };
    report.diagnostics.extend(prover.close(&mut report.checks).await);
    told?;
    conclude(&mut report, options.strict || project.config.settings.strict);
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// Exit code, verdict, and a message for each proof that did not come out well.
fn conclude(report: &mut Report, strict: bool) {
    let mut exit = ExitCode::Done;
    for proof in &report.proofs {
        match proofs::status(proof) {
            _ if proof.outcome == Outcome::ApplyFailed => exit = ExitCode::ScriptFailed,
            check::Status::Fail if exit == ExitCode::Done => exit = ExitCode::NotApproved,
            check::Status::Warn if strict && exit == ExitCode::Done => exit = ExitCode::NotApproved,
            _ => {}
        }
    }
    let is_chain_broken = report
        .chain
        .as_ref()
        .is_some_and(|chain| proofs::chain(report, chain).0 == check::Status::Fail);
    if exit == ExitCode::Done && (is_chain_broken || !report.totals().approved(strict)) {
        exit = ExitCode::NotApproved;
    }
    let mut messages: Vec<Diagnostic> = report.proofs.iter().filter_map(explain::proof).collect();
    messages.extend(
        report
            .chain
            .iter()
            .flat_map(|chain| explain::chain(report, chain)),
    );
    report.diagnostics.extend(messages);
    report.exit = exit;
    report.conclusion = Some(match exit {
        ExitCode::Done => Conclusion::Approved,
        _ => Conclusion::NotApproved,
    });
}

/// How many migrations have to be run, and that all named ones are known.
fn last_of(project: &Project, versions: &[Version]) -> Result<usize, Error> {
    let unknown: Vec<Diagnostic> = versions
        .iter()
        .filter(|version| project.set.get(**version).is_none())
        .map(|version| {
            Diagnostic::error(format!("there is no migration with version {version}"))
                .help("name one of those that `pgplumb status` lists")
        })
        .collect();
    if !unknown.is_empty() {
        return Err(Error::Input(unknown));
    }
    let newest = versions.iter().max();
    Ok(project
        .set
        .iter()
        .take_while(|migration| newest.is_none_or(|newest| migration.version <= *newest))
        .count())
}

/// The scripts of the migrations, in their order.
fn migrations(project: &Project, last: usize) -> Vec<MigrationScript> {
    let both = |migration: &Migration| [Some(migration.up.clone()), migration.down.as_deref().cloned()];
    project.set.iter().take(last).flat_map(both).flatten().collect()
}

/// Every script that will run.
fn scripts(project: &Project, last: usize, options: &Options<'_>) -> Vec<MigrationScript> {
    let mut scripts: Vec<MigrationScript> = options.setup.iter().map(foreign).collect();
    scripts.extend(options.seeds.iter().map(|(_, file)| foreign(file)));
    scripts.extend(migrations(project, last));
    scripts
}

/// A script that psql would run as it is.
fn foreign(file: &Arc<SourceFile>) -> MigrationScript {
    MigrationScript::new(file.clone(), Direction::Up).0.as_psql()
}

/// What is loaded before a version.
fn seeds_of(
    seeds: &[(Version, Arc<SourceFile>)],
    version: Version,
) -> impl Iterator<Item = &Arc<SourceFile>> {
    seeds
        .iter()
        .filter(move |(of, _)| *of == version)
        .map(|(_, file)| file)
}

/// A run that proves nothing is no proof: a gate that looks into the wrong folder would stay green.
fn nothing_to_prove(project: &Project) -> Diagnostic {
    let folder = project.folders.migrations.as_deref().unwrap_or("migrations");
    Diagnostic::error(format!("nothing was proven: there is no migration in {folder}/"))
        .in_file(folder)
        .help("name the folder that holds them with --migrations DIR")
}

async fn ground(options: &Options<'_>, makes_roles: bool) -> Result<Ground, Error> {
    match options.scratch.clone() {
        Some(parameters) => {
            let waits = || (options.events)(Event::WaitingForProof);
            Ground::on(parameters, makes_roles, waits).await
        }
        None => Ground::own().await,
    }
    .map_err(ground_error)
}

fn ground_error(error: GroundError) -> Error {
    match error {
        GroundError::Scratch(error) => {
            let text = error.to_string();
            // what a program of the server said stands on lines of its own
            let told = match text.split_once(":\n") {
                Some((message, output)) if !output.trim().is_empty() => {
                    Diagnostic::error(message).fact("output", output.trim_end())
                }
                Some((message, _)) => Diagnostic::error(message),
                None => Diagnostic::error(text),
            };
            Error::NoServer(Box::new(told.help(error.help())))
        }
        GroundError::Connect(error) => Error::Connect(Box::new(error)),
        GroundError::Refused(failure) => Error::database("preparing the proof", failure),
    }
}

/// What was done about runs that were killed.
fn told_of(cleared: &Cleared) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    if !cleared.dropped.is_empty() {
        let message = "a proof that was killed had left something on this server, which is dropped now";
        let note = Diagnostic::note(message);
        told.push(note.fact("dropped", cleared.dropped.join("\n")));
    }
    if !cleared.left.is_empty() {
        let left = cleared
            .left
            .iter()
            .map(|(object, reason)| format!("{object}: {reason}"));
        let left: Vec<String> = left.collect();
        told.push(
            Diagnostic::warning("what a proof that was killed left on this server could not be dropped")
                .fact("left", left.join("\n"))
                .help("drop it as its owner"),
        );
    }
    told
}

fn describe(ground: &Ground) -> Database {
    let server = &ground.admin().server;
    Database {
        name: match ground.is_own() {
            true => "a throw-away server".to_string(),
            false => "databases made for the proof".to_string(),
        },
        host: server.host.clone(),
        port: server.port,
        user: ground.user().to_string(),
        server_version: server
            .version
            .split_whitespace()
            .next()
            .unwrap_or_default()
            .to_string(),
        pooler: None,
    }
}
