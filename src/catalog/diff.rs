//! What differs between two catalogs, object by object and property by property.

use std::collections::BTreeSet;

use super::{Catalog, ObjectId, Value};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    pub object: ObjectId,
    pub kind: ChangeKind,
}

/// What happened to an object between "before" and "after".
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeKind {
    Added,
    Removed,
    Changed {
        property: &'static str,
        before: Option<Value>,
        after: Option<Value>,
    },
}

/// All differences, ordered by object, then by property.
pub fn diff(before: &Catalog, after: &Catalog) -> Vec<Change> {
    let ids: BTreeSet<&ObjectId> = before
        .iter()
        .chain(after.iter())
        .map(|object| &object.id)
        .collect();
    let mut changes = Vec::new();
    for id in ids {
        match (before.get(id), after.get(id)) {
            (None, Some(_)) => changes.push(Change {
                object: id.clone(),
                kind: ChangeKind::Added,
            }),
            (Some(_), None) => changes.push(Change {
                object: id.clone(),
                kind: ChangeKind::Removed,
            }),
            (Some(old), Some(new)) => {
                let names: BTreeSet<&&'static str> =
                    old.properties.keys().chain(new.properties.keys()).collect();
                for name in names {
                    let (before, after) = (old.get(name), new.get(name));
                    if before != after {
                        changes.push(Change {
                            object: id.clone(),
                            kind: ChangeKind::Changed {
                                property: name,
                                before: before.cloned(),
                                after: after.cloned(),
                            },
                        });
                    }
                }
            }
            (None, None) => {}
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Kind, Object};

    fn table(name: &str, owner: &str) -> Object {
        let mut object = Object::new(ObjectId::new(Kind::Table, "public", name));
        object.properties.insert("owner", Value::Text(owner.to_string()));
        object
    }

    #[test]
    fn added_removed_and_changed() {
        let (mut before, mut after) = (Catalog::default(), Catalog::default());
        before.insert(table("gone", "a"));
        before.insert(table("kept", "a"));
        after.insert(table("kept", "b"));
        after.insert(table("new", "a"));
        let changes = diff(&before, &after);
        assert_eq!(changes.len(), 3);
        assert_eq!(changes[0].kind, ChangeKind::Removed);
        assert_eq!(
            changes[1].kind,
            ChangeKind::Changed {
                property: "owner",
                before: Some(Value::Text("a".into())),
                after: Some(Value::Text("b".into()))
            }
        );
        assert_eq!(changes[2].object.path(), "public.new");
        assert_eq!(diff(&after, &after), []);
    }
}
