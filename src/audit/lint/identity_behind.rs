//! A sequence will give a value that its column already has.

use crate::audit::{Facts, Found, Lint, Severity};
use crate::sql::quote_literal;

pub const LINT: Lint = Lint {
    id: "identity_behind",
    severity: Severity::Error,
    about: "a sequence will give a value that its column already has",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let sequences = facts
        .sequences
        .iter()
        .filter(|sequence| sequence.readable && sequence.increment > 0);
    sequences.filter_map(|sequence| {
        let (highest, column) = (sequence.highest?, sequence.column.as_ref()?);
        let next = sequence.value.map_or(sequence.start, |value| value.saturating_add(sequence.increment));
        (next <= highest).then(|| Found::new(
            sequence.object(),
            format!("it will give {next} for {column}, which already goes up to {highest}: inserts will fail on the key"),
            format!("SELECT setval({}, {highest});", quote_literal(&sequence.path)),
        ))
    }).collect()
}
