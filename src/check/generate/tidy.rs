//! SQL as a person writes it, from what the server prints.
//!
//! What is taken away here (casts of literals, names of schemas, parentheses) mostly means nothing, and sometimes
//! does. So nothing rests on it: whoever writes a suite asks the server whether the text still means the same, and
//! takes a more careful [`Level`] where it does not.

use crate::sql::{Token, TokenKind, lex, parse_name, quote_ident};

/// How much is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// As the server prints it.
    Printed,
    /// Names of the suite's schema, parentheses, capitals of keywords.
    Careful,
    /// Casts as well.
    Plain,
}

impl Level {
    /// The next more careful one.
    pub(crate) fn below(self) -> Option<Level> {
        match self {
            Level::Printed => None,
            Level::Careful => Some(Level::Printed),
            Level::Plain => Some(Level::Careful),
        }
    }
}

/// A token with the white space before it.
#[derive(Debug, Clone)]
struct Word {
    space: String,
    text: String,
    kind: TokenKind,
}

impl Word {
    fn is(&self, text: &str) -> bool {
        self.kind != TokenKind::String && self.text.eq_ignore_ascii_case(text)
    }

    fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Ident | TokenKind::QuotedIdent)
    }
}

/// An expression, or another fragment of SQL, as a suite of that schema would say it.
pub(super) fn sql(text: &str, schema: &str, level: Level) -> String {
    if level == Level::Printed {
        return text.trim().to_string();
    }
    let mut words = words(text);
    drop_schema(&mut words, schema);
    if level == Level::Plain {
        drop_array_casts(&mut words);
        drop_casts(&mut words);
        any_to_in(&mut words);
    }
    drop_parentheses(&mut words);
    for word in &mut words {
        if word.kind == TokenKind::Ident {
            word.text = word.text.to_ascii_lowercase();
        }
    }
    joined(&words)
}

/// The name of something without the suite's schema.
pub(super) fn name(text: &str, schema: &str) -> String {
    match parse_name(text) {
        Ok(name) if name.schema.as_deref() == Some(schema) => quote_ident(&name.name),
        _ => text.to_string(),
    }
}

/// A type in its short spelling: `varchar(40)`, `timestamptz`, `mood`.
pub(super) fn type_name(text: &str, schema: &str) -> String {
    let mut words = words(text);
    drop_schema(&mut words, schema);
    for (long, short) in SHORT {
        shorten(&mut words, long, short);
    }
    let short = joined(&words);
    // a name that PostgreSQL has as well keeps its schema
    let own = crate::sql::types::parse_type(text).is_ok_and(|parsed| !parsed.builtin);
    if own && crate::sql::types::parse_type(&short).is_ok_and(|parsed| parsed.builtin) {
        return text.to_string();
    }
    short
}

/// What format_type prints, and what people write. `with time zone` stands behind a precision.
const SHORT: &[(&[&str], &[&str])] = &[
    (&["character", "varying"], &["varchar"]),
    (&["timestamp", "with", "time", "zone"], &["timestamptz"]),
    (&["timestamp", "without", "time", "zone"], &["timestamp"]),
    (&["time", "with", "time", "zone"], &["timetz"]),
    (&["time", "without", "time", "zone"], &["time"]),
];

fn shorten(words: &mut Vec<Word>, long: &[&str], short: &[&str]) {
    let mut at = 0;
    while at < words.len() {
        if !words[at].is(long[0]) {
            at += 1;
            continue;
        }
        // `timestamp(3) with time zone`
        let precision = if long.len() == 4 && words.get(at + 1).is_some_and(|word| word.is("(")) {
            3
        } else {
            0
        };
        let rest = at + 1 + precision;
        let fits = long[1..]
            .iter()
            .enumerate()
            .all(|(offset, word)| words.get(rest + offset).is_some_and(|found| found.is(word)));
        if fits {
            words[at].text = short[0].to_string();
            words.drain(rest..rest + long.len() - 1);
        }
        at += 1;
    }
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut space = String::new();
    for token in lex(text) {
        let Token { kind, .. } = token;
        let spelled = token.text(text).to_string();
        if kind.is_trivia() {
            space.push_str(&spelled);
        } else {
            words.push(Word {
                space: std::mem::take(&mut space),
                text: spelled,
                kind,
            });
        }
    }
    if let Some(first) = words.first_mut() {
        first.space.clear();
    }
    words
}

