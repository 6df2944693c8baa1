//! Two indexes that differ in nothing but the name.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "duplicate_index",
    severity: Severity::Warn,
    about: "two indexes that differ in nothing but the name",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let indexes = facts
        .indexes
        .iter()
        .filter(|index| !index.constraint && !index.partition);
    indexes
        .filter_map(|index| {
            let mut twins = facts
                .indexes
                .iter()
                .filter(|twin| twin.path != index.path && index.is_same_as(twin));
            let twin = twins.find(|twin| twin.constraint || twin.path < index.path)?;
            Some(Found::new(
                index.object(),
                format!(
                    "it is the same as {}: writes to {} keep up both",
                    twin.path, index.table
                ),
                format!("DROP INDEX {};", index.path),
            ))
        })
        .collect()
}
