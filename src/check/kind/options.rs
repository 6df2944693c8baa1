//! Storage options: the same ones in other spellings, and those that say what PostgreSQL does anyway.

use std::collections::BTreeMap;

use crate::catalog::{Kind, Object};

/// Options that are true or false, or that besides know another word.
const SWITCHES: &[&str] = &[
    "autosummarize",
    "autovacuum_enabled",
    "buffering",
    "deduplicate_items",
    "fastupdate",
    "security_barrier",
    "security_invoker",
    "user_catalog_table",
    "vacuum_index_cleanup",
    "vacuum_truncate",
];

/// What a relation has that does not say otherwise.
const USUAL: &[(Kind, &str, &str)] = &[
    (Kind::View, "security_barrier", "false"),
    (Kind::View, "security_invoker", "false"),
    (Kind::Table, "fillfactor", "100"),
    (Kind::Table, "autovacuum_enabled", "true"),
    (Kind::Table, "user_catalog_table", "false"),
    (Kind::MaterializedView, "fillfactor", "100"),
    (Kind::MaterializedView, "autovacuum_enabled", "true"),
    (Kind::Index, "deduplicate_items", "true"),
    (Kind::Index, "fastupdate", "true"),
    (Kind::Index, "autosummarize", "false"),
    (Kind::Index, "pages_per_range", "128"),
    (Kind::Index, "buffering", "auto"),
];

/// The `fillfactor` of the index methods that have one.
const USUAL_FILL: &[(&str, &str)] = &[("btree", "90"), ("gist", "90"), ("hash", "75"), ("spgist", "80")];

/// Whether two lists of `name=value` mean the same. Those of foreign objects are the wrapper's, to the letter.
pub(crate) fn same_options(object: &Object, wanted: &[String], have: &[String]) -> bool {
    let kind = object.id.kind;
    let is_storage = match kind {
        Kind::Table => object.text("type") != Some("foreign table"),
        Kind::View | Kind::MaterializedView | Kind::Index => true,
        _ => false,
    };
    let is_of_column = |line: &String| line.starts_with("n_distinct");
    if is_storage {
        let fill = USUAL_FILL
            .iter()
            .find(|(method, _)| kind == Kind::Index && object.text("method") == Some(*method));
        let of_index = |lines: &[String]| {
            let mut options = spelled(kind, lines);
            options
                .retain(|name, value| name != "fillfactor" || fill.is_none_or(|(_, usual)| usual != value));
            options
        };
        of_index(wanted) == of_index(have)
    } else {
        kind == Kind::Column
            && wanted.iter().all(is_of_column)
            && have.iter().all(is_of_column)
            && spelled(kind, wanted) == spelled(kind, have)
    }
}

/// Options by name, in one spelling, without those that change nothing.
fn spelled(kind: Kind, lines: &[String]) -> BTreeMap<String, String> {
    let options = lines.iter().map(|line| {
        let (name, value) = line.split_once('=').unwrap_or((line, "true"));
        let name = name.trim().to_ascii_lowercase();
        let value = one_spelling(&name, value.trim());
        (name, value)
    });
    options
        .filter(|(name, value)| {
            let is_usual =
                |(of, usual, its): &(Kind, &str, &str)| *of == kind && usual == name && its == value;
            !USUAL.iter().any(is_usual)
        })
        .collect()
}

fn one_spelling(name: &str, value: &str) -> String {
    let lower = value.to_ascii_lowercase();
    if SWITCHES.contains(&name.trim_start_matches("toast.")) {
        return switch(&lower).map_or(lower, |on| on.to_string());
    }
    if name == "check_option" {
        return lower;
    }
    match value.parse::<f64>() {
        // the shortest text of a number
        Ok(number) if number.is_finite() => (number + 0.0).to_string(),
        _ => value.to_string(),
    }
}

/// A word for true or false, or as much of it as tells it apart.
pub(crate) fn switch(word: &str) -> Option<bool> {
    let begins = |full: &str| !word.is_empty() && full.starts_with(word);
    if begins("true") || begins("yes") || matches!(word, "on" | "1") {
        Some(true)
    } else if begins("false") || begins("no") || matches!(word, "of" | "off" | "0") {
        Some(false)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::ObjectId;

    #[test]
    fn options_mean_the_same_in_other_spellings() {
        let of = |kind, lines: &str| -> (Object, Vec<String>) {
            let lines = lines.split_whitespace().map(str::to_string).collect();
            (Object::new(ObjectId::new(kind, "public", "x")), lines)
        };
        for (kind, wanted, have, same) in [
            (Kind::View, "security_invoker=true", "security_invoker=on", true),
            (Kind::View, "security_invoker=false", "", true),
            (Kind::View, "", "security_barrier=off", true),
            (Kind::View, "", "security_barrier=on", false),
            (Kind::Index, "deduplicate_items=on pages_per_range=128", "", true),
            (Kind::Index, "fastupdate=off", "", false),
            (Kind::View, "check_option=LOCAL", "check_option=local", true),
            (Kind::View, "check_option=cascaded", "check_option=local", false),
            (Kind::Table, "FILLFACTOR=90.0", "fillfactor=90", true),
            (Kind::Table, "fillfactor=100", "", true),
            (Kind::Table, "fillfactor=99", "", false),
            (Kind::Table, "autovacuum_enabled", "autovacuum_enabled=tru", true),
            (Kind::Table, "autovacuum_enabled=0", "autovacuum_enabled=no", true),
            (Kind::Table, "autovacuum_enabled=0", "", false),
            (
                Kind::Table,
                "toast.autovacuum_enabled=off",
                "toast.autovacuum_enabled=false",
                true,
            ),
            (
                Kind::Table,
                "vacuum_index_cleanup=AUTO",
                "vacuum_index_cleanup=auto",
                true,
            ),
            (
                Kind::Index,
                "deduplicate_items=false",
                "deduplicate_items=off",
                true,
            ),
            (Kind::Index, "fillfactor=100", "", false),
            (Kind::Column, "n_distinct=-0.50", "n_distinct=-0.5", true),
            (Kind::Column, "n_distinct=-0.6", "n_distinct=-0.5", false),
            (Kind::Column, "a=1.0", "a=1", false),
            (Kind::Server, "a=on", "a=true", false),
        ] {
            let (object, wanted) = of(kind, wanted);
            let (_, have) = of(kind, have);
            assert_eq!(
                same_options(&object, &wanted, &have),
                same,
                "{kind} {wanted:?} {have:?}"
            );
        }
    }
}
