//! Makes rows of two tenants, lets the application's role try what it should not be able to do, and takes all of it
//! back: behind savepoints of the open transaction, as probes are.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio_postgres::error::SqlState;

use super::ask::limit;
use super::batch::{Batch, Failure, Stage};
use super::error::{Error, ServerError};
use super::probe::{Cut, Moved, Probed, TOUCHED, beyond, call, read_only, read_settings, touched, used};
use super::session::Session;
use crate::check::{Answer, Answers, Question};
use crate::isolation::attempts::{self, Attempt, Reply};
use crate::isolation::{
    Choices, Facts, Fixture, Isolation, Matrix, Problem, Relation, TableMatrix, Target, Tried, WayKind, ways,
};
use crate::sql::name::{quote_ident, quote_literal};

/// How often rows are made anew with other values, before the check that refuses them is named.
const MOST_TRIES: usize = 200;

/// Runs the matrices behind a savepoint of the open transaction, which must be READ COMMITTED or that of a migration.
///
/// # Errors
/// [`Cut`] when the conversation breaks, a lock is not obtained in time, or the user interrupts. The caller
/// rolls back.
pub async fn run(session: &Session, asked: &[&Isolation]) -> Result<Probed, Cut> {
    let mut before = Vec::new();
    match run_all(session, asked, &mut before).await {
        Ok(probed) => Ok(probed),
        Err(failure) => Err(Cut {
            sequences: used(session, &failure, &before).await,
            failure,
        }),
    }
}

/// `before` becomes the sequences that the transaction had used when the attempts began.
async fn run_all(
    session: &Session,
    asked: &[&Isolation],
    before: &mut Vec<Moved>,
) -> Result<Probed, Failure> {
    let mut batch = Batch::new();
    batch.one(Stage::Query, &read_settings(&["role"]));
    batch.one(Stage::Before, TOUCHED);
    batch.one(Stage::Query, "SAVEPOINT pgplumb_probes");
    let reply = batch.run(session.client()).await?;
    if let Some(reason) = reply.rows(Stage::Query).next().and_then(read_only) {
        return Ok(not_run(asked, reason));
    }
    *before = touched(&reply, Stage::Before);
    let mut answers = Answers::default();
    for spec in asked {
        let bench = Bench { session, spec };
        let answer = match bench.matrix().await {
            Ok(matrix) => Answer::Isolation(Arc::new(matrix)),
            // a server without PL/pgSQL, say
            Err(Failure {
                error: Error::Server(error),
                stage: Stage::Settle,
                ..
            }) if !ends(&error) => Answer::CannotTell {
                reason: format!("the server could not be asked: {}", error.message),
            },
            Err(failure) => return Err(failure),
        };
        answers.insert(Question::Isolation((*spec).clone()), answer);
        let mut batch = Batch::new();
        batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_probes");
        batch.run(session.client()).await?;
    }
    let mut batch = Batch::new();
    batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_probes");
    batch.one(Stage::After, TOUCHED);
    let reply = batch.run(session.client()).await?;
    Ok(Probed {
        answers,
        sequences: beyond(before, touched(&reply, Stage::After)),
    })
}

/// Whether an error is about the run, and not about what was asked: a lock, an interruption, a shutdown.
fn ends(error: &ServerError) -> bool {
    let of_locks = [
        SqlState::LOCK_NOT_AVAILABLE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::QUERY_CANCELED,
    ];
    of_locks.iter().any(|state| error.is(state)) || error.sqlstate.starts_with("57P")
}

/// Every matrix skipped.
pub fn not_run(asked: &[&Isolation], reason: &str) -> Probed {
    let skip = |spec: &&Isolation| {
        let answer = Answer::NotRun {
            reason: reason.to_string(),
        };
        (Question::Isolation((*spec).clone()), answer)
    };
    Probed {
        answers: asked.iter().map(skip).collect(),
        sequences: Vec::new(),
    }
}

/// What the server gets: all attempts on the same rows.
#[derive(Serialize)]
struct Jobs<'a> {
    role: &'a str,
    settings: BTreeMap<&'a str, String>,
    attempts: &'a [Attempt],
}

