//! Default privileges open tables that will be created.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "default_privileges_open",
    severity: Severity::Warn,
    about: "default privileges open tables that will be created",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    facts
        .default_privileges
        .iter()
        .map(|default| {
            let schema = default
                .schema
                .as_ref()
                .map_or(String::new(), |schema| format!(" IN SCHEMA {schema}"));
            Found::new(
                format!(
                    "default privileges of {}{}",
                    default.owner,
                    schema.replacen("IN SCHEMA", "in schema", 1)
                ),
                format!(
                    "{} gets {} on every table that {} creates, before row security is enabled on it",
                    default.grantee, default.privileges, default.owner
                ),
                format!(
                    "ALTER DEFAULT PRIVILEGES FOR ROLE {}{schema} REVOKE ALL ON TABLES FROM {};",
                    default.owner, default.grantee
                ),
            )
        })
        .collect()
}
