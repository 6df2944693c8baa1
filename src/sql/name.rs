//! Names as SQL spells them.

use std::fmt;

use crate::source::Span;

use super::cursor::Cursor;
use super::error::FragmentError;
use super::keyword;
use super::lex::{Token, TokenKind, significant};

/// PostgreSQL's NAMEDATALEN without the terminating zero.
const MAX_BYTES: usize = 63;

/// An unquoted identifier as PostgreSQL stores it: ASCII letters in lower case, cut to 63 bytes.
pub fn fold_ident(ident: &str) -> String {
    truncate(ident.to_ascii_lowercase())
}

/// Cuts as the server does: at 63 bytes, never within a character.
fn truncate(mut ident: String) -> String {
    if ident.len() > MAX_BYTES {
        let mut end = MAX_BYTES;
        while !ident.is_char_boundary(end) {
            end -= 1;
        }
        ident.truncate(end);
    }
    ident
}

/// The identifier as SQL has to spell it, in quotes only where it needs them: PostgreSQL's `quote_ident`.
pub fn quote_ident(ident: &str) -> String {
    let mut text = String::with_capacity(ident.len());
    push_ident(&mut text, ident);
    text
}

/// Adds the identifier to a text, as [`quote_ident`] spells it.
pub fn push_ident(text: &mut String, ident: &str) {
    if is_plain(ident) {
        text.push_str(ident);
    } else {
        text.push('"');
        text.push_str(&ident.replace('"', "\"\""));
        text.push('"');
    }
}

/// Whether an identifier is spelled as it is, without quotes.
fn is_plain(ident: &str) -> bool {
    let is_lower = ident.bytes().enumerate().all(|(index, byte)| match byte {
        b'a'..=b'z' | b'_' => true,
        b'0'..=b'9' => index > 0,
        _ => false,
    });
    is_lower && !ident.is_empty() && !keyword::needs_quotes(ident)
}

/// The text as a string literal, with `E` where it holds a backslash: PostgreSQL's `quote_literal`.
pub fn quote_literal(text: &str) -> String {
    let doubled = text.replace('\'', "''");
    if doubled.contains('\\') {
        format!("E'{}'", doubled.replace('\\', "\\\\"))
    } else {
        format!("'{doubled}'")
    }
}

/// A block of PL/pgSQL as a statement, in dollar quotes whose tag does not occur in it.
pub fn do_block(body: &str) -> String {
    let mut tag = "$pgplumb$".to_owned();
    for number in 1.. {
        if !body.contains(&tag) {
            break;
        }
        tag = format!("$pgplumb{number}$");
    }
    format!("DO {tag}\n{body}\n{tag}")
}

/// The value of an identifier token; `None` for any other token and for an empty `""`.
pub(super) fn ident_value(text: &str, token: Token) -> Option<String> {
    let spelled = token.text(text);
    match token.kind {
        TokenKind::Ident => Some(fold_ident(spelled)),
        TokenKind::QuotedIdent if token.terminated => {
            let open = spelled.find('"')?;
            let inner = spelled.get(open + 1..spelled.len() - 1)?.replace("\"\"", "\"");
            let value = if open > 0 {
                unescape_unicode(&inner)?
            } else {
                inner
            };
            (!value.is_empty()).then(|| truncate(value))
        }
        _ => None,
    }
}

/// The value of a string literal token, with its quotes and escapes undone.
pub(super) fn string_value(text: &str, token: Token) -> Option<String> {
    let spelled = token.text(text);
    if !token.terminated {
        return None;
    }
    match token.kind {
        TokenKind::DollarString => {
            let tag = spelled.get(1..)?.find('$')? + 2;
            spelled.get(tag..spelled.len() - tag).map(str::to_owned)
        }
        TokenKind::String => {
            let open = spelled.find('\'')?;
            let inner = spelled.get(open + 1..spelled.len() - 1)?;
            match spelled.as_bytes()[0] {
                b'e' | b'E' => Some(unescape_backslashes(&inner.replace("''", "'"))),
                b'u' | b'U' => unescape_unicode(&inner.replace("''", "'")),
                _ => Some(inner.replace("''", "'")),
            }
        }
        _ => None,
    }
}

