//! Two indexes that differ in nothing but the name.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "duplicate_index",
    severity: Severity::Warn,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let indexes = facts
        .indexes
        .iter()
        .enumerate()
        .filter(|(_, index)| !index.constraint);
    indexes
        .filter_map(|(at, index)| {
            let twins = facts.indexes.iter().enumerate();
            let mut twins = twins.filter(|(_, twin)| twin.table == index.table && twin.same == index.same);
            let (_, twin) = twins.find(|(other, twin)| twin.constraint || *other < at)?;
            Some(Found {
                object: format!("index {}", index.path),
                message: format!(
                    "it is the same as {}: writes to {} keep up both",
                    twin.path, index.table
                ),
                fix: format!("DROP INDEX {};", index.path),
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Index;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            indexes: vec![
                Index {
                    same: "a".into(),
                    ..Index::default()
                },
                Index {
                    path: "public.i".into(),
                    same: "a".into(),
                    ..Index::default()
                },
            ],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            indexes: vec![
                Index {
                    same: "a".into(),
                    ..Index::default()
                },
                Index {
                    path: "public.i".into(),
                    same: "b".into(),
                    ..Index::default()
                },
            ],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
