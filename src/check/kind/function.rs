//! `[function."name(type, …)"]`: what is named of it is compared.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use crate::catalog::{Context, Kind, Object, ObjectId, Stated};
use crate::check::compare::{Compare, Comparison, Want, ask, same_type, types, worse};
use crate::check::document::{Item, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::question::Question;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{self, function_signature};
use crate::sql::types::parse_type;
use crate::sql::{fold_ident, lex, normalize, parse_name, quote_ident};

use super::column::is_null;
use super::fields::{common, grants, usual_remedy};
use super::reference::{FUNCTION, is_meant, named, with_parameters};

const KIND: ObjectKind = ObjectKind { render, alter };

const KEYS: &[&str] = &[
    "kind",
    "returns",
    "arguments",
    "language",
    "security",
    "volatility",
    "strict",
    "leakproof",
    "parallel",
    "cost",
    "rows",
    "support",
    "settings",
    "body",
    "body_sha256",
    "grant",
    "owner",
    "comment",
];

/// Properties that are one of some words.
const WORDS: &[(&str, &str, &[&str])] = &[
    ("kind", "type", &["function", "procedure", "aggregate", "window"]),
    ("security", "security", &["invoker", "definer"]),
    ("volatility", "volatility", &["immutable", "stable", "volatile"]),
    ("parallel", "parallel", &["safe", "restricted", "unsafe"]),
];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    routines(p, item, "function");
}

/// `[procedure]` and `[aggregate]` are functions of that kind.
pub(crate) fn parse_procedure(p: &mut Parser, item: &Item<'_>) {
    routines(p, item, "procedure");
}

pub(crate) fn parse_aggregate(p: &mut Parser, item: &Item<'_>) {
    routines(p, item, "aggregate");
}

fn compare_support(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    named("support", FUNCTION, wanted, object, judge)
}

/// How the planner's figure of that key is compared.
fn estimate(key: &str) -> Compare {
    match key {
        "cost" => |wanted, object, _| {
            let is_own = matches!(object.text("language"), Some("c" | "internal"))
                || object.text("type") == Some("aggregate");
            compare_estimate("cost", wanted, object, if is_own { "1" } else { "100" })
        },
        _ => |wanted, object, _| {
            let returns = object.text("returns").unwrap_or("");
            let is_set = returns.starts_with("SETOF ") || returns.starts_with("TABLE(");
            compare_estimate("rows", wanted, object, if is_set { "1000" } else { "0" })
        },
    }
}

/// The catalog has it in single precision, and not where it is the usual one.
fn compare_estimate(key: &'static str, wanted: &str, object: &Object, usual: &str) -> Comparison {
    let have = object.text(key).unwrap_or(usual);
    let figure = |text: &str| text.replace('_', "").parse::<f32>().ok();
    if figure(wanted) == figure(have) {
        Comparison::Same
    } else {
        Comparison::differs(key, Some(have), Some(wanted))
    }
}

