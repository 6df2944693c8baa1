//! What the tests stand on: a server, fresh databases, throw-away projects, and the binary.

mod binary;
pub mod case;
mod project;
pub mod redact;
mod server;

pub use binary::{Outcome, Pgplumb};
pub use project::Project;
pub use server::{Database, Refusal, Server, Session, dump};
