//! `[view]` and `[materialized_view]`: `name = "select …"`.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Want, Wanted};
use crate::check::document::{Item, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::verdict::Difference;
use crate::sql::{fragment, parse_name, quote_ident};

use super::column::{default_want, stored};
use super::fields::{common, ident, options_want, string, switch};
use super::table::{comment, comment_remedy, owner_remedy, relation};

const VIEW: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| alter("VIEW", object, differences),
};
const MATERIALIZED: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| alter("MATERIALIZED VIEW", object, differences),
};

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    views(p, item, Kind::View, &VIEW, "view");
}

pub(crate) fn parse_materialized(p: &mut Parser, item: &Item<'_>) {
    views(
        p,
        item,
        Kind::MaterializedView,
        &MATERIALIZED,
        "materialized_view",
    );
}

/// What may stand on a view, parsed as what stands on a table.
const STANDING: &[(&str, super::OfTable)] = &[
    ("grant", super::grant::parse),
    ("trigger", super::trigger::parse),
    ("rule", super::rewrite::parse),
    ("index", super::index::parse),
    ("statistics", super::statistics::parse),
];

const OF_VIEW: &[&str] = &[
    "options", "default", "column", "owner", "comment", "grant", "trigger", "rule",
];
const OF_MATERIALIZED: &[&str] = &[
    "options",
    "populated",
    "tablespace",
    "access_method",
    "column",
    "owner",
    "comment",
    "grant",
    "index",
    "statistics",
];

fn views(p: &mut Parser, item: &Item<'_>, kind: Kind, shape: &'static ObjectKind, key: &'static str) {
    let Some(entries) = p.reader.items(item, "a table of views") else {
        return;
    };
    let more = match kind {
        Kind::View => OF_VIEW,
        _ => OF_MATERIALIZED,
    };
    for entry in &entries {
        let Some((schema, name)) = p.qualified(key, &entry.key) else {
            continue;
        };
        let Some((text, fields)) = p.definition(entry, &format!("{kind} {name}"), more) else {
            continue;
        };
        let query = text.value.trim().trim_end_matches(';').trim_end().to_string();
        if p.fragment(&entry.key.value, &text, |_| fragment::query(&query))
            .is_none()
        {
            continue;
        }
        let mut wants = vec![Want::text("definition", query.clone())];
        if let Some(fields) = &fields {
            wants.extend(common(p, fields));
            wants.extend(options_want(p, fields));
            if let Some(value) = switch(p, fields, "populated") {
                wants.push(Want::flag("populated", value));
            }
            wants.extend(ident(p, fields, "tablespace").map(super::reference::tablespace));
            if let Some(name) = ident(p, fields, "access_method") {
                wants.push(Want::maybe("access_method", (name != "heap").then_some(name)));
            }
        }
        let id = ObjectId::new(kind, schema.clone(), name.clone());
        let path = format!("{key}.{}", p.spell(&schema, &name));
        let relation = Table {
            kind,
            schema: schema.clone(),
            name: name.clone(),
            path: path.clone(),
            key: entry.key.clone(),
        };
        if let Some(fields) = &fields {
            parse_columns(p, &relation, fields.get("default"), fields.get("column"));
        }
        for (key, parse) in STANDING {
            if let Some(item) = fields.as_ref().and_then(|fields| fields.get(key)) {
                parse(p, &relation, item);
            }
        }
        super::exact::complete_relation(p, &relation);
        let mut rule = ObjectRule::new(shape, Target::Id(id.clone()));
        rule.wants = wants;
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema)];
        rule.create = Some(format!(
            "CREATE {} {} AS {query}",
            kind.as_str().to_uppercase(),
            id.path()
        ));
        p.add(path, key, &entry.key, text.value, rule);
    }
}

/// What a column has besides what the query makes of it.
const OF_COLUMN: &[&str] = &[
    "comment",
    "storage",
    "compression",
    "statistics_target",
    "options",
];