fn routines(p: &mut Parser, item: &Item<'_>, word: &'static str) {
    let Some(entries) = p.reader.items(item, "a table of functions") else {
        return;
    };
    for entry in &entries {
        let Some(signature) = p.fragment(word, &entry.key, function_signature) else {
            continue;
        };
        let (schema, name) = p.resolve(&signature.name);
        let within = format!("{word} {}", entry.key.value);
        let Some(fields) = p.reader.fields(entry, &within, "a table of properties", KEYS) else {
            continue;
        };
        let arguments: Vec<String> = signature
            .arguments
            .iter()
            .map(|argument| qualified(&p.schema, argument))
            .collect();
        let full = format!("{}({})", quote_ident(&name), arguments.join(", "));
        let id = ObjectId::new(Kind::Function, schema.clone(), full.clone());
        let mut wants = Vec::new();
        let mut shown = Vec::new();
        if word != "function" && fields.get("kind").is_none() {
            wants.push(Want::text("type", word));
        }
        for (key, property, words) in WORDS {
            if let Some(item) = fields.get(key)
                && let Some(word) = p.reader.word(item, words)
            {
                wants.push(Want::text(property, word));
                shown.push(format!("{key} {word}"));
            }
        }
        if let Some(item) = fields.get("returns")
            && let Some(text) = p.reader.string(item)
            && let Some(returns) = p.fragment("returns", &text, fragment::returns)
        {
            wants.push(Want::by("returns", returns, compare_returns));
            shown.insert(0, format!("returns {}", text.value));
        }
        if let Some(item) = fields.get("arguments")
            && let Some(text) = p.reader.string(item)
        {
            wants.push(Want::by("arguments", text.value, compare_arguments));
        }
        if let Some(item) = fields.get("language")
            && let Some(text) = p.reader.string(item)
            && let Some(language) = p.reader.ident("language", &text)
        {
            shown.push(format!("language {language}"));
            wants.push(Want::text("language", language));
        }
        for (key, property) in [("strict", "strict"), ("leakproof", "leakproof")] {
            if let Some(item) = fields.get(key)
                && let Some(value) = p.reader.boolean(item)
            {
                wants.push(Want::flag(property, value));
                shown.push(format!("{key} {value}"));
            }
        }
        if let Some(item) = fields.get("settings")
            && let Some(settings) = settings(p, item)
        {
            for setting in settings.lines() {
                shown.push(format!("set {setting}"));
            }
            wants.push(Want::by("settings", settings, compare_settings));
        }
        if let Some(item) = fields.get("body")
            && let Some(text) = p.reader.string(item)
        {
            let names = Stated::FUNCTION.when(word == "aggregate");
            wants.push(Want::by("body", text.value, compare_body).stating(names));
        }
        if let Some(item) = fields.get("body_sha256")
            && let Some(text) = p.reader.string(item)
        {
            if fields.get("body").is_some() {
                p.reader.error(
                    item.key.span,
                    "`body_sha256` beside `body`: one of them is enough",
                );
            }
            wants.push(Want::by("body", text.value.trim().to_lowercase(), compare_hash));
        }
        for key in ["cost", "rows"] {
            if let Some(item) = fields.get(key) {
                match item.value.get_ref() {
                    toml::de::DeValue::Integer(value) => {
                        wants.push(Want::by(key, value.to_string(), estimate(key)));
                    }
                    toml::de::DeValue::Float(value) => {
                        wants.push(Want::by(key, value.to_string(), estimate(key)));
                    }
                    _ => p.reader.mismatch(item, "a number"),
                }
            }
        }
        if let Some(item) = fields.get("support")
            && let Some(text) = p.reader.string(item)
        {
            wants.push(Want::by("support", text.value, compare_support).stating(Stated::FUNCTION));
        }
        wants.extend(common(p, &fields));
        wants.extend(grants(p, &fields, Kind::Function));
        let path_name = signature_as_written(p, &schema, &full);
        let mut rule = ObjectRule::new(&KIND, Target::Signature(id, signature, p.schema.clone()));
        rule.wants = wants;
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema)];
        let expected = if shown.is_empty() {
            word.to_string()
        } else {
            shown.join(", ")
        };
        p.add(format!("{word}.{path_name}"), word, &entry.key, expected, rule);
    }
}

/// The signature as ids spell it: without the suite's own schema.
fn signature_as_written(p: &Parser, schema: &str, full: &str) -> String {
    if schema == p.schema {
        full.to_string()
    } else {
        format!("{}.{full}", quote_ident(schema))
    }
}

/// A type as the catalog prints it in a signature: without a length, and a bare user's type is the suite
/// schema's.
pub(crate) fn qualified(schema: &str, argument: &str) -> String {
    let text = match (argument.find('('), argument.find(')')) {
        (Some(open), Some(close)) if open < close && !argument.contains('"') => {
            format!("{}{}", &argument[..open], &argument[close + 1..])
        }
        _ => argument.to_string(),
    };
    match parse_type(&text) {
        Ok(parsed) if !parsed.builtin && !has_schema(&parsed.text) => {
            format!("{}.{}", quote_ident(schema), parsed.text)
        }
        _ => text,
    }
}

fn has_schema(type_name: &str) -> bool {
    let bare = type_name.trim_end_matches("[]");
    let bare = bare.split_once('(').map_or(bare, |(name, _)| name);
    crate::sql::parse_name(bare).is_ok_and(|name| name.schema.is_some())
}

