//! A script: its statements, what each of them is, and what makes it no script for pgplumb.

mod split;
mod statement;
mod transaction;
mod setting;

use std::ops::Range;
use std::sync::Arc;

use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

use super::cursor::Cursor;
use super::lex::{Token, TokenKind, lex};
use super::parser;

pub use setting::{Scope, Setting};
pub use statement::{Reference, Statement};
pub use transaction::TransactionControl;

/// A script, split as psql splits it.
#[derive(Debug, Clone)]
pub struct Script {
    pub file: Arc<SourceFile>,
    pub statements: Vec<Statement>,
    /// What is certainly wrong, or belongs to psql alone. Whether the rest is valid SQL is for the server to say.
    pub diagnostics: Vec<Diagnostic>,
    /// The first thing in it that only psql knows: a meta-command, a variable, COPY over the connection.
    pub psql: Option<Span>,
}

/// A statement that the parser does not understand. Newer than the parser, or wrong: only the server knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unparsed {
    /// Index into [`Script::statements`].
    pub statement: usize,
    pub span: Span,
    pub message: String,
}

impl Script {
    /// Splits a file and describes each statement.
    pub fn parse(file: &Arc<SourceFile>) -> Script {
        let text = file.text();
        let tokens = lex(text);
        let significant: Vec<Token> = tokens
            .iter()
            .copied()
            .filter(|token| !token.kind.is_trivia())
            .collect();
        let ranges = split::split(text, &significant);
        let mut statements: Vec<Statement> = ranges
            .iter()
            .map(|range| Statement::describe(text, &significant[range.clone()]))
            .collect();
        calls(text, &significant, &ranges, &mut statements);
        let mut diagnostics = problems(file, &tokens);
        diagnostics.extend(copies(file, &statements));
        let is_psql = |token: &&Token| matches!(token.kind, TokenKind::MetaCommand | TokenKind::PsqlVariable);
        let copies = statements.iter().filter(|statement| statement.copies.is_some());
        let psql = tokens.iter().filter(is_psql).map(|token| token.span);
        let psql = psql.chain(copies.map(|statement| statement.span));
        let psql = psql.min_by_key(|span| span.start);
        diagnostics.sort_by_key(|diagnostic| diagnostic.place.as_ref().map(|place| place.span.start));
        Script {
            file: Arc::clone(file),
            statements,
            diagnostics,
            psql,
        }
    }

    /// The statement as it stands in the file.
    pub fn text(&self, statement: &Statement) -> &str {
        self.file.slice(statement.span)
    }

    /// What the parser does not understand, one entry a statement. Takes a parse of the whole script.
    pub fn unparsed(&self) -> Vec<Unparsed> {
        let understood = |(statement, described): (usize, &Statement)| {
            let complaint = parser::complaints(self.text(described)).into_iter().next()?;
            let span = complaint.span.shifted(described.span.start);
            Some(Unparsed {
                statement,
                span,
                message: complaint.message,
            })
        };
        self.statements
            .iter()
            .enumerate()
            .filter_map(understood)
            .collect()
    }

    /// The script's own BEGIN and COMMIT, when they wrap all the rest: indices into [`Script::statements`].
    pub fn outer_transaction(&self) -> Option<(usize, usize)> {
        let last = self.statements.len().checked_sub(1).filter(|&last| last > 0)?;
        let wraps = self.statements[0].transaction == Some(TransactionControl::Begin)
            && self.statements[last].transaction == Some(TransactionControl::Commit { chain: false });
        let inside = &self.statements[1..last];
        (wraps && !inside.iter().any(Statement::ends_or_begins_transaction)).then_some((0, last))
    }

    /// Transaction control that pgplumb's own transaction cannot hold: all but savepoints and the outer pair.
    pub fn stray_transaction_control(&self) -> Vec<&Statement> {
        let outer = self.outer_transaction();
        let is_outer = |index: usize| outer.is_some_and(|(begin, commit)| index == begin || index == commit);
        self.statements
            .iter()
            .enumerate()
            .filter(|(index, statement)| statement.ends_or_begins_transaction() && !is_outer(*index))
            .map(|(_, statement)| statement)
            .collect()
    }
}

