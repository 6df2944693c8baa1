//! Autovacuum is switched off for a table.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "autovacuum_disabled",
    severity: Severity::Warn,
    about: "autovacuum is switched off for a table",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter().filter(|table| table.without_autovacuum);
    tables
        .map(|table| {
            Found::new(
                table.object(),
                "autovacuum is switched off for it: dead rows stay, and the planner's figures grow old",
                format!("ALTER TABLE {} RESET (autovacuum_enabled);", table.path),
            )
        })
        .collect()
}
