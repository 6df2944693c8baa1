//! A catalog that is kept up to date, and remembers what it was at marked moments.
//!
//! The cost of a change is that of the objects that changed: a mark holds the former values of those alone.

use std::collections::BTreeMap;

use super::diff::{Change, diff};
use super::{Catalog, Kind, Object, ObjectId};

/// A moment to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark(usize);

/// Values that objects had; `None` where there was none.
pub type Former = BTreeMap<ObjectId, Option<Object>>;

/// The catalog as it is now, and the moments that it can be compared with.
#[derive(Debug, Clone, Default)]
pub struct Tracked {
    catalog: Catalog,
    marks: Vec<Option<Former>>,
}

impl Tracked {
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// Marks this moment.
    pub fn mark(&mut self) -> Mark {
        self.marks.push(Some(Former::new()));
        Mark(self.marks.len() - 1)
    }

    /// Forgets a moment; the former values of what changed since are handed over.
    pub fn release(&mut self, mark: Mark) -> Former {
        self.marks[mark.0].take().unwrap_or_default()
    }

    /// What an object was at a marked moment: `None` where there was none.
    pub fn at(&self, mark: Mark, id: &ObjectId) -> Option<&Object> {
        let former = self.marks[mark.0].as_ref().and_then(|former| former.get(id));
        former.map_or_else(|| self.catalog.get(id), Option::as_ref)
    }

    /// Replaces everything.
    pub fn replace_all(&mut self, now: Catalog) {
        let gone: Vec<ObjectId> = self.catalog.iter().map(|object| object.id.clone()).collect();
        self.replace(gone, now);
    }

    /// Takes objects out and puts others in.
    pub fn replace(&mut self, gone: impl IntoIterator<Item = ObjectId>, now: Catalog) {
        for id in gone {
            let former = self.catalog.remove(&id);
            self.remember(id, former);
        }
        for object in now.iter() {
            let id = object.id.clone();
            if self.catalog.get(&id).is_none() {
                self.remember(id.clone(), None);
            } else if let Some(former) = self.catalog.remove(&id) {
                self.remember(id.clone(), Some(former));
            }
            self.catalog.insert(object.clone());
        }
    }

    fn remember(&mut self, id: ObjectId, former: Option<Object>) {
        for mark in self.marks.iter_mut().flatten() {
            mark.entry(id.clone()).or_insert_with(|| former.clone());
        }
    }

    /// What differs now from a marked moment.
    pub fn changes_since(&self, mark: Mark) -> Vec<Change> {
        match &self.marks[mark.0] {
            Some(former) => self.changes_from(former),
            None => Vec::new(),
        }
    }

    /// What differs now from former values.
    pub fn changes_from(&self, former: &Former) -> Vec<Change> {
        let (mut before, mut after) = (Catalog::default(), Catalog::default());
        for (id, object) in former {
            if let Some(object) = object {
                before.insert(object.clone());
            }
            if let Some(object) = self.catalog.get(id) {
                after.insert(object.clone());
            }
        }
        diff(&before, &after)
    }

    /// All that is known of a relation: itself, and what stands on it.
    pub fn of_relation(&self, schema: &str, name: &str) -> Vec<ObjectId> {
        let mut found: Vec<ObjectId> = Kind::RELATIONS
            .iter()
            .map(|&kind| ObjectId::new(kind, schema, name))
            .filter(|id| self.catalog.get(id).is_some())
            .collect();
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Other) {
            let on = self.catalog.on_relation(kind, schema, name);
            found.extend(on.map(|object| object.id.clone()));
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Value;
    use crate::catalog::diff::ChangeKind;

    fn table(name: &str, owner: &str) -> Object {
        let mut object = Object::new(ObjectId::new(Kind::Table, "public", name));
        object.properties.insert("owner", Value::Text(owner.to_string()));
        object
    }

    fn catalog(objects: &[Object]) -> Catalog {
        let mut catalog = Catalog::default();
        objects.iter().cloned().for_each(|object| catalog.insert(object));
        catalog
    }

    #[test]
    fn a_mark_compares_with_its_own_moment() {
        let mut tracked = Tracked::default();
        tracked.replace_all(catalog(&[table("a", "x"), table("b", "x")]));
        let first = tracked.mark();
        tracked.replace(tracked.of_relation("public", "a"), catalog(&[table("a", "y")]));
        let second = tracked.mark();
        tracked.replace(tracked.of_relation("public", "b"), Catalog::default());
        let of = |mark| -> Vec<(String, bool)> {
            let changes = tracked.changes_since(mark);
            changes
                .iter()
                .map(|change| (change.object.path(), change.kind == ChangeKind::Removed))
                .collect()
        };
        assert_eq!(of(second), [("public.b".to_string(), true)]);
        assert_eq!(
            of(first),
            [("public.a".to_string(), false), ("public.b".to_string(), true)]
        );
    }

    #[test]
    fn what_comes_back_is_no_change() {
        let mut tracked = Tracked::default();
        tracked.replace_all(catalog(&[table("a", "x")]));
        let mark = tracked.mark();
        tracked.replace(tracked.of_relation("public", "a"), catalog(&[table("c", "x")]));
        assert_eq!(tracked.changes_since(mark).len(), 2);
        tracked.replace(tracked.of_relation("public", "c"), catalog(&[table("a", "x")]));
        assert_eq!(tracked.changes_since(mark), []);
    }
}
