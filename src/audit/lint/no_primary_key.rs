//! A table without a primary key.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "no_primary_key",
    severity: Severity::Info,
    about: "a table without a primary key",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .relations
        .iter()
        .filter(|table| table.is_table() && !table.primary_key && !table.partition);
    tables.map(|table| Found::new(
        table.object(),
        "it has no primary key: rows cannot be told apart, and logical replication cannot update them",
        format!("ALTER TABLE {} ADD PRIMARY KEY (…);", table.path),
    )).collect()
}
