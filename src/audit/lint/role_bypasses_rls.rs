//! The connecting role is a superuser or has BYPASSRLS.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "role_bypasses_rls",
    severity: Severity::Info,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let found = Found {
        object: format!("role {}", facts.role),
        message: "the connecting role is a superuser or has BYPASSRLS: no policy holds for it".to_owned(),
        fix: "connect the application as a role without SUPERUSER and BYPASSRLS".to_owned(),
    };
    facts.bypasses.then_some(found).into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            bypasses: true,
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            bypasses: false,
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
