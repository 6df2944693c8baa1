//! A sequence that has used up three quarters of its values.

use crate::audit::{Facts, Found, Lint, Sequence, Severity};

pub const LINT: Lint = Lint {
    id: "sequence_near_end",
    severity: Severity::Warn,
    about: "a sequence that has used up three quarters of its values",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let sequences = facts
        .sequences
        .iter()
        .filter(|sequence| !sequence.cycles && sequence.used() >= 0.75);
    sequences
        .map(|sequence| {
            let of = sequence
                .column
                .as_ref()
                .map_or(String::new(), |column| format!(" for {column}"));
            Found::new(
                sequence.object(),
                format!(
                    "it stands at {} of {}{of}: {:.0} % are used up",
                    sequence.value.unwrap_or_default(),
                    sequence.last,
                    sequence.used() * 100.0
                ),
                mended(sequence),
            )
        })
        .collect()
}

/// Makes room in the column as well.
fn mended(sequence: &Sequence) -> String {
    let end = if sequence.increment > 0 {
        "MAXVALUE"
    } else {
        "MINVALUE"
    };
    let wider = format!("ALTER SEQUENCE {} AS bigint NO {end};", sequence.path);
    match sequence.column.as_deref().map(split_column) {
        Some((table, column)) => format!("ALTER TABLE {table} ALTER COLUMN {column} TYPE bigint; {wider}"),
        None => wider,
    }
}

/// Table and column of `public.orders.id`, whose name may hold dots between quotes.
fn split_column(column: &str) -> (&str, &str) {
    let mut quoted = false;
    let at = column.char_indices().rev().find(|(_, char)| {
        quoted ^= *char == '"';
        *char == '.' && !quoted
    });
    at.map_or((column, "…"), |(at, _)| (&column[..at], &column[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_told_from_its_table() {
        assert_eq!(split_column("public.t.id"), ("public.t", "id"));
        assert_eq!(
            split_column("public.\"a.b\".\"c.d\"\"e\""),
            ("public.\"a.b\"", "\"c.d\"\"e\"")
        );
    }
}
