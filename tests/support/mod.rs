//! What the tests stand on: a server, fresh databases, throw-away projects, and the binary.

mod binary;
mod project;
mod server;

pub use binary::{Outcome, Pgplumb};
pub use project::Project;
pub use server::{Database, Server, dump};