/// `\0061` and `\+000061`, `\\`.
fn unescape_unicode(text: &str) -> Option<String> {
    let mut value = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        value.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('\\') {
            value.push('\\');
            rest = after;
            continue;
        }
        let (digits, skip) = if rest.starts_with('+') { (6, 1) } else { (4, 0) };
        let code = u32::from_str_radix(rest.get(skip..skip + digits)?, 16).ok()?;
        value.push(char::from_u32(code)?);
        rest = &rest[skip + digits..];
    }
    value.push_str(rest);
    Some(value)
}

/// The escapes of `E'…'` that stand for one character. Octal and hexadecimal bytes are left as they are.
fn unescape_backslashes(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some('t') => value.push('\t'),
                Some('r') => value.push('\r'),
                Some('b') => value.push('\u{8}'),
                Some('f') => value.push('\u{c}'),
                Some(digit @ ('0'..='7' | 'x' | 'u' | 'U')) => value.extend(['\\', digit]),
                Some(other) => value.push(other),
                None => value.push('\\'),
            },
            _ => value.push(char),
        }
    }
    value
}

/// The name of an object, with its schema when it was given one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name {
    pub schema: Option<String>,
    pub name: String,
}

impl Name {
    /// A name without a schema.
    pub fn unqualified(name: impl Into<String>) -> Name {
        Name {
            schema: None,
            name: name.into(),
        }
    }

    /// A name in a schema.
    pub fn qualified(schema: impl Into<String>, name: impl Into<String>) -> Name {
        Name {
            schema: Some(schema.into()),
            name: name.into(),
        }
    }

    /// The same name, in `schema` unless it has one already.
    pub fn or_in(&self, schema: &str) -> Name {
        Name {
            schema: Some(self.schema.clone().unwrap_or_else(|| schema.to_owned())),
            name: self.name.clone(),
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{}.", quote_ident(schema))?;
        }
        f.write_str(&quote_ident(&self.name))
    }
}

/// Parses a name as SQL spells it: `auth."Odd.Name"`. A reserved word needs no quotes here, where nothing else
/// could be meant.
///
/// # Errors
/// Says what was expected where, when the text is anything but one name.
pub fn parse_name(text: &str) -> Result<Name, FragmentError> {
    // as nearly all are
    if is_plain(text) && text.len() <= MAX_BYTES {
        return Ok(Name {
            schema: None,
            name: text.to_string(),
        });
    }
    let tokens = significant(text);
    let mut cursor = Cursor::new(text, &tokens);
    if let Some(token) = tokens.iter().find(|token| !token.terminated) {
        return Err(
            FragmentError::new("a quoted name that never ends", token.span).help("add the closing quote")
        );
    }
    let mut parts = Vec::new();
    loop {
        if cursor.peek_text() == "\"\"" {
            return Err(FragmentError::new("a name cannot be empty", cursor.here()));
        }
        let what = if parts.is_empty() {
            "a name"
        } else {
            "a name behind the dot"
        };
        parts.push(cursor.ident().ok_or_else(|| cursor.expected(what))?);
        if !cursor.punct(".") {
            break;
        }
    }
    if !cursor.is_end() {
        let error = FragmentError::new(format!("\"{}\" is not one name", text.trim()), cursor.rest());
        return Err(
            error.help("put it in double quotes when the name holds spaces, dots or other characters")
        );
    }
    match <[String; 1]>::try_from(parts) {
        Ok([name]) => Ok(Name { schema: None, name }),
        Err(parts) => match <[String; 2]>::try_from(parts) {
            Ok([schema, name]) => Ok(Name {
                schema: Some(schema),
                name,
            }),
            Err(_) => Err(FragmentError::new(
                "expected at most a schema and a name",
                Span::new(0, text.len()),
            )
            .help("leave the name of the database away")),
        },
    }
}

