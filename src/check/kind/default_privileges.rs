//! `[default_privileges."ROLE in schema NAME"]`: what the role's new objects bring; what is named is compared.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want, show_list};
use crate::check::document::{Item, Text};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::sql::fragment::{PrivilegeKind, privilege};
use crate::sql::{parse_name, quote_ident};

use super::fields::{listed, privileges, shown};

const KIND: ObjectKind = ObjectKind {
    render: listed,
    alter: |_, _, _| None,
};

/// The kinds of objects and what ALL means for them.
const KEYS: &[(&str, &[&str])] = &[
    (
        "tables",
        &[
            "select",
            "insert",
            "update",
            "delete",
            "truncate",
            "references",
            "trigger",
        ],
    ),
    ("sequences", &["select", "usage", "update"]),
    ("functions", &["execute"]),
    ("types", &["usage"]),
    ("schemas", &["usage", "create"]),
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of roles") else {
        return;
    };
    let known: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
    for entry in &entries {
        let Some((role, schema)) = target(p, &entry.key) else {
            continue;
        };
        let within = format!("default privileges of {}", entry.key.value);
        let Some(fields) = p.reader.fields(entry, &within, "a table of kinds", &known) else {
            continue;
        };
        let mut wants = Vec::new();
        for (key, all) in KEYS {
            if let Some(item) = fields.get(key)
                && let Some(lines) = privileges(p, item, all)
            {
                if names_itself(p, item, &role) {
                    continue;
                }
                let words = all_of(p, item);
                wants.push(match *key {
                    "tables" if !words.is_empty() => {
                        let text = [words, lines].concat().join(BETWEEN);
                        Want::by(key, text, compare_tables)
                    }
                    _ => Want::list(key, lines),
                });
            }
        }
        let id = ObjectId::new(
            Kind::DefaultPrivileges,
            schema.clone().unwrap_or_default(),
            role.clone(),
        );
        let path = match &schema {
            Some(schema) => format!("{} in schema {}", quote_ident(&role), quote_ident(schema)),
            None => quote_ident(&role),
        };
        let mut rule = ObjectRule::new(&KIND, Target::Id(id));
        rule.needs = vec![ObjectId::new(Kind::Role, "", role)];
        rule.needs
            .extend(schema.map(|schema| ObjectId::new(Kind::Schema, "", schema)));
        let expected = shown(&wants, "default privileges");
        rule.wants = wants;
        p.add(
            format!("default_privileges.{path}"),
            "default_privileges",
            &entry.key,
            expected,
            rule,
        );
    }
}

/// Complains of a role among those that its own objects are to be granted to: it has them anyway.
fn names_itself(p: &mut Parser, item: &Item<'_>, role: &str) -> bool {
    let entries = p.reader.items(item, "a table of roles with their privileges");
    for entry in entries.unwrap_or_default() {
        if p.reader.ident(&item.key.value, &entry.key).as_deref() == Some(role) {
            p.reader.error_help(
                entry.key.span,
                format!("`{}`: {} owns what it makes", item.key.value, quote_ident(role)),
                "leave it out: what others than the owner hold is compared",
            );
            return true;
        }
    }
    false
}

/// Stands between privileges, and before the roles that are to have all, whatever the version means by it.
const BETWEEN: &str = "\u{1f}";
const ALL: char = '\u{1e}';

/// The roles of which `all` is said, as lines of the catalog spell them, with their grant option.
fn all_of(p: &mut Parser, item: &Item<'_>) -> Vec<String> {
    let mut found = Vec::new();
    for entry in p.reader.items(item, "a table of roles").unwrap_or_default() {
        let texts = p.reader.strings(&entry).unwrap_or_default();
        let all = texts.iter().filter_map(|text| privilege(&text.value).ok());
        let all: Vec<bool> = all
            .filter(|privilege| privilege.kind == PrivilegeKind::All)
            .map(|privilege| privilege.grantable)
            .collect();
        let Some(role) = p.reader.ident(&item.key.value, &entry.key) else {
            continue;
        };
        let role = if role == "public" {
            role
        } else {
            quote_ident(&role)
        };
        found.extend(all.into_iter().map(|option| {
            let option = if option { " with grant option" } else { "" };
            format!("{ALL}{role}{option}")
        }));
    }
    found
}

