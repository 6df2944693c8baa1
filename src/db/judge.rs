//! The server as the judge of expressions: do two texts mean the same?
//!
//! [`judge_sql`] turns questions into one text for the simple query protocol. It makes a temporary object of each
//! text (a view over the real table, a table for a default, …), reads the server's own spelling of it, and feeds
//! that back until it does not change any more: a database restored from a dump holds `status in ('a', 'b')` in
//! another spelling than the one where it was written. Every object lives in a subtransaction that is rolled
//! back at once, so nothing remains and no lock is kept; an error in one disturbs no other.
//!
//! Texts of check files are resolved in the suite's schema, then `public`; texts of the catalog are qualified and
//! are resolved in `pg_catalog` alone. Both are read under settings of our own, whatever the session's are. Nothing
//! but CREATE TEMPORARY … is run, which takes neither SELECT nor EXECUTE rights; a constant (a partition's bound) is evaluated.
//!
//! The transaction must be READ WRITE, and may be that of a migration. An error that the message as a whole fails with
//! is one of the transaction (a lock timeout, a cancel); a server without PL/pgSQL fails with 42704.

use std::collections::BTreeMap;

use serde::Serialize;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use crate::catalog::Context;
use crate::check::{Answer, Answers, Question};
use crate::sql::{TokenKind, lex, quote_ident, quote_literal};

/// In force while texts are read, for the length of the judging.
const SETTINGS: [(&str, &str); 14] = [
    ("search_path", "pg_catalog, pg_temp"),
    ("TimeZone", "UTC"),
    ("DateStyle", "ISO, MDY"),
    ("IntervalStyle", "postgres"),
    ("extra_float_digits", "1"),
    ("standard_conforming_strings", "on"),
    ("escape_string_warning", "off"),
    ("array_nulls", "on"),
    ("transform_null_equals", "off"),
    ("quote_all_identifiers", "off"),
    ("check_function_bodies", "off"),
    ("client_min_messages", "error"),
    ("default_tablespace", ""),
    ("temp_tablespaces", ""),
];

/// Where the catalog's own texts are resolved.
const CATALOG_PATH: &str = "pg_catalog, pg_temp";

/// SQLSTATEs that do not condemn an expected text although the catalog's own text passed.
const NOT_THE_TEXT: [&str; 5] = [
    "42501", // no right to a schema that it mentions
    "55P04", // a label that an enum got in this very transaction
    "53100", "53200", "53400", // out of disk, memory, a configured limit
];

/// One question, as the server gets it.
#[derive(Serialize)]
struct Job {
    /// Index of the question.
    question: usize,
    how: &'static str,
    actual: String,
    expected: String,
    /// What stands before and behind the server's spelling when it is fed back; `None`: it is not.
    again: Option<String>,
    behind: String,
}

/// The text that asks the server; `None` when no question is one of sameness.
pub fn judge_sql(questions: &[Question]) -> Option<String> {
    let jobs: Vec<Job> = questions
        .iter()
        .enumerate()
        .filter_map(|(index, question)| job(index, question))
        .collect();
    if jobs.is_empty() {
        return None;
    }
    let json = |value: serde_json::Result<String>| quote_literal(&value.unwrap_or_default());
    let settings: BTreeMap<_, _> = SETTINGS.into_iter().collect();
    Some(format!(
        "select pg_catalog.set_config('pgplumb.settings', {}, true) is null as judged,\n\
         pg_catalog.set_config('pgplumb.jobs', {}, true) is null;\n{}",
        json(serde_json::to_string(&settings)),
        json(serde_json::to_string(&jobs)),
        include_str!("sql/judge.sql")
    ))
}

/// How a text becomes a statement: what stands before and behind it.
struct Frame {
    how: &'static str,
    before: String,
    behind: String,
    again: Option<(String, String)>,
}

