//! The search_path of a SECURITY DEFINER function has a schema in which everybody may create objects.

use crate::audit::{Facts, Found, Lint, Severity};
use crate::sql::quote_ident;

pub const LINT: Lint = Lint {
    id: "definer_search_path_writable",
    severity: Severity::Warn,
    about: "the search_path of a SECURITY DEFINER function has a schema in which everybody may create objects",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let functions = facts.functions.iter().filter_map(|function| {
        let schemas = function.schemas()?;
        let open = schemas
            .into_iter()
            .find(|schema| schema == "$user" || facts.writable_schemas.contains(schema))?;
        Some((function, open))
    });
    functions.map(|(function, schema)| match schema.as_str() {
        "$user" => Found::new(
            function.object(),
            "its search_path begins where its owner's name leads, \"$user\": such a schema may come to be at any time",
            format!("ALTER {} {} SET search_path = pg_catalog, public, pg_temp;", function.word().to_uppercase(), function.path),
        ),
        schema => Found::new(
            function.object(),
            format!("its search_path has the schema {}, in which everybody may create objects", quote_ident(schema)),
            format!("REVOKE CREATE ON SCHEMA {} FROM PUBLIC;", quote_ident(schema)),
        ),
    }).collect()
}
