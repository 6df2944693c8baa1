//! Runs probes: statements that write, behind savepoints of the open transaction, and takes all of it back.
//!
//! What the probes of a suite share is run once; each probe begins there, each of its steps has a savepoint of
//! its own, so that an expected error does not end the probe. Nothing is committed, whatever happens: the caller
//! rolls the transaction back, and a lost connection does the same. Positions of sequences are all that a rollback
//! does not take back: those that were used are named.

use std::collections::BTreeSet;
use std::time::Instant;

use tokio_postgres::error::SqlState;

use super::ask::limit;
use super::batch::{Batch, Failure, Reply, Stage};
use super::constraints;
use super::error::{Error, ServerError};
use super::session::Session;
use crate::check::{Answer, Answers, Met, Phase, Probe, Question, Refusal, Step};
use crate::sql::name::{quote_ident, quote_literal};

/// What came of the probes.
#[derive(Debug, Default)]
pub struct Probed {
    pub answers: Answers,
    /// The sequences whose position moved.
    pub sequences: Vec<Moved>,
}

/// A sequence that the probes moved on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// Its SQL name, with the schema.
    pub name: String,
    /// Its last value now; `None` where the connecting role may not see it.
    pub last_value: Option<String>,
}

/// What ended the probes before their end.
#[derive(Debug)]
pub struct Cut {
    pub failure: Failure,
    /// The sequences that the transaction had used by then, as far as the server could still be asked.
    pub sequences: Vec<Moved>,
}

/// Runs all probes behind a savepoint of the open transaction, which must be READ COMMITTED or that of a migration.
///
/// # Errors
/// [`Cut`] when the conversation breaks, a lock is not obtained in time, or the user interrupts. The caller
/// rolls back.
pub async fn run(session: &Session, probes: &[&Probe]) -> Result<Probed, Cut> {
    let mut before = Vec::new();
    match run_all(session, probes, &mut before).await {
        Ok(probed) => Ok(probed),
        Err(failure) => Err(Cut {
            sequences: used(session, &failure, &before).await,
            failure,
        }),
    }
}

/// The sequences that the broken probes have used: rolled back to where they began, the transaction answers.
pub(super) async fn used(session: &Session, failure: &Failure, before: &[Moved]) -> Vec<Moved> {
    if matches!(failure.error, Error::Lost(_)) {
        return Vec::new();
    }
    let mut batch = Batch::new();
    batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_probes");
    batch.one(Stage::After, TOUCHED);
    match batch.run(session.client()).await {
        Ok(reply) => beyond(before, touched(&reply, Stage::After)),
        Err(failure) => {
            tracing::debug!("the sequences were not asked for: {}", failure.error);
            Vec::new()
        }
    }
}

/// `before` becomes the sequences that the transaction had used when the probes began.
async fn run_all(session: &Session, probes: &[&Probe], before: &mut Vec<Moved>) -> Result<Probed, Failure> {
    let mut names: BTreeSet<&str> = ["role", "search_path", "statement_timeout"].into();
    let steps = probes.iter().flat_map(|probe| &probe.steps);
    names.extend(steps.flat_map(|step| step.settings.iter().map(|(name, _)| name.as_str())));
    let names: Vec<&str> = names.into_iter().collect();

    let mut batch = Batch::new();
    batch.one(Stage::Query, "SAVEPOINT pgplumb_probes");
    batch.one(Stage::Begin, &format!("SELECT {}", Session::meaning_calls()));
    batch.one(Stage::Begin, TRIGGERS_FIRE);
    constraints::let_wait(&mut batch);
    batch.one(Stage::Query, &read_settings(&names));
    batch.one(Stage::Before, TOUCHED);
    let reply = match batch.run(session.client()).await {
        Err(failure)
            if failure.stage == Stage::Begin && failure.error.is(&SqlState::INSUFFICIENT_PRIVILEGE) =>
        {
            let mut batch = Batch::new();
            batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_probes");
            batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_probes");
            batch.run(session.client()).await?;
            return Ok(cannot_tell(probes, NO_TRIGGERS));
        }
        reply => reply?,
    };
    let Some(row) = reply.rows(Stage::Query).next() else {
        return Ok(not_run(
            probes,
            "the server did not say whether it accepts writes",
        ));
    };
    if let Some(reason) = read_only(row) {
        return Ok(not_run(probes, reason));
    }
    *before = touched(&reply, Stage::Before);
    let original = names.iter().enumerate();
    let original: Vec<(&str, String)> = original
        .map(|(index, name)| (*name, row.get(index + 2).unwrap_or("").to_string()))
        .collect();

    let mut runner = Runner {
        session,
        original,
        changed: BTreeSet::new(),
        pending: Vec::new(),
        answers: Answers::default(),
    };
    let mut rest = probes;
    while let Some(first) = rest.first() {
        let alike = rest
            .iter()
            .take_while(|probe| probe.shared == first.shared && probe.schema == first.schema)
            .count();
        let (group, others) = rest.split_at(alike);
        runner.group(group).await?;
        rest = others;
    }

    let mut batch = Batch::new();
    batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_probes");
    batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_probes");
    batch.one(Stage::After, TOUCHED);
    let reply = batch.run(session.client()).await?;
    Ok(Probed {
        answers: runner.answers,
        sequences: beyond(before, touched(&reply, Stage::After)),
    })
}

