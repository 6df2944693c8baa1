//! What holds data that a rollback takes away: looked up first, counted then.

use std::collections::BTreeSet;

use super::batch::{Reply, Stage};
use super::catalog::literal;
use crate::sql::name::{quote_ident, quote_literal};

/// Counting stops here: an account must not scan a billion rows at three in the morning.
pub const COUNT_LIMIT: u64 = 10_000_000;

/// A relation, or a part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    pub schema: String,
    pub table: String,
    pub what: What,
    /// Of the whole relation, on disk, with its indexes.
    pub bytes: u64,
}

/// What of a relation goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Table,
    Column(String),
    /// A label of an enum, in a column of that type.
    Label {
        column: String,
        /// The type, as SQL names it.
        of: String,
        label: String,
    },
}

type QualifiedName = (String, String);

/// One statement that finds which of these are there, and every column whose type has one of the labels.
pub fn find_sql(
    tables: &BTreeSet<QualifiedName>,
    columns: &BTreeSet<(QualifiedName, String)>,
    labels: &BTreeSet<(QualifiedName, String)>,
) -> String {
    let row = |(schema, name): &QualifiedName, part: &str| {
        let literals = [schema, name, part].map(literal);
        format!("({})", literals.join(", "))
    };
    let parts = tables.iter().map(|table| row(table, ""));
    let parts = parts.chain(columns.iter().map(|(table, column)| row(table, column)));
    let labels = labels.iter().map(|(name, label)| row(name, label));
    let list = |rows: Vec<String>| match rows.is_empty() {
        true => "(NULL, NULL, NULL)".to_string(),
        false => rows.join(", "),
    };
    include_str!("sql/losses.sql")
        .replace("{parts}", &list(parts.collect()))
        .replace("{labels}", &list(labels.collect()))
}

/// The rows of [`find_sql`], and whether the server keeps the times of commits.
pub fn decode(reply: &Reply) -> (Vec<Holder>, bool) {
    let mut keeps_times = false;
    let rows = reply.rows(Stage::Query).filter_map(|row| {
        keeps_times |= row.get(6) == Some("on");
        let column = row.get(2)?.to_string();
        Some(Holder {
            schema: row.get(0)?.to_string(),
            table: row.get(1)?.to_string(),
            what: match (row.get(3), row.get(4)) {
                (Some(of), Some(label)) => What::Label {
                    column,
                    of: of.to_string(),
                    label: label.to_string(),
                },
                _ if column.is_empty() => What::Table,
                _ => What::Column(column),
            },
            bytes: row.get(5)?.parse().ok()?,
        })
    });
    (rows.collect(), keeps_times)
}

/// One statement that counts the rows of a holder up to [`COUNT_LIMIT`] and one more; beside it, the time of the
/// newest commit among them, in UTC.
pub fn count_sql(holder: &Holder, keeps_times: bool) -> String {
    let relation = format!("{}.{}", quote_ident(&holder.schema), quote_ident(&holder.table));
    let condition = match &holder.what {
        What::Table => String::new(),
        What::Column(column) => format!(" WHERE {} IS NOT NULL", quote_ident(column)),
        What::Label { column, label, .. } => {
            format!(
                " WHERE {}::pg_catalog.text = {}",
                quote_ident(column),
                quote_literal(label)
            )
        }
    };
    let time = match keeps_times {
        true => "pg_catalog.pg_xact_commit_timestamp(xmin)",
        false => "NULL::pg_catalog.timestamptz",
    };
    format!(
        "SELECT pg_catalog.count(*), pg_catalog.to_char(pg_catalog.max(at) AT TIME ZONE 'UTC', \
         'YYYY-MM-DD HH24:MI:SS') FROM (SELECT {time} AS at FROM {relation}{condition} LIMIT {}) AS t",
        COUNT_LIMIT + 1
    )
}
