//! `[range.NAME]`: `subtype`, and what else is named of it.

use crate::catalog::{Kind, Object, ObjectId, Stated};
use crate::check::compare::{Compare, Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::sql::{fragment, parse_name};

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

/// The multirange type of a complete entry that names none has the name that PostgreSQL chooses.
pub(crate) fn usual_multirange() -> Want {
    Want::by("multirange", "", |_, range, _| match range.text("multirange") {
        Some(name) if !is_usual_multirange(range, name) => {
            Comparison::differs("multirange", Some(name), None::<String>)
        }
        _ => Comparison::Same,
    })
}

/// Whether PostgreSQL chose the name: `range` becomes `multirange`, else it is put behind.
pub(crate) fn is_usual_multirange(object: &Object, multirange: &str) -> bool {
    let name = &object.id.name;
    let usual = match name.find("range") {
        Some(at) => format!("{}multirange{}", &name[..at], &name[at + 5..]),
        None => format!("{name}_multirange"),
    };
    parse_name(multirange)
        .is_ok_and(|found| found.name == usual && found.schema.as_deref() == Some(object.id.schema.as_str()))
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Kind, ObjectId};
    use crate::check::testing::{literal, object, one, sample, settle, suite};

    #[test]
    fn a_complete_entry_without_a_multirange_has_the_usual_one() {
        for (multirange, differs) in [
            (Some("public.amultirange_of"), false),
            (Some("public.other"), true),
            (Some("auth.amultirange_of"), true),
            // there are none before PostgreSQL 14
            (None, false),
        ] {
            let mut catalog = sample();
            let mut properties = vec![("subtype", "text")];
            properties.extend(multirange.map(|name| ("multirange", name)));
            catalog.insert(object(
                ObjectId::new(Kind::Range, "public", "arange_of"),
                &properties,
            ));
            let text = "complete = true\n[range]\narange_of = { subtype = \"text\" }\n";
            let verdicts = settle(&[&suite("0001", text)], &catalog, literal);
            let differences = &one(&verdicts, "0001/range.arange_of").differences;
            let found = differences
                .iter()
                .any(|difference| difference.part == "multirange");
            assert_eq!(found, differs, "{multirange:?}");
        }
    }

    #[test]
    fn what_is_named_is_compared() {
        let text = "[range.span]\nsubtype = \"int\"\nopclass = \"text_pattern_ops\"\nsubtype_diff = \"other.span_diff\"\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let differences = &one(&verdicts, "0001/range.span").differences;
        let found: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
        assert_eq!(found, ["subtype", "subtype difference"]);
    }
}
