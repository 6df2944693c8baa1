//! What the server, or the lack of one, had to say.

use tokio_postgres::error::{DbError, ErrorPosition, Severity, SqlState};

use super::catalog::ReadError;
use crate::catalog::decode::DecodeError;
use crate::diagnostic::Diagnostic;
use crate::history::JOURNAL_TABLE;
use crate::sql::name::{quote_ident, quote_literal};

/// An error as PostgreSQL reported it, field by field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    /// Five characters, e.g. `42P01`.
    pub sqlstate: String,
    pub message: String,
    pub detail: Option<String>,
    pub hint: Option<String>,
    /// The call stack of PL/pgSQL and friends.
    pub context: Option<String>,
    /// 1-based, in characters of the message that was sent.
    pub position: Option<usize>,
    /// The text of an internally generated query, when the error is in one.
    pub internal_query: Option<String>,
    /// The constraint that was violated.
    pub constraint: Option<String>,
    /// Schema and name of the table that it is about.
    pub table: Option<(String, String)>,
}

impl ServerError {
    /// One of pgplumb's own, that a row told.
    pub(super) fn raised(sqlstate: &str, message: &str) -> ServerError {
        ServerError {
            sqlstate: sqlstate.to_string(),
            message: message.to_string(),
            detail: None,
            hint: None,
            context: None,
            position: None,
            internal_query: None,
            constraint: None,
            table: None,
        }
    }

    /// Whether it is of that SQLSTATE.
    pub fn is(&self, state: &SqlState) -> bool {
        self.sqlstate == state.code()
    }

    /// The same without what belongs to the statement: its inner query and its call stack.
    #[must_use]
    pub fn without_query(&self) -> ServerError {
        ServerError {
            context: None,
            internal_query: None,
            ..self.clone()
        }
    }

    /// The facts that stand below a message: SQLSTATE, detail, context, hint; the way out where the journal is in the way.
    pub fn describe(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        // psql's own errors have none
        if !self.sqlstate.is_empty() {
            diagnostic = diagnostic.fact("SQLSTATE", &self.sqlstate);
        }
        if let Some(detail) = &self.detail {
            diagnostic = diagnostic.fact("detail", detail);
        }
        if let Some(query) = &self.internal_query {
            diagnostic = diagnostic.fact("query", query);
        }
        if let Some(context) = &self.context {
            diagnostic = diagnostic.fact("context", context);
        }
        if let Some(hint) = &self.hint {
            diagnostic = diagnostic.fact("hint", hint);
        }
        match self.renumbering() {
            Some(way) => diagnostic.help(way),
            None => diagnostic,
        }
    }

    /// What to do where a number of the journal was drawn twice, by one who may not draw others by name.
    fn renumbering(&self) -> Option<String> {
        let (schema, _) = self.table.as_ref().filter(|(_, table)| table == JOURNAL_TABLE)?;
        self.is(&SqlState::UNIQUE_VIOLATION).then(|| {
            let journal = format!("{}.{JOURNAL_TABLE}", quote_ident(schema));
            format!(
                "its numbers fell back behind its rows, as they may in a crash: as owner of {journal} run `SELECT \
                 setval(pg_get_serial_sequence({}, 'id'), max(id)) FROM {journal}`, then this command again",
                quote_literal(&journal)
            )
        })
    }
}

impl From<&DbError> for ServerError {
    fn from(error: &DbError) -> ServerError {
        let (position, internal_query) = match error.position() {
            Some(ErrorPosition::Original(position)) => (Some(*position as usize), None),
            Some(ErrorPosition::Internal { query, .. }) => (None, Some(query.clone())),
            None => (None, None),
        };
        ServerError {
            sqlstate: error.code().code().to_string(),
            message: error.message().to_string(),
            detail: error.detail().map(str::to_string),
            hint: error.hint().map(str::to_string),
            context: error.where_().map(str::to_string),
            position,
            internal_query,
            constraint: error.constraint().map(str::to_string),
            table: error
                .schema()
                .zip(error.table())
                .map(|(schema, table)| (schema.to_string(), table.to_string())),
        }
    }
}

/// Whether the server ends the session with it: an administrator, a timeout, a crash; or a disk that is full, where COMMIT
/// may have been written down and may not.
fn is_last(error: &DbError) -> bool {
    match error.parsed_severity() {
        Some(severity) => matches!(severity, Severity::Fatal | Severity::Panic),
        // a pooler's own
        None => error.severity() == "FATAL",
    }
}

/// Why a conversation with the server did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The server refused a statement.
    #[error("{}", .0.message)]
    Server(Box<ServerError>),
    /// The connection was lost, with the driver's reason.
    #[error("the connection to the server was lost: {0}")]
    Lost(String),
    /// The server sent what the catalog queries do not promise.
    #[error(transparent)]
    Decode(Box<DecodeError>),
    /// Another session was changing an object while it was read.
    #[error("{0} was being changed by another session while it was read")]
    Disturbed(String),
    /// A table has the history's name, and not its columns.
    #[error("{0} is not a history of refinery: it is no table, or its columns are others")]
    ForeignHistory(String),
    /// The server sent something else that cannot be.
    #[error("the server sent an unexpected answer: {0}")]
    Unexpected(String),
}

impl From<DecodeError> for Error {
    fn from(error: DecodeError) -> Error {
        Error::Decode(Box::new(error))
    }
}

impl Error {
    /// The server's own error, when it is one.
    pub fn server(&self) -> Option<&ServerError> {
        if let Error::Server(error) = self {
            Some(error)
        } else {
            None
        }
    }

    /// Whether the server refused with that SQLSTATE.
    pub fn is(&self, state: &SqlState) -> bool {
        self.server().is_some_and(|error| error.is(state))
    }
}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Error {
        match error {
            ReadError::Decode(error) => error.into(),
            ReadError::Disturbed { object } => Error::Disturbed(object),
        }
    }
}

impl From<tokio_postgres::Error> for Error {
    fn from(error: tokio_postgres::Error) -> Error {
        match error.as_db_error() {
            // the session's last word: what is told to it later is not heard
            Some(db) if is_last(db) => Error::Lost(db.message().to_string()),
            Some(db) => Error::Server(Box::new(ServerError::from(db))),
            None => {
                let mut reason = error.to_string();
                let mut source = std::error::Error::source(&error);
                while let Some(cause) = source {
                    reason = format!("{reason}: {cause}");
                    source = cause.source();
                }
                Error::Lost(reason)
            }
        }
    }
}
