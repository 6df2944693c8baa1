//! ALTER.

use std::sync::Arc;

use crate::sql::cursor::Cursor;
use crate::sql::name::Name;

use super::object::{Action, ObjectKind};
use super::{Analysis, drop, elements, target};

const CREATE: Action = Action::Create {
    if_not_exists: false,
    or_replace: false,
};

pub(super) fn alter(c: &mut Cursor<'_>, analysis: &mut Analysis) -> Option<()> {
    c.advance();
    if c.is_word("default") || c.is_word("system") {
        return None;
    }
    let kind = ObjectKind::take(c)?;
    if c.word_ahead("all in tablespace") {
        analysis.opaque = true;
        return None;
    }
    let _ = c.word("if exists");
    let _ = c.word("only");
    let object = target::target(c, kind)?;
    let _ = c.punct("*");
    if c.word("set schema") {
        analysis.push(Action::Move { schema: c.ident()? }, object);
        return Some(());
    }
    if c.word("rename to") {
        analysis.push(Action::Rename { to: c.ident()? }, object);
        return Some(());
    }
    let on = Arc::new(object.name.clone());
    let attach = c.is_word("attach");
    if c.word("attach partition") || c.word("detach partition") {
        let partition = Box::new(analysis.reference(c)?);
        let action = if attach {
            Action::Attach { partition }
        } else {
            Action::Detach { partition }
        };
        analysis.push(action, object);
        return Some(());
    }
    analysis.push(Action::Alter, object);
    if !has_parts(kind) {
        return Some(());
    }
    if c.word("rename") {
        return rename(c, &on, analysis);
    }
    for mut action in c.split_commas() {
        // what one action does not tell is no reason to miss the next
        let _ = part(&mut action, &on, analysis);
    }
    Some(())
}

/// Whether its actions can be about columns, constraints, triggers or rules.
fn has_parts(kind: ObjectKind) -> bool {
    use ObjectKind::*;
    matches!(kind, Table | ForeignTable | View | MaterializedView | Domain)
}

/// RENAME [COLUMN] a TO b, RENAME CONSTRAINT a TO b.
fn rename(c: &mut Cursor<'_>, on: &Arc<Name>, analysis: &mut Analysis) -> Option<()> {
    let kind = match () {
        () if c.is_word("constraint") && !c.is_word_at(1, "to") && c.word("constraint") => {
            ObjectKind::Constraint
        }
        () => {
            let _ = !c.is_word_at(1, "to") && c.word("column");
            ObjectKind::Column
        }
    };
    let object = target::named(c, kind)?;
    if !c.word("to") {
        return None;
    }
    analysis.push_part(
        Action::Rename { to: c.ident()? },
        kind,
        object.name.name,
        on,
        object.span,
    );
    Some(())
}

/// One action of ALTER TABLE.
fn part(c: &mut Cursor<'_>, on: &Arc<Name>, analysis: &mut Analysis) -> Option<()> {
    use ObjectKind::{Column, Constraint, Rule, Trigger};
    let alter = |c: &mut Cursor<'_>, kind, analysis: &mut Analysis| {
        let object = target::named(c, kind)?;
        analysis.push_part(Action::Alter, kind, object.name.name, on, object.span);
        Some(())
    };
    match () {
        () if c.word("add") => {
            if elements::is_table_constraint(c) {
                return elements::element(c, &CREATE, on, analysis);
            }
            let _ = c.word("column");
            let if_not_exists = c.word("if not exists");
            let action = Action::Create {
                if_not_exists,
                or_replace: false,
            };
            elements::element(c, &action, on, analysis)
        }
        () if c.word("drop constraint") => drop::drop_part(c, Constraint, on, analysis),
        () if c.word_ahead("drop not null")
            || c.word_ahead("drop default")
            || c.word_ahead("drop expression") =>
        {
            None
        }
        () if c.word("drop") => {
            let _ = c.word("column");
            drop::drop_part(c, Column, on, analysis)
        }
        () if c.word("alter constraint") || c.word("validate constraint") => alter(c, Constraint, analysis),
        () if c.word("alter") => {
            let _ = c.word("column");
            alter(c, Column, analysis)
        }
        () if c.word("enable") || c.word("disable") => {
            let _ = c.word("always") || c.word("replica");
            match c.any_word(&["trigger", "rule"]) {
                // ALL and USER are no names
                Some("trigger") if !c.is_word("all") && !c.is_word("user") => alter(c, Trigger, analysis),
                Some("rule") => alter(c, Rule, analysis),
                _ => None,
            }
        }
        () if c.word("inherit") || c.word("no inherit") => analysis.reference(c).map(drop_value),
        () => None,
    }
}