/// `name=value` a line, sorted.
pub(crate) fn settings(p: &mut Parser, item: &Item<'_>) -> Option<String> {
    let mut lines = Vec::new();
    match items_of(item.value) {
        Some(items) => {
            for setting in &items {
                let value = match setting.value.get_ref() {
                    toml::de::DeValue::Boolean(value) => (if *value { "on" } else { "off" }).to_string(),
                    toml::de::DeValue::Integer(value) => value.to_string(),
                    toml::de::DeValue::Float(value) => value.to_string(),
                    _ => p.reader.string(setting)?.value,
                };
                lines.push(setting_line(&setting.key.value, &value));
            }
        }
        None => {
            // also as the catalog has them: ["search_path=public"]
            for text in p.reader.strings(item)? {
                let Some((name, value)) = text.value.split_once('=') else {
                    p.reader.error(
                        text.span,
                        format!("`settings`: want name=value, have \"{}\"", text.value),
                    );
                    return None;
                };
                lines.push(setting_line(name, value));
            }
        }
    }
    lines.sort();
    Some(lines.join("\n"))
}

/// Settings that are lists of names.
const NAME_LISTS: &[&str] = &[
    "search_path",
    "temp_tablespaces",
    "session_preload_libraries",
    "local_preload_libraries",
];

/// One spelling of a setting: lists without the blanks and quotes that mean nothing.
fn setting_line(name: &str, value: &str) -> String {
    let name = name.trim().to_lowercase();
    if !NAME_LISTS.contains(&name.as_str()) {
        // a line of its own
        return format!("{name}={}", value.replace('\n', "\u{1f}"));
    }
    let parts: Vec<String> = list_items(value)
        .into_iter()
        .map(|part| {
            let inside = |quote: char| {
                let inside = part.strip_prefix(quote)?.strip_suffix(quote)?;
                Some(inside.replace(&format!("{quote}{quote}"), &quote.to_string()))
            };
            // quotes keep what is between them as it is
            let name = inside('\'')
                .or_else(|| inside('"'))
                .unwrap_or_else(|| fold_ident(part));
            quote_ident(&name)
        })
        .collect();
    format!("{name}={}", parts.join(", "))
}