/// What the catalog is asked for.
#[derive(Serialize)]
struct Asked<'a> {
    role: &'a str,
    relations: Vec<Named<'a>>,
}

#[derive(Serialize)]
struct Named<'a> {
    schema: &'a str,
    name: &'a str,
}

fn json<T: Serialize>(value: &T) -> String {
    quote_literal(&serde_json::to_string(value).unwrap_or_default())
}

/// Rows that stand behind a savepoint, or why they could not be made.
type Made = Result<Fixture, Problem>;

/// A partition with values that may lead there; `None` for the table itself.
type WayIn<'a> = Option<(&'a Relation, &'a [(String, String)])>;

struct Bench<'s> {
    session: &'s Session,
    spec: &'s Isolation,
}

impl Bench<'_> {
    async fn matrix(&self) -> Result<Matrix, Failure> {
        let facts = self.facts().await?;
        let obstacle = self.spec.obstacle(&facts);
        let mut choices = Choices::default();
        let mut tables = Vec::new();
        for target in &self.spec.tables {
            tables.push(match &obstacle {
                Some(problem) => TableMatrix::unready(target.path(), problem.clone()),
                None => self.table(&facts, target, &mut choices).await?,
            });
        }
        Ok(Matrix {
            name: self.spec.name.clone(),
            role: self.spec.role.clone(),
            tables,
        })
    }

    async fn facts(&self) -> Result<Facts, Failure> {
        let named = self.spec.tables.iter().chain(&self.spec.user);
        let asked = Asked {
            role: &self.spec.role,
            relations: named
                .map(|target| Named {
                    schema: &target.schema,
                    name: &target.table,
                })
                .collect(),
        };
        let mut batch = Batch::new();
        batch.one(Stage::Query, "SAVEPOINT pgplumb_facts");
        let settings = [
            call("search_path", "pg_catalog, pg_temp"),
            format!(
                "pg_catalog.set_config('pgplumb.isolation', {}, true)",
                json(&asked)
            ),
        ];
        batch.one(Stage::Query, &format!("SELECT {}", settings.join(", ")));
        batch.one(Stage::Script, include_str!("sql/isolation.sql"));
        batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_facts");
        batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_facts");
        let reply = batch.run(self.session.client()).await?;
        let text = reply.rows(Stage::Script).next().and_then(|row| row.get(0));
        decoded(text)
    }

    async fn table(
        &self,
        facts: &Facts,
        target: &Target,
        choices: &mut Choices,
    ) -> Result<TableMatrix, Failure> {
        let fixture = match self.make(facts, target, choices, &[None]).await? {
            Ok(fixture) => fixture,
            Err(problem) => return Ok(TableMatrix::unready(target.path(), problem)),
        };
        let Some(relation) = facts.relation(target) else {
            return Ok(TableMatrix::unready(
                target.path(),
                Problem::new(
                    format!("table {} does not exist", target.path()),
                    "apply its migration",
                ),
            ));
        };
        let column = &target.column;
        let (own, ways) = self.tried_on(facts, relation, column, &fixture).await?;
        self.undo().await?;
        if !stands(&own) {
            let message = format!(
                "the rows made in {} are not there: a trigger took them away, or row security holds the connecting role back",
                relation.path
            );
            let problem = Problem::new(
                message,
                format!(
                    "give rows that stay in `given` of [isolation.{}], or connect as the owner",
                    self.spec.name
                ),
            );
            return Ok(TableMatrix::unready(target.path(), problem));
        }
        let mut matrix = TableMatrix {
            path: relation.path.clone(),
            problem: None,
            cells: self.spec.judge_table(facts, relation, column, &own),
            ways,
        };
        for piece in facts.pieces(relation.oid).filter(|piece| piece.may.any()) {
            let way = self.open_piece(facts, target, piece, choices).await?;
            matrix.ways.push(way);
        }
        matrix
            .ways
            .sort_by(|a, b| (a.kind, &a.object).cmp(&(b.kind, &b.object)));
        Ok(matrix)
    }

    /// A table, what of its parts is closed to the role, and the ways past it: all on the same rows.
    async fn tried_on(
        &self,
        facts: &Facts,
        relation: &Relation,
        column: &str,
        fixture: &Fixture,
    ) -> Result<(Tried, Vec<crate::isolation::Way>), Failure> {
        let spec = self.spec;
        let mut all = Parts::default();
        all.add(attempts::of_table(facts, relation, column, fixture, spec.own));
        let closed: Vec<&Relation> = facts
            .pieces(relation.oid)
            .filter(|piece| !piece.may.any())
            .collect();
        for piece in &closed {
            all.add(attempts::of_piece(piece, column, fixture));
        }
        let views = facts
            .views
            .iter()
            .filter(|view| view.tables.contains(&relation.oid) && view.may.any());
        let functions = facts
            .functions
            .iter()
            .filter(|function| function.tables.contains(&relation.oid));
        let mut named = Vec::new();
        for view in views {
            let object = format!("view {}", view.path);
            named.push((
                WayKind::View,
                object,
                all.add_or(ways::of_view(facts, relation, view, column, fixture)),
            ));
        }
        for function in functions {
            let object = format!("function {}", function.signature);
            let added = all.add_or(ways::of_function(facts, relation, function, column, fixture));
            named.push((WayKind::Function, object, added));
        }
        let mut tried = self.try_all(all, fixture).await?;
        let own = tried.next();
        let mut found = Vec::new();
        for piece in closed {
            found.push(spec.judge_piece(facts, piece, column, &tried.next()));
        }
        for (kind, object, added) in named {
            let tried = added.map(|()| tried.next());
            found.push(spec.judge_way(facts, relation, kind, object, tried));
        }
        Ok((own, found))
    }

    /// A part that something is granted on, with rows in it.
    async fn open_piece(
        &self,
        facts: &Facts,
        target: &Target,
        piece: &Relation,
        choices: &mut Choices,
    ) -> Result<crate::isolation::Way, Failure> {
        let ways = crate::isolation::ways_into(facts, piece);
        let ways: Vec<WayIn<'_>> = ways
            .iter()
            .map(|values| Some((piece, values.as_slice())))
            .collect();
        let fixture = match self.make(facts, target, choices, &ways).await? {
            Ok(fixture) => fixture,
            Err(problem) => {
                return Ok(self.spec.unproven_piece(facts, piece, &problem.message));
            }
        };
        let mut all = Parts::default();
        all.add(attempts::of_piece(piece, &target.column, &fixture));
        let tried = self.try_all(all, &fixture).await?.next();
        self.undo().await?;
        Ok(match stands(&tried) {
            true => self.spec.judge_piece(facts, piece, &target.column, &tried),
            false => self
                .spec
                .unproven_piece(facts, piece, "the row made in it is not there"),
        })
    }

    /// Takes the rows back.
    async fn undo(&self) -> Result<(), Failure> {
        let mut batch = Batch::new();
        batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_rows");
        batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_rows");
        batch.run(self.session.client()).await.map(|_| ())
    }

    /// Makes the rows behind a savepoint, by the first of the ways that leads where it should; with other values
    /// where a CHECK refuses them.
    async fn make(
        &self,
        facts: &Facts,
        target: &Target,
        choices: &mut Choices,
        ways: &[WayIn<'_>],
    ) -> Result<Made, Failure> {
        let mut last = Problem::new("no row could be made", "give one");
        for way in ways {
            for _ in 0..MOST_TRIES {
                let fixture = match Fixture::of(self.spec, facts, target, choices, *way) {
                    Ok(fixture) => fixture,
                    Err(problem) => return Ok(Err(problem)),
                };
                let Some((stage, error)) = self.insert(facts, &fixture).await? else {
                    return Ok(Ok(fixture));
                };
                last = self.refused(facts, stage, &error);
                let violated = error.constraint.as_ref().zip(error.table.as_ref());
                let advanced = error.is(&SqlState::CHECK_VIOLATION)
                    && match violated {
                        Some((check, (schema, table))) => facts
                            .relations
                            .iter()
                            .find(|relation| relation.schema == *schema && relation.name == *table)
                            .is_some_and(|relation| choices.advance(self.spec, facts, relation, check)),
                        None => error.constraint.as_ref().is_some_and(|check| {
                            facts
                                .relations
                                .iter()
                                .any(|relation| choices.advance(self.spec, facts, relation, check))
                        }),
                    };
                if !advanced {
                    break;
                }
            }
        }
        Ok(Err(last))
    }

    /// Inserts the rows behind a savepoint. What the server refuses is the answer, and nothing is left then.
    async fn insert(
        &self,
        facts: &Facts,
        fixture: &Fixture,
    ) -> Result<Option<(Stage, ServerError)>, Failure> {
        let limit = limit(self.session);
        let mut batch = Batch::new();
        batch.one(Stage::Query, "SAVEPOINT pgplumb_rows");
        let settings = [
            call(
                "search_path",
                &format!("{}, public", quote_ident(&self.spec.schema)),
            ),
            call("statement_timeout", &format!("{}ms", limit.as_millis())),
        ];
        batch.one(Stage::Query, &format!("SELECT {}", settings.join(", ")));
        for given in &self.spec.given {
            if given.contains("{tenant}") || given.contains("{user}") {
                for tenant in &fixture.tenants {
                    batch.many(Stage::Before, &tenant.fill(given));
                }
            } else {
                batch.many(Stage::Before, given);
            }
        }
        for row in &fixture.rows {
            if let Some(relation) = facts.by_oid(row.relation) {
                batch.one(Stage::Begin, &row.make(relation));
            }
        }
        let started = Instant::now();
        match batch.run(self.session.client()).await {
            Ok(_) => Ok(None),
            Err(failure) => {
                let stage = failure.stage;
                if !matches!(stage, Stage::Before | Stage::Begin) {
                    return Err(failure);
                }
                let error = self.own(failure, started)?;
                self.undo().await?;
                Ok(Some((stage, error)))
            }
        }
    }

    /// The server's word on a statement; of the conversation, of a busy table or of an interruption it ends the run.
    fn own(&self, failure: Failure, started: Instant) -> Result<ServerError, Failure> {
        let Error::Server(error) = &failure.error else {
            return Err(failure);
        };
        let limit = limit(self.session);
        let is_late = limit.as_duration().is_none_or(|limit| started.elapsed() >= limit);
        let is_own = error.is(&SqlState::QUERY_CANCELED) && is_late;
        match ends(error) && !is_own {
            true => Err(failure),
            false => Ok((**error).clone()),
        }
    }

    /// Why rows could not be made, with what to write.
    fn refused(&self, facts: &Facts, stage: Stage, error: &ServerError) -> Problem {
        let section = format!("[isolation.{}]", self.spec.name);
        if stage == Stage::Before {
            return Problem::new(
                format!(
                    "`given` of {section} was refused: {} (SQLSTATE {})",
                    error.message, error.sqlstate
                ),
                "correct what is given",
            );
        }
        let mut message = format!("a row of a tenant was refused: {}", error.message);
        // of a CHECK the whole row, which tells nothing more
        if let Some(detail) = error
            .detail
            .as_ref()
            .filter(|_| !error.is(&SqlState::CHECK_VIOLATION))
        {
            message.push_str(&format!(" ({detail})"));
        }
        message.push_str(&format!(" (SQLSTATE {})", error.sqlstate));
        let relation = error.table.as_ref().and_then(|(schema, table)| {
            let mut relations = facts.relations.iter();
            relations.find(|relation| relation.schema == *schema && relation.name == *table)
        });
        let help = match (relation, &error.constraint) {
            (Some(relation), Some(constraint)) => format!(
                "write values that {} accepts under [isolation.{}.values.'{}']",
                quote_ident(constraint),
                self.spec.name,
                relation.path
            ),
            _ => format!(
                "write the values that it needs under [isolation.{}.values], or the rows into `given`",
                self.spec.name
            ),
        };
        Problem::new(message, help)
    }

    /// Runs all attempts in one message; those that take too long together, each alone.
    async fn try_all(&self, parts: Parts, fixture: &Fixture) -> Result<TriedParts, Failure> {
        let attempts = parts.attempts;
        let replies = match self.attempts(&attempts, fixture).await? {
            Ok(replies) => replies,
            Err(_) => {
                let mut replies = Vec::new();
                for attempt in &attempts {
                    match self.attempts(std::slice::from_ref(attempt), fixture).await? {
                        Ok(reply) => replies.extend(reply),
                        Err(error) => {
                            let message =
                                format!("{} (an attempt has {})", error.message, limit(self.session));
                            replies.push(Reply::refusal(&error.sqlstate, &message));
                        }
                    }
                }
                replies
            }
        };
        Ok(TriedParts {
            sizes: parts.sizes.into_iter(),
            tried: attempts.into_iter().zip(replies).collect::<Vec<_>>().into_iter(),
        })
    }

    /// The inner error is that the server gave up after the time that a statement has.
    async fn attempts(
        &self,
        attempts: &[Attempt],
        fixture: &Fixture,
    ) -> Result<Result<Vec<Reply>, ServerError>, Failure> {
        let user = &fixture.tenants[0];
        let jobs = Jobs {
            role: &self.spec.role,
            settings: self
                .spec
                .settings
                .iter()
                .map(|(name, value)| (name.as_str(), user.fill(value)))
                .collect(),
            attempts,
        };
        let mut batch = Batch::new();
        batch.one(Stage::Query, "SAVEPOINT pgplumb_attempts");
        let jobs = format!(
            "SELECT pg_catalog.set_config('pgplumb.attempts', {}, true)",
            json(&jobs)
        );
        batch.one(Stage::Query, &jobs);
        batch.many(Stage::Settle, include_str!("sql/attempts.sql"));
        batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_attempts");
        batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_attempts");
        let started = Instant::now();
        match batch.run(self.session.client()).await {
            Ok(reply) => {
                let text = reply
                    .rows(Stage::Settle)
                    .find_map(|row| row.try_get("replies").ok().flatten());
                decoded(text).map(Ok)
            }
            Err(failure) if failure.error.is(&SqlState::QUERY_CANCELED) => {
                let error = self.own(failure, started)?;
                let mut batch = Batch::new();
                batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_attempts");
                batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_attempts");
                batch.run(self.session.client()).await?;
                Ok(Err(error))
            }
            Err(failure) => Err(failure),
        }
    }
}

