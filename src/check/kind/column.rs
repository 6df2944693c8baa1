//! `[table.NAME.column]`: `org_id = "uuid not null"`, a complete definition.

use crate::catalog::{Context, Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want, Wanted, expression};
use crate::check::document::{Fields, Item, span_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::Identity;
use crate::sql::types::parse_type;
use crate::sql::{normalize, parse_name, quote_ident};

use super::fields::{ident, number, options_want, string, switch};
use super::reference::collation;
use super::table::{comment, comment_remedy, relation};

const KIND: ObjectKind = ObjectKind { render, alter };

const MORE: &[&str] = &[
    "comment",
    "position",
    "storage",
    "compression",
    "statistics_target",
    "options",
    "not_null_name",
    "not_null_no_inherit",
    "not_null_comment",
];

/// How a column is stored, and what its NOT NULL constraint is since PostgreSQL 18.
pub(crate) fn stored(p: &mut Parser, fields: &Fields<'_>) -> Vec<Want> {
    let mut wants = Vec::new();
    if let Some(item) = fields.get("storage")
        && let Some(word) = p.reader.word(item, &["plain", "external", "extended", "main"])
    {
        wants.push(Want::by("storage", word, compare_storage));
    }
    if let Some(item) = fields.get("compression")
        && let Some(word) = p.reader.word(item, &["pglz", "lz4", "default"])
    {
        wants.push(Want::maybe("compression", (word != "default").then_some(word)));
    }
    if let Some(target) = statistics_target(p, fields, "statistics_target") {
        wants.push(Want::exactly("statistics_target", target));
    }
    wants.extend(options_want(p, fields));
    if let Some(name) = ident(p, fields, "not_null_name") {
        wants.push(Want::by("not_null_name", name, compare_not_null_name));
    }
    if let Some(value) = switch(p, fields, "not_null_no_inherit") {
        wants.push(Want::flag("not_null_no_inherit", value));
    }
    wants.extend(not_null_comment(p, fields));
    wants
}

/// The comment on a NOT NULL constraint; "" for none.
pub(crate) fn not_null_comment(p: &mut Parser, fields: &Fields<'_>) -> Option<Want> {
    let text = string(p, fields, "not_null_comment")?.value;
    Some(Want::maybe(
        "not_null_comment",
        (!text.is_empty()).then_some(text),
    ))
}

/// A statistics target; of -1, which leaves it to the setting, the catalog has none.
pub(crate) fn statistics_target(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<Option<Value>> {
    let target = number(p, fields, key)?;
    if target < -1 {
        let item = fields.get(key)?;
        p.reader.error_help(
            span_of(item.value),
            format!("`{key}`: {target} is no target"),
            "write a number from 0 to 10000, or -1 for what the setting says",
        );
        return None;
    }
    Some((target >= 0).then_some(Value::Int(target)))
}

/// The catalog has the name only where it is not the one that PostgreSQL chooses; before 18 there is none.
fn compare_not_null_name(wanted: &str, column: &Object, judge: &mut Judge<'_>) -> Comparison {
    const PART: &str = "name of NOT NULL";
    if let Some(have) = column.text("not_null_name") {
        return match have == wanted {
            true => Comparison::Same,
            false => Comparison::differs(PART, Some(have), Some(wanted)),
        };
    }
    if !column.flag("not_null") {
        return Comparison::differs(PART, None::<String>, Some(wanted));
    }
    match judge.major_version() {
        Err(comparison) => return comparison,
        Ok(version) if version < 18 => {
            let reason = format!("NOT NULL has no name in PostgreSQL {version}, but from 18 on");
            return Comparison::CannotTell(reason);
        }
        Ok(_) => {}
    }
    let usual = format!("{}_{}_not_null", column.id.relation, column.id.name);
    if column.flag("inherited") || usual.len() > 63 {
        Comparison::CannotTell(format!("the name of NOT NULL of {} is not read", column.id))
    } else if usual == wanted {
        Comparison::Same
    } else {
        Comparison::differs(PART, Some(usual), Some(wanted))
    }
}

/// What is wanted as the default; null is what a column has that has none.
pub(crate) fn default_want(default: Option<&String>) -> Want {
    match default {
        Some(text) if is_null(text) => Want::by("default", text.as_str(), compare_null),
        _ => Want::maybe("default", default.cloned()),
    }
}

/// `null`, or a null of some type.
pub(crate) fn is_null(text: &str) -> bool {
    let text = normalize(text);
    match text.strip_prefix("null") {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix("::")
            .is_some_and(|name| parse_type(name).is_ok()),
        None => false,
    }
}

/// Some types have PostgreSQL keep even such a default.
fn compare_null(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    match object.text("default") {
        None => Comparison::Same,
        Some(have) if is_null(have) => Comparison::Same,
        Some(have) => expression("default", Context::Default, object, wanted, have, judge),
    }
}

/// The storage that is stated may be the one that the type chooses.
fn compare_storage(wanted: &str, column: &Object, _: &mut Judge<'_>) -> Comparison {
    match column.text("storage").or_else(|| column.text("type_storage")) {
        Some(have) if have == wanted => Comparison::Same,
        Some(have) => Comparison::differs("storage", Some(have), Some(wanted)),
        None => Comparison::CannotTell(format!("the storage of {} was not read", column.id)),
    }
}

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of columns") else {
        return;
    };
    let on = table.sql();
    for entry in &entries {
        let Some(name) = p.reader.ident("column", &entry.key) else {
            continue;
        };
        let within = format!("column {name}");
        let Some((text, fields)) = p.definition(entry, &within, MORE) else {
            continue;
        };
        let Some(column) = p.column(&name, &text) else {
            continue;
        };
        let mut wants = vec![
            Want::text("type", column.type_name.clone()),
            // an identity column is NOT NULL whether it says so or not
            Want::flag("not_null", column.not_null || column.identity.is_some()),
            default_want(column.default.as_ref()),
            Want::maybe(
                "identity",
                column.identity.map(|identity| match identity {
                    Identity::Always => "always",
                    Identity::ByDefault => "by default",
                }),
            ),
            Want::maybe(
                "generated",
                column.generated.as_ref().map(|g| g.expression.clone()),
            ),
            Want::maybe(
                "generated_kind",
                column
                    .generated
                    .as_ref()
                    .map(|g| if g.stored { "stored" } else { "virtual" }),
            ),
            collation(column.collation.as_ref()),
        ];
        if let Some(fields) = &fields {
            if let Some(item) = fields.get("comment")
                && let Some(text) = p.reader.string(item)
            {
                wants.push(comment(&text.value));
            }
            wants.extend(stored(p, fields));
            if let Some(item) = fields.get("position")
                && let Some(position) = p.reader.figure(item)
            {
                wants.push(Want::is(
                    "position",
                    Value::Int(position.try_into().unwrap_or(i64::MAX)),
                ));
            }
        }
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Column, name.clone())));
        rule.wants = wants;
        if !column.type_is_builtin {
            rule.needs = type_needs(p, &column.type_name);
        }
        rule.create = Some(format!(
            "ALTER TABLE {on} ADD COLUMN {} {}",
            quote_ident(&name),
            text.value.trim()
        ));
        p.add_on(table, "column", &name, &entry.key, text.value, rule);
    }
}