/// A session that replicates fires neither the triggers nor the foreign keys that a probe is about.
const TRIGGERS_FIRE: &str = "SELECT CASE WHEN pg_catalog.current_setting('session_replication_role') <> 'origin' \
    THEN pg_catalog.set_config('session_replication_role', 'origin', true) END";

/// What stands at probes whose session replicates and may not end that.
const NO_TRIGGERS: &str = "no trigger and no foreign key fires here: session_replication_role is not origin for this role \
    or database, and the role may not set it; have that reset, or connect as a role that may";

/// The sequences that this transaction has used, by the locks that it keeps on them until its end, a rolled back
/// savepoint or not; so no lock is taken on any other.
pub(super) const TOUCHED: &str = "SELECT pg_catalog.quote_ident(n.nspname) || '.' || pg_catalog.quote_ident(c.relname), \
    CASE WHEN pg_catalog.has_sequence_privilege(c.oid, 'USAGE, SELECT') THEN pg_catalog.pg_sequence_last_value(c.oid) END \
    FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_class c ON c.oid = l.relation \
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
    WHERE l.locktype = 'relation' AND l.pid = pg_catalog.pg_backend_pid() AND l.granted AND c.relkind = 'S' \
    AND l.mode = 'RowExclusiveLock' \
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
    ORDER BY 1";

pub(super) fn touched(reply: &Reply, stage: Stage) -> Vec<Moved> {
    let moved = |row: &tokio_postgres::SimpleQueryRow| {
        Some(Moved {
            name: row.get(0)?.to_string(),
            last_value: row.get(1).map(str::to_string),
        })
    };
    reply.rows(stage).filter_map(moved).collect()
}

pub(super) fn beyond(before: &[Moved], after: Vec<Moved>) -> Vec<Moved> {
    after
        .into_iter()
        .filter(|moved| !before.contains(moved))
        .collect()
}

/// Whether the server accepts writes, and the settings as they are now.
pub(super) fn read_settings(names: &[&str]) -> String {
    let settings: Vec<String> = names
        .iter()
        .map(|name| format!("pg_catalog.current_setting({}, true)", quote_literal(name)))
        .collect();
    format!(
        "SELECT pg_catalog.pg_is_in_recovery(), pg_catalog.current_setting('transaction_read_only'), {}",
        settings.join(", ")
    )
}

/// Why nothing can be written here, by the answer of [`read_settings`].
pub(super) fn read_only(row: &tokio_postgres::SimpleQueryRow) -> Option<&'static str> {
    match (row.get(0), row.get(1)) {
        (Some("t"), _) => Some("probes write, and the server is a standby"),
        (_, Some("on")) => Some("probes write, and transactions are read-only here"),
        _ => None,
    }
}

/// Every probe skipped.
pub fn not_run(probes: &[&Probe], reason: &str) -> Probed {
    let reason = reason.to_string();
    all_answered(probes, &Answer::NotRun { reason })
}

