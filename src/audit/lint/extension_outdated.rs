//! An extension is older than the one that the server has.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "extension_outdated",
    severity: Severity::Info,
    about: "an extension is older than the one that the server has",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let extensions = facts.extensions.iter().filter_map(|extension| {
        let available = extension.available.as_ref()?;
        (*available != extension.version).then_some((extension, available))
    });
    extensions
        .map(|(extension, available)| {
            Found::new(
                format!("extension {}", extension.name),
                format!(
                    "version {} is installed, the server has {available}",
                    extension.version
                ),
                format!("ALTER EXTENSION {} UPDATE;", extension.name),
            )
        })
        .collect()
}
