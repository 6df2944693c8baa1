//! A role that row security is there for has the rights of the owner, and it is not forced.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "rls_owner_exempt",
    severity: Severity::Error,
    about: "a role that row security is there for has the rights of the owner, and it is not forced",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter().filter(|table| !table.exempt.is_empty());
    tables.map(|table| Found::new(
        table.object(),
        format!("{} has the rights of its owner and row security is not forced: no policy holds back that role", table.exempt.join(", ")),
        format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY;", table.path),
    )).collect()
}
