//! PostgreSQL: how it is reached, asked and told. The only module that opens a connection.

pub mod audit;
pub mod secret;
pub mod parameters;
pub mod tls;
pub mod connect;
pub mod scratch;
pub mod error;
pub mod batch;
pub mod constraints;
pub mod history;
pub mod session;
pub mod catalog;
pub mod names;
pub mod plans;
pub mod snapshot;
pub mod lease;
pub mod ground;
pub mod script;
pub mod psql;
pub mod figures;
pub mod judge;
pub mod losses;
pub mod ask;
pub mod probe;
pub mod isolation;
pub mod dependents;
pub mod detached;
pub mod preflight;
pub mod rehearse;
pub mod repair;
pub mod residue;
pub mod watch;

pub use connect::{ConnectError, Connection, Connector, Server, connect};
pub use parameters::{ParameterError, Parameters};
pub use scratch::{Scratch, ScratchError};
pub use secret::Secret;
