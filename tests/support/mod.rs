//! What the tests stand on: a server, fresh databases, throw-away projects, and the binary.

mod binary;
pub mod case;
pub mod chromium;
mod pooler;
mod project;
mod proxy;
pub mod redact;
mod server;
mod standby;

pub use binary::{Outcome, Pgplumb};
pub use pooler::Pooler;
pub use project::Project;
pub use proxy::{Cut, Proxy};
pub use server::{Database, Refusal, Server, Session, dump, dump_whole};
pub use standby::Standby;
