//! A constraint that was never checked for the rows that were there.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "constraint_not_validated",
    severity: Severity::Warn,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let constraints = facts
        .constraints
        .iter()
        .filter(|constraint| !constraint.validated);
    constraints
        .map(|constraint| Found {
            object: format!("constraint {} on {}", constraint.name, constraint.table),
            message: "it is NOT VALID: older rows may break it".to_owned(),
            fix: format!(
                "ALTER TABLE {} VALIDATE CONSTRAINT {};",
                constraint.table, constraint.name
            ),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Constraint;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            constraints: vec![Constraint {
                table: "public.t".into(),
                validated: false,
                ..Constraint::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            constraints: vec![Constraint {
                table: "public.t".into(),
                validated: true,
                ..Constraint::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
