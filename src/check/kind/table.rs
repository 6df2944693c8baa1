//! `[table.NAME]`: that the table is there; `comment`, `owner` and `persistence`.

use crate::catalog::{Kind, Object, ObjectId};
use crate::check::compare::Want;
use crate::check::document::{Item, Text};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::verdict::Difference;
use crate::sql::{quote_ident, quote_literal};

const KIND: ObjectKind = ObjectKind {
    render,
    alter: |_, _, _| None,
};

fn render(object: &Object) -> String {
    object.text("type").unwrap_or("table").to_string()
}

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(tables) = p.reader.items(item, "tables such as [table.NAME]") else {
        return;
    };
    p.each(&tables, parse_one);
}

fn parse_one(p: &mut Parser, entry: &Item<'_>) {
    let Some((schema, name)) = p.qualified("table", &entry.key) else {
        return;
    };
    let Some(items) = p.reader.items(entry, "a table such as [table.NAME]") else {
        return;
    };
    let table = Table {
        kind: Kind::Table,
        path: format!("table.{}", p.spell(&schema, &name)),
        schema,
        name,
        key: entry.key.clone(),
    };
    let mut rule = ObjectRule::new(&KIND, Target::Id(table.id()));
    rule.needs = vec![ObjectId::new(Kind::Schema, "", table.schema.clone())];
    rule.elsewhere = items
        .iter()
        .flat_map(|item| named(&item.key.value))
        .copied()
        .collect();
    p.add(table.path.clone(), "table", &entry.key, "table", rule);
    p.table(&table, &items);
    if p.complete && !items.iter().any(|item| item.key.value == "exact") {
        super::exact::complete_relation(p, &table);
    }
}

/// The properties that a key of `[table.NAME]` is about.
fn named(key: &str) -> &'static [&'static str] {
    match key {
        "row_security" => &["row_security", "force_row_security"],
        "comment" => &["comment"],
        "persistence" => &["persistence"],
        "options" => &["options"],
        "tablespace" => &["tablespace"],
        "access_method" => &["access_method"],
        "inherits" => &["inherits"],
        "of_type" => &["of_type"],
        "replica_identity" => &["replica_identity"],
        "server" => &["server"],
        "partition_by" => &["partition_by"],
        _ => &[],
    }
}

/// A check of one property of the table, whose being there the table's own check judges.
pub(crate) fn property(
    p: &mut Parser,
    table: &Table,
    key: &'static str,
    at: &Text,
    expected: impl Into<String>,
    kind: &'static ObjectKind,
    want: Want,
) {
    let mut rule = ObjectRule::new(kind, Target::Id(table.id()));
    rule.presence = false;
    rule.wants.push(want);
    p.add(format!("{}/{key}", table.path), key, at, expected, rule);
}

pub(crate) fn parse_comment(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("comment").unwrap_or("").to_string(),
        alter: |_, object, differences| comment_remedy("TABLE", object, differences),
    };
    if let Some(text) = p.reader.string(item) {
        let want = comment(&text.value);
        property(p, table, "comment", &item.key, text.value, &KIND, want);
    }
}

pub(crate) fn parse_owner(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("owner").map(quote_ident).unwrap_or_default(),
        alter: |_, object, differences| owner_remedy("TABLE", object, differences),
    };
    if let Some(text) = p.reader.string(item)
        && let Some(owner) = super::fields::role(p, "owner", &text)
    {
        property(
            p,
            table,
            "owner",
            &item.key,
            text.value,
            &KIND,
            Want::text("owner", owner),
        );
    }
}

pub(crate) fn parse_persistence(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("persistence").unwrap_or_default().to_string(),
        alter: |_, _, _| None,
    };
    if let Some(word) = p.reader.word(item, &["permanent", "unlogged", "temporary"]) {
        property(
            p,
            table,
            "persistence",
            &item.key,
            word,
            &KIND,
            Want::text("persistence", word),
        );
    }
}

// ── what several kinds have in common ──

/// A wanted comment; an empty one is none.
pub(crate) fn comment(text: &str) -> Want {
    Want::maybe("comment", (!text.is_empty()).then_some(text))
}

/// `COMMENT ON …`, when the comment is all that differs.
pub(crate) fn comment_remedy(word: &str, object: &Object, differences: &[Difference]) -> Option<String> {
    let [difference] = differences else { return None };
    if difference.part != "comment" {
        return None;
    }
    let text = difference
        .want
        .as_deref()
        .map_or("NULL".to_string(), quote_literal);
    Some(format!("COMMENT ON {word} {} IS {text}", commented(word, object)))
}

/// The name of an object of that word as COMMENT takes it.
pub(crate) fn commented(word: &str, object: &Object) -> String {
    match object.id.kind {
        Kind::Trigger | Kind::Policy => on(object),
        _ if word == "CONSTRAINT" => on(object),
        _ => object.id.path(),
    }
}

/// `name ON schema.table`
pub(crate) fn on(object: &Object) -> String {
    format!("{} ON {}", quote_ident(&object.id.name), relation(object))
}

/// The table that the object stands on.
pub(crate) fn relation(object: &Object) -> String {
    format!(
        "{}.{}",
        quote_ident(&object.id.schema),
        quote_ident(&object.id.relation)
    )
}

/// `ALTER … OWNER TO …`, when the owner is all that differs.
pub(crate) fn owner_remedy(word: &str, object: &Object, differences: &[Difference]) -> Option<String> {
    let [difference] = differences else { return None };
    if difference.part != "owner" {
        return None;
    }
    let owner = quote_ident(difference.want.as_deref()?);
    Some(format!("ALTER {word} {} OWNER TO {owner}", object.id.path()))
}
