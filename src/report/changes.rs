//! Differences between catalogs as lines of a report.

use super::describe;
use super::model::ChangeLine;
use crate::catalog::diff::{Change, ChangeKind};
use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::proof::{self, Outcome};

/// A line a change, in the order of the changes. The two functions tell what an object was before and is after.
pub fn lines<'o>(
    changes: &[Change],
    before: impl Fn(&ObjectId) -> Option<&'o Object>,
    after: impl Fn(&ObjectId) -> Option<&'o Object>,
) -> Vec<ChangeLine> {
    let is_order_all = proof::outcome(changes) <= Outcome::OrderOnly;
    changes
        .iter()
        .zip(proof::following(changes))
        .map(|(change, follows)| {
            // the order of columns is of interest where nothing else is
            let follows = follows || (!is_order_all && proof::is_order(change));
            let id = &change.object;
            let whole = |object: Option<&Object>| Some(object.map_or_else(String::new, words));
            let (word, property, before, after) = match &change.kind {
                ChangeKind::Added => ("added", None, None, whole(after(id))),
                ChangeKind::Removed => ("removed", None, whole(before(id)), None),
                ChangeKind::Changed {
                    property,
                    before,
                    after,
                } => (
                    "changed",
                    Some((*property).to_string()),
                    before.as_ref().map(Value::to_string),
                    after.as_ref().map(Value::to_string),
                ),
            };
            ChangeLine {
                kind: id.word().to_string(),
                object: id.path(),
                change: word,
                property,
                before,
                after,
                follows,
            }
        })
        .collect()
}

/// An object in a few words besides its name: what it is first of all, else its properties one by one.
fn words(object: &Object) -> String {
    let shape = match object.id.kind {
        Kind::Index => describe::index_shape(object),
        Kind::Trigger => describe::trigger_shape(object),
        _ => {
            let facts = describe::facts(object);
            let facts: Vec<String> = facts.into_iter().filter(|fact| !fact.is_empty()).collect();
            facts.join(", ")
        }
    };
    if !shape.is_empty() {
        return shape;
    }
    let properties: Vec<String> = object
        .properties
        .iter()
        .map(|(name, value)| format!("{} {value}", name.replace('_', " ")))
        .collect();
    properties.join(", ")
}

/// One line for people of what a rollback left: `column public.t.a: type is integer, was bigint`.
pub fn sentence(line: &ChangeLine) -> String {
    told(line, "is left over", "is gone")
}

/// The same of what a second apply made otherwise than the first.
pub fn sentence_of_second(line: &ChangeLine) -> String {
    told(line, "is new", "is not there")
}

fn told(line: &ChangeLine, added: &str, removed: &str) -> String {
    let object = format!("{} {}", line.kind, line.object);
    let value = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_string());
    match (line.change, &line.property) {
        ("added", _) => format!("{object} {added}"),
        ("removed", _) => format!("{object} {removed}"),
        (_, Some(property)) => format!(
            "{object}: {} is {}, was {}",
            property.replace('_', " "),
            value(&line.after),
            value(&line.before)
        ),
        _ => object,
    }
}
