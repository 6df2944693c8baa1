//! A SECURITY DEFINER function without a search_path of its own.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "definer_search_path",
    severity: Severity::Error,
    about: "a SECURITY DEFINER function without a search_path of its own",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let functions = facts
        .functions
        .iter()
        .filter(|function| function.search_path.is_none());
    functions.map(|function| Found::new(
        function.object(),
        "it is SECURITY DEFINER without a search_path of its own: the caller decides which objects its names mean",
        format!("ALTER {} {} SET search_path = pg_catalog, public, pg_temp;", function.word().to_uppercase(), function.path),
    )).collect()
}
