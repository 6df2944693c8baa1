//! A view reads protected tables with the rights of its owner.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "view_bypasses_rls",
    severity: Severity::Error,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let views = facts
        .relations
        .iter()
        .filter(|view| view.kind == "v" && !view.invoker);
    views
        .filter(|view| !view.reads_protected.is_empty() && !view.readers.is_empty())
        .map(|view| Found {
            object: format!("view {}", view.path),
            message: format!("it reads {} with the rights of its owner, and {} may use it: the policies for these roles do not hold", view.reads_protected.join(", "), view.readers.join(", ")),
            fix: format!("ALTER VIEW {} SET (security_invoker = true); before PostgreSQL 15: REVOKE ALL ON {} FROM {};", view.path, view.path, view.readers.join(", ")),
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
                kind: "v".into(),
                invoker: false,
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
                kind: "v".into(),
                invoker: true,
                reads_protected: vec!["public.t".into()],
                readers: vec!["app".into()],
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
