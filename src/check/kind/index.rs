//! `[table.NAME.index]`: `idx = "unique using btree (a, lower(b) desc) where c"`, a complete definition.

use crate::catalog::{Kind, Object, Value};
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{self, Index, IndexKey, Key};
use crate::sql::{normalize, parse_name, quote_ident};

use super::fields::{ident, options_want, string, switch};
use super::primary_key::{columns_needed, list};
use super::table::{comment, comment_remedy, same_collation};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of indexes") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("index", &entry.key) else {
            continue;
        };
        let within = format!("index {name}");
        let Some((text, fields)) =
            p.definition(entry, &within, &["options", "tablespace", "clustered", "comment"])
        else {
            continue;
        };
        let Some(index) = p.fragment(&name, &text, fragment::index) else {
            continue;
        };
        let mut wants = wants(&index);
        if let Some(fields) = &fields {
            if let Some(text) = string(p, fields, "comment") {
                wants.push(comment(&text.value));
            }
            if let Some(name) = ident(p, fields, "tablespace") {
                wants.push(Want::maybe("tablespace", (name != "pg_default").then_some(name)));
            }
            if let Some(value) = switch(p, fields, "clustered") {
                wants.push(Want::flag("clustered", value));
            }
            if index.with.is_empty() {
                wants.extend(options_want(p, fields));
            }
        }
        let columns: Vec<String> = index
            .keys
            .iter()
            .filter_map(|key| match &key.key {
                Key::Column(column) => Some(column.clone()),
                Key::Expression(_) => None,
            })
            .chain(index.include.iter().cloned())
            .collect();
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Index, name.clone())));
        rule.wants = wants;
        rule.needs = columns_needed(table, &columns);
        rule.create = Some(create(&name, table, &index, text.value.trim()));
        p.add_on(table, "index", &name, &entry.key, text.value, rule);
    }
}

pub(crate) fn wants(index: &Index) -> Vec<Want> {
    let method = index.method.as_deref().unwrap_or("btree");
    let keys = index.keys.iter().map(|key| match &key.key {
        Key::Column(column) => quote_ident(column),
        Key::Expression(expression) => expression.clone(),
    });
    let mut wants = vec![
        Want::text("method", method),
        Want::flag("unique", index.unique),
        Want::flag("nulls_not_distinct", index.nulls_not_distinct),
        Want::list("keys", keys.collect()),
        Want::by(
            "opclasses",
            join(index, |key| name(key.opclass.as_ref())),
            opclasses,
        ),
        Want::by(
            "collations",
            join(index, |key| name(key.collation.as_ref())),
            collations,
        ),
        Want::by("orders", join(index, order), orders),
        Want::list("include", index.include.clone()),
        Want::maybe("predicate", index.predicate.clone()),
        Want::flag("valid", true),
        Want::flag("ready", true),
    ];
    if !index.with.is_empty() {
        let mut options: Vec<String> = index
            .with
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        options.sort();
        wants.push(Want::by("options", options.join("\n"), options_same));
    }
    wants
}

fn name(name: Option<&crate::sql::Name>) -> String {
    name.map(ToString::to_string).unwrap_or_default()
}

/// One line a key.
fn join(index: &Index, part: impl Fn(&IndexKey) -> String) -> String {
    index.keys.iter().map(part).collect::<Vec<_>>().join("\n")
}

fn order(key: &IndexKey) -> String {
    let nulls_first = key.nulls_first.unwrap_or(key.descending);
    format!(
        "{} nulls {}",
        if key.descending { "desc" } else { "asc" },
        if nulls_first { "first" } else { "last" }
    )
}

/// Compares line by line, key by key; where the number of keys differs, the keys' own comparison says so.
fn lines(part: &str, wanted: &str, have: &[String], same: impl Fn(usize, &str, &str) -> bool) -> Comparison {
    let wanted: Vec<&str> = wanted.split('\n').collect();
    if wanted.len() != have.len() {
        return Comparison::Same;
    }
    let mut differences = Vec::new();
    for (index, (wanted, have)) in wanted.iter().zip(have).enumerate() {
        if !same(index, wanted, have) {
            let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
            differences.push(Difference {
                part: format!("{part} of key {}", index + 1),
                have: some(have),
                want: some(wanted),
                refusal: None,
            });
        }
    }
    if differences.is_empty() {
        Comparison::Same
    } else {
        Comparison::Differs(differences)
    }
}