/// Marks each CALL of a procedure that the script itself makes, and whose body ends transactions.
fn calls(text: &str, tokens: &[Token], ranges: &[Range<usize>], statements: &mut [Statement]) {
    if !statements.iter().any(|statement| statement.tag == "CALL") {
        return;
    }
    let mut committing = Vec::new();
    for (range, statement) in ranges.iter().zip(statements) {
        let cursor = Cursor::new(text, &tokens[range.clone()]);
        committing.extend(transaction::makes_committing(cursor));
        if transaction::called(cursor).is_some_and(|name| committing.contains(&name)) {
            statement.outside_transaction = Some("CALL of a procedure with a COMMIT of its own");
        }
    }
}

/// psql's own language, and what never ends.
fn problems(file: &Arc<SourceFile>, tokens: &[Token]) -> Vec<Diagnostic> {
    let text = file.text();
    tokens
        .iter()
        .filter_map(|token| problem(token, token.text(text)).map(|found| found.at(file, opening(token))))
        .collect()
}

fn problem(token: &Token, spelled: &str) -> Option<Diagnostic> {
    let endless = |what: &str, help: &str| Diagnostic::error(format!("{what} never ends")).help(help);
    Some(match (token.kind, token.terminated) {
        (TokenKind::MetaCommand, _) => meta_command(spelled),
        (TokenKind::PsqlVariable, _) => Diagnostic::error(format!(
            "`{spelled}` is a psql variable, which only psql can fill in"
        ))
        .help("write the value itself, or read it with current_setting()"),
        (TokenKind::String, false) => endless(
            "this string",
            "add the closing quote; within a string, a quote is written twice",
        ),
        (TokenKind::DollarString, false) => {
            let tag = spelled[1..].find('$').map_or(spelled, |end| &spelled[..end + 2]);
            endless(
                &format!("the text quoted with {tag}"),
                &format!("add the closing {tag}"),
            )
        }
        (TokenKind::QuotedIdent, false) => endless("this quoted name", "add the closing double quote"),
        (TokenKind::BlockComment, false) => {
            endless("this comment", "add a */ for every /*, as comments nest")
        }
        (TokenKind::CopyData, false) => endless(
            "the data of COPY",
            "end the data with a line that holds \\. alone",
        ),
        _ => return None,
    })
}

fn meta_command(spelled: &str) -> Diagnostic {
    let name = spelled.split_whitespace().next().unwrap_or(spelled);
    let help = match name {
        "\\i" | "\\ir" | "\\include" | "\\include_relative" => {
            "put the statements of that file into this one"
        }
        "\\copy" => "use INSERT, or COPY from a file that the server can read",
        "\\c" | "\\connect" => "name the database with --database-url: one run, one database",
        "\\set" | "\\gset" => "write the value itself",
        "\\g" | "\\gx" | "\\gexec" | "\\gdesc" => {
            "end the statement with a semicolon; use DO with EXECUTE in place of \\gexec"
        }
        _ => "leave it out: the server does not know it",
    };
    Diagnostic::error(format!("`{name}` is a psql meta-command, not SQL")).help(help)
}

/// Where something that never ends begins is what a person has to see, not the rest of the file.
fn opening(token: &Token) -> Span {
    if token.terminated {
        token.span
    } else {
        Span::new(token.span.start, token.span.start + 1)
    }
}

