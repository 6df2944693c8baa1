//! The connecting role is a superuser or has BYPASSRLS.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "role_bypasses_rls",
    severity: Severity::Info,
    about: "the connecting role is a superuser or has BYPASSRLS",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let found = Found::new(
        format!("role {}", facts.role),
        "the connecting role is a superuser or has BYPASSRLS: no policy holds for it",
        "connect the application as a role without SUPERUSER and BYPASSRLS",
    );
    facts.bypasses.then_some(found).into_iter().collect()
}
