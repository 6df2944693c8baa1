//! A constraint that was never checked for the rows that were there.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "constraint_not_validated",
    severity: Severity::Warn,
    about: "a constraint that was never checked for the rows that were there",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let constraints = facts
        .constraints
        .iter()
        .filter(|constraint| constraint.enforced && !constraint.validated);
    constraints
        .map(|constraint| {
            Found::new(
                constraint.object(),
                "it is NOT VALID: older rows may break it",
                format!(
                    "ALTER {} {} VALIDATE CONSTRAINT {};",
                    if constraint.domain { "DOMAIN" } else { "TABLE" },
                    constraint.table,
                    constraint.name
                ),
            )
        })
        .collect()
}
