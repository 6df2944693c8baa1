//! The connecting role owns a protected table: row security does not hold for it.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "rls_not_forced",
    severity: Severity::Warn,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter();
    tables
        .filter(|table| !facts.bypasses && table.protected && !table.forced && table.owned)
        .map(|table| Found {
            object: format!("table {}", table.path),
            message: format!("{} has the rights of its owner and row security is not forced: the policies do not hold for that role", facts.role),
            fix: format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY;", table.path),
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
                protected: true,
                owned: true,
                forced: false,
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            relations: vec![Relation {
                path: "public.t".into(),
                protected: true,
                owned: true,
                forced: true,
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
