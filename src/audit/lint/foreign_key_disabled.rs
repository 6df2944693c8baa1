//! A foreign key whose triggers are disabled: nothing enforces it.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "foreign_key_disabled",
    severity: Severity::Error,
    about: "a foreign key whose triggers are disabled: nothing enforces it",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let keys = facts.triggers.iter().filter(|trigger| trigger.foreign_key);
    keys.map(|key| {
        Found::new(
            format!("foreign key {} on {}", key.name, key.table),
            "its triggers on this table are disabled: rows without a counterpart can come to be",
            format!("ALTER TABLE {} ENABLE TRIGGER ALL;", key.table),
        )
    })
    .collect()
}
