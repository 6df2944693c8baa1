//! One statement and what can be told from its text.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::effect::{self, Effect};
use crate::sql::lex::Token;
use crate::sql::name::Name;

use super::setting::{Setting, setting};
use super::transaction::{TransactionControl, control, outside};

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// From its first word to its last, without the semicolon and the comments around it.
    pub span: Span,
    /// What it is, as the server's command tag names it: `CREATE TABLE`.
    pub tag: String,
    pub transaction: Option<TransactionControl>,
    /// What it is when it cannot run inside a transaction block: `CREATE INDEX CONCURRENTLY`.
    pub outside_transaction: Option<&'static str>,
    /// The setting that it changes.
    pub sets: Option<Box<Setting>>,
    /// What it creates, alters, drops or renames.
    pub effects: Vec<Effect>,
    /// Relations that it needs and does not create: targets of foreign keys, parents of tables.
    pub references: Vec<Reference>,
    /// Whether it may do more than its effects say: DO, CALL, a function called for what it does.
    pub opaque: bool,
    /// The direction of a COPY over the connection, `FROM STDIN` or `TO STDOUT`.
    pub(super) copies: Option<&'static str>,
}

/// A relation that a statement needs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reference {
    pub name: Name,
    pub span: Span,
}

impl Statement {
    /// Describes the statement that these significant tokens make.
    pub(super) fn describe(text: &str, tokens: &[Token]) -> Statement {
        let cursor = Cursor::new(text, tokens);
        let mut analysis = effect::analyse(cursor);
        // kept as long as the script is
        analysis.effects.shrink_to_fit();
        analysis.references.shrink_to_fit();
        Statement {
            span: cursor.rest(),
            tag: effect::tag(cursor),
            transaction: control(cursor),
            outside_transaction: outside(cursor),
            sets: setting(cursor).map(Box::new),
            effects: analysis.effects,
            references: analysis.references,
            opaque: analysis.opaque,
            copies: copies(cursor),
        }
    }

    /// Whether it is transaction control beyond savepoints.
    pub fn ends_or_begins_transaction(&self) -> bool {
        self.transaction.is_some_and(|control| !control.is_savepoint())
    }
}

fn copies(mut cursor: Cursor<'_>) -> Option<&'static str> {
    if !cursor.word("copy") {
        return None;
    }
    // the relation, or a query in parentheses
    cursor.skip_until(|c| c.is_word("from") || c.is_word("to"));
    match () {
        () if cursor.word("from stdin") => Some("FROM STDIN"),
        () if cursor.word("to stdout") => Some("TO STDOUT"),
        () => None,
    }
}
