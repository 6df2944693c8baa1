//! A table without a primary key.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "no_primary_key",
    severity: Severity::Info,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .relations
        .iter()
        .filter(|table| matches!(table.kind.as_str(), "r" | "p"));
    tables
        .filter(|table| !table.primary_key && !table.partition)
        .map(|table| Found {
            object: format!("table {}", table.path),
            message:
                "it has no primary key: rows cannot be told apart, and logical replication cannot update them"
                    .to_owned(),
            fix: format!("ALTER TABLE {} ADD PRIMARY KEY (…);", table.path),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Relation;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            relations: vec![Relation {
                path: "public.t".into(),
                kind: "r".into(),
                primary_key: false,
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            relations: vec![Relation {
                path: "public.t".into(),
                kind: "r".into(),
                primary_key: true,
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
