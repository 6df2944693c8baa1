//! The search_path of a SECURITY DEFINER function does not say that temporary objects come last.

use crate::audit::{Facts, Found, Lint, Severity};
use crate::sql::quote_ident;

pub const LINT: Lint = Lint {
    id: "definer_search_path_temp",
    severity: Severity::Info,
    about: "the search_path of a SECURITY DEFINER function does not say that temporary objects come last",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let functions = facts.functions.iter().filter_map(|function| {
        let schemas = function.schemas().filter(|schemas| !schemas.is_empty())?;
        (!schemas.iter().any(|schema| schema == "pg_temp")).then_some((function, schemas))
    });
    functions.map(|(function, schemas)| {
        let path: Vec<String> = schemas.iter().map(|schema| quote_ident(schema).to_string()).collect();
        Found::new(
            function.object(),
            "its search_path does not name pg_temp: temporary tables of the caller go before those that it means",
            format!("ALTER {} {} SET search_path = {}, pg_temp;", function.word().to_uppercase(), function.path, path.join(", ")),
        )
    }).collect()
}