fn drop_value<T>(_: T) {}

#[cfg(test)]
mod tests {
    use super::super::analyse;
    use super::super::tests::effects;
    use crate::sql::cursor::Cursor;
    use crate::sql::lex::significant;

    #[test]
    fn actions_of_alter_table() {
        for (text, expected) in [
            (
                "alter table if exists only s.t add column if not exists a int constraint c check (a > 0), \
                 add b numeric(1, 2), drop column if exists d cascade, alter column e set not null, alter f type text",
                vec![
                    "alter table s.t",
                    "create? column a on s.t",
                    "create? constraint c on s.t",
                    "create column b on s.t",
                    "drop?! column d on s.t",
                    "alter column e on s.t",
                    "alter column f on s.t",
                ],
            ),
            (
                "alter table t add constraint k foreign key (a) references u(x), add primary key (id), drop constraint if exists z, validate constraint v, alter constraint w deferrable",
                vec![
                    "alter table t",
                    "create constraint k on t",
                    "drop? constraint z on t",
                    "alter constraint v on t",
                    "alter constraint w on t",
                ],
            ),
            ("alter table t rename to u", vec!["rename to u: table t"]),
            (
                "alter table t rename column a to b",
                vec!["alter table t", "rename to b: column a on t"],
            ),
            (
                "alter table t rename a to b",
                vec!["alter table t", "rename to b: column a on t"],
            ),
            (
                "alter table t rename column to b",
                vec!["alter table t", "rename to b: column \"column\" on t"],
            ),
            (
                "alter table t rename constraint a to b",
                vec!["alter table t", "rename to b: constraint a on t"],
            ),
            ("alter table t set schema s", vec!["move to s: table t"]),
            (
                "alter table t attach partition s.p for values in (1)",
                vec!["attach s.p: table t"],
            ),
            (
                "alter table t detach partition p concurrently",
                vec!["detach p: table t"],
            ),
            (
                "alter table t enable row level security, force row level security",
                vec!["alter table t"],
            ),
            (
                "alter table t enable always trigger g, disable rule r, disable trigger all",
                vec!["alter table t", "alter trigger g on t", "alter rule r on t"],
            ),
            ("alter table t owner to bob", vec!["alter table t"]),
        ] {
            assert_eq!(effects(text), expected, "{text}");
        }
    }

    #[test]
    fn other_objects() {
        for (text, expected) in [
            (
                "alter type mood add value if not exists 'x'",
                vec!["alter type mood"],
            ),
            ("alter type mood rename value 'a' to 'b'", vec!["alter type mood"]),
            (
                "alter type s.mood rename to humour",
                vec!["rename to humour: type s.mood"],
            ),
            ("alter index i rename to j", vec!["rename to j: index i"]),
            ("alter index i attach partition j", vec!["attach j: index i"]),
            (
                "alter view v rename column a to b",
                vec!["alter view v", "rename to b: column a on v"],
            ),
            (
                "alter domain d add constraint c check (value > 0)",
                vec!["alter domain d", "create constraint c on d"],
            ),
            ("alter domain d drop not null", vec!["alter domain d"]),
            (
                "alter function f(int) owner to bob",
                vec!["alter function f(integer)"],
            ),
            (
                "alter function f(int) rename to g",
                vec!["rename to g: function f(integer)"],
            ),
            ("alter policy p on t using (true)", vec!["alter policy p on t"]),
            (
                "alter policy p on t rename to q",
                vec!["rename to q: policy p on t"],
            ),
            (
                "alter trigger g on t rename to h",
                vec!["rename to h: trigger g on t"],
            ),
            ("alter sequence q owned by t.a", vec!["alter sequence q"]),
            ("alter role r set search_path to a, b", vec!["alter role r"]),
            ("alter extension e add function f(int)", vec!["alter extension e"]),
            (
                "alter default privileges in schema s grant select on tables to r",
                vec![],
            ),
            ("alter system set work_mem = '1MB'", vec![]),
            (
                "alter operator === (int, int) set (restrict = f)",
                vec!["alter operator \"===\"(integer, integer)"],
            ),
        ] {
            assert_eq!(effects(text), expected, "{text}");
        }
    }

    #[test]
    fn relations_that_must_be_there() {
        let text = "alter table t add column a int references s.u, inherit p";
        let found = analyse(Cursor::new(text, &significant(text)));
        let names: Vec<String> = found.references.iter().map(|r| r.name.to_string()).collect();
        assert_eq!(names, ["s.u", "p"]);
    }
}
