//! `[table.NAME.column]`: `org_id = "uuid not null"`, a complete definition.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want, Wanted};
use crate::check::document::{Fields, Item};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::Identity;
use crate::sql::types::parse_type;
use crate::sql::{parse_name, quote_ident};

use super::fields::{ident, number, options_want, switch};
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
];

/// How a column is stored, and what its NOT NULL constraint is since PostgreSQL 18.
fn stored(p: &mut Parser, fields: &Fields<'_>) -> Vec<Want> {
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
    if let Some(target) = number(p, fields, "statistics_target") {
        wants.push(Want::is("statistics_target", Value::Int(target)));
    }
    wants.extend(options_want(p, fields));
    if let Some(name) = ident(p, fields, "not_null_name") {
        wants.push(Want::text("not_null_name", name));
    }
    if let Some(value) = switch(p, fields, "not_null_no_inherit") {
        wants.push(Want::flag("not_null_no_inherit", value));
    }
    wants
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
            Want::maybe("default", column.default.clone()),
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
    let [difference] = differences else { return None };
    match difference.part.as_str() {
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
        _ => comment_remedy("COLUMN", object, differences),
    }
}
