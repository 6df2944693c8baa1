//! What the server measured of tables and indexes: sizes, estimates of rows, uses of indexes.

use super::batch::{Reply, Stage};

/// Reads the figures of the relations that a reading of the catalog in the same transaction covered. Sizes take
/// ACCESS SHARE.
pub const READ_SQL: &str = include_str!("sql/figures.sql");

/// One relation's figures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub schema: String,
    pub name: String,
    /// The planner's estimate; `None` before the first VACUUM or ANALYZE.
    pub rows: Option<i64>,
    pub bytes: i64,
    pub total_bytes: i64,
    /// Of an index.
    pub scans: Option<i64>,
}

/// The rows of [`READ_SQL`], and since when uses are counted.
pub fn decode(reply: &Reply, stage: Stage) -> (Vec<Row>, Option<String>) {
    let mut rows = Vec::new();
    let mut since = None;
    for row in reply.rows(stage) {
        let text = |name: &str| row.try_get(name).ok().flatten();
        let number = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
        match row.columns().first().map(|column| column.name()) {
            Some("figures") => rows.push(Row {
                schema: text("schema").unwrap_or_default().to_string(),
                name: text("name").unwrap_or_default().to_string(),
                rows: number("rows"),
                bytes: number("bytes").unwrap_or_default(),
                total_bytes: number("total_bytes").unwrap_or_default(),
                scans: number("scans"),
            }),
            Some("figures_since") => since = text("since").map(str::to_string),
            _ => {}
        }
    }
    (rows, since)
}
