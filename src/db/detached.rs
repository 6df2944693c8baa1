//! What a script needs that runs outside a transaction: the runner's lock held by the session, its progress in the
//! journal, and the state of the index that it was building.

use std::collections::BTreeMap;

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
    /// What that one found, where it makes an index without a name.
    pub known: Option<Known>,
}

/// The indexes of a table before one without a name was made, the names by the OIDs: what is among them by neither is new.
/// REINDEX CONCURRENTLY changes the OID, and a dump that is restored as well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known(BTreeMap<String, String>);

impl Known {
    fn parse(json: &str) -> Option<Known> {
        serde_json::from_str(json).ok().map(Known)
    }

    fn has(&self, oid: &str, name: &str) -> bool {
        self.0.contains_key(oid) || self.0.values().any(|known| known == name)
    }
}

/// The artifacts of a [`BEGUN`] row, with what is to be [`Known`]. The script may have a search_path of its own: every
/// table of that name counts.
pub fn begun_artifacts_sql(number: usize, of: usize, table: &Name) -> String {
    let home = table.schema.as_ref().map_or(String::new(), |schema| {
        format!(" AND n.nspname = {}", quote_literal(schema))
    });
    format!(
        "pg_catalog.jsonb_build_object('statement', {number}, 'of', {of}, 'indexes', (SELECT \
         coalesce(pg_catalog.jsonb_object_agg(c.oid::pg_catalog.text, c.relname::pg_catalog.text), '{{}}'::pg_catalog.jsonb) \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         JOIN pg_catalog.pg_class t ON t.oid = i.indrelid JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
         WHERE t.relname = {}{home}))",
        quote_literal(&table.name)
    )
}

/// What [`begun_artifacts_sql`] found, when it was asked for with this.
pub const RETURN_KNOWN: &str = " RETURNING pg_catalog.jsonb_extract_path(artifacts, 'indexes')";

/// What [`RETURN_KNOWN`] answered.
pub fn decode_known(reply: &Reply) -> Option<Known> {
    Known::parse(reply.rows(Stage::Record).next()?.get(0)?)
}

/// An index that a table has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIndex {
    pub name: String,
    pub state: IndexState,
    /// As `pg_get_indexdef` prints it.
    pub definition: String,
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
        "SELECT outcome, artifacts->>'statement', sha256, artifacts->'indexes' FROM {journal} WHERE {is_of_it} AND action = {} \
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
            progress.known = None;
        } else {
            progress.is_begun = number == progress.done + 1;
            progress.known = row.get(3).and_then(Known::parse);
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
            Some(row) => state_of(row.get(0), row.get(1)),
        })
    }

    /// The indexes that a table has and that are not known, those left out that REINDEX CONCURRENTLY has at work.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn new_indexes(&self, table: &Name, known: &Known) -> Result<Vec<NewIndex>, Failure> {
        let mut batch = Batch::new();
        batch.one(
            Stage::Query,
            &format!(
                "SELECT i.indisvalid AND i.indisready, p.pid, c.oid, c.relname, pg_catalog.pg_get_indexdef(c.oid) \
                 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
                 LEFT JOIN pg_catalog.pg_stat_progress_create_index p ON p.index_relid = c.oid \
                 WHERE i.indrelid = pg_catalog.to_regclass({})::pg_catalog.oid AND (i.indisvalid AND i.indisready \
                 OR c.relname !~ '_cc(new|old)[0-9]*$'::pg_catalog.text) ORDER BY c.oid",
                quote_literal(&quoted(table))
            ),
        );
        let reply = batch.run(self.client()).await?;
        let rows = reply.rows(Stage::Query).filter_map(|row| {
            let (oid, name) = (row.get(2)?, row.get(3)?);
            (!known.has(oid, name)).then(|| NewIndex {
                name: name.to_owned(),
                state: state_of(row.get(0), row.get(1)),
                definition: row.get(4).unwrap_or_default().to_owned(),
            })
        });
        Ok(rows.collect())
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

/// Whether it is valid, and who is building it.
fn state_of(is_valid: Option<&str>, builder: Option<&str>) -> IndexState {
    match (is_valid, builder.and_then(|pid| pid.parse().ok())) {
        (Some("t"), _) => IndexState::Valid,
        (_, Some(pid)) => IndexState::Building(pid),
        _ => IndexState::Invalid,
    }
}

fn quoted(name: &Name) -> String {
    match &name.schema {
        Some(schema) => format!("{}.{}", quote_ident(schema), quote_ident(&name.name)),
        None => quote_ident(&name.name),
    }
}
