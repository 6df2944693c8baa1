//! What a rehearsal asks the server: which relations are there, which locks its own process holds on them, and the clock.

use std::collections::{BTreeMap, BTreeSet};

use super::batch::{Batch, Reply, Stage};
use super::error::Error;
use super::session::Session;
use crate::migration::MigrationScript;
use crate::source::Span;
use crate::sql::name::quote_ident;

/// Tables and views by oid, as SQL names them.
pub type Relations = BTreeMap<u32, String>;

/// Locks on relations: oid, and mode as `pg_locks` calls it.
pub type Locks = BTreeSet<(u32, String)>;

/// One statement of a rehearsal, measured by the server's clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Measured {
    /// Milliseconds since 1970 when it began.
    pub began: f64,
    /// Milliseconds.
    pub took: f64,
    /// Rows that it read or changed, as it reports itself.
    pub rows: u64,
    /// What the process holds behind it.
    pub locks: Locks,
}

/// The server's clock, in milliseconds since 1970.
const CLOCK: &str = "SELECT pg_catalog.date_part('epoch', pg_catalog.clock_timestamp()) * 1000";

/// The locks of this process; a statement of its own, for a lock of a dropped table has no name any more.
const LOCKS: &str = "SELECT l.relation, l.mode FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND l.granted \
     AND l.pid = pg_catalog.pg_backend_pid() AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d \
     WHERE d.datname = pg_catalog.current_database())";

/// Adds the reading of all tables and views that are there.
pub fn read_relations(batch: &mut Batch) {
    batch.one(
        Stage::Query,
        "SELECT c.oid, n.nspname, c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
         ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v') \
         AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')",
    );
}

/// What [`read_relations`] answered.
pub fn relations_of(reply: &Reply) -> Relations {
    let name = |schema: &str, name: &str| format!("{}.{}", quote_ident(schema), quote_ident(name));
    reply
        .rows(Stage::Query)
        .filter_map(|row| Some((row.get(0)?.parse().ok()?, name(row.get(1)?, row.get(2)?))))
        .collect()
}

/// Adds the reading of the locks that this process holds.
pub fn read_locks(batch: &mut Batch) {
    batch.one(Stage::Lock, LOCKS);
}

/// What [`read_locks`] answered.
pub fn locks_of(reply: &Reply) -> Locks {
    reply
        .rows(Stage::Lock)
        .filter_map(|row| Some((row.get(0)?.parse().ok()?, row.get(1)?.to_string())))
        .collect()
}

/// A statement of a script between two looks at the clock, with the locks behind it.
pub fn measured(script: &MigrationScript, span: Span) -> Batch {
    let mut batch = Batch::new();
    batch.one(Stage::Before, CLOCK);
    batch.statement(script, span);
    batch.one(Stage::After, CLOCK);
    read_locks(&mut batch);
    batch
}

/// What [`measured`] answered.
///
/// # Errors
/// [`Error::Unexpected`] when the clock is missing in it.
pub fn measured_of(reply: &Reply) -> Result<Measured, Error> {
    let clock = |stage: Stage| {
        reply
            .rows(stage)
            .next()
            .and_then(|row| row.get(0))
            .and_then(|text| text.parse::<f64>().ok())
            .ok_or_else(|| Error::Unexpected("no row for the clock".to_string()))
    };
    let (began, ended) = (clock(Stage::Before)?, clock(Stage::After)?);
    Ok(Measured {
        began,
        took: (ended - began).max(0.0),
        rows: reply.script_counts().first().copied().unwrap_or(0),
        locks: locks_of(reply),
    })
}

impl Session {
    /// Adds a reading that leaves no lock behind.
    pub fn look_without_locks(&self, batch: &mut Batch, sql: &str) {
        batch.one(Stage::Query, "SAVEPOINT pgplumb_look");
        self.bring_back(batch);
        self.read_few(batch, Stage::After, sql);
        batch.one(Stage::Query, "ROLLBACK TO SAVEPOINT pgplumb_look");
        batch.one(Stage::Query, "RELEASE SAVEPOINT pgplumb_look");
    }
}