/// The user's type that a column cannot be without.
pub(crate) fn type_needs(p: &Parser, text: &str) -> Vec<ObjectId> {
    let Ok(parsed) = parse_type(text) else {
        return Vec::new();
    };
    if parsed.builtin {
        return Vec::new();
    }
    let bare = parsed.text.trim_end_matches("[]");
    let bare = bare.split_once('(').map_or(bare, |(name, _)| name);
    let Ok(name) = parse_name(bare) else {
        return Vec::new();
    };
    let (schema, name) = p.resolve(&name);
    vec![ObjectId::new(Kind::Enum, schema, name)]
}

fn render(object: &Object) -> String {
    let mut text = object.text("type").unwrap_or("").to_string();
    if let Some(collation) = object.text("collation") {
        text.push_str(&format!(" collate {collation}"));
    }
    if object.flag("not_null") {
        text.push_str(" not null");
    }
    if let Some(default) = object.text("default") {
        text.push_str(&format!(" default {default}"));
    }
    if let Some(identity) = object.text("identity") {
        text.push_str(&format!(" generated {identity} as identity"));
    }
    if let Some(generated) = object.text("generated") {
        let kind = object.text("generated_kind").unwrap_or("stored");
        text.push_str(&format!(" generated always as ({generated}) {kind}"));
    }
    text
}

fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let column = format!(
        "ALTER TABLE {} ALTER COLUMN {}",
        relation(object),
        quote_ident(&object.id.name)
    );
    let each = |difference: &Difference| match difference.part.as_str() {
        "default" => Some(match rule.wanted("default") {
            Some(Wanted::Is(Some(Value::Text(default)))) => format!("{column} SET DEFAULT {default}"),
            _ => format!("{column} DROP DEFAULT"),
        }),
        "nullability" => Some(match rule.wanted("not_null") {
            Some(Wanted::Is(Some(Value::Bool(true)))) => format!("{column} SET NOT NULL"),
            _ => format!("{column} DROP NOT NULL"),
        }),
        "storage" => match rule.wanted("storage") {
            Some(Wanted::By(storage, _)) => Some(format!("{column} SET STORAGE {storage}")),
            _ => None,
        },
        _ => comment_remedy("COLUMN", object, std::slice::from_ref(difference)),
    };
    // part of the way is no way back
    let statements: Option<Vec<String>> = differences.iter().map(each).collect();
    statements.map(|statements| statements.join("; "))
}
