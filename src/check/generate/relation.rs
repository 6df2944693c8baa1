//! Tables, and what stands on a relation.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::kind;
use crate::check::kind::reference::{COLLATION, OPERATOR_CLASS};
use crate::sql::{parse_name, quote_ident};

use super::page::{Node, Table};
use super::{Writer, bare, options};

impl Writer<'_> {
    pub(super) fn relations(&self, document: &mut Table) {
        let mut section = Table::new();
        for object in self.catalog.of_kind(Kind::Table) {
            let table = self.table(object);
            section.put_object(self.key(&object.id), Node::Table(table), &object.id);
        }
        document.table("table", section);
    }

    fn table(&self, object: &Object) -> Table {
        let id = &object.id;
        let mut table = Table::headed();
        table.maybe(
            "partition_of",
            object.text("partition_of").map(|text| self.name(text)),
        );
        let key = object.text("partition_by").map(|text| self.partition_key(text));
        table.maybe("partition_by", key);
        table.texts(
            "inherits",
            object
                .list("inherits")
                .iter()
                .map(|name| self.name(name))
                .collect(),
        );
        table.maybe("of_type", object.text("of_type").map(|text| self.name(text)));
        table.maybe("server", object.text("server").map(bare));
        let persistence = object.text("persistence").filter(|word| *word != "permanent");
        table.maybe("persistence", persistence);
        if let Some(key) = self.on(Kind::PrimaryKey, id).next() {
            table.put_object("primary_key", self.primary_key(key), &key.id);
        }
        table.maybe(
            "row_security",
            match (object.flag("row_security"), object.flag("force_row_security")) {
                (true, true) => Some("forced"),
                (true, false) => Some("enabled"),
                (false, true) => Some("disabled"),
                (false, false) => None,
            },
        );
        table.maybe("replica_identity", object.text("replica_identity"));
        table.table("options", options(object.list("options")));
        table.maybe("tablespace", object.text("tablespace").map(bare));
        table.maybe("access_method", object.text("access_method").map(bare));
        if object.text("partition_by").is_some() {
            table.put("exact", Node::Texts(vec!["partitions".to_string()]));
        }
        self.common(&mut table, object);
        self.columns(&mut table, id);
        self.keys(&mut table, id);
        self.standing(&mut table, object);
        self.policies(&mut table, id);
        self.partitions(&mut table, object);
        table
    }

    /// What is the relation's own of a kind, rather than its parent's: a share of the parent's only where it has
    /// something of its own.
    fn on<'c>(&'c self, kind: Kind, id: &'c ObjectId) -> impl Iterator<Item = &'c Object> {
        self.catalog
            .on_relation(kind, &id.schema, &id.name)
            .filter(|object| {
                let has = |property| object.get(property).is_some();
                !object.flag("inherited")
                    || object.id.kind == Kind::Column
                    || has("comment")
                    || has("enabled")
            })
    }

    /// One table of entries of a kind.
    fn entries(
        &self,
        table: &mut Table,
        key: &str,
        kind: Kind,
        id: &ObjectId,
        node: impl Fn(&Object) -> Option<Node>,
    ) {
        let mut section = Table::new();
        for object in self.on(kind, id) {
            if let Some(node) = node(object) {
                section.put_object(bare(&object.id.name), node, &object.id);
            }
        }
        table.table(key, section);
    }

    fn primary_key(&self, object: &Object) -> Node {
        let mut more = key_extras(object);
        if object.id.name != format!("{}_pkey", object.id.relation) {
            more.text("name", bare(&object.id.name));
        }
        more.maybe("comment", object.text("comment"));
        Table::definition("columns", columns(object), more)
    }

    fn columns(&self, table: &mut Table, id: &ObjectId) {
        let mut objects: Vec<&Object> = self.on(Kind::Column, id).collect();
        objects.sort_by_key(|object| match object.get("position") {
            Some(Value::Int(position)) => *position,
            _ => 0,
        });
        let mut section = Table::headed();
        for object in objects {
            section.put_object(bare(&object.id.name), self.column_node(object), &object.id);
        }
        table.table("column", section);
    }

    fn column_node(&self, object: &Object) -> Node {
        let mut text = self.type_name(object.text("type").unwrap_or_default());
        if let Some(collation) = object.text("collation") {
            text.push_str(&format!(
                " collate {}",
                self.reference(COLLATION, object, collation)
            ));
        }
        if object.flag("not_null") && object.text("identity").is_none() {
            text.push_str(" not null");
        }
        if let Some(default) = object.text("default") {
            text.push_str(&format!(" default {}", self.default(object, default)));
        }
        if let Some(identity) = object.text("identity") {
            text.push_str(&format!(" generated {identity} as identity"));
        }
        if let Some(generated) = object.text("generated") {
            let kind = object.text("generated_kind").unwrap_or("stored");
            let generated = self.sql(&object.id, generated);
            text.push_str(&format!(" generated always as ({generated}) {kind}"));
        }
        Table::definition("definition", Node::Text(text), column_extras(object))
    }

    fn keys(&self, table: &mut Table, id: &ObjectId) {
        self.entries(table, "unique", Kind::Unique, id, |object| {
            let mut more = key_extras(object);
            more.flag("nulls_not_distinct", object.flag("nulls_not_distinct"));
            more.maybe("comment", object.text("comment"));
            Some(Table::definition("columns", columns(object), more))
        });
        self.entries(table, "check", Kind::Check, id, |object| {
            let mut more = Table::new();
            let not_enforced = object.flag("not_enforced");
            more.flag("not_enforced", not_enforced);
            more.flag("not_valid", !not_enforced && !object.flag("validated"));
            more.flag("no_inherit", object.flag("no_inherit"));
            more.maybe("comment", object.text("comment"));
            let text = self.sql(&object.id, object.text("expression").unwrap_or_default());
            Some(Table::definition("definition", Node::Text(text), more))
        });
        self.foreign_keys(table, id);
        self.entries(table, "exclude", Kind::Exclusion, id, |object| {
            let text = object.text("definition").unwrap_or_default();
            let text = text.strip_prefix("EXCLUDE ").unwrap_or(text);
            let mut more = Table::new();
            more.maybe("comment", object.text("comment"));
            let text = self.sql(&object.id, text);
            Some(Table::definition("definition", Node::Text(text), more))
        });
    }

    fn foreign_keys(&self, table: &mut Table, id: &ObjectId) {
        let all: Vec<&Object> = self.on(Kind::ForeignKey, id).collect();
        let mut section = Table::new();
        for object in &all {
            let own = object.list("columns");
            let mut target = (*object).clone();
            let to = self.name(object.text("target").unwrap_or_default());
            target.properties.insert("target", Value::Text(to));
            // said by their own keys, but for `not valid`
            let not_enforced = object.flag("not_enforced");
            target.properties.remove("not_enforced");
            if not_enforced {
                target.properties.insert("validated", Value::Bool(true));
            }
            let rest = kind::foreign_key::render(&target);
            let usual = format!("{}_{}_fkey", id.name, own.join("_"));
            let lonely = all.iter().filter(|other| same_columns(other, object)).count() == 1;
            let by_columns: Vec<String> = own.iter().map(|column| quote_ident(column)).collect();
            let by_columns = by_columns.join(", ");
            let clashes = all.iter().any(|other| bare(&other.id.name) == by_columns);
            let (key, definition) = if object.id.name == usual && usual.len() < 63 && lonely && !clashes {
                (by_columns, rest)
            } else {
                (
                    bare(&object.id.name),
                    format!("{} references {rest}", kind::primary_key::list(own)),
                )
            };
            let mut more = Table::new();
            more.flag("period", object.flag("period"));
            more.flag("not_enforced", not_enforced);
            more.maybe("enabled", object.text("enabled"));
            more.maybe("comment", object.text("comment"));
            let node = Table::definition("definition", Node::Text(definition), more);
            section.put_object(key, node, &object.id);
        }
        table.table("foreign_key", section);
    }

    /// What tables and views have in common.
    pub(super) fn standing(&self, table: &mut Table, object: &Object) {
        let id = &object.id;
        self.entries(table, "index", Kind::Index, id, |object| self.index(object));
        self.entries(table, "statistics", Kind::Statistics, id, |object| {
            let text = kind::statistics::render(object);
            let mut more = Table::new();
            if let Some(target) = object.get("target") {
                more.number("target", target);
            }
            more.maybe("schema", object.text("in_schema").map(bare));
            self.common(&mut more, object);
            Some(Table::definition("definition", Node::Text(text), more))
        });
        self.entries(table, "trigger", Kind::Trigger, id, |object| {
            let is_own = !object.flag("cloned")
                || object.text("parent_enabled").is_some()
                || object.text("comment").is_some();
            is_own.then(|| self.trigger(object))
        });
        self.entries(table, "rule", Kind::Rule, id, |object| {
            let text = self.sql(&object.id, object.text("definition").unwrap_or_default());
            Some(self.reacting(object, text))
        });
        self.entries(table, "grant", Kind::Grant, id, |grant| {
            Some(Node::Texts(granted(grant, id.kind)))
        });
    }

    /// An index; one behind a constraint only where it has something of its own.
    fn index(&self, object: &Object) -> Option<Node> {
        let mut more = Table::new();
        more.table("options", options(object.list("options")));
        more.table("statistics_targets", options(object.list("statistics_targets")));
        more.maybe("tablespace", object.text("tablespace").map(bare));
        more.flag("clustered", object.flag("clustered"));
        if object.get("valid") == Some(&Value::Bool(false)) {
            more.put("valid", Node::Bool(false));
        }
        more.maybe("comment", object.text("comment"));
        let is_consequence = object.text("constraint").is_some() || object.text("partition_of").is_some();
        if is_consequence && more.is_empty() {
            return None;
        }
        let mut tidied = object.clone();
        for key in ["options", "valid", "ready"] {
            tidied.properties.remove(key);
        }
        if let Some(predicate) = object.text("predicate") {
            let predicate = self.sql(&object.id, predicate);
            tidied.properties.insert("predicate", Value::Text(predicate));
        }
        let keys = object.list("keys").iter().map(|key| {
            if parse_name(key).is_ok() {
                key.clone()
            } else {
                self.sql(&object.id, key)
            }
        });
        tidied.properties.insert("keys", Value::List(keys.collect()));
        for (key, what) in [("opclasses", OPERATOR_CLASS), ("collations", COLLATION)] {
            let names = object
                .list(key)
                .iter()
                .map(|name| self.with_parameters(what, object, name));
            tidied.properties.insert(key, Value::List(names.collect()));
        }
        let text = kind::index::render(&tidied);
        Some(Table::definition("definition", Node::Text(text), more))
    }

    /// `app.gist_trgm_ops (siglen=32)` without the suite's schema.
    fn with_parameters(&self, what: &str, object: &Object, text: &str) -> String {
        let name = self.reference(what, object, kind::reference::with_parameters(text).0);
        match text.rsplit_once(" (") {
            Some((_, parameters)) if text.ends_with(')') => format!("{name} ({parameters}"),
            _ => name,
        }
    }

    fn trigger(&self, object: &Object) -> Node {
        let mut tidied = object.clone();
        tidied.properties.remove("enabled");
        for key in ["function", "from"] {
            if let Some(name) = object.text(key) {
                tidied.properties.insert(key, Value::Text(self.name(name)));
            }
        }
        if let Some(condition) = object.text("when") {
            let condition = self.sql(&object.id, condition);
            tidied.properties.insert("when", Value::Text(condition));
        }
        self.reacting(object, kind::trigger::render(&tidied))
    }

    fn policies(&self, table: &mut Table, id: &ObjectId) {
        self.entries(table, "policy", Kind::Policy, id, |object| {
            let mut policy = Table::headed();
            if !object.flag("permissive") {
                policy.put("permissive", Node::Bool(false));
            }
            policy.maybe("command", object.text("command").filter(|word| *word != "all"));
            let roles = object.list("roles");
            if roles != ["public"] {
                policy.texts("roles", roles.iter().map(|role| bare(role)).collect());
            }
            for key in ["using", "with_check"] {
                policy.maybe(key, object.text(key).map(|text| self.sql(&object.id, text)));
            }
            policy.maybe("comment", object.text("comment"));
            Some(Node::Table(policy))
        });
    }

    fn partitions(&self, table: &mut Table, parent: &Object) {
        let mut section = Table::new();
        for object in self.catalog.of_kind(Kind::Table) {
            let is_its = object
                .text("partition_of")
                .and_then(|text| parse_name(text).ok())
                .is_some_and(|name| {
                    name.name == parent.id.name && name.schema.as_deref() == Some(parent.id.schema.as_str())
                });
            let Some(bound) = object.text("bound").filter(|_| is_its) else {
                continue;
            };
            let key = if object.id.schema == parent.id.schema {
                bare(&object.id.name)
            } else {
                object.id.path()
            };
            let bound = kind::partition::render_bound(bound);
            section.put_object(key, Node::Text(lower_words(&bound)), &object.id);
        }
        table.table("partition", section);
    }

    /// `RANGE (created_at)` → `range (created_at)`.
    fn partition_key(&self, text: &str) -> String {
        match text.split_once(' ') {
            Some((strategy, keys)) => format!("{} {keys}", strategy.to_ascii_lowercase()),
            None => text.to_string(),
        }
    }
}

