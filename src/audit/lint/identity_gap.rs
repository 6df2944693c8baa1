//! A sequence is far ahead of its column.

use crate::audit::{Facts, Found, Lint, Severity};
use crate::sql::quote_literal;

pub const LINT: Lint = Lint {
    id: "identity_gap",
    severity: Severity::Info,
    about: "a sequence is far ahead of its column",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let sequences = facts.sequences.iter().filter(|sequence| sequence.increment > 0);
    sequences.filter_map(|sequence| {
        let (value, column) = (sequence.value?, sequence.column.as_ref()?);
        let highest = sequence.highest.unwrap_or(0);
        // how many values are gone without a row that has them
        let gap = value.saturating_sub(highest.max(sequence.first)) / sequence.increment;
        (gap >= GAP).then(|| Found::new(
            sequence.object(),
            format!("it stands at {value}, and {column} goes up to {highest}: {gap} values were used without a row that stayed"),
            format!("SELECT setval({}, {}); while nothing inserts", quote_literal(&sequence.path), highest.max(1)),
        ))
    }).collect()
}

/// From how many values on it is worth a word.
const GAP: i64 = 100_000;