/// `default` and `column` of a view, which may name the same columns. In a complete suite what neither says is not there.
fn parse_columns(p: &mut Parser, view: &Table, default: Option<&Item<'_>>, column: Option<&Item<'_>>) {
    let (defaults, columns) = (named(default), named(column));
    if let Some(item) = default {
        parse_defaults(p, view, item, &columns);
    }
    if let Some(item) = column {
        parse_own(p, view, item, &defaults);
    }
}

/// The columns that a table names; what is no name is told where its entries are read.
fn named(item: Option<&Item<'_>>) -> Vec<String> {
    let entries = item.and_then(|item| items_of(item.value)).unwrap_or_default();
    let names = entries
        .iter()
        .filter_map(|entry| parse_name(&entry.key.value).ok());
    names.map(|name| name.name).collect()
}

/// `default = { amount = "0" }`: what INSERT into the view takes for a column that it does not name.
fn parse_defaults(p: &mut Parser, view: &Table, item: &Item<'_>, elsewhere: &[String]) {
    const KIND: ObjectKind = ObjectKind {
        render: |column| column.text("default").unwrap_or("none").to_string(),
        alter: set_default,
    };
    let Some(entries) = p.reader.items(item, "a table of columns with their defaults") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("column", &entry.key) else {
            continue;
        };
        let Some(text) = p.expression(entry) else {
            continue;
        };
        let mut rule = ObjectRule::new(&KIND, Target::Id(view.object(Kind::Column, name.clone())));
        rule.wants = vec![default_want(Some(&text.value))];
        if p.complete && !elsewhere.contains(&name) {
            rule.wants.extend(OF_COLUMN.iter().map(|property| none(property)));
        }
        let path = format!("{}/default.{}", view.path, quote_ident(&name));
        p.add_open(path, "view", &entry.key, text.value, rule);
    }
}

fn none(property: &'static str) -> Want {
    match property {
        "options" => Want::list(property, Vec::new()),
        _ => Want::maybe(property, None::<String>),
    }
}

/// `column = { amount = { comment = "…" } }`; a column of a materialized view is stored as that of a table is.
fn parse_own(p: &mut Parser, view: &Table, item: &Item<'_>, defaults: &[String]) {
    const KIND: ObjectKind = ObjectKind {
        render: |column| column.text("comment").unwrap_or("none").to_string(),
        alter: |_, column, differences| comment_remedy("COLUMN", column, differences),
    };
    let Some(entries) = p.reader.items(item, "a table of columns") else {
        return;
    };
    let known = match view.kind {
        Kind::View => &OF_COLUMN[..1],
        _ => OF_COLUMN,
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("column", &entry.key) else {
            continue;
        };
        let within = format!("column {name}");
        let Some(fields) = p
            .reader
            .fields(entry, &within, "a table of what the column has", known)
        else {
            continue;
        };
        let mut wants = stored(p, &fields);
        wants.extend(string(p, &fields, "comment").map(|text| comment(&text.value)));
        let said: Vec<&str> = wants.iter().map(|want| want.property).collect();
        let expected = said.join(", ");
        if p.complete {
            let default = (!defaults.contains(&name)).then_some(&"default");
            let open = OF_COLUMN.iter().chain(default);
            let unsaid: Vec<Want> = open
                .filter(|property| !said.contains(property))
                .map(|property| none(property))
                .collect();
            wants.extend(unsaid);
        }
        let mut rule = ObjectRule::new(&KIND, Target::Id(view.object(Kind::Column, name.clone())));
        rule.wants = wants;
        let path = format!("{}/column.{}", view.path, quote_ident(&name));
        p.add_open(path, "view", &entry.key, expected, rule);
    }
}

fn set_default(rule: &ObjectRule, column: &Object, _: &[Difference]) -> Option<String> {
    let Some(Wanted::Is(Some(Value::Text(default)))) = rule.wanted("default") else {
        return None;
    };
    Some(format!(
        "ALTER VIEW {} ALTER COLUMN {} SET DEFAULT {default}",
        relation(column),
        quote_ident(&column.id.name)
    ))
}

fn render(object: &Object) -> String {
    object.text("definition").unwrap_or("").trim().to_string()
}

fn alter(word: &str, object: &Object, differences: &[Difference]) -> Option<String> {
    comment_remedy(word, object, differences).or_else(|| owner_remedy(word, object, differences))
}
