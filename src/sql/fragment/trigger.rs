//! Triggers: `before insert or update for each row execute function f()`.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};
use crate::sql::lex::TokenKind;
use crate::sql::name::{Name, string_value};

use super::expression::expression_in;
use super::foreign_key::{Deferral, deferral};
use super::{identifier, name, tokens, word};

/// What a trigger is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trigger {
    /// Given in a full definition only.
    pub name: Option<String>,
    /// Given in a full definition only.
    pub table: Option<Name>,
    pub timing: TriggerTiming,
    /// In the order of [`TriggerEvent`], each once.
    pub events: Vec<TriggerEvent>,
    /// UPDATE OF these; empty for any column.
    pub update_columns: Vec<String>,
    /// FOR EACH ROW.
    pub row: bool,
    /// The condition, without the parentheses around it.
    pub when: Option<String>,
    pub when_span: Option<Span>,
    pub function: Name,
    /// The values of the arguments, which are strings all.
    pub arguments: Vec<String>,
    pub old_table: Option<String>,
    pub new_table: Option<String>,
    pub constraint: bool,
    /// FROM, the other table of a constraint trigger.
    pub from: Option<Name>,
    pub deferrable: bool,
    pub initially_deferred: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TriggerTiming {
    Before,
    After,
    InsteadOf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TriggerEvent {
    Insert,
    Delete,
    Update,
    Truncate,
}

/// Parses a trigger without its name and table. A constraint trigger begins with `constraint`.
///
/// # Errors
/// Says what was expected where.
pub fn trigger(text: &str) -> Result<Trigger, FragmentError> {
    let tokens = tokens(
        text,
        "a trigger: `before insert for each row execute function f()`",
    )?;
    let mut c = Cursor::new(text, &tokens);
    if c.is_word("create") {
        return Err(
            FragmentError::new("expected a trigger without CREATE, name and table", c.here())
                .help("begin with before, after or instead of"),
        );
    }
    let constraint = c.word("constraint trigger") || c.word("constraint");
    let trigger = body(&mut c, constraint, None)?;
    c.finish()?;
    Ok(trigger)
}

/// Parses `CREATE [CONSTRAINT] TRIGGER …`, as `pg_get_triggerdef` prints it.
///
/// # Errors
/// Says what was expected where.
pub fn trigger_definition(text: &str) -> Result<Trigger, FragmentError> {
    let tokens = tokens(text, "a trigger definition")?;
    let mut c = Cursor::new(text, &tokens);
    word(&mut c, "create")?;
    let _ = c.word("or replace");
    let constraint = c.word("constraint");
    word(&mut c, "trigger")?;
    let own = identifier(&mut c, "the name of the trigger")?;
    let trigger = body(&mut c, constraint, Some(own))?;
    c.finish()?;
    Ok(trigger)
}

fn body(c: &mut Cursor<'_>, constraint: bool, own: Option<String>) -> Result<Trigger, FragmentError> {
    let timing = match c.any_word(&["before", "after", "instead of"]) {
        Some("before") => TriggerTiming::Before,
        Some("after") => TriggerTiming::After,
        Some(_) => TriggerTiming::InsteadOf,
        None => {
            let meant = crate::sql::error::suggestion(c.peek_text(), &["before", "after", "instead"]);
            return Err(match meant {
                Some(meant) => unknown("timing", c.peek_text(), c.here(), &[meant]),
                None => c.expected("before, after or instead of"),
            });
        }
    };
    let (events, update_columns) = events(c)?;
    let table = table(c, own.is_some())?;
    let mut trigger = Trigger {
        name: own,
        table,
        timing,
        events,
        update_columns,
        row: false,
        when: None,
        when_span: None,
        function: Name::unqualified(""),
        arguments: Vec::new(),
        old_table: None,
        new_table: None,
        constraint,
        from: None,
        deferrable: false,
        initially_deferred: false,
    };
    loop {
        let clause = c.here();
        match () {
            () if c.word("from") => trigger.from = Some(name(c, "a table")?),
            () if c.word("referencing") => referencing(c, &mut trigger)?,
            () if c.word("for") => {
                let _ = c.word("each");
                trigger.row = match c.any_word(&["row", "statement"]) {
                    Some(level) => level == "row",
                    None => return Err(c.expected("`row` or `statement`")),
                };
            }
            () if c.word("when") => {
                let inner = c
                    .group()
                    .ok_or_else(|| c.expected("a condition in parentheses"))?;
                trigger.when = Some(expression_in(inner)?);
                trigger.when_span = Some(inner.rest());
            }
            () if c.word("execute") => break,
            () => match deferral(c) {
                Some(found) => {
                    if !constraint && found != Deferral::NotDeferrable {
                        return Err(FragmentError::new(
                            "only a constraint trigger can be deferrable",
                            clause,
                        )
                        .help("begin with `constraint`"));
                    }
                    trigger.deferrable = found != Deferral::NotDeferrable;
                    trigger.initially_deferred = found == Deferral::InitiallyDeferred;
                }
                None => {
                    let clauses = ["for", "when", "execute", "referencing"];
                    return Err(match crate::sql::error::suggestion(c.peek_text(), &clauses) {
                        Some(meant) => unknown("clause", c.peek_text(), c.here(), &[meant]),
                        None => c.expected("for each row, when or execute function"),
                    });
                }
            },
        }
    }
    if c.any_word(&["function", "procedure"]).is_none() {
        return Err(c.expected("`function`"));
    }
    trigger.function = name(c, "the function to execute")?;
    let inner = c
        .group()
        .ok_or_else(|| c.expected("the arguments of the function in parentheses"))?;
    if !inner.is_end() {
        trigger.arguments = inner
            .split_commas()
            .into_iter()
            .map(argument)
            .collect::<Result<_, _>>()?;
    }
    Ok(trigger)
}

fn events(c: &mut Cursor<'_>) -> Result<(Vec<TriggerEvent>, Vec<String>), FragmentError> {
    let mut events = Vec::new();
    let mut columns = Vec::new();
    loop {
        let span = c.here();
        let event = match c.any_word(&["insert", "delete", "update", "truncate"]) {
            Some("insert") => TriggerEvent::Insert,
            Some("delete") => TriggerEvent::Delete,
            Some("update") => TriggerEvent::Update,
            Some(_) => TriggerEvent::Truncate,
            None if c.is_ident() => {
                return Err(unknown(
                    "event",
                    c.peek_text(),
                    span,
                    &["insert", "update", "delete", "truncate"],
                ));
            }
            None => return Err(c.expected("insert, update, delete or truncate")),
        };
        if events.contains(&event) {
            return Err(FragmentError::new("an event is named twice", span));
        }
        events.push(event);
        if event == TriggerEvent::Update && c.word("of") {
            loop {
                columns.push(identifier(c, "a column behind `update of`")?);
                if !c.punct(",") {
                    break;
                }
            }
        }
        if !c.word("or") {
            events.sort();
            return Ok((events, columns));
        }
    }
}

fn table(c: &mut Cursor<'_>, full: bool) -> Result<Option<Name>, FragmentError> {
    match (c.is_word("on"), full) {
        (false, false) => Ok(None),
        (true, false) => Err(FragmentError::new("the table is known already", c.here())
            .help("leave `on …` out: the section names the table")),
        (_, true) => {
            word(c, "on")?;
            name(c, "a table").map(Some)
        }
    }
}

fn referencing(c: &mut Cursor<'_>, trigger: &mut Trigger) -> Result<(), FragmentError> {
    let mut any = false;
    loop {
        let side = c.any_word(&["old table", "new table"]);
        let Some(side) = side else {
            return if any {
                Ok(())
            } else {
                Err(c.expected("`old table as …` or `new table as …`"))
            };
        };
        any = true;
        let _ = c.word("as");
        let named = Some(identifier(c, "a name for the transition table")?);
        if side == "old table" {
            trigger.old_table = named
        } else {
            trigger.new_table = named
        }
    }
}

/// A string, a number or a word: the function gets its text.
fn argument(mut part: Cursor<'_>) -> Result<String, FragmentError> {
    let what = "an argument: a string, a number or a word";
    let token = part.peek().ok_or_else(|| part.expected(what))?;
    let value = match token.kind {
        TokenKind::String | TokenKind::DollarString => string_value(part.text, token),
        TokenKind::Number => Some(part.peek_text().to_owned()),
        TokenKind::Ident | TokenKind::QuotedIdent => { part }.ident(),
        _ => None,
    };
    let value = value.ok_or_else(|| part.expected(what))?;
    part.advance();
    match part.is_end() {
        true => Ok(value),
        false => Err(part.expected("a comma between arguments")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clause() {
        let found = trigger(
            "before update of a, \"B\" or insert for each row when (new.x is distinct from old.x) \
             execute procedure s.f('a''b', 5, word)",
        )
        .unwrap();
        assert_eq!(found.timing, TriggerTiming::Before);
        assert_eq!(found.events, [TriggerEvent::Insert, TriggerEvent::Update]);
        assert_eq!(found.update_columns, ["a", "B"]);
        assert!(found.row && !found.constraint);
        assert_eq!(found.when.as_deref(), Some("new.x is distinct from old.x"));
        assert_eq!(found.function, Name::qualified("s", "f"));
        assert_eq!(found.arguments, ["a'b", "5", "word"]);
    }

    #[test]
    fn statements_and_transition_tables() {
        let found = trigger(
            "after insert referencing new table as n old table o for each statement execute function f()",
        )
        .unwrap();
        assert!(!found.row);
        assert_eq!(
            (found.old_table.as_deref(), found.new_table.as_deref()),
            (Some("o"), Some("n"))
        );
        let found = trigger("after truncate execute function f()").unwrap();
        assert_eq!(found.events, [TriggerEvent::Truncate]);
        let found = trigger("instead of delete for each row execute function f()").unwrap();
        assert_eq!(found.timing, TriggerTiming::InsteadOf);
        let found = trigger(
            "constraint after insert deferrable initially deferred for each row execute function f()",
        )
        .unwrap();
        assert!(found.constraint && found.deferrable && found.initially_deferred);
    }

    #[test]
    fn definitions_of_the_server() {
        let found = trigger_definition(
            "CREATE CONSTRAINT TRIGGER \"T\" AFTER INSERT OR UPDATE OF a ON public.t FROM s.u \
             NOT DEFERRABLE INITIALLY IMMEDIATE FOR EACH ROW WHEN ((new.a > 0)) EXECUTE FUNCTION f('x')",
        )
        .unwrap();
        assert_eq!(found.name.as_deref(), Some("T"));
        assert_eq!(found.table, Some(Name::qualified("public", "t")));
        assert_eq!(found.from, Some(Name::qualified("s", "u")));
        assert_eq!(found.when.as_deref(), Some("(new.a > 0)"));
        assert!(found.constraint && !found.deferrable);
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        for (text, message) in [
            (
                "before insrt execute function f()",
                "unknown event \"insrt\": did you mean \"insert\"?",
            ),
            (
                "befor insert execute function f()",
                "unknown timing \"befor\": did you mean \"before\"?",
            ),
            (
                "before insert on t execute function f()",
                "the table is known already",
            ),
            (
                "before insert for each row",
                "expected for each row, when or execute function, found the end",
            ),
            ("before insert execute f()", "expected `function`, found `f`"),
            (
                "before insert execute function f",
                "expected the arguments of the function in parentheses, found the end",
            ),
            (
                "before insert when a > 0 execute function f()",
                "expected a condition in parentheses, found `a`",
            ),
            (
                "before insert deferrable execute function f()",
                "only a constraint trigger can be deferrable",
            ),
            (
                "before insert or insert execute function f()",
                "an event is named twice",
            ),
            (
                "before insert execute function f() x",
                "expected nothing more, found `x`",
            ),
            (
                "before insert execute function f(); drop table t",
                "a semicolon has no place here",
            ),
            (
                "create trigger x before insert on t execute function f()",
                "expected a trigger without CREATE, name and table",
            ),
        ] {
            assert_eq!(trigger(text).unwrap_err().message, message, "{text}");
        }
    }
}
