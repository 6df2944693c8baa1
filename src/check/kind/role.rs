//! `[role.NAME]`: attributes and memberships; what is named of it is compared.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want};
use crate::check::document::{Fields, Item, span_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::quote_ident;

use super::fields::{idents, number, string};
use super::function::{compare_settings, settings};
use super::partition::instant;
use super::table::{comment, comment_remedy};

const KIND: ObjectKind = ObjectKind { render, alter };

/// The key, which is the catalog's property, and the word of SQL.
const SWITCHES: &[(&str, &str)] = &[
    ("login", "LOGIN"),
    ("superuser", "SUPERUSER"),
    ("createdb", "CREATEDB"),
    ("createrole", "CREATEROLE"),
    ("inherit", "INHERIT"),
    ("replication", "REPLICATION"),
    ("bypass_row_security", "BYPASSRLS"),
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of roles") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("role", &entry.key) else {
            continue;
        };
        let known: Vec<&str> = SWITCHES
            .iter()
            .map(|(key, _)| *key)
            .chain([
                "member_of",
                "admin_of",
                "inherit_of",
                "no_inherit_of",
                "no_set_of",
                "connection_limit",
                "valid_until",
                "settings",
                "comment",
            ])
            .collect();
        let within = format!("role {name}");
        let Some(fields) = p.reader.fields(entry, &within, "a table of attributes", &known) else {
            continue;
        };
        let mut wants = Vec::new();
        let mut shown = Vec::new();
        for (key, word) in SWITCHES {
            if let Some(item) = fields.get(key)
                && let Some(value) = p.reader.boolean(item)
            {
                shown.push(switch(word, value));
                wants.push(Want::flag(key, value));
            }
        }
        if let Some(item) = fields.get("member_of")
            && let Some(texts) = p.reader.strings(item)
        {
            let names: Option<Vec<String>> = texts
                .iter()
                .map(|text| p.reader.ident("member_of", text))
                .collect();
            if let Some(names) = names {
                shown.push(format!("member of ({})", names.join(", ")));
                wants.push(Want::list("member_of", names));
            }
        }
        for key in ["admin_of", "inherit_of", "no_inherit_of", "no_set_of"] {
            wants.extend(idents(p, &fields, key).map(|names| Want::list(key, names)));
        }
        if let Some(limit) = number(p, &fields, "connection_limit") {
            wants.push(match limit {
                -1 => Want::maybe("connection_limit", None::<String>),
                limit => Want::is("connection_limit", Value::Int(limit)),
            });
        }
        if let Some(want) = valid_until(p, &fields) {
            wants.push(want);
        }
        if let Some(item) = fields.get("settings")
            && let Some(lines) = settings(p, item)
        {
            wants.push(Want::by("settings", lines, compare_settings));
        }
        if let Some(text) = string(p, &fields, "comment") {
            wants.push(comment(&text.value));
        }
        let mut rule = ObjectRule::new(&KIND, Target::Id(ObjectId::new(Kind::Role, "", name.clone())));
        rule.wants = wants;
        rule.create = Some(
            format!(
                "CREATE ROLE {} {}",
                quote_ident(&name),
                shown
                    .iter()
                    .filter(|word| !word.starts_with("member"))
                    .cloned()
                    .collect::<Vec<_>>()
                    .join(" ")
            )
            .trim_end()
            .to_string(),
        );
        let expected = if shown.is_empty() {
            "role".to_string()
        } else {
            shown.join(" ")
        };
        p.add(
            format!("role.{}", quote_ident(&name)),
            "role",
            &entry.key,
            expected,
            rule,
        );
    }
}

/// An instant, or that there is none.
fn valid_until(p: &mut Parser, fields: &Fields<'_>) -> Option<Want> {
    let item = fields.get("valid_until")?;
    let text = p.reader.string(item)?.value;
    if text.trim().eq_ignore_ascii_case("infinity") {
        return Some(Want::maybe("valid_until", None::<String>));
    }
    if instant(&text).is_none() && text.trim() != "-infinity" {
        p.reader.error_help(
            span_of(item.value),
            format!("`valid_until`: \"{text}\" is no point in time"),
            "write it like \"2030-01-31 12:00:00+00\" or \"infinity\"",
        );
        return None;
    }
    Some(Want::by("valid_until", text, compare_instant))
}

fn compare_instant(wanted: &str, role: &Object, _: &mut Judge<'_>) -> Comparison {
    let have = role.text("valid_until");
    let is_same = have.is_some_and(|have| match (instant(wanted), instant(have)) {
        (Some(wanted), Some(have)) => wanted == have,
        (None, None) => wanted.trim() == have,
        _ => false,
    });
    match is_same {
        true => Comparison::Same,
        false => Comparison::differs("valid until", have, Some(wanted)),
    }
}

fn switch(word: &str, on: bool) -> String {
    if on { word.to_string() } else { format!("NO{word}") }
}

fn render(object: &Object) -> String {
    let mut parts: Vec<String> = SWITCHES
        .iter()
        .map(|(key, word)| switch(word, object.flag(key)))
        .collect();
    if !object.list("member_of").is_empty() {
        parts.push(format!("member of ({})", object.list("member_of").join(", ")));
    }
    parts.join(" ")
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    if let Some(remedy) = comment_remedy("ROLE", object, differences) {
        return Some(remedy);
    }
    let mut words = Vec::new();
    for difference in differences {
        let part = difference.part.replace(' ', "_");
        let (_, word) = SWITCHES.iter().find(|(key, _)| *key == part)?;
        let on = difference.want.as_deref() == Some("yes");
        // more power is no safe advice
        if on && matches!(*word, "SUPERUSER" | "BYPASSRLS" | "REPLICATION" | "CREATEROLE") {
            return None;
        }
        words.push(switch(word, on));
    }
    Some(format!(
        "ALTER ROLE {} {}",
        quote_ident(&object.id.name),
        words.join(" ")
    ))
}
