//! Row security without a policy: nobody but the owner sees a row.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "rls_without_policies",
    severity: Severity::Info,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter();
    tables
        .filter(|table| table.protected && table.policies == 0)
        .map(|table| Found {
            object: format!("table {}", table.path),
            message: "row security is enabled and there is no policy: only the owner and roles that bypass row security see its rows".to_owned(),
            fix: format!("CREATE POLICY … ON {} …, if others should see rows", table.path),
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
                policies: 0,
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
