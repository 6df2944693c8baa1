//! `[table.NAME.index]`: `idx = "unique using btree (a, lower(b) desc) where c"`, a complete definition.

use crate::catalog::{Kind, Object, Stated, Value};
use crate::check::compare::{Comparison, Want, worse};
use crate::check::document::{Fields, Item};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{self, Index, IndexKey, Key};
use crate::sql::{normalize, parse_name, quote_ident};

use super::fields::{ident, options_want, string, switch};
use super::primary_key::{columns_needed, list};
use super::reference::{class_of, same_collation, same_opclass, tablespace};
use super::table::{comment, comment_remedy};

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
        let known = [
            "options",
            "statistics_targets",
            "tablespace",
            "clustered",
            "valid",
            "comment",
        ];
        let Some((text, fields)) = p.definition(entry, &within, &known) else {
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
                match &index.tablespace {
                    Some(other) if *other != name => p.reader.error_help(
                        text.span,
                        format!(
                            "`{}`: the definition says tablespace {}, the field {}",
                            entry.key.value,
                            quote_ident(other),
                            quote_ident(&name)
                        ),
                        "say it once",
                    ),
                    Some(_) => {}
                    None => wants.push(tablespace(name)),
                }
            }
            if let Some(value) = switch(p, fields, "clustered") {
                wants.push(Want::flag("clustered", value));
            }
            wants.extend(statistics_targets(p, fields));
            if switch(p, fields, "valid") == Some(false) {
                // whether what is not valid is ready is all the same
                wants.retain(|want| !matches!(want.property, "valid" | "ready"));
                wants.push(Want::flag("valid", false));
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

/// `{ 1 = 500 }`: of keys that are expressions, by their number.
fn statistics_targets(p: &mut Parser, fields: &Fields<'_>) -> Option<Want> {
    let item = fields.get("statistics_targets")?;
    let entries = p
        .reader
        .items(item, "a table of statistics targets by the key's number")?;
    let mut lines = Vec::new();
    for entry in &entries {
        let target = p.reader.figure(entry)?;
        let Some(key) = entry.key.value.parse::<u16>().ok().filter(|key| *key > 0) else {
            p.reader.error_help(
                entry.key.span,
                format!(
                    "`statistics_targets`: `{}` is no number of a key",
                    entry.key.value
                ),
                "number the keys from 1 on, as ALTER INDEX … ALTER COLUMN does",
            );
            return None;
        };
        lines.push(format!("{key}={target}"));
    }
    Some(Want::list("statistics_targets", lines))
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
        Want::by("opclasses", join(index, class_of), opclasses)
            .stating(Stated::OPERATOR_CLASS.when(index.keys.iter().any(|key| key.opclass.is_some()))),
        Want::by(
            "collations",
            join(index, |key| name(key.collation.as_ref())),
            collations,
        )
        .stating(Stated::COLLATION.when(index.keys.iter().any(|key| key.collation.is_some()))),
        Want::by("orders", join(index, order), orders),
        Want::list("include", index.include.clone()),
        Want::maybe("predicate", index.predicate.clone()),
        Want::flag("valid", true),
        Want::flag("ready", true),
    ];
    wants.extend(index.tablespace.clone().map(tablespace));
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

/// Compares line by line, key by key; where the number of keys differs, the keys' own comparison says so. A comparison may
/// lack something that was not read. What is told by no more than being the default may have a name.
fn lines(
    part: &str,
    wanted: &str,
    have: &[String],
    names: &[String],
    same: impl Fn(usize, &str, &str) -> Option<bool>,
) -> Comparison {
    let wanted: Vec<&str> = wanted.split('\n').collect();
    if wanted.len() != have.len() {
        return Comparison::Same;
    }
    let mut result = Comparison::Same;
    for (index, (wanted, have)) in wanted.iter().zip(have).enumerate() {
        let part = format!("{part} of key {}", index + 1);
        let some = |text: &str| (!text.is_empty()).then(|| text.to_string());
        let compared = match same(index, wanted, have) {
            Some(true) => Comparison::Same,
            Some(false) => {
                let name = names.get(index).filter(|_| have.is_empty() && !wanted.is_empty());
                Comparison::differs(part, some(name.map_or(have, String::as_str)), some(wanted))
            }
            None => Comparison::CannotTell(format!("the {part} was not read")),
        };
        result = worse(result, compared);
    }
    result
}

fn orders(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    lines("order", wanted, object.list("orders"), &[], |_, wanted, have| {
        // a method without order has nothing to say against the default
        Some(wanted == have || (have.is_empty() && wanted == "asc nulls last"))
    })
}

fn collations(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let told = object.list("collations");
    let names = object.list("collation_names");
    lines("collation", wanted, told, names, |index, wanted, told| {
        same_collation(wanted, told, names.get(index), object, judge)
    })
}

fn opclasses(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let told = object.list("opclasses");
    let names = object.list("opclass_names");
    lines("operator class", wanted, told, names, |index, wanted, told| {
        same_opclass(wanted, told, names.get(index), object, judge)
    })
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

fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let is_built = |difference: &Difference| difference.part == "valid" || difference.part == "ready";
    if differences.iter().all(is_built) {
        // nothing makes a valid index invalid
        if object.flag("valid") && object.flag("ready") {
            return None;
        }
        return Some(format!("REINDEX INDEX CONCURRENTLY {}", object.id.path()));
    }
    comment_remedy("INDEX", object, differences).or_else(|| exchange(rule, object, differences))
}

/// The wanted index for the one that is there, where nothing of that one would be lost.
fn exchange(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    const BUILT: &[&str] = &[
        "unique",
        "method",
        "keys",
        "order",
        "operator classes",
        "collations",
        "include",
        "nulls",
        "predicate",
    ];
    const OF_ITS_OWN: &[&str] = &[
        "constraint",
        "partition_of",
        "comment",
        "options",
        "tablespace",
        "statistics_targets",
        "clustered",
    ];
    let is_built = differences
        .iter()
        .all(|difference| BUILT.contains(&difference.part.as_str()) || difference.part.starts_with("key "));
    let has_own = OF_ITS_OWN.iter().any(|property| object.get(property).is_some());
    if !is_built || has_own {
        return None;
    }
    let create = rule.create.as_ref()?;
    Some(format!(
        "BEGIN; DROP INDEX {}; {create}; COMMIT",
        object.id.path()
    ))
}

#[cfg(test)]
mod tests {
    use crate::catalog::Kind;
    use crate::check::Status;
    use crate::check::testing::{complaints, literal, on_t, one, sample, settle, suite};

    #[test]
    fn an_index_is_exchanged_where_nothing_of_it_is_lost() {
        for (more, remedy) in [
            (
                &[][..],
                Some("BEGIN; DROP INDEX public.t_org; CREATE INDEX t_org ON public.t (org_id); COMMIT"),
            ),
            (&[("comment", "x")][..], None),
            (&[("options", "fillfactor=70")][..], None),
        ] {
            let mut catalog = sample();
            let properties = [
                ("method", "btree"),
                ("keys", "note"),
                ("opclasses", ""),
                ("orders", ""),
                ("valid", "t"),
                ("ready", "t"),
            ];
            catalog.insert(on_t(Kind::Index, "t_org", &[&properties, more].concat()));
            let verdicts = settle(
                &[&suite("0001", "[table.t.index]\nt_org = \"(org_id)\"\n")],
                &catalog,
                literal,
            );
            let verdict = one(&verdicts, "0001/table.t/index.t_org");
            assert_eq!(verdict.status, Status::Fail, "{verdict:?}");
            assert_eq!(verdict.remedy.as_deref(), remedy, "{verdict:?}");
        }
    }

    #[test]
    fn defaults_may_be_spelt_out() {
        let mut catalog = sample();
        let properties = [
            ("method", "btree"),
            ("keys", "org_id|name"),
            ("opclasses", "|text_pattern_ops"),
            ("collations", "|\"C\""),
            ("opclass_names", "uuid_ops|text_pattern_ops"),
            ("collation_names", "|\"C\""),
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

    /// The status of an index with one key, of a suite of the schema `auth`.
    fn of_auth(definition: &str, properties: &[(&'static str, &'static str)]) -> Status {
        let mut catalog = sample();
        let usual = [
            ("method", "gist"),
            ("keys", "name"),
            ("opclasses", ""),
            ("collations", ""),
            ("orders", ""),
            ("valid", "t"),
            ("ready", "t"),
        ];
        let properties: Vec<_> = usual.iter().chain(properties).copied().collect();
        catalog.insert(on_t(Kind::Index, "i", &properties));
        let text = format!("schema = \"auth\"\n[table.'public.t'.index]\ni = '{definition}'\n");
        let verdicts = settle(&[&suite("0001", &text)], &catalog, literal);
        one(&verdicts, "0001/table.public.t/index.i").status
    }

    #[test]
    fn a_bare_name_is_the_servers_then_that_of_the_suites_schema_then_that_of_public() {
        let own = "opclass_names";
        let class = |have: &'static str, others: &'static str| [("opclasses", have), ("namesakes", others)];
        for (key, properties, status) in [
            ("c", vec![(own, "c")], Status::Pass),
            ("pg_catalog.c", vec![(own, "c")], Status::Pass),
            ("auth.c", vec![(own, "c")], Status::Fail),
            ("c", class("auth.c", "").to_vec(), Status::Pass),
            (
                "c",
                class("auth.c", "operator class public.c").to_vec(),
                Status::Pass,
            ),
            (
                "c",
                class("auth.c", "operator class pg_catalog.c").to_vec(),
                Status::Fail,
            ),
            (
                "auth.c",
                class("auth.c", "operator class pg_catalog.c").to_vec(),
                Status::Pass,
            ),
            ("c", class("public.c", "").to_vec(), Status::Pass),
            ("c", class("public.c", "collation auth.c").to_vec(), Status::Pass),
            (
                "c",
                class("public.c", "operator class auth.c").to_vec(),
                Status::Fail,
            ),
            ("c", class("other.c", "").to_vec(), Status::Fail),
            ("other.c", class("other.c", "").to_vec(), Status::Pass),
            ("d", class("auth.c", "").to_vec(), Status::Fail),
            // the default one was not read
            ("c", vec![], Status::Blocked),
            ("collate \"C\"", vec![("collation_names", "\"C\"")], Status::Pass),
            (
                "collate \"C\"",
                vec![("collation_names", "auth.\"C\"")],
                Status::Pass,
            ),
            (
                "collate \"C\"",
                vec![
                    ("collation_names", "auth.\"C\""),
                    ("namesakes", "collation pg_catalog.\"C\""),
                ],
                Status::Fail,
            ),
            ("collate \"C\"", vec![("collation_names", "")], Status::Fail),
        ] {
            let definition = format!("using gist (name {key})");
            assert_eq!(of_auth(&definition, &properties), status, "{key} {properties:?}");
        }
    }

    #[test]
    fn parameters_of_operator_classes_are_compared() {
        let told = [("opclasses", "public.trgm (siglen=32, x=1)")];
        for (key, status) in [
            ("trgm(siglen=32, x=1)", Status::Pass),
            ("public.trgm (X = 1, siglen = \"32\")", Status::Fail),
            ("trgm (x=1, siglen=32)", Status::Pass),
            ("trgm (x=1, siglen=33)", Status::Fail),
            ("trgm", Status::Fail),
        ] {
            assert_eq!(
                of_auth(&format!("using gist (name {key})"), &told),
                status,
                "{key}"
            );
        }
    }

    #[test]
    fn a_tablespace_is_told_by_the_index_or_by_the_database() {
        for (told, name, status) in [
            ("tablespace", "fast", Status::Pass),
            ("default_tablespace", "fast", Status::Pass),
            ("tablespace", "pg_default", Status::Fail),
            ("default_tablespace", "pg_default", Status::Fail),
            ("comment", "fast", Status::Blocked),
        ] {
            let definition = format!("using gist (name) tablespace {name}");
            assert_eq!(of_auth(&definition, &[(told, "fast")]), status, "{told} {name}");
        }
        let twice = "i = { definition = \"(a) tablespace fast\", tablespace = \"slow\" }";
        assert_eq!(
            complaints(&format!("[table.t.index]\n{twice}\n")),
            ["2:20 `i`: the definition says tablespace fast, the field slow (say it once)"]
        );
    }
}
