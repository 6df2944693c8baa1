//! `[range.NAME]`: `subtype`, and what else is named of it.

use crate::catalog::{Kind, ObjectId, Stated};
use crate::check::compare::{Compare, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::sql::fragment;

use super::column::type_needs;
use super::fields::{common, grants, listed, shown, string, usual_remedy};
use super::reference::{FUNCTION, TYPE, collation, named, opclass};

const KIND: ObjectKind = ObjectKind {
    render: listed,
    alter: |rule, object, differences| usual_remedy("TYPE", rule, object, differences),
};

const KEYS: &[&str] = &[
    "subtype",
    "opclass",
    "collation",
    "canonical",
    "subtype_diff",
    "multirange",
    "grant",
    "owner",
    "comment",
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of range types") else {
        return;
    };
    for entry in &entries {
        let Some((schema, name)) = p.qualified("range", &entry.key) else {
            continue;
        };
        let within = format!("range type {name}");
        let Some(fields) = p.reader.fields(entry, &within, "a table of properties", KEYS) else {
            continue;
        };
        let mut wants = Vec::new();
        let id = ObjectId::new(Kind::Range, schema.clone(), name.clone());
        let mut rule = ObjectRule::new(&KIND, Target::Id(id));
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema.clone())];
        if let Some(text) = string(p, &fields, "subtype")
            && let Some(subtype) = p.fragment("subtype", &text, fragment::type_name)
        {
            rule.needs.extend(type_needs(p, &subtype));
            wants.push(Want::text("subtype", subtype));
        }
        if let Some(text) = string(p, &fields, "collation") {
            wants.extend(
                p.reader
                    .name("collation", &text)
                    .map(|name| collation(Some(&name))),
            );
        }
        if let Some(text) = string(p, &fields, "opclass")
            && p.reader.name("opclass", &text).is_some()
        {
            wants.push(opclass(text.value));
        }
        for (key, compare) in NAMES {
            if let Some(text) = string(p, &fields, key)
                && p.reader.name(key, &text).is_some()
            {
                wants.push(Want::by(key, text.value, *compare).stating(Stated::FUNCTION));
            }
        }
        let expected = shown(&wants, "range type");
        wants.extend(common(p, &fields));
        wants.extend(grants(p, &fields, Kind::Range));
        rule.wants = wants;
        let path = format!("range.{}", p.spell(&schema, &name));
        p.add(path, "range", &entry.key, expected, rule);
    }
}

/// The properties that name other objects.
const NAMES: &[(&str, Compare)] = &[
    ("canonical", |wanted, object, judge| {
        named("canonical", FUNCTION, wanted, object, judge)
    }),
    ("subtype_diff", |wanted, object, judge| {
        named("subtype_diff", FUNCTION, wanted, object, judge)
    }),
    ("multirange", |wanted, object, judge| {
        named("multirange", TYPE, wanted, object, judge)
    }),
];

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite};

    #[test]
    fn what_is_named_is_compared() {
        let text = "[range.span]\nsubtype = \"int\"\nopclass = \"text_pattern_ops\"\nsubtype_diff = \"other.span_diff\"\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let differences = &one(&verdicts, "0001/range.span").differences;
        let found: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
        assert_eq!(found, ["subtype", "subtype difference"]);
    }
}