/// What a column has besides its definition.
pub(super) fn column_extras(object: &Object) -> Table {
    let mut more = Table::new();
    more.maybe("storage", object.text("storage"));
    more.maybe("compression", object.text("compression"));
    if let Some(target) = object.get("statistics_target") {
        more.number("statistics_target", target);
    }
    more.table("options", options(object.list("options")));
    more.maybe("not_null_name", object.text("not_null_name").map(bare));
    more.flag("not_null_no_inherit", object.flag("not_null_no_inherit"));
    more.maybe("not_null_comment", object.text("not_null_comment"));
    more.maybe("comment", object.text("comment"));
    more
}

fn columns(object: &Object) -> Node {
    Node::Texts(object.list("columns").iter().map(|column| bare(column)).collect())
}

/// What may go with the columns of a key.
fn key_extras(object: &Object) -> Table {
    let mut more = Table::new();
    let include = object.list("include").iter().map(|column| bare(column));
    more.texts("include", include.collect());
    let deferred = object.flag("initially_deferred");
    more.flag("deferrable", object.flag("deferrable") && !deferred);
    more.flag("initially_deferred", deferred);
    more.flag("without_overlaps", object.flag("without_overlaps"));
    more
}

fn same_columns(one: &Object, other: &Object) -> bool {
    let sorted = |object: &Object| {
        let mut columns = object.list("columns").to_vec();
        columns.sort();
        columns
    };
    sorted(one) == sorted(other)
}