fn joined(words: &[Word]) -> String {
    words
        .iter()
        .flat_map(|word| [word.space.as_str(), word.text.as_str()])
        .collect()
}

/// Takes words out; the white space before them goes to what follows.
fn remove(words: &mut Vec<Word>, from: usize, to: usize) {
    let space = words[from].space.clone();
    words.drain(from..to);
    if let Some(next) = words.get_mut(from)
        && (next.space.is_empty() && next.text != ")" && next.text != "," || from == 0)
    {
        next.space = if from == 0 { String::new() } else { space };
    }
}

/// `app.touch(…)` → `touch(…)`, `'app.t_id_seq'::regclass` → `'t_id_seq'::regclass`.
fn drop_schema(words: &mut Vec<Word>, schema: &str) {
    let quoted = quote_ident(schema);
    let mut at = 0;
    while at + 2 < words.len() {
        let is_prefix = words[at].is_name()
            && words[at].text == quoted
            && words[at + 1].is(".")
            && words[at + 2].is_name()
            && (at == 0 || !words[at - 1].is("."));
        let is_class = words[at].kind == TokenKind::String
            && words[at + 1].is("::")
            && ["regclass", "regproc", "regprocedure", "regtype"]
                .iter()
                .any(|word| words[at + 2].is(word));
        if is_prefix {
            remove(words, at, at + 2);
        } else if is_class {
            let prefix = format!("'{}.", quoted.replace('\'', "''"));
            if let Some(rest) = words[at].text.strip_prefix(&prefix) {
                words[at].text = format!("'{rest}");
            }
        }
        at += 1;
    }
}

/// How many words a type takes, with its modifiers and brackets.
fn type_length(words: &[Word]) -> usize {
    let Some(first) = words.first().filter(|word| word.is_name()) else {
        return 0;
    };
    let mut at = 1;
    if words.get(at).is_some_and(|word| word.is(".")) {
        at += 2;
    } else if first.is("double")
        || (words.get(1).is_some_and(|word| word.is("varying")) && (first.is("character") || first.is("bit")))
    {
        at += 1;
    }
    if words.get(at).is_some_and(|word| word.is("(")) {
        match words[at..].iter().position(|word| word.is(")")) {
            Some(close) => at += close + 1,
            None => return 0,
        }
    }
    let is_time = first.is("timestamp") || first.is("time");
    let zone = words.get(at..at + 3).unwrap_or_default();
    if is_time && zone.len() == 3 && (zone[0].is("with") || zone[0].is("without")) && zone[2].is("zone") {
        at += 3;
    }
    while words.get(at).is_some_and(|word| word.is("[")) && words.get(at + 1).is_some_and(|word| word.is("]"))
    {
        at += 2;
    }
    at.min(words.len())
}

/// Casts of these mean something where the literal alone would be taken for what it is compared with.
const KEPT: &[&str] = &[
    "interval",
    "date",
    "timestamp",
    "time",
    "json",
    "jsonb",
    "inet",
    "cidr",
    "bit",
    "tsvector",
    "tsquery",
    "regconfig",
];

