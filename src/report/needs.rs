//! What objects rest on that were there before them, as the catalog's own texts tell.

use std::collections::{BTreeMap, BTreeSet};

use super::model::is_partition;
use super::summary::relation_path;
use crate::catalog::{Kind, Object, ObjectId};
use crate::sql::{TokenKind, lex, quote_ident};

/// Something that was there before, and who uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// `table`, `function`, `type`, `role`, `schema`.
    pub kind: &'static str,
    /// SQL name.
    pub name: String,
    /// The objects that rest on it, by kind: `3 foreign keys`.
    pub users: BTreeMap<Kind, usize>,
}

/// What `objects` rest on and do not hold themselves: targets of foreign keys, relations and functions that
/// policies and other expressions name, types of columns, functions of triggers, roles, schemas. Bodies of
/// functions are texts to the catalog, and are not looked into.
pub fn needs(objects: &[Object]) -> Vec<Need> {
    let partitions: BTreeSet<String> = objects
        .iter()
        .filter(|object| is_partition(object))
        .map(|object| object.id.path())
        .collect();
    let is_derived = |object: &Object| {
        object.flag("cloned")
            || object.get("partition_of").is_some() && object.id.kind == Kind::Index
            || !matches!(object.id.kind, Kind::Policy | Kind::Trigger | Kind::Grant)
                && partitions.contains(&relation_path(object))
    };
    let mut found: BTreeMap<(&'static str, String), BTreeMap<Kind, BTreeSet<&ObjectId>>> = BTreeMap::new();
    for object in objects.iter().filter(|object| !is_derived(object)) {
        let user = object.id.kind;
        let mut note = |kind: &'static str, name: String, user: Kind| {
            let users = found.entry((kind, name)).or_default();
            users.entry(user).or_default().insert(&object.id);
        };
        if !object.id.schema.is_empty() && object.id.relation.is_empty() {
            note("schema", quote_ident(&object.id.schema), user);
        }
        match user {
            Kind::ForeignKey => note("table", text(object, "target"), user),
            Kind::Table => {
                for parent in object.list("inherits") {
                    note("table", parent.clone(), user);
                }
                if object.get("bound").is_some() {
                    note("table", text(object, "partition_of"), user);
                }
            }
            Kind::Column | Kind::Domain => {
                if let Some(name) = object.text("type").and_then(qualified_type) {
                    note("type", name, user);
                }
            }
            Kind::Trigger => note("function", text(object, "function"), user),
            Kind::Policy => {
                for role in object.list("roles").iter().filter(|role| *role != "public") {
                    note("role", quote_ident(role), user);
                }
            }
            Kind::Grant if object.id.name != "public" => note("role", quote_ident(&object.id.name), user),
            _ => {}
        }
        for property in [
            "using",
            "with_check",
            "expression",
            "default",
            "generated",
            "when",
            "definition",
        ] {
            for (kind, name) in object.text(property).map(named).unwrap_or_default() {
                note(kind, name, user);
            }
        }
    }
    found
        .into_iter()
        .filter(|((kind, name), _)| !name.is_empty() && !holds(objects, kind, name))
        .filter(|((_, name), _)| !matches!(name.as_str(), "public" | "pg_catalog"))
        .map(|((kind, name), users)| Need {
            kind,
            name,
            users: users
                .into_iter()
                .map(|(kind, users)| (kind, users.len()))
                .collect(),
        })
        .collect()
}

fn text(object: &Object, property: &str) -> String {
    object.text(property).unwrap_or_default().to_string()
}

/// Whether the thing is among the objects themselves.
fn holds(objects: &[Object], kind: &str, name: &str) -> bool {
    objects.iter().any(|object| {
        let id: &ObjectId = &object.id;
        let kinds: &[Kind] = match kind {
            "table" => &Kind::RELATIONS,
            "type" => &[Kind::Enum, Kind::Domain, Kind::Table],
            "role" => &[Kind::Role],
            "schema" => &[Kind::Schema],
            _ => &[Kind::Function],
        };
        let path = id.path();
        kinds.contains(&id.kind)
            && (path == name || (kind == "function" && path.split('(').next() == Some(name)))
    })
}

/// `public.sync_type` of `public.sync_type[]`; `None` for the server's own types, which have no schema.
fn qualified_type(text: &str) -> Option<String> {
    let end = text.find(['(', '[', ' ']).unwrap_or(text.len());
    let name = if text.contains('"') {
        text.trim_end_matches("[]")
    } else {
        &text[..end]
    };
    name.contains('.').then(|| name.to_string())
}

/// The relations and functions that an expression names with their schema, as the server prints all that are
/// not its own: a function stands before a parenthesis, a relation behind FROM or JOIN.
fn named(expression: &str) -> Vec<(&'static str, String)> {
    let tokens: Vec<_> = lex(expression)
        .into_iter()
        .filter(|token| !token.kind.is_trivia())
        .collect();
    let is_name = |index: usize| {
        tokens
            .get(index)
            .is_some_and(|token| matches!(token.kind, TokenKind::Ident | TokenKind::QuotedIdent))
    };
    let is = |index: usize, text: &str| {
        tokens
            .get(index)
            .is_some_and(|token| token.text(expression).eq_ignore_ascii_case(text))
    };
    let mut names = Vec::new();
    for index in 0..tokens.len() {
        let begins = is_name(index) && is(index + 1, ".") && is_name(index + 2);
        if !begins || (index > 0 && is(index - 1, ".")) {
            continue;
        }
        let name = format!(
            "{}.{}",
            tokens[index].text(expression),
            tokens[index + 2].text(expression)
        );
        if is(index + 3, "(") {
            names.push(("function", name));
        } else if index > 0 && (is(index - 1, "from") || is(index - 1, "join")) {
            names.push(("table", name));
        }
    }
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;
    use crate::report::fixture;

    #[test]
    fn names_in_expressions_are_told_from_columns() {
        let using = "(EXISTS ( SELECT 1 FROM auth.users_extended u JOIN \"Odd\".t ON true \
                     WHERE ((u.id = auth.uid()) AND (u.org_id = sync_progress.org_id))))";
        assert_eq!(
            named(using),
            [
                ("function", "auth.uid".to_string()),
                ("table", "\"Odd\".t".to_string()),
                ("table", "auth.users_extended".to_string())
            ]
        );
        assert_eq!(
            qualified_type("public.sync_type[]").as_deref(),
            Some("public.sync_type")
        );
        assert_eq!(qualified_type("character varying(255)"), None);
    }

    #[test]
    fn what_was_there_before_is_named_with_its_users() {
        let migration = &fixture::apply_approved().migrations[0];
        let said: Vec<String> = needs(&migration.artifacts.created)
            .iter()
            .map(|need| format!("{} {} {:?}", need.kind, need.name, need.users))
            .collect();
        assert_eq!(
            said,
            [
                "role authenticated {Grant: 3}",
                "table public.organization {ForeignKey: 3}"
            ]
        );
        let mut column = Object::new(ObjectId::on(Kind::Column, "app", "t", "c"));
        column.properties.insert("type", Value::Text("app.e".to_string()));
        assert_eq!(needs(&[column])[0].name, "app.e");
    }
}