/// Keywords of a bound outside its literals.
fn lower_words(text: &str) -> String {
    super::tidy::sql(text, "", super::Level::Careful)
}

/// The privileges of a role, those of columns word by word, `all` where it is all.
fn granted(object: &Object, relation: Kind) -> Vec<String> {
    let all = kind::grant::all(relation);
    let grantable = object.list("grantable");
    let mut words = Vec::new();
    for option in [false, true] {
        let its: Vec<&String> = object
            .list("privileges")
            .iter()
            .filter(|privilege| grantable.contains(privilege) == option)
            .collect();
        let suffix = if option { " with grant option" } else { "" };
        // without what a version adds to ALL it is not all
        let is_all = !object.flag("without_maintain")
            && (relation == Kind::Sequence
                || its.iter().any(|privilege| *privilege == "maintain")
                || !object
                    .list("privileges")
                    .iter()
                    .any(|privilege| privilege == "maintain"))
            && all
                .iter()
                .all(|word| its.iter().any(|privilege| privilege == word));
        let mut columns: Vec<(&str, Vec<&str>)> = Vec::new();
        if is_all {
            words.push(format!("all{suffix}"));
        }
        for privilege in its {
            match privilege.split_once(" (") {
                Some((word, column)) => {
                    let column = column.trim_end_matches(')');
                    match columns.iter_mut().find(|(other, _)| *other == word) {
                        Some((_, names)) => names.push(column),
                        None => columns.push((word, vec![column])),
                    }
                }
                // what a version adds to ALL belongs to it
                None if is_all => {}
                None => words.push(format!("{privilege}{suffix}")),
            }
        }
        for (word, names) in columns {
            words.push(format!("{word} ({}){suffix}", names.join(", ")));
        }
    }
    words
}
