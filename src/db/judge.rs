//! The server as the judge of expressions: do two texts mean the same?
//!
//! [`judge_sql`] turns questions into one text for the simple query protocol. It makes a temporary object of each
//! text (a view over the real table, a table for a default, …), reads the server's own spelling of it, and feeds
//! that back until it does not change any more: a database restored from a dump holds `status in ('a', 'b')` in
//! another spelling than the one where it was written. Every object lives in a subtransaction that is rolled
//! back at once, so nothing remains and no lock is kept; an error in one disturbs no other. Where relations of the same
//! columns have the same question, it is answered once.
//!
//! Texts of check files are resolved in the suite's schema, then `public`; texts of the catalog are qualified and
//! are resolved in `pg_catalog` alone. Both are read under settings of our own, whatever the session's are. Nothing
//! but CREATE TEMPORARY … is run, which takes neither SELECT nor EXECUTE rights; a constant (a partition's bound) is evaluated.
//!
//! A predicate without a relation but with a type is the CHECK of a domain, over VALUE.
//!
//! The transaction must be READ WRITE, and may be that of a migration. An error that the message as a whole fails with
//! is one of the transaction (a lock timeout, a cancel); a server without PL/pgSQL fails with 42704.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;
use tokio_postgres::{SimpleQueryMessage, SimpleQueryRow};

use super::catalog::rule_definition;
use super::session::MEANING;
use crate::catalog::Context;
use crate::check::{Answer, Answers, Question};
use crate::sql::{TokenKind, lex, quote_ident, quote_literal};

/// In force while texts are read, for the length of the judging.
const SETTINGS: [(&str, &str); 7] = [
    ("search_path", CATALOG_PATH),
    ("escape_string_warning", "off"),
    ("check_function_bodies", "off"),
    ("client_min_messages", "error"),
    ("default_tablespace", ""),
    ("temp_tablespaces", ""),
    // thousands of objects, of which each is read once
    ("jit", "off"),
];

/// Where the catalog's own texts are resolved.
const CATALOG_PATH: &str = "pg_catalog, pg_temp";

/// SQLSTATEs that do not condemn an expected text although the catalog's own text passed.
const NOT_THE_TEXT: [&str; 5] = [
    "42501", // no right to a schema that it mentions
    "55P04", // a label that an enum got in this very transaction
    "53100", "53200", "53400", // out of disk, memory, a configured limit
];

/// Stands in a statement for the relation, where several have the same question.
const RELATION: char = '\u{1}';

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
    /// The questions of several relations that differ in nothing else; those of the same columns have one answer.
    kin: Option<Vec<Kin>>,
}

/// A relation, and the question about it.
#[derive(Serialize)]
struct Kin {
    question: usize,
    schema: String,
    name: String,
}

/// The text that asks the server; `None` when no question is one of sameness.
pub fn judge_sql(questions: &[Question]) -> Option<String> {
    let jobs: Vec<Job> = families(questions).iter().filter_map(family).collect();
    if jobs.is_empty() {
        return None;
    }
    let json = |value: serde_json::Result<String>| quote_literal(&value.unwrap_or_default());
    let settings: BTreeMap<_, _> = SETTINGS.into_iter().chain(MEANING).collect();
    Some(format!(
        "select pg_catalog.set_config('pgplumb.settings', {}, true) is null as judged,\n\
         pg_catalog.set_config('search_path', '{CATALOG_PATH}', true),\n\
         pg_catalog.set_config('pgplumb.jobs', {}, true) is null;\n{}",
        json(serde_json::to_string(&settings)),
        json(serde_json::to_string(&jobs)),
        include_str!("sql/judge.sql")
    ))
}

/// The questions in groups that differ in the relation alone, each in order.
fn families(questions: &[Question]) -> Vec<Vec<(usize, &Question)>> {
    let mut families: Vec<Vec<(usize, &Question)>> = Vec::new();
    let mut known = HashMap::new();
    for (index, question) in questions.iter().enumerate() {
        let place = match likeness(question) {
            None => families.len(),
            Some(likeness) => *known.entry(likeness).or_insert(families.len()),
        };
        match families.get_mut(place) {
            Some(family) => family.push((index, question)),
            None => families.push(vec![(index, question)]),
        }
    }
    families
}

