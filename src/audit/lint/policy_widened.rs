//! A permissive policy is moot: another one lets the same roles through to every row.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_widened",
    severity: Severity::Warn,
    about: "a permissive policy is moot: another one lets the same roles through to every row",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let narrow = facts.policies.iter().filter(|policy| policy.permissive);
    narrow.filter_map(|policy| {
        let wide = facts.policies.iter().find(|other| {
            other.permissive && other.table == policy.table && other.covers(policy)
                && COMMANDS.iter().any(|command| {
                    policy.is_for(command) && other.is_for(command) && other.is_open_for(command) && !policy.is_open_for(command)
                })
        })?;
        Some(Found::new(
            policy.object(),
            format!("permissive policies widen each other: {} is true for the same command and roles, so that this one holds back nobody", wide.name),
            format!("DROP POLICY {} ON {};", wide.name, wide.table),
        ))
    }).collect()
}

/// As `pg_policy.polcmd` has them.
pub const COMMANDS: [&str; 4] = ["r", "a", "w", "d"];

/// As SQL has them.
pub fn command_word(command: &str) -> &'static str {
    match command {
        "r" => "SELECT",
        "a" => "INSERT",
        "w" => "UPDATE",
        _ => "DELETE",
    }
}
