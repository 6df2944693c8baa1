//! A partition or inheriting table can be reached around the row security of its parent.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "partition_without_rls",
    severity: Severity::Error,
    about: "a partition or inheriting table can be reached around the row security of its parent",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let partitions = facts
        .relations
        .iter()
        .filter(|table| !table.protected && table.policies == 0 && !table.readers.is_empty());
    partitions.filter_map(|table| {
        let parent = table.protected_parents.first()?;
        let readers = table.readers.join(", ");
        Some(Found::new(
            table.object(),
            format!("the row security of {parent} does not hold when this table is named itself, and {readers} may do that"),
            format!("REVOKE ALL ON {} FROM {readers};", table.path),
        ))
    }).collect()
}
