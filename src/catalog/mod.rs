//! The catalog as a value: read once, then compared, counted and printed by pure functions.
//!
//! A [`Catalog`] is a map from [`ObjectId`] to [`Object`]; an object is a bag of properties whose names and
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

use std::collections::BTreeMap;
use std::collections::btree_map::Values;

pub use kind::Kind;
pub use object::{Object, ObjectId, Value};
pub use property::{Context, Property, PropertyType};
pub use scope::{Parts, Scope};
pub use tracked::{Mark, Tracked};

/// What was read of a database, at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Catalog {
    objects: BTreeMap<ObjectId, Object>,
    /// The server's clock when it was read, RFC 3339 in UTC; `None` for an empty value.
    pub read_at: Option<String>,
}

impl Catalog {
    /// Adds an object, replacing one with the same identity.
    pub fn insert(&mut self, object: Object) {
        self.objects.insert(object.id.clone(), object);
    }

    /// Adds properties to an object that is there; does nothing when it is not.
    pub fn add(&mut self, properties: Object) {
        if let Some(known) = self.objects.get_mut(&properties.id) {
            known.properties.extend(properties.properties);
        }
    }

    /// Takes an object out.
    pub fn remove(&mut self, id: &ObjectId) -> Option<Object> {
        self.objects.remove(id)
    }

    pub fn get(&self, id: &ObjectId) -> Option<&Object> {
        self.objects.get(id)
    }

    /// All objects, ordered by kind, schema, relation and name.
    pub fn iter(&self) -> Values<'_, ObjectId, Object> {
        self.objects.values()
    }

    /// All objects of one kind, in order.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Object> {
        self.objects
            .range(ObjectId::on(kind, "", "", "")..)
            .take_while(move |(id, _)| id.kind == kind)
            .map(|(_, object)| object)
    }

    /// The objects of one kind that stand on a relation (its columns, policies, …), in order.
    pub fn on_relation<'a>(
        &'a self,
        kind: Kind,
        schema: &'a str,
        relation: &'a str,
    ) -> impl Iterator<Item = &'a Object> {
        self.objects
            .range(ObjectId::on(kind, schema, relation, "")..)
            .take_while(move |(id, _)| id.kind == kind && id.schema == schema && id.relation == relation)
            .map(|(_, object)| object)
    }

    /// The relation (table, view, sequence, …) of that name, whatever its kind; relations share one namespace.
    pub fn relation(&self, schema: &str, name: &str) -> Option<&Object> {
        Kind::RELATIONS
            .iter()
            .find_map(|&kind| self.get(&ObjectId::new(kind, schema, name)))
    }

    pub fn len(&self) -> usize {
        self.objects.len()
    }

    pub fn is_empty(&self) -> bool {
        self.objects.is_empty()
    }
}
