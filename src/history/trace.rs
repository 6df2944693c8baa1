//! What a migration changed of objects that were there before it, as the journal keeps it, and what of that its
//! rollback did not bring back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::catalog::{Catalog, Kind, Object, ObjectId, json::json};
use crate::migration::sha256;
use crate::redact::redact;

/// What is longer than this many bytes of JSON is kept by its digest alone.
const LONGEST: usize = 200;

/// Properties by name; of a long one its digest.
type Properties = BTreeMap<String, Json>;

/// One object that a migration altered or removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    kind: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    schema: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    relation: String,
    name: String,
    /// What differs, as it was before; all properties of an object that was removed.
    before: Properties,
    /// The same behind it; nothing when the object was removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    after: Option<Properties>,
}

/// What a rollback did not bring back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Residue {
    pub object: ObjectId,
    pub kind: ResidueKind,
}

/// In which way an object is not as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResidueKind {
    /// It was there before the migration, and behind it; the rollback took it away.
    Gone,
    Property {
        name: &'static str,
        /// As a person reads it; nothing where it has none.
        before: Option<String>,
        now: Option<String>,
    },
}

/// What the journal has to know of a step, so that its rollback can be compared with it. What was created is not in
/// it: names are enough for that.
pub fn trace(before: &Catalog, after: &Catalog) -> Vec<Trace> {
    before
        .iter()
        .filter_map(|was| {
            let is = after.get(&was.id);
            let all: Vec<&'static str> = match is {
                None => was.properties.keys().copied().collect(),
                Some(is) => names(was, is)
                    .into_iter()
                    .filter(|name| was.get(name) != is.get(name))
                    .collect(),
            };
            if is.is_some() && all.is_empty() {
                return None;
            }
            Some(Trace {
                kind: was.id.kind.as_str().to_string(),
                schema: was.id.schema.to_string(),
                relation: was.id.relation.to_string(),
                name: was.id.name.to_string(),
                before: properties(was, &all),
                after: is.map(|is| properties(is, &all)),
            })
        })
        .collect()
}

/// What is otherwise than before the migration, by the catalog before and behind its rollback. What others changed
/// between the two is left alone, and so is the place of a column among the others.
pub fn residue(traces: &[Trace], before: &Catalog, after: &Catalog) -> Vec<Residue> {
    traces
        .iter()
        .flat_map(|trace| trace.residue(before, after))
        .collect()
}

impl Trace {
    fn residue(&self, before: &Catalog, after: &Catalog) -> Vec<Residue> {
        let Some(kind) = Kind::from_word(&self.kind) else {
            return Vec::new();
        };
        let id = ObjectId::on(kind, &self.schema, &self.relation, &self.name);
        let of = |kind| Residue {
            object: id.clone(),
            kind,
        };
        match (&self.after, before.get(&id), after.get(&id)) {
            (None, None, Some(is)) => {
                let names: Vec<&'static str> = is.properties.keys().copied().collect();
                let kept = self
                    .before
                    .keys()
                    .filter_map(|name| Some(kind.property(name)?.name));
                let names: BTreeSet<&'static str> = names.into_iter().chain(kept).collect();
                self.differing(is, names).into_iter().map(of).collect()
            }
            (Some(left), Some(found), Some(is)) => {
                // of others when it is not what the migration left
                let names = left
                    .keys()
                    .chain(self.before.keys())
                    .filter_map(|name| Some(kind.property(name)?.name))
                    .filter(|name| left.get(*name) == found.get(name).map(short).as_ref())
                    .collect();
                self.differing(is, names).into_iter().map(of).collect()
            }
            (Some(_), Some(_), None) => vec![of(ResidueKind::Gone)],
            // removed and not back is told by its name; what was not read, or is of others, not at all
            _ => Vec::new(),
        }
    }

    fn differing(&self, is: &Object, names: BTreeSet<&'static str>) -> Vec<ResidueKind> {
        names
            .into_iter()
            .filter(|name| !(is.id.kind == Kind::Column && *name == "position"))
            .filter_map(|name| {
                let (before, now) = (self.before.get(name), is.get(name).map(short));
                (before != now.as_ref()).then(|| ResidueKind::Property {
                    name,
                    before: before.map(shown),
                    now: now.as_ref().map(shown),
                })
            })
            .collect()
    }
}

fn names(was: &Object, is: &Object) -> BTreeSet<&'static str> {
    was.properties
        .keys()
        .chain(is.properties.keys())
        .copied()
        .collect()
}

