//! Foreign keys: `organization(id) on delete cascade`.

use crate::source::Span;
use crate::sql::cursor::Cursor;
use crate::sql::error::{FragmentError, unknown};
use crate::sql::name::Name;

use super::{name, parenthesized_columns, tokens, word};

/// What a foreign key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignKey {
    /// `None` in the short form, where the key of the check file names the column.
    pub columns: Option<Vec<String>>,
    pub target: Name,
    pub target_span: Span,
    /// `None` means the target's primary key.
    pub target_columns: Option<Vec<String>>,
    pub on_delete: ReferentialAction,
    pub on_update: ReferentialAction,
    pub match_type: MatchType,
    pub deferral: Deferral,
    pub not_valid: bool,
}

impl ForeignKey {
    pub fn deferrable(&self) -> bool {
        self.deferral != Deferral::NotDeferrable
    }

    pub fn initially_deferred(&self) -> bool {
        self.deferral == Deferral::InitiallyDeferred
    }
}

/// What happens to the referencing rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum ReferentialAction {
    #[default]
    NoAction,
    Restrict,
    Cascade,
    /// With columns, only these are set (from PostgreSQL 15 on).
    SetNull(Vec<String>),
    SetDefault(Vec<String>),
}

/// How rows with some nulls are judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MatchType {
    #[default]
    Simple,
    Full,
    Partial,
}

/// When a constraint is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Deferral {
    #[default]
    NotDeferrable,
    InitiallyImmediate,
    InitiallyDeferred,
}

/// Parses a foreign key: the short form `target(id) on delete …`, or the long one of `pg_get_constraintdef`,
/// `[foreign key] (a, b) references target(x, y) …`.
///
/// # Errors
/// Says what was expected where.
pub fn foreign_key(text: &str) -> Result<ForeignKey, FragmentError> {
    let tokens = tokens(text, "a foreign key: `table(column)`")?;
    let mut c = Cursor::new(text, &tokens);
    let mut columns = None;
    if c.word("foreign key") || c.is_punct("(") {
        columns = Some(parenthesized_columns(&mut c)?);
        word(&mut c, "references")?;
    } else {
        let _ = c.word("references");
    }
    let start = c;
    let target = name(&mut c, "the table that is referenced")?;
    let target_span = c.since(&start);
    let target_columns = if c.is_punct("(") {
        Some(parenthesized_columns(&mut c)?)
    } else {
        None
    };
    if let (Some(own), Some(theirs)) = (&columns, &target_columns)
        && own.len() != theirs.len()
    {
        return Err(FragmentError::new(
            format!(
                "{} referencing columns for {} referenced ones",
                own.len(),
                theirs.len()
            ),
            c.since(&start),
        ));
    }
    let mut key = ForeignKey {
        columns,
        target,
        target_span,
        target_columns,
        on_delete: ReferentialAction::NoAction,
        on_update: ReferentialAction::NoAction,
        match_type: MatchType::Simple,
        deferral: Deferral::NotDeferrable,
        not_valid: false,
    };
    while !c.is_end() {
        match () {
            () if c.word("on delete") => key.on_delete = action(&mut c)?,
            () if c.word("on update") => key.on_update = action(&mut c)?,
            () if c.word("match") => {
                key.match_type = match c.any_word(&["simple", "full", "partial"]) {
                    Some("full") => MatchType::Full,
                    Some("partial") => MatchType::Partial,
                    Some(_) => MatchType::Simple,
                    None => return Err(c.expected("`full` or `simple`")),
                }
            }
            () if c.word("not valid") => key.not_valid = true,
            () => match deferral(&mut c) {
                Some(deferral) => key.deferral = deferral,
                None => {
                    return Err(
                        match crate::sql::error::suggestion(c.peek_text(), &["deferrable", "initially"]) {
                            Some(meant) => unknown("clause", c.peek_text(), c.here(), &[meant]),
                            None => c.expected("on delete, on update, match, deferrable or not valid"),
                        },
                    );
                }
            },
        }
    }
    Ok(key)
}

