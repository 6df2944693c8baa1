//! A SECURITY DEFINER function that everybody may execute.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "definer_public",
    severity: Severity::Warn,
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let functions = facts.functions.iter();
    functions
        .filter(|function| function.public && !function.trigger)
        .map(|function| Found {
            object: format!("{} {}", function.word(), function.path),
            message: "it runs with the rights of its owner, and PUBLIC may execute it".to_owned(),
            fix: format!(
                "REVOKE EXECUTE ON {} {} FROM PUBLIC;",
                function.word().to_uppercase(),
                function.path
            ),
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
                public: true,
                ..Function::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&bad).len(), 1);
        let good = Facts {
            functions: vec![Function {
                path: "public.f()".into(),
                public: false,
                ..Function::default()
            }],
            ..Facts::default()
        };
        assert_eq!(find(&good), []);
    }
}
