//! A permissive policy lets every row be read.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_reads_all",
    severity: Severity::Info,
    about: "a permissive policy lets every row be read",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let policies = facts
        .policies
        .iter()
        .filter(|policy| policy.permissive && policy.command == "r" && policy.is_open_for("r"));
    policies
        .map(|policy| {
            Found::new(
                policy.object(),
                format!(
                    "it lets {} read every row: its condition is true",
                    policy.roles.join(", ")
                ),
                format!(
                    "ALTER POLICY {} ON {} USING (…), with a condition on the row",
                    policy.name, policy.table
                ),
            )
        })
        .collect()
}
