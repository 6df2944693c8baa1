//! The partitions of a table end within 30 days.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "partitions_end",
    severity: Severity::Warn,
    about: "the partitions of a table end within 30 days",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .partitioned
        .iter()
        .filter(|table| table.days.is_some_and(|days| days < DAYS));
    tables
        .map(|table| {
            let until = table.until.as_deref().unwrap_or_default();
            let ends = if table.days < Some(0) { "ended" } else { "end" };
            Found::new(
                format!("table {}", table.path),
                match &table.default {
                    Some(default) => format!("its partitions {ends} at {until}: later rows go to {default}"),
                    None => format!("its partitions {ends} at {until}: inserts of later rows fail"),
                },
                format!(
                    "CREATE TABLE … PARTITION OF {} FOR VALUES FROM ('{until}') TO (…);",
                    table.path
                ),
            )
        })
        .collect()
}

/// How far ahead there should be partitions.
const DAYS: i64 = 30;
