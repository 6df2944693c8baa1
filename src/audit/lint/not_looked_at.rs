//! Something could not be judged for want of a privilege.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "not_looked_at",
    severity: Severity::Info,
    about: "something could not be judged for want of a privilege",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let sequences = facts
        .sequences
        .iter()
        .filter(|sequence| !sequence.readable)
        .map(|sequence| {
            Found::new(
                sequence.object(),
                format!("{} may not know where it stands: it was not judged", facts.role),
                format!("GRANT SELECT ON SEQUENCE {} TO {};", sequence.path, facts.role),
            )
        });
    let partitions = facts
        .partitioned
        .iter()
        .filter(|table| !table.default_readable)
        .filter_map(|table| {
            let default = table.default.as_ref()?;
            Some(Found::new(
                format!("table {default}"),
                format!(
                    "{} does not see its rows: whether this default partition has any was not judged",
                    facts.role
                ),
                format!("GRANT SELECT ON {default} TO {};", facts.role),
            ))
        });
    sequences.chain(partitions).collect()
}
