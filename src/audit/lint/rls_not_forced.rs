//! The connecting role has the rights of the owner of a protected table, and row security is not forced.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "rls_not_forced",
    severity: Severity::Warn,
    about: "the connecting role has the rights of the owner of a protected table, and row security is not forced",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter().filter(|table| {
        !facts.bypasses
            && table.protected
            && !table.forced
            && table.owned
            && !table.exempt.contains(&facts.role)
    });
    tables.map(|table| Found::new(
        table.object(),
        format!("{} has the rights of its owner and row security is not forced: an application that connects as that role is not held back", facts.role),
        format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY;", table.path),
    )).collect()
}
