//! A policy calls a function for each row whose answer is the same for all.

use crate::audit::{Facts, Found, Lint, Severity};

pub const LINT: Lint = Lint {
    id: "policy_calls_per_row",
    severity: Severity::Info,
    about: "a policy calls a function for each row whose answer is the same for all",
    find,
};

fn find(facts: &Facts) -> Vec<Found> {
    let policies = facts.policies.iter().filter_map(|policy| {
        let mut calls: Vec<&str> = policy.calls.iter().map(String::as_str).collect();
        calls.push("current_setting(");
        let call = calls
            .into_iter()
            .find(|call| policy.expressions().any(|text| is_called_bare(text, call)))?;
        Some((policy, call.trim_end_matches("()").trim_end_matches('(')))
    });
    policies
        .map(|(policy, call)| {
            Found::new(
                policy.object(),
                format!("it calls {call}() for each row, although the answer is the same for all"),
                format!(
                    "ALTER POLICY {} ON {} …, with (SELECT {call}(…)) in place of the call",
                    policy.name, policy.table
                ),
            )
        })
        .collect()
}

/// Whether a call stands in an expression other than as the result of a subquery of its own.
fn is_called_bare(text: &str, call: &str) -> bool {
    text.match_indices(call).any(|(at, _)| {
        let before = &text[..at];
        let is_whole_name = !before.ends_with(|char: char| char.is_alphanumeric() || "_.\"".contains(char));
        let in_subquery = before.rsplit_once("( SELECT ").is_some_and(|(_, between)| {
            // ( SELECT (current_setting('a'::text))::uuid AS …)
            between.bytes().all(|byte| byte == b'(')
        });
        is_whole_name && !in_subquery
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_in_a_subquery_of_its_own_is_made_once() {
        for (text, bare) in [
            ("(id = auth.uid())", true),
            ("(id = ( SELECT auth.uid() AS uid))", false),
            (
                "((id = ( SELECT auth.uid() AS uid)) OR (auth.uid() IS NULL))",
                true,
            ),
            ("(EXISTS ( SELECT 1 FROM u WHERE (u.id = auth.uid())))", true),
            ("(id = my_auth.uid())", false),
        ] {
            assert_eq!(is_called_bare(text, "auth.uid()"), bare, "{text}");
        }
    }
}
