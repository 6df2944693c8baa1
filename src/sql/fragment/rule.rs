//! Rewrite rules: `on insert where (new.a > 0) do instead nothing`.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};

use super::tokens_of_rule;

const EVENTS: &[&str] = &["insert", "update", "delete", "select"];

/// Checks the definition of a rule, without its name and relation.
///
/// # Errors
/// Says what was expected where.
pub fn rule(text: &str) -> Result<(), FragmentError> {
    let tokens = tokens_of_rule(text)?;
    let mut c = Cursor::new(text, &tokens);
    super::word(&mut c, "on")?;
    if c.any_word(EVENTS).is_none() {
        return Err(unknown("event", c.peek_text(), c.here(), EVENTS));
    }
    if c.is_word("to") {
        return Err(FragmentError::new("the relation is known already", c.here())
            .help("leave `to …` out: the section names the relation"));
    }
    if c.word("where") {
        let condition = c.here();
        c.skip_until(|c| c.is_word("do"));
        if c.is_end() {
            return Err(FragmentError::new(
                "expected `do` behind the condition",
                Span::new(condition.start, text.len()),
            ));
        }
    }
    super::word(&mut c, "do")?;
    if c.is_end() {
        return Err(c.expected("`nothing` or a statement"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::rule;

    #[test]
    fn rules_are_one_rule() {
        for good in [
            "on insert do instead nothing",
            "ON UPDATE WHERE new.a > old.a DO ALSO insert into log values (new.a)",
            "on delete do (delete from a; delete from b)",
        ] {
            assert_eq!(rule(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "insert do nothing",
            "on truncate do nothing",
            "on insert to t do nothing",
            "on insert where new.a > 0",
            "on insert do",
            "on insert do nothing; drop table t",
            "on insert do (delete from a",
            "on insert do nothing --",
        ] {
            assert!(rule(bad).is_err(), "{bad}");
        }
    }
}
