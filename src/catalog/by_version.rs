//! Differences that come of two versions of PostgreSQL and nothing else: what one of them calls otherwise, makes by
//! itself, or does not have.

use serde_json::Value as Json;

use super::diff::{Change, ChangeKind};
use super::{Catalog, Kind, Value};
use crate::sql::quote_ident;

/// A reading of the catalog, with the server's `server_version_num`.
#[derive(Clone, Copy)]
pub struct Reading<'c> {
    pub catalog: &'c Catalog,
    pub version_num: u32,
}

impl Reading<'_> {
    fn major(self) -> u32 {
        self.version_num / 10_000
    }
}

/// What a grant of everything on a relation holds in every version; PostgreSQL 17 has `maintain` besides.
const ALL_OF_A_RELATION: [&str; 7] = [
    "delete",
    "insert",
    "references",
    "select",
    "trigger",
    "truncate",
    "update",
];

/// Whether the same statements make this difference on servers of these two versions.
pub fn explains(change: &Change, before: Reading<'_>, after: Reading<'_>) -> bool {
    if before.major() == after.major() {
        return false;
    }
    let is_forward = before.major() < after.major();
    let (old, new) = if is_forward {
        (before, after)
    } else {
        (after, before)
    };
    let is_crossed = |version: u32| old.major() < version && version <= new.major();
    let id = &change.object;
    let (property, old_value, new_value) = match &change.kind {
        ChangeKind::Changed {
            property,
            before,
            after,
        } if is_forward => (*property, before.as_ref(), after.as_ref()),
        ChangeKind::Changed {
            property,
            before,
            after,
        } => (*property, after.as_ref(), before.as_ref()),
        // PostgreSQL 14 makes a multirange type with each range type, and a cast to it
        ChangeKind::Added | ChangeKind::Removed => {
            let is_of_the_newer = matches!(change.kind, ChangeKind::Added) == is_forward;
            let mut ranges = new.catalog.of_kind(Kind::Range);
            return is_crossed(14)
                && is_of_the_newer
                && id.kind == Kind::Other
                && id.word() == "cast"
                && ranges.any(|range| {
                    let multirange = range.text("multirange").unwrap_or_default();
                    id.path() == format!("({} AS {multirange})", range.id.path())
                });
        }
    };
    let texts = || {
        old_value
            .and_then(Value::as_text)
            .zip(new_value.and_then(Value::as_text))
    };
    match (id.kind, property) {
        (Kind::Schema, "owner") => {
            is_crossed(15) && id.name == "public" && is_text(new_value, "pg_database_owner")
        }
        (Kind::Schema, "privileges") => {
            let without = without(old_value, |privilege| privilege == "create to public");
            is_crossed(15) && id.name == "public" && without == list(new_value)
        }
        (Kind::Extension, "version") => true,
        // a membership keeps the INHERIT that its role had
        (Kind::Role, "inherit_of" | "no_inherit_of" | "no_set_of") => is_crossed(16) && old_value.is_none(),
        (Kind::Range, "multirange") => is_crossed(14) && old_value.is_none(),
        // a parameter's mode is printed since 14 where the procedure's writer did not
        (Kind::Function, "arguments") => {
            is_crossed(14) && texts().is_some_and(|(old, new)| old == without_in(new))
        }
        (Kind::Grant, "privileges" | "grantable") => {
            is_crossed(17)
                && ALL_OF_A_RELATION.map(str::to_string).to_vec() == list(old_value)
                && without(new_value, |privilege| privilege == "maintain") == list(old_value)
        }
        (Kind::DefaultPrivileges, "tables") => {
            is_crossed(17) && without_maintain(new_value) == list(old_value)
        }
        // a function of pgcrypto until 13, which has it built in and finds that first
        (Kind::Column, "default") => {
            let extensions = old.catalog.of_kind(Kind::Extension);
            let pgcrypto = extensions.into_iter().find(|found| found.id.name == "pgcrypto");
            let schema = pgcrypto.and_then(|found| found.text("in_schema"));
            is_crossed(13)
                && texts().zip(schema).is_some_and(|((old, new), schema)| {
                    let call = "gen_random_uuid()";
                    old.replace(&format!("{}.{call}", quote_ident(schema)), call) == new
                })
        }
        // NOT NULL has a name since 18, and keeps it when the column gets another one
        (Kind::Column, "not_null_name") => is_crossed(18) && old_value.is_none(),
        (Kind::Other, "definition") => texts().is_some_and(|(old, new)| agrees_where_both_speak(old, new)),
        _ => false,
    }
}

fn is_text(value: Option<&Value>, text: &str) -> bool {
    value.and_then(Value::as_text) == Some(text)
}

