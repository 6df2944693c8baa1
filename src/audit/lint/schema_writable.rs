//! Everybody may create objects in a schema.

use crate::audit::{Facts, Found, Lint, Severity};
use crate::sql::quote_ident;

pub const LINT: Lint = Lint {
    id: "schema_writable",
    severity: Severity::Info,
    about: "everybody may create objects in a schema",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    facts.writable_schemas.iter().map(|schema| Found::new(
        format!("schema {}", quote_ident(schema)),
        "everybody may create objects in it, and so put them in the way of names that others look up there",
        format!("REVOKE CREATE ON SCHEMA {} FROM PUBLIC;", quote_ident(schema)),
    )).collect()
}