/// `'x'::text` → `'x'`, `(0)::numeric` → `0`, `(name)::text` → `name`.
fn drop_casts(words: &mut Vec<Word>) {
    let mut at = 0;
    while at < words.len() {
        if !words[at].is("::") || at == 0 {
            at += 1;
            continue;
        }
        let length = type_length(&words[at + 1..]);
        let target = words.get(at + 1);
        let kept = KEPT
            .iter()
            .any(|word| target.is_some_and(|target| target.is(word)));
        let is_array = words.get(at + length).is_some_and(|word| word.is("]"));
        // the only thing there is, a default say, has its type from elsewhere
        let alone = at == 1 && at + 1 + length == words.len();
        let before = &words[at - 1];
        let literal = matches!(before.kind, TokenKind::String | TokenKind::DollarString);
        let in_parentheses =
            before.is(")") && at >= 3 && words[at - 3].is("(") && (at == 3 || !is_call(&words[at - 4]));
        if length == 0 || (!alone && (kept || is_array)) {
            at += 1;
        } else if literal || (alone && before.is_name()) {
            remove(words, at, at + 1 + length);
        } else if in_parentheses
            && (words[at - 2].kind == TokenKind::Number || target.is_some_and(|word| word.is("text")))
        {
            let inner = words[at - 2].clone();
            let space = words[at - 3].space.clone();
            words.splice(at - 3..at + 1 + length, [Word { space, ..inner }]);
            at = at.saturating_sub(2);
        } else {
            at += 1;
        }
    }
}

/// `(ARRAY['a'::character varying, 'b'::character varying])::text[]` → `ARRAY[…]`.
fn drop_array_casts(words: &mut Vec<Word>) {
    let mut at = 0;
    while at + 2 < words.len() {
        if !(words[at].is("(") && words[at + 1].is("ARRAY") && words[at + 2].is("[")) {
            at += 1;
            continue;
        }
        let Some(close) = closing(words, at + 2) else {
            return;
        };
        let is_cast = words.get(close + 1).is_some_and(|word| word.is(")"))
            && words.get(close + 2).is_some_and(|word| word.is("::"));
        let length = if is_cast {
            type_length(&words[close + 3..])
        } else {
            0
        };
        if length > 0 && words[close + 2 + length].is("]") {
            words.drain(close + 1..close + 3 + length);
            remove(words, at, at + 1);
        }
        at += 1;
    }
}

/// `= ANY (ARRAY['a', 'b'])` → `in ('a', 'b')`.
fn any_to_in(words: &mut Vec<Word>) {
    let mut at = 0;
    while at + 4 < words.len() {
        let negated = words[at].is("<>") && words[at + 1].is("ALL");
        let fits = (negated || (words[at].is("=") && words[at + 1].is("ANY")))
            && words[at + 2].is("(")
            && words[at + 3].is("ARRAY")
            && words[at + 4].is("[");
        if !fits {
            at += 1;
            continue;
        }
        let Some(close) = closing(words, at + 4) else {
            return;
        };
        if words.get(close + 1).is_some_and(|word| word.is(")")) && close > at + 5 {
            words.remove(close);
            let word = |space: &str, text: &str| Word {
                space: space.to_string(),
                text: text.to_string(),
                kind: TokenKind::Ident,
            };
            let operator = if negated { "not in" } else { "in" };
            let mut open = word(" ", "(");
            open.kind = TokenKind::Punct;
            words.splice(at..at + 5, [word(" ", operator), open]);
        }
        at += 1;
    }
}

