//! One migration after the other: applied, taken back, compared and applied again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::by_psql::ByPsql;
use super::rows::Rows;
use super::{Options, explain, foreign, ground_error, seeds_of};
use crate::catalog::diff::{Change, ChangeKind};
use crate::catalog::{Kind, Mark, ObjectId, Tracked};
use crate::check::{self, Suite, Verdict};
use crate::db::batch::{Batch, Failure, Stage};
use crate::db::catalog as reading;
use crate::db::ground::{Actor, Ground, Roles};
use crate::db::session::{Session, Settings};
use crate::db::snapshot::Follower;
use crate::diagnostic::Diagnostic;
use crate::migration::{Migration, MigrationScript, Version};
use crate::ops::Error;
use crate::ops::context::{self, Context, Event};
use crate::ops::judge::{Place, judge};
use crate::ops::runner::{decode, millis};
use crate::proof::{self, Outcome, Reapply};
use crate::report::changes;
use crate::report::model::{ChangeLine, MigrationReport, MigrationState, Proof, Report};
use crate::source::SourceFile;
use crate::sql::name::quote_ident;

/// The database in which everything is tried.
pub(super) struct Tried {
    name: String,
    pub(super) session: Session,
    pub(super) follower: Follower,
}

pub(super) struct Prover<'p> {
    pub(super) context: &'p Context<'p>,
    ground: Ground,
    suites: &'p [Suite],
    seeds: &'p [(Version, Arc<SourceFile>)],
    by_psql: Option<ByPsql>,
    tried: Option<Tried>,
    /// The database that only goes forward, the roles that are there for it, and what it has yet to run.
    forward: String,
    forward_roles: Roles,
    behind: Vec<usize>,
    /// The newest one that it has run.
    forward_at: Option<usize>,
    /// The migration that made an object, by its place in the set.
    pub(super) makers: BTreeMap<ObjectId, usize>,
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
    pub(super) fn new(
        context: &'p Context<'p>,
        ground: Ground,
        suites: &'p [Suite],
        seeds: &'p [(Version, Arc<SourceFile>)],
        by_psql: Option<ByPsql>,
    ) -> Prover<'p> {
        Prover {
            context,
            ground,
            suites,
            seeds,
            by_psql,
            tried: None,
            forward: String::new(),
            forward_roles: Roles::new(),
            behind: Vec::new(),
            forward_at: None,
            makers: BTreeMap::new(),
            has_rows: false,
            checks: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// Drops all that was made; what could not be dropped is told. The verdicts go to the report.
    pub(super) async fn close(mut self, checks: &mut Vec<Verdict>) -> Vec<Diagnostic> {
        *checks = std::mem::take(&mut self.checks);
        let mut notes = std::mem::take(&mut self.notes);
        drop(self.tried.take());
        let closed = self.ground.close().await.map_err(ground_error);
        if let Err(error) = closed {
            notes.push(
                Diagnostic::warning("not all that was made for the proof could be removed")
                    .fact("reason", error.into_diagnostics()[0].message.clone())
                    .help("prove on this server again: the next run drops what is left"),
            );
        }
        notes
    }

    /// Judges every migration, and all of them together when none is named.
    pub(super) async fn all(
        &mut self,
        options: &Options<'_>,
        last: usize,
        report: &mut Report,
    ) -> Result<(), Error> {
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
            self.note_roles(None).await?;
            outcome.map_err(|failure| Error::Script(Box::new(explain::failure(&failure, &script))))?;
        }
        if let Some(role) = &self.context.project.config.settings.role {
            self.act_as(role).await?;
        }
        self.copy(Tracked::default()).await?;
        self.forward_roles = self.roles().await?;
        Ok(())
    }

    /// Has the scripts run as the role of the settings, as they do in life.
    async fn act_as(&mut self, role: &str) -> Result<(), Error> {
        let refused = |failure| Error::database(format!("giving a database to role {role}"), failure);
        let is_made = match self.ground.give_to(role).await.map_err(refused)? {
            Actor::Ready => false,
            Actor::Made => true,
            Actor::Missing => {
                return Err(Error::Blocked(vec![
                    Diagnostic::error(format!(
                        "role {role}, which migrates by the settings, is not on the server"
                    ))
                    .fact("state", "nothing was run")
                    .help("create it there, or in a file that --setup names"),
                ]));
            }
            Actor::NotOurs => {
                let user = self.ground.user();
                return Err(Error::Blocked(vec![
                    Diagnostic::error(format!(
                        "{user} cannot act as role {role}, which migrates by the settings"
                    ))
                    .fact("state", "nothing was run")
                    .help(format!(
                        "let it: GRANT {} TO {};",
                        quote_ident(role),
                        quote_ident(user)
                    )),
                ]));
            }
        };
        let note = Diagnostic::note(format!(
            "the scripts run as role {role}, which owns the databases of the proof"
        ));
        self.notes.push(match is_made {
            false => note,
            true => note
                .fact(
                    "state",
                    "it was created without attributes and memberships, as nothing had created it",
                )
                .help("create it in a file that --setup names where it needs more than that"),
        });
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

    /// Of the scripts; setup and seed data are loaded as who connects.
    fn settings(&self) -> Settings {
        Settings {
            role: self.context.project.config.settings.role.clone(),
            ..Settings::default()
        }
    }

    /// Tries on in a new copy of the database that goes forward.
    async fn copy(&mut self, tracked: Tracked) -> Result<(), Error> {
        let name = self
            .ground
            .create(Some(&self.forward.clone()))
            .await
            .map_err(|failure| Error::database("copying a database for the proof", failure))?;
        let mut session = self.session(&name).await?;
        session.settings = self.settings();
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

    pub(super) fn tried(&mut self) -> Result<&mut Tried, Error> {
        self.tried.as_mut().ok_or_else(nothing_to_try_on)
    }

    pub(super) fn tracked(&mut self) -> Result<&mut Tracked, Error> {
        Ok(&mut self.tried()?.follower.tracked)
    }

    /// The roles that are there now.
    async fn roles(&self) -> Result<Roles, Error> {
        let roles = self.ground.roles().await;
        roles.map_err(|failure| Error::database("reading the roles of the server", failure))
    }

    /// Runs a script where everything is tried, and brings what is known of the catalog up to date.
    async fn run(&mut self, script: &MigrationScript) -> Result<Result<(), Failure>, Error> {
        let is_whole =
            script.is_transactional() && !self.by_psql.as_ref().is_some_and(|psql| psql.runs(script));
        if !is_whole {
            self.tried()?.follower.look_away().await.map_err(unread)?;
        }
        let ran = self.send(script).await?;
        let tried = self.tried()?;
        while tried.session.next_notice().is_some() {}
        if ran.is_ok() || !is_whole {
            self.update().await?;
        }
        Ok(ran)
    }

    /// Runs a script where everything is tried.
    pub(super) async fn send(&self, script: &MigrationScript) -> Result<Result<(), Failure>, Error> {
        let tried = self.tried.as_ref().ok_or_else(nothing_to_try_on)?;
        Ok(self.send_to(&tried.session, &tried.name, script).await)
    }

    async fn send_to(
        &self,
        session: &Session,
        database: &str,
        script: &MigrationScript,
    ) -> Result<(), Failure> {
        match &self.by_psql {
            Some(psql) if psql.runs(script) => {
                let parameters = self.ground.parameters().with_database(database);
                psql.run(&parameters, session.settings.role.as_deref(), script)
                    .await
            }
            _ => session.run_script(script).await,
        }
    }

    /// Brings what is known of the catalog up to date, and writes down what has to go in the end.
    pub(super) async fn update(&mut self) -> Result<(), Error> {
        let before = self.role_names()?;
        let follower = &mut self.tried()?.follower;
        follower.update().await.map_err(unread)?;
        let new: BTreeSet<String> = self.role_names()?.difference(&before).cloned().collect();
        if !new.is_empty() {
            self.note_roles(Some(&new)).await?;
        }
        Ok(())
    }

    fn role_names(&mut self) -> Result<BTreeSet<String>, Error> {
        let roles = self.tracked()?.catalog().of_kind(Kind::Role);
        Ok(roles.map(|role| role.id.name.to_string()).collect())
    }

    async fn note_roles(&mut self, named: Option<&BTreeSet<String>>) -> Result<(), Error> {
        let noted = self.ground.note_roles(named).await;
        noted.map_err(|failure| Error::database("reading the roles of the server", failure))
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
            _ if migration.is_repeatable() => Some(self.repeat(migration, after).await?),
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

    /// Runs one again that is to run whenever it changed: nothing may come of it that was not there.
    async fn repeat(&mut self, migration: &Migration, after: Mark) -> Result<Proof, Error> {
        let mut proof = blank(migration, &migration.up, Outcome::Repeatable, None);
        self.has_rows = true;
        let rows = self.rows().await?;
        if let Err(failure) = self.run(&migration.up).await? {
            let message = explain::words(&explain::failure(&failure, &migration.up));
            proof.message = Some(message);
            proof.reapply = Reapply::Failed;
            proof.outcome = Outcome::NotRepeatable;
            return Ok(proof);
        }
        let again = self.tracked()?.changes_since(after);
        proof.again = self.lines(&again, after)?;
        proof.again.extend(rows.compare(&self.rows().await?));
        proof.reapply = Reapply::Same;
        if !proof.again.is_empty() {
            proof.reapply = Reapply::Differs;
            proof.outcome = Outcome::NotRepeatable;
        }
        Ok(proof)
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
            // where everything is as it was, the script has to make what it made: what it makes otherwise behind its
            // rollback comes of that, if only of the rows that it left
            let anew = self.tracked()?.changes_since(after);
            if !proof::is_same(&anew) {
                proof.again = self.lines(&anew, after)?;
                proof.outcome = Outcome::Nondeterministic;
            }
        }
        Ok(proof)
    }

    /// What differs now from a marked moment, in words.
    pub(super) fn lines(&mut self, changes: &[Change], since: Mark) -> Result<Vec<ChangeLine>, Error> {
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
        let mut session = self.session(&self.forward.clone()).await?;
        let project = self.context.project;
        let known: BTreeSet<String> = self.roles().await?.into_values().collect();
        for index in std::mem::take(&mut self.behind) {
            let Some(migration) = project.set.iter().nth(index) else {
                continue;
            };
            session.settings = Settings::default();
            for seed in seeds_of(self.seeds, migration.version) {
                self.again(&session, &foreign(seed)).await?;
            }
            session.settings = self.settings();
            self.again(&session, &migration.up).await?;
            self.forward_at = Some(index);
        }
        session.close().await;
        let now = self.roles().await?.into_values();
        let new = now.filter(|name| !known.contains(name)).collect();
        self.note_roles(Some(&new)).await?;
        self.copy(tracked).await?;
        self.forward_roles = self.roles().await?;
        Ok(())
    }

    /// A script that ran once already.
    async fn again(&self, session: &Session, script: &MigrationScript) -> Result<(), Error> {
        self.send_to(session, &self.forward, script)
            .await
            .map_err(|failure| {
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

    /// Loads the data that stand before a migration.
    async fn sow(&mut self, migration: &Migration) -> Result<(), Error> {
        for seed in seeds_of(self.seeds, migration.version) {
            self.has_rows = true;
            let script = foreign(seed);
            self.tried()?.session.settings = Settings::default();
            let ran = self.run(&script).await;
            self.tried()?.session.settings = self.settings();
            if let Err(failure) = ran? {
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

fn nothing_to_try_on() -> Error {
    Error::Blocked(vec![Diagnostic::error("there is no database to try on")])
}

pub(super) fn unread(error: crate::db::error::Error) -> Error {
    Error::database("reading the catalog", Failure::of(error))
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
