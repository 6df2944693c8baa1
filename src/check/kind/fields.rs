//! What the properties of many kinds have in common: fields of a table, privileges, options.

use toml::de::DeValue;

use crate::catalog::{Kind, Object, Stated, Value};
use crate::check::compare::{Comparison, Want, Wanted, show_list};
use crate::check::document::{Fields, Item, Text, items_of};
use crate::check::object::ObjectRule;
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{PrivilegeKind, privilege};
use crate::sql::{quote_ident, quote_literal};

use super::default_privileges;
use super::defaults::privileges_as_made;
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

// ── comments on parts ──

/// The comments on the attributes of a composite type or on the constraints of a domain, by name: of those that are named,
/// in a complete suite of all.
pub(crate) fn comments_want(p: &Parser, kind: Kind, comments: Vec<(String, String)>) -> Want {
    let mut lines: Vec<String> = comments
        .into_iter()
        .map(|(name, text)| format!("{}: {text}", quote_ident(&name)))
        .collect();
    if p.complete {
        lines.push(EVERY.to_string());
    }
    let (property, _) = comments_of(kind);
    Want::by(property, lines.join(BETWEEN), compare_comments)
}

/// The property that holds them, and what one of the parts is called.
fn comments_of(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Composite => ("attribute_comments", "attribute"),
        _ => ("check_comments", "check"),
    }
}

/// `"a: b": text` → the name as SQL quotes it, and the text.
pub(crate) fn named_part(line: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    let (at, _) = line.char_indices().find(|(_, char)| {
        quoted ^= *char == '"';
        !quoted && *char == ':'
    })?;
    let text = &line[at + 1..];
    Some((&line[..at], text.strip_prefix(' ').unwrap_or(text)))
}

fn compare_comments(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let (property, part) = comments_of(object.id.kind);
    let lines = || wanted.split(BETWEEN);
    let wanted: Vec<(&str, &str)> = lines().filter_map(named_part).collect();
    let have: Vec<(&str, &str)> = object
        .list(property)
        .iter()
        .filter_map(|line| named_part(line))
        .collect();
    let text = |of: &[(&str, &str)], name: &str| {
        let found = of.iter().find(|(other, text)| *other == name && !text.is_empty());
        found.map(|(_, text)| (*text).to_string())
    };
    let unnamed = have.iter().filter(|(name, _)| {
        lines().any(|line| line == EVERY) && !wanted.iter().any(|(other, _)| other == name)
    });
    let differences: Vec<Difference> = wanted
        .iter()
        .chain(unnamed)
        .map(|(name, _)| Difference {
            part: format!("comment on {part} {name}"),
            have: text(&have, name),
            want: text(&wanted, name),
            refusal: None,
        })
        .filter(|difference| difference.have != difference.want)
        .collect();
    match differences.is_empty() {
        true => Comparison::Same,
        false => Comparison::Differs(differences),
    }
}

