//! A SECURITY DEFINER function that everybody may execute.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "definer_public",
    severity: Severity::Warn,
    about: "a SECURITY DEFINER function that everybody may execute",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let functions = facts
        .functions
        .iter()
        .filter(|function| function.public && !function.trigger);
    functions
        .map(|function| {
            Found::new(
                function.object(),
                "it runs with the rights of its owner, and PUBLIC may execute it",
                format!(
                    "REVOKE EXECUTE ON {} {} FROM PUBLIC;",
                    function.word().to_uppercase(),
                    function.path
                ),
            )
        })
        .collect()
}
