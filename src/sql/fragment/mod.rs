//! Fragments of SQL: the values of check files, and the definitions that the server prints.
//!
//! Each function takes one whole text and gives back a plain struct, or an error that says what was expected and
//! where in the text. What is put into SQL later has been shown to be exactly one thing of its kind: it cannot end
//! the statement around it, nor comment it out.

mod expression;
mod column;
mod index;
mod foreign_key;
mod trigger;
mod partition;
mod routine;
mod privilege;
mod rule;
mod exclusion;
mod publication;
mod event_trigger;
mod commented;
mod statistics;

pub use crate::sql::error::FragmentError;
pub use column::{Column, Generated, Identity, column, column_list as columns};
pub use commented::{COMMENTED, Commented, commented, commented_identity, lies_in_schema};
pub use event_trigger::{EventTrigger, event_trigger};
pub use exclusion::{Exclusion, exclusion};
pub use expression::{expression, query};
pub use foreign_key::{Deferral, ForeignKey, MatchType, ReferentialAction, foreign_key};
pub use index::{Index, IndexKey, Key, index, index_definition, keys, unnamed_index};
pub use partition::{
    BoundValue, PartitionBound, PartitionKey, PartitionStrategy, partition_bound, partition_key,
};
pub use privilege::{Privilege, PrivilegeKind, privilege, privileges, role_name};
pub use publication::{PublishedTable, published_table};
pub(in crate::sql) use routine::parameters;
pub use routine::{FunctionSignature, Parameter, ParameterMode, function_signature, returns};
pub use rule::rule;
pub use statistics::{Statistics, statistics};
pub use trigger::{Trigger, TriggerEvent, TriggerTiming, trigger, trigger_definition};

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::lex::{Token, TokenKind, lex};
use crate::sql::name::Name;
use crate::sql::types;

/// The canonical spelling of a type, as `format_type` prints it.
///
/// # Errors
/// Says what was expected where.
pub fn type_name(text: &str) -> Result<String, FragmentError> {
    let tokens = tokens(text, "a type")?;
    let mut cursor = Cursor::new(text, &tokens);
    let parsed = types::type_name(&mut cursor)?;
    cursor.finish()?;
    Ok(parsed.text)
}

/// The significant tokens of a fragment that is fit to be one: not empty, no semicolon, nothing of psql's, nothing
/// that never ends, brackets in pairs.
fn tokens(text: &str, what: &str) -> Result<Vec<Token>, FragmentError> {
    fit(text, what, lex(text))
}

/// The same for a rule, whose actions in parentheses end in semicolons. They are left out.
fn tokens_of_rule(text: &str) -> Result<Vec<Token>, FragmentError> {
    let mut depth = 0_usize;
    let mut tokens = lex(text);
    tokens.retain(|token| {
        match (token.kind, token.text(text)) {
            (TokenKind::Punct, "(") => depth += 1,
            (TokenKind::Punct, ")") => depth = depth.saturating_sub(1),
            (TokenKind::Punct, ";") => return depth == 0,
            _ => {}
        }
        true
    });
    fit(text, "a rule: `on insert do …`", tokens)
}

fn fit(text: &str, what: &str, mut tokens: Vec<Token>) -> Result<Vec<Token>, FragmentError> {
    if let Some(last) = tokens.last()
        && last.kind == TokenKind::LineComment
    {
        return Err(
            FragmentError::new("a comment at the end would swallow what follows it", last.span)
                .help("leave the comment out, or write it as /* … */"),
        );
    }
    for token in &tokens {
        check(token, token.text(text))?;
    }
    tokens.retain(|token| !token.kind.is_trivia());
    if tokens.is_empty() {
        return Err(FragmentError::new(
            format!("expected {what}, found nothing"),
            Span::new(0, text.len()),
        ));
    }
    let mut open = Vec::new();
    for token in tokens.iter().filter(|token| token.kind == TokenKind::Punct) {
        match token.text(text) {
            bracket @ ("(" | "[") => open.push((bracket, token.span)),
            bracket @ (")" | "]") => {
                let partner = if bracket == ")" { "(" } else { "[" };
                if open.pop().is_none_or(|(opened, _)| opened != partner) {
                    return Err(FragmentError::new(
                        format!("`{bracket}` without `{partner}` before it"),
                        token.span,
                    ));
                }
            }
            _ => {}
        }
    }
    match open.pop() {
        Some((bracket, span)) => Err(FragmentError::new(format!("`{bracket}` is never closed"), span)),
        None => Ok(tokens),
    }
}

fn check(token: &Token, spelled: &str) -> Result<(), FragmentError> {
    let error = |message: &str| Err(FragmentError::new(message, token.span));
    match token.kind {
        _ if !token.terminated => error(match token.kind {
            TokenKind::BlockComment => "a comment that never ends",
            TokenKind::QuotedIdent => "a quoted name that never ends",
            _ => "a string that never ends",
        }),
        TokenKind::Punct if spelled == ";" => {
            Err(FragmentError::new("a semicolon has no place here", token.span)
                .help("leave the semicolon out"))
        }
        TokenKind::MetaCommand => error("a psql meta-command has no place here"),
        TokenKind::PsqlVariable => error("a psql variable has no place here"),
        TokenKind::Param => error("a parameter has no place here"),
        TokenKind::Unknown => Err(FragmentError::new(
            format!("`{spelled}` has no place in SQL"),
            token.span,
        )),
        _ => Ok(()),
    }
}

// ── what several fragments have in common ──

fn identifier(cursor: &mut Cursor<'_>, what: &str) -> Result<String, FragmentError> {
    cursor.ident().ok_or_else(|| cursor.expected(what))
}

fn name(cursor: &mut Cursor<'_>, what: &str) -> Result<Name, FragmentError> {
    cursor.name().ok_or_else(|| cursor.expected(what))
}

fn word(cursor: &mut Cursor<'_>, words: &str) -> Result<(), FragmentError> {
    if cursor.word(words) {
        Ok(())
    } else {
        Err(cursor.expected(&format!("`{words}`")))
    }
}

/// `(a, "B c")`
fn parenthesized_columns(cursor: &mut Cursor<'_>) -> Result<Vec<String>, FragmentError> {
    let inner = cursor
        .group()
        .ok_or_else(|| cursor.expected("a column list in parentheses"))?;
    list_of_columns(inner)
}

fn list_of_columns(inner: Cursor<'_>) -> Result<Vec<String>, FragmentError> {
    let column = |mut part: Cursor<'_>| {
        let name = identifier(&mut part, "a column")?;
        match part.peek() {
            None => Ok(name),
            Some(_) => Err(part.expected("a comma between columns")),
        }
    };
    inner.split_commas().into_iter().map(column).collect()
}
