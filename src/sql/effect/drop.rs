//! DROP.

use std::sync::Arc;

use crate::sql::cursor::Cursor;

use super::object::{Action, ObjectKind};
use super::{Analysis, target};

pub(super) fn drop(c: &mut Cursor<'_>, analysis: &mut Analysis) -> Option<()> {
    c.advance();
    if c.is_word("owned") {
        analysis.opaque = true;
        return None;
    }
    let kind = ObjectKind::take(c)?;
    let _ = kind == ObjectKind::Index && c.word("concurrently");
    let if_exists = c.word("if exists");
    let cascade = {
        let mut ahead = *c;
        ahead.skip_until(|c| c.is_word("cascade"));
        ahead.word("cascade") && ahead.is_end()
    };
    super::list(c, analysis, &Action::Drop { if_exists, cascade }, kind)
}

/// `[if exists] name [cascade]` of a column or constraint.
pub(super) fn drop_part(
    c: &mut Cursor<'_>,
    kind: ObjectKind,
    on: &Arc<crate::sql::name::Name>,
    analysis: &mut Analysis,
) -> Option<()> {
    let if_exists = c.word("if exists");
    let object = target::named(c, kind)?;
    let action = Action::Drop {
        if_exists,
        cascade: c.word("cascade"),
    };
    analysis.push_part(action, kind, object.name.name, on, object.span);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::effects;

    #[test]
    fn every_kind_of_object() {
        for (text, expected) in [
            (
                "drop table if exists s.t, u cascade",
                vec!["drop?! table s.t", "drop?! table u"],
            ),
            (
                "drop index concurrently if exists i restrict",
                vec!["drop? index i"],
            ),
            (
                "drop function f(int), s.g",
                vec!["drop function f(integer)", "drop function s.g"],
            ),
            ("drop procedure p()", vec!["drop procedure p()"]),
            ("drop aggregate a(*)", vec!["drop aggregate a()"]),
            (
                "drop trigger if exists g on s.t cascade",
                vec!["drop?! trigger g on s.t"],
            ),
            ("drop policy p on t", vec!["drop policy p on t"]),
            ("drop rule r on t", vec!["drop rule r on t"]),
            ("drop type mood", vec!["drop type mood"]),
            (
                "drop cast if exists (text as int)",
                vec!["drop? cast \"text AS integer\"(text, integer)"],
            ),
            (
                "drop operator s.=== (int, none)",
                vec!["drop operator s.\"===\"(integer, NONE)"],
            ),
            ("drop operator class c using btree", vec!["drop operator class c"]),
            (
                "drop user mapping if exists for u server s",
                vec!["drop? user mapping u on s"],
            ),
            ("drop materialized view v", vec!["drop materialized view v"]),
            (
                "drop extension pgcrypto cascade",
                vec!["drop! extension pgcrypto"],
            ),
            ("drop schema a, b", vec!["drop schema a", "drop schema b"]),
            ("drop user u", vec!["drop role u"]),
            ("drop owned by u", vec![]),
            ("drop", vec![]),
        ] {
            assert_eq!(effects(text), expected, "{text}");
        }
    }
}
