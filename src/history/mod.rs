//! What the database says was applied, and what that means for the files of the project.
//!
//! [`record`] holds what was read, [`ledger`] compares it with the [`Set`](crate::migration::Set).

pub mod ledger;
pub mod record;

pub use ledger::{Entry, Ledger, State};
pub use record::{Applied, HISTORY_TABLE, History, JOURNAL_TABLE};