/// ALL is what the server's version means by it.
fn compare_tables(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let (all, lines): (Vec<&str>, Vec<&str>) = wanted.split(BETWEEN).partition(|part| part.starts_with(ALL));
    let have: Vec<String> = object.list("tables").to_vec();
    let mut wanted: Vec<String> = lines.into_iter().map(str::to_string).collect();
    let maintain: Vec<String> = all
        .iter()
        .map(|role| format!("maintain to {}", role.trim_start_matches(ALL)))
        .filter(|line| !wanted.contains(line))
        .collect();
    let is_newer = match have.iter().any(|line| line.starts_with("maintain to ")) {
        true => true,
        // only where all else is there the version decides
        false if wanted.iter().any(|line| !have.contains(line)) => false,
        false => match judge.major_version() {
            Ok(version) => version >= 17,
            Err(comparison) => return comparison,
        },
    };
    if is_newer {
        wanted.extend(maintain);
    }
    wanted.sort();
    let mut have = have;
    have.sort();
    if wanted == have {
        Comparison::Same
    } else {
        Comparison::differs("tables", Some(show_list(&have)), Some(show_list(&wanted)))
    }
}

/// What an entry that the catalog does not have stands for: of a role, what PostgreSQL gives by itself; in a schema,
/// nothing beyond that.
pub(crate) fn untouched(id: &ObjectId) -> Object {
    let mut object = Object::new(id.clone());
    let usual: &[(&'static str, &str)] = match id.schema.is_empty() {
        true => &[("functions", "execute to public"), ("types", "usage to public")],
        false => &[],
    };
    for (key, line) in usual {
        object.properties.insert(key, Value::List(vec![line.to_string()]));
    }
    object
}

/// `boss in schema app` → the role, and the schema unless it is everywhere.
fn target(p: &mut Parser, key: &Text) -> Option<(String, Option<String>)> {
    let lower = key.value.to_ascii_lowercase();
    let parsed = match lower.find(" in schema ") {
        Some(at) => {
            let schema = &key.value[at + " in schema ".len()..];
            (
                parse_name(key.value[..at].trim()),
                Some(parse_name(schema.trim())),
            )
        }
        None => (parse_name(key.value.trim()), None),
    };
    match parsed {
        (Ok(role), None) if role.schema.is_none() => Some((role.name, None)),
        (Ok(role), Some(Ok(schema))) if role.schema.is_none() && schema.schema.is_none() => {
            Some((role.name, Some(schema.name)))
        }
        _ => {
            p.reader.error_help(
                key.span,
                format!("`default_privileges`: \"{}\" names no role", key.value),
                "write \"owner\", or \"owner in schema app\"",
            );
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn of_a_role_in_a_schema() {
        let text = "[default_privileges.\"boss in schema public\"]\ntables = { app = [\"select\"] }\n\
                    [default_privileges.boss]\nfunctions = {}\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        assert_eq!(
            one(&verdicts, "0001/default_privileges.boss in schema public").message,
            "default privileges public.boss: tables is `(insert to app, select to app)`, want `(select to app)`"
        );
        assert_eq!(
            one(&verdicts, "0001/default_privileges.boss").message,
            "default privileges boss does not exist"
        );
    }

    #[test]
    fn a_key_without_role() {
        assert_eq!(
            complaints("[default_privileges.\"a.b\"]\ntables = {}\n"),
            [
                "1:21 `default_privileges`: \"a.b\" names no role (write \"owner\", or \"owner in schema app\")"
            ]
        );
    }
}
