//! Migrations as values: versions, scripts with their directives, checksums, and the set with its pairing rules.
//!
//! Everything here is a function of file texts and names; [`crate::project`] reads the files.

pub mod version;
pub mod timeout;
pub mod directives;
pub mod checksum;
pub mod script;
pub mod leaves;
pub mod set;

pub use checksum::{Width, sha256};
pub use directives::{Direction, Directives};
pub use leaves::Leaves;
pub use script::{MigrationScript, OutsideReason, Rules};
pub use set::{Migration, Set};
pub use timeout::Timeout;
pub use version::{FileName, REPEATABLE, Version, stem};
