//! A foreign key whose columns no index begins with.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "foreign_key_without_index",
    severity: Severity::Info,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let keys = facts
        .constraints
        .iter()
        .filter(|key| key.foreign_key && !key.indexed);
    keys.map(|key| Found {
        object: format!("constraint {} on {}", key.name, key.table),
        message: "no index begins with its columns: deleting a referenced row scans the whole table"
            .to_owned(),
        fix: format!(
            "CREATE INDEX CONCURRENTLY ON {} ({});",
            key.table,
            key.columns.join(", ")
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
                foreign_key: true,
                indexed: false,
                ..Constraint::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            constraints: vec![Constraint {
                table: "public.t".into(),
                foreign_key: true,
                indexed: true,
                ..Constraint::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
