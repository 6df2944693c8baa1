//! `prove`: each migration applied, taken back, compared and applied again, on databases that are thrown away.
//!
//! Two databases: in one of them everything is tried, the other one only ever goes forward. When a rollback was inexact,
//! the first is made anew as a copy of the second, so that what one migration left behind is not blamed on the next. The
//! second one catches up only then.

mod explain;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::context::{Context, Event, Interrupt};
use super::judge::{Place, judge};
use super::runner::{decode, millis};
use super::{Consent, Error, context, suites};
use crate::catalog::diff::{Change, ChangeKind};
use crate::catalog::{Mark, ObjectId, Tracked};
use crate::check::{self, Suite, Verdict};
use crate::db::batch::{Batch, Failure, Stage};
use crate::db::catalog as reading;
use crate::db::ground::{Ground, GroundError, Roles};
use crate::db::parameters::Parameters;
use crate::db::session::{Session, Settings};
use crate::db::snapshot::Follower;
use crate::diagnostic::Diagnostic;
use crate::migration::{Direction, Migration, MigrationScript, Version};
use crate::project::Project;
use crate::proof::{self, Outcome, Reapply};
use crate::report::model::{Chain, ChangeLine, Conclusion, Database, MigrationState, Proof, Report};
use crate::report::{ExitCode, model::MigrationReport};
use crate::report::{changes, proofs};
use crate::source::SourceFile;

use self::rows::Rows;

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
    let suites = suites(project)?;
    let last = last_of(project, &options.versions)?;
    let problems: Vec<Diagnostic> = scripts(project, last, &options)
        .iter()
        .flat_map(MigrationScript::validate)
        .collect();
    if !problems.is_empty() {
        return Err(Error::Input(problems));
    }
    let notices = project.set.iter().take(last).flat_map(|migration| {
        let down = migration.down.as_ref().and_then(MigrationScript::outside_notice);
        migration.up.outside_notice().into_iter().chain(down)
    });
    report.diagnostics.extend(notices);
    let interrupt = options.interrupt.clone();
    let stopped = || Error::Interrupted(vec![Diagnostic::error("interrupted: nothing was proven")]);
    let ground = tokio::select! {
        ground = ground(options.scratch.clone()) => ground?,
        () = interrupt.wait() => return Err(stopped()),
    };
    let parameters = options
        .scratch
        .clone()
        .unwrap_or_else(|| ground.parameters().clone());
    report.database = Some(describe(&ground));
    let context = Context {
        project,
        parameters: &parameters,
        client: String::new(),
        events: options.events,
        ask_password: None,
        interrupt: options.interrupt.clone(),
        probes: Consent::default(),
    };
    let mut prover = Prover {
        context: &context,
        ground,
        suites: &suites,
        tried: None,
        forward: String::new(),
        forward_roles: Roles::new(),
        behind: Vec::new(),
        forward_at: None,
        seeds: &options.seeds,
        makers: BTreeMap::new(),
        has_rows: false,
        checks: Vec::new(),
        notes: Vec::new(),
    };
    let told = tokio::select! {
        told = prover.all(&options, last, &mut report) => told,
        () = interrupt.wait() => Err(stopped()),
    };
    report.checks = std::mem::take(&mut prover.checks);
    report.diagnostics.append(&mut prover.notes);
    if let Some(tried) = prover.tried.take() {
        drop(tried);
    }
    if let Err(error) = prover.ground.close().await {
        report.diagnostics.push(
            Diagnostic::warning("not all that was made for the proof could be removed")
                .fact(
                    "reason",
                    ground_error(error).into_diagnostics()[0].message.clone(),
                )
                .help("drop the databases and roles whose names begin with pgplumb_prove_"),
        );
    }
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

