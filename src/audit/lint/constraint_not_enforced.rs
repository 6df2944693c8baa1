//! A constraint that is declared NOT ENFORCED.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "constraint_not_enforced",
    severity: Severity::Warn,
    about: "a constraint that is declared NOT ENFORCED",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let constraints = facts.constraints.iter().filter(|constraint| !constraint.enforced);
    constraints
        .map(|constraint| {
            Found::new(
                constraint.object(),
                "it is NOT ENFORCED: rows may break it, new ones as well",
                match constraint.foreign_key {
                    true => format!(
                        "ALTER TABLE {} ALTER CONSTRAINT {} ENFORCED;",
                        constraint.table, constraint.name
                    ),
                    false => format!(
                        "ALTER TABLE {0} DROP CONSTRAINT {1}, ADD CONSTRAINT {1} …;",
                        constraint.table, constraint.name
                    ),
                },
            )
        })
        .collect()
}
