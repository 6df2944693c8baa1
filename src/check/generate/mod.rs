//! A suite from a catalog: complete, tidy enough to be kept by hand, and the same text for the same catalog.
//!
//! What is PostgreSQL's default is left out, for `complete = true` says just that. Pure: whether a tidied text still
//! means what the catalog has is for the server to say, and the caller asks it by judging the suite.

mod database;
mod objects;
mod page;
mod relation;
mod select;
mod tidy;

use std::collections::BTreeMap;

pub use page::Page;
pub use select::{Selection, select};
pub use tidy::Level;

use crate::catalog::{Catalog, Kind, Object, ObjectId};
use crate::sql::fragment::commented_identity;
use crate::sql::{parse_name, quote_ident};

use super::kind::fields::NOTHING;
use super::suite::spell;
use page::{Node, Table};

/// What the suite says besides the objects.
#[derive(Debug, Clone, Default)]
pub struct Style {
    pub title: String,
    /// Where names without a schema are looked for.
    pub schema: String,
    /// Schemas that hold nothing but what is listed.
    pub exact: Vec<String>,
    /// Whether the same goes for what is in no schema: servers, event triggers, publications, default privileges.
    pub exact_database: bool,
    /// Whether owners are pinned.
    pub owners: bool,
    /// The server's version: 150004.
    pub version_num: u32,
    /// Objects whose SQL is tidied less than others'.
    pub levels: BTreeMap<ObjectId, Level>,
}

/// The words of `exact` for what a schema holds.
const IN_SCHEMA: &[&str] = &[
    "tables",
    "functions",
    "types",
    "views",
    "materialized_views",
    "sequences",
    "comments",
];

/// Those for what is in no schema. Roles belong to the server, extensions come with the platform.
const IN_DATABASE: &[&str] = &[
    "schemas",
    "foreign_servers",
    "event_triggers",
    "publications",
    "default_privileges",
    "database_comments",
];

/// Writes the suite of all objects of the catalog.
pub fn write(catalog: &Catalog, style: &Style) -> Page {
    let writer = Writer { catalog, style };
    let mut document = Table::new();
    document.text("title", &style.title);
    document.text("schema", quote_ident(&style.schema));
    document.put("complete", Node::Bool(true));
    document.texts("exact", writer.exact());
    writer.database(&mut document);
    writer.types(&mut document);
    writer.sequences(&mut document);
    writer.relations(&mut document);
    writer.views(&mut document);
    writer.routines(&mut document);
    writer.reactions(&mut document);
    let mut page = Page::of(&document);
    let left = writer.left();
    if !left.is_empty() {
        page.blank();
        page.comment(&["What check files have no word for, and so is not watched:".to_string()]);
        page.comment(&left);
    }
    page
}

impl Page {
    /// Whether it tells of nothing.
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The objects that are told on that line, from 1 on.
    pub fn objects_at(&self, line: u32) -> impl Iterator<Item = &ObjectId> {
        self.places
            .iter()
            .filter(move |(at, _)| u32::try_from(*at) == Ok(line))
            .map(|(_, id)| id)
    }
}

struct Writer<'a> {
    catalog: &'a Catalog,
    style: &'a Style,
}

impl<'a> Writer<'a> {
    fn exact(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for schema in &self.style.exact {
            words.extend(IN_SCHEMA.iter().map(|word| {
                if *schema == self.style.schema {
                    (*word).to_string()
                } else {
                    format!("{word} in {}", quote_ident(schema))
                }
            }));
        }
        if self.style.exact_database {
            words.extend(IN_DATABASE.iter().map(ToString::to_string));
        }
        words
    }

    /// A fragment of SQL of that object.
    fn sql(&self, id: &ObjectId, text: &str) -> String {
        tidy::sql(text, &self.style.schema, self.level(id))
    }

    fn level(&self, id: &ObjectId) -> Level {
        self.style.levels.get(id).copied().unwrap_or(Level::Plain)
    }

    /// A type that an object names.
    fn type_name(&self, text: &str) -> String {
        tidy::type_name(text, &self.style.schema)
    }

    /// The name of something, without the suite's schema.
    fn name(&self, text: &str) -> String {
        tidy::name(text, &self.style.schema)
    }

    /// The name of something that an object refers to, without the suite's schema unless a bare one would mean the server's.
    fn reference(&self, what: &str, object: &Object, text: &str) -> String {
        let is_other = parse_name(text).is_ok_and(|name| {
            name.schema.is_some()
                && crate::check::kind::reference::is_namesake(what, "pg_catalog", &name.name, object)
        });
        match is_other {
            true => text.to_string(),
            false => self.name(text),
        }
    }

