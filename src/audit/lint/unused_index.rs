//! A large index that no query used since the server counts.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "unused_index",
    severity: Severity::Info,
    about: "a large index that no query used since the server counts",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let indexes = facts.indexes.iter().filter(|index| {
        !index.constraint
            && !index.unique
            && !index.partitioned
            && !index.partition
            && index.pages >= PAGES
            && index.scans == Some(0)
    });
    indexes
        .map(|index| {
            Found::new(
                index.object(),
                format!(
                    "it has {} MB, and no query used it since the server counts",
                    index.pages * 8 / 1024
                ),
                format!(
                    "DROP INDEX {}; after a look at the replicas, which count by themselves",
                    index.path
                ),
            )
        })
        .collect()
}

/// Pages of 8 kB from which on it is worth a word.
const PAGES: i64 = 128;
