//! A column of a type that pg_upgrade refuses.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "reg_type_column",
    severity: Severity::Warn,
    about: "a column of a type that pg_upgrade refuses",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let columns = facts
        .relations
        .iter()
        .flat_map(|table| table.reg_columns.iter().map(move |column| (table, column)));
    columns
        .map(|(table, column)| {
            Found::new(
                table.object(),
                format!("pg_upgrade refuses a database with such a column: {column}"),
                format!(
                    "ALTER TABLE {} ALTER COLUMN {} TYPE text;",
                    table.path,
                    column.rsplit_once(' ').map_or("…", |(name, _)| name)
                ),
            )
        })
        .collect()
}
