//! The parser crate's opinion on a text. Nothing outside this file names it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use squawk_syntax::SourceFile;
use squawk_syntax::ast::{AstNode, Expr, Stmt};

use crate::source::Span;

use super::lex::{TokenKind, significant};

/// How deep brackets may nest. The parser recurses, and so does the server's; no script that people write comes near.
const MAX_NESTING: usize = 100;

/// How many operators in a row without an operand between them, and how many of the words that recurse, it may see.
const MAX_CHAIN: usize = 400;

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

/// Whether the text, put in parentheses, is one expression. Spans of complaints are those of the text.
pub(super) fn expression(text: &str) -> Result<(), Complaint> {
    // the line ends keep comments of the text out of the wrapping
    const BEFORE: &str = "select (\n";
    let wrapped = format!("{BEFORE}{text}\n)");
    let parse = parse(&wrapped).map_err(|complaint| shifted_back(complaint, BEFORE.len(), text.len()))?;
    if let Some(complaint) = complaints_of(&parse).into_iter().next() {
        return Err(shifted_back(complaint, BEFORE.len(), text.len()));
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
                message: error.message().to_owned(),
                span: Span::new(usize::from(range.start()), usize::from(range.end())),
            }
        })
        .collect()
}

fn shifted_back(mut complaint: Complaint, by: usize, len: usize) -> Complaint {
    let back = |offset: usize| offset.saturating_sub(by).min(len);
    complaint.span = Span::new(back(complaint.span.start), back(complaint.span.end));
    complaint
}

/// Whether a recursive parser gets through without exhausting the stack.
fn is_shallow(text: &str) -> bool {
    let mut depth = 0usize;
    let mut chain = 0usize;
    for token in significant(text) {
        let spelled = token.text(text);
        match token.kind {
            TokenKind::Punct if matches!(spelled, "(" | "[") => depth += 1,
            TokenKind::Punct if matches!(spelled, ")" | "]") => depth = depth.saturating_sub(1),
            TokenKind::Ident if is_recursive(spelled) => chain += 1,
            TokenKind::Operator | TokenKind::Ident | TokenKind::Unknown => {}
            TokenKind::Punct if spelled == ";" => chain = 0,
            _ => {}
        }
        if depth > MAX_NESTING || chain > MAX_CHAIN {
            return false;
        }
    }
    true
}

/// Words that open a construct within an expression or query without a bracket.
fn is_recursive(word: &str) -> bool {
    ["not", "case", "explain", "begin", "if", "loop"]
        .iter()
        .any(|known| word.eq_ignore_ascii_case(known))
}