/// The items of a list, without the blanks around them; what is between quotes is no end of one.
fn list_items(text: &str) -> Vec<&str> {
    let (mut quote, mut start) = (None, 0);
    let mut items = Vec::new();
    for (at, char) in text.char_indices() {
        match (char, quote) {
            ('"' | '\'', None) => quote = Some(char),
            (_, Some(open)) if open == char => quote = None,
            (',', None) => {
                items.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    items.push(text[start..].trim());
    items
}

pub(crate) fn compare_settings(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let mut have: Vec<String> = object
        .list("settings")
        .iter()
        .map(|line| {
            line.split_once('=')
                .map_or_else(|| line.clone(), |(name, value)| setting_line(name, value))
        })
        .collect();
    have.sort();
    let wanted: Vec<&str> = wanted.lines().collect();
    let mut differences = Vec::new();
    let parts = |line: &str| {
        let (name, value) = line.split_once('=').unwrap_or((line, ""));
        (name.to_string(), value.to_string())
    };
    let value = |lines: &[&str], name: &str| {
        lines
            .iter()
            .map(|line| parts(line))
            .find(|(other, _)| other == name)
            .map(|(_, value)| value)
    };
    let have: Vec<&str> = have.iter().map(String::as_str).collect();
    let mut names: Vec<&str> = wanted
        .iter()
        .chain(&have)
        .map(|line| line.split_once('=').map_or(*line, |(name, _)| name))
        .collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (want, have) = (value(&wanted, name), value(&have, name));
        if want != have {
            differences.push(Difference {
                part: format!("setting {name}"),
                have,
                want,
                refusal: None,
            });
        }
    }
    if differences.is_empty() {
        Comparison::Same
    } else {
        Comparison::Differs(differences)
    }
}

/// `sfunc = step, stype = integer`: part by part, in any order.
fn compare_aggregate(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.text("body").unwrap_or("");
    let is_plain = !split_top(have)
        .iter()
        .any(|part| matches!(part.trim(), "hypothetical" | "ordered-set"));
    let usual = |name: &str, value: &str| {
        let value = value.to_ascii_lowercase();
        match name {
            "finalfunc_modify" | "mfinalfunc_modify" => {
                value == if is_plain { "read_only" } else { "read_write" }
            }
            "sspace" | "msspace" => value == "0",
            "initcond" | "minitcond" => value == "null",
            _ => false,
        }
    };
    let parts = |text: &str| -> BTreeMap<String, String> {
        split_top(text)
            .into_iter()
            .map(|part| match part.split_once('=') {
                Some((name, value)) => (name.trim().to_lowercase(), value.trim().to_string()),
                None => (part.trim().to_lowercase(), String::new()),
            })
            .filter(|(name, value)| !usual(name, value))
            .collect()
    };
    let (wanted, mut have) = (parts(wanted), parts(have));
    // of those that the catalog has for every routine
    have.extend(wanted.contains_key("parallel").then(|| {
        (
            "parallel".to_string(),
            object.text("parallel").unwrap_or("unsafe").to_string(),
        )
    }));
    let schema = judge.suite.schema.clone();
    let names: BTreeSet<&String> = wanted.keys().chain(have.keys()).collect();
    let mut result = Comparison::Same;
    for name in names {
        let (want, found) = (wanted.get(name), have.get(name));
        let compared = match (want, found) {
            (Some(want), Some(found)) if want == found => Comparison::Same,
            (Some(want), Some(found)) if name.ends_with("type") => types(name, &schema, want, found, judge),
            (Some(want), Some(found))
                if name.ends_with("func") && is_meant(FUNCTION, want, found, object, judge) =>
            {
                Comparison::Same
            }
            (Some(want), Some(found)) if name == "sortop" && is_operator(want, found, &schema) => {
                Comparison::Same
            }
            (Some(want), Some(found)) if name.ends_with("initcond") && constant(want) == constant(found) => {
                Comparison::Same
            }
            (Some(want), Some(found))
                if (name.ends_with("_modify") || name == "parallel") && want.eq_ignore_ascii_case(found) =>
            {
                Comparison::Same
            }
            _ => Comparison::differs(name.clone(), found.map(String::as_str), want.map(String::as_str)),
        };
        result = worse(result, compared);
    }
    result
}

/// Whether a sort operator is the one that is wanted: `>`, `operator(app.>)` or `>(integer, integer)`. Both of its
/// arguments are of the aggregate's own type, so that its name is enough; and for a type of the server, a bare one is
/// the server's.
fn is_operator(wanted: &str, have: &str, schema: &str) -> bool {
    let (have, its_types) = with_parameters(have);
    let (mut wanted, mut types) = with_parameters(wanted);
    if let ("operator", [inner]) = (wanted.to_ascii_lowercase().as_str(), types.as_slice()) {
        (wanted, types) = (inner, Vec::new());
    }
    let same_types = types.is_empty()
        || types.len() == its_types.len()
            && types
                .iter()
                .zip(&its_types)
                .all(|(want, have)| same_type(schema, want, have) == Some(true));
    let schema_of = |text: &str| parse_name(text.trim()).map_or_else(|_| text.to_string(), |name| name.name);
    let (home, symbol) = have.rsplit_once('.').unwrap_or(("pg_catalog", have));
    let home = schema_of(home);
    let is_home = match wanted.rsplit_once('.') {
        Some((wanted, _)) => schema_of(wanted) == home,
        None if home == "pg_catalog" => true,
        None => {
            let of_user = its_types
                .iter()
                .all(|its| !parse_type(its).is_ok_and(|its| its.builtin));
            of_user && [schema, "public"].contains(&home.as_str())
        }
    };
    let wanted = wanted.rsplit_once('.').map_or(wanted, |(_, symbol)| symbol);
    same_types && is_home && wanted.trim() == symbol
}

/// The text that a literal, or a number without quotes, stands for.
fn constant(text: &str) -> String {
    let (inside, escapes) = match text.strip_prefix(['e', 'E']) {
        Some(rest) if rest.starts_with('\'') => (rest, true),
        _ => (text, false),
    };
    let Some(inside) = inside.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) else {
        return text.to_string();
    };
    let inside = inside.replace("''", "'");
    match escapes {
        true => inside.replace("\\\\", "\\"),
        false => inside,
    }
}

/// The text between the quotes, apart from the line ends around it.
fn compare_body(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    if object.text("type") == Some("aggregate") {
        return compare_aggregate(wanted, object, judge);
    }
    let have = object.text("body").unwrap_or("");
    if have.trim() == wanted.trim() {
        return Comparison::Same;
    }
    if object.text("language") == Some("sql") && is_standard(have) && is_standard(wanted) {
        return compare_standard(wanted, have, object, judge);
    }
    // the first line that differs says more than two whole bodies
    let (mut wanted_lines, mut have_lines) = (wanted.trim().lines(), have.trim().lines());
    let mut line = 1;
    loop {
        match (have_lines.next(), wanted_lines.next()) {
            (Some(have), Some(want)) if have == want => line += 1,
            (have, want) => {
                return Comparison::differs(format!("body at line {line}"), have, want);
            }
        }
    }
}

/// Whether a body is in SQL's own words rather than between quotes.
fn is_standard(body: &str) -> bool {
    let words: Vec<String> = lex(body)
        .iter()
        .filter(|token| !token.kind.is_trivia())
        .take(2)
        .map(|token| token.text(body).to_ascii_lowercase())
        .collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["return", ..] => true,
        [first, second] => *first == "begin" && *second == "atomic",
        _ => false,
    }
}

