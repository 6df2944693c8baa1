//! An extension is installed in the schema public.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "extension_in_public",
    severity: Severity::Info,
    about: "an extension is installed in the schema public",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let extensions = facts
        .extensions
        .iter()
        .filter(|extension| extension.schema == "public");
    extensions.map(|extension| Found::new(
        format!("extension {}", extension.name),
        "its objects stand in the schema public, among those of the application, and may be called by whoever may use that",
        match extension.relocatable {
            true => format!("CREATE SCHEMA extensions; ALTER EXTENSION {} SET SCHEMA extensions;", extension.name),
            false => format!("DROP EXTENSION {name}; CREATE EXTENSION {name} SCHEMA …;", name = extension.name),
        },
    )).collect()
}
