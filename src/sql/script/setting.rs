//! Statements that change a setting of the session.

use crate::sql::cursor::Cursor;
use crate::sql::lex::TokenKind;
use crate::sql::name::string_value;

/// How long a setting lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// SET, SET SESSION: past the end of the transaction.
    Session,
    /// SET LOCAL.
    Transaction,
}

/// What a SET, a RESET or a `select set_config(…)` changes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting {
    /// In lower case: `search_path`, `role`, `session_authorization`, `timezone`, `all` for RESET ALL.
    pub name: String,
    /// The value as it was written; `None` for RESET and DEFAULT.
    pub value: Option<String>,
    pub scope: Scope,
    /// Whether the value is worked out by the server: once more, it may be another one.
    pub is_computed: bool,
}

pub(super) fn setting(mut cursor: Cursor<'_>) -> Option<Setting> {
    let c = &mut cursor;
    if c.word("reset") {
        let name = name(c)?;
        return Some(Setting {
            name,
            value: None,
            scope: Scope::Session,
            is_computed: false,
        });
    }
    if c.word("select") {
        return set_config(c);
    }
    if !c.word("set") || c.is_word("constraints") || c.is_word("transaction") {
        return None;
    }
    let scope = if c.word("local") {
        Scope::Transaction
    } else {
        Scope::Session
    };
    if c.word("session characteristics") {
        return Some(Setting {
            name: "session characteristics".to_owned(),
            value: Some(c.rest_text().to_owned()),
            scope,
            is_computed: false,
        });
    }
    // `set session authorization x` is no scope, `set session session authorization x` has one
    if !c.are_words(&["session", "authorization"]) {
        let _ = c.word("session");
    }
    let name = name(c)?;
    let _ = c.word("to") || c.punct("=");
    let value = if c.is_word("default") {
        None
    } else {
        Some(c.rest_text().to_owned())
    };
    Some(Setting {
        name,
        value,
        scope,
        is_computed: false,
    })
}

fn name(c: &mut Cursor<'_>) -> Option<String> {
    Some(match () {
        () if c.word("session authorization") => "session_authorization".to_owned(),
        () if c.word("time zone") => "timezone".to_owned(),
        () if c.word("schema") => "search_path".to_owned(),
        () if c.word("names") => "client_encoding".to_owned(),
        () => c.dotted()?.join(".").to_ascii_lowercase(),
    })
}

/// `select set_config('search_path', '', false)`, as pg_dump writes it.
fn set_config(c: &mut Cursor<'_>) -> Option<Setting> {
    let function = c.dotted()?;
    if !matches!(function.last().map(String::as_str), Some("set_config")) {
        return None;
    }
    let arguments = c.group()?.split_commas();
    let [name, value, local] = arguments.as_slice() else {
        return None;
    };
    let literal = |part: &Cursor<'_>| {
        let token = part.peek().filter(|token| token.kind == TokenKind::String)?;
        string_value(part.text, token)
    };
    let scope = if local.is_word("true") {
        Scope::Transaction
    } else {
        Scope::Session
    };
    let written = literal(value).filter(|_| value.peek_at(1).is_none());
    Some(Setting {
        name: literal(name)?.to_ascii_lowercase(),
        scope,
        is_computed: written.is_none() || !c.is_end(),
        value: Some(written.unwrap_or_else(|| value.rest_text().to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::significant;

    #[test]
    fn every_spelling_of_set() {
        use Scope::*;
        for (text, name, value, scope) in [
            (
                "SET search_path TO public, auth",
                "search_path",
                Some("public, auth"),
                Session,
            ),
            (
                "set local search_path = ''",
                "search_path",
                Some("''"),
                Transaction,
            ),
            (
                "set session lock_timeout = '2s'",
                "lock_timeout",
                Some("'2s'"),
                Session,
            ),
            ("set role app", "role", Some("app"), Session),
            ("set local role none", "role", Some("none"), Transaction),
            (
                "set session authorization bob",
                "session_authorization",
                Some("bob"),
                Session,
            ),
            ("set time zone 'UTC'", "timezone", Some("'UTC'"), Session),
            (
                "set request.jwt.claim = 'x'",
                "request.jwt.claim",
                Some("'x'"),
                Session,
            ),
            ("set work_mem to default", "work_mem", None, Session),
            ("reset all", "all", None, Session),
            (
                "reset session authorization",
                "session_authorization",
                None,
                Session,
            ),
            (
                "select pg_catalog.set_config('search_path', '', false)",
                "search_path",
                Some(""),
                Session,
            ),
            (
                "set session characteristics as transaction read only",
                "session characteristics",
                Some("as transaction read only"),
                Session,
            ),
            (
                "select set_config('a.b', 'c', true)",
                "a.b",
                Some("c"),
                Transaction,
            ),
        ] {
            let expected = Setting {
                name: name.into(),
                value: value.map(Into::into),
                scope,
                is_computed: false,
            };
            assert_eq!(
                setting(Cursor::new(text, &significant(text))),
                Some(expected),
                "{text}"
            );
        }
        for text in [
            "select set_config('a.b', 'c' || now(), false)",
            "select set_config('a.b', current_user, false)",
            "select set_config('a.b', 'c', false) from t",
        ] {
            let found = setting(Cursor::new(text, &significant(text)));
            assert!(found.is_some_and(|setting| setting.is_computed), "{text}");
        }
        for text in [
            "set constraints all deferred",
            "set transaction read only",
            "select 1",
            "show all",
        ] {
            assert_eq!(setting(Cursor::new(text, &significant(text))), None, "{text}");
        }
    }
}
