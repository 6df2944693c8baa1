//! Labels of enums: which a statement adds, and where it uses one as a value of a certain type.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::lex::{TokenKind, significant};
use crate::sql::name::{Name, string_value};
use crate::sql::script::{Script, Statement};

/// `ALTER TYPE … ADD VALUE '…'`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddedLabel {
    pub enumeration: Name,
    pub label: String,
    pub if_not_exists: bool,
    /// Of the label.
    pub span: Span,
}

/// A string that a statement holds, as it could be a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub label: String,
    /// The type that the statement gives it: by a cast, or as the default of a column of that type.
    pub of: Option<Name>,
    pub span: Span,
}

/// The label that a statement adds.
pub fn added_label(script: &Script, statement: &Statement) -> Option<AddedLabel> {
    if statement.tag != "ALTER TYPE" {
        return None;
    }
    let text = script.text(statement);
    let tokens = significant(text);
    let mut c = Cursor::new(text, &tokens);
    if !c.word("alter type") {
        return None;
    }
    let enumeration = c.name()?;
    if !c.word("add value") {
        return None;
    }
    let if_not_exists = c.word("if not exists");
    let token = c.peek()?;
    Some(AddedLabel {
        enumeration,
        label: string_value(text, token)?,
        if_not_exists,
        span: token.span.shifted(statement.span.start),
    })
}

/// The strings of a statement. The body of a routine or a DO block is one string, and none of those within it.
pub fn mentions(script: &Script, statement: &Statement) -> Vec<Mention> {
    let text = script.text(statement);
    let tokens = significant(text);
    let mut c = Cursor::new(text, &tokens);
    let mut found = Vec::new();
    while let Some(token) = c.peek() {
        if token.kind != TokenKind::String {
            c.advance();
            continue;
        }
        let before = type_before(text, &tokens, token.span.start);
        c.advance();
        let mut behind = c;
        let cast = match behind.punct("::") {
            true => behind.name().filter(|_| !behind.is_punct("[")),
            false => None,
        };
        if let Some(label) = string_value(text, token) {
            found.push(Mention {
                label,
                of: cast.or(before),
                span: token.span.shifted(statement.span.start),
            });
        }
    }
    found
}

/// The type of `status mood [NOT NULL] DEFAULT 'x'` in the definition of a column.
fn type_before(text: &str, tokens: &[crate::sql::lex::Token], at: usize) -> Option<Name> {
    let end = tokens.iter().position(|token| token.span.start == at)?;
    let word = |index: usize| {
        tokens
            .get(index)
            .map(|token| token.text(text).to_ascii_lowercase())
    };
    let mut last = end.checked_sub(1)?;
    if word(last)? != "default" {
        return None;
    }
    last = last.checked_sub(1)?;
    if word(last)? == "null" {
        last = last.checked_sub(1)?;
        if word(last)? == "not" {
            last = last.checked_sub(1)?;
        }
    }
    if word(last)? == "set" {
        return None;
    }
    // a name behind the column's own
    let mut first = last;
    while first >= 2 && tokens[first - 1].text(text) == "." {
        first -= 2;
    }
    let column = tokens.get(first.checked_sub(1)?)?;
    if !matches!(column.kind, TokenKind::Ident | TokenKind::QuotedIdent) {
        return None;
    }
    Cursor::new(text, &tokens[first..=last]).name()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;

    fn only(text: &str) -> (Script, Statement) {
        let script = Script::parse(&SourceFile::new("a.sql", text));
        let statement = script.statements[0].clone();
        (script, statement)
    }

    #[test]
    fn labels_are_added_by_alter_type() {
        for (text, expected) in [
            ("alter type mood add value 'new'", Some(("mood", "new", false))),
            (
                "ALTER TYPE s.\"Mood\" ADD VALUE IF NOT EXISTS 'it''s' BEFORE 'x'",
                Some(("s.\"Mood\"", "it's", true)),
            ),
            ("alter type mood rename value 'a' to 'b'", None),
            ("alter table t add value text", None),
        ] {
            let (script, statement) = only(text);
            let added = added_label(&script, &statement);
            let found = added.as_ref().map(|added| {
                (
                    added.enumeration.to_string(),
                    added.label.as_str(),
                    added.if_not_exists,
                )
            });
            let expected = expected.map(|(name, label, skip)| (name.to_string(), label, skip));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn a_cast_and_a_default_tell_the_type() {
        for (text, expected) in [
            ("select 'new'::mood", Some("mood")),
            ("select * from t where m = 'new'::s.mood or true", Some("s.mood")),
            ("insert into t values ('new')", None),
            (
                "alter table t add column m s.mood not null default 'new'",
                Some("s.mood"),
            ),
            ("create table t (id int, m mood default 'new')", Some("mood")),
            ("alter table t alter column m set default 'new'", None),
            ("alter table t alter m set default 'new'", None),
            ("select '{new}'::mood[]", None),
        ] {
            let (script, statement) = only(text);
            let found = mentions(&script, &statement);
            assert_eq!(found.len(), 1, "{text}");
            let of = found[0].of.as_ref().map(ToString::to_string);
            assert_eq!(of.as_deref(), expected, "{text}");
        }
        let (script, statement) = only("do $$ begin perform 'new'::mood; end $$");
        assert_eq!(mentions(&script, &statement), []);
    }
}
