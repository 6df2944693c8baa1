//! What the matrix looks at: one reading of the catalog. A `path` is as SQL needs it, other names are unquoted.

use serde::Deserialize;

use super::{Command, Target};

/// The named tables, what their rows need, and the other ways to them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Facts {
    /// `None` when there is no such role.
    pub role: Option<Role>,
    /// `server_version_num`.
    pub version: i64,
    pub relations: Vec<Relation>,
    pub views: Vec<View>,
    /// Those with SECURITY DEFINER that the role may execute and that reach one of the tables.
    pub functions: Vec<Function>,
}

impl Facts {
    /// The relation of a declared table.
    pub fn relation(&self, target: &Target) -> Option<&Relation> {
        self.relations
            .iter()
            .find(|relation| relation.schema == target.schema && relation.name == target.table)
    }

    /// By object id.
    pub fn by_oid(&self, oid: u32) -> Option<&Relation> {
        self.relations.iter().find(|relation| relation.oid == oid)
    }

    /// Partitions and children of a table, however deep.
    pub fn pieces(&self, root: u32) -> impl Iterator<Item = &Relation> {
        self.relations
            .iter()
            .filter(move |relation| relation.roots.contains(&root))
    }
}

/// The role that the application works as.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Role {
    /// A superuser, or with BYPASSRLS.
    pub bypasses: bool,
    /// The connecting role may become it.
    pub mine: bool,
    /// What ALTER ROLE or ALTER DATABASE give it, as it is written there.
    pub search_path: Option<String>,
}

/// A table, partitions included.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Relation {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    pub path: String,
    pub partitioned: bool,
    /// A foreign table.
    pub foreign: bool,
    /// Row security is enabled.
    pub protected: bool,
    pub forced: bool,
    /// The application's role is its owner or has the owner's rights.
    pub owned: bool,
    /// Pages of 8 KiB, as of the last VACUUM or ANALYZE.
    pub pages: i64,
    pub columns: Vec<Column>,
    /// Unique indexes over columns, the primary key first.
    pub keys: Vec<Key>,
    pub foreign_keys: Vec<ForeignKey>,
    pub checks: Vec<Check>,
    pub policies: Vec<Policy>,
    /// The named tables that it is a part of.
    pub roots: Vec<u32>,
    pub parent: Option<u32>,
    /// `FOR VALUES …`, of a partition.
    pub bound: Option<String>,
    /// Columns of the partition key; an expression is an empty name.
    pub partition_key: Vec<String>,
    /// Tables that a TRUNCATE would have to take along and that the role may not TRUNCATE.
    pub kept_by: Vec<String>,
    pub may: Rights,
}

impl Relation {
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The columns of the primary key, or of another key.
    pub fn key(&self) -> Option<&Key> {
        self.keys.first()
    }

    /// Whether a policy lets the role do it at all.
    pub fn has_policy(&self, command: Command) -> bool {
        self.policies.iter().any(|policy| {
            policy.permissive
                && policy.applies
                && (policy.command == "*" || policy.command == command.policy())
        })
    }

    /// Whether row security holds the role back here.
    pub fn is_guarded(&self) -> bool {
        self.protected && (self.forced || !self.owned)
    }
}

/// A column with its type as far as a value has to fit it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Column {
    pub name: String,
    /// As SQL spells it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// `pg_type.typname` of the type, of a domain's base, of an array's element.
    pub base: String,
    /// `pg_type.typcategory`.
    pub category: String,
    /// `pg_type.typtype`.
    pub kind: String,
    pub is_array: bool,
    /// Most characters.
    pub length: Option<i64>,
    /// Of an enum, in order.
    pub labels: Vec<String>,
    /// Of a domain.
    pub domain_checks: Vec<Check>,
    pub not_null: bool,
    pub has_default: bool,
    /// Its default moves a sequence on.
    pub counts: bool,
    pub identity_always: bool,
    pub generated: bool,
    /// The role may read it.
    pub may_select: bool,
    pub may_update: bool,
}

/// A unique index without a predicate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Key {
    pub primary: bool,
    pub columns: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct ForeignKey {
    pub name: String,
    pub target: u32,
    pub columns: Vec<String>,
    pub target_columns: Vec<String>,
}

/// A CHECK of a table or domain.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Check {
    pub name: String,
    /// `CHECK (…)`.
    pub expression: String,
    pub columns: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Policy {
    /// Quoted where it needs it.
    pub name: String,
    /// `pg_policy.polcmd`.
    pub command: String,
    pub permissive: bool,
    /// To the application's role.
    pub applies: bool,
}

/// What the role may do with a relation, on any of its columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Rights {
    /// Of the schema.
    pub usage: bool,
    pub select: bool,
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
    pub truncate: bool,
}

impl Rights {
    pub const fn allow(self, command: Command) -> bool {
        self.usage
            && match command {
                Command::Select => self.select,
                Command::Insert => self.insert,
                Command::Update | Command::Move => self.update,
                Command::Delete => self.delete,
                Command::Truncate => self.truncate,
            }
    }

    /// Whether anything is allowed.
    pub fn any(self) -> bool {
        Command::ALL.iter().any(|command| self.allow(*command))
    }
}

/// A view that reads one of the tables, itself or through other views.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct View {
    pub path: String,
    pub materialized: bool,
    /// With `security_invoker`.
    pub invoker: bool,
    pub columns: Vec<String>,
    /// The named tables that it reads.
    pub tables: Vec<u32>,
    pub may: Rights,
}

/// A function or procedure with SECURITY DEFINER.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Function {
    pub path: String,
    /// With its arguments.
    pub signature: String,
    pub language: String,
    pub procedure: bool,
    pub source: String,
    pub arguments: Vec<Argument>,
    /// How many of the arguments, the last ones, have a default.
    pub defaults: usize,
    pub variadic: bool,
    /// The named tables that it reaches.
    pub tables: Vec<u32>,
}

/// An argument of a function, or a field of one that is composite.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Argument {
    pub name: Option<String>,
    /// As SQL spells it.
    #[serde(rename = "type")]
    pub type_name: String,
    /// These as of a [`Column`].
    pub base: String,
    pub category: String,
    pub kind: String,
    pub is_array: bool,
    pub labels: Vec<String>,
    pub domain_checks: Vec<Check>,
    /// Of a composite type, in order.
    pub fields: Vec<Argument>,
}
