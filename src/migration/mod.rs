//! Migrations as values: versions, scripts with their directives, checksums, and the set with its pairing rules.
//!
//! Everything here is a function of file texts and names; [`crate::project`] reads the files.

pub mod version;
pub mod timeout;
pub mod checksum;

pub use checksum::{Width, sha256};
pub use timeout::Timeout;
pub use version::{FileName, Version};
