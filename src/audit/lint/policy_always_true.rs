//! A permissive policy lets every row be written.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_always_true",
    severity: Severity::Warn,
    about: "a permissive policy lets every row be written",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let policies = facts.policies.iter().filter(|policy| {
        policy.permissive
            && ["a", "w", "d"]
                .into_iter()
                .any(|command| policy.is_for(command) && policy.is_open_for(command))
    });
    policies.map(|policy| Found::new(
        policy.object(),
        format!("it lets {} write every row: its condition is true, whatever other permissive policies say", policy.roles.join(", ")),
        format!("ALTER POLICY {} ON {} …, with a condition on the row", policy.name, policy.table),
    )).collect()
}
