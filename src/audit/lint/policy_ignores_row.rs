//! The condition of a permissive policy does not look at the row.

use crate::audit::{Facts, Found, Lint, Severity, is_true};

pub const LINT: Lint = Lint {
    id: "policy_ignores_row",
    severity: Severity::Info,
    about: "the condition of a permissive policy does not look at the row",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let constant = |text: &str| is_true(text) || text == "false";
    let policies = facts
        .policies
        .iter()
        .filter(|policy| policy.permissive && !policy.looks_at_row && !policy.expressions().all(constant));
    policies
        .map(|policy| {
            Found::new(
                policy.object(),
                "its condition does not look at the row: for whom it holds, it holds for every row",
                format!(
                    "ALTER POLICY {} ON {} …, with a condition on the row",
                    policy.name, policy.table
                ),
            )
        })
        .collect()
}
