//! The parser crate's opinion on a text. Nothing outside this file names it.

use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_syntax::SourceFile;
use squawk_syntax::ast::{AstNode, Expr, Stmt};

use crate::source::Span;

use super::lex::{TokenKind, significant};
use super::name::string_value;

/// How deep brackets may nest. The parser recurses, and so does the server's; no script that people write comes near.
const MAX_NESTING: usize = 100;

/// How many operators and words that make the parser recurse may be open at one point. The debug build gets through
/// twice as many on the 2 MiB stack of a thread.
const MAX_CHAIN: usize = 500;

/// How many tokens may stand in a row without a comma, on all open levels together. Each may put one more layer around the tree before it, and
/// dropping the tree recurses as well.
const MAX_RUN: usize = 6_000;

/// What the parser does not understand, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Complaint {
    pub(super) message: String,
    pub(super) span: Span,
}

/// Parses a text as statements.
pub(super) fn complaints(text: &str) -> Vec<Complaint> {
    match parse(text) {
        Ok(parse) => complaints_of(&parse),
        Err(complaint) => vec![complaint],
    }
}

/// How many expressions are remembered.
const MEMORY: usize = 1_000;

thread_local! {
    /// What was found to be an expression: a schema has few that are its own.
    static EXPRESSIONS: RefCell<HashSet<String>> = RefCell::new(HashSet::new());
}

/// Whether the text, put in parentheses, is one expression. Spans of complaints are those of the text.
pub(super) fn expression(text: &str) -> Result<(), Complaint> {
    if EXPRESSIONS.with_borrow(|known| known.contains(text)) {
        return Ok(());
    }
    one_expression(text)?;
    EXPRESSIONS.with_borrow_mut(|known| {
        if known.len() < MEMORY {
            known.insert(text.to_owned());
        }
    });
    Ok(())
}

fn one_expression(text: &str) -> Result<(), Complaint> {
    // the line ends keep comments of the text out of the wrapping
    const BEFORE: &str = "select (\n";
    let wrapped = format!("{BEFORE}{text}\n)");
    let parse = parse(&wrapped).map_err(|complaint| shifted_back(complaint, BEFORE.len(), text))?;
    if let Some(complaint) = complaints_of(&parse).into_iter().next() {
        return Err(shifted_back(complaint, BEFORE.len(), text));
    }
    let not_one = || Complaint {
        message: "expected one expression".to_owned(),
        span: Span::new(0, text.len()),
    };
    let mut statements = parse.tree().stmts();
    let (Some(Stmt::Select(select)), None) = (statements.next(), statements.next()) else {
        return Err(not_one());
    };
    let targets = select
        .select_clause()
        .and_then(|clause| clause.target_list())
        .ok_or_else(not_one)?;
    let mut targets = targets.targets();
    let (Some(target), None) = (targets.next(), targets.next()) else {
        return Err(not_one());
    };
    match target.expr() {
        Some(Expr::ParenExpr(paren))
            if paren.expr().is_some() && usize::from(paren.syntax().text_range().end()) == wrapped.len() =>
        {
            Ok(())
        }
        _ => Err(not_one()),
    }
}

/// Whether the text is one statement that only reads: SELECT, VALUES, TABLE, with WITH and parentheses.
pub(super) fn query(text: &str) -> Result<(), Complaint> {
    let parse = parse(text)?;
    if let Some(complaint) = complaints_of(&parse).into_iter().next() {
        return Err(complaint);
    }
    let mut statements = parse.tree().stmts();
    match (statements.next(), statements.next()) {
        (
            Some(
                Stmt::Select(_)
                | Stmt::CompoundSelect(_)
                | Stmt::ParenSelect(_)
                | Stmt::Values(_)
                | Stmt::Table(_),
            ),
            None,
        ) => Ok(()),
        _ => Err(Complaint {
            message: "expected one SELECT, VALUES or TABLE".to_owned(),
            span: Span::new(0, text.len()),
        }),
    }
}

type Parse = squawk_syntax::Parse<SourceFile>;

fn parse(text: &str) -> Result<Parse, Complaint> {
    let whole = Span::new(0, text.len());
    if !is_shallow(text) {
        return Err(Complaint {
            message: "nested too deeply to be understood".to_owned(),
            span: whole,
        });
    }
    // a parser of someone else's: a bug in it is "not understood", never the end of the run
    catch_unwind(AssertUnwindSafe(|| SourceFile::parse(text))).map_err(|_| Complaint {
        message: "not understood".to_owned(),
        span: whole,
    })
}

fn complaints_of(parse: &Parse) -> Vec<Complaint> {
    parse
        .errors()
        .iter()
        .map(|error| {
            let range = error.range();
            Complaint {
                message: in_words(error.message().trim_end_matches(['.', ' '])),
                span: Span::new(usize::from(range.start()), usize::from(range.end())),
            }
        })
        .collect()
}