/// The closing bracket or parenthesis of the one that stands there.
fn closing(words: &[Word], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    for (at, word) in words.iter().enumerate().skip(open) {
        if word.kind != TokenKind::Punct {
            continue;
        }
        match word.text.as_str() {
            "(" | "[" => depth += 1,
            ")" | "]" => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// Whether a parenthesis behind that word is its own: a call, a list, a subquery.
fn is_call(word: &Word) -> bool {
    match word.kind {
        TokenKind::QuotedIdent => true,
        TokenKind::Ident => ![
            "and", "or", "not", "when", "then", "else", "where", "on", "select", "using", "is",
        ]
        .iter()
        .any(|keyword| word.is(keyword)),
        _ => false,
    }
}

/// Takes parentheses away that stand around the whole, or around one side of AND and OR that binds as tightly by
/// itself.
fn drop_parentheses(words: &mut Vec<Word>) {
    let mut at = 0;
    while at < words.len() {
        if !words[at].is("(") {
            at += 1;
            continue;
        }
        let Some(close) = closing(words, at) else { return };
        if is_needless(words, at, close) {
            words.remove(close);
            remove(words, at, at + 1);
        } else {
            at += 1;
        }
    }
}

fn is_needless(words: &[Word], open: usize, close: usize) -> bool {
    let before = open.checked_sub(1).map(|at| &words[at]);
    let after = words.get(close + 1);
    let side = |word: Option<&Word>, edge: &str| match word {
        None => true,
        Some(word) => ["and", "or", edge].iter().any(|text| word.is(text)),
    };
    // behind an opening parenthesis only when that one groups too
    let grouped = match before {
        Some(word) if word.is("(") => {
            open == 1 || !is_call(&words[open - 2]) || after.is_some_and(|w| w.is(")"))
        }
        _ => true,
    };
    if !side(before, "(") || !side(after, ")") || !grouped || close == open + 1 {
        return false;
    }
    let mut depth = 0usize;
    let (mut or, mut and) = (false, false);
    for word in &words[open + 1..close] {
        match word.text.as_str() {
            "(" | "[" if word.kind == TokenKind::Punct => depth += 1,
            ")" | "]" if word.kind == TokenKind::Punct => depth -= 1,
            "," if depth == 0 => return false,
            _ if depth > 0 => {}
            _ => {
                if word.is("select") || word.is("with") || word.is("values") {
                    return false;
                }
                or |= word.is("or");
                and |= word.is("and");
            }
        }
    }
    let near = |text: &str| [before, after].into_iter().flatten().any(|word| word.is(text));
    // AND inside OR needs none, and is easier to read with
    !(or && near("and") || and && near("or"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_would_write() {
        for (printed, plain) in [
            ("(amount > (0)::numeric)", "amount > 0"),
            ("'ok'::app.mood", "'ok'"),
            ("nextval('app.t_id_seq'::regclass)", "nextval('t_id_seq')"),
            ("((a > 1) AND (b < 2))", "a > 1 and b < 2"),
            (
                "((a > 1) OR ((b < 2) AND (c IS NULL)))",
                "a > 1 or (b < 2 and c is null)",
            ),
            (
                "(((a > 1) OR (b < 2)) AND (c IS NULL))",
                "(a > 1 or b < 2) and c is null",
            ),
            (
                "((status)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[]))",
                "status in ('a', 'b')",
            ),
            (
                "(status <> ALL (ARRAY['a'::app.mood, 'b'::app.mood]))",
                "status not in ('a', 'b')",
            ),
            (
                "(at > (now() - '1 day'::interval))",
                "at > (now() - '1 day'::interval)",
            ),
            ("'1 day'::interval", "'1 day'"),
            ("'{}'::text[]", "'{}'"),
            ("(tags && ARRAY['a'::text])", "tags && array['a']"),
            (
                "(org_id = (current_setting('app.org'::text))::uuid)",
                "org_id = (current_setting('app.org'))::uuid",
            ),
            ("app.is_admin(\"Org\")", "is_admin(\"Org\")"),
            ("(NOT (a AND b))", "not (a and b)"),
            ("coalesce((a + b), 0)", "coalesce((a + b), 0)"),
            ("(a, b)", "(a, b)"),
            (
                "(EXISTS ( SELECT 1\n   FROM app.t))",
                "exists ( select 1\n   from t)",
            ),
            ("((lower((name)::text) = 'x'::text))", "lower(name) = 'x'"),
            ("((a)::text || ')'::text)", "a || ')'"),
        ] {
            assert_eq!(sql(printed, "app", Level::Plain), plain);
            assert_eq!(sql(printed, "app", Level::Printed), printed);
        }
        assert_eq!(
            sql("((mood = 'ok'::app.mood) AND app.f(a))", "app", Level::Careful),
            "mood = 'ok'::mood and f(a)"
        );
    }

    #[test]
    fn short_types() {
        for (long, short) in [
            ("character varying(40)", "varchar(40)"),
            ("timestamp(3) with time zone[]", "timestamptz(3)[]"),
            ("timestamp without time zone", "timestamp"),
            ("app.mood[]", "mood[]"),
            ("app.\"Mood\"", "\"Mood\""),
            ("app.text", "app.text"),
            ("other.mood", "other.mood"),
            ("numeric(12,2)", "numeric(12,2)"),
        ] {
            assert_eq!(type_name(long, "app"), short);
        }
    }
}