/// What a question shares with those about other relations: all but the relation, where the texts do not name it. A
/// trigger's condition may pass on whole rows, whose type is the relation's own.
fn likeness(question: &Question) -> Option<(Context, &str, &str, &str)> {
    match question {
        Question::Same {
            context: context @ (Context::Predicate | Context::Scalar | Context::Generated),
            relation: Some((_, name)),
            column_type: None,
            schema,
            expected,
            actual,
        } => {
            let may_differ =
                |text: &str| text.contains(RELATION) || text.to_lowercase().contains(&name.to_lowercase());
            (!may_differ(expected) && !may_differ(actual)).then_some((*context, schema, expected, actual))
        }
        _ => None,
    }
}

/// The job of such a group.
fn family(family: &Vec<(usize, &Question)>) -> Option<Job> {
    let (index, question) = *family.first()?;
    if let [_] = family.as_slice() {
        let relation = relation_of(question)
            .map(|(schema, name)| format!("{}.{}", quote_ident(schema), quote_ident(name)));
        return job(index, question, &relation.unwrap_or_default());
    }
    let mut job = job(index, question, &RELATION.to_string())?;
    let kin = family.iter().filter_map(|&(question, of)| {
        let (schema, name) = relation_of(of)?.clone();
        Some(Kin {
            question,
            schema,
            name,
        })
    });
    job.kin = Some(kin.collect());
    Some(job)
}

fn relation_of(question: &Question) -> Option<&(String, String)> {
    match question {
        Question::Same { relation, .. } => relation.as_ref(),
        _ => None,
    }
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

/// The job of a question, about a relation of that name.
fn job(index: usize, question: &Question, relation_name: &str) -> Option<Job> {
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
    let (expected, actual) = (fragment(*context, expected), fragment(*context, actual));
    if !is_closed(*context, expected)
        || !is_closed(*context, actual)
        || !column_type
            .as_deref()
            .is_none_or(|name| is_closed(Context::Type, name))
    {
        return None;
    }
    // the text ends on a line of its own, for it may end in a comment
    let from = |alias: &str| match relation {
        Some(_) => format!(" from {relation_name}{alias}"),
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
        // under its own name, by which a body may speak of the arguments
        (Context::Body, head) => {
            let head = head.as_deref().unwrap_or("");
            let (word, rest) = head.split_once(' ').unwrap_or(("function", head));
            Frame::object(
                "body",
                format!("create {word} pg_temp.{rest} language sql "),
                "\n",
            )
        }
        // a view of the same columns stands for the relation: a rule on that would lock it
        (Context::Rule, _) => {
            let view = format!("create temporary view pgplumb_judged as select *{}; ", from(""));
            Frame {
                how: "rule",
                before: format!("{view}create rule pgplumb_judged as "),
                behind: String::new(),
                again: Some((view, String::new())),
            }
        }
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
        let text = match context {
            Context::Rule => on_judged(text),
            _ => text.to_string(),
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
        kin: None,
    })
}

/// The text that is put in parentheses: a query may end in a semicolon.
fn fragment(context: Context, text: &str) -> &str {
    match context {
        Context::Query | Context::Body => text.trim_end().trim_end_matches(';'),
        _ => text,
    }
}

/// `on insert do …` → `on insert to pg_temp.pgplumb_judged do …`
fn on_judged(rule: &str) -> String {
    let mut words = lex(rule).into_iter().filter(|token| !token.kind.is_trivia());
    match words.nth(1) {
        Some(event) => {
            let (head, rest) = rule.split_at(event.span.end);
            format!("{head} to pg_temp.pgplumb_judged{rest}")
        }
        None => rule.to_string(),
    }
}

/// Whether the text stays within the parentheses that are put around it. The actions of a rule, in parentheses, end
/// in semicolons; and so do the statements of a body, up to its END: one that comes right behind a semicolon, where no
/// CASE has one.
fn is_closed(context: Context, text: &str) -> bool {
    let mut depth = 0_usize;
    let mut words = 0;
    let (mut is_block, mut is_over) = (false, false);
    let mut before = "";
    for token in lex(text) {
        if !token.terminated {
            return false;
        }
        if token.kind.is_trivia() {
            continue;
        }
        let spelled = token.text(text);
        if context == Context::Body {
            let is = |word: &str| token.kind == TokenKind::Ident && spelled.eq_ignore_ascii_case(word);
            words += 1;
            match words {
                _ if is_over => return false,
                1 => is_block = is("begin"),
                2 if is_block && !is("atomic") => return false,
                3.. if is_block => is_over = is("end") && (words == 3 || before == ";"),
                _ => {}
            }
        }
        before = spelled;
        match (token.kind, spelled) {
            (TokenKind::Punct, "(") => depth += 1,
            (TokenKind::Punct, ")") => match depth.checked_sub(1) {
                Some(less) => depth = less,
                None => return false,
            },
            (TokenKind::Punct, ";") if context == Context::Rule && depth > 0 => {}
            (TokenKind::Punct, ";") if is_block && words > 2 && depth == 0 => {}
            (TokenKind::Punct, ";")
            | (TokenKind::MetaCommand | TokenKind::CopyData | TokenKind::PsqlVariable, _) => return false,
            (TokenKind::Unknown, _) => return false,
            _ => {}
        }
    }
    depth == 0 && is_block == is_over
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
                context,
                expected,
                actual,
                column_type,
                ..
            },
            Some(answer),
        ) = (question, answers.get_mut(question))
        {
            if !is_closed(*context, fragment(*context, expected)) {
                *answer = Answer::Refused {
                    sqlstate: "42601".to_string(),
                    message: "not one expression".to_string(),
                };
            } else if !is_closed(*context, fragment(*context, actual))
                || !column_type
                    .as_deref()
                    .is_none_or(|name| is_closed(Context::Type, name))
            {
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
        tokens.iter().position(|token| {
            token.kind == TokenKind::Ident && token.text(printed).eq_ignore_ascii_case(word)
        })
    };
    let name_before = |end: usize| {
        let name = tokens[..end].iter().rfind(|token| token.kind == TokenKind::Ident);
        name.map(|token| token.text(printed))
    };
    // the part, and what its relation is called there
    let (inner, relation_name) = match context {
        Context::Predicate | Context::TriggerWhen if relation.is_some() => match keyword("where") {
            Some(place) => (Some(&printed[tokens[place].span.end..]), name_before(place)),
            None => (None, None),
        },
        Context::Scalar | Context::Generated if relation.is_some() => {
            let end = tokens
                .iter()
                .rev()
                .find(|token| token.text(printed) == "pgplumb_judged");
            let inner = match (keyword("select"), end) {
                (Some(select), Some(end)) => {
                    let text = printed[tokens[select].span.end..end.span.start].trim_end();
                    text.strip_suffix("AS")
                }
                _ => None,
            };
            (inner, name_before(tokens.len()))
        }
        Context::Query => (Some(printed), None),
        Context::Rule => {
            let rule = rule_definition(printed);
            return rule.unwrap_or_else(|| printed.to_string());
        }
        _ => (None, None),
    };
    let text = inner.unwrap_or(printed).trim().trim_end_matches(';');
    match (context, relation_name) {
        (Context::TriggerWhen, _) => unnumbered(text),
        (_, Some(name)) => unqualified(text, name),
        _ => text.to_string(),
    }
}