/// Attempts on several objects, which go to the server as one.
#[derive(Default)]
struct Parts {
    attempts: Vec<Attempt>,
    sizes: Vec<usize>,
}

impl Parts {
    fn add(&mut self, attempts: Vec<Attempt>) {
        self.sizes.push(attempts.len());
        self.attempts.extend(attempts);
    }

    fn add_or(&mut self, attempts: Result<Vec<Attempt>, String>) -> Result<(), String> {
        attempts.map(|attempts| self.add(attempts))
    }
}

/// The same, answered, one object after the other.
struct TriedParts {
    sizes: std::vec::IntoIter<usize>,
    tried: std::vec::IntoIter<(Attempt, Reply)>,
}

impl TriedParts {
    fn next(&mut self) -> Tried {
        let size = self.sizes.next().unwrap_or(0);
        self.tried.by_ref().take(size).collect()
    }
}

/// Whether the rows of the other tenant were there when something was tried on them.
fn stands(tried: &Tried) -> bool {
    tried.iter().all(|(attempt, reply)| {
        !attempt.prepare.is_empty() || reply.refused.as_deref() == Some("prepare") || reply.before.is_some()
    })
}

fn decoded<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, Failure> {
    let unexpected = |message: String| Failure {
        stage: Stage::Query,
        place: None,
        error: Error::Unexpected(message),
    };
    let text = text.ok_or_else(|| unexpected("no row of facts on isolation".to_string()))?;
    serde_json::from_str(text)
        .map_err(|error| unexpected(format!("the facts on isolation could not be read: {error}")))
}