/// Every probe blocked.
fn cannot_tell(probes: &[&Probe], reason: &str) -> Probed {
    let reason = reason.to_string();
    all_answered(probes, &Answer::CannotTell { reason })
}

fn all_answered(probes: &[&Probe], answer: &Answer) -> Probed {
    let answered = |probe: &&Probe| (Question::Probe((*probe).clone()), answer.clone());
    Probed {
        answers: probes.iter().map(answered).collect(),
        sequences: Vec::new(),
    }
}

/// How a step ended: what it met, and whether the probe goes on.
type Ended = (Met, bool);

struct Runner<'s> {
    session: &'s Session,
    /// The settings that probes change, as they were.
    original: Vec<(&'s str, String)>,
    /// The settings that the steps of this probe have changed so far.
    changed: BTreeSet<String>,
    /// What undoes the step before, sent with what comes next.
    pending: Vec<&'static str>,
    answers: Answers,
}

impl Runner<'_> {
    /// Probes of one suite: what they share once, then each from there.
    async fn group(&mut self, probes: &[&Probe]) -> Result<(), Failure> {
        let Some(first) = probes.first() else {
            return Ok(());
        };
        let mut batch = self.begun();
        batch.one(Stage::Query, "SAVEPOINT pgplumb_shared");
        batch.one(Stage::Query, &self.restore(first));
        for given in &first.shared {
            batch.many(Stage::Before, &given.sql);
        }
        batch.one(Stage::Query, "SAVEPOINT pgplumb_probe");
        let started = Instant::now();
        match batch.run(self.session.client()).await {
            Ok(_) => {
                for probe in probes {
                    let met = self.probe(probe).await?;
                    self.answers
                        .insert(Question::Probe((*probe).clone()), Answer::Probe(met));
                    self.pending = vec!["ROLLBACK TO SAVEPOINT pgplumb_probe"];
                }
            }
            Err(failure) if failure.stage != Stage::Before => return Err(failure),
            Err(failure) => {
                let refusal = self.refusal(failure, started, None)?;
                for probe in probes {
                    let met = vec![Met::Unready {
                        phase: Phase::Shared,
                        refusal: refusal.clone(),
                    }];
                    self.answers
                        .insert(Question::Probe((*probe).clone()), Answer::Probe(met));
                }
            }
        }
        self.pending = vec![
            "ROLLBACK TO SAVEPOINT pgplumb_shared",
            "RELEASE SAVEPOINT pgplumb_shared",
        ];
        // only what is undone leaves the transaction usable for the next
        self.begun().run(self.session.client()).await?;
        Ok(())
    }

    /// A message that begins with what undoes the step before.
    fn begun(&mut self) -> Batch {
        let mut batch = Batch::new();
        for sql in std::mem::take(&mut self.pending) {
            batch.one(Stage::Query, sql);
        }
        batch
    }

    async fn probe(&mut self, probe: &Probe) -> Result<Vec<Met>, Failure> {
        let mut all = Vec::new();
        self.changed.clear();
        for step in &probe.steps {
            let (met, goes_on) = self.step(probe, step).await?;
            all.push(met);
            if !goes_on {
                break;
            }
        }
        Ok(all)
    }

    async fn step(&mut self, probe: &Probe, step: &Step) -> Result<Ended, Failure> {
        let mut batch = self.begun();
        batch.one(Stage::Query, &self.restore(probe));
        if let Some(given) = &step.given {
            batch.many(Stage::Before, &given.sql);
        }
        // behind what is given: that stays for the next step when this one is refused as expected
        batch.one(Stage::Query, "SAVEPOINT pgplumb_step");
        for (name, value) in &step.settings {
            batch.one(Stage::Begin, &set(name, value));
        }
        if let Some(role) = &step.role {
            batch.one(Stage::Begin, &format!("SET LOCAL ROLE {}", quote_ident(role)));
        }
        batch.one(Stage::Script, &step.run);
        let started = Instant::now();
        match batch.run(self.session.client()).await {
            Ok(reply) => {
                self.pending = vec!["RELEASE SAVEPOINT pgplumb_step"];
                self.changed
                    .extend(step.settings.iter().map(|(name, _)| name.clone()));
                Ok((rows(&reply), true))
            }
            Err(failure) => {
                let phase = match failure.stage {
                    Stage::Script => None,
                    Stage::Before => Some(Phase::Given),
                    Stage::Begin => Some(Phase::Role),
                    _ => return Err(failure),
                };
                let refusal = self.refusal(failure, started, Some(step))?;
                self.pending = vec![
                    "ROLLBACK TO SAVEPOINT pgplumb_step",
                    "RELEASE SAVEPOINT pgplumb_step",
                ];
                Ok(match phase {
                    None => (Met::Refused(refusal), step.is_to_fail),
                    Some(phase) => (Met::Unready { phase, refusal }, false),
                })
            }
        }
    }

    /// One statement that brings role and settings back and gives a probe its own.
    fn restore(&self, probe: &Probe) -> String {
        let limit = limit(self.session).as_millis();
        let calls: Vec<String> = self
            .original
            .iter()
            .filter_map(|(name, value)| match *name {
                "search_path" => {
                    let own = self.session.search_path();
                    Some(call(name, &path([Some(&*resolved_in(&probe.schema)), own])))
                }
                "statement_timeout" => Some(call(name, &format!("{limit}ms"))),
                "role" => Some(call(name, value)),
                // one that no step could set may have no name that the server accepts
                _ => self.changed.contains(*name).then(|| call(name, value)),
            })
            .collect();
        format!("SELECT {}", calls.join(", "))
    }

    /// An error of a statement as an answer; of the conversation, of a busy table or of an interruption it ends
    /// the run.
    fn refusal(&self, failure: Failure, started: Instant, step: Option<&Step>) -> Result<Refusal, Failure> {
        let Error::Server(error) = &failure.error else {
            return Err(failure);
        };
        let own_limit = step.is_some_and(|step| {
            step.settings
                .iter()
                .any(|(name, _)| name.eq_ignore_ascii_case("statement_timeout"))
        });
        let limit = limit(self.session);
        let is_late = own_limit || limit.as_duration().is_none_or(|limit| started.elapsed() >= limit);
        let ends = match error.sqlstate.as_str() {
            state if state == SqlState::QUERY_CANCELED.code() => !is_late,
            state if state == SqlState::LOCK_NOT_AVAILABLE.code() => {
                !step.is_some_and(|step| step.is_to_fail && failure.stage == Stage::Script)
            }
            state => state.starts_with("57P"),
        };
        if ends {
            return Err(failure);
        }
        Ok(described(error, limit))
    }
}

