//! What only the server can answer.

use std::collections::HashMap;
use std::sync::Arc;

use crate::audit::Facts;
use crate::catalog::Context;
use crate::isolation::{Isolation, Matrix};

/// Asked of the server, between two evaluations.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Question {
    /// Do these two texts mean the same?
    Same {
        context: Context,
        /// Schema and name of the relation whose columns the texts use; of a default or literal, none.
        relation: Option<(String, String)>,
        /// The type of the column, for [`Context::Default`] and [`Context::Literal`]; for [`Context::Body`] what
        /// stands before the language: `function one(a integer) returns integer`.
        column_type: Option<String>,
        /// The schema in which the expected text's bare names are resolved first; `public` and the server's
        /// own come behind it. The actual text is qualified.
        schema: String,
        expected: String,
        actual: String,
    },
    /// What does this query of a check file return? It runs READ ONLY, with a statement timeout.
    Rows { sql: String, schema: String },
    /// What do these statements do? They write, and are rolled back.
    Probe(Probe),
    /// Does anything cross between tenants? It writes, and is rolled back.
    Isolation(Isolation),
    /// What do the lints of the audit look at?
    Audit,
}

/// The statements of a probe, in order. All of it is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Probe {
    /// Where bare names are resolved first; `public` comes behind it.
    pub schema: String,
    /// What the probes of the suite share, run once by the connecting role.
    pub shared: Vec<Prepare>,
    pub steps: Vec<Step>,
}

/// Statements that prepare, run by the connecting role.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prepare {
    pub sql: String,
    /// Where it stands in the check file: a byte offset.
    pub at: usize,
}

/// One statement of a probe with what it needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    pub given: Option<Prepare>,
    /// `SET LOCAL ROLE`; the connecting role when absent.
    pub role: Option<String>,
    /// Settings by name, for the length of the step.
    pub settings: Vec<(String, String)>,
    /// Exactly one statement.
    pub run: String,
    /// Whether an error is expected of it.
    pub is_to_fail: bool,
}

/// What a step of a probe met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Met {
    /// It ran. `affected` as the server counts: rows changed, or returned.
    Rows {
        rows: Vec<Vec<Option<String>>>,
        affected: u64,
    },
    /// The statement was refused.
    Refused(Refusal),
    /// The step could not begin.
    Unready { phase: Phase, refusal: Refusal },
}

/// What comes before the statement of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// What the suite's probes share.
    Shared,
    /// What is given for the step.
    Given,
    /// Role and settings.
    Role,
}

/// A server's error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub sqlstate: String,
    pub message: String,
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
    /// What each step of a probe met, up to the one that ended it.
    Probe(Vec<Met>),
    /// What came of the attempts of an isolation matrix.
    Isolation(Arc<Matrix>),
    /// A probe was not run, with the reason: it is skipped.
    NotRun { reason: String },
    /// The facts for the audit.
    Audit(Arc<Facts>),
}

/// Answers by question.
pub type Answers = HashMap<Question, Answer>;