fn list(value: Option<&Value>) -> Vec<String> {
    value.and_then(Value::as_list).unwrap_or_default().to_vec()
}

fn without(value: Option<&Value>, is_left_out: impl Fn(&str) -> bool) -> Vec<String> {
    let mut items = list(value);
    items.retain(|item| !is_left_out(item));
    items
}

/// `maintain to x` is left out where `x` has everything else.
fn without_maintain(value: Option<&Value>) -> Vec<String> {
    let all = list(value);
    without(value, |item| {
        item.strip_prefix("maintain").is_some_and(|to| {
            ALL_OF_A_RELATION
                .iter()
                .all(|other| all.contains(&format!("{other}{to}")))
        })
    })
}

/// Arguments without `IN` before each, however many quoted commas there are in defaults.
fn without_in(arguments: &str) -> String {
    let mut plain = String::with_capacity(arguments.len());
    let (mut quote, mut depth, mut is_start) = (None, 0_u32, true);
    let mut rest = arguments;
    while let Some(c) = rest.chars().next() {
        if is_start && rest.starts_with("IN ") {
            rest = &rest[3..];
            is_start = false;
            continue;
        }
        match (quote, c) {
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth = depth.saturating_sub(1),
            (None, _) => {}
        }
        let is_between = quote.is_none() && depth == 0 && plain.ends_with(',') && c == ' ';
        is_start = is_between;
        plain.push(c);
        rest = &rest[c.len_utf8()..];
    }
    plain
}

