//! A partition that can be reached around the row security of its parent.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "partition_without_rls",
    severity: Severity::Error,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let partitions = facts
        .relations
        .iter()
        .filter(|table| !table.protected && !table.readers.is_empty());
    partitions
        .filter_map(|table| {
            let parent = table.protected_parents.first()?;
            Some(Found {
                object: format!("table {}", table.path),
                message: format!("the row security of {parent} does not hold when this partition is named itself, and {} may do that", table.readers.join(", ")),
                fix: format!("REVOKE ALL ON {} FROM {};", table.path, table.readers.join(", ")),
            })
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
                protected_parents: vec!["public.p".into()],
                readers: vec!["app".into()],
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            relations: vec![Relation {
                path: "public.t".into(),
                protected: true,
                protected_parents: vec!["public.p".into()],
                readers: vec!["app".into()],
                ..Relation::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
