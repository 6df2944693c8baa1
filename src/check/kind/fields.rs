//! What the properties of many kinds have in common: fields of a table, privileges, options.

use toml::de::DeValue;

use crate::catalog::{Kind, Object, Value};
use crate::check::compare::{Comparison, Want, Wanted, show_list};
use crate::check::document::{Fields, Item, Text, items_of};
use crate::check::object::ObjectRule;
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{PrivilegeKind, privilege};
use crate::sql::quote_ident;

use super::table::{comment, comment_remedy, owner_remedy};

/// `owner` and `comment`, which most objects have.
pub(crate) fn common(p: &mut Parser, fields: &Fields<'_>) -> Vec<Want> {
    let mut wants = Vec::new();
    if let Some(text) = string(p, fields, "comment") {
        wants.push(comment(&text.value));
    }
    if let Some(text) = string(p, fields, "owner")
        && let Some(owner) = role(p, "owner", &text)
    {
        wants.push(Want::text("owner", owner));
    }
    wants
}

/// The name of a role. What SQL takes for whoever runs it is no name that an owner could have later.
pub(crate) fn role(p: &mut Parser, key: &str, text: &Text) -> Option<String> {
    let word = text.value.trim().to_ascii_lowercase();
    if matches!(
        word.as_str(),
        "current_user" | "current_role" | "session_user" | "user"
    ) {
        p.reader.error_help(
            text.span,
            format!("`{key}`: {word} is whoever is connected, and no role by that name"),
            "write the name of the role",
        );
        return None;
    }
    p.reader.ident(key, text)
}

