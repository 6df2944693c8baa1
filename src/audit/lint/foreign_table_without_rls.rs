//! A foreign table, which cannot have row security, may be used by roles that row security holds back.

use super::table_without_rls::held_back;
use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "foreign_table_without_rls",
    severity: Severity::Warn,
    about: "a foreign table, which cannot have row security, may be used by roles that row security holds back",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter().filter(|table| table.kind == "f");
    tables
        .filter_map(|table| {
            let roles = held_back(facts, table);
            (!roles.is_empty()).then(|| {
                Found::new(
                    table.object(),
                    format!(
                        "a foreign table has no row security, and {} may use it: all of its rows",
                        roles.join(", ")
                    ),
                    format!("REVOKE ALL ON {} FROM {};", table.path, roles.join(", ")),
                )
            })
        })
        .collect()
}
