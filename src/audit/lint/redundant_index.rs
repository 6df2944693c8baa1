//! An index that another one makes superfluous: it begins with the same columns.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "redundant_index",
    severity: Severity::Warn,
    about: "an index that another one makes superfluous: it begins with the same columns",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let indexes = facts
        .indexes
        .iter()
        .filter(|index| !index.constraint && !index.partition && !index.unique);
    indexes
        .filter_map(|index| {
            let other = facts.indexes.iter().find(|other| {
                other.path != index.path && index.is_served_by(other) && !index.is_same_as(other)
            })?;
            Some(Found::new(
                index.object(),
                format!(
                    "{} begins with the same columns and serves the same queries: writes to {} keep up both",
                    other.path, index.table
                ),
                format!("DROP INDEX {};", index.path),
            ))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::audit::Index;

    fn index(path: &str, keys: &[&str]) -> Index {
        Index {
            path: path.into(),
            method: "btree".into(),
            valid: true,
            keys: keys.iter().map(|key| format!("{key} 1978 0 0")).collect(),
            ..Index::default()
        }
    }

    fn redundant(indexes: Vec<Index>) -> Vec<String> {
        find(&Facts {
            indexes,
            ..Facts::default()
        })
        .into_iter()
        .map(|found| found.object)
        .collect()
    }

    #[test]
    fn a_prefix_is_redundant() {
        assert_eq!(
            redundant(vec![index("a", &["x"]), index("ab", &["x", "y"])]),
            ["index a"]
        );
        assert_eq!(
            redundant(vec![index("b", &["y"]), index("ab", &["x", "y"])]),
            Vec::<String>::new()
        );
        let unique = Index {
            unique: true,
            ..index("u", &["x"])
        };
        assert_eq!(redundant(vec![unique.clone(), index("a", &["x"])]), ["index a"]);
        assert_eq!(
            redundant(vec![unique, index("ab", &["x", "y"])]),
            Vec::<String>::new()
        );
    }

    #[test]
    fn what_the_other_does_not_hold_counts() {
        let partial = Index {
            predicate: Some("(x > 0)".into()),
            ..index("p", &["x", "y"])
        };
        assert_eq!(redundant(vec![index("a", &["x"]), partial]), Vec::<String>::new());
        let including = |columns: &[&str]| Index {
            included: columns.iter().map(|c| c.to_string()).collect(),
            ..index("i", &["x"])
        };
        assert_eq!(
            redundant(vec![including(&["y"]), index("ab", &["x", "y"])]),
            ["index i"]
        );
        assert_eq!(
            redundant(vec![including(&["z"]), index("ab", &["x", "y"])]),
            Vec::<String>::new()
        );
        let gin = |path: &str, keys: &[&str]| Index {
            method: "gin".into(),
            ..index(path, keys)
        };
        assert_eq!(
            redundant(vec![gin("a", &["x"]), gin("ab", &["x", "y"])]),
            Vec::<String>::new()
        );
        let invalid = Index {
            valid: false,
            ..index("ab", &["x", "y"])
        };
        assert_eq!(redundant(vec![index("a", &["x"]), invalid]), Vec::<String>::new());
    }
}
