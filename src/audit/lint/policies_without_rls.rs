//! There are policies and row security is not enabled.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policies_without_rls",
    severity: Severity::Error,
    about: "there are policies and row security is not enabled",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .relations
        .iter()
        .filter(|table| !table.protected && table.policies > 0);
    tables
        .map(|table| {
            Found::new(
                table.object(),
                "there are policies and row security is not enabled: they hold back nobody",
                format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", table.path),
            )
        })
        .collect()
}
