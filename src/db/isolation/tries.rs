//! The attempts on the rows that were made.

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;
use tokio_postgres::error::SqlState;

use super::super::ask::limit;
use super::super::batch::{Batch, Failure, Stage};
use super::super::error::ServerError;
use super::{Bench, decoded, json};
use crate::isolation::attempts::{Attempt, Reply};
use crate::isolation::{Fixture, Tried};

/// What the server gets: all attempts on the same rows.
#[derive(Serialize)]
struct Jobs<'a> {
    role: &'a str,
    settings: BTreeMap<&'a str, String>,
    attempts: &'a [Attempt],
}

impl Bench<'_> {
    /// Runs all attempts in one message; those that take too long together, each alone.
    pub(super) async fn try_all(&self, parts: Parts, fixture: &Fixture) -> Result<TriedParts, Failure> {
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
        batch.many(Stage::Settle, include_str!("../sql/attempts.sql"));
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
pub(super) struct Parts {
    attempts: Vec<Attempt>,
    sizes: Vec<usize>,
}

impl Parts {
    pub(super) fn add(&mut self, attempts: Vec<Attempt>) {
        self.sizes.push(attempts.len());
        self.attempts.extend(attempts);
    }

    pub(super) fn add_or(&mut self, attempts: Result<Vec<Attempt>, String>) -> Result<(), String> {
        attempts.map(|attempts| self.add(attempts))
    }
}

/// The same, answered, one object after the other.
pub(super) struct TriedParts {
    sizes: std::vec::IntoIter<usize>,
    tried: std::vec::IntoIter<(Attempt, Reply)>,
}

impl TriedParts {
    pub(super) fn next(&mut self) -> Tried {
        let size = self.sizes.next().unwrap_or(0);
        self.tried.by_ref().take(size).collect()
    }
}

/// Whether the rows of the other tenant were there when something was tried on them.
pub(super) fn stands(tried: &Tried) -> bool {
    tried.iter().all(|(attempt, reply)| {
        !attempt.prepare.is_empty() || reply.refused.as_deref() == Some("prepare") || reply.before.is_some()
    })
}
