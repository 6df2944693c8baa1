//! A default partition holds rows.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "default_partition_filled",
    severity: Severity::Warn,
    about: "a default partition holds rows",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts
        .partitioned
        .iter()
        .filter(|table| table.default_filled == Some(true));
    tables.filter_map(|table| {
        let default = table.default.as_ref()?;
        Some(Found::new(
            format!("table {default}"),
            format!("it is the default partition of {} and holds rows: no partition for them can be made before they are moved", table.path),
            format!("ALTER TABLE {} DETACH PARTITION {default}; and insert its rows again once there is a partition for them", table.path),
        ))
    }).collect()
}
