//! The kinds of objects: the registry that decoding, differences and checks share.

use std::fmt;

use super::property::{DETAILS, Property, properties};

macro_rules! kinds {
    ($($variant:ident $word:literal $plural:literal,)*) => {
        /// A kind of object that the catalog holds.
        ///
        /// The order is the order of reports: what others depend on comes first.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($variant,)*
        }

        impl Kind {
            /// Every kind, in order.
            pub const ALL: [Kind; [$($word),*].len()] = [$(Kind::$variant,)*];

            /// The word of SQL and of reports; also the value of the `kind` column of the catalog queries.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Kind::$variant => $word,)*
                }
            }

            /// The plural, as the keys of `artifacts` in the JSON report spell it.
            pub const fn plural(self) -> &'static str {
                match self {
                    $(Kind::$variant => $plural,)*
                }
            }
        }
    };
}

kinds! {
    Role "role" "roles",
    Schema "schema" "schemas",
    Extension "extension" "extensions",
    Enum "enum" "enums",
    Composite "composite type" "composite_types",
    Range "range type" "range_types",
    Domain "domain" "domains",
    Sequence "sequence" "sequences",
    Server "foreign server" "foreign_servers",
    Table "table" "tables",
    Column "column" "columns",
    PrimaryKey "primary key" "primary_keys",
    Unique "unique constraint" "unique_constraints",
    Check "check constraint" "check_constraints",
    ForeignKey "foreign key" "foreign_keys",
    Exclusion "exclusion constraint" "exclusion_constraints",
    Index "index" "indexes",
    Statistics "statistics" "statistics",
    Function "function" "functions",
    Trigger "trigger" "triggers",
    EventTrigger "event trigger" "event_triggers",
    Rule "rule" "rules",
    Policy "policy" "policies",
    View "view" "views",
    MaterializedView "materialized view" "materialized_views",
    Grant "grant" "grants",
    DefaultPrivileges "default privileges" "default_privileges",
    Publication "publication" "publications",
    // whatever has no kind of its own: an operator, a cast, a text search configuration, …; its type stands where the
    // relation of others does
    Other "other" "others",
}

impl Kind {
    /// Kinds whose names share the namespace of relations, indexes aside.
    pub const RELATIONS: [Kind; 4] = [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Sequence];

    /// Kinds whose names share the namespace of types, apart from the row types of relations.
    pub const TYPES: [Kind; 4] = [Kind::Enum, Kind::Composite, Kind::Range, Kind::Domain];

    /// Kinds on relations of which a suite names the objects that it means, and that are read one by one where that is
    /// enough.
    pub const BY_NAME: [Kind; 4] = [Kind::Column, Kind::Index, Kind::Trigger, Kind::Policy];

    /// The kind with that [`as_str`](Kind::as_str).
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What is read of an object of this kind. Types and names inside texts are schema-qualified, except
    /// those of `pg_catalog`; expressions are the server's own deparse.
    pub const fn properties(self) -> &'static [Property] {
        properties(self)
    }

    /// The property of that name.
    pub fn property(self, name: &str) -> Option<Property> {
        self.properties()
            .iter()
            .chain([&DETAILS])
            .copied()
            .find(|property| property.name == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::Kind;

    #[test]
    fn all_is_complete_and_in_order() {
        assert!(Kind::ALL.is_sorted());
        for kind in Kind::ALL {
            assert_eq!(Kind::from_word(kind.as_str()), Some(kind));
            let mut names: Vec<_> = kind.properties().iter().map(|property| property.name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(
                names.len(),
                kind.properties().len(),
                "{kind} has a property twice"
            );
        }
    }
}
