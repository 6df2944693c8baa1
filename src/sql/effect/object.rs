//! The objects that statements act on.

use std::fmt;
use std::sync::Arc;

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::name::Name;

/// What a statement does to one object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Effect {
    pub action: Action,
    pub object: ObjectRef,
}

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Action {
    Create {
        if_not_exists: bool,
        or_replace: bool,
    },
    Alter,
    Drop {
        if_exists: bool,
        cascade: bool,
    },
    Rename {
        to: String,
    },
    /// ALTER … SET SCHEMA.
    Move {
        schema: String,
    },
    /// ALTER TABLE (the object) … ATTACH PARTITION.
    Attach {
        partition: Box<Name>,
    },
    /// ALTER TABLE (the object) … DETACH PARTITION.
    Detach {
        partition: Box<Name>,
    },
    Comment,
    Grant,
    Revoke,
    /// REFRESH MATERIALIZED VIEW.
    Refresh,
}

/// An object as a statement names it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectRef {
    pub kind: ObjectKind,
    /// Temporary objects are in `pg_temp`.
    pub name: Name,
    /// The table of a trigger, policy, rule, index, constraint or column; the parent of a partition; the server of
    /// a user mapping.
    pub on: Option<Arc<Name>>,
    /// The canonical input types of a routine, the operands of an operator; `None` where they were not given.
    pub arguments: Option<Vec<String>>,
    /// Where it is named, in the file.
    pub span: Span,
}

macro_rules! kinds {
    ($($variant:ident $words:literal,)*) => {
        /// The kinds of objects that a schema is made of.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ObjectKind { $($variant,)* }

        impl ObjectKind {
            /// The words that SQL has for it, in lower case.
            pub fn as_str(self) -> &'static str {
                match self { $(ObjectKind::$variant => $words,)* }
            }
        }

        /// In an order that puts the longer of two words with one beginning first.
        const KINDS: &[ObjectKind] = &[$(ObjectKind::$variant,)*];
    };
}

kinds! {
    MaterializedView "materialized view",
    ForeignDataWrapper "foreign data wrapper",
    ForeignTable "foreign table",
    EventTrigger "event trigger",
    AccessMethod "access method",
    TextSearchConfiguration "text search configuration",
    TextSearchDictionary "text search dictionary",
    TextSearchParser "text search parser",
    TextSearchTemplate "text search template",
    OperatorClass "operator class",
    OperatorFamily "operator family",
    UserMapping "user mapping",
    LargeObject "large object",
    Table "table",
    View "view",
    Index "index",
    Sequence "sequence",
    Type "type",
    Enum "enum",
    Domain "domain",
    Function "function",
    Procedure "procedure",
    Routine "routine",
    Aggregate "aggregate",
    Trigger "trigger",
    Policy "policy",
    Rule "rule",
    Constraint "constraint",
    Column "column",
    Extension "extension",
    Role "role",
    Schema "schema",
    Database "database",
    Tablespace "tablespace",
    Language "language",
    Operator "operator",
    Cast "cast",
    Collation "collation",
    Conversion "conversion",
    Publication "publication",
    Subscription "subscription",
    Statistics "statistics",
    Server "server",
    Transform "transform",
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl ObjectKind {
    /// Whether an argument list belongs to the name.
    pub fn is_routine(self) -> bool {
        matches!(
            self,
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate
        )
    }

    /// Takes the words for a kind.
    pub(in crate::sql) fn take(cursor: &mut Cursor<'_>) -> Option<ObjectKind> {
        if cursor.word("user mapping") {
            return Some(ObjectKind::UserMapping);
        }
        if cursor.word("user") || cursor.word("group") {
            return Some(ObjectKind::Role);
        }
        let _ = cursor.is_word_at(1, "language") && cursor.word("procedural");
        KINDS
            .iter()
            .copied()
            .find(|kind| *kind != ObjectKind::Enum && cursor.word(kind.as_str()))
    }
}