/// The parser's names of tokens, as people write those: `found R_PAREN` → `found \`)\``.
fn in_words(message: &str) -> String {
    let word = |word: &str| {
        let sign = match word {
            "L_PAREN" => "(",
            "R_PAREN" => ")",
            "L_BRACK" => "[",
            "R_BRACK" => "]",
            "L_CURLY" => "{",
            "R_CURLY" => "}",
            "L_ANGLE" => "<",
            "R_ANGLE" => ">",
            "SEMICOLON" => ";",
            "COMMA" => ",",
            "COLON" => ":",
            "DOT" => ".",
            "EQ" => "=",
            "STAR" => "*",
            "EOF" => return "the end".to_owned(),
            _ => match word.strip_suffix("_KW") {
                Some(keyword) => return format!("`{}`", keyword.to_ascii_lowercase()),
                None => return word.to_owned(),
            },
        };
        format!("`{sign}`")
    };
    message.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

fn shifted_back(mut complaint: Complaint, by: usize, text: &str) -> Complaint {
    let back = |offset: usize| offset.saturating_sub(by).min(text.len());
    // behind the text there is only the parenthesis that it was put into
    let rest = text.get(back(complaint.span.start)..).unwrap_or("");
    if rest.trim().is_empty() {
        complaint.message = complaint.message.replace("found `)`", "found the end");
    }
    complaint.span = Span::new(back(complaint.span.start), back(complaint.span.end));
    complaint
}

/// Whether a recursive parser gets through without exhausting the stack.
fn is_shallow(text: &str) -> bool {
    is_shallow_within(text, MAX_BODIES)
}

/// How deep bodies of functions may lie within bodies.
const MAX_BODIES: usize = 3;

fn is_shallow_within(text: &str, bodies: usize) -> bool {
    let tokens = significant(text);
    // the parser looks into the bodies of SQL functions, which are strings
    let routine = tokens
        .first()
        .is_some_and(|token| token.text(text).eq_ignore_ascii_case("create"));
    let mut open = vec![Level::default()];
    // what is open on all levels together
    let mut sum = Level::default();
    for token in tokens {
        let spelled = token.text(text);
        let inside = open.len() > 1;
        let Some(level) = open.last_mut() else {
            return false;
        };
        for counted in [&mut *level, &mut sum] {
            counted.run += 1;
            match token.kind {
                TokenKind::Operator => counted.operators += 1,
                TokenKind::Punct if matches!(spelled, "." | "::") => counted.operators += 1,
                TokenKind::Ident if is_one_of(spelled, RECURSIVE) => counted.words += 1,
                _ => {}
            }
        }
        match token.kind {
            TokenKind::Punct => match spelled {
                "(" | "[" => open.push(Level::default()),
                ")" | "]" if inside => sum.subtract(open.pop().unwrap_or_default()),
                "," | ";" => sum.subtract(std::mem::take(level)),
                _ => {}
            },
            TokenKind::Ident if is_one_of(spelled, BOUNDARIES) => {
                sum.operators -= level.operators;
                level.operators = 0;
            }
            TokenKind::DollarString | TokenKind::String if routine => {
                let body = string_value(text, token).unwrap_or_default();
                if bodies == 0 || !is_shallow_within(&body, bodies - 1) {
                    return false;
                }
            }
            _ => {}
        }
        if open.len() > MAX_NESTING || sum.operators + sum.words > MAX_CHAIN || sum.run > MAX_RUN {
            return false;
        }
    }
    true
}

/// What is open between two brackets or commas.
#[derive(Default, Clone, Copy)]
struct Level {
    /// Operators since the last word that binds less than any of them.
    operators: usize,
    words: usize,
    /// All tokens.
    run: usize,
}

impl Level {
    fn subtract(&mut self, closed: Level) {
        self.operators -= closed.operators;
        self.words -= closed.words;
        self.run -= closed.run;
    }
}

/// Words that open a construct which nests without a bracket.
const RECURSIVE: &[&str] = &[
    "not", "case", "between", "join", "explain", "prepare", "begin", "if", "like", "ilike", "similar",
    "collate", "array",
];

/// Words that end any chain of operators.
const BOUNDARIES: &[&str] = &[
    "and", "or", "when", "then", "else", "select", "from", "where", "on", "set", "union", "default",
];

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| word.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A text that nests `n` deep in one way.
    fn nested(before: &str, middle: &str, after: &str, n: usize) -> String {
        format!("select {}{middle}{}", before.repeat(n), after.repeat(n))
    }

    #[test]
    fn nothing_exhausts_the_stack() {
        for (before, middle, after) in [
            ("(", "1", ")"),
            ("array[", "1", "]"),
            ("(select ", "1", ")"),
            ("f(", "1", ")"),
            ("not ", "a", ""),
            ("- ", "a", ""),
            ("a = ", "a", ""),
            ("a || ", "a", ""),
            ("a between a and ", "a", ""),
            ("case when ", "a", " then 1 end"),
            ("", "a", " or a"),
            ("", "a", "::int"),
            ("", "a", ".b"),
            ("", "1 from a", " join a"),
            ("", "1", " union select 1"),
            ("a between (", "1", ") and 1"),
            ("(1, -", "1", ")"),
            ("", "a", "[1]"),
            ("", "a", " is null"),
            ("", "a", " at time zone b"),
            ("", "a", " operator(s.+) a"),
            ("", "a", " and a"),
        ] {
            for n in [40, MAX_NESTING - 2, MAX_CHAIN - 1, MAX_RUN / 2, 20_000] {
                let text = nested(before, middle, after, n);
                complaints(&text);
                complaints(&format!(
                    "create function f() returns int language sql as $$ {text} $$"
                ));
                let _ = expression(&text["select ".len()..]);
            }
        }
        let _ = complaints(&"prepare a as ".repeat(20_000));
        let _ = complaints(&"explain ".repeat(20_000));
    }

    #[test]
    fn what_people_write_is_not_deep() {
        let values = format!(
            "insert into t values {}",
            "(1, -2, 'x' || 'y', now()), ".repeat(300)
        );
        assert!(is_shallow(&values));
        assert!(is_shallow(&format!(
            "select 1 where {}",
            "a = -1 and b.c || 'x' > 0 or ".repeat(300)
        )));
        assert!(is_shallow(&"select a.b::int;".repeat(300)));
    }
}
