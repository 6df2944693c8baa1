//! What the database says was applied, and what that means for the files of the project.
//!
//! [`record`] holds what was read, [`ledger`] compares it with the [`Set`](crate::migration::Set), [`trace`] a rollback
//! with the time before the migration.

pub mod ledger;
pub mod record;
pub mod trace;

pub use ledger::{Entry, Ledger, State};
pub use record::{Applied, HISTORY_TABLE, History, JOURNAL_TABLE, Repeated};
pub use trace::{Residue, ResidueKind, Trace};
