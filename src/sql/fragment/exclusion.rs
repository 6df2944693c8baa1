//! Exclusion constraints: `using gist (room with =, during with &&) where (not cancelled) deferrable`.

use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::lex::TokenKind;

use super::index::{Index, index};
use super::tokens;

/// What an exclusion constraint is to be: an index, and an operator for each of its keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exclusion {
    pub index: Index,
    /// As they were written: `=`, `&&`, `operator(public.=)`.
    pub operators: Vec<String>,
    pub deferrable: bool,
    pub initially_deferred: bool,
}

/// Parses the definition of an exclusion constraint, without its name.
///
/// # Errors
/// Says what was expected where.
pub fn exclusion(text: &str) -> Result<Exclusion, FragmentError> {
    let tokens = tokens(text, "an exclusion: keys with operators in parentheses")?;
    let mut c = Cursor::new(text, &tokens);
    // what an index does not have is blanked out, so that places stay what they are
    let mut blanked = text.as_bytes().to_vec();
    let mut blank = |from: usize, to: usize| blanked[from..to].fill(b' ');
    let start = c.here().start;
    if c.word("exclude") {
        blank(start, start + "exclude".len());
    }
    c.skip_until(|c| c.is_punct("("));
    let inner = c.group().ok_or_else(|| c.expected("keys in parentheses"))?;
    let mut operators = Vec::new();
    for mut key in inner.split_commas() {
        key.skip_until(|key| key.is_word("with"));
        let from = key.here().start;
        if !key.word("with") || key.is_end() {
            return Err(key.expected("`with` and an operator behind the key"));
        }
        let operator = key.rest();
        operators.push(key.slice(operator).trim().to_string());
        blank(from, operator.end);
    }
    let (mut deferrable, mut initially_deferred) = (false, false);
    while let Some(token) = c.peek() {
        let from = token.span.start;
        if c.word("not deferrable") || c.word("initially immediate") {
        } else if c.word("deferrable") {
            deferrable = true;
        } else if c.word("initially deferred") {
            (deferrable, initially_deferred) = (true, true);
        } else if token.kind == TokenKind::Punct && c.is_punct("(") {
            c.skip_balanced();
            continue;
        } else {
            c.advance();
            continue;
        }
        let to = c.peek().map_or(text.len(), |next| next.span.start);
        blank(from, to);
    }
    let blanked = String::from_utf8(blanked).unwrap_or_default();
    Ok(Exclusion {
        index: index(&blanked)?,
        operators,
        deferrable,
        initially_deferred,
    })
}

#[cfg(test)]
mod tests {
    use super::exclusion;

    #[test]
    fn the_parts_of_an_exclusion() {
        let parsed = exclusion(
            "EXCLUDE USING gist (\"Räum\" WITH =, lower(x) desc with operator(public.&&)) include (a) \
             where (not \"with\") deferrable initially deferred",
        )
        .unwrap();
        assert_eq!(parsed.operators, ["=", "operator(public.&&)"]);
        assert_eq!(parsed.index.method.as_deref(), Some("gist"));
        assert_eq!(parsed.index.keys.len(), 2);
        assert_eq!(parsed.index.include, ["a"]);
        assert_eq!(parsed.index.predicate.as_deref(), Some("(not \"with\")"));
        assert!(parsed.deferrable && parsed.initially_deferred);
        let plain = exclusion("(a with =) not deferrable").unwrap();
        assert!(!plain.deferrable && plain.index.predicate.is_none());
    }

    #[test]
    fn a_key_without_operator_is_an_error_in_its_place() {
        let error = exclusion("using gist (a with =, b)").unwrap_err();
        assert!(
            error.message.contains("`with` and an operator"),
            "{}",
            error.message
        );
        assert!(exclusion("using gist").is_err());
        let error = exclusion("using gist (a with =) wher (b)").unwrap_err();
        assert_eq!(error.span.start, 22);
    }
}