/// Every script that will run.
fn scripts(project: &Project, last: usize, options: &Options<'_>) -> Vec<MigrationScript> {
    let migrations = project.set.iter().take(last);
    let mut scripts: Vec<MigrationScript> = options.setup.iter().map(foreign).collect();
    scripts.extend(options.seeds.iter().map(|(_, file)| foreign(file)));
    scripts.extend(
        migrations
            .flat_map(|migration| [Some(migration.up.clone()), migration.down.clone()])
            .flatten(),
    );
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

async fn ground(scratch: Option<Parameters>) -> Result<Ground, Error> {
    match scratch {
        Some(parameters) => Ground::on(parameters).await,
        None => Ground::own().await,
    }
    .map_err(ground_error)
}

fn ground_error(error: GroundError) -> Error {
    match error {
        GroundError::Scratch(error) => {
            Error::NoServer(Box::new(Diagnostic::error(error.to_string()).help(error.help())))
        }
        GroundError::Connect(error) => Error::Connect(Box::new(error)),
        GroundError::Refused(failure) => Error::database("preparing the proof", failure),
    }
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

/// The database in which everything is tried.
struct Tried {
    name: String,
    session: Session,
    follower: Follower,
}

struct Prover<'p> {
    context: &'p Context<'p>,
    ground: Ground,
    suites: &'p [Suite],
    seeds: &'p [(Version, Arc<SourceFile>)],
    tried: Option<Tried>,
    /// The database that only goes forward, the roles that are there for it, and what it has yet to run.
    forward: String,
    forward_roles: Roles,
    behind: Vec<usize>,
    /// The newest one that it has run.
    forward_at: Option<usize>,
    /// The migration that made an object, by its place in the set.
    makers: BTreeMap<ObjectId, usize>,
    /// Whether seed data was loaded, so that rows are worth a look.
    has_rows: bool,
    checks: Vec<Verdict>,
    /// What the checks could not take back.
    notes: Vec<Diagnostic>,
}

/// Whether the next migration can be tried.
#[derive(PartialEq, Eq)]
enum Next {
    GoOn,
    Stop,
}

impl<'p> Prover<'p> {
    async fn all(&mut self, options: &Options<'_>, last: usize, report: &mut Report) -> Result<(), Error> {
        self.prepare(options.setup.as_ref()).await?;
        let start = self.tracked()?.mark();
        let set = &self.context.project.set;
        let mut state = Next::GoOn;
        for (index, migration) in set.iter().enumerate().take(last) {
            let mut line = MigrationReport::new(&migration.label, &migration.name, MigrationState::Skipped);
            line.source = Some(migration.up.file.location(0));
            if state == Next::GoOn {
                (self.context.events)(Event::ProofStarted {
                    number: index + 1,
                    of: last,
                    stem: migration.stem(),
                });
                let begin = Instant::now();
                let is_judged = options.versions.is_empty() || options.versions.contains(&migration.version);
                let (proof, next) = self.migration(index, migration, is_judged).await?;
                line.duration_ms = Some(millis(begin.elapsed()));
                line.state = match next {
                    Next::GoOn => MigrationState::Applied,
                    Next::Stop => MigrationState::Failed,
                };
                if let Some(mut proof) = proof {
                    proof.duration_ms = millis(begin.elapsed());
                    line.error = proof.message.clone().filter(|_| next == Next::Stop);
                    report.proofs.push(proof);
                }
                state = next;
            }
            report.migrations.push(line);
        }
        if options.versions.is_empty() && state == Next::GoOn {
            report.chain = Some(self.chain(start, last).await?);
        }
        Ok(())
    }

    /// Makes the two databases, and begins to follow the one.
    async fn prepare(&mut self, setup: Option<&Arc<SourceFile>>) -> Result<(), Error> {
        let refused = |failure| Error::database("making a database for the proof", failure);
        self.forward = self.ground.create(None).await.map_err(refused)?;
        if let Some(file) = setup {
            let script = foreign(file);
            let session = self.session(&self.forward.clone()).await?;
            let outcome = session.run_script(&script).await;
            session.close().await;
            outcome.map_err(|failure| Error::Script(Box::new(explain::failure(&failure, &script))))?;
        }
        self.copy(Tracked::default()).await?;
        self.forward_roles = self.roles().await?;
        Ok(())
    }

    async fn session(&self, database: &str) -> Result<Session, Error> {
        let connection = self
            .ground
            .connect(database)
            .await
            .map_err(|error| Error::Connect(Box::new(error)))?;
        Ok(Session::new(connection, Settings::default()))
    }

    /// Tries on in a new copy of the database that goes forward.
    async fn copy(&mut self, tracked: Tracked) -> Result<(), Error> {
        let name = self
            .ground
            .create(Some(&self.forward.clone()))
            .await
            .map_err(|failure| Error::database("copying a database for the proof", failure))?;
        let session = self.session(&name).await?;
        let follower = self
            .ground
            .connect(&name)
            .await
            .map_err(|error| Error::Connect(Box::new(error)))?;
        let follower = Follower::resume(follower, tracked).await.map_err(unread)?;
        self.tried = Some(Tried {
            name,
            session,
            follower,
        });
        Ok(())
    }

    fn tried(&mut self) -> Result<&mut Tried, Error> {
        self.tried
            .as_mut()
            .ok_or_else(|| Error::Blocked(vec![Diagnostic::error("there is no database to try on")]))
    }

    fn tracked(&mut self) -> Result<&mut Tracked, Error> {
        Ok(&mut self.tried()?.follower.tracked)
    }

    /// The roles that are there now.
    async fn roles(&self) -> Result<Roles, Error> {
        let roles = self.ground.roles().await;
        roles.map_err(|failure| Error::database("reading the roles of the server", failure))
    }

    /// Runs a script where everything is tried, and brings what is known of the catalog up to date.
    async fn run(&mut self, script: &MigrationScript) -> Result<Result<(), Failure>, Error> {
        let tried = self.tried()?;
        if !script.is_transactional() {
            tried.follower.look_away().await.map_err(unread)?;
        }
        let ran = tried.session.run_script(script).await;
        while tried.session.next_notice().is_some() {}
        if ran.is_ok() || !script.is_transactional() {
            tried.follower.update().await.map_err(unread)?;
        }
        Ok(ran)
    }

    /// One migration: its proof, when it is to be judged or fails.
    async fn migration(
        &mut self,
        index: usize,
        migration: &Migration,
        is_judged: bool,
    ) -> Result<(Option<Proof>, Next), Error> {
        self.sow(migration).await?;
        let rows = self.rows().await?;
        let before = self.tracked()?.mark();
        if let Err(failure) = self.run(&migration.up).await? {
            let message = explain::failure(&failure, &migration.up);
            let proof = blank(
                migration,
                &migration.up,
                Outcome::ApplyFailed,
                Some(explain::words(&message)),
            );
            return Ok((Some(proof), Next::Stop));
        }
        for change in self.tracked()?.changes_since(before) {
            match change.kind {
                ChangeKind::Added => self.makers.insert(change.object, index),
                // what was there from the start belongs to the first that touches it
                _ => Some(*self.makers.entry(change.object).or_insert(index)),
            };
        }
        self.judge(migration).await?;
        let after = self.tracked()?.mark();
        let proof = match (&migration.down, migration.irreversible()) {
            _ if !is_judged => None,
            (Some(down), _) => Some(self.rollback(index, migration, down, before, after, rows).await?),
            (None, Some(reason)) => Some(blank(
                migration,
                &migration.up,
                Outcome::Irreversible,
                Some(reason.to_string()),
            )),
            (None, None) => Some(blank(migration, &migration.up, Outcome::NoRollback, None)),
        };
        // when the database was made anew, it ran already
        if self.forward_at != Some(index) {
            self.behind.push(index);
        }
        let tracked = self.tracked()?;
        tracked.release(before);
        tracked.release(after);
        Ok((proof, Next::GoOn))
    }

    async fn rollback(
        &mut self,
        index: usize,
        migration: &Migration,
        down: &MigrationScript,
        before: Mark,
        after: Mark,
        rows: Rows,
    ) -> Result<Proof, Error> {
        let mut proof = blank(migration, down, Outcome::Exact, None);
        if let Err(failure) = self.run(down).await? {
            proof.outcome = Outcome::RollbackFailed;
            proof.message = Some(explain::words(&explain::failure(&failure, down)));
            if !self.tracked()?.changes_since(after).is_empty() {
                self.renew(index).await?;
            }
            return Ok(proof);
        }
        let keeps: Vec<&str> = down
            .directives
            .keeps
            .iter()
            .map(|kept| kept.value.as_str())
            .collect();
        let (left, kept) = proof::without_kept(self.tracked()?.changes_since(before), &keeps);
        proof.kept = kept.iter().map(|change| change.object.to_string()).collect();
        proof.outcome = proof::outcome(&left);
        proof.details = self.lines(&left, before)?;
        for change in &left {
            self.makers.entry(change.object.clone()).or_insert(index);
        }
        let lost = rows.compare(&self.rows().await?);
        let are_rows_lost = !lost.is_empty();
        if are_rows_lost {
            proof.outcome = proof.outcome.max(Outcome::Loss);
        }
        proof.details.extend(lost);
        proof.reapply = match self.run(&migration.up).await? {
            Err(failure) => {
                let message = explain::words(&explain::failure(&failure, &migration.up));
                proof.message = Some(format!("applying it again fails: {message}"));
                Reapply::Failed
            }
            Ok(()) => {
                let again = self.tracked()?.changes_since(after);
                proof.again = self.lines(&again, after)?;
                match proof::is_same(&again) {
                    true => Reapply::Same,
                    false => Reapply::Differs,
                }
            }
        };
        if proof.reapply != Reapply::Same || are_rows_lost {
            self.renew(index).await?;
            let anew = self.tracked()?.changes_since(after);
            let was_same = proof.outcome <= Outcome::OrderOnly && proof.reapply == Reapply::Differs;
            if !proof::is_same(&anew) {
                proof.again = self.lines(&anew, after)?;
            }
            if !proof::is_same(&anew) || was_same {
                proof.outcome = Outcome::Nondeterministic;
            }
        }
        Ok(proof)
    }

    /// What differs now from a marked moment, in words.
    fn lines(&mut self, changes: &[Change], since: Mark) -> Result<Vec<ChangeLine>, Error> {
        let tracked = self.tracked()?;
        Ok(changes::lines(
            changes,
            |id| tracked.at(since, id),
            |id| tracked.catalog().get(id),
        ))
    }

    /// Makes the database anew in which everything is tried, with all migrations up to this one.
    async fn renew(&mut self, index: usize) -> Result<(), Error> {
        let Some(tried) = self.tried.take() else {
            return Ok(());
        };
        let tracked = tried.follower.close().await;
        tried.session.close().await;
        let refused = |failure| Error::database("making a database anew for the proof", failure);
        self.ground.drop(&tried.name).await.map_err(refused)?;
        self.ground
            .restore_roles(&self.forward_roles)
            .await
            .map_err(refused)?;
        self.behind.push(index);
        let session = self.session(&self.forward.clone()).await?;
        let project = self.context.project;
        for index in std::mem::take(&mut self.behind) {
            let Some(migration) = project.set.iter().nth(index) else {
                continue;
            };
            for seed in seeds_of(self.seeds, migration.version) {
                self.again(&session, &foreign(seed)).await?;
            }
            self.again(&session, &migration.up).await?;
            self.forward_at = Some(index);
        }
        session.close().await;
        self.copy(tracked).await?;
        self.forward_roles = self.roles().await?;
        Ok(())
    }

    /// A script that ran once already.
    async fn again(&self, session: &Session, script: &MigrationScript) -> Result<(), Error> {
        session.run_script(script).await.map_err(|failure| {
            let diagnostic = explain::failure(&failure, script).fact(
                "state",
                "it went well once, and not a second time in a database of the same state",
            );
            Error::Script(Box::new(diagnostic))
        })
    }

    /// Judges the suite of a migration that was applied.
    async fn judge(&mut self, migration: &Migration) -> Result<(), Error> {
        let Some(position) = self
            .suites
            .iter()
            .position(|suite| suite.version == Some(migration.version))
        else {
            return Ok(());
        };
        let all = self.suites;
        let mut suites: Vec<&Suite> = all
            .iter()
            .filter(|suite| suite.version.is_some_and(|version| version < migration.version))
            .collect();
        suites.push(&all[position]);
        let context = self.context;
        let session = &self.tried()?.session;
        let mut batch = Batch::new();
        session.begin(&mut batch, "ISOLATION LEVEL REPEATABLE READ", &session.settings);
        let sql = reading::read_sql(&check::scope(&suites), session.version_num());
        session.read_catalog(&mut batch, Stage::After, &sql);
        let reply = context::ask(session, "reading the catalog", batch).await?;
        let catalog = decode(&reply, Stage::After)?;
        let is_judged = check::is_last(&suites);
        let judged = judge(context, session, &suites, &catalog, Place::Apart, is_judged).await;
        session.rollback().await;
        let judged = judged?;
        self.checks.extend(judged.verdicts);
        self.notes.extend(judged.notes);
        Ok(())
    }

    /// Takes everything back from the end.
    async fn chain(&mut self, start: Mark, last: usize) -> Result<Chain, Error> {
        let mut chain = Chain::default();
        let mut keeps: Vec<&str> = Vec::new();
        let set = &self.context.project.set;
        let mut oldest = last;
        for (index, migration) in set.iter().enumerate().take(last).rev() {
            let Some(down) = &migration.down else {
                let reason = match migration.irreversible() {
                    Some(reason) => format!("irreversible: {reason}"),
                    None => "there is no rollback".to_string(),
                };
                chain.failed.push((migration.stem(), reason));
                break;
            };
            let tried = self.tried()?;
            tried.follower.look_away().await.map_err(unread)?;
            if let Err(failure) = tried.session.run_script(down).await {
                let message = explain::words(&explain::failure(&failure, down));
                chain.failed.push((migration.stem(), message));
                break;
            }
            while tried.session.next_notice().is_some() {}
            keeps.extend(down.directives.keeps.iter().map(|kept| kept.value.as_str()));
            chain.taken_back += 1;
            oldest = index;
        }
        let tried = self.tried()?;
        tried.follower.update().await.map_err(unread)?;
        let (left, _) = proof::without_kept(self.tracked()?.changes_since(start), &keeps);
        if proof::is_same(&left) {
            return Ok(chain);
        }
        let lines = self.lines(&left, start)?;
        for (change, line) in left.iter().zip(lines) {
            let maker = self.makers.get(&change.object).copied().unwrap_or(last);
            // what those made that were not taken back is theirs
            if maker >= oldest
                && let Some(migration) = set.iter().nth(maker)
            {
                chain.residue.push((migration.stem(), line));
            }
        }
        Ok(chain)
    }

    /// Loads the data that stand before a migration.
    async fn sow(&mut self, migration: &Migration) -> Result<(), Error> {
        for seed in seeds_of(self.seeds, migration.version) {
            self.has_rows = true;
            let script = foreign(seed);
            if let Err(failure) = self.run(&script).await? {
                return Err(Error::Script(Box::new(explain::failure(&failure, &script))));
            }
        }
        Ok(())
    }

    /// Counts and checksums of all tables, once there is data to look after.
    async fn rows(&mut self) -> Result<Rows, Error> {
        if !self.has_rows {
            return Ok(Rows::default());
        }
        let tried = self.tried()?;
        Rows::read(&tried.session, tried.follower.tracked.catalog()).await
    }
}

fn unread(error: crate::db::error::Error) -> Error {
    Error::database("reading the catalog", context::unexpected(error))
}

/// A proof with nothing found yet.
fn blank(
    migration: &Migration,
    script: &MigrationScript,
    outcome: Outcome,
    message: Option<String>,
) -> Proof {
    Proof {
        version: migration.label.clone(),
        name: migration.name.clone(),
        outcome,
        details: Vec::new(),
        reapply: Reapply::NotRun,
        again: Vec::new(),
        kept: Vec::new(),
        message,
        duration_ms: 0.0,
        source: script.file.location(0),
    }
}
