//! A foreign key whose columns no index begins with.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "foreign_key_without_index",
    severity: Severity::Info,
    about: "a foreign key whose columns no index begins with",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let keys = facts
        .constraints
        .iter()
        .filter(|key| key.foreign_key && !key.indexed);
    keys.map(|key| {
        Found::new(
            key.object(),
            "no index begins with all of its columns: deleting a referenced row may scan the whole table",
            format!("CREATE INDEX ON {} ({});", key.table, key.columns.join(", ")),
        )
    })
    .collect()
}
