//! What `repair` looks at and mends: checksums in the history, indexes that a build left INVALID, and partitions that
//! DETACH PARTITION CONCURRENTLY left half detached.

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
    fn mend_sql(&self) -> String {
        let name = format!("{}.{}", quote_ident(&self.schema), quote_ident(&self.name));
        match self.is_remainder {
            true => format!("DROP INDEX CONCURRENTLY {name}"),
            false => format!("REINDEX INDEX CONCURRENTLY {name}"),
        }
    }
}

/// A partition that its parent shows no more, and that is still one of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingDetach {
    pub schema: String,
    pub name: String,
    /// Quoted as SQL needs it.
    pub parent: String,
}

/// What a statement that was cut off left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remnant {
    Index(InvalidIndex),
    Partition(PendingDetach),
}

impl Remnant {
    /// The name of the object alone.
    pub fn name(&self) -> &str {
        match self {
            Remnant::Index(index) => &index.name,
            Remnant::Partition(partition) => &partition.name,
        }
    }

    /// `index public.i`, `partition public.p`.
    pub fn object(&self) -> String {
        match self {
            Remnant::Index(index) => format!("index {}", index.qualified()),
            Remnant::Partition(partition) => {
                format!(
                    "partition {}",
                    Name::qualified(&partition.schema, &partition.name)
                )
            }
        }
    }

    /// The table that it belongs to.
    pub fn table(&self) -> &str {
        match self {
            Remnant::Index(index) => &index.table,
            Remnant::Partition(partition) => &partition.parent,
        }
    }

    /// The statement that mends it; it runs outside a transaction.
    pub fn mend_sql(&self) -> String {
        match self {
            Remnant::Index(index) => index.mend_sql(),
            Remnant::Partition(PendingDetach { schema, name, parent }) => format!(
                "ALTER TABLE {parent} DETACH PARTITION {}.{} FINALIZE",
                quote_ident(schema),
                quote_ident(name)
            ),
        }
    }
}

impl Session {
    /// What statements that were cut off left behind.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn remnants(&self) -> Result<Vec<Remnant>, Failure> {
        let indexes = self.invalid_indexes().await?;
        let partitions = self.pending_detaches().await?;
        let indexes = indexes.into_iter().map(Remnant::Index);
        Ok(indexes
            .chain(partitions.into_iter().map(Remnant::Partition))
            .collect())
    }

    /// The partitions that nobody is detaching now, and that are half detached.
    async fn pending_detaches(&self) -> Result<Vec<PendingDetach>, Failure> {
        let mut batch = Batch::new();
        // the column came with the statement, in version 14
        batch.one(
            Stage::Query,
            "SELECT n.nspname, c.relname, pg_catalog.format('%I.%I', pn.nspname, p.relname) \
             FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_class p ON p.oid = i.inhparent \
             JOIN pg_catalog.pg_namespace pn ON pn.oid = p.relnamespace \
             WHERE pg_catalog.to_jsonb(i)->>'inhdetachpending' = 'true' AND NOT EXISTS (SELECT FROM \
             pg_catalog.pg_stat_activity a WHERE a.datname = pg_catalog.current_database() AND a.state = 'active' \
             AND a.pid <> pg_catalog.pg_backend_pid() AND a.query ~* 'detach[[:space:]]+partition') ORDER BY 1, 2",
        );
        let reply = batch.run(self.client()).await?;
        let text =
            |row: &tokio_postgres::SimpleQueryRow, at: usize| row.get(at).unwrap_or_default().to_string();
        let partitions = reply.rows(Stage::Query).map(|row| PendingDetach {
            schema: text(row, 0),
            name: text(row, 1),
            parent: text(row, 2),
        });
        Ok(partitions.collect())
    }

    /// The indexes that are INVALID and that nobody is building now, those of partitioned tables left out: they wait
    /// for the indexes of their partitions.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    async fn invalid_indexes(&self) -> Result<Vec<InvalidIndex>, Failure> {
        let mut batch = Batch::new();
        batch.one(
            Stage::Query,
            "SELECT n.nspname, c.relname, pg_catalog.format('%I.%I', tn.nspname, t.relname), \
             pg_catalog.pg_get_indexdef(c.oid), c.relname ~ '_cc(new|old)[0-9]*$'::pg_catalog.text \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
             JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace \
             WHERE NOT (i.indisvalid AND i.indisready) AND c.relkind = 'i' AND n.nspname !~ '^pg_'::pg_catalog.text \
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
         WHERE version = {} AND checksum::pg_catalog.text = {}::pg_catalog.text; GET DIAGNOSTICS changed = ROW_COUNT; IF changed <> 1 THEN \
         RAISE EXCEPTION 'the history changed' USING ERRCODE = '{}'; END IF; END",
        history.table(),
        quote_literal(name),
        applied.version.number(),
        quote_literal(&applied.checksum),
        super::lock::SQLSTATE_HISTORY_CHANGED,
    ))
}
