//! `[sequence.NAME]`: what is named of it is compared.

use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::sql::fragment;

use super::absent::dotted;
use super::fields::common;
use super::table::{comment_remedy, owner_remedy};

const KIND: ObjectKind = ObjectKind {
    render,
    alter: |_, object, differences| {
        comment_remedy("SEQUENCE", object, differences)
            .or_else(|| owner_remedy("SEQUENCE", object, differences))
    },
};

const FIGURES: &[&str] = &["start", "increment", "minimum", "maximum", "cache"];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of sequences") else {
        return;
    };
    p.each(&entries, parse_one);
}

fn parse_one(p: &mut Parser, entry: &Item<'_>) {
    let Some((schema, name)) = p.qualified("sequence", &entry.key) else {
        return;
    };
    let mut known = vec![
        "type",
        "cycle",
        "persistence",
        "owned_by",
        "grant",
        "owner",
        "comment",
    ];
    known.extend(FIGURES);
    let within = format!("sequence {name}");
    let Some(fields) = p.reader.fields(entry, &within, "a table of properties", &known) else {
        return;
    };
    let mut wants = common(p, &fields);
    let mut shown = Vec::new();
    if let Some(item) = fields.get("type")
        && let Some(text) = p.reader.string(item)
        && let Some(type_name) = p.fragment("type", &text, fragment::type_name)
    {
        shown.push(format!("as {type_name}"));
        wants.push(Want::text("type", type_name));
    }
    for key in FIGURES {
        if let Some(item) = fields.get(key) {
            let value = item
                .value
                .get_ref()
                .as_integer()
                .and_then(|integer| i64::from_str_radix(integer.as_str(), integer.radix()).ok());
            match value {
                Some(value) => {
                    shown.push(format!("{key} {value}"));
                    wants.push(Want::is(key, Value::Int(value)));
                }
                None => p.reader.mismatch(item, "a whole number"),
            }
        }
    }
    if let Some(item) = fields.get("cycle")
        && let Some(cycle) = p.reader.boolean(item)
    {
        shown.push(if cycle { "cycle" } else { "no cycle" }.to_string());
        wants.push(Want::flag("cycle", cycle));
    }
    if let Some(item) = fields.get("persistence")
        && let Some(word) = p.reader.word(item, &["permanent", "unlogged"])
    {
        wants.push(Want::maybe("persistence", (word != "permanent").then_some(word)));
    }
    if let Some(item) = fields.get("owned_by")
        && let Some(text) = p.reader.string(item)
    {
        match dotted(&text.value) {
            _ if text.value.trim().eq_ignore_ascii_case("none") => {
                wants.push(Want::maybe("owned_by", None::<String>));
            }
            Some(mut parts) if parts.len() == 2 || parts.len() == 3 => {
                if parts.len() == 2 {
                    parts.insert(0, p.schema.clone());
                }
                shown.push(format!("owned by {}", text.value));
                wants.push(Want::by("owned_by", parts.join("\n"), compare_owner));
            }
            _ => p.reader.error(text.span, "`owned_by`: want table.column or none"),
        }
    }
    let id = ObjectId::new(Kind::Sequence, schema.clone(), name.clone());
    let path = format!("sequence.{}", p.spell(&schema, &name));
    let relation = Table {
        kind: Kind::Sequence,
        schema: schema.clone(),
        name: name.clone(),
        path: path.clone(),
        key: entry.key.clone(),
    };
    if let Some(item) = fields.get("grant") {
        super::grant::parse(p, &relation, item);
    }
    super::exact::complete_relation(p, &relation);
    let mut rule = ObjectRule::new(&KIND, Target::Id(id));
    rule.wants = wants;
    rule.needs = vec![ObjectId::new(Kind::Schema, "", schema)];
    let expected = if shown.is_empty() {
        "sequence".to_string()
    } else {
        shown.join(" ")
    };
    p.add(path, "sequence", &entry.key, expected, rule);
}

fn compare_owner(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let have = object.text("owned_by");
    if have
        .and_then(dotted)
        .is_some_and(|parts| parts.join("\n") == wanted)
    {
        Comparison::Same
    } else {
        Comparison::differs("owner column", have, Some(wanted.replace('\n', ".")))
    }
}

fn render(object: &Object) -> String {
    let mut parts = vec![format!("as {}", object.text("type").unwrap_or("bigint"))];
    for key in FIGURES {
        if let Some(value) = object.get(key) {
            parts.push(format!("{key} {value}"));
        }
    }
    parts.push(if object.flag("cycle") { "cycle" } else { "no cycle" }.to_string());
    if let Some(owner) = object.text("owned_by") {
        parts.push(format!("owned by {owner}"));
    }
    parts.join(" ")
}
