//! What a script says to pgplumb: `-- pgplumb: …` comments above its first statement.
//!
//! A directive that is misspelled, misplaced or given twice is an error: read as prose, it would change what a
//! script does without a word.

use std::sync::Arc;

use super::timeout::Timeout;
use crate::diagnostic::{Diagnostic, closest};
use crate::source::{SourceFile, Span};
use crate::sql::{TokenKind, lex};

/// Which way a script goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// A migration.
    Up,
    /// A rollback.
    Down,
}

impl Direction {
    /// What people call such a script.
    pub const fn noun(self) -> &'static str {
        match self {
            Direction::Up => "migration",
            Direction::Down => "rollback",
        }
    }
}

/// A value of a directive, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written<T> {
    pub value: T,
    /// The whole directive, without the dashes.
    pub span: Span,
}

/// All directives of one script.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Directives {
    /// `no-transaction`: runs statement by statement, outside a transaction.
    pub no_transaction: Option<Written<()>>,
    /// `lock-timeout 2s`
    pub lock_timeout: Option<Written<Timeout>>,
    /// `statement-timeout 10min`
    pub statement_timeout: Option<Written<Timeout>>,
    /// `irreversible "reason"`, in place of a rollback file.
    pub irreversible: Option<Written<String>>,
    /// `keeps "extension pgcrypto"`: what a rollback leaves on purpose.
    pub keeps: Vec<Written<String>>,
}

/// One kind of directive: how it is written and what it sets.
struct Kind {
    name: &'static str,
    /// How the value is written; empty when there is none.
    value: &'static str,
    /// The only kind of script that it makes sense in.
    only_in: Option<Direction>,
    repeatable: bool,
    set: fn(&mut Directives, &str, Span) -> Result<(), String>,
    is_set: fn(&Directives) -> Option<Span>,
}

const KINDS: [Kind; 5] = [
    Kind {
        name: "no-transaction",
        value: "",
        only_in: None,
        repeatable: false,
        set: |directives, value, span| {
            if !value.is_empty() {
                return Err(format!("it takes no value, and {value:?} follows"));
            }
            directives.no_transaction = Some(Written { value: (), span });
            Ok(())
        },
        is_set: |directives| directives.no_transaction.as_ref().map(|written| written.span),
    },
    Kind {
        name: "lock-timeout",
        value: "2s",
        only_in: None,
        repeatable: false,
        set: |directives, value, span| {
            directives.lock_timeout = Some(Written {
                value: timeout(value)?,
                span,
            });
            Ok(())
        },
        is_set: |directives| directives.lock_timeout.as_ref().map(|written| written.span),
    },
    Kind {
        name: "statement-timeout",
        value: "10min",
        only_in: None,
        repeatable: false,
        set: |directives, value, span| {
            directives.statement_timeout = Some(Written {
                value: timeout(value)?,
                span,
            });
            Ok(())
        },
        is_set: |directives| directives.statement_timeout.as_ref().map(|written| written.span),
    },
    Kind {
        name: "irreversible",
        value: "\"reason\"",
        only_in: Some(Direction::Up),
        repeatable: false,
        set: |directives, value, span| {
            directives.irreversible = Some(Written {
                value: quoted(value)?,
                span,
            });
            Ok(())
        },
        is_set: |directives| directives.irreversible.as_ref().map(|written| written.span),
    },
    Kind {
        name: "keeps",
        value: "\"extension pgcrypto\"",
        only_in: Some(Direction::Down),
        repeatable: true,
        set: |directives, value, span| {
            directives.keeps.push(Written {
                value: quoted(value)?,
                span,
            });
            Ok(())
        },
        is_set: |_| None,
    },
];

fn timeout(value: &str) -> Result<Timeout, String> {
    value
        .parse()
        .map_err(|error: super::timeout::TimeoutError| error.to_string())
}

/// The text between the first quote and the last.
fn quoted(value: &str) -> Result<String, String> {
    let inner = value
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or("its value stands in double quotes")?;
    if inner.trim().is_empty() {
        return Err("its value is empty".to_string());
    }
    Ok(inner.trim().to_string())
}

