//! What `repair` looks at and mends: checksums in the history, and indexes that a build left INVALID.

use super::batch::{Batch, Failure, Stage};
use super::session::Session;
use crate::history::{Applied, History};
use crate::sql::name::{Name, do_block, quote_ident, quote_literal};

/// An index that no query uses, since its build did not end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidIndex {
    pub schema: String,
    pub name: String,
    pub table: String,
    /// As `pg_get_indexdef` prints it.
    pub definition: String,
    /// What REINDEX CONCURRENTLY itself left behind: another index does its work.
    pub is_remainder: bool,
}

impl InvalidIndex {
    pub fn qualified(&self) -> String {
        Name::qualified(&self.schema, &self.name).to_string()
    }

    /// The statement that mends it; it runs outside a transaction.
    pub fn mend_sql(&self) -> String {
        let name = format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name));
        match self.is_remainder {
            true => format!("DROP INDEX CONCURRENTLY {name}"),
            false => format!("REINDEX INDEX CONCURRENTLY {name}"),
        }
    }
}

impl Session {
    /// The indexes that are INVALID and that nobody is building now, those of partitioned tables left out: they wait
    /// for the indexes of their partitions.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn invalid_indexes(&self) -> Result<Vec<InvalidIndex>, Failure> {
        let mut batch = Batch::new();
        batch.one(
            Stage::Query,
            "SELECT n.nspname, c.relname, pg_catalog.format('%I.%I', tn.nspname, t.relname), \
             pg_catalog.pg_get_indexdef(c.oid), c.relname ~ '_cc(new|old)[0-9]*$' \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
             JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace \
             WHERE NOT (i.indisvalid AND i.indisready) AND c.relkind = 'i' AND n.nspname !~ '^pg_' \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid \
             OR p.relid = t.oid) ORDER BY 1, 2",
        );
        let reply = batch.run(self.client()).await?;
        let index = |row: &tokio_postgres::SimpleQueryRow| {
            let text = |at: usize| row.get(at).unwrap_or_default().to_string();
            InvalidIndex {
                schema: text(0),
                name: text(1),
                table: text(2),
                definition: text(3),
                is_remainder: row.get(4) == Some("t"),
            }
        };
        Ok(reply.rows(Stage::Query).map(index).collect())
    }
}

/// One statement that gives a row of the history the name and the checksum of the file; it fails unless the row is
/// still the one that was looked at.
pub fn update_history_sql(history: &History, applied: &Applied, name: &str, checksum: u64) -> String {
    do_block(&format!(
        "DECLARE changed bigint; BEGIN UPDATE {} SET name = {}, checksum = '{checksum}' \
         WHERE version = {} AND checksum = {}; GET DIAGNOSTICS changed = ROW_COUNT; IF changed <> 1 THEN \
         RAISE EXCEPTION 'the history changed' USING ERRCODE = '{}'; END IF; END",
        history.table(),
        quote_literal(name),
        applied.version.number(),
        quote_literal(&applied.checksum),
        super::session::SQLSTATE_HISTORY_CHANGED,
    ))
}