/// Versions before 16 number OLD and NEW, for views have the two of their own.
fn unnumbered(text: &str) -> String {
    lex(text)
        .into_iter()
        .map(|token| match (token.kind, token.text(text)) {
            (TokenKind::Ident, "old_1") => "old",
            (TokenKind::Ident, "new_1") => "new",
            (_, text) => text,
        })
        .collect()
}

/// Without the relation in front of its columns, which versions before 16 print where nothing else is selected from, and
/// the catalog's own text does not have.
fn unqualified(text: &str, relation: &str) -> String {
    let tokens = lex(text);
    let word = |index: usize| tokens.get(index).map_or("", |token| token.text(text));
    if (0..tokens.len()).any(|index| word(index).eq_ignore_ascii_case("select")) {
        return text.to_string();
    }
    let is_qualifier = |index: usize| {
        word(index) == relation
            && word(index + 1) == "."
            && word(index + 2) != "*"
            && (index == 0 || word(index - 1) != ".")
    };
    (0..tokens.len())
        .filter(|&index| !(is_qualifier(index) || index > 0 && is_qualifier(index - 1)))
        .map(word)
        .collect()
}

/// A printed text without the nesting of ANDs in ANDs and of ORs in ORs, for comparison only. The server puts every
/// condition in parentheses, but keeps those of `a and (b and c)`. And without the cast that `in ('a', 'b')` puts
/// between a constant and text for a varchar, and `= any (array['a', 'b'])` does not.
fn flat(printed: &str) -> String {
    let tokens: Vec<(TokenKind, &str)> = lex(printed)
        .into_iter()
        .filter(|token| !token.kind.is_trivia())
        .map(|token| (token.kind, token.text(printed)))
        .collect();
    let mut groups: Vec<Vec<String>> = vec![Vec::new()];
    let mut at = 0;
    while let Some(&(kind, text)) = tokens.get(at) {
        let rest = &tokens[at..];
        let words = |from: usize, wanted: &[&str]| {
            let found = rest.iter().skip(from).map(|(_, text)| *text);
            found.take(wanted.len()).eq(wanted.iter().copied())
        };
        let constant = rest.get(1).is_some_and(|(kind, _)| *kind == TokenKind::String);
        at += 1;
        match (kind, text) {
            (TokenKind::Punct, "(")
                if constant
                    && words(2, &["::", "character", "varying", ")", "::", "text"])
                    && !words(8, &["["]) =>
            {
                if let Some(group) = groups.last_mut() {
                    group.extend([rest[1].1, "::", "text"].map(str::to_string));
                }
                at += 7;
            }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::scratch::{Options, Scratch};
    use crate::db::{Connection, catalog};
    use serde::Deserialize;

    #[derive(Deserialize)]
    struct Table {
        setup: String,
        same: Vec<Pair>,
        differs: Vec<Pair>,
    }

    #[derive(Deserialize, Clone)]
    #[serde(deny_unknown_fields)]
    struct Pair {
        expected: String,
        stored: String,
        #[serde(rename = "as", default)]
        context: Option<String>,
        #[serde(rename = "type", default)]
        column_type: Option<String>,
        #[serde(default)]
        on: Option<(String, String)>,
        #[serde(default)]
        schema: Option<String>,
        /// The first version that has it.
        #[serde(default)]
        since: u32,
    }

    impl Pair {
        fn on(&self) -> (String, String) {
            self.on.clone().unwrap_or(("public".into(), "item".into()))
        }

        /// The statements that make an object of the text, and the query that reads it back.
        fn store(&self, text: &str) -> (String, String) {
            let (schema, name) = self.on();
            let table = format!("{}.{}", quote_ident(&schema), quote_ident(&name));
            let oid = format!("{}::regclass", quote_literal(&table));
            let column_type = self.column_type.as_deref().unwrap_or("numeric");
            match self.context.as_deref() {
                None => (
                    format!("create policy stored on {table} using ({text})"),
                    format!("select pg_get_expr(polqual, polrelid) from pg_policy where polrelid = {oid}"),
                ),
                Some("scalar") => (
                    format!("create index stored on {table} (({text}))"),
                    "select pg_get_indexdef('public.stored'::regclass, 1, false)".to_string(),
                ),
                Some("default") => (
                    format!("create table public.stored (it {column_type} default {text})"),
                    "select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = 'public.stored'::regclass"
                        .to_string(),
                ),
                Some("generated") => (
                    format!("alter table {table} add stored {column_type} generated always as ({text}) stored"),
                    format!("select pg_get_expr(adbin, adrelid) from pg_attrdef where adrelid = {oid}"),
                ),
                Some("trigger") => (
                    format!(
                        "create trigger stored before update on {table} for each row when ({text}) \
                         execute function public.touch()"
                    ),
                    format!("select pg_get_triggerdef(oid) from pg_trigger where tgrelid = {oid}"),
                ),
                Some("domain") => (
                    format!("create domain public.stored as {column_type} check ({text})"),
                    "select pg_get_expr(conbin, 0) from pg_constraint where contypid = 'public.stored'::regtype"
                        .to_string(),
                ),
                Some("body") => {
                    let (word, head) = column_type.split_once(' ').expect("function or procedure");
                    let (name, _) = head.split_once('(').expect("arguments");
                    (
                        format!("create {word} public.{head} language sql {text}"),
                        format!("select pg_get_function_sqlbody('public.{name}'::regproc)"),
                    )
                }
                Some("query") => (
                    format!("create view public.stored as {text}"),
                    "select pg_get_viewdef('public.stored'::regclass)".to_string(),
                ),
                Some(_) => (String::new(), format!("select {}", quote_literal(text))),
            }
        }

        fn question(&self, actual: String) -> Question {
            let context = match self.context.as_deref() {
                None | Some("domain") => Context::Predicate,
                Some("scalar") => Context::Scalar,
                Some("default") => Context::Default,
                Some("generated") => Context::Generated,
                Some("trigger") => Context::TriggerWhen,
                Some("literal") => Context::Literal,
                Some("type") => Context::Type,
                Some("query") => Context::Query,
                Some("body") => Context::Body,
                Some(other) => panic!("what is {other}?"),
            };
            let no_relation = ["default", "literal", "type", "query", "domain", "body"];
            let relation = match self.context.as_deref() {
                Some(context) if no_relation.contains(&context) => None,
                _ => Some(self.on()),
            };
            Question::Same {
                context,
                relation,
                column_type: self.column_type.clone(),
                schema: self.schema.clone().unwrap_or("public".into()),
                expected: self.expected.clone(),
                actual,
            }
        }
    }

    /// What the catalog holds when the text is made into an object; of a text that the server printed, the same as
    /// on a database that was restored from a dump.
    async fn stored(connection: &Connection, pair: &Pair, text: &str, path: &str) -> String {
        let (create, read) = pair.store(text);
        let sql = format!(
            "begin; set local search_path to {path}; {create}; set local search_path to pg_catalog; {read}; rollback"
        );
        let rows = connection
            .client
            .simple_query(&sql)
            .await
            .unwrap_or_else(|error| panic!("{text}: {error:?}"));
        let text = rows.iter().find_map(|message| match message {
            SimpleQueryMessage::Row(row) => row.get(0).map(str::to_string),
            _ => None,
        });
        let text = text.unwrap_or_else(|| panic!("{sql} gives nothing"));
        match pair.context.as_deref() {
            Some("trigger") => catalog::when_condition(&text).unwrap().to_string(),
            _ => text,
        }
    }

    async fn ask(connection: &Connection, questions: &[Question]) -> Answers {
        let sql = judge_sql(questions).unwrap();
        let rows = connection.client.simple_query(&sql).await.unwrap();
        let ours = rows
            .iter()
            .filter(|message| matches!(message, SimpleQueryMessage::Row(_)));
        for message in ours {
            if let SimpleQueryMessage::Row(row) = message {
                assert!(is_answer_row(row));
            }
        }
        answers(questions, &rows)
    }

    /// Everything that could have been left behind.
    async fn remains(connection: &Connection) -> Vec<Option<String>> {
        let sql = "select count(*)::text from pg_class where relnamespace in \
                   (select oid from pg_namespace where nspname ~ '^pg_temp_') \
                   union all select count(*)::text from pg_locks where pid = pg_backend_pid() \
                   and relation is not null and relation::regclass::text !~ '^pg_' \
                   union all select nullif(current_setting('pgplumb.jobs', true), '') \
                   union all select current_setting('search_path') union all select current_setting('timezone')";
        let rows = connection.client.query(sql, &[]).await.unwrap();
        rows.iter().map(|row| row.get(0)).collect()
    }

    async fn prepared() -> (Scratch, Table) {
        let table: Table = toml::from_str(include_str!("judge_pairs.toml")).unwrap();
        let scratch = Scratch::start(Options::default()).await.unwrap();
        scratch.run("postgres", &table.setup).await.unwrap();
        (scratch, table)
    }

    #[tokio::test]
    async fn other_spellings_are_the_same_and_near_misses_are_not() {
        let (scratch, table) = prepared().await;
        let connection = scratch.connect("postgres").await.unwrap();
        assert!(table.same.len() >= 60 && table.differs.len() >= 60);
        let pairs: Vec<(&Pair, bool)> = table
            .same
            .iter()
            .map(|pair| (pair, true))
            .chain(table.differs.iter().map(|pair| (pair, false)))
            .filter(|(pair, _)| scratch.version_num() / 10_000 >= pair.since)
            .collect();
        let mut questions = Vec::new();
        let mut wanted = Vec::new();
        for (pair, same) in &pairs {
            let first = stored(&connection, pair, &pair.stored, "public, auth").await;
            let mut restored = first.clone();
            // a dump holds what the server printed
            for _ in 0..2 {
                restored = stored(&connection, pair, &restored, "pg_catalog").await;
            }
            for actual in [first, restored] {
                questions.push(pair.question(actual));
                wanted.push(*same);
            }
        }
        let mut wrong = Vec::new();
        for zone in ["UTC", "Asia/Kolkata"] {
            let hostile = format!(
                "set timezone to '{zone}'; set datestyle to 'SQL, DMY'; set intervalstyle to 'iso_8601'; \
                 set search_path to auth, public; set transform_null_equals to on; \
                 set quote_all_identifiers to on; set client_min_messages to debug1"
            );
            connection.client.batch_execute(&hostile).await.unwrap();
            let before = remains(&connection).await;
            let answers = ask(&connection, &questions).await;
            assert_eq!(remains(&connection).await, before);
            for (question, same) in questions.iter().zip(&wanted) {
                match (&answers[question], same) {
                    (Answer::Same, true) | (Answer::Differs { .. }, false) => {}
                    (answer, _) => wrong.push(format!("same {same}: {question:?}\n    {answer:?}")),
                }
            }
        }
        assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    }

    fn predicate(expected: &str, actual: &str) -> Question {
        Question::Same {
            context: Context::Predicate,
            relation: Some(("public".into(), "item".into())),
            column_type: None,
            schema: "public".into(),
            expected: expected.into(),
            actual: actual.into(),
        }
    }

    /// Where there is nothing to ask.
    fn answers_of_none(questions: &[Question]) -> Answer {
        super::answers(questions, [])[&questions[0]].clone()
    }

    fn reason(answer: &Answer) -> &str {
        match answer {
            Answer::CannotTell { reason } => reason,
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn an_error_in_one_disturbs_no_other() {
        let (scratch, _) = prepared().await;
        let connection = scratch.connect("postgres").await.unwrap();
        let questions = [
            predicate("amount > 0", "(amount > 0)"),
            predicate("amont > 0", "(amount > 0)"),
            predicate("amount > 0", "(gone > 0)"),
            predicate("amount > 'x'", "(amount > 0)"),
            predicate("amount", "(amount > 0)"),
            predicate("count(*) > 0", "(amount > 0)"),
            predicate("amount >= 0", "(amount > 0)"),
            Question::Rows {
                sql: "select 1".into(),
                schema: "public".into(),
            },
            predicate("amount>0", "(amount > 0)"),
        ];
        let answers = ask(&connection, &questions).await;
        assert_eq!(answers.len(), 8);
        assert_eq!(answers[&questions[0]], Answer::Same);
        assert_eq!(answers[&questions[8]], Answer::Same);
        assert_eq!(
            answers[&questions[1]],
            Answer::Refused {
                sqlstate: "42703".into(),
                message: "column \"amont\" does not exist".into()
            }
        );
        assert_eq!(reason(&answers[&questions[2]]), "column \"gone\" does not exist");
        for (index, code) in [(3, "22P02"), (4, "42804"), (5, "42803")] {
            let Answer::Refused { sqlstate, .. } = &answers[&questions[index]] else {
                panic!("{:?}", answers[&questions[index]]);
            };
            assert_eq!(sqlstate, code);
        }
        let Answer::Differs { expected, actual } = &answers[&questions[6]] else {
            panic!("{:?}", answers[&questions[6]]);
        };
        let (expected, actual) = (expected.replace("item.", ""), actual.replace("item.", ""));
        assert_eq!(
            (expected.as_str(), actual.as_str()),
            ("(amount >= 0)", "(amount > 0)")
        );
        assert_eq!(judge_sql(&questions[7..8]), None);
        // by itself, what is no one expression
        let alone = [predicate("true) or (true", "(amount > 0)")];
        assert_eq!(judge_sql(&alone), None);
        assert!(matches!(answers_of_none(&alone), Answer::Refused { .. }));
    }

    #[test]
    fn columns_are_named_without_their_relation_where_that_is_clear() {
        for (text, relation, bare) in [
            ("(item.amount > 0)", "item", "(amount > 0)"),
            (
                "((\"A b\".x)::text = 'item.x'::text)",
                "\"A b\"",
                "((x)::text = 'item.x'::text)",
            ),
            (
                "(check_row(item.*) AND item.ok)",
                "item",
                "(check_row(item.*) AND ok)",
            ),
            (
                "(item.f(item.item) = other.item.x)",
                "item",
                "(f(item) = other.item.x)",
            ),
            (
                "(EXISTS ( SELECT 1 FROM u WHERE (u.id = item.id)))",
                "item",
                "(EXISTS ( SELECT 1 FROM u WHERE (u.id = item.id)))",
            ),
        ] {
            assert_eq!(unqualified(text, relation), bare);
        }
    }

    #[tokio::test]
    async fn differences_are_shown_without_what_was_put_around_them() {
        let (scratch, _) = prepared().await;
        let connection = scratch.connect("postgres").await.unwrap();
        let with = |context, expected: &str, actual: &str, relation: bool, column_type: Option<&str>| {
            Question::Same {
                context,
                relation: relation.then(|| ("public".to_string(), "item".to_string())),
                column_type: column_type.map(str::to_string),
                schema: "public".into(),
                expected: expected.into(),
                actual: actual.into(),
            }
        };
        let cases = [
            (
                with(Context::Scalar, "lower(note)", "upper(note)", true, None),
                "lower(note)",
            ),
            (
                with(Context::Generated, "amount", "(amount + 1)", true, None),
                "amount",
            ),
            (
                with(
                    Context::TriggerWhen,
                    "new.amount > 0",
                    "(old.amount > 0)",
                    true,
                    None,
                ),
                "(new.amount > 0)",
            ),
            (with(Context::Default, "7", "8", false, Some("integer")), "7"),
            (with(Context::Type, "int", "text", false, None), "integer"),
            (with(Context::Literal, "'x'", "'y'", false, Some("text")), "x"),
            (
                with(
                    Context::Predicate,
                    "value > 1",
                    "(VALUE > 0)",
                    false,
                    Some("integer"),
                ),
                "(VALUE > 1)",
            ),
        ];
        let questions: Vec<Question> = cases.iter().map(|(question, _)| question.clone()).collect();
        let answers = ask(&connection, &questions).await;
        for (question, wanted) in &cases {
            let Answer::Differs { expected, .. } = &answers[question] else {
                panic!("{question:?}: {:?}", answers[question]);
            };
            assert_eq!(expected, wanted);
        }
    }

    #[tokio::test]
    async fn nothing_gets_out_of_the_parentheses() {
        let (scratch, _) = prepared().await;
        let connection = scratch.connect("postgres").await.unwrap();
        let texts = [
            "true); drop table public.item; select (1",
            "true) or (true",
            "true /* ",
            "true -- ) ; drop table public.item",
            "true; drop table public.item",
            "(true; drop table public.item)",
            "note = E'\\'); drop table public.item; --'",
            "note = '\\'); drop table public.item; --'",
            "note = $a$ $a$); drop table public.item; select ($a$ $a$",
            "note = U&'\\0027); drop table public.item; --' uescape '\\'",
            "\"note\" = '' and (true",
            "true)\n; commit; select (1",
            "true\\gexec",
            "note = 'x' :evil",
        ];
        let mut questions = Vec::new();
        for text in texts {
            for context in [
                Context::Predicate,
                Context::Scalar,
                Context::Default,
                Context::TriggerWhen,
                Context::Literal,
                Context::Type,
                Context::Query,
            ] {
                for column_type in [None, Some("text".to_string())] {
                    questions.push(Question::Same {
                        context,
                        relation: Some(("public".into(), "item".into())),
                        column_type,
                        schema: "public\"; drop table public.item; --".into(),
                        expected: text.into(),
                        actual: "true".into(),
                    });
                }
            }
        }
        connection
            .client
            .batch_execute("set standard_conforming_strings to off")
            .await
            .unwrap();
        ask(&connection, &questions).await;
        connection
            .client
            .batch_execute("select from public.item")
            .await
            .unwrap();
        for text in [
            "true);select(1",
            "true;",
            "'",
            "\"",
            "/*",
            "(",
            ")",
            ")(",
            "$a$",
            "(;)",
        ] {
            assert!(!is_closed(Context::Predicate, text), "{text}");
        }
        for text in [
            "true -- ;",
            "';'",
            "f(';)')",
            "/* ) */ 1",
            "$a$;)$a$",
            "\")\"",
            "a[1:2]",
        ] {
            assert!(is_closed(Context::Predicate, text), "{text}");
        }
        for text in [
            "return 1; drop table public.item",
            "return 1)",
            "begin; drop table public.item; end",
            "begin atomic end; drop table public.item; end",
            "begin atomic select 1; end; drop table public.item; end",
            "begin atomic select 1 as case; end; drop table public.item; end",
            "begin atomic select 1 case; /* end */ END drop table public.item",
            "begin atomic select (case 1 when 1 then 2 end; end",
            "begin atomic select 1; \"end\"",
            "begin atomic select 1",
        ] {
            assert!(!is_closed(Context::Body, text), "{text}");
        }
        for text in [
            "return case when true then 1 end",
            "begin atomic end",
            "begin atomic select case when true then 1 end; select 1 as end; select 1 \"case\"; end -- ;",
        ] {
            assert!(is_closed(Context::Body, text), "{text}");
        }
    }

    #[tokio::test]
    async fn a_server_that_cannot_be_asked_says_why() {
        let (scratch, _) = prepared().await;
        let question = predicate("amount > 0", "((amount > 0))");
        let with_auth = predicate("owner = auth.uid()", "(amount > 0)");
        let literal = Question::Same {
            context: Context::Literal,
            relation: None,
            column_type: Some("date".into()),
            schema: "public".into(),
            expected: "'2025-11-01'".into(),
            actual: "date '2025-11-01'".into(),
        };
        let questions = [question.clone(), with_auth.clone(), literal.clone()];
        let sql = judge_sql(&questions).unwrap();

        let connection = scratch.connect("postgres").await.unwrap();
        let read_only = format!("begin read only; {sql} rollback");
        let rows = connection.client.simple_query(&read_only).await.unwrap();
        let given = answers(&questions, &rows);
        assert_eq!(
            reason(&given[&question]),
            "cannot execute CREATE VIEW in a read-only transaction"
        );
        assert_eq!(given[&literal], Answer::Same);

        // a role without any right to the table
        let setup = "create role reader; revoke temporary on database postgres from public; \
                     create role maker; grant temporary on database postgres to maker";
        connection.client.batch_execute(setup).await.unwrap();
        let as_role = |role: &str| format!("begin; set local role {role}; {sql} rollback");
        let rows = connection.client.simple_query(&as_role("maker")).await.unwrap();
        let given = answers(&questions, &rows);
        assert_eq!(given[&question], Answer::Same);
        assert_eq!(reason(&given[&with_auth]), "permission denied for schema auth");
        let rows = connection.client.simple_query(&as_role("reader")).await.unwrap();
        let given = answers(&questions, &rows);
        assert_eq!(
            reason(&given[&question]),
            "permission denied to create temporary tables in database \"postgres\""
        );

        // a label of this very transaction
        let label = predicate("status = 'new'", "(amount > 0)");
        let sql = judge_sql(std::slice::from_ref(&label)).unwrap();
        let sql = format!("begin; alter type public.status add value 'new'; {sql} rollback");
        let rows = connection.client.simple_query(&sql).await.unwrap();
        let given = answers(std::slice::from_ref(&label), &rows);
        assert_eq!(
            reason(&given[&label]),
            "unsafe use of new value \"new\" of enum type status"
        );

        // an event trigger that forbids DDL
        let setup = "create function public.forbid() returns event_trigger language plpgsql as \
                     $$ begin raise 'no DDL today'; end $$; \
                     create event trigger forbid on ddl_command_start execute function public.forbid()";
        connection.client.batch_execute(setup).await.unwrap();
        let rows = connection
            .client
            .simple_query(&judge_sql(&questions).unwrap())
            .await
            .unwrap();
        let given = answers(&questions, &rows);
        assert_eq!(reason(&given[&question]), "no DDL today");
        assert_eq!(given[&literal], Answer::Same);

        // and the rows that never came
        assert_eq!(
            reason(&answers(&questions, [])[&question]),
            "the server gave no answer"
        );
    }

    #[tokio::test]
    async fn relations_of_the_same_columns_are_judged_once_and_others_by_themselves() {
        let scratch = Scratch::start(Options::default()).await.unwrap();
        let connection = scratch.connect("postgres").await.unwrap();
        connection
            .client
            .batch_execute(
                "create table a (n integer); create table b (n integer); create table \"Odd.c\" (n integer); \
                 create table d (n text); create table n (n integer)",
            )
            .await
            .unwrap();
        let of = |name: &str| Question::Same {
            context: Context::Predicate,
            relation: Some(("public".to_string(), name.to_string())),
            column_type: None,
            schema: "public".to_string(),
            expected: "n = '1'".to_string(),
            actual: "(n = 1)".to_string(),
        };
        let questions = ["a", "b", "Odd.c", "d", "gone", "n"].map(of);
        let sql = judge_sql(&questions).unwrap();
        assert_eq!(sql.matches("set local search_path to public").count(), 2);
        let answers = ask(&connection, &questions).await;
        for question in [0, 1, 2, 5] {
            assert_eq!(
                answers.get(&questions[question]),
                Some(&Answer::Same),
                "{question}"
            );
        }
        for question in [3, 4] {
            let answer = answers.get(&questions[question]);
            assert!(matches!(answer, Some(Answer::CannotTell { .. })), "{answer:?}");
        }
    }

    #[tokio::test]
    async fn a_lock_that_is_not_given_is_an_error_of_the_transaction() {
        let (scratch, _) = prepared().await;
        let other = scratch.connect("postgres").await.unwrap();
        let lock = "begin; lock table public.item in access exclusive mode";
        other.client.batch_execute(lock).await.unwrap();
        let connection = scratch.connect("postgres").await.unwrap();
        let sql = judge_sql(&[predicate("amount > 0", "((amount > 0))")]).unwrap();
        let sql = format!("begin; set local lock_timeout to '50ms'; {sql} rollback");
        let error = connection.client.simple_query(&sql).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "55P03");
    }
}
