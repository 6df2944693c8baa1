//! Event triggers: `on ddl_command_end when tag in ('CREATE TABLE') execute function f()`.

use crate::sql::cursor::Cursor;
use crate::sql::error::FragmentError;
use crate::sql::lex::TokenKind;
use crate::sql::name::{Name, string_value};

use super::{identifier, name, tokens, word};

/// What an event trigger is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventTrigger {
    pub event: String,
    /// In upper case; empty for all commands.
    pub tags: Vec<String>,
    pub function: Name,
}

/// Parses the definition of an event trigger, without its name.
///
/// # Errors
/// Says what was expected where.
pub fn event_trigger(text: &str) -> Result<EventTrigger, FragmentError> {
    let tokens = tokens(text, "an event trigger")?;
    let mut c = Cursor::new(text, &tokens);
    word(&mut c, "on")?;
    let event = identifier(&mut c, "an event such as `ddl_command_end`")?;
    let mut tags = Vec::new();
    if c.word("when") {
        word(&mut c, "tag")?;
        word(&mut c, "in")?;
        let inner = c
            .group()
            .ok_or_else(|| c.expected("command tags in parentheses"))?;
        for mut part in inner.split_commas() {
            let token = part.peek().filter(|token| token.kind == TokenKind::String);
            let tag = token.and_then(|token| string_value(text, token));
            match tag {
                Some(tag) => tags.push(tag.to_uppercase()),
                None => return Err(part.expected("a command tag in quotes")),
            }
            part.advance();
            part.finish()?;
        }
    }
    if !c.word("execute function") && !c.word("execute procedure") {
        return Err(c.expected("`execute function`"));
    }
    let function = name(&mut c, "a function")?;
    let arguments = c.group().ok_or_else(|| c.expected("`()`"))?;
    arguments.finish()?;
    c.finish()?;
    Ok(EventTrigger {
        event,
        tags,
        function,
    })
}

#[cfg(test)]
mod tests {
    use super::event_trigger;

    #[test]
    fn the_parts_of_an_event_trigger() {
        let parsed = event_trigger(
            "on ddl_command_end when tag in ('create table', 'DROP TABLE') execute function app.f()",
        )
        .unwrap();
        assert_eq!(parsed.event, "ddl_command_end");
        assert_eq!(parsed.tags, ["CREATE TABLE", "DROP TABLE"]);
        assert_eq!(parsed.function.to_string(), "app.f");
        assert!(
            event_trigger("on sql_drop execute procedure f()")
                .unwrap()
                .tags
                .is_empty()
        );
        for bad in [
            "on sql_drop",
            "on sql_drop execute function f(1)",
            "on x when tag in (a) execute function f()",
        ] {
            assert!(event_trigger(bad).is_err(), "{bad}");
        }
    }
}
