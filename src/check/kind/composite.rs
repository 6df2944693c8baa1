//! `[composite]`: `pair = ["a integer", 'b text collate "C"']`, the attributes in order.

use crate::catalog::{Kind, Object, ObjectId, Stated};
use crate::check::compare::{Comparison, Want, types, worse};
use crate::check::document::{Fields, Item, Text, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::sql::fragment::{self, Column, FragmentError};
use crate::sql::parse_name;

use super::column::type_needs;
use super::fields::{comments_want, common, grants, part_comment_remedy, usual_remedy};
use super::function::split_name;
use super::reference::same_collation;

const KIND: ObjectKind = ObjectKind {
    render: |object| format!("({})", object.list("attributes").join(", ")),
    alter: |rule, object, differences| {
        part_comment_remedy(object, differences).or_else(|| usual_remedy("TYPE", rule, object, differences))
    },
};

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of composite types") else {
        return;
    };
    for entry in &entries {
        let Some((schema, name)) = p.qualified("composite", &entry.key) else {
            continue;
        };
        let mut wants = Vec::new();
        let attributes = if items_of(entry.value).is_some() {
            let known = ["attributes", "comments", "grant", "owner", "comment"];
            let within = format!("composite type {name}");
            let Some(fields) = p.reader.fields(entry, &within, "an array of attributes", &known) else {
                continue;
            };
            wants.extend(common(p, &fields));
            wants.extend(grants(p, &fields, Kind::Composite));
            wants.extend(comments(p, &fields));
            let what = format!("`{}`", entry.key.value);
            p.reader
                .required(
                    &fields,
                    "attributes",
                    (&what, entry.key.span),
                    "add attributes = [\"…\"]",
                )
                .and_then(|item| p.reader.strings(item))
        } else {
            p.reader.strings(entry)
        };
        let Some(attributes) = attributes else { continue };
        let Some(columns) = columns(p, &attributes) else {
            continue;
        };
        let id = ObjectId::new(Kind::Composite, schema.clone(), name.clone());
        let mut rule = ObjectRule::new(&KIND, Target::Id(id.clone()));
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema.clone())];
        for column in &columns {
            rule.needs.extend(type_needs(p, &column.type_name));
        }
        let lines: Vec<String> = attributes
            .iter()
            .map(|text| text.value.replace('\n', " "))
            .collect();
        let is_collated = columns.iter().any(|column| column.collation.is_some());
        let want = Want::by("attributes", lines.join("\n"), compare);
        wants.insert(0, want.stating(Stated::COLLATION.when(is_collated)));
        rule.wants = wants;
        let expected = format!("({})", lines.join(", "));
        rule.create = Some(format!("CREATE TYPE {} AS {expected}", id.path()));
        let path = format!("composite.{}", p.spell(&schema, &name));
        p.add(path, "composite", &entry.key, expected, rule);
    }
}

/// `{ a = "…" }`: the comments on attributes by name.
fn comments(p: &mut Parser, fields: &Fields<'_>) -> Option<Want> {
    let item = fields.get("comments")?;
    let entries = p
        .reader
        .items(item, "a table of attributes with their comments")?;
    let mut comments = Vec::new();
    for entry in &entries {
        let name = p.reader.ident("comments", &entry.key)?;
        comments.push((name, p.reader.string(entry)?.value));
    }
    Some(comments_want(p, Kind::Composite, comments))
}

fn columns(p: &mut Parser, attributes: &[Text]) -> Option<Vec<Column>> {
    attributes
        .iter()
        .map(|text| {
            let column = p.fragment("attributes", text, |text| {
                attribute(text).map(|(_, column)| column)
            })?;
            if column.not_null || column.default.is_some() || column.identity.is_some() {
                p.reader.error(
                    text.span,
                    "`attributes`: an attribute is a name and a type, perhaps with COLLATE",
                );
                return None;
            }
            Some(column)
        })
        .collect()
}

/// `"A b" integer` → name, type and collation.
fn attribute(text: &str) -> Result<(String, Column), FragmentError> {
    let trimmed = text.trim();
    let (name, rest) = split_name(trimmed);
    let offset = text.len() - rest.len();
    let column = fragment::column(rest).map_err(|error| FragmentError {
        span: error.span.shifted(offset),
        ..error
    })?;
    Ok((parse_name(name)?.name, column))
}