fn properties(object: &Object, names: &[&'static str]) -> Properties {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_string(), short(object.get(name)?))))
        .collect()
}

/// The value itself, or its digest where it is long or holds what nobody is to read.
fn short(value: &crate::catalog::Value) -> Json {
    let value = json(value);
    let text = value.to_string();
    if text.len() <= LONGEST && redact(&text) == text {
        return value;
    }
    serde_json::json!({ "sha256": sha256(&text) })
}

fn shown(value: &Json) -> String {
    match value {
        Json::Object(_) => "a text that is not shown".to_string(),
        Json::String(text) if text.is_empty() => "empty".to_string(),
        Json::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        Json::Bool(true) => "yes".to_string(),
        Json::Bool(false) => "no".to_string(),
        Json::Array(items) if items.is_empty() => "none".to_string(),
        Json::Array(items) => items.iter().map(shown).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;

    fn column(name: &str, kind: &str, position: i64) -> Object {
        let mut column = Object::new(ObjectId::on(Kind::Column, "public", "users", name));
        column.properties.insert("type", Value::Text(kind.into()));
        column.properties.insert("position", Value::Int(position));
        column
    }

    fn catalog(objects: impl IntoIterator<Item = Object>) -> Catalog {
        let mut catalog = Catalog::default();
        objects.into_iter().for_each(|object| catalog.insert(object));
        catalog
    }

    /// What is told after an apply from `a` to `b`, and a rollback from `c` to `d`, through the journal's JSON.
    fn told(a: &Catalog, b: &Catalog, c: &Catalog, d: &Catalog) -> Vec<String> {
        let kept = serde_json::to_string(&trace(a, b)).unwrap();
        let traces: Vec<Trace> = serde_json::from_str(&kept).unwrap();
        residue(&traces, c, d)
            .into_iter()
            .map(|residue| match residue.kind {
                ResidueKind::Gone => format!("{} gone", residue.object.path()),
                ResidueKind::Property { name, before, now } => {
                    format!("{} {name}: {before:?} {now:?}", residue.object.path())
                }
            })
            .collect()
    }

    #[test]
    fn an_altered_property_that_stays_is_told() {
        let (a, b) = (
            catalog([column("a", "text", 1)]),
            catalog([column("a", "citext", 1)]),
        );
        assert_eq!(told(&a, &b, &b, &a), [""; 0]);
        assert_eq!(
            told(&a, &b, &b, &b),
            ["public.users.a type: Some(\"text\") Some(\"citext\")"]
        );
        assert_eq!(told(&a, &b, &b, &Catalog::default()), ["public.users.a gone"]);
    }

    #[test]
    fn what_others_changed_since_is_not_blamed_on_the_rollback() {
        let (a, b) = (
            catalog([column("a", "text", 1)]),
            catalog([column("a", "citext", 1)]),
        );
        let others = catalog([column("a", "name", 1)]);
        assert_eq!(told(&a, &b, &others, &others), [""; 0]);
        assert_eq!(told(&a, &b, &Catalog::default(), &Catalog::default()), [""; 0]);
        // removed by the migration, made again by others
        assert_eq!(told(&a, &Catalog::default(), &others, &others), [""; 0]);
    }

    #[test]
    fn what_was_removed_comes_back_as_it_was_but_for_its_place() {
        let (a, none) = (catalog([column("a", "text", 1)]), Catalog::default());
        assert_eq!(
            told(&a, &none, &none, &catalog([column("a", "text", 4)])),
            [""; 0]
        );
        assert_eq!(
            told(&a, &none, &none, &catalog([column("a", "name", 4)])),
            ["public.users.a type: Some(\"text\") Some(\"name\")"]
        );
    }

    #[test]
    fn a_password_is_not_kept() {
        let (before, after) = ("postgres://app:s3cret@db/app", "postgres://app:other@db/app");
        let (a, b) = (
            catalog([column("a", before, 1)]),
            catalog([column("a", after, 1)]),
        );
        let kept = serde_json::to_string(&trace(&a, &b)).unwrap();
        assert!(!kept.contains("s3cret") && !kept.contains("other"), "{kept}");
        assert_eq!(told(&a, &b, &b, &a), [""; 0]);
        assert_eq!(told(&a, &b, &b, &b).len(), 1);
    }

    #[test]
    fn a_long_value_is_kept_by_its_digest() {
        let (long, longer) = ("x".repeat(500), "x".repeat(501));
        let (a, b) = (
            catalog([column("a", &long, 1)]),
            catalog([column("a", &longer, 1)]),
        );
        let kept = serde_json::to_string(&trace(&a, &b)).unwrap();
        assert!(kept.len() < 400, "{kept}");
        assert_eq!(told(&a, &b, &b, &a), [""; 0]);
        assert_eq!(
            told(&a, &b, &b, &b),
            ["public.users.a type: Some(\"a text that is not shown\") Some(\"a text that is not shown\")"]
        );
    }
}
