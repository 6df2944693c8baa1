//! A materialized view holds rows of protected tables, and others may read it.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "materialized_view_bypasses_rls",
    severity: Severity::Error,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let views = facts.relations.iter().filter(|view| view.kind == "m");
    views
        .filter(|view| !view.reads_protected.is_empty() && !view.readers.is_empty())
        .map(|view| Found {
            object: format!("materialized view {}", view.path),
            message: format!(
                "it holds rows of {}, whose row security does not reach it, and {} may read it",
                view.reads_protected.join(", "),
                view.readers.join(", ")
            ),
            fix: format!("REVOKE ALL ON {} FROM {};", view.path, view.readers.join(", ")),
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
                path: "public.v".into(),
                kind: "m".into(),
                reads_protected: vec!["public.t".into()],
                readers: vec!["app".into()],
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            relations: vec![Relation {
                path: "public.v".into(),
                kind: "r".into(),
                reads_protected: vec!["public.t".into()],
                readers: vec!["app".into()],
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
