//! An index that building failed for, or is not done.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "invalid_index",
    severity: Severity::Error,
    about: "an index that building failed for, or is not done",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let indexes = facts.indexes.iter().filter(|index| !index.valid);
    indexes.map(|index| Found::new(
        index.object(),
        format!("it is not valid: queries of {} do not use it", index.table),
        match index.partitioned {
            true => "create the index of each partition that lacks one, and attach it: ALTER INDEX … ATTACH PARTITION …;".to_string(),
            false => format!("REINDEX INDEX {};", index.path),
        },
    )).collect()
}
