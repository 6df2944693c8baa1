//! Why a verb could not do its work, each with the exit code that the contract gives it.

use super::busy::Busy;
use crate::db::batch::{Failure, Stage};
use crate::db::connect::ConnectError;
use crate::db::error::Error as DbError;
use crate::diagnostic::Diagnostic;
use crate::report::ExitCode;

/// A failure of the tool or its surroundings. A check that fails is no error but a verdict.
#[derive(Debug)]
pub enum Error {
    /// Wrong usage, configuration or project files.
    Input(Vec<Diagnostic>),
    /// The database could not be reached, or refused the login.
    Connect(Box<ConnectError>),
    /// There is no throw-away server.
    NoServer(Box<Diagnostic>),
    /// A script failed that had to go well.
    Script(Box<Diagnostic>),
    /// Something else stands in the way: nothing was run.
    Blocked(Vec<Diagnostic>),
    /// History and files disagree.
    Disagreement(Vec<Diagnostic>),
    /// The server refused a statement of pgplumb's own, or the connection was lost.
    Database { doing: String, failure: Box<Failure> },
    /// A lock was not obtained in time.
    Locked(Box<Diagnostic>),
    /// A probe met a busy table; everything that it wrote was rolled back.
    Busy(Box<Busy>),
    /// The user interrupted.
    Interrupted(Vec<Diagnostic>),
}

impl Error {
    /// The exit code of the process.
    pub fn exit(&self) -> ExitCode {
        match self {
            Error::Input(_) => ExitCode::Usage,
            Error::Connect(_) | Error::NoServer(_) => ExitCode::Unreachable,
            Error::Script(_) => ExitCode::ScriptFailed,
            Error::Blocked(_) => ExitCode::Blocked,
            Error::Disagreement(_) => ExitCode::HistoryDisagrees,
            Error::Database { failure, .. } => match failure.error {
                DbError::Lost(_) => ExitCode::Unreachable,
                DbError::Server(ref error) if error.sqlstate == "55P03" => ExitCode::LockTimeout,
                DbError::Server(ref error) if error.sqlstate == "25006" => ExitCode::Blocked,
                DbError::Disturbed(_) => ExitCode::LockTimeout,
                DbError::Server(_)
                | DbError::Decode(_)
                | DbError::ForeignHistory(_)
                | DbError::Unexpected(_) => ExitCode::ScriptFailed,
            },
            Error::Locked(_) | Error::Busy(_) => ExitCode::LockTimeout,
            Error::Interrupted(_) => ExitCode::Interrupted,
        }
    }

    /// What the user reads.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        match self {
            Error::Input(diagnostics)
            | Error::Blocked(diagnostics)
            | Error::Disagreement(diagnostics)
            | Error::Interrupted(diagnostics) => diagnostics,
            Error::Connect(error) => vec![Diagnostic::error(error.message()).help(error.help())],
            Error::Database { doing, failure } => vec![database_diagnostic(&doing, &failure)],
            Error::Busy(busy) => {
                let diagnostic = busy.diagnostic("a probe", "what the probes wrote was rolled back");
                std::iter::once(diagnostic).chain(busy.note).collect()
            }
            Error::Locked(diagnostic) | Error::NoServer(diagnostic) | Error::Script(diagnostic) => {
                vec![*diagnostic]
            }
        }
    }

    /// A failed conversation, with what pgplumb was doing.
    pub fn database(doing: impl Into<String>, failure: Failure) -> Error {
        Error::Database {
            doing: doing.into(),
            failure: Box::new(failure),
        }
    }
}

/// What helps where nothing is written.
pub(super) const READ_ONLY: &str = "connect without default_transaction_read_only, or to the primary";

/// A database whose encoding is SQL_ASCII takes every byte, and checks none.
const NOT_UTF_8: &str = "something in the catalog is no UTF-8: a comment, a default or a body that was written from a \
     client with another encoding; write it again in UTF-8";

fn database_diagnostic(doing: &str, failure: &Failure) -> Diagnostic {
    match &failure.error {
        DbError::Server(error) => {
            let diagnostic = Diagnostic::error(format!("{doing} failed: {}", error.message));
            // the statement is ours: its text explains nothing
            let diagnostic = error.without_query().describe(diagnostic);
            let is_role = failure.stage == Stage::Begin && error.message.contains("role ");
            match error.sqlstate.as_str() {
                "22023" | "42704" if is_role => {
                    diagnostic.help("create it, or name another `role` in the settings")
                }
                "42501" if is_role => diagnostic.help(
                    "let the connecting role act as it (GRANT … TO …), or name another `role` in the settings",
                ),
                "42501" => {
                    diagnostic.help("grant the connecting role what is missing, or connect as another role")
                }
                "25006" => diagnostic.help(READ_ONLY),
                "57014" => diagnostic.help(
                    "allow more time with `statement_timeout` in the settings, or for the connecting role",
                ),
                "22021" | "22P05" => diagnostic.help(NOT_UTF_8),
                "55P03" => diagnostic.help(
                    "somebody holds a table in ACCESS EXCLUSIVE mode: run the command again when it is free, or allow a longer wait \
                     with `lock_timeout` in the settings",
                ),
                _ => diagnostic,
            }
        }
        DbError::Lost(_) => Diagnostic::error(format!("{doing} failed: {}", failure.error))
            .help("run `pgplumb status` to see where the database stands, then run the command again"),
        DbError::Disturbed(_) => Diagnostic::error(format!("{doing} failed: {}", failure.error))
            .help("run the command again when nobody else changes the schema"),
        DbError::ForeignHistory(_) => Diagnostic::error(format!("{doing} failed: {}", failure.error))
            .fact("want", "version integer or bigint, name, applied_on, checksum")
            .help("rename that table, or put another schema first into the search_path of the connection"),
        DbError::Decode(_) | DbError::Unexpected(_) => {
            Diagnostic::error(format!("{doing} failed: {}", failure.error))
        }
    }
}
