//! The rows of all tables as counts and checksums.

use std::collections::BTreeMap;

use crate::catalog::{Catalog, Kind};
use crate::db::batch::{Batch, Stage};
use crate::db::session::Session;
use crate::ops::{Error, context};
use crate::report::model::ChangeLine;
use crate::sql::name::quote_literal;

/// By the path of the table: how many rows, and a checksum that does not depend on the order of rows or columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<String, (u64, String)>);

impl Rows {
    /// Reads all tables that hold rows themselves.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn read(session: &Session, catalog: &Catalog) -> Result<Rows, Error> {
        let tables: Vec<String> = catalog
            .of_kind(Kind::Table)
            .filter(|table| table.text("type") == Some("table"))
            .map(|table| table.id.path())
            .collect();
        let mut rows = Rows::default();
        // not all in one statement: each holds a lock and a plan
        for some in tables.chunks(100) {
            let selects: Vec<String> = some
                .iter()
                .map(|path| {
                    format!(
                        "SELECT {}, pg_catalog.count(*), pg_catalog.md5(pg_catalog.string_agg(h, '' ORDER BY h)) \
                         FROM (SELECT pg_catalog.md5(pg_catalog.to_jsonb(t)::text) AS h FROM ONLY {path} AS t) AS hashed",
                        quote_literal(path)
                    )
                })
                .collect();
            let mut batch = Batch::new();
            // a script outside a transaction leaves its role behind, which need not see every row
            batch.one(Stage::Begin, "RESET SESSION AUTHORIZATION");
            batch.one(Stage::Begin, "RESET ROLE");
            batch.one(Stage::Query, &selects.join(" UNION ALL "));
            let reply = context::ask(session, "reading the rows of the tables", batch).await?;
            for row in reply.rows(Stage::Query) {
                let count = row.get(1).and_then(|count| count.parse().ok()).unwrap_or(0);
                let path = row.get(0).unwrap_or_default().to_string();
                rows.0
                    .insert(path, (count, row.get(2).unwrap_or_default().to_string()));
            }
        }
        Ok(rows)
    }

    /// Tables that are there before and after, and do not hold the same.
    pub fn compare(&self, after: &Rows) -> Vec<ChangeLine> {
        self.0
            .iter()
            .filter_map(|(path, before)| {
                let after = after.0.get(path).filter(|after| *after != before)?;
                let shown = |(count, _): &(u64, String)| match count {
                    1 => "1 row".to_string(),
                    count => format!("{count} rows"),
                };
                let other = match before.0 == after.0 {
                    true => ", with other values",
                    false => "",
                };
                Some(ChangeLine {
                    kind: "table".to_string(),
                    object: path.clone(),
                    change: "changed",
                    property: Some("rows".to_string()),
                    before: Some(shown(before)),
                    after: Some(shown(after) + other),
                    follows: false,
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(tables: &[(&str, u64, &str)]) -> Rows {
        let tables = tables.iter();
        Rows(
            tables
                .map(|(path, count, sum)| ((*path).to_string(), (*count, (*sum).to_string())))
                .collect(),
        )
    }

    #[test]
    fn what_is_no_longer_the_same() {
        let before = rows(&[("a", 2, "x"), ("b", 2, "x"), ("c", 2, "x"), ("gone", 1, "x")]);
        let after = rows(&[("a", 2, "x"), ("b", 1, "y"), ("c", 2, "y"), ("new", 1, "x")]);
        let lines: Vec<(String, Option<String>)> = before
            .compare(&after)
            .into_iter()
            .map(|line| (line.object, line.after))
            .collect();
        assert_eq!(
            lines,
            [
                ("b".to_string(), Some("1 row".to_string())),
                ("c".to_string(), Some("2 rows, with other values".to_string()))
            ]
        );
    }
}
