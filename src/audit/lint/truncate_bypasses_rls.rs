//! A role that row security holds back may TRUNCATE the table.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "truncate_bypasses_rls",
    severity: Severity::Warn,
    about: "a role that row security holds back may TRUNCATE the table",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .relations
        .iter()
        .filter(|table| table.protected && !table.truncaters.is_empty());
    tables
        .map(|table| {
            let roles = table.truncaters.join(", ");
            Found::new(
                table.object(),
                format!(
                    "{roles} may TRUNCATE it, which no policy holds back: the rows of everybody are gone"
                ),
                format!("REVOKE TRUNCATE ON {} FROM {roles};", table.path),
            )
        })
        .collect()
}