/// COPY over the connection, which needs a client that speaks it.
fn copies(file: &Arc<SourceFile>, statements: &[Statement]) -> Vec<Diagnostic> {
    let diagnose = |statement: &Statement| {
        let direction = statement.copies?;
        let help = match direction {
            "FROM STDIN" => "write the rows as INSERT … VALUES",
            _ => "leave it out: a migration has nobody to send rows to",
        };
        let message = format!("COPY … {direction} is not supported in a script");
        Some(Diagnostic::error(message).at(file, statement.span).help(help))
    };
    statements.iter().filter_map(diagnose).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn script(text: &str) -> Script {
        Script::parse(&SourceFile::new("a.sql", text))
    }

    fn messages(text: &str) -> Vec<String> {
        script(text)
            .diagnostics
            .iter()
            .map(|found| format!("{} {}", found.location().unwrap(), found.message))
            .collect()
    }

    #[test]
    fn a_call_of_what_commits_needs_to_be_alone() {
        let text = "create or replace procedure s.fill() language plpgsql as $$ begin commit; end $$;\n\
                    create procedure other() language sql as $$ select 'commit;' $$;\ncall s.fill();\ncall other();";
        let script = Script::parse(&SourceFile::new("f.sql", text));
        let outside: Vec<bool> = script
            .statements
            .iter()
            .map(|statement| statement.outside_transaction.is_some())
            .collect();
        assert_eq!(outside, [false, false, true, false]);
    }

    #[test]
    fn what_only_psql_knows_is_refused_with_its_place() {
        assert_eq!(
            messages("select 1;\n\\i other.sql\nselect :'x', :y, a::int, b[1:2], b[lo:hi];"),
            [
                "a.sql:2:1 `\\i` is a psql meta-command, not SQL",
                "a.sql:3:8 `:'x'` is a psql variable, which only psql can fill in",
                "a.sql:3:14 `:y` is a psql variable, which only psql can fill in",
            ]
        );
        assert_eq!(
            messages("select '\\i', $$ \\i :x $$, \"\\i\" /* \\i */ -- :x"),
            [""; 0]
        );
    }

    #[test]
    fn copy_over_the_connection_is_refused_once() {
        let text = "copy t (a, b) from stdin with (format csv);\n1,'x;\n\\.\nselect 1;";
        assert_eq!(
            messages(text),
            ["a.sql:1:1 COPY … FROM STDIN is not supported in a script"]
        );
        assert_eq!(script(text).statements.len(), 2);
        assert_eq!(
            messages("copy t to stdout;"),
            ["a.sql:1:1 COPY … TO STDOUT is not supported in a script"]
        );
        assert_eq!(
            messages("copy t from '/tmp/x'; copy t from program 'cat';"),
            [""; 0]
        );
    }

    #[test]
    fn what_never_ends_is_shown_where_it_begins() {
        assert_eq!(
            messages("select 1;\nselect 'abc;\nselect 2;"),
            ["a.sql:2:8 this string never ends"]
        );
        assert_eq!(
            messages("do $x$ begin end $y$;"),
            ["a.sql:1:4 the text quoted with $x$ never ends"]
        );
        assert_eq!(
            messages("/* /* */ select 1;"),
            ["a.sql:1:1 this comment never ends"]
        );
        assert_eq!(messages("select \"a"), ["a.sql:1:8 this quoted name never ends"]);
    }

    #[test]
    fn an_outer_transaction_wraps_everything() {
        for (text, outer, strays) in [
            ("begin; select 1; commit;", Some((0, 2)), 0),
            ("START TRANSACTION; select 1; END;", Some((0, 2)), 0),
            ("begin; savepoint a; rollback to a; commit;", Some((0, 3)), 0),
            ("begin; select 1; commit; select 2;", None, 2),
            ("begin; commit; begin; commit;", None, 4),
            ("begin; select 1; commit and chain;", None, 2),
            ("select 1; rollback;", None, 1),
            ("begin;", None, 1),
            ("commit;", None, 1),
            ("", None, 0),
        ] {
            let script = script(text);
            assert_eq!(script.outer_transaction(), outer, "{text}");
            assert_eq!(script.stray_transaction_control().len(), strays, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]
        #[test]
        fn no_text_is_too_strange(text in "[a-z0-9'\"$().,:;\\[\\]\\\\<>=+*/ \n-]{0,120}") {
            let script = script(&text);
            for statement in &script.statements {
                prop_assert!(!script.text(statement).trim().is_empty());
            }
        }
    }
}
