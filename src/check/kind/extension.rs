//! `[extension]`: `pgcrypto = "*"`, `postgis = ">= 3.1"`, or a table with `version` and `schema`.

use std::cmp::Ordering;

use crate::catalog::{Kind, Object, ObjectId, Stated};
use crate::check::compare::{Comparison, Want};
use crate::check::document::{Item, Text, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::{quote_ident, quote_literal};

use super::table::{comment, comment_remedy};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of extensions") else {
        return;
    };
    for entry in &entries {
        let Some(name) = name(p, &entry.key) else { continue };
        let mut wants = Vec::new();
        let mut shown = Vec::new();
        let mut with_schema = String::new();
        let version = if items_of(entry.value).is_some() {
            let within = format!("extension {name}");
            let known = ["version", "schema", "comment"];
            let want = "a version such as \"*\" or \">= 1.1\"";
            let Some(fields) = p.reader.fields(entry, &within, want, &known) else {
                continue;
            };
            if let Some(item) = fields.get("schema")
                && let Some(text) = p.reader.string(item)
                && let Some(schema) = p.reader.ident("schema", &text)
            {
                shown.push(format!("schema {}", quote_ident(&schema)));
                with_schema = format!(" WITH SCHEMA {}", quote_ident(&schema));
                wants.push(Want::text("in_schema", schema));
            }
            if let Some(item) = fields.get("comment")
                && let Some(text) = p.reader.string(item)
            {
                wants.push(comment(&text.value));
            }
            fields.get("version").and_then(|item| p.reader.string(item))
        } else {
            match p.reader.string(entry) {
                Some(text) => Some(text),
                None => continue,
            }
        };
        if let Some(version) = version {
            if let Err(message) = requirement(&version.value) {
                p.reader.error_help(
                    version.span,
                    format!("`{}`: {message}", entry.key.value),
                    "write \"*\", \"1.3\" or \">= 1.1, < 2\"",
                );
                continue;
            }
            shown.insert(0, version.value.clone());
            if version.value.trim() != "*" {
                wants.push(Want::by("version", version.value, compare));
            }
        }
        let mut rule = ObjectRule::new(
            &KIND,
            Target::Id(ObjectId::new(Kind::Extension, "", name.clone())),
        );
        rule.wants = wants;
        rule.create = Some(format!("CREATE EXTENSION {}{with_schema}", quote_ident(&name)));
        let expected = if shown.is_empty() {
            "*".to_string()
        } else {
            shown.join(", ")
        };
        let path = format!("extension.{}", quote_ident(&name));
        p.add(path, "extension", &entry.key, expected, rule);
    }
}

/// `uuid-ossp` needs quotes in SQL; here it can be nothing else, so they may be left out.
fn name(p: &mut Parser, key: &Text) -> Option<String> {
    let plain = |char: char| char.is_ascii_alphanumeric() || char == '_' || char == '-';
    if key.value.contains('-') && key.value.chars().all(plain) {
        return Some(key.value.clone());
    }
    p.reader.ident("extension", key)
}

/// Comparisons with versions; none for `*`.
fn requirement(text: &str) -> Result<Vec<(&str, &str)>, String> {
    if text.trim() == "*" {
        return Ok(Vec::new());
    }
    text.split(',')
        .map(|part| {
            let part = part.trim();
            let (operator, version) = [">=", "<=", "!=", "=", ">", "<"]
                .into_iter()
                .find_map(|operator| Some((operator, part.strip_prefix(operator)?.trim())))
                .unwrap_or(("=", part));
            let plain = |char: char| char.is_ascii_alphanumeric() || ".-_+".contains(char);
            if version.is_empty() || !version.chars().all(plain) {
                return Err(format!("\"{part}\" is not a version requirement"));
            }
            Ok((operator, version))
        })
        .collect()
}

