//! The catalog as a value: read once, then compared, counted and printed by pure functions.
//!
//! A [`Catalog`] is a set of [`Object`]s by their [`ObjectId`]; an object is a bag of properties whose names and
//! types [`kind::Kind::properties`] lists. So a new property is one line there and one column of a query, and
//! decoding, differences and snapshots know it at once.

pub mod kind;
pub mod property;
pub mod object;
pub mod scope;
pub mod decode;
pub mod diff;
pub mod by_version;
pub mod json;
pub mod tracked;

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

pub use kind::Kind;
pub use object::{Object, ObjectId, Properties, Value};
pub use property::{Context, Property, PropertyType};
pub use scope::{Parts, Scope, Stated};
pub use tracked::{Mark, Tracked};

/// What was read of a database, at one moment.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    objects: BTreeSet<ById>,
    /// The server's clock when it was read, RFC 3339 in UTC; `None` for an empty value.
    pub read_at: Option<String>,
    /// Relations, by schema and name, of which all columns are known to have been read.
    pub with_columns: BTreeSet<(String, String)>,
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Catalog) -> bool {
        self.read_at == other.read_at && self.iter().eq(other.iter())
    }
}

impl Eq for Catalog {}

/// An object that is known by its identity, which is not kept a second time.
#[derive(Debug, Clone)]
struct ById(Object);

impl Borrow<ObjectId> for ById {
    fn borrow(&self) -> &ObjectId {
        &self.0.id
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &ById) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for ById {}

impl PartialOrd for ById {
    fn partial_cmp(&self, other: &ById) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ById {
    fn cmp(&self, other: &ById) -> Ordering {
        self.0.id.cmp(&other.0.id)
    }
}

impl Catalog {
    /// Adds an object, replacing one with the same identity.
    pub fn insert(&mut self, object: Object) {
        self.objects.replace(ById(object));
    }

    /// Adds properties to an object that is there; does nothing when it is not.
    pub fn add(&mut self, properties: Object) {
        if let Some(ById(mut known)) = self.objects.take(&properties.id) {
            known.properties.extend(properties.properties);
            self.insert(known);
        }
    }

    /// Takes an object out.
    pub fn remove(&mut self, id: &ObjectId) -> Option<Object> {
        self.objects.take(id).map(|ById(object)| object)
    }

    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id).map(|ById(object)| object)
    }

    /// All objects, ordered by kind, schema, relation and name.
    pub fn iter(&self) -> impl Iterator<Item = &Object> + Clone {
        self.objects.iter().map(|ById(object)| object)
    }

    /// All objects of one kind, in order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.objects
            .range::<ObjectId, _>(ObjectId::on(kind, "", "", "")..)
            .map(|ById(object)| object)
            .take_while(move |object| object.id.kind == kind)
    }

    /// The objects of one kind that stand on a relation (its columns, policies, …), in order.
    pub fn on_relation<'a>(
        &'a self,
        kind: Kind,
        schema: &'a str,
        relation: &'a str,
    ) -> impl Iterator<Item = &'a Object> {
        self.objects
            .range::<ObjectId, _>(ObjectId::on(kind, schema, relation, "")..)
            .map(|ById(object)| object)
            .take_while(move |Object { id, .. }| {
                id.kind == kind && id.schema == schema && id.relation == relation
            })
    }

    /// The relation (table, view, sequence, …) of that name, whatever its kind; relations share one namespace.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Object> {
        let mut id = ObjectId::new(Kind::Table, schema, name);
        Kind::RELATIONS.into_iter().find_map(|kind| {
            id.kind = kind;
            self.get(&id)
        })
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