fn described(error: &ServerError, limit: crate::migration::Timeout) -> Refusal {
    let message = match error.is(&SqlState::QUERY_CANCELED) {
        true => format!("{} (a probe's statement has {limit})", error.message),
        false => error.message.clone(),
    };
    Refusal {
        sqlstate: error.sqlstate.clone(),
        message,
    }
}

/// Where bare names of a suite are resolved.
pub(super) fn resolved_in(schema: &str) -> String {
    format!("{}, public", quote_ident(schema))
}

/// A search_path of several, the first of them first. The application's own is among them: what defaults, triggers and
/// policies call may find its tables and functions by it alone.
pub(super) fn path<'p>(parts: impl IntoIterator<Item = Option<&'p str>>) -> String {
    let parts = parts.into_iter().flatten();
    let parts: Vec<&str> = parts.filter(|part| !part.trim().is_empty()).collect();
    parts.join(", ")
}

pub(super) fn call(name: &str, value: &str) -> String {
    format!(
        "pg_catalog.set_config({}, {}, true)",
        quote_literal(name),
        quote_literal(value)
    )
}

fn set(name: &str, value: &str) -> String {
    format!("SELECT {}", call(name, value))
}

fn rows(reply: &Reply) -> Met {
    let rows = reply.rows(Stage::Script);
    Met::Rows {
        rows: rows
            .map(|row| {
                (0..row.len())
                    .map(|index| row.get(index).map(str::to_string))
                    .collect()
            })
            .collect(),
        affected: reply.affected(Stage::Script),
    }
}