pub(crate) fn string(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<Text> {
    let item = fields.get(key)?;
    p.reader.string(item)
}

/// A name without a schema.
pub(crate) fn ident(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<String> {
    let text = string(p, fields, key)?;
    p.reader.ident(key, &text)
}

/// A switch, when it is said.
pub(crate) fn switch(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<bool> {
    let item = fields.get(key)?;
    p.reader.boolean(item)
}

/// A whole number, when it is said.
pub(crate) fn number(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<i64> {
    let item = fields.get(key)?;
    let value = item
        .value
        .get_ref()
        .as_integer()
        .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
    if value.is_none() {
        p.reader.mismatch(item, "a whole number");
    }
    value
}

/// SQL names without a schema; may be none.
pub(crate) fn idents(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<Vec<String>> {
    let item = fields.get(key)?;
    let texts = p.reader.strings(item)?;
    texts.iter().map(|text| p.reader.ident(key, text)).collect()
}

/// `name=value` each, of `{ name = "value" }` or `["name=value"]`.
pub(crate) fn options(p: &mut Parser, item: &Item<'_>) -> Option<Vec<String>> {
    let Some(items) = items_of(item.value) else {
        return Some(
            p.reader
                .strings(item)?
                .into_iter()
                .map(|text| text.value)
                .collect(),
        );
    };
    let mut lines = Vec::new();
    for option in &items {
        let name = &option.key.value;
        match option.value.get_ref() {
            // `toast.autovacuum_enabled` without quotes is a table in a table
            DeValue::Table(_) => {
                for line in options(p, option)? {
                    lines.push(format!("{name}.{line}"));
                }
            }
            DeValue::Boolean(value) => lines.push(format!("{name}={value}")),
            DeValue::Integer(value) => lines.push(format!("{name}={value}")),
            DeValue::Float(value) => lines.push(format!("{name}={value}")),
            _ => lines.push(format!("{name}={}", p.reader.string(option)?.value)),
        }
    }
    Some(lines)
}

/// `options` of an object; what may be a secret is not compared, as the catalog does not show it.
pub(crate) fn options_want(p: &mut Parser, fields: &Fields<'_>) -> Option<Want> {
    let item = fields.get("options")?;
    let lines = options(p, item)?.into_iter().map(masked).collect();
    Some(Want::list("options", lines))
}

fn masked(line: String) -> String {
    let name = line.split('=').next().unwrap_or("").to_lowercase();
    match line.split_once('=') {
        Some((name_as_written, _))
            if ["passw", "secret", "token"]
                .iter()
                .any(|word| name.contains(word)) =>
        {
            format!("{name_as_written}=********")
        }
        _ => line,
    }
}

// ── privileges ──

/// What ALL means for the objects that are no relations.
pub(crate) fn all_privileges(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Schema => &["usage", "create"],
        Kind::Function => &["execute"],
        _ => &["usage"],
    }
}

/// `grant = { app = ["execute"] }`: all that others than the owner hold, `public` among them.
pub(crate) fn grants(p: &mut Parser, fields: &Fields<'_>, kind: Kind) -> Option<Want> {
    let item = fields.get("grant")?;
    let lines = privileges(p, item, all_privileges(kind))?;
    let roles = p.reader.items(item, "a table of roles with their privileges")?;
    let roles = roles
        .iter()
        .map(|role| Some(format!("{ROLE}{}", p.reader.ident("grant", &role.key)?)))
        .collect::<Option<Vec<String>>>()?;
    let text = [lines, roles].concat().join(BETWEEN);
    Some(Want::by("privileges", text, compare_privileges))
}

/// Stands between privileges, and before the roles that are named.
const BETWEEN: &str = "\u{1f}";
const ROLE: char = '\u{1e}';

/// The wanted privileges of [`grants`], and the roles that it names.
fn granted(text: &str) -> (Vec<String>, Vec<&str>) {
    let parts = text.split(BETWEEN).filter(|part| !part.is_empty());
    let (roles, lines): (Vec<&str>, Vec<&str>) = parts.partition(|part| part.starts_with(ROLE));
    let roles = roles.into_iter().map(|role| role.trim_start_matches(ROLE));
    (lines.into_iter().map(str::to_string).collect(), roles.collect())
}

fn compare_privileges(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let (wanted, roles) = granted(wanted);
    if let Some(owner) = object.text("owner").filter(|owner| roles.contains(owner)) {
        return Comparison::CannotTell(format!(
            "{} owns it, and `grant` says what others than the owner hold: leave that role out",
            quote_ident(owner)
        ));
    }
    let mut have = object.list("privileges").to_vec();
    have.sort();
    if have == wanted {
        Comparison::Same
    } else {
        Comparison::differs("privileges", Some(show_list(&have)), Some(show_list(&wanted)))
    }
}

/// `execute to app` each.
pub(crate) fn privileges(p: &mut Parser, item: &Item<'_>, all: &[&str]) -> Option<Vec<String>> {
    let entries = p.reader.items(item, "a table of roles with their privileges")?;
    let mut lines = Vec::new();
    for entry in &entries {
        let role = p.reader.ident(&item.key.value, &entry.key)?;
        let role = if role == "public" {
            role
        } else {
            quote_ident(&role)
        };
        for text in p.reader.strings(entry)? {
            let privilege = p.fragment(&entry.key.value, &text, privilege)?;
            let words: Vec<&str> = match privilege.kind {
                PrivilegeKind::All => all.to_vec(),
                kind => vec![kind.as_str()],
            };
            let option = if privilege.grantable {
                " with grant option"
            } else {
                ""
            };
            lines.extend(words.iter().map(|word| format!("{word} to {role}{option}")));
        }
    }
    lines.sort();
    lines.dedup();
    Some(lines)
}

/// GRANT and REVOKE, when the privileges are all that differs.
pub(crate) fn grant_remedy(
    word: &str,
    rule: &ObjectRule,
    object: &Object,
    differences: &[Difference],
) -> Option<String> {
    let [difference] = differences else { return None };
    if difference.part != "privileges" {
        return None;
    }
    let wanted = match rule.wanted("privileges") {
        Some(Wanted::Is(Some(Value::List(wanted)))) => wanted.clone(),
        Some(Wanted::By(text, _)) => granted(text).0,
        _ => return None,
    };
    let have = object.list("privileges");
    let path = object.id.path();
    let statement = |line: &String, revoke: bool| {
        let (privilege, to) = line.split_once(" to ")?;
        let (role, option) = match to.strip_suffix(" with grant option") {
            Some(role) => (role, true),
            None => (to, false),
        };
        let privilege = privilege.to_uppercase();
        Some(if revoke {
            format!("REVOKE {privilege} ON {word} {path} FROM {role}")
        } else {
            let option = if option { " WITH GRANT OPTION" } else { "" };
            format!("GRANT {privilege} ON {word} {path} TO {role}{option}")
        })
    };
    let revoked = have
        .iter()
        .filter(|line| !wanted.contains(line))
        .map(|line| statement(line, true));
    let granted = wanted
        .iter()
        .filter(|line| !have.contains(line))
        .map(|line| statement(line, false));
    let statements: Option<Vec<String>> = revoked.chain(granted).collect();
    Some(statements?.join("; "))
}

/// The statement for what most objects have: comment, owner, privileges.
pub(crate) fn usual_remedy(
    word: &str,
    rule: &ObjectRule,
    object: &Object,
    differences: &[Difference],
) -> Option<String> {
    comment_remedy(word, object, differences)
        .or_else(|| owner_remedy(word, object, differences))
        .or_else(|| grant_remedy(word, rule, object, differences))
}

/// What is wanted, as one line of a report: `subtype text, collation "C"`.
pub(crate) fn shown(wants: &[Want], otherwise: &str) -> String {
    let parts: Vec<String> = wants
        .iter()
        .filter(|want| !matches!(want.property, "comment" | "owner" | "privileges"))
        .filter_map(|want| match &want.value {
            Wanted::Is(Some(value)) => Some(format!(
                "{} {}",
                crate::check::compare::part_of(want.property),
                crate::check::compare::show(want.property, value)
            )),
            Wanted::Is(None) => None,
            Wanted::By(text, _) => Some(format!(
                "{} {}",
                crate::check::compare::part_of(want.property),
                text.replace('\n', ", ")
            )),
        })
        .collect();
    if parts.is_empty() {
        otherwise.to_string()
    } else {
        parts.join(", ")
    }
}

/// The properties of an object, as one line of a report.
pub(crate) fn listed(object: &Object) -> String {
    let parts: Vec<String> = object
        .id
        .kind
        .properties()
        .iter()
        .filter(|property| {
            let aside = [
                "comment",
                "owner",
                "privileges",
                "namesakes",
                "opclass_name",
                "collation_name",
            ];
            !aside.contains(&property.name)
        })
        .filter_map(|property| {
            let value = object.get(property.name)?;
            Some(format!(
                "{} {}",
                crate::check::compare::part_of(property.name),
                crate::check::compare::show(property.name, value)
            ))
        })
        .collect();
    if parts.is_empty() {
        object.id.kind.to_string()
    } else {
        parts.join(", ")
    }
}