/// By numbers where both have numbers: 1.10 is newer than 1.9, and 3.0 is 3.
fn order(one: &str, other: &str) -> Ordering {
    let parts =
        |text: &str| -> Vec<String> { text.split(['.', '-', '+', '_']).map(str::to_string).collect() };
    let (one, other) = (parts(one), parts(other));
    for index in 0..one.len().max(other.len()) {
        let zero = "0".to_string();
        let (one, other) = (one.get(index).unwrap_or(&zero), other.get(index).unwrap_or(&zero));
        let ordering = match (one.parse::<u64>(), other.parse::<u64>()) {
            (Ok(one), Ok(other)) => one.cmp(&other),
            _ => one.cmp(other),
        };
        if ordering != Ordering::Equal {
            return ordering;
        }
    }
    Ordering::Equal
}

fn compare(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let have = object.text("version").unwrap_or("");
    let fits = requirement(wanted).is_ok_and(|parts| {
        parts.iter().all(|(operator, version)| {
            let ordering = order(have, version);
            match *operator {
                ">=" => ordering.is_ge(),
                "<=" => ordering.is_le(),
                ">" => ordering.is_gt(),
                "<" => ordering.is_lt(),
                "!=" => ordering.is_ne(),
                _ => ordering.is_eq(),
            }
        })
    });
    if fits {
        Comparison::Same
    } else {
        Comparison::differs("version", Some(have), Some(wanted))
    }
}

/// What comments said until the release that reworded them; a dump brings that to a newer server.
const REWORDED: [(&str, &str); 1] = [(
    "pg_stat_statements",
    "track execution statistics of all SQL statements executed",
)];

/// The comment that a complete suite wants where it says nothing: the one that came with the extension.
pub(crate) fn usual_comment_want() -> Want {
    Want::by("comment", "", compare_comment).stating(Stated::EXTENSION)
}

/// The control file on the server may be of another version than the extension: then it does not tell.
fn compare_comment(_: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let Some(usual) = object.text("usual_comment") else {
        return Comparison::Same;
    };
    let have = object.text("comment");
    let is_reworded = have.is_some_and(|have| REWORDED.contains(&(object.id.name.as_str(), have)));
    if have.unwrap_or_default() == usual || is_reworded {
        return Comparison::Same;
    }
    Comparison::differs("comment", have, Some(usual).filter(|usual| !usual.is_empty()))
}

/// What a suite has to say of the comment, for it is not known to be the usual one: "" for none.
pub(crate) fn told_comment(object: &Object) -> Option<&str> {
    let have = object.text("comment").unwrap_or_default();
    let usual = object.text("usual_comment");
    (usual != Some(have) && !(usual.is_none() && have.is_empty())).then_some(have)
}

fn render(object: &Object) -> String {
    let mut text = object.text("version").unwrap_or("").to_string();
    if let Some(schema) = object.text("in_schema") {
        text.push_str(&format!(", schema {}", quote_ident(schema)));
    }
    text
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let [difference] = differences else { return None };
    let name = quote_ident(&object.id.name);
    let want = difference.want.as_deref();
    match difference.part.as_str() {
        "version" => {
            // no way back to an older one
            let parts = requirement(want?).ok()?;
            let [(operator, version)] = parts.as_slice() else {
                return None;
            };
            let newer = order(object.text("version")?, version) == Ordering::Less;
            match *operator {
                "=" if newer => Some(format!(
                    "ALTER EXTENSION {name} UPDATE TO {}",
                    quote_literal(version)
                )),
                ">=" | ">" => Some(format!("ALTER EXTENSION {name} UPDATE")),
                _ => None,
            }
        }
        "schema" => Some(format!(
            "ALTER EXTENSION {name} SET SCHEMA {}",
            quote_ident(want?)
        )),
        _ => comment_remedy("EXTENSION", object, differences),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_by_numbers() {
        assert_eq!(order("1.10", "1.9"), Ordering::Greater);
        assert_eq!(order("3", "3.0"), Ordering::Equal);
        assert_eq!(order("1.1", "1.1.1"), Ordering::Less);
        assert!(requirement(">= 1, < 2").is_ok());
        assert!(requirement(">=").is_err());
        assert!(requirement("1 2").is_err());
    }
}
