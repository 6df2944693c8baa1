//! A role that was granted something on a protected table is a superuser or has BYPASSRLS.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "grantee_bypasses_rls",
    severity: Severity::Warn,
    about: "a role that was granted something on a protected table is a superuser or has BYPASSRLS",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .relations
        .iter()
        .flat_map(|table| table.bypassers.iter().map(move |role| (table, role)));
    tables
        .map(|(table, role)| {
            Found::new(
                table.object(),
                format!(
                    "{role} may use it and is a superuser or has BYPASSRLS: no policy holds back that role"
                ),
                format!("ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS;"),
            )
        })
        .collect()
}
