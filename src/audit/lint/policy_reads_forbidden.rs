//! A policy uses what a role that it is applied to may not: every statement of that role fails.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_reads_forbidden",
    severity: Severity::Error,
    about: "a policy uses what a role that it is applied to may not: every statement of that role fails",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let lacks = facts
        .policies
        .iter()
        .flat_map(|policy| policy.lacks.iter().map(move |lack| (policy, lack)));
    lacks
        .map(|(policy, lack)| {
            let on = lack.object.strip_prefix("table ").unwrap_or(&lack.object);
            Found::new(
                policy.object(),
                format!(
                    "it uses {}, and {} has no {} on it: statements of that role fail",
                    lack.object, lack.role, lack.privilege
                ),
                format!(
                    "GRANT {} ON {} TO {};",
                    lack.privilege,
                    on.replacen("function", "FUNCTION", 1),
                    lack.role
                ),
            )
        })
        .collect()
}
