//! Policies that nothing applies: row security is not enabled.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policies_without_rls",
    severity: Severity::Error,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter();
    tables
        .filter(|table| !table.protected && table.policies > 0)
        .map(|table| Found {
            object: format!("table {}", table.path),
            message: "there are policies and row security is not enabled: they hold back nobody".to_owned(),
            fix: format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", table.path),
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
                protected: false,
                policies: 1,
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            relations: vec![Relation {
                path: "public.t".into(),
                protected: true,
                policies: 1,
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