fn orders(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    lines("order", wanted, object.list("orders"), |_, wanted, have| {
        // a method without order has nothing to say against the default
        wanted == have || (have.is_empty() && wanted == "asc nulls last")
    })
}

fn collations(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    lines(
        "collation",
        wanted,
        object.list("collations"),
        |_, wanted, have| same_collation(wanted, have),
    )
}

fn opclasses(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let catalog = judge.catalog;
    lines(
        "operator class",
        wanted,
        object.list("opclasses"),
        |index, wanted, have| match (wanted, have) {
            ("", "") => true,
            ("", _) => false,
            // the default one, spelt out
            (wanted, "") => {
                let key = object.list("keys").get(index);
                let column = key.and_then(|key| parse_name(key).ok()).and_then(|name| {
                    catalog.get(&crate::catalog::ObjectId::on(
                        Kind::Column,
                        object.id.schema.clone(),
                        object.id.relation.clone(),
                        name.name,
                    ))
                });
                let wanted = parse_name(wanted).map_or_else(|_| wanted.to_string(), |name| name.name);
                column
                    .and_then(|column| column.text("type"))
                    .is_some_and(|type_name| default_opclass(type_name).contains(&wanted.as_str()))
            }
            (wanted, have) => match (parse_name(wanted), parse_name(have)) {
                (Ok(wanted), Ok(have)) => {
                    wanted.name == have.name
                        && wanted
                            .schema
                            .as_ref()
                            .zip(have.schema.as_ref())
                            .is_none_or(|(wanted, have)| wanted == have)
                }
                _ => wanted == have,
            },
        },
    )
}

/// The default operator classes of a type, for those who spell them out.
fn default_opclass(type_name: &str) -> &'static [&'static str] {
    let bare = type_name
        .split_once('(')
        .map_or(type_name, |(name, _)| name)
        .trim();
    match bare {
        "text" => &["text_ops"],
        "character varying" => &["text_ops", "varchar_ops"],
        "character" => &["bpchar_ops"],
        "integer" => &["int4_ops"],
        "bigint" => &["int8_ops"],
        "smallint" => &["int2_ops"],
        "uuid" => &["uuid_ops"],
        "boolean" => &["bool_ops"],
        "numeric" => &["numeric_ops"],
        "date" => &["date_ops"],
        "jsonb" => &["jsonb_ops"],
        "tsvector" => &["tsvector_ops"],
        "bytea" => &["bytea_ops"],
        _ if type_name.ends_with("[]") => &["array_ops"],
        _ if type_name.starts_with("timestamp") && type_name.ends_with("with time zone") => {
            &["timestamptz_ops"]
        }
        _ if type_name.starts_with("timestamp") => &["timestamp_ops"],
        _ => &[],
    }
}

fn options_same(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let mut have = object.list("options").to_vec();
    have.sort();
    let have = have.join("\n");
    if have == wanted {
        Comparison::Same
    } else {
        let line = |text: &str| text.replace('\n', ", ");
        Comparison::differs("options", Some(line(&have)), Some(line(wanted)))
    }
}

fn create(name: &str, table: &Table, index: &Index, text: &str) -> String {
    let (unique, rest) = match index.unique {
        true => ("UNIQUE ", text.get(6..).unwrap_or("").trim_start()),
        false => ("", text),
    };
    format!(
        "CREATE {unique}INDEX {} ON {} {rest}",
        quote_ident(name),
        table.sql()
    )
}