/// Rows of the catalog as JSON: each version has columns that the other has not.
fn agrees_where_both_speak(old: &str, new: &str) -> bool {
    let parsed = [old, new].map(serde_json::from_str::<Json>);
    let [Ok(Json::Object(old)), Ok(Json::Object(new))] = parsed else {
        return false;
    };
    let is_same = |(key, value): (&String, &Json)| new.get(key).is_none_or(|other| other == value);
    old.keys().any(|key| new.contains_key(key)) && old.iter().all(is_same)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::diff::diff;
    use crate::catalog::{Object, ObjectId};

    fn catalog(id: ObjectId, property: &'static str, value: Option<Value>) -> Catalog {
        let mut object = Object::new(id);
        object
            .properties
            .extend(value.into_iter().map(|value| (property, value)));
        let mut catalog = Catalog::default();
        catalog.insert(object);
        catalog
    }

    /// Both ways round, which must agree.
    fn is_explained(
        kind: Kind,
        property: &'static str,
        old: (u32, Option<Value>),
        new: (u32, Option<Value>),
    ) -> bool {
        let id = match kind {
            Kind::Other => ObjectId::on(kind, "", "collation", "public.c"),
            _ => ObjectId::new(kind, "", "public"),
        };
        let catalogs = [old.1, new.1].map(|value| catalog(id.clone(), property, value));
        let [old, new] = [(&catalogs[0], old.0), (&catalogs[1], new.0)].map(|(catalog, major)| Reading {
            catalog,
            version_num: major * 10_000 + 3,
        });
        let one = |before: Reading<'_>, after: Reading<'_>| {
            let changes = diff(before.catalog, after.catalog);
            assert_eq!(changes.len(), 1);
            explains(&changes[0], before, after)
        };
        let answer = one(old, new);
        assert_eq!(one(new, old), answer, "the other way round");
        answer
    }

    fn text(text: &str) -> Option<Value> {
        Some(Value::Text(text.to_string()))
    }

    fn items(items: &[&str]) -> Option<Value> {
        Some(Value::List(
            items.iter().map(|item| (*item).to_string()).collect(),
        ))
    }

    #[test]
    fn what_a_version_makes_is_told_from_what_people_made() {
        use Kind::*;
        let cases = [
            (
                Schema,
                "owner",
                (14, text("postgres")),
                (15, text("pg_database_owner")),
                true,
            ),
            (
                Schema,
                "owner",
                (15, text("postgres")),
                (17, text("pg_database_owner")),
                false,
            ),
            (Schema, "owner", (14, text("postgres")), (15, text("app")), false),
            (
                Schema,
                "privileges",
                (12, items(&["create to public", "usage to public"])),
                (18, items(&["usage to public"])),
                true,
            ),
            (
                Schema,
                "privileges",
                (12, items(&["create to public"])),
                (18, items(&["usage to app"])),
                false,
            ),
            (Extension, "version", (17, text("1.3")), (18, text("1.4")), true),
            (Extension, "version", (17, text("1.3")), (17, text("1.4")), false),
            (Role, "no_inherit_of", (15, None), (16, items(&["a"])), true),
            (Role, "no_inherit_of", (16, None), (17, items(&["a"])), false),
            (Range, "multirange", (13, None), (14, text("public.m")), true),
            (
                Range,
                "multirange",
                (14, text("public.n")),
                (15, text("public.m")),
                false,
            ),
            (
                Column,
                "not_null_name",
                (17, None),
                (18, text("t_a_not_null")),
                true,
            ),
            (
                Column,
                "not_null_name",
                (18, None),
                (18, text("t_a_not_null")),
                false,
            ),
            (
                Function,
                "arguments",
                (
                    13,
                    text("a integer DEFAULT 3, b text DEFAULT 'x, IN y'::text, INOUT c text"),
                ),
                (
                    14,
                    text("IN a integer DEFAULT 3, IN b text DEFAULT 'x, IN y'::text, INOUT c text"),
                ),
                true,
            ),
            (
                Function,
                "arguments",
                (13, text("a integer")),
                (14, text("IN a bigint")),
                false,
            ),
            (
                Function,
                "arguments",
                (13, text("b text DEFAULT 'x, y'")),
                (14, text("b text DEFAULT 'x, IN y'")),
                false,
            ),
            (
                Other,
                "definition",
                (15, text(r#"{"collctype": "C", "colliculocale": null}"#)),
                (17, text(r#"{"collctype": "C", "colllocale": null}"#)),
                true,
            ),
            (
                Other,
                "definition",
                (15, text(r#"{"a": 1, "b": 2}"#)),
                (17, text(r#"{"a": 2}"#)),
                false,
            ),
            (
                Other,
                "definition",
                (15, text(r#"{"a": 1}"#)),
                (17, text(r#"{"b": 1}"#)),
                false,
            ),
        ];
        for (kind, property, old, new, expected) in cases {
            let told = format!("{kind} {property} {old:?} {new:?}");
            assert_eq!(is_explained(kind, property, old, new), expected, "{told}");
        }
    }

    #[test]
    fn a_grant_of_everything_has_one_more_since_17() {
        let mut more = ALL_OF_A_RELATION.to_vec();
        more.push("maintain");
        more.sort_unstable();
        let all = items(&ALL_OF_A_RELATION);
        let grant = |old, new| is_explained(Kind::Grant, "privileges", old, new);
        assert!(grant((15, all.clone()), (17, items(&more))));
        assert!(!grant((17, all), (18, items(&more))));
        assert!(!grant(
            (15, items(&["select"])),
            (17, items(&["maintain", "select"]))
        ));
        let to = |privileges: &[&str]| {
            let words: Vec<String> = privileges.iter().map(|word| format!("{word} to app")).collect();
            Some(Value::List(words))
        };
        let default = |old, new| is_explained(Kind::DefaultPrivileges, "tables", old, new);
        assert!(default((16, to(&ALL_OF_A_RELATION)), (17, to(&more))));
        assert!(!default((16, to(&["select"])), (17, to(&["maintain", "select"]))));
    }

    #[test]
    fn a_function_of_pgcrypto_is_built_in_since_13() {
        let column = ObjectId::on(Kind::Column, "public", "t", "id");
        let mut before = catalog(column.clone(), "default", text("\"Odd\".gen_random_uuid()"));
        let mut pgcrypto = Object::new(ObjectId::new(Kind::Extension, "", "pgcrypto"));
        pgcrypto
            .properties
            .insert("in_schema", Value::Text("Odd".to_string()));
        before.insert(pgcrypto.clone());
        let mut after = catalog(column, "default", text("gen_random_uuid()"));
        after.insert(pgcrypto);
        let explained = |old: u32, new: u32| {
            let [before, after] = [(&before, old), (&after, new)]
                .map(|(catalog, version_num)| Reading { catalog, version_num });
            explains(&diff(before.catalog, after.catalog)[0], before, after)
        };
        assert!(explained(120_022, 170_005));
        assert!(!explained(130_001, 170_005));
    }

    #[test]
    fn a_range_brings_a_cast_to_its_multirange_since_14() {
        let range = ObjectId::new(Kind::Range, "public", "span");
        let before = catalog(range.clone(), "multirange", None);
        let mut after = catalog(range, "multirange", text("public.span_multirange"));
        let mut cast = |name: &str| after.insert(Object::new(ObjectId::on(Kind::Other, "", "cast", name)));
        cast("(public.span AS public.span_multirange)");
        cast("(public.span AS text)");
        let [before, after] = [(&before, 130_000), (&after, 150_000)]
            .map(|(catalog, version_num)| Reading { catalog, version_num });
        let changes = diff(before.catalog, after.catalog);
        let explained: Vec<bool> = changes
            .iter()
            .map(|change| explains(change, before, after))
            .collect();
        assert_eq!(explained, [true, true, false]);
    }
}
