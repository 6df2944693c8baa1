//! The project as files: found, read and checked as far as files alone allow, and scaffolded.
//!
//! The only module that reads or writes project files. What it reads are values: [`Project`] holds the settings,
//! the [`Set`](crate::migration::Set) of migrations and the texts of the check files.

pub mod file;
pub mod layout;
pub mod config;
pub mod discovery;
pub mod load;
pub mod suites;
pub mod scaffold;
pub mod seed;

pub use config::{Config, DatabaseSource, OutOfOrder, Probes, Settings};
pub use discovery::{LoadOptions, Root};
pub use layout::LayoutName;
pub use load::{CheckFile, Found, Paths, Project};
