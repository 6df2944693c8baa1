//! What is in no schema, and what reacts to others: event triggers, publications, default privileges.

use crate::catalog::{Kind, Object};
use crate::check::kind;
use crate::sql::fragment::commented_identity;
use crate::sql::{normalize, parse_name, quote_ident};

use super::page::{Node, Table};
use super::{Writer, bare, grants, options, privileges};

/// The switches of a role that are off by default.
const SWITCHES: &[&str] = &[
    "login",
    "superuser",
    "createdb",
    "createrole",
    "replication",
    "bypass_row_security",
];

impl Writer<'_> {
    pub(super) fn database(&self, document: &mut Table) {
        self.section(document, "extension", Kind::Extension, |object| {
            let schema = object.text("in_schema").unwrap_or_default();
            let mut more = Table::new();
            if schema != self.style.schema && schema != "pg_catalog" {
                more.text("schema", bare(schema));
            }
            more.maybe("comment", kind::extension::told_comment(object));
            Some(Table::definition("version", Node::Text("*".to_string()), more))
        });
        self.section(document, "schemas", Kind::Schema, |object| {
            // what everyone has of `public` by default differs from version to version
            let is_public = object.id.name == "public";
            let as_made = kind::defaults::privileges_as_made(object);
            let (by_default, rest): (Vec<String>, Vec<String>) = object
                .list("privileges")
                .iter()
                .cloned()
                .partition(|line| as_made.contains(line));
            let is_as_made = is_public
                && (object.flag("made_for_all") || kind::defaults::is_of_database(object))
                && by_default.len() == as_made.len()
                && !rest.iter().any(|line| kind::fields::holder(line) == "public");
            let mut table = Table::new();
            if !is_public {
                grants(&mut table, object, &[]);
            } else if !is_as_made {
                table.put("grant", Node::Table(privileges(object.list("privileges"))));
            } else if !rest.is_empty() {
                let mut roles = privileges(&rest);
                roles.texts("public", vec![kind::fields::DEFAULT.to_string()]);
                table.table("grant", roles);
            }
            let mut object = object.clone();
            if is_public && object.text("comment") == Some(kind::defaults::COMMENT_OF_PUBLIC) {
                object.properties.remove("comment");
            }
            self.common(&mut table, &object);
            let is_told = !is_public || !table.is_empty() || self.style.exact_database;
            is_told.then_some(Node::Table(table))
        });
        self.section(document, "role", Kind::Role, |object| {
            Some(Node::Table(role(object)))
        });
        self.section(document, "server", Kind::Server, |object| {
            let mut table = Table::new();
            table.maybe("wrapper", object.text("wrapper").map(bare));
            table.maybe("type", object.text("type"));
            table.maybe("version", object.text("version"));
            table.table("options", options(object.list("options")));
            grants(&mut table, object, &[]);
            self.common(&mut table, object);
            Some(Node::Table(table))
        });
    }

    pub(super) fn reactions(&self, document: &mut Table) {
        self.section(document, "event_trigger", Kind::EventTrigger, |object| {
            let mut origin = object.clone();
            origin.properties.remove("enabled");
            if let Some(function) = object.text("function") {
                let name = self.name(function);
                origin
                    .properties
                    .insert("function", crate::catalog::Value::Text(name));
            }
            let definition = kind::event_trigger::render(&origin);
            let mut more = Table::new();
            more.maybe("enabled", state(object));
            self.common(&mut more, object);
            Some(Table::definition("definition", Node::Text(definition), more))
        });
        self.section(document, "publication", Kind::Publication, |object| {
            Some(Node::Table(self.publication(object)))
        });
        self.default_privileges(document);
        self.comments(document);
    }

    /// Comments on what has no kind of its own.
    fn comments(&self, document: &mut Table) {
        let mut section = Table::new();
        for object in self.catalog.of_kind(Kind::Other) {
            let on = commented_identity(&object.id.relation, &object.id.name);
            if let (Some(on), Some(text)) = (on, object.text("comment")) {
                section.put_object(
                    on.entry(&self.style.schema),
                    Node::Text(text.to_string()),
                    &object.id,
                );
            }
        }
        document.table("comment", section);
    }

    /// One table of the suite with the objects of a kind.
    pub(super) fn section(
        &self,
        document: &mut Table,
        key: &str,
        kind: Kind,
        node: impl Fn(&Object) -> Option<Node>,
    ) {
        let mut section = Table::new();
        for object in self.catalog.of_kind(kind) {
            if let Some(node) = node(object) {
                section.put_object(self.key(&object.id), node, &object.id);
            }
        }
        document.table(key, section);
    }

    fn publication(&self, object: &Object) -> Table {
        let mut table = Table::new();
        table.flag("all_tables", object.flag("all_tables"));
        let tables = object
            .list("tables")
            .iter()
            .map(|line| self.published(object, line));
        table.texts("tables", tables.collect());
        table.texts(
            "schemas",
            object.list("schemas").iter().map(|name| bare(name)).collect(),
        );
        let all = ["delete", "insert", "truncate", "update"];
        let mut publish = object.list("publish").to_vec();
        publish.sort();
        if publish != all {
            table.put("publish", Node::Texts(object.list("publish").to_vec()));
        }
        table.flag("via_root", object.flag("via_root"));
        table.maybe("generated_columns", object.text("generated_columns"));
        self.common(&mut table, object);
        table
    }

    /// `app.t (a, b) WHERE (…)` → `t (a, b) where (…)`.
    fn published(&self, object: &Object, line: &str) -> String {
        let Ok(parsed) = crate::sql::fragment::published_table(line) else {
            return line.to_string();
        };
        let mut text = self.name(&parsed.name.to_string());
        if !parsed.columns.is_empty() {
            text.push_str(&format!(" {}", kind::primary_key::list(&parsed.columns)));
        }
        if let Some(condition) = &parsed.condition {
            text.push_str(&format!(" where ({})", self.sql(&object.id, condition)));
        }
        text
    }

    fn default_privileges(&self, document: &mut Table) {
        let mut section = Table::new();
        for object in self.catalog.of_kind(Kind::DefaultPrivileges) {
            let id = &object.id;
            let mut table = Table::headed();
            for (key, usual) in [
                ("tables", &[][..]),
                ("sequences", &[]),
                ("functions", &["execute to public"]),
                ("types", &["usage to public"]),
                ("schemas", &[]),
            ] {
                let lines = object.list(key);
                let usual = if id.schema.is_empty() { usual } else { &[] };
                if lines != usual {
                    let lines = match key {
                        "tables" => with_all(lines, self.style.version_num),
                        _ => lines.to_vec(),
                    };
                    table.put(key, Node::Table(privileges(&lines)));
                }
            }
            let key = match id.schema.as_str() {
                "" => quote_ident(&id.name),
                schema => format!("{} in schema {}", quote_ident(&id.name), quote_ident(schema)),
            };
            section.put_object(key, Node::Table(table), id);
        }
        document.table("default_privileges", section);
    }
}