impl Directives {
    /// Reads the directives of a script. What is wrong with them is all in the second value, in order.
    pub fn read(file: &Arc<SourceFile>, direction: Direction) -> (Directives, Vec<Diagnostic>) {
        let mut directives = Directives::default();
        let mut problems = Vec::new();
        let text = file.text();
        // most scripts have none, and need not be taken apart to know it
        if !mentions_pgplumb(text) {
            return (directives, problems);
        }
        let mut first_statement = None;
        for token in lex(text) {
            let comment = token.text(text);
            match token.kind {
                TokenKind::LineComment => {
                    let Some(found) = directive(comment, token.span.start) else {
                        continue;
                    };
                    match found {
                        Found::Directive(span) => {
                            problems.extend(match first_statement {
                                Some(line) => Some(misplaced(file, span, line)),
                                None => directives.take(file, span, direction),
                            });
                        }
                        Found::NoColon(span) => problems.push(
                            Diagnostic::error(format!("{:?} is not read as a directive", file.slice(span)))
                                .at(file, span)
                                .want("a colon behind the name: -- pgplumb: …")
                                .help("write the colon, or reword the comment if it is only a comment"),
                        ),
                    }
                }
                TokenKind::BlockComment => {
                    let inner = comment.trim_start_matches("/*");
                    if strip_name(inner.trim_start()).is_some_and(|rest| rest.starts_with(':')) {
                        let end = token.span.start + comment.lines().next().map_or(0, str::len);
                        problems.push(
                            Diagnostic::error("a directive in a block comment is not read")
                                .at(file, Span::new(token.span.start, end))
                                .help("write it on a line of its own: -- pgplumb: …"),
                        );
                    }
                }
                TokenKind::Whitespace => {}
                _ => {
                    first_statement.get_or_insert_with(|| file.location(token.span.start).line);
                }
            }
        }
        (directives, problems)
    }

    /// Takes one directive, `span` covering it from `pgplumb` on, and says what is wrong with it.
    fn take(&mut self, file: &Arc<SourceFile>, span: Span, direction: Direction) -> Option<Diagnostic> {
        let written = file.slice(span);
        let body = written.split_once(':').map_or("", |(_, body)| body).trim();
        let end = body.find(char::is_whitespace).unwrap_or(body.len());
        let (name, value) = (&body[..end], body[end..].trim());
        let Some(kind) = KINDS.iter().find(|kind| kind.name == name) else {
            return Some(unknown(name).at(file, span));
        };
        if let Some(only) = kind.only_in.filter(|only| *only != direction) {
            return Some(
                Diagnostic::error(format!(
                    "directive {name} belongs in a {}, and this is a {}",
                    only.noun(),
                    direction.noun()
                ))
                .at(file, span)
                .help(match only {
                    Direction::Up => "move it to the top of the migration's script",
                    Direction::Down => "move it to the top of the rollback's script",
                }),
            );
        }
        if let Some(first) = (kind.is_set)(self).filter(|_| !kind.repeatable) {
            let line = file.location(first.start).line;
            return Some(
                Diagnostic::error(format!("directive {name} is given twice"))
                    .at(file, span)
                    .have(format!("the first one on line {line}: {}", file.slice(first)))
                    .help("remove one of them"),
            );
        }
        let problem = (kind.set)(self, value, span).err()?;
        let example = format!("-- pgplumb: {name} {}", kind.value);
        let message = match value {
            "" => format!("directive {name} has no value"),
            _ => format!("directive {name}: {problem}"),
        };
        Some(
            Diagnostic::error(message)
                .at(file, span)
                .help(format!("write it as `{}`", example.trim_end())),
        )
    }
}

/// A comment that means, or seems to mean, pgplumb.
enum Found {
    Directive(Span),
    NoColon(Span),
}