impl Frame {
    /// A view: the server's spelling is all of its query.
    fn view(before: impl Into<String>, behind: impl Into<String>) -> Frame {
        let create = "create temporary view pgplumb_judged as ";
        Frame {
            how: "view",
            before: format!("{create}{}", before.into()),
            behind: behind.into(),
            again: Some((create.to_string(), String::new())),
        }
    }

    /// Any other object: the server's spelling takes the place of the text.
    fn object(how: &'static str, before: String, behind: &str) -> Frame {
        Frame {
            how,
            again: Some((before.clone(), behind.to_string())),
            before,
            behind: behind.to_string(),
        }
    }
}

fn job(index: usize, question: &Question) -> Option<Job> {
    let Question::Same {
        context,
        relation,
        column_type,
        schema,
        expected,
        actual,
    } = question
    else {
        return None;
    };
    if !is_closed(expected) || !is_closed(actual) || !column_type.as_deref().is_none_or(is_closed) {
        return None;
    }
    // the text ends on a line of its own, for it may end in a comment
    let from = |alias: &str| match relation {
        Some((schema, name)) => format!(" from {}.{}{alias}", quote_ident(schema), quote_ident(name)),
        None => String::new(),
    };
    let frame = match (context, column_type) {
        (Context::Predicate, Some(base)) if relation.is_none() => Frame::object(
            "domain",
            format!("create domain pg_temp.pgplumb_judged as {base} check ("),
            "\n)",
        ),
        (Context::Predicate, _) => Frame::view(format!("select 1{} where (", from("")), "\n)"),
        (Context::TriggerWhen, _) => {
            let second = from(" as new").replacen(" from ", ", ", 1);
            Frame::view(format!("select 1{}{second} where (", from(" as old")), "\n)")
        }
        (Context::Default, Some(column_type)) => Frame::object(
            "default",
            format!("create temporary table pgplumb_judged (judged {column_type} default ("),
            "\n))",
        ),
        (Context::Scalar | Context::Generated | Context::Default, _) => {
            Frame::view("select (", format!("\n) as pgplumb_judged{}", from("")))
        }
        (Context::Query, _) => Frame::view("(", "\n)"),
        (Context::Type, _) if is_result(expected) || is_result(actual) => Frame::object(
            "returns",
            "create function pg_temp.pgplumb_judged() returns ".to_string(),
            "\nlanguage plpgsql as 'begin end'",
        ),
        (Context::Type, _) => Frame::object(
            "type",
            "create temporary view pgplumb_judged as select cast(null as ".to_string(),
            "\n)",
        ),
        (Context::Literal, column_type) => {
            let column_type = column_type.as_deref().unwrap_or("text");
            Frame {
                how: "literal",
                before: "select cast(cast((".to_string(),
                behind: format!("\n) as {column_type}) as text)"),
                again: None,
            }
        }
    };
    let statement = |path: &str, text: &str| {
        let Frame { before, behind, .. } = &frame;
        let reset = if frame.how == "literal" {
            String::new()
        } else {
            format!("; set local search_path to {CATALOG_PATH}")
        };
        format!("set local search_path to {path}; {before}{text}{behind}{reset}")
    };
    // pg_catalog comes first unless it is named; temporary objects shadow unless they are named
    let expected_path = format!("{}, public, pg_temp", quote_ident(schema));
    let (again, behind) = match (&frame.again, column_type) {
        (Some((again, behind)), _) => (Some(again.clone()), behind.clone()),
        (None, column_type) => (None, column_type.clone().unwrap_or_else(|| "text".to_string())),
    };
    Some(Job {
        question: index,
        how: frame.how,
        actual: statement(CATALOG_PATH, actual),
        expected: statement(&expected_path, expected),
        again,
        behind,
    })
}

