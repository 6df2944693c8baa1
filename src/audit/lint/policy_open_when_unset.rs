//! A policy lets everything through when the user or a setting is not known.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_open_when_unset",
    severity: Severity::Warn,
    about: "a policy lets everything through when the user or a setting is not known",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let policies = facts
        .policies
        .iter()
        .filter(|policy| policy.permissive)
        .filter_map(|policy| {
            let mut calls: Vec<&str> = policy.calls.iter().map(String::as_str).collect();
            calls.push("current_setting(");
            let call = calls
                .into_iter()
                .find(|call| policy.expressions().any(|text| is_open(text, call)))?;
            Some((policy, call.trim_end_matches("()").trim_end_matches('(')))
        });
    policies
        .map(|(policy, call)| {
            Found::new(
                policy.object(),
                format!("one side of an OR is {call}() IS NULL: who is not known reaches every row"),
                format!(
                    "ALTER POLICY {} ON {} …, without that condition",
                    policy.name, policy.table
                ),
            )
        })
        .collect()
}

/// Whether the call being null is one side of an OR.
fn is_open(text: &str, call: &str) -> bool {
    text.match_indices(call).any(|(at, _)| {
        let Some((inside, behind)) = text[at..].split_once(" IS NULL)") else {
            return false;
        };
        let compares = [" = ", " AND ", " OR ", "<", ">"]
            .iter()
            .any(|word| inside.contains(word));
        let before = text[..at]
            .trim_end_matches("SELECT ")
            .trim_end_matches(['(', ' ']);
        !compares && (behind.starts_with(" OR ") || before.ends_with(" OR"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_side_of_an_or() {
        for (text, open) in [
            ("((auth.uid() IS NULL) OR (owner = auth.uid()))", true),
            ("((owner = auth.uid()) OR (auth.uid() IS NULL))", true),
            ("((( SELECT auth.uid() AS uid) IS NULL) OR (owner = 1))", true),
            ("((auth.uid() IS NULL) AND shared)", false),
            ("((owner = auth.uid()) OR (org IS NULL))", false),
        ] {
            assert_eq!(is_open(text, "auth.uid()"), open, "{text}");
        }
    }
}
