//! Makes rows of two tenants, lets the application's role try what it should not be able to do, and takes all of it
//! back: behind savepoints of the open transaction, as probes are.

mod rows;
mod tries;

use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use tokio_postgres::error::SqlState;

use self::rows::WayIn;
use self::tries::{Parts, stands};
use super::ask::limit;
use super::batch::{Batch, Failure, Stage};
use super::error::{Error, ServerError};
use super::probe::{Cut, Moved, Probed, TOUCHED, beyond, call, read_only, read_settings, touched, used};
use super::session::Session;
use crate::check::{Answer, Answers, Question};
use crate::isolation::{
    Choices, Facts, Fixture, Isolation, Matrix, Problem, Relation, TableMatrix, Target, Tried, WayKind,
    attempts, ways,
};
use crate::sql::name::quote_literal;

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
        batch.one(Stage::Script, include_str!("../sql/isolation.sql"));
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
            )
            .of(format!(
                "rows of {} in isolation {}",
                relation.path, self.spec.name
            ));
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
}

fn decoded<T: serde::de::DeserializeOwned>(text: Option<&str>) -> Result<T, Failure> {
    let unexpected = |message: String| Failure::of(Error::Unexpected(message));
    let text = text.ok_or_else(|| unexpected("no row of facts on isolation".to_string()))?;
    serde_json::from_str(text)
        .map_err(|error| unexpected(format!("the facts on isolation could not be read: {error}")))
}
