//! A SECURITY DEFINER function that finds its names by the caller's search_path.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "definer_search_path",
    severity: Severity::Error,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let functions = facts.functions.iter();
    functions
        .filter(|function| !function.fixed_path)
        .map(|function| Found {
            object: format!("{} {}", function.word(), function.path),
            message: "it is SECURITY DEFINER without a search_path of its own: the caller decides which objects its names mean".to_owned(),
            fix: format!("ALTER {} {} SET search_path = pg_catalog, …, pg_temp;", function.word().to_uppercase(), function.path),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Function;

    #[test]
    fn is_found_where_it_is_and_nowhere_else() {
        let bad = Facts {
            functions: vec![Function {
                path: "public.f()".into(),
                fixed_path: false,
                ..Function::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            functions: vec![Function {
                path: "public.f()".into(),
                fixed_path: true,
                ..Function::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
