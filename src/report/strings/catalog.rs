//! Objects of the catalog, and how they differ.

use super::{Strings, each};
use crate::catalog::{Object, ObjectId, Value};
use crate::report::model::{self, Chain, ChangeLine, Documentation, Figures, Proof, Snapshot};

impl Strings for Proof {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Proof {
            version,
            name,
            outcome: _,
            details,
            reapply: _,
            again,
            kept,
            message,
            duration_ms: _,
            source,
        } = self;
        each!(visit, version, name, details, again, kept, message, source);
    }
}

impl Strings for Chain {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Chain {
            taken_back: _,
            failed,
            residue,
        } = self;
        each!(visit, failed);
        for (stem, line) in residue {
            each!(visit, stem, line);
        }
    }
}

impl Strings for ChangeLine {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let ChangeLine {
            kind,
            object,
            change: _,
            property,
            before,
            after,
            follows: _,
        } = self;
        each!(visit, kind, object, property, before, after);
    }
}

impl Strings for model::Difference {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let model::Difference { sides, changes } = self;
        sides.iter_mut().for_each(|one| one.each(visit));
        each!(visit, changes);
    }
}

impl Strings for Snapshot {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Snapshot {
            server_version_num: _,
            objects,
        } = self;
        each!(visit, objects);
    }
}

impl Strings for Documentation {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Documentation {
            full: _,
            read_at,
            objects,
            figures,
            counting_since,
            rollbacks,
        } = self;
        each!(visit, read_at, objects, figures, counting_since, rollbacks);
    }
}

impl Strings for Figures {
    fn each(&mut self, _: &dyn Fn(&mut String)) {}
}

impl Strings for Object {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let Object { id, properties } = self;
        each!(visit, id);
        properties.values_mut().for_each(|one| one.each(visit));
    }
}

impl Strings for ObjectId {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        let ObjectId {
            kind: _,
            schema,
            relation,
            name,
        } = self;
        each!(visit, schema, relation, name);
    }
}

impl Strings for Value {
    fn each(&mut self, visit: &dyn Fn(&mut String)) {
        match self {
            Value::Bool(_) | Value::Int(_) => {}
            Value::Text(text) => text.each(visit),
            Value::List(items) => items.each(visit),
        }
    }
}
