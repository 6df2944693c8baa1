//! Row security is enabled and there is no policy.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "rls_without_policies",
    severity: Severity::Info,
    about: "row security is enabled and there is no policy",
    find,
};

// a partition without policies is closed to whom goes around its parent, as it should be
fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .relations
        .iter()
        .filter(|table| table.protected && table.policies == 0 && table.protected_parents.is_empty());
    tables.map(|table| Found::new(
        table.object(),
        "row security is enabled and there is no policy: nobody but its owner and roles that bypass row security sees a row",
        format!("CREATE POLICY … ON {} …, if others are to see rows", table.path),
    )).collect()
}
