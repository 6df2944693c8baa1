//! What is to be read of a catalog: the cost of a reading grows with this, not with the database.

use std::collections::BTreeSet;

/// The objects that a reading covers. Names are as the catalog stores them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Relations (tables, views, sequences) and indexes by schema and name; an index brings its table. A
    /// relation is read with all that stands on it: columns, constraints, indexes, triggers, policies, grants.
    pub relations: BTreeSet<(String, String)>,
    /// The same by pattern, `*` for any characters.
    pub relation_patterns: BTreeSet<(String, String)>,
    /// Partitioned tables whose partitions are read as well, whatever their names: the tables themselves with
    /// all that stands on them, at every level.
    pub partitions_of: BTreeSet<(String, String)>,
    /// Enums, domains and other types by schema and name.
    pub types: BTreeSet<(String, String)>,
    /// The same by pattern.
    pub type_patterns: BTreeSet<(String, String)>,
    /// Routines by schema and name, whatever their arguments.
    pub functions: BTreeSet<(String, String)>,
    /// The same by pattern.
    pub function_patterns: BTreeSet<(String, String)>,
    /// Schemas themselves, not what they hold.
    pub schemas: BTreeSet<String>,
    /// Extensions by name.
    pub extensions: BTreeSet<String>,
    /// Roles by name.
    pub roles: BTreeSet<String>,
}

impl Scope {
    /// Nothing to read.
    pub fn is_empty(&self) -> bool {
        *self == Scope::default()
    }

    /// Adds all that `other` covers.
    pub fn extend(&mut self, other: Scope) {
        self.relations.extend(other.relations);
        self.relation_patterns.extend(other.relation_patterns);
        self.partitions_of.extend(other.partitions_of);
        self.types.extend(other.types);
        self.type_patterns.extend(other.type_patterns);
        self.functions.extend(other.functions);
        self.function_patterns.extend(other.function_patterns);
        self.schemas.extend(other.schemas);
        self.extensions.extend(other.extensions);
        self.roles.extend(other.roles);
    }
}
