//! `[default_privileges."ROLE in schema NAME"]`: what the role's new objects bring; what is named is compared.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want};
use crate::check::document::{Item, Text};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::sql::{parse_name, quote_ident};

use super::fields::{NOTHING, Privileges, listed, of_whole, privileges, shown};

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

/// What ALL means for tables, before 17 added MAINTAIN.
pub(crate) fn of_tables() -> &'static [&'static str] {
    KEYS[0].1
}

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
                && let Some(privileges) = privileges(p, item, Kind::DefaultPrivileges, all)
            {
                wants.push(Want::privileges(key, privileges));
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

/// What one key is about: what there is, and what is wanted. ALL is what the server's version means by it.
pub(crate) fn of_role(
    privileges: &Privileges,
    key: &'static str,
    object: &Object,
    judge: &mut Judge<'_>,
) -> Result<(Vec<String>, Vec<String>), Comparison> {
    let role = quote_ident(&object.id.name);
    let have = privileges.in_question(object.list(key), &role);
    let mut wanted = privileges.lines.clone();
    let words = KEYS
        .iter()
        .find(|(name, _)| *name == key)
        .map_or(&[][..], |(_, words)| *words);
    // what is granted in a schema comes on top, and takes nothing away
    let mut whole: Vec<&str> = match object.id.schema.is_empty() {
        true => words.to_vec(),
        false => vec![NOTHING],
    };
    if key == "tables" {
        let maintain = privileges.all.iter().map(|role| format!("maintain to {role}"));
        let missing: Vec<String> = maintain.filter(|line| !wanted.contains(line)).collect();
        let has = |line: &str, lines: &[String]| lines.iter().any(|other| other == line);
        let seven = words
            .iter()
            .all(|word| has(&format!("{word} to {role}"), &wanted));
        let is_newer = match have.iter().any(|line| line.starts_with("maintain to ")) {
            true => true,
            // only where all else is there the version decides
            false if !seven && (missing.is_empty() || wanted.iter().any(|line| !has(line, &have))) => false,
            false => judge.major_version()? >= 17,
        };
        if is_newer {
            wanted.extend(missing);
            whole.push("maintain");
        }
    }
    Ok((have, of_whole(wanted, &role, &whole)))
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
