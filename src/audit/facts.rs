//! What the lints look at: one reading of the catalog. Names are as SQL needs them, quoted and with their schema.

use serde::Deserialize;

/// The catalog without the system's own objects and without those of extensions.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Facts {
    /// Who reads.
    pub role: String,
    /// Row security does not hold for the reading role: it is a superuser or has BYPASSRLS.
    pub bypasses: bool,
    pub relations: Vec<Relation>,
    pub policies: Vec<Policy>,
    /// Those with SECURITY DEFINER.
    pub functions: Vec<Function>,
    pub indexes: Vec<Index>,
    /// Foreign keys and checks, without those that partitions inherit.
    pub constraints: Vec<Constraint>,
    /// Those that are disabled.
    pub triggers: Vec<Trigger>,
}

/// A table, view, materialized view or foreign table.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Relation {
    pub path: String,
    /// `pg_class.relkind`.
    pub kind: String,
    /// Row security is enabled.
    pub protected: bool,
    pub forced: bool,
    /// The reading role is the owner, or has the owner's rights.
    pub owned: bool,
    pub policies: usize,
    pub primary_key: bool,
    pub partition: bool,
    /// Partitioned tables above it with row security.
    pub protected_parents: Vec<String>,
    /// A view with `security_invoker`.
    pub invoker: bool,
    /// Who else may read or write it; `PUBLIC` for everybody.
    pub readers: Vec<String>,
    /// Tables with row security that a view reads itself.
    pub reads_protected: Vec<String>,
}

/// A row security policy.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Policy {
    pub table: String,
    pub name: String,
    /// `pg_policy.polcmd`: `r`, `a`, `w`, `d`, or `*` for all.
    pub command: String,
    pub permissive: bool,
    pub using: Option<String>,
    pub check: Option<String>,
}

/// A function or procedure with SECURITY DEFINER.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Function {
    /// With its argument types.
    pub path: String,
    pub procedure: bool,
    /// It returns `trigger` or `event_trigger`: nobody can call it.
    pub trigger: bool,
    /// It sets `search_path`.
    pub fixed_path: bool,
    /// Everybody may execute it.
    pub public: bool,
}

impl Function {
    /// `function` or `procedure`.
    pub fn word(&self) -> &'static str {
        if self.procedure { "procedure" } else { "function" }
    }
}

/// An index.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Index {
    pub path: String,
    pub table: String,
    /// Valid and ready.
    pub valid: bool,
    /// Of a partitioned table.
    pub partitioned: bool,
    /// A constraint stands on it.
    pub constraint: bool,
    /// Everything but its name: two indexes of a table with the same text do the same.
    pub same: String,
}

/// A foreign key or a check.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Constraint {
    pub table: String,
    pub name: String,
    pub foreign_key: bool,
    pub validated: bool,
    pub columns: Vec<String>,
    /// A valid index without predicate begins with its columns.
    pub indexed: bool,
}

/// A trigger.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Trigger {
    pub table: String,
    pub name: String,
}