/// The server keeps such a body as what it means: the real function's arguments and name are those that it speaks of.
fn compare_standard(wanted: &str, have: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let (name, _) = with_parameters(&object.id.name);
    let arguments = object.text("arguments").unwrap_or("");
    let head = match object.text("returns") {
        Some(returns) => format!("function {name}({arguments}) returns {returns}"),
        None => format!("procedure {name}({arguments})"),
    };
    let question = Question::Same {
        context: Context::Body,
        relation: None,
        column_type: Some(head),
        schema: judge.suite.schema.clone(),
        expected: wanted.trim().to_string(),
        actual: have.trim().to_string(),
    };
    ask("body", question, judge)
}

/// Of a body, without the white space around it.
pub(crate) fn sha256(body: &str) -> String {
    Sha256::digest(body.trim().as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn compare_hash(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let hash = sha256(object.text("body").unwrap_or(""));
    if hash == wanted {
        Comparison::Same
    } else {
        Comparison::differs("sha256 of the body", Some(hash), Some(wanted))
    }
}

fn compare_returns(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let Some(have) = object.text("returns") else {
        return Comparison::differs("returns", None::<String>, Some(wanted));
    };
    let have = fragment::returns(have).unwrap_or_else(|_| have.to_string());
    if have == wanted {
        return Comparison::Same;
    }
    let differs = || Comparison::differs("returns", Some(have.as_str()), Some(wanted));
    let (want_parts, have_parts) = (result_parts(wanted), result_parts(&have));
    if want_parts.len() != have_parts.len() {
        return differs();
    }
    let schema = judge.suite.schema.clone();
    let mut result = Comparison::Same;
    for ((want_shape, want_type), (have_shape, have_type)) in want_parts.iter().zip(&have_parts) {
        if want_shape != have_shape {
            return differs();
        }
        result = worse(result, types("returns", &schema, want_type, have_type, judge));
    }
    // all of it, rather than the type of one column
    match result {
        Comparison::Differs(_) => differs(),
        other => other,
    }
}

/// `TABLE(a integer, b text)` → (`TABLE a`, `integer`), (`TABLE b`, `text`); `SETOF t` → (`SETOF`, `t`).
fn result_parts(text: &str) -> Vec<(String, String)> {
    if let Some(columns) = text
        .strip_prefix("TABLE(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return split_top(columns)
            .into_iter()
            .map(|column| {
                let (name, type_name) = split_name(column.trim());
                (format!("TABLE {name}"), type_name.to_string())
            })
            .collect();
    }
    match text.strip_prefix("SETOF ") {
        Some(rest) => vec![("SETOF".to_string(), rest.to_string())],
        None => vec![(String::new(), text.to_string())],
    }
}

/// Splits at commas outside parentheses and quotes.
pub(crate) fn split_top(text: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut start) = (0i32, None, 0);
    let mut parts = Vec::new();
    for (at, char) in text.char_indices() {
        match char {
            '"' | '\'' if quote.is_none() => quote = Some(char),
            _ if quote == Some(char) => quote = None,
            _ if quote.is_some() => {}
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

/// `"a b" integer` → `"a b"`, `integer`
pub(crate) fn split_name(text: &str) -> (&str, &str) {
    let mut quoted = false;
    for (at, char) in text.char_indices() {
        match char {
            '"' => quoted = !quoted,
            ' ' if !quoted => return (&text[..at], text[at..].trim_start()),
            _ => {}
        }
    }
    (text, "")
}

/// Names and modes of the arguments by their tokens, with the types in one spelling; of their defaults the server
/// judges.
pub(crate) fn compare_arguments(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.text("arguments").unwrap_or("");
    let schema = judge.suite.schema.clone();
    let differs = || Comparison::differs("arguments", Some(have), Some(wanted));
    let (want_parts, have_parts) = (split_top(wanted), split_top(have));
    if want_parts.len() != have_parts.len() {
        return differs();
    }
    let mut result = Comparison::Same;
    for (want, have) in want_parts.iter().zip(&have_parts) {
        let (want, have) = (argument(want), argument(have));
        let is_same =
            want.name == have.name && same_type(&schema, &want.type_name, &have.type_name) == Some(true);
        let compared = match (want.default, have.default) {
            _ if !is_same => differs(),
            (None, None) => Comparison::Same,
            (Some(want), Some(have)) if normalize(&want) == normalize(&have) => Comparison::Same,
            // a null is no default that the server could print
            (Some(want), Some(have)) if is_null(&want) || is_null(&have) => {
                match is_null(&want) && is_null(&have) {
                    true => Comparison::Same,
                    false => differs(),
                }
            }
            (Some(want), Some(found)) => {
                let question = Question::Same {
                    context: Context::Default,
                    relation: None,
                    column_type: Some(have.type_name),
                    schema: schema.clone(),
                    expected: want,
                    actual: found,
                };
                ask("arguments", question, judge)
            }
            _ => differs(),
        };
        // all of them, rather than one default
        result = match compared {
            Comparison::Differs(_) => return differs(),
            other => worse(result, other),
        };
    }
    result
}

/// An argument of a routine.
#[derive(Debug, PartialEq, Eq)]
struct Argument {
    /// With its mode, folded.
    name: String,
    type_name: String,
    default: Option<String>,
}

fn argument(text: &str) -> Argument {
    let text = text.trim();
    let (head, default) = match default_at(text) {
        Some((end, start)) => (&text[..end], Some(text[start..].trim().to_string())),
        None => (text, None),
    };
    let mut name = String::new();
    let mut rest = head.trim();
    // words come off the front until a type is left
    while parse_type(rest).is_err() || is_mode(rest) {
        let (word, tail) = split_name(rest);
        if tail.is_empty() {
            break;
        }
        let folded = normalize(word);
        if folded != "in" {
            name.push_str(&folded);
            name.push(' ');
        }
        rest = tail;
    }
    Argument {
        name: name.trim_end().to_string(),
        type_name: rest.to_string(),
        default,
    }
}

/// Where a default is parted off, and where it begins: behind `default` or `=`.
fn default_at(text: &str) -> Option<(usize, usize)> {
    let (mut quoted, mut before) = (false, ' ');
    for (at, char) in text.char_indices() {
        match char {
            '"' => quoted = !quoted,
            '=' if !quoted => return Some((at, at + 1)),
            _ if quoted || !before.is_whitespace() => {}
            _ => {
                let word = text.get(at..at + 7).unwrap_or_default();
                let behind = text.get(at + 7..).and_then(|rest| rest.chars().next());
                let is_word = behind.is_some_and(|c| c.is_whitespace() || c == '(' || c == '\'');
                if is_word && word.eq_ignore_ascii_case("default") {
                    return Some((at, at + 7));
                }
            }
        }
        before = char;
    }
    None
}

fn is_mode(text: &str) -> bool {
    ["in ", "out ", "inout ", "variadic "]
        .iter()
        .any(|mode| text.to_ascii_lowercase().starts_with(mode))
}

fn render(object: &Object) -> String {
    let mut parts = Vec::new();
    if let Some(returns) = object.text("returns") {
        parts.push(format!("returns {returns}"));
    }
    if let Some(kind) = object.text("type")
        && kind != "function"
    {
        parts.insert(0, format!("kind {kind}"));
    }
    for property in ["language", "security", "volatility", "parallel"] {
        if let Some(word) = object.text(property) {
            parts.push(format!("{property} {word}"));
        }
    }
    for property in ["strict", "leakproof"] {
        if object.flag(property) {
            parts.push(property.to_string());
        }
    }
    for setting in object.list("settings") {
        parts.push(format!("set {setting}"));
    }
    parts.join(", ")
}

/// Attributes can be altered; another body needs the migration's own CREATE OR REPLACE.
fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let routine = match object.text("type") {
        Some("procedure") => "PROCEDURE",
        Some("aggregate") => "AGGREGATE",
        _ => "FUNCTION",
    };
    if let Some(remedy) = usual_remedy(routine, rule, object, differences) {
        return Some(remedy);
    }
    let mut changes = Vec::new();
    for difference in differences {
        let want = difference.want.as_deref();
        changes.push(match (difference.part.as_str(), want) {
            ("security", Some(word)) => format!("SECURITY {}", word.to_uppercase()),
            ("volatility", Some(word)) => word.to_uppercase(),
            ("parallel", Some(word)) => format!("PARALLEL {}", word.to_uppercase()),
            ("strict", Some("yes")) => "STRICT".to_string(),
            ("strict", Some("no")) => "CALLED ON NULL INPUT".to_string(),
            ("leakproof", Some(word)) => (if word == "yes" {
                "LEAKPROOF"
            } else {
                "NOT LEAKPROOF"
            })
            .to_string(),
            (part, Some(value)) => {
                let name = part.strip_prefix("setting ")?;
                if name == "search_path" {
                    format!("SET {name} = {value}")
                } else {
                    format!("SET {name} = {}", crate::sql::quote_literal(value))
                }
            }
            (part, None) => format!("RESET {}", part.strip_prefix("setting ")?),
        });
    }
    Some(format!(
        "ALTER {routine} {} {}",
        object.id.path(),
        changes.join(" ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Status;
    use crate::check::testing::{literal, object, one, sample, settle, suite, troubles};

    #[test]
    fn settings_have_one_spelling() {
        for (value, line) in [
            ("pg_catalog, pg_temp", "search_path=pg_catalog, pg_temp"),
            ("pg_catalog,pg_temp", "search_path=pg_catalog, pg_temp"),
            ("\"pg_catalog\", 'pg_temp'", "search_path=pg_catalog, pg_temp"),
            ("", "search_path=\"\""),
            ("\"\"", "search_path=\"\""),
            ("\"Odd\"", "search_path=\"Odd\""),
            ("Odd", "search_path=odd"),
            ("'Odd'", "search_path=\"Odd\""),
            ("$user, public", "search_path=\"$user\", public"),
            ("\"$user\", public", "search_path=\"$user\", public"),
            ("\"a,b\"", "search_path=\"a,b\""),
            ("\"a, b\"", "search_path=\"a, b\""),
            ("a.b", "search_path=\"a.b\""),
        ] {
            assert_eq!(setting_line("Search_Path", value), line, "{value}");
        }
        assert_eq!(
            setting_line("Application_Name", " x  y "),
            "application_name= x  y "
        );
    }

    #[test]
    fn arguments_are_compared_by_name_type_and_default() {
        for (one, other, same) in [
            ("a integer", "a int", true),
            ("a integer", "b integer", false),
            ("a integer default 1", "a integer DEFAULT 1", true),
            ("a integer default 1", "a integer", false),
            ("integer", "integer", true),
            ("inout a double precision", "INOUT a double precision", true),
            ("out a int", "a int", false),
            ("in a int", "a int", true),
            ("a integer = 1", "a integer DEFAULT 1", true),
            ("\"a=b\" integer", "\"a=b\" integer default 1", false),
        ] {
            let (a, b) = (argument(one), argument(other));
            let equal = (&a.name, &a.default) == (&b.name, &b.default)
                && crate::check::compare::same_type("public", &a.type_name, &b.type_name) == Some(true);
            assert_eq!(equal, same, "{one} / {other}: {a:?} {b:?}");
        }
    }

    #[test]
    fn a_sort_operator_is_known_by_its_name() {
        for (wanted, have, same) in [
            (">", ">(integer,integer)", true),
            ("operator(pg_catalog.>)", ">(integer,integer)", true),
            ("OPERATOR ( > )", ">(integer,integer)", true),
            ("pg_catalog.>", ">(integer,integer)", true),
            ("> (int, int4)", ">(integer,integer)", true),
            (">(bigint, bigint)", ">(integer,integer)", false),
            ("<", ">(integer,integer)", false),
            (">=", ">(integer,integer)", false),
            ("operator(app.>)", ">(integer,integer)", false),
            (">", "app.>(integer,integer)", false),
            ("operator(App.>)", "app.>(integer,integer)", true),
            ("operator(app.>)", "\"App\".>(integer,integer)", false),
            (">", "app.>(app.size,app.size)", true),
            (">", "other.>(app.size,app.size)", false),
            (">(size, size)", "app.>(app.size,app.size)", true),
        ] {
            assert_eq!(super::is_operator(wanted, have, "app"), same, "{wanted} {have}");
        }
    }

    #[test]
    fn an_overload_is_found_by_its_types() {
        let mut catalog = sample();
        for signature in ["f(integer)", "f(text, ext.citext)", "f(character varying)"] {
            catalog.insert(object(
                ObjectId::new(Kind::Function, "public", signature),
                &[("type", "function"), ("language", "sql")],
            ));
        }
        for (signature, status) in [
            ("f(int)", Status::Pass),
            ("public.f(a integer default 1)", Status::Pass),
            ("f(varchar(20))", Status::Pass),
            // the search path decides where citext is
            ("f(text, citext)", Status::Pass),
            ("f(text, ext.citext)", Status::Pass),
            ("f(text, auth.citext)", Status::Fail),
            ("f(text)", Status::Fail),
            ("f()", Status::Fail),
        ] {
            let suite = suite("0001", &format!("[function.'{signature}']\nlanguage = \"sql\"\n"));
            let verdicts = settle(&[&suite], &catalog, literal);
            assert_eq!(
                verdicts[0].status,
                status,
                "{signature}: {:?}",
                troubles(&verdicts)
            );
        }
    }

    #[test]
    fn a_body_may_be_given_by_its_hash() {
        let hash = "1d9b6a4a";
        let wrong = suite(
            "0001",
            &format!("[function.'touch()']\nbody_sha256 = \"{hash}\"\n"),
        );
        let verdicts = settle(&[&wrong], &sample(), literal);
        let verdict = one(&verdicts, "0001/function.touch()");
        let real = verdict.differences[0].have.clone().unwrap();
        let right = suite(
            "0001",
            &format!("[function.'touch()']\nbody_sha256 = \"{real}\"\n"),
        );
        assert_eq!(
            troubles(&settle(&[&right], &sample(), literal)),
            Vec::<String>::new()
        );
    }

    #[test]
    fn attributes_can_be_altered_back() {
        let suite = suite(
            "0001",
            "[function.'touch()']\nsecurity = \"definer\"\nstrict = true\nsettings = { search_path = \"\" }\n",
        );
        let verdicts = settle(&[&suite], &sample(), literal);
        assert_eq!(
            verdicts[0].remedy.as_deref(),
            Some("ALTER FUNCTION public.touch() SECURITY DEFINER STRICT SET search_path = \"\"")
        );
    }
}
