//! `primary_key = ["id"]` of a table, whatever the constraint is called.

use crate::catalog::{Kind, Object, ObjectId};
use crate::check::compare::{Comparison, Want};
use crate::check::document::{Fields, Item, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::sql::quote_ident;

use super::table::{comment, comment_remedy};

const KIND: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| comment_remedy("CONSTRAINT", object, differences),
};

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(key) = Key::parse(p, item, "primary_key", false) else {
        return;
    };
    let mut rule = ObjectRule::new(&KIND, Target::Only(table.object(Kind::PrimaryKey, "")));
    rule.needs = columns_needed(table, &key.columns);
    rule.create = Some(format!(
        "ALTER TABLE {} ADD PRIMARY KEY {}",
        table.sql(),
        key.sql()
    ));
    rule.wants = key.wants;
    let path = format!("{}/primary_key", table.path);
    p.add(path, "primary_key", &item.key, list(&key.columns), rule);
}

/// The columns of a primary key or unique constraint with what belongs to them.
pub(crate) struct Key {
    pub(crate) columns: Vec<String>,
    pub(crate) wants: Vec<Want>,
    include: Vec<String>,
    deferrable: bool,
    deferred: bool,
    without_overlaps: bool,
}

impl Key {
    /// An array of columns, or a table with `columns` and more. What is not said is not so.
    pub(crate) fn parse(p: &mut Parser, item: &Item<'_>, what: &str, unique: bool) -> Option<Key> {
        let mut key = Key {
            columns: Vec::new(),
            wants: Vec::new(),
            include: Vec::new(),
            deferrable: false,
            deferred: false,
            without_overlaps: false,
        };
        let mut nulls_not_distinct = false;
        if items_of(item.value).is_none() {
            key.columns = p.reader.idents(item)?;
        } else {
            let mut known = vec![
                "columns",
                "include",
                "deferrable",
                "initially_deferred",
                "without_overlaps",
                "comment",
            ];
            known.push(if unique { "nulls_not_distinct" } else { "name" });
            let fields = p.reader.fields(item, what, "an array of strings", &known)?;
            let of = format!("`{}`", item.key.value);
            let columns =
                p.reader
                    .required(&fields, "columns", (&of, item.key.span), "add columns = [\"…\"]")?;
            key.columns = p.reader.idents(columns)?;
            if let Some(include) = fields.get("include") {
                key.include = match include.value.get_ref().as_array() {
                    Some(none) if none.is_empty() => Vec::new(),
                    _ => p.reader.idents(include)?,
                };
            }
            key.deferred = flag(p, &fields, "initially_deferred")?;
            key.deferrable = flag(p, &fields, "deferrable")? || key.deferred;
            key.without_overlaps = flag(p, &fields, "without_overlaps")?;
            nulls_not_distinct = flag(p, &fields, "nulls_not_distinct")?;
            if let Some(item) = fields.get("name") {
                let text = p.reader.string(item)?;
                key.wants.push(name_want(p.reader.ident("name", &text)?));
            }
            if let Some(item) = fields.get("comment") {
                key.wants.push(comment(&p.reader.string(item)?.value));
            }
        }
        key.wants.extend([
            Want::list("columns", key.columns.clone()),
            Want::list("include", key.include.clone()),
            Want::flag("without_overlaps", key.without_overlaps),
            Want::flag("deferrable", key.deferrable),
            Want::flag("initially_deferred", key.deferred),
        ]);
        if unique {
            key.wants
                .push(Want::flag("nulls_not_distinct", nulls_not_distinct));
        }
        Some(key)
    }

    /// `(a, b) INCLUDE (c) DEFERRABLE`
    pub(crate) fn sql(&self) -> String {
        let mut text = list(&self.columns);
        if self.without_overlaps {
            text.insert_str(text.len() - 1, " WITHOUT OVERLAPS");
        }
        if !self.include.is_empty() {
            text.push_str(&format!(" INCLUDE {}", list(&self.include)));
        }
        if self.deferrable {
            text.push_str(" DEFERRABLE");
        }
        if self.deferred {
            text.push_str(" INITIALLY DEFERRED");
        }
        text
    }
}

/// The name of a constraint that an entry does not say by its key.
pub(crate) fn name_want(name: String) -> Want {
    Want::by("name", name, |wanted, object, _| {
        if object.id.name == wanted {
            Comparison::Same
        } else {
            Comparison::differs("name", Some(object.id.name.as_str()), Some(wanted))
        }
    })
}

/// A switch that is off unless said.
pub(crate) fn flag(p: &mut Parser, fields: &Fields<'_>, key: &str) -> Option<bool> {
    fields.get(key).map_or(Some(false), |item| p.reader.boolean(item))
}

/// `(a, "B c")`
pub(crate) fn list(columns: &[String]) -> String {
    let columns: Vec<String> = columns.iter().map(|column| quote_ident(column)).collect();
    format!("({})", columns.join(", "))
}

/// The columns that a constraint or index cannot be without.
pub(crate) fn columns_needed(table: &Table, columns: &[String]) -> Vec<ObjectId> {
    columns
        .iter()
        .map(|column| table.object(Kind::Column, column.clone()))
        .collect()
}

pub(crate) fn render(object: &Object) -> String {
    let mut text = list(object.list("columns"));
    if object.flag("without_overlaps") {
        text.insert_str(text.len() - 1, " without overlaps");
    }
    if !object.list("include").is_empty() {
        text.push_str(&format!(" include {}", list(object.list("include"))));
    }
    if object.flag("nulls_not_distinct") {
        text.push_str(" nulls not distinct");
    }
    text.push_str(deferral(object));
    text
}

/// ` deferrable initially deferred`
pub(crate) fn deferral(object: &Object) -> &'static str {
    match (object.flag("deferrable"), object.flag("initially_deferred")) {
        (_, true) => " deferrable initially deferred",
        (true, false) => " deferrable",
        (false, false) => "",
    }
}