/// Whether a line comment is a directive: `-- pgplumb: …`.
fn directive(comment: &str, offset: usize) -> Option<Found> {
    let inner = comment.trim_start_matches('-').trim_start();
    let rest = strip_name(inner)?;
    let start = offset + comment.len() - inner.len();
    let span = Span::new(start, start + inner.trim_end().len());
    let rest = rest.trim_start();
    if rest.starts_with(':') {
        return Some(Found::Directive(span));
    }
    let word = rest.split_whitespace().next().unwrap_or("");
    KINDS
        .iter()
        .any(|kind| kind.name == word)
        .then_some(Found::NoColon(span))
}

/// What follows the name of the tool, in whatever case it is written.
fn strip_name(text: &str) -> Option<&str> {
    let name = text.get(.."pgplumb".len())?;
    name.eq_ignore_ascii_case("pgplumb").then(|| &text[name.len()..])
}

fn mentions_pgplumb(text: &str) -> bool {
    text.to_ascii_lowercase().contains("pgplumb")
}

fn unknown(name: &str) -> Diagnostic {
    let written = name.replace('_', "-");
    let nearest = closest(&written, KINDS.iter().map(|kind| kind.name));
    let diagnostic = match name {
        "" => Diagnostic::error("a directive without a name"),
        _ => Diagnostic::error(format!("unknown directive {name:?}")),
    };
    match KINDS.iter().find(|kind| Some(kind.name) == nearest) {
        Some(kind) => {
            let example = format!("-- pgplumb: {} {}", kind.name, kind.value);
            diagnostic.help(format!("did you mean `{}`?", example.trim_end()))
        }
        None => diagnostic.help(format!(
            "use one of: {}",
            KINDS.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ")
        )),
    }
}