/// Whether the text stays within the parentheses that are put around it.
fn is_closed(text: &str) -> bool {
    let mut depth = 0_usize;
    for token in lex(text) {
        if !token.terminated {
            return false;
        }
        match (token.kind, token.text(text)) {
            (TokenKind::Punct, "(") => depth += 1,
            (TokenKind::Punct, ")") => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            (TokenKind::Punct, ";")
            | (TokenKind::MetaCommand | TokenKind::CopyData | TokenKind::PsqlVariable, _) => return false,
            (TokenKind::Unknown, _) => return false,
            _ => {}
        }
    }
    depth == 0
}

/// What a function may return and a column may not be of.
fn is_result(text: &str) -> bool {
    let words: Vec<String> = lex(text)
        .into_iter()
        .filter(|token| !token.kind.is_trivia())
        .take(2)
        .map(|token| token.text(text).to_ascii_lowercase())
        .collect();
    match words.first().map(String::as_str) {
        Some("table") => words.get(1).is_some_and(|word| word == "("),
        Some("setof") => true,
        Some("trigger" | "event_trigger" | "void" | "record" | "internal" | "language_handler") => {
            words.len() == 1
        }
        _ => false,
    }
}

/// Whether the row came from the text of [`judge_sql`].
pub fn is_answer_row(row: &SimpleQueryRow) -> bool {
    row.columns()
        .first()
        .is_some_and(|column| ["judged", "question"].contains(&column.name()))
}

/// The answers to all questions of sameness among `questions`, which must be those that [`judge_sql`] was given.
/// What others asked in the same message is passed over.
pub fn answers<'a>(
    questions: &[Question],
    messages: impl IntoIterator<Item = &'a SimpleQueryMessage>,
) -> Answers {
    let mut answers = cannot_tell(questions, "the server gave no answer");
    for question in questions {
        if let (
            Question::Same {
                expected,
                actual,
                column_type,
                ..
            },
            Some(answer),
        ) = (question, answers.get_mut(question))
        {
            if !is_closed(expected) {
                *answer = Answer::Refused {
                    sqlstate: "42601".to_string(),
                    message: "not one expression".to_string(),
                };
            } else if !is_closed(actual) || !column_type.as_deref().is_none_or(is_closed) {
                *answer = Answer::CannotTell {
                    reason: "the catalog's text could not be read".to_string(),
                };
            }
        }
    }
    for message in messages {
        let SimpleQueryMessage::Row(row) = message else {
            continue;
        };
        let index = row
            .try_get("question")
            .ok()
            .flatten()
            .and_then(|text| text.parse::<usize>().ok());
        if let Some(question) = index.and_then(|index| questions.get(index)) {
            answers.insert(question.clone(), answer(question, row));
        }
    }
    answers
}

/// The answers when the server could not be asked at all.
pub fn cannot_tell(questions: &[Question], reason: &str) -> Answers {
    questions
        .iter()
        .filter(|question| matches!(question, Question::Same { .. }))
        .map(|question| {
            let answer = Answer::CannotTell {
                reason: reason.to_string(),
            };
            (question.clone(), answer)
        })
        .collect()
}

fn answer(question: &Question, row: &SimpleQueryRow) -> Answer {
    if let (Some(code), Some(message)) = (row.get("code"), row.get("complaint")) {
        // the catalog's own text comes first: when that does not pass, it is not for the expected one
        return if row.get("refused") == Some("1") || NOT_THE_TEXT.contains(&code) {
            Answer::CannotTell {
                reason: message.to_string(),
            }
        } else {
            Answer::Refused {
                sqlstate: code.to_string(),
                message: message.to_string(),
            }
        };
    }
    let (Some(expected), Some(actual)) = (row.get("expected"), row.get("actual")) else {
        return Answer::CannotTell {
            reason: "another session was changing what the text mentions".to_string(),
        };
    };
    if expected == actual || flat(expected) == flat(actual) {
        return Answer::Same;
    }
    Answer::Differs {
        expected: spelling(question, expected),
        actual: spelling(question, actual),
    }
}