pub(crate) fn render(object: &Object) -> String {
    let mut text = String::new();
    if object.flag("unique") {
        text.push_str("unique ");
    }
    if let Some(method) = object.text("method")
        && method != "btree"
    {
        text.push_str(&format!("using {method} "));
    }
    let part = |property: &str, index: usize| object.list(property).get(index).cloned().unwrap_or_default();
    let keys: Vec<String> = object
        .list("keys")
        .iter()
        .enumerate()
        .map(|(index, key)| {
            let mut text = if is_plain(key) {
                key.clone()
            } else {
                format!("({key})")
            };
            for (word, property) in [("collate ", "collations"), ("", "opclasses")] {
                let part = part(property, index);
                if !part.is_empty() {
                    text.push_str(&format!(" {word}{part}"));
                }
            }
            match part("orders", index).as_str() {
                "" | "asc nulls last" => {}
                "desc nulls first" => text.push_str(" desc"),
                "asc nulls first" => text.push_str(" nulls first"),
                order => text.push_str(&format!(" {order}")),
            }
            text
        })
        .collect();
    text.push_str(&format!("({})", keys.join(", ")));
    if !object.list("include").is_empty() {
        text.push_str(&format!(" include {}", list(object.list("include"))));
    }
    if object.flag("nulls_not_distinct") {
        text.push_str(" nulls not distinct");
    }
    if !object.list("options").is_empty() {
        text.push_str(&format!(" with ({})", object.list("options").join(", ")));
    }
    if let Some(predicate) = object.text("predicate") {
        text.push_str(&format!(" where {predicate}"));
    }
    if object.get("valid") == Some(&Value::Bool(false)) {
        text.push_str(" [invalid]");
    }
    text
}

/// A column, a function call, or what has its parentheses already: no need of more.
fn is_plain(key: &str) -> bool {
    if key.starts_with('(') {
        return normalize(key).len() + 2 <= key.len();
    }
    parse_name(key).is_ok() || fragment::keys(key).is_ok_and(|keys| keys.len() == 1 && !key.starts_with('('))
}

fn alter(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    if differences
        .iter()
        .all(|difference| difference.part == "valid" || difference.part == "ready")
    {
        return Some(format!("REINDEX INDEX CONCURRENTLY {}", object.id.path()));
    }
    comment_remedy("INDEX", object, differences)
}

#[cfg(test)]
mod tests {
    use crate::catalog::Kind;
    use crate::check::Status;
    use crate::check::testing::{literal, on_t, one, sample, settle, suite};

    #[test]
    fn defaults_may_be_spelt_out() {
        let mut catalog = sample();
        let properties = [
            ("method", "btree"),
            ("keys", "org_id|name"),
            ("opclasses", "|text_pattern_ops"),
            ("collations", "|\"C\""),
            ("orders", "desc nulls last|asc nulls last"),
            ("valid", "t"),
            ("ready", "t"),
        ];
        catalog.insert(on_t(Kind::Index, "i", &properties));
        for (definition, status) in [
            (
                "(org_id desc nulls last, name collate \\\"C\\\" text_pattern_ops)",
                Status::Pass,
            ),
            (
                "using btree (org_id uuid_ops desc nulls last, name collate pg_catalog.\\\"C\\\" text_pattern_ops asc)",
                Status::Pass,
            ),
            (
                "(org_id desc, name collate \\\"C\\\" text_pattern_ops)",
                Status::Fail,
            ),
            ("(org_id desc nulls last, name text_pattern_ops)", Status::Fail),
            ("(org_id desc nulls last, name collate \\\"C\\\")", Status::Fail),
            (
                "(org_id text_ops desc nulls last, name collate \\\"C\\\" text_pattern_ops)",
                Status::Fail,
            ),
            (
                "using hash (org_id desc nulls last, name collate \\\"C\\\" text_pattern_ops)",
                Status::Fail,
            ),
            (
                "(name collate \\\"C\\\" text_pattern_ops, org_id desc nulls last)",
                Status::Fail,
            ),
            ("(org_id desc nulls last)", Status::Fail),
        ] {
            let suite = suite("0001", &format!("[table.t.index]\ni = \"{definition}\"\n"));
            let verdicts = settle(&[&suite], &catalog, literal);
            let verdict = one(&verdicts, "0001/table.t/index.i");
            assert_eq!(verdict.status, status, "{definition}: {}", verdict.message);
            assert_eq!(
                verdict.actual.as_deref(),
                Some("(org_id desc nulls last, name collate \"C\" text_pattern_ops)")
            );
        }
    }
}
