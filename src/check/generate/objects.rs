//! What lives in a schema and is no relation: types, routines; and sequences and views, which are simple ones.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::kind;
use crate::check::kind::defaults::usual_bound;
use crate::check::kind::fields::named_part;
use crate::check::kind::range::is_usual_multirange;
use crate::check::kind::reference::{COLLATION, FUNCTION, OPERATOR_CLASS, TYPE};
use crate::sql::fragment::function_signature;
use crate::sql::{parse_name, quote_ident};

use super::database::{settings, state};
use super::page::{Node, Table};
use super::relation::column_extras;
use super::tidy::Level;
use super::{Writer, bare, grants, options};

impl Writer<'_> {
    pub(super) fn types(&self, document: &mut Table) {
        self.section(document, "enum", Kind::Enum, |object| {
            let more = self.type_extras(object);
            let labels = Node::Texts(object.list("labels").to_vec());
            Some(Table::definition("labels", labels, more))
        });
        self.section(document, "composite", Kind::Composite, |object| {
            let mut more = Table::new();
            more.table("comments", part_comments(object.list("attribute_comments")));
            more.append(self.type_extras(object));
            let attributes = object
                .list("attributes")
                .iter()
                .map(|text| self.attribute(object, text));
            let attributes = Node::Texts(attributes.collect());
            Some(Table::definition("attributes", attributes, more))
        });
        self.section(document, "range", Kind::Range, |object| {
            let mut table = Table::new();
            table.maybe("subtype", object.text("subtype").map(|text| self.type_name(text)));
            for (key, what) in [
                ("opclass", OPERATOR_CLASS),
                ("collation", COLLATION),
                ("canonical", FUNCTION),
                ("subtype_diff", FUNCTION),
            ] {
                let name = object.text(key).map(|text| self.reference(what, object, text));
                table.maybe(key, name);
            }
            let multirange = object
                .text("multirange")
                .filter(|name| !is_usual_multirange(object, name));
            table.maybe(
                "multirange",
                multirange.map(|text| self.reference(TYPE, object, text)),
            );
            table.append(self.type_extras(object));
            Some(Node::Table(table))
        });
        self.section(document, "domain", Kind::Domain, |object| {
            let mut definition = self.type_name(object.text("type").unwrap_or_default());
            if let Some(collation) = object.text("collation") {
                definition.push_str(&format!(
                    " collate {}",
                    self.reference(COLLATION, object, collation)
                ));
            }
            if object.flag("not_null") {
                definition.push_str(" not null");
            }
            if let Some(default) = object.text("default") {
                definition.push_str(&format!(" default {}", self.default(object, default)));
            }
            let comments: Vec<(&str, &str)> = object
                .list("check_comments")
                .iter()
                .filter_map(|line| named_part(line))
                .collect();
            let mut checks = Table::new();
            for (name, expression, valid) in object
                .list("checks")
                .iter()
                .filter_map(|line| kind::domain::stored(line))
            {
                let text = Node::Text(self.sql(&object.id, expression));
                let mut more = Table::new();
                more.flag("not_valid", !valid);
                let comment = comments.iter().find(|(of, _)| *of == quote_ident(&name));
                more.maybe("comment", comment.map(|(_, text)| *text));
                checks.put(bare(&name), Table::definition("definition", text, more));
            }
            let mut more = Table::new();
            more.table("check", checks);
            more.maybe("not_null_comment", object.text("not_null_comment"));
            more.append(self.type_extras(object));
            Some(Table::definition("definition", Node::Text(definition), more))
        });
    }

    fn type_extras(&self, object: &Object) -> Table {
        let mut more = Table::new();
        grants(&mut more, object, &["usage to public"]);
        self.common(&mut more, object);
        more
    }

    /// `"A b" integer` with the type in its short spelling.
    fn attribute(&self, object: &Object, text: &str) -> String {
        let (name, rest) = kind::function::split_name(text);
        match rest.split_once(" COLLATE ") {
            Some((type_name, collation)) => {
                format!(
                    "{name} {} collate {}",
                    self.type_name(type_name),
                    self.reference(COLLATION, object, collation)
                )
            }
            None => format!("{name} {}", self.type_name(rest)),
        }
    }

    /// A default keeps its parentheses: they tell where it ends.
    pub(super) fn default(&self, object: &Object, text: &str) -> String {
        let tidied = self.sql(&object.id, text);
        let is_open = [
            "null",
            "collate",
            "check",
            "generated",
            "default",
            "constraint",
            "references",
        ]
        .iter()
        .any(|word| {
            tidied
                .to_ascii_lowercase()
                .split(|c: char| !c.is_alphanumeric())
                .any(|w| w == *word)
        });
        if is_open && text.starts_with('(') {
            format!("({tidied})")
        } else {
            tidied
        }
    }

    pub(super) fn sequences(&self, document: &mut Table) {
        self.section(document, "sequence", Kind::Sequence, |object| {
            let mut table = Table::new();
            let type_name = object.text("type").unwrap_or("bigint");
            if type_name != "bigint" {
                table.text("type", self.type_name(type_name));
            }
            let figure = |key: &str| match object.get(key) {
                Some(Value::Int(value)) => Some(*value),
                _ => None,
            };
            let ascending = figure("increment").is_none_or(|by| by > 0);
            for key in ["start", "increment", "minimum", "maximum", "cache"] {
                let usual = match key {
                    "increment" | "cache" => 1,
                    _ => usual_bound(key, type_name, ascending, figure("minimum"), figure("maximum")),
                };
                if let Some(value) = figure(key).filter(|value| *value != usual) {
                    table.number(key, value);
                }
            }
            table.flag("cycle", object.flag("cycle"));
            table.maybe(
                "persistence",
                object.text("persistence").filter(|word| *word != "permanent"),
            );
            table.maybe("owned_by", object.text("owned_by").map(|text| self.column(text)));
            self.standing(&mut table, object);
            self.common(&mut table, object);
            Some(Node::Table(table))
        });
    }

    /// `app.t.id` → `t.id`.
    fn column(&self, text: &str) -> String {
        match kind::absent::dotted(text).as_deref() {
            Some([schema, table, column]) if *schema == self.style.schema => {
                format!("{}.{}", quote_ident(table), quote_ident(column))
            }
            _ => text.to_string(),
        }
    }

    pub(super) fn views(&self, document: &mut Table) {
        for (key, kind) in [
            ("view", Kind::View),
            ("materialized_view", Kind::MaterializedView),
        ] {
            self.section(document, key, kind, |object| {
                let text = object.text("definition").unwrap_or_default();
                let text = self.sql(&object.id, text.trim().trim_end_matches(';'));
                let mut more = Table::new();
                more.table("options", options(object.list("options")));
                more.table("default", self.view_defaults(&object.id));
                more.table("column", self.view_columns(&object.id));
                if kind == Kind::MaterializedView && !object.flag("populated") {
                    more.put("populated", Node::Bool(false));
                }
                for key in ["tablespace", "access_method"] {
                    more.maybe(key, object.text(key).map(bare));
                }
                self.standing(&mut more, object);
                self.common(&mut more, object);
                Some(Table::definition("definition", Node::Text(text), more))
            });
        }
    }

    /// The defaults that columns of a view have of their own.
    fn view_defaults(&self, view: &ObjectId) -> Table {
        let mut defaults = Table::new();
        for column in self.catalog.on_relation(Kind::Column, &view.schema, &view.name) {
            if let Some(default) = column.text("default") {
                defaults.put(bare(&column.id.name), Node::Text(self.default(column, default)));
            }
        }
        defaults
    }

    /// What columns of a view have besides.
    fn view_columns(&self, view: &ObjectId) -> Table {
        let mut columns = Table::new();
        for column in self.catalog.on_relation(Kind::Column, &view.schema, &view.name) {
            columns.table(&bare(&column.id.name), column_extras(column));
        }
        columns
    }

    pub(super) fn routines(&self, document: &mut Table) {
        for word in ["function", "procedure", "aggregate"] {
            let mut section = Table::new();
            for object in self.catalog.of_kind(Kind::Function) {
                // a window function is a function as well
                let its = object.text("type").filter(|its| *its != "window");
                if its.unwrap_or("function") == word {
                    let table = self.routine(object, word);
                    section.put_object(self.signature(object), Node::Table(table), &object.id);
                }
            }
            document.table(word, section);
        }
    }

    /// `"F"(app.mood, character varying)` → `"F"(mood, varchar)`.
    fn signature(&self, object: &Object) -> String {
        let Ok(signature) = function_signature(&object.id.name) else {
            return object.id.path();
        };
        let arguments: Vec<String> = signature
            .arguments
            .iter()
            .map(|argument| self.type_name(argument))
            .collect();
        let name = bare(&signature.name.name);
        let prefix = if object.id.schema == self.style.schema {
            String::new()
        } else {
            format!("{}.", quote_ident(&object.id.schema))
        };
        format!("{prefix}{name}({})", arguments.join(", "))
    }

    fn routine(&self, object: &Object, word: &str) -> Table {
        let mut table = Table::headed();
        let is_aggregate = word == "aggregate";
        table.maybe("kind", object.text("type").filter(|kind| *kind == "window"));
        let arguments = object.text("arguments").unwrap_or_default();
        let inner = object
            .id
            .name
            .split_once('(')
            .map_or("", |(_, rest)| rest.trim_end_matches(')'));
        let arguments = self.arguments(object, arguments);
        if !is_aggregate && arguments != self.type_name(inner) {
            table.text("arguments", arguments);
        }
        table.maybe(
            "returns",
            object.text("returns").map(|text| self.returns(object, text)),
        );
        if !is_aggregate {
            table.maybe("language", object.text("language").map(bare));
            table.maybe(
                "volatility",
                object.text("volatility").filter(|word| *word != "volatile"),
            );
        }
        table.flag("strict", object.flag("strict"));
        table.maybe(
            "security",
            object.text("security").filter(|word| *word != "invoker"),
        );
        table.flag("leakproof", object.flag("leakproof"));
        table.maybe(
            "parallel",
            object.text("parallel").filter(|word| *word != "unsafe"),
        );
        for key in ["cost", "rows"] {
            if let Some(value) = object.text(key) {
                table.number(key, value);
            }
        }
        let support = object
            .text("support")
            .map(|text| self.reference(FUNCTION, object, text));
        table.maybe("support", support);
        table.table("settings", settings(object.list("settings")));
        if let Some(body) = object.text("body") {
            let body = if is_aggregate && self.level(&object.id) > Level::Printed {
                super::tidy::sql(body, &self.style.schema, Level::Careful)
            } else {
                // the white space around it is not compared
                body.trim_start_matches(['\n', '\r']).trim_end().to_string()
            };
            // what nobody may read can still be compared
            if crate::redact::redact(&body) == body {
                table.text("body", body);
            } else {
                table.text("body_sha256", kind::function::sha256(&body));
            }
        }
        grants(&mut table, object, &["execute to public"]);
        self.common(&mut table, object);
        table
    }

    /// Types in their short spelling; defaults stay, for they are compared by their tokens.
    fn arguments(&self, object: &Object, text: &str) -> String {
        if self.level(&object.id) == Level::Printed {
            return text.to_string();
        }
        let arguments: Vec<String> = kind::function::split_top(text)
            .into_iter()
            .map(|argument| argument.trim().trim_start_matches("IN "))
            .map(|argument| match argument.split_once(" DEFAULT ") {
                Some((head, default)) => format!("{} default {default}", self.type_name(head)),
                None => self.type_name(argument),
            })
            .collect();
        arguments.join(", ")
    }

    fn returns(&self, object: &Object, text: &str) -> String {
        if self.level(&object.id) == Level::Printed {
            return text.to_string();
        }
        let text = self.type_name(text);
        for (word, small) in [("TABLE(", "table("), ("SETOF ", "setof ")] {
            if let Some(rest) = text.strip_prefix(word) {
                return format!("{small}{rest}");
            }
        }
        text
    }

    /// The definition of a rule or trigger, with its state and comment.
    pub(super) fn reacting(&self, object: &Object, definition: String) -> Node {
        let mut more = Table::new();
        more.maybe("enabled", state(object));
        more.maybe("comment", object.text("comment"));
        Table::definition("definition", Node::Text(definition), more)
    }
}

/// `name: text` each, as a table.
fn part_comments(lines: &[String]) -> Table {
    let mut table = Table::new();
    for (name, text) in lines.iter().filter_map(|line| named_part(line)) {
        if let Ok(parsed) = parse_name(name) {
            table.text(&bare(&parsed.name), text);
        }
    }
    table
}
