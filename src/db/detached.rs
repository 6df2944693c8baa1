//! What a script needs that runs outside a transaction: the runner's lock held by the session, its progress in the
//! journal, and the state of the index that it was building.

use super::batch::{Batch, Failure, Reply, Stage};
use super::history::REPEAT;
use super::lock::LOCK_KEY;
use super::session::Session;
use crate::history::History;
use crate::migration::Migration;
use crate::sql::name::{Name, quote_ident, quote_literal};

/// The journal's word for a statement that is about to run outside a transaction.
pub const BEGUN: &str = "begun";
/// The journal's word for a statement that is done.
pub const STATEMENT: &str = "statement";

/// How far earlier runs of a script came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// How many statements are done, and the SHA-256 of the text up to there.
    pub done: usize,
    pub sha256: Option<String>,
    /// Whether the next one was begun: it ran outside a transaction, and nobody wrote down how it ended.
    pub is_begun: bool,
}

/// Takes the runner's lock for the session: it holds across transactions and goes with the session.
pub fn lock_sql() -> String {
    format!("SELECT pg_catalog.pg_try_advisory_lock({LOCK_KEY})")
}

/// Gives back every lock that the session holds, the script's own with it.
pub const UNLOCK: &str = "SELECT pg_catalog.pg_advisory_unlock_all()";

/// What [`lock_sql`] answered.
pub fn is_locked(reply: &Reply) -> bool {
    reply
        .rows(Stage::Lock)
        .next()
        .and_then(|row| row.get(0))
        .is_some_and(|answer| answer == "t")
}

/// Reads how far earlier runs came, since the migration was last recorded or taken back.
pub fn read_progress_sql(history: &History, action: &str, migration: &Migration) -> String {
    let journal = history.journal();
    let is_of_it = match migration.is_repeatable() {
        false => format!(
            "version = {} AND action <> '{REPEAT}'",
            migration.version.number()
        ),
        true => format!(
            "action = '{REPEAT}' AND name = {}",
            quote_literal(&migration.name)
        ),
    };
    format!(
        "SELECT outcome, artifacts->>'statement', sha256 FROM {journal} WHERE {is_of_it} AND action = {} \
         AND outcome IN ('{BEGUN}', '{STATEMENT}') AND id > coalesce((SELECT pg_catalog.max(id) FROM {journal} \
         WHERE {is_of_it} AND outcome = 'done'), 0) ORDER BY id",
        quote_literal(action)
    )
}

/// Decodes the rows of [`read_progress_sql`], the only ones of their stage.
pub fn decode_progress(reply: &Reply) -> Progress {
    let mut progress = Progress::default();
    for row in reply.rows(Stage::Query) {
        let number: usize = row.get(1).and_then(|text| text.parse().ok()).unwrap_or(0);
        if row.get(0) == Some(STATEMENT) {
            progress.done = number;
            progress.sha256 = row.get(2).map(str::to_string);
            progress.is_begun = false;
        } else {
            progress.is_begun = number == progress.done + 1;
        }
    }
    progress
}

/// How an index stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexState {
    Absent,
    Valid,
    /// Left behind by a build that did not end.
    Invalid,
    /// This process is building it.
    Building(i32),
}

/// How a partition stands that DETACH PARTITION CONCURRENTLY takes off, which has two transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetachState {
    Attached,
    /// Between the two: it waits to be finalized.
    Pending,
    /// It is no partition of that parent.
    Detached,
    /// One of the two is not there.
    Absent,
}

/// An index as a statement names it.
#[derive(Debug, Clone, Copy)]
pub enum IndexName<'a> {
    /// It is made beside its table.
    Beside {
        table: &'a Name,
        index: &'a str,
    },
    Itself(&'a Name),
}

impl Session {
    /// How an index stands now.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn index_state(&self, index: IndexName<'_>) -> Result<IndexState, Failure> {
        let which = match index {
            IndexName::Beside { table, index } => format!(
                "c.relname = {} AND c.relnamespace = (SELECT t.relnamespace FROM pg_catalog.pg_class t \
                 WHERE t.oid = pg_catalog.to_regclass({})::pg_catalog.oid)",
                quote_literal(index),
                quote_literal(&quoted(table))
            ),
            IndexName::Itself(name) => {
                format!(
                    "c.oid = pg_catalog.to_regclass({})::pg_catalog.oid",
                    quote_literal(&quoted(name))
                )
            }
        };
        let sql = format!(
            "SELECT i.indisvalid AND i.indisready, p.pid FROM pg_catalog.pg_class c \
             JOIN pg_catalog.pg_index i ON i.indexrelid = c.oid \
             LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.index_relid = c.oid WHERE {which}"
        );
        let mut batch = Batch::new();
        batch.one(Stage::Query, &sql);
        let reply = batch.run(self.client()).await?;
        Ok(match reply.rows(Stage::Query).next() {
            None => IndexState::Absent,
            Some(row) => match (row.get(0), row.get(1).and_then(|pid| pid.parse().ok())) {
                (Some("t"), _) => IndexState::Valid,
                (_, Some(pid)) => IndexState::Building(pid),
                _ => IndexState::Invalid,
            },
        })
    }

    /// How a partition stands to its parent now.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn detach_state(&self, parent: &Name, partition: &Name) -> Result<DetachState, Failure> {
        let mut batch = Batch::new();
        // the column came with the statement, in version 14
        batch.one(
            Stage::Query,
            &format!(
                "SELECT n.parent IS NULL OR n.partition IS NULL, i.inhrelid IS NULL, \
                 pg_catalog.to_jsonb(i)->>'inhdetachpending' = 'true' \
                 FROM (SELECT pg_catalog.to_regclass({})::pg_catalog.oid AS parent, pg_catalog.to_regclass({})::pg_catalog.oid AS partition) n \
                 LEFT JOIN pg_catalog.pg_inherits i ON i.inhparent = n.parent AND i.inhrelid = n.partition",
                quote_literal(&quoted(parent)),
                quote_literal(&quoted(partition)),
            ),
        );
        let reply = batch.run(self.client()).await?;
        let row = reply.rows(Stage::Query).next();
        let is = |at: usize| row.and_then(|row| row.get(at)) == Some("t");
        Ok(match (is(0), is(1), is(2)) {
            (true, ..) => DetachState::Absent,
            (_, true, _) => DetachState::Detached,
            (.., true) => DetachState::Pending,
            _ => DetachState::Attached,
        })
    }
}

fn quoted(name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quote_ident(schema), quote_ident(&name.name)),
        None => quote_ident(&name.name),
    }
}