    /// An object's key in the suite.
    fn key(&self, id: &ObjectId) -> String {
        if id.schema == self.style.schema || id.schema.is_empty() {
            bare(&id.name)
        } else {
            spell(&self.style.schema, &id.schema, &id.name)
        }
    }

    /// `comment`, and `owner` where owners are wanted.
    fn common(&self, table: &mut Table, object: &Object) {
        if self.style.owners {
            table.maybe("owner", object.text("owner").map(bare));
        }
        table.maybe("comment", object.text("comment"));
    }

    /// What is known of the objects and has no word in check files.
    fn left(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for object in self.catalog.iter() {
            // those of the database itself are no schema's business
            if object.id.kind == Kind::Other && object.id.relation != "database" {
                let but = match commented_identity(&object.id.relation, &object.id.name) {
                    Some(_) => " (its comment is)",
                    None => "",
                };
                lines.push(format!("- {}{but}", object.id));
            }
            let details = object.list("details");
            if !details.is_empty() {
                lines.push(format!("- {}: {}", object.id, details.join(", ")));
            }
        }
        lines
    }
}

/// A name as the key of an entry: in double quotes only where SQL would read another name.
fn bare(name: &str) -> String {
    match parse_name(name) {
        Ok(parsed) if parsed.schema.is_none() && parsed.name == name => name.to_string(),
        _ => quote_ident(name),
    }
}

/// `name=value` each, as a table.
fn options(lines: &[String]) -> Table {
    let mut table = Table::new();
    for line in lines {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        let is_number = value
            .parse::<i64>()
            .is_ok_and(|number| number.to_string() == value);
        table.put(
            name,
            match value {
                "true" => Node::Bool(true),
                "false" => Node::Bool(false),
                _ if is_number => Node::Number(value.to_string()),
                _ => Node::Text(value.to_string()),
            },
        );
    }
    table
}

/// `execute to app` each → privileges by role.
fn privileges(lines: &[String]) -> Table {
    let mut by_role: Vec<(String, Vec<String>)> = Vec::new();
    for line in lines {
        let Some((privilege, to)) = line.split_once(" to ") else {
            continue;
        };
        let (role, option) = match to.strip_suffix(" with grant option") {
            Some(role) => (role, " with grant option"),
            None => (to, ""),
        };
        let role = parse_name(role).map_or_else(|_| role.to_string(), |name| bare(&name.name));
        let word = (privilege != NOTHING).then(|| format!("{privilege}{option}"));
        match by_role.iter_mut().find(|(other, _)| *other == role) {
            Some((_, words)) => words.extend(word),
            None => by_role.push((role, Vec::from_iter(word))),
        }
    }
    let mut table = Table::new();
    for (role, words) in by_role {
        table.put(&role, Node::Texts(words));
    }
    table
}

/// `grant = { … }`, where the privileges are not those that PostgreSQL gives by itself.
fn grants(table: &mut Table, object: &Object, usual: &[&str]) {
    let lines = object.list("privileges");
    if lines != usual {
        table.put("grant", Node::Table(privileges(lines)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::testing::{literal, sample, settle, suite};
    use crate::check::{Status, evaluate};

    /// The sample's catalog meets the suite that is written from it, as printed and tidied.
    #[test]
    fn a_catalog_meets_its_own_suite() {
        let catalog = sample();
        let printed = Style {
            title: "Sample".to_string(),
            schema: "public".to_string(),
            exact: vec!["public".to_string()],
            levels: catalog
                .iter()
                .map(|object| (object.id.clone(), Level::Printed))
                .collect(),
            ..Style::default()
        };
        let page = write(&catalog, &printed);
        let suite = suite("sample", &page.text);
        let verdicts = settle(&[&suite], &catalog, literal);
        let troubles: Vec<String> = verdicts
            .iter()
            .filter(|verdict| verdict.status != Status::Pass)
            .map(|verdict| format!("{}: {}", verdict.id, verdict.message))
            .collect();
        assert!(troubles.is_empty(), "{}\n{}", troubles.join("\n"), page.text);
        assert_eq!(write(&catalog, &printed), page);
        // what may have been tidied too far can be told from the place of its verdict
        let evaluation = evaluate(&[&suite], &Catalog::default(), &Default::default());
        for verdict in evaluation.verdicts {
            // `log/partition_by` has a line of its own and is written as it is
            let last = verdict.id.rsplit('/').next().unwrap_or_default();
            assert!(
                page.objects_at(verdict.source.line).next().is_some() || !last.contains('.'),
                "{} at line {}",
                verdict.id,
                verdict.source.line
            );
        }
    }
}
