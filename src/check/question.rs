//! What only the server can answer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::audit::Facts;
use crate::catalog::Context;

/// Asked of the server, between two evaluations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Do these two texts mean the same?
    Same {
        context: Context,
        /// Schema and name of the relation whose columns the texts use; of a default or literal, none.
        relation: Option<(String, String)>,
        /// The type of the column, for [`Context::Default`] and [`Context::Literal`].
        column_type: Option<String>,
        /// The schema in which the expected text's bare names are resolved first; `public` and the server's
        /// own come behind it. The actual text is qualified.
        schema: String,
        expected: String,
        actual: String,
    },
    /// What does this query of a check file return? It runs READ ONLY, with a statement timeout.
    Rows { sql: String, schema: String },
    /// What do the lints of the audit look at?
    Audit,
}

/// The server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The same meaning.
    Same,
    /// Different, each in the server's own spelling.
    Differs { expected: String, actual: String },
    /// The server does not accept the expected text.
    Refused { sqlstate: String, message: String },
    /// The server could not be asked, with the reason (a standby, no TEMP privilege, …).
    CannotTell { reason: String },
    /// The rows of a query, as text; `None` is NULL.
    Rows(Vec<Vec<Option<String>>>),
    /// The facts for the audit.
    Audit(Arc<Facts>),
}

/// Answers by question.
pub type Answers = HashMap<Question, Answer>;
