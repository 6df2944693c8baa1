//! One file a command: from its arguments to the verb.

pub mod apply;
pub mod audit;
pub mod baseline;
pub mod checks;
pub mod completions;
pub mod demo;
pub mod docs;
pub mod history;
pub mod init;
pub mod man;
pub mod new;
pub mod preflight;
pub mod prove;
pub mod repair;
pub mod rollback;
pub mod snapshot;
pub mod status;
pub mod verify;