/// The judged part of what the server printed.
fn spelling(question: &Question, printed: &str) -> String {
    let Question::Same {
        context, relation, ..
    } = question
    else {
        return printed.to_string();
    };
    let tokens = lex(printed);
    let keyword = |word: &str| {
        tokens
            .iter()
            .find(|token| token.kind == TokenKind::Ident && token.text(printed).eq_ignore_ascii_case(word))
    };
    let inner = match context {
        Context::Predicate | Context::TriggerWhen if relation.is_some() => {
            keyword("where").map(|word| &printed[word.span.end..])
        }
        Context::Scalar | Context::Generated if relation.is_some() => {
            let end = tokens
                .iter()
                .rev()
                .find(|token| token.text(printed) == "pgplumb_judged");
            match (keyword("select"), end) {
                (Some(select), Some(end)) => {
                    let text = printed[select.span.end..end.span.start].trim_end();
                    text.strip_suffix("AS")
                }
                _ => None,
            }
        }
        Context::Query => Some(printed),
        _ => None,
    };
    let text = inner.unwrap_or(printed).trim().trim_end_matches(';');
    if *context != Context::TriggerWhen {
        return text.to_string();
    }
    // versions before 16 number the two, for views have an OLD and a NEW of their own
    lex(text)
        .into_iter()
        .map(|token| match (token.kind, token.text(text)) {
            (TokenKind::Ident, "old_1") => "old",
            (TokenKind::Ident, "new_1") => "new",
            (_, text) => text,
        })
        .collect()
}

/// A printed text without the nesting of ANDs in ANDs and of ORs in ORs, for comparison only. The server puts every
/// condition in parentheses, but keeps those of `a and (b and c)`.
fn flat(printed: &str) -> String {
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    for token in lex(printed) {
        if token.kind.is_trivia() {
            continue;
        }
        let text = token.text(printed);
        match (token.kind, text) {
            (TokenKind::Punct, "(") => groups.push(Vec::new()),
            (TokenKind::Punct, ")") if groups.len() > 1 => {
                let group = flat_group(groups.pop().unwrap_or_default());
                if let Some(outer) = groups.last_mut() {
                    outer.push(format!("({})", group.join(" ")));
                }
            }
            _ => {
                if let Some(group) = groups.last_mut() {
                    group.push(text.to_string());
                }
            }
        }
    }
    groups.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// Takes the parentheses off those members of a chain of ANDs (or ORs) that are such chains themselves.
fn flat_group(group: Vec<String>) -> Vec<String> {
    let Some(link) = chain(&group) else { return group };
    let parts: Vec<&[String]> = group.split(|item| item == link).collect();
    let mut flat = Vec::new();
    for part in parts {
        if !flat.is_empty() {
            flat.push(link.to_string());
        }
        match part {
            [nested] if nested_chain(nested) == Some(link) => {
                flat.push(nested[1..nested.len() - 1].to_string());
            }
            _ => flat.extend_from_slice(part),
        }
    }
    flat
}

/// `AND` or `OR`, when that and nothing else links the members of the group.
fn chain(group: &[String]) -> Option<&'static str> {
    if group
        .iter()
        .any(|item| ["BETWEEN", ",", "WHEN"].contains(&item.as_str()))
    {
        return None;
    }
    let has = |link: &str| group.iter().any(|item| item == link);
    match (has("AND"), has("OR")) {
        (true, false) => Some("AND"),
        (false, true) => Some("OR"),
        _ => None,
    }
}

/// The same for a group that was flattened before.
fn nested_chain(text: &str) -> Option<&'static str> {
    let inner = text.strip_prefix('(')?.strip_suffix(')')?;
    let mut depth = 0;
    let mut items = Vec::new();
    for token in lex(inner) {
        let word = token.text(inner);
        match (token.kind, word) {
            (TokenKind::Punct, "(") => depth += 1,
            (TokenKind::Punct, ")") => depth -= 1,
            _ if depth == 0 && !token.kind.is_trivia() => items.push(word.to_string()),
            _ => {}
        }
    }
    chain(&items)
}
