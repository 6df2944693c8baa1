//! A permissive policy that lets every row through.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_always_true",
    severity: Severity::Warn,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let is_true = |expression: &Option<String>| expression.as_deref() == Some("true");
    let policies = facts.policies.iter().filter(|policy| policy.permissive);
    policies
        .filter(|policy| is_true(&policy.check) || (is_true(&policy.using) && policy.command != "r"))
        .map(|policy| Found {
            object: format!("policy {} on {}", policy.name, policy.table),
            message: "it lets every row be written: its USING or WITH CHECK is true, whatever other permissive policies say".to_owned(),
            fix: format!("ALTER POLICY {} ON {} …, with a condition on the row", policy.name, policy.table),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Policy;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            policies: vec![Policy {
                table: "public.t".into(),
                name: "p".into(),
                command: "a".into(),
                permissive: true,
                check: Some("true".into()),
                ..Policy::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            policies: vec![Policy {
                table: "public.t".into(),
                name: "p".into(),
                command: "a".into(),
                permissive: true,
                check: Some("(id > 0)".into()),
                ..Policy::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
