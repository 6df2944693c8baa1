//! Several permissive policies of a table are for the same command and roles.

use std::collections::BTreeSet;

use super::policy_widened::{COMMANDS, command_word};
use crate::audit::{Facts, Found, Lint, Policy, Severity};

pub const LINT: Lint = Lint {
    id: "multiple_permissive_policies",
    severity: Severity::Info,
    about: "several permissive policies of a table are for the same command and roles",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let mut found = Vec::new();
    let tables: BTreeSet<&str> = facts
        .policies
        .iter()
        .map(|policy| policy.table.as_str())
        .collect();
    for table in tables {
        let policies: Vec<&Policy> = facts
            .policies
            .iter()
            .filter(|policy| policy.permissive && policy.table == table)
            .collect();
        for command in COMMANDS {
            let meeting: Vec<&str> = policies
                .iter()
                .filter(|policy| {
                    policy.is_for(command)
                        && policies.iter().any(|other| {
                            other.name != policy.name && other.is_for(command) && other.meets(policy)
                        })
                })
                .map(|policy| policy.name.as_str())
                .collect();
            if !meeting.is_empty() {
                found.push(Found::new(
                    format!("table {table}"),
                    format!("{} is allowed by each of the policies {}: the widest counts, and every one is evaluated for each row", command_word(command), meeting.join(", ")),
                    format!("make them one policy for {}, or restrictive: CREATE POLICY … AS RESTRICTIVE …", command_word(command)),
                ));
            }
        }
    }
    found
}
