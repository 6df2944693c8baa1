//! An index that is not used, because building it failed or is not done.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "invalid_index",
    severity: Severity::Error,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let indexes = facts.indexes.iter();
    indexes
        .filter(|index| !index.valid)
        .map(|index| Found {
            object: format!("index {}", index.path),
            message: format!("it is not valid: queries of {} do not use it", index.table),
            fix: match index.partitioned {
                true => "attach the index of each partition: ALTER INDEX … ATTACH PARTITION …;".to_owned(),
                false => format!("REINDEX INDEX CONCURRENTLY {};", index.path),
            },
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
            indexes: vec![Index {
                path: "public.i".into(),
                table: "public.t".into(),
                valid: false,
                ..Index::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            indexes: vec![Index {
                path: "public.i".into(),
                table: "public.t".into(),
                valid: true,
                ..Index::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