/// Whether a text fits a pattern with `*` for any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or("");
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn names_are_folded_and_quoted_as_the_server_does() {
        for (spelled, schema, name, quoted) in [
            ("Users", None, "users", "users"),
            ("auth.\"Odd.Name\"", Some("auth"), "Odd.Name", "auth.\"Odd.Name\""),
            (" public . \"user\" ", Some("public"), "user", "public.\"user\""),
            ("\"a\"\"b\"", None, "a\"b", "\"a\"\"b\""),
            ("u&\"d\\0061t\"", None, "dat", "dat"),
            ("table", None, "table", "\"table\""),
            ("ÉTÉ", None, "ÉtÉ", "\"ÉtÉ\""),
            ("a$1", None, "a$1", "\"a$1\""),
        ] {
            let found = parse_name(spelled).unwrap();
            assert_eq!(
                (found.schema.as_deref(), found.name.as_str()),
                (schema, name),
                "{spelled}"
            );
            assert_eq!(found.to_string(), quoted);
        }
    }

    #[test]
    fn what_is_no_name_says_so() {
        for (text, message) in [
            ("", "expected a name, found the end"),
            ("a.", "expected a name behind the dot, found the end"),
            ("a b", "\"a b\" is not one name"),
            ("a-b", "\"a-b\" is not one name"),
            ("a.b.c", "expected at most a schema and a name"),
            ("\"a", "a quoted name that never ends"),
            ("\"\"", "a name cannot be empty"),
            ("a; drop table b", "\"a; drop table b\" is not one name"),
            ("'a'", "expected a name, found `'a'`"),
        ] {
            assert_eq!(parse_name(text).unwrap_err().message, message, "{text}");
        }
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        assert_eq!(fold_ident(&"A".repeat(70)), "a".repeat(63));
        assert_eq!(fold_ident(&format!("{}é", "a".repeat(62))), "a".repeat(62));
    }

    #[test]
    fn literals_escape_what_they_must() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\b'"), "E'a\\\\b'''");
        assert_eq!(quote_literal(""), "''");
    }

    #[test]
    fn values_of_strings() {
        for (spelled, value) in [
            ("'it''s'", "it's"),
            ("e'a\\n\\'b'", "a\n'b"),
            ("$x$ a'b $x$", " a'b "),
            ("$$$$", ""),
            ("u&'d\\0061'", "da"),
            ("'a\\b'", "a\\b"),
        ] {
            let token = significant(spelled)[0];
            assert_eq!(string_value(spelled, token).as_deref(), Some(value), "{spelled}");
        }
    }

    proptest! {
        #[test]
        fn quoting_is_undone_by_parsing(schema in "[^\0]{1,15}", name in "[^\0]{1,15}") {
            let named = Name::qualified(schema, name);
            prop_assert_eq!(parse_name(&named.to_string()), Ok(named));
        }

        #[test]
        fn literals_are_one_token(text in "\\PC{0,30}") {
            let literal = quote_literal(&text);
            let tokens = significant(&literal);
            prop_assert_eq!(tokens.len(), 1);
            prop_assert_eq!(string_value(&literal, tokens[0]), Some(text));
        }
    }

    #[test]
    fn stars_stand_for_any_characters() {
        for (pattern, text, fits) in [
            ("a", "a", true),
            ("a", "ab", false),
            ("a*", "ab", true),
            ("a*", "a", true),
            ("*b", "ab", true),
            ("a*c", "abc", true),
            ("a*c", "ac", true),
            ("a*a", "a", false),
            ("a*b*c", "aXbYc", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
            ("sync_activity_log_*", "sync_activity_log_2025_11", true),
            ("sync_activity_log_*", "sync_activity_log", false),
        ] {
            assert_eq!(glob(pattern, text), fits, "{pattern} {text}");
        }
    }
}
