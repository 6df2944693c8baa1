//! The rows of the history table, in refinery's format.

use crate::migration::{Migration, Version, Width};
use crate::sql::name::quote_ident;

/// refinery's own history table, so that an application that embeds refinery sees the same truth.
pub const HISTORY_TABLE: &str = "refinery_schema_history";

/// What was done, by whom, with which verdict; only ever appended to.
pub const JOURNAL_TABLE: &str = "pgplumb_journal";

/// One row of the history table: a migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    pub version: Version,
    pub name: String,
    /// RFC 3339, as written by whoever applied it.
    pub applied_on: String,
    /// A number in decimal, as refinery stores it.
    pub checksum: String,
}

/// A repeatable migration that ran.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repeated {
    pub applied: Applied,
    /// Whether a migration was taken back since, which may have taken away what it made.
    pub is_stale: bool,
}

/// The history as it was read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Where the table is, or would be created: the first schema of the connection's search_path.
    pub schema: String,
    /// Width of the `version` column; `None` when the table does not exist.
    pub width: Option<Width>,
    /// In order of version.
    pub applied: Vec<Applied>,
    /// The newest run of each repeatable migration, in order of name, as the journal has it; the checksum is the SHA-256
    /// of the script. Empty where the project has none.
    pub repeated: Vec<Repeated>,
    /// The newest row of the journal; `None` when there is none, or no journal.
    pub journal_id: Option<i64>,
    /// Whether the journal table exists.
    pub has_journal: bool,
}

impl History {
    /// The history table with its schema, quoted.
    pub fn table(&self) -> String {
        format!("{}.{HISTORY_TABLE}", quote_ident(&self.schema))
    }

    /// The journal with its schema, quoted.
    pub fn journal(&self) -> String {
        format!("{}.{JOURNAL_TABLE}", quote_ident(&self.schema))
    }

    /// The newest applied version.
    pub fn newest(&self) -> Option<Version> {
        self.applied.last().map(|applied| applied.version)
    }

    /// The newest run of a repeatable migration.
    pub fn repeated(&self, name: &str) -> Option<&Repeated> {
        self.repeated
            .iter()
            .find(|repeated| repeated.applied.name == name)
    }

    /// Whether a migration is there as its file is now: one with a version whatever its text.
    pub fn has(&self, migration: &Migration) -> bool {
        match migration.is_repeatable() {
            false => self.get(migration.version).is_some(),
            true => self
                .repeated(&migration.name)
                .is_some_and(|repeated| is_current(migration, repeated)),
        }
    }

    /// The row of one version.
    pub fn get(&self, version: Version) -> Option<&Applied> {
        self.applied.iter().find(|applied| applied.version == version)
    }
}

/// Whether a repeatable migration need not run again.
pub fn is_current(migration: &Migration, repeated: &Repeated) -> bool {
    !repeated.is_stale && migration.accepts_checksum(&repeated.applied.checksum)
}