/// `COMMENT ON …` a part, when it is all that differs.
pub(crate) fn part_comment_remedy(object: &Object, differences: &[Difference]) -> Option<String> {
    let [difference] = differences else { return None };
    let (_, part) = comments_of(object.id.kind);
    let rest = difference.part.strip_prefix("comment on ")?;
    let name = rest.strip_prefix(part)?.trim_start();
    let path = object.id.path();
    let on = match object.id.kind {
        Kind::Composite => format!("COLUMN {path}.{name}"),
        _ => format!("CONSTRAINT {name} ON DOMAIN {path}"),
    };
    let text = difference.want.as_deref();
    let text = text.map_or("NULL".to_string(), quote_literal);
    Some(format!("COMMENT ON {on} IS {text}"))
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

/// What a suite says of privileges.
#[derive(Debug, Clone, Default)]
pub(crate) struct Privileges {
    /// `execute to app` each, `nothing to app` for an empty array.
    pub(crate) lines: Vec<String>,
    /// `app` or `app with grant option`, of which ALL is said.
    pub(crate) all: Vec<String>,
    /// Whether everyone has what PostgreSQL gives everyone.
    pub(crate) by_default: bool,
    /// Whether what is left to the owner is in question although nobody names it.
    pub(crate) is_whole: bool,
}

impl Privileges {
    /// Those that `owner` has or is said to have are compared where the suite names it or is a complete one.
    fn names(&self, owner: &str) -> bool {
        self.is_whole || self.lines.iter().any(|line| holder(line) == owner)
    }

    /// Those of `have` that are in question.
    pub(crate) fn in_question(&self, have: &[String], owner: &str) -> Vec<String> {
        let is_asked = |line: &&String| self.names(owner) || holder(line) != owner;
        have.iter().filter(is_asked).cloned().collect()
    }

    /// What an object has that is in question, and what is wanted of it.
    fn of_object(&self, object: &Object) -> (Vec<String>, Vec<String>) {
        let owner = object.text("owner").map(quote_ident).unwrap_or_default();
        let mut wanted = of_whole(self.lines.clone(), &owner, all_privileges(object.id.kind));
        if self.by_default {
            wanted.extend(privileges_as_made(object));
        }
        (self.in_question(object.list("privileges"), &owner), wanted)
    }

    pub(crate) fn compare(
        &self,
        property: &'static str,
        object: &Object,
        judge: &mut Judge<'_>,
    ) -> Comparison {
        let (have, wanted) = match object.id.kind {
            Kind::DefaultPrivileges => match default_privileges::of_role(self, property, object, judge) {
                Ok(both) => both,
                Err(comparison) => return comparison,
            },
            _ => self.of_object(object),
        };
        same_privileges(property, have, wanted)
    }
}

/// `grant = { app = ["execute"] }`: all that others than the owner hold, `public` among them; and what is left to the
/// owner, where it is named or the suite is a complete one.
pub(crate) fn grants(p: &mut Parser, fields: &Fields<'_>, kind: Kind) -> Option<Want> {
    let item = fields.get("grant")?;
    let privileges = privileges(p, item, kind, all_privileges(kind))?;
    let stated = Stated::SCHEMA.when(privileges.by_default);
    Some(Want::privileges("privileges", privileges).stating(stated))
}

/// Stands between comments on parts.
const BETWEEN: &str = "\u{1f}";

/// Stands for any part among those that are named.
const EVERY: &str = "*";

/// Compares lines of privileges in any order.
pub(crate) fn same_privileges(part: &str, mut have: Vec<String>, mut wanted: Vec<String>) -> Comparison {
    have.sort();
    wanted.sort();
    if have == wanted {
        Comparison::Same
    } else {
        Comparison::differs(part, Some(show_list(&have)), Some(show_list(&wanted)))
    }
}

/// The role of a line of privileges, as SQL spells it.
pub(crate) fn holder(line: &str) -> &str {
    let to = line.split_once(" to ").map_or("", |(_, to)| to);
    to.strip_suffix(" with grant option").unwrap_or(to)
}

/// Stands for the privileges of a role that a suite says has none.
pub(crate) const NOTHING: &str = "nothing";

/// The lines of an object of `owner` as the catalog has them: an owner that holds `all` has none, and only the owner
/// is said to have nothing.
pub(crate) fn of_whole(mut lines: Vec<String>, owner: &str, all: &[&str]) -> Vec<String> {
    let holds = |wanted: &str| {
        let mut its = lines.iter().filter(|line| holder(line) == owner);
        its.any(|line| word(line) == wanted)
    };
    let is_whole = all.iter().all(|word| holds(word));
    lines.retain(|line| match holder(line) == owner {
        true => !is_whole,
        false => word(line) != NOTHING,
    });
    // the option is the owner's anyway
    for line in &mut lines {
        if holder(line) == owner {
            *line = format!("{} to {owner}", word(line));
        }
    }
    lines.sort();
    lines.dedup();
    lines
}

/// The same lines with what an owner holds said in any case.
fn told_of_owner(mut lines: Vec<String>, owner: &str, all: &[&str]) -> Vec<String> {
    if !lines.iter().any(|line| holder(line) == owner) {
        lines.extend(all.iter().map(|word| format!("{word} to {owner}")));
    }
    lines.retain(|line| word(line) != NOTHING);
    lines
}

/// The privilege of a line of privileges.
fn word(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default()
}

/// What everyone has of a schema by itself, as a word among privileges.
pub(crate) const DEFAULT: &str = "default";

/// The privileges of a table of roles.
pub(crate) fn privileges(p: &mut Parser, item: &Item<'_>, kind: Kind, all: &[&str]) -> Option<Privileges> {
    let entries = p.reader.items(item, "a table of roles with their privileges")?;
    let mut found = Privileges {
        is_whole: p.complete,
        ..Privileges::default()
    };
    for entry in &entries {
        let role = p.reader.ident(&item.key.value, &entry.key)?;
        let is_everyone = role == "public";
        let role = if is_everyone { role } else { quote_ident(&role) };
        let texts = p.reader.strings(entry)?;
        if texts.is_empty() {
            found.lines.push(format!("{NOTHING} to {role}"));
        }
        for text in texts {
            if kind == Kind::Schema && is_everyone && text.value == DEFAULT {
                found.by_default = true;
                continue;
            }
            let privilege = p.fragment(&entry.key.value, &text, privilege)?;
            let option = if privilege.grantable {
                " with grant option"
            } else {
                ""
            };
            let words: Vec<&str> = match privilege.kind {
                PrivilegeKind::All => all.to_vec(),
                kind => vec![kind.as_str()],
            };
            if privilege.kind == PrivilegeKind::All {
                found.all.push(format!("{role}{option}"));
            }
            found
                .lines
                .extend(words.iter().map(|word| format!("{word} to {role}{option}")));
        }
    }
    found.lines.sort();
    found.lines.dedup();
    Some(found)
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
    let (have, wanted) = match rule.wanted("privileges") {
        Some(Wanted::Is(Some(Value::List(wanted)))) => (object.list("privileges").to_vec(), wanted.clone()),
        Some(Wanted::Privileges(privileges)) => privileges.of_object(object),
        _ => return None,
    };
    let owner = object.text("owner").map(quote_ident).unwrap_or_default();
    let [have, wanted] =
        [have, wanted].map(|lines| told_of_owner(lines, &owner, all_privileges(object.id.kind)));
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
            Wanted::Privileges(privileges) => Some(format!(
                "{} {}",
                crate::check::compare::part_of(want.property),
                show_list(&privileges.lines)
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