/// `all to app` in the place of the words that the server's version means by it: another may mean more.
fn with_all(lines: &[String], version_num: u32) -> Vec<String> {
    let mut all = kind::default_privileges::of_tables().to_vec();
    if version_num >= 170_000 {
        all.push("maintain");
    }
    let is_all = |to: &str| all.iter().all(|word| lines.contains(&format!("{word} {to}")));
    let mut told: Vec<String> = lines
        .iter()
        .map(|line| match line.split_once(' ') {
            Some((_, to)) if is_all(to) => format!("all {to}"),
            _ => line.clone(),
        })
        .collect();
    told.sort();
    told.dedup();
    told
}

/// The state of a trigger or rule, where it is not the usual one.
pub(super) fn state(object: &Object) -> Option<&str> {
    object.text("enabled").filter(|state| *state != "origin")
}

fn role(object: &Object) -> Table {
    let mut table = Table::new();
    for switch in SWITCHES {
        table.flag(switch, object.flag(switch));
    }
    if !object.flag("inherit") {
        table.put("inherit", Node::Bool(false));
    }
    for key in [
        "member_of",
        "admin_of",
        "inherit_of",
        "no_inherit_of",
        "no_set_of",
    ] {
        table.texts(key, object.list(key).iter().map(|name| bare(name)).collect());
    }
    if let Some(limit) = object.get("connection_limit") {
        table.number("connection_limit", limit);
    }
    table.maybe("valid_until", object.text("valid_until"));
    table.table("settings", settings(object.list("settings")));
    table.maybe("comment", object.text("comment"));
    table
}

/// Settings as a table; a search_path without needless quotes.
pub(super) fn settings(lines: &[String]) -> Table {
    let mut table = Table::new();
    for line in lines {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let plain = value
            .split(", ")
            .all(|part| parse_name(part).is_ok_and(|name| normalize(&quote_ident(&name.name)) == part));
        let value = if name == "search_path" && !plain && value.is_empty() {
            "\"\"".to_string()
        } else {
            value.to_string()
        };
        table.text(name, value);
    }
    table
}
