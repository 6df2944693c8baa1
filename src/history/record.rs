//! The rows of the history table, in refinery's format.

use crate::migration::{Version, Width};
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

/// The history as it was read at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Where the table is, or would be created: the first schema of the connection's search_path.
    pub schema: String,
    /// Width of the `version` column; `None` when the table does not exist.
    pub width: Option<Width>,
    /// In order of version.
    pub applied: Vec<Applied>,
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

    /// The row of one version.
    pub fn get(&self, version: Version) -> Option<&Applied> {
        self.applied.iter().find(|applied| applied.version == version)
    }
}