fn written(column: &Column) -> String {
    column
        .collation
        .as_ref()
        .map(ToString::to_string)
        .unwrap_or_default()
}

fn compare(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let wanted: Vec<&str> = wanted.lines().collect();
    let have = object.list("attributes");
    let schema = judge.suite.schema.clone();
    let mut result = Comparison::Same;
    for index in 0..wanted.len().max(have.len()) {
        let part = format!("attribute {}", index + 1);
        let (want, found) = (wanted.get(index).copied(), have.get(index).map(String::as_str));
        let compared = match (want.map(attribute), found.map(attribute)) {
            (Some(Ok((name, column))), Some(Ok((other, stored)))) if name == other => {
                let own = object.list("collation_names").get(index);
                match same_collation(&written(&column), &written(&stored), own, object, judge) {
                    Some(true) => types(&part, &schema, &column.type_name, &stored.type_name, judge),
                    Some(false) => Comparison::differs(part, found, want),
                    None => Comparison::CannotTell(format!("the collations of {} were not read", object.id)),
                }
            }
            _ => Comparison::differs(part, found, want),
        };
        result = worse(result, compared);
    }
    result
}

#[cfg(test)]
mod tests {
    use crate::catalog::{Kind, ObjectId, Value};
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn attributes_are_compared_in_order() {
        for (attributes, parts) in [
            ("['\"A b\" integer', 'c text collate \"C\"']", vec![]),
            ("['\"A b\" integer', 'c text']", vec!["attribute 2"]),
            (
                "['\"A b\" bigint', 'd text collate \"C\"', 'e int']",
                vec!["attribute 1", "attribute 2", "attribute 3"],
            ),
        ] {
            let text = format!("[composite]\npair = {attributes}\n");
            let verdicts = settle(&[&suite("0001", &text)], &sample(), literal);
            let differences = &one(&verdicts, "0001/composite.pair").differences;
            let found: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
            assert_eq!(found, parts, "{attributes}");
        }
    }

    #[test]
    fn comments_are_those_of_attributes_that_are_named_and_in_a_complete_suite_all() {
        let mut catalog = sample();
        let id = ObjectId::new(Kind::Composite, "public", "pair");
        let mut pair = catalog.get(&id).unwrap().clone();
        let lines = ["\"A b\": one: two".to_string(), "c: three".to_string()];
        pair.properties
            .insert("attribute_comments", Value::List(lines.to_vec()));
        catalog.insert(pair);
        let changed = Some("COMMENT ON COLUMN public.pair.\"A b\" IS 'other'");
        for (complete, comments, parts, remedy) in [
            (false, "'\"A b\"' = 'one: two'", vec![], None),
            (
                false,
                "'\"A b\"' = 'other'",
                vec!["comment on attribute \"A b\""],
                changed,
            ),
            (
                false,
                "c = ''",
                vec!["comment on attribute c"],
                Some("COMMENT ON COLUMN public.pair.c IS NULL"),
            ),
            (
                true,
                "'\"A b\"' = 'one: two'",
                vec!["comment on attribute c"],
                Some("COMMENT ON COLUMN public.pair.c IS NULL"),
            ),
            (true, "'\"A b\"' = 'one: two', c = 'three'", vec![], None),
        ] {
            let text = format!(
                "complete = {complete}\n[composite]\npair = {{ attributes = ['\"A b\" integer', 'c text collate \"C\"'], \
                 comments = {{ {comments} }}, grant = {{ app = ['usage'] }} }}\n"
            );
            let verdicts = settle(&[&suite("0001", &text)], &catalog, literal);
            let verdict = one(&verdicts, "0001/composite.pair");
            let found: Vec<&str> = verdict.differences.iter().map(|d| d.part.as_str()).collect();
            assert_eq!((found, verdict.remedy.as_deref()), (parts, remedy), "{comments}");
        }
    }

    #[test]
    fn an_attribute_is_a_name_and_a_type() {
        assert_eq!(
            complaints("[composite]\npair = ['a int not null']\n"),
            ["2:9 `attributes`: an attribute is a name and a type, perhaps with COLLATE"]
        );
        assert_eq!(complaints("[composite]\npair = ['a']\n").len(), 1);
    }
}