fn action(c: &mut Cursor<'_>) -> Result<ReferentialAction, FragmentError> {
    use ReferentialAction::*;
    let some_columns = |c: &mut Cursor<'_>| {
        if c.is_punct("(") {
            parenthesized_columns(c)
        } else {
            Ok(Vec::new())
        }
    };
    Ok(match () {
        () if c.word("no action") => NoAction,
        () if c.word("restrict") => Restrict,
        () if c.word("cascade") => Cascade,
        () if c.word("set null") => SetNull(some_columns(c)?),
        () if c.word("set default") => SetDefault(some_columns(c)?),
        () => {
            let options = ["no action", "restrict", "cascade", "set null", "set default"];
            return Err(match c.is_end() || c.is_word("set") || c.is_word("no") {
                true => c.expected("no action, restrict, cascade, set null or set default"),
                false => unknown("action", c.peek_text(), c.here(), &options),
            });
        }
    })
}

/// `[not] deferrable [initially deferred|immediate]`
pub(super) fn deferral(c: &mut Cursor<'_>) -> Option<Deferral> {
    let timing = |c: &mut Cursor<'_>| match () {
        () if c.word("initially deferred") => Some(Deferral::InitiallyDeferred),
        () if c.word("initially immediate") => Some(Deferral::InitiallyImmediate),
        () => None,
    };
    if c.word("not deferrable") {
        let _ = c.word("initially immediate");
        return Some(Deferral::NotDeferrable);
    }
    if c.word("deferrable") {
        return Some(timing(c).unwrap_or(Deferral::InitiallyImmediate));
    }
    match timing(c) {
        // INITIALLY IMMEDIATE alone is the default and makes nothing deferrable
        Some(Deferral::InitiallyImmediate) => Some(if c.word("deferrable") {
            Deferral::InitiallyImmediate
        } else {
            Deferral::NotDeferrable
        }),
        deferred => {
            let _ = deferred.is_some() && c.word("deferrable");
            deferred
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_form() {
        let found = foreign_key("auth.users_extended(id) on delete set null").unwrap();
        assert_eq!(found.columns, None);
        assert_eq!(found.target, Name::qualified("auth", "users_extended"));
        assert_eq!(found.target_columns, Some(vec!["id".to_owned()]));
        assert_eq!(found.on_delete, ReferentialAction::SetNull(vec![]));
        assert_eq!(found.on_update, ReferentialAction::NoAction);
    }

    #[test]
    fn the_long_form() {
        let found = foreign_key(
            "FOREIGN KEY (a, b) REFERENCES t(x, y) MATCH FULL ON UPDATE CASCADE ON DELETE SET DEFAULT (b) \
             DEFERRABLE INITIALLY DEFERRED NOT VALID",
        )
        .unwrap();
        assert_eq!(found.columns, Some(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(found.match_type, MatchType::Full);
        assert_eq!(found.on_update, ReferentialAction::Cascade);
        assert_eq!(
            found.on_delete,
            ReferentialAction::SetDefault(vec!["b".to_owned()])
        );
        assert!(found.deferrable() && found.initially_deferred() && found.not_valid);
        assert!(!foreign_key("t").unwrap().deferrable());
        assert!(foreign_key("t deferrable").unwrap().deferrable());
    }

    #[test]
    fn mistakes_say_what_was_expected() {
        for (text, message) in [
            ("", "expected a foreign key: `table(column)`, found nothing"),
            (
                "t(id) on delete casade",
                "unknown action \"casade\": did you mean \"cascade\"?",
            ),
            ("(a) t(id)", "expected `references`, found `t`"),
            (
                "(a, b) references t(id)",
                "2 referencing columns for 1 referenced ones",
            ),
            (
                "t(id) foo",
                "expected on delete, on update, match, deferrable or not valid, found `foo`",
            ),
            ("t(id,)", "expected a column, found the end"),
            ("t(id);", "a semicolon has no place here"),
        ] {
            assert_eq!(foreign_key(text).unwrap_err().message, message, "{text}");
        }
    }
}
