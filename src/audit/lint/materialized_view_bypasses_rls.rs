//! A materialized view holds rows of protected tables, and others may read it.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "materialized_view_bypasses_rls",
    severity: Severity::Error,
    about: "a materialized view holds rows of protected tables, and others may read it",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let views = facts
        .relations
        .iter()
        .filter(|view| view.kind == "m" && !view.reads_protected.is_empty() && !view.readers.is_empty());
    views
        .map(|view| {
            Found::new(
                view.object(),
                format!(
                    "it holds rows of {}, whose row security does not reach it, and {} may read it",
                    view.reads_protected.join(", "),
                    view.readers.join(", ")
                ),
                format!("REVOKE ALL ON {} FROM {};", view.path, view.readers.join(", ")),
            )
        })
        .collect()
}
