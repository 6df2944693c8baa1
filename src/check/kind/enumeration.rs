//! `[enum]`: `sync_type = ["a", "b"]`, the labels in order.

use crate::catalog::{Kind, Object, ObjectId};
use crate::check::compare::{Comparison, Want};
use crate::check::document::{Item, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::{quote_ident, quote_literal};

use super::fields::{common, grants, usual_remedy};

const KIND: ObjectKind = ObjectKind { render, alter };

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of enums") else {
        return;
    };
    for entry in &entries {
        let Some((schema, name)) = p.qualified("enum", &entry.key) else {
            continue;
        };
        let mut wants = Vec::new();
        let labels = if items_of(entry.value).is_some() {
            let within = format!("enum {name}");
            let known = ["labels", "grant", "owner", "comment"];
            let Some(fields) = p.reader.fields(entry, &within, "an array of labels", &known) else {
                continue;
            };
            wants.extend(common(p, &fields));
            wants.extend(grants(p, &fields, Kind::Enum));
            let what = format!("`{}`", entry.key.value);
            p.reader
                .required(&fields, "labels", (&what, entry.key.span), "add labels = [\"…\"]")
                .and_then(|item| p.reader.strings(item))
        } else {
            p.reader.strings(entry)
        };
        let Some(labels) = labels else { continue };
        let mut names: Vec<String> = Vec::new();
        for label in &labels {
            if names.contains(&label.value) {
                let message = format!("`{}`: label \"{}\" is listed twice", entry.key.value, label.value);
                p.reader.error(label.span, message);
            }
            names.push(label.value.clone());
        }
        let id = ObjectId::new(Kind::Enum, schema.clone(), name.clone());
        let path = format!("enum.{}", p.spell(&schema, &name));
        let mut rule = ObjectRule::new(&KIND, Target::Id(id.clone()));
        wants.insert(0, Want::by("labels", names.join("\n"), compare));
        rule.wants = wants;
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema)];
        rule.create = Some(format!("CREATE TYPE {} AS ENUM ({})", id.path(), show(&names)));
        p.add(path, "enum", &entry.key, format!("({})", show(&names)), rule);
    }
}

fn show(labels: &[String]) -> String {
    labels
        .iter()
        .map(|label| quote_literal(label))
        .collect::<Vec<_>>()
        .join(", ")
}

fn render(object: &Object) -> String {
    format!("({})", show(object.list("labels")))
}

/// Says which label is missing, extra or moved.
fn compare(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let wanted: Vec<&str> = if wanted.is_empty() {
        Vec::new()
    } else {
        wanted.split('\n').collect()
    };
    let have: Vec<&str> = object.list("labels").iter().map(String::as_str).collect();
    if wanted == have {
        return Comparison::Same;
    }
    let mut differences = Vec::new();
    for label in wanted.iter().filter(|label| !have.contains(label)) {
        differences.push(Difference {
            part: "label".to_string(),
            have: None,
            want: Some(label.to_string()),
            refusal: None,
        });
    }
    for label in have.iter().filter(|label| !wanted.contains(label)) {
        differences.push(Difference {
            part: "label".to_string(),
            have: Some(label.to_string()),
            want: None,
            refusal: None,
        });
    }
    let common = |of: &[&str], other: &[&str]| -> Vec<String> {
        of.iter()
            .filter(|label| other.contains(label))
            .map(ToString::to_string)
            .collect()
    };
    let (kept, found) = (common(&wanted, &have), common(&have, &wanted));
    if kept != found {
        differences.push(Difference {
            part: "order of labels".to_string(),
            have: Some(found.join(", ")),
            want: Some(kept.join(", ")),
            refusal: None,
        });
    }
    Comparison::Differs(differences)
}

/// One missing label can be added in its place; PostgreSQL takes none away.
fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    if let Some(remedy) = usual_remedy("TYPE", rule, object, differences) {
        return Some(remedy);
    }
    let [
        Difference {
            part,
            have: None,
            want: Some(label),
            refusal: None,
        },
    ] = differences
    else {
        return None;
    };
    if part != "label" {
        return None;
    }
    let Some(crate::check::compare::Wanted::By(labels, _)) = rule.wanted("labels") else {
        return None;
    };
    let labels: Vec<&str> = labels.split('\n').collect();
    let at = labels.iter().position(|other| other == label)?;
    let place = match (at.checked_sub(1), labels.get(at + 1)) {
        (Some(before), _) => format!(" AFTER {}", quote_literal(labels[before])),
        (None, Some(next)) => format!(" BEFORE {}", quote_literal(next)),
        (None, None) => String::new(),
    };
    Some(format!(
        "ALTER TYPE {}.{} ADD VALUE {}{place}",
        quote_ident(&object.id.schema),
        quote_ident(&object.id.name),
        quote_literal(label)
    ))
}