fn misplaced(file: &Arc<SourceFile>, span: Span, line: u32) -> Diagnostic {
    Diagnostic::error("a directive below the first statement is not read")
        .at(file, span)
        .have(format!("the first statement begins on line {line}"))
        .help(format!("move it above line {line}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(direction: Direction, text: &str) -> (Directives, Vec<String>) {
        let file = SourceFile::new("f.sql", text);
        let (directives, problems) = Directives::read(&file, direction);
        let problems = problems.iter().map(line).collect();
        (directives, problems)
    }

    /// `line:column message | facts | help`
    fn line(diagnostic: &Diagnostic) -> String {
        let location = diagnostic.location().unwrap();
        let mut out = format!("{}:{} {}", location.line, location.column, diagnostic.message);
        for (label, text) in &diagnostic.facts {
            out.push_str(&format!(" | {label}: {text}"));
        }
        if let Some(help) = &diagnostic.help {
            out.push_str(&format!(" | {help}"));
        }
        out
    }

    #[test]
    fn every_directive_is_read() {
        let (directives, problems) = read(
            Direction::Up,
            "-- Adds things\n-- pgplumb: no-transaction\n--pgplumb:lock-timeout 2s\n\n/* prose */\n\
             --  PgPlumb :  statement-timeout   10min  \n-- pgplumb: irreversible \"drops \"old\" data\"\nselect 1;",
        );
        assert_eq!(problems, [""; 0]);
        assert!(directives.no_transaction.is_some());
        assert_eq!(directives.lock_timeout.unwrap().value.as_millis(), 2_000);
        assert_eq!(directives.statement_timeout.unwrap().value.as_millis(), 600_000);
        assert_eq!(directives.irreversible.unwrap().value, "drops \"old\" data");

        let (directives, problems) = read(
            Direction::Down,
            "-- pgplumb: keeps \"extension pgcrypto\"\r\n-- pgplumb: keeps \"role authenticated\"\r\nselect 1;\r\n",
        );
        assert_eq!(problems, [""; 0]);
        let keeps: Vec<&str> = directives.keeps.iter().map(|keep| keep.value.as_str()).collect();
        assert_eq!(keeps, ["extension pgcrypto", "role authenticated"]);
    }

    #[test]
    fn what_only_mentions_pgplumb_is_no_directive() {
        for text in [
            "-- pgplumb runs this\nselect 1;",
            "-- see pgplumb: the tool\nselect 1;",
            "select '-- pgplumb: nonsense';",
            "do $$ -- pgplumb: nonsense\n$$;",
            "/* about pgplumb: */ select 1;",
            "",
        ] {
            assert_eq!(
                read(Direction::Up, text),
                (Directives::default(), vec![]),
                "{text}"
            );
        }
    }

    #[test]
    fn every_mistake_is_named() {
        use Direction::{Down, Up};
        let all = "use one of: no-transaction, lock-timeout, statement-timeout, irreversible, keeps";
        for (direction, text, expected) in [
            (
                Up,
                "-- pgplumb: no-transation\n",
                vec!["1:4 unknown directive \"no-transation\" | did you mean `-- pgplumb: no-transaction`?"],
            ),
            (
                Up,
                "-- pgplumb: lock_timeout 2s",
                vec!["1:4 unknown directive \"lock_timeout\" | did you mean `-- pgplumb: lock-timeout 2s`?"],
            ),
            (
                Up,
                "-- pgplumb: frobnicate",
                vec!["1:4 unknown directive \"frobnicate\" | ALL"],
            ),
            (Up, "-- pgplumb:", vec!["1:4 a directive without a name | ALL"]),
            (
                Up,
                "select 1;\n  -- pgplumb: no-transaction\n",
                vec![
                    "2:6 a directive below the first statement is not read | have: the first statement begins on line 1 \
                     | move it above line 1",
                ],
            ),
            (
                Up,
                "-- pgplumb: keeps \"extension x\"",
                vec![
                    "1:4 directive keeps belongs in a rollback, and this is a migration | move it to the top of the \
                     rollback's script",
                ],
            ),
            (
                Down,
                "-- pgplumb: irreversible \"x\"",
                vec![
                    "1:4 directive irreversible belongs in a migration, and this is a rollback | move it to the top of \
                     the migration's script",
                ],
            ),
            (
                Up,
                "-- pgplumb: lock-timeout 2s\n-- pgplumb: lock-timeout 3s\n-- pgplumb: oops",
                vec![
                    "2:4 directive lock-timeout is given twice | have: the first one on line 1: pgplumb: lock-timeout 2s \
                     | remove one of them",
                    "3:4 unknown directive \"oops\" | ALL",
                ],
            ),
            (
                Up,
                "-- pgplumb: no-transaction please",
                vec![
                    "1:4 directive no-transaction: it takes no value, and \"please\" follows | write it as `-- pgplumb: \
                     no-transaction`",
                ],
            ),
            (
                Up,
                "-- pgplumb: lock-timeout 2",
                vec![
                    "1:4 directive lock-timeout: \"2\" has no unit: write 2s or 2ms | write it as `-- pgplumb: \
                     lock-timeout 2s`",
                ],
            ),
            (
                Up,
                "-- pgplumb: statement-timeout",
                vec![
                    "1:4 directive statement-timeout has no value | write it as `-- pgplumb: statement-timeout 10min`",
                ],
            ),
            (
                Up,
                "-- pgplumb: irreversible because",
                vec![
                    "1:4 directive irreversible: its value stands in double quotes | write it as `-- pgplumb: \
                     irreversible \"reason\"`",
                ],
            ),
            (
                Up,
                "-- pgplumb: irreversible \" \"",
                vec![
                    "1:4 directive irreversible: its value is empty | write it as `-- pgplumb: irreversible \"reason\"`",
                ],
            ),
            (
                Up,
                "-- pgplumb: irreversible \"",
                vec![
                    "1:4 directive irreversible: its value stands in double quotes | write it as `-- pgplumb: \
                     irreversible \"reason\"`",
                ],
            ),
            (
                Up,
                "-- pgplumb no-transaction",
                vec![
                    "1:4 \"pgplumb no-transaction\" is not read as a directive | want: a colon behind the name: -- \
                     pgplumb: … | write the colon, or reword the comment if it is only a comment",
                ],
            ),
            (
                Up,
                "/* pgplumb: no-transaction */",
                vec![
                    "1:1 a directive in a block comment is not read | write it on a line of its own: -- pgplumb: …",
                ],
            ),
        ] {
            let expected: Vec<String> = expected.iter().map(|line| line.replace("ALL", all)).collect();
            assert_eq!(read(direction, text).1, expected, "{text}");
        }
    }
}
