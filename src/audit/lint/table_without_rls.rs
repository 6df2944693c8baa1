//! A table beside protected ones has no row security, and roles that these hold back may use it.

use crate::audit::{Facts, Found, Lint, Relation, Severity};

pub const LINT: Lint = Lint {
    id: "table_without_rls",
    severity: Severity::Warn,
    about: "a table beside protected ones has no row security, and roles that these hold back may use it",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let tables = facts.relations.iter().filter(|table| {
        table.is_table() && !table.protected && table.policies == 0 && table.protected_parents.is_empty()
    });
    tables.filter_map(|table| {
        let roles = held_back(facts, table);
        (!roles.is_empty()).then(|| Found::new(
            table.object(),
            format!("other tables of its schema have row security, this one has none, and {} may use it: all of its rows", roles.join(", ")),
            format!("ALTER TABLE {} ENABLE ROW LEVEL SECURITY;", table.path),
        ))
    }).collect()
}

/// Who may use a relation without row security and is held back by that of a table in the same schema.
pub fn held_back(facts: &Facts, relation: &Relation) -> Vec<String> {
    let beside = |other: &&Relation| other.protected && other.schema == relation.schema;
    let held: Vec<&String> = facts
        .relations
        .iter()
        .filter(beside)
        .flat_map(|other| &other.readers)
        .collect();
    if held.is_empty() {
        return Vec::new();
    }
    let everybody = |role: &str| role == "PUBLIC";
    let meets =
        |role: &&String| everybody(role) || held.contains(role) || held.iter().any(|held| everybody(held));
    relation.readers.iter().filter(meets).cloned().collect()
}
