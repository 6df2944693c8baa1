//! What a statement does to the catalog, told from its text.
//!
//! Works on tokens, so that a statement newer than any parser still tells what it creates. What a statement needs
//! of others is told only where it comes for free: targets of foreign keys, parents, the table behind ON.

mod alter;
mod create;
mod drop;
mod elements;
mod object;
mod tag;
mod target;

use std::sync::Arc;

use crate::source::Span;

use super::cursor::Cursor;
use super::lex::TokenKind;
use super::name::Name;
use super::script::Reference;

pub use object::{Action, Effect, ObjectKind, ObjectRef};
pub(super) use tag::tag;

/// All that one statement's text tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Analysis {
    pub(super) effects: Vec<Effect>,
    pub(super) references: Vec<Reference>,
    pub(super) opaque: bool,
}

impl Analysis {
    fn push(&mut self, action: Action, object: ObjectRef) {
        self.effects.push(Effect { action, object });
    }

    /// An effect on a part of a relation: a column, a constraint, a trigger.
    fn push_part(&mut self, action: Action, kind: ObjectKind, name: String, on: &Arc<Name>, span: Span) {
        let object = ObjectRef {
            kind,
            name: Name::unqualified(name),
            on: Some(Arc::clone(on)),
            arguments: None,
            span,
        };
        self.push(action, object);
    }

    /// A relation that has to exist.
    fn reference(&mut self, c: &mut Cursor<'_>) -> Option<Name> {
        let start = *c;
        let name = c.name()?;
        self.references.push(Reference {
            name: name.clone(),
            span: c.since(&start),
        });
        Some(name)
    }
}

/// Reads what a statement does. A text that is no valid statement has the effects that could be read.
pub(super) fn analyse(cursor: Cursor<'_>) -> Analysis {
    let mut analysis = Analysis::default();
    let mut c = cursor;
    let first = c.peek_text().to_ascii_lowercase();
    // an early return means that no more could be read
    let _ = match first.as_str() {
        "create" => create::create(&mut c, &mut analysis),
        "alter" => alter::alter(&mut c, &mut analysis),
        "drop" => drop::drop(&mut c, &mut analysis),
        "comment" => comment(&mut c, &mut analysis),
        "grant" => privileges(&mut c, &mut analysis, Action::Grant),
        "revoke" => privileges(&mut c, &mut analysis, Action::Revoke),
        "refresh" => refresh(&mut c, &mut analysis),
        "select" | "with" | "values" | "table" | "(" => query(c, &mut analysis),
        "do" | "call" | "execute" | "import" | "reassign" => {
            analysis.opaque = true;
            None
        }
        "explain" => {
            analysis.opaque = has_word(cursor, "analyze") || has_word(cursor, "analyse");
            None
        }
        _ => None,
    };
    analysis
}

fn has_word(mut c: Cursor<'_>, word: &str) -> bool {
    while !c.is_end() && !c.is_word(word) {
        c.advance();
    }
    !c.is_end()
}

fn comment(c: &mut Cursor<'_>, analysis: &mut Analysis) -> Option<()> {
    if !c.word("comment on") {
        return None;
    }
    let kind = ObjectKind::take(c)?;
    analysis.push(Action::Comment, target::target(c, kind)?);
    Some(())
}

fn refresh(c: &mut Cursor<'_>, analysis: &mut Analysis) -> Option<()> {
    if !c.word("refresh materialized view") {
        return None;
    }
    let _ = c.word("concurrently");
    analysis.push(Action::Refresh, target::target(c, ObjectKind::MaterializedView)?);
    Some(())
}

/// GRANT and REVOKE, of privileges on objects and of roles.
fn privileges(c: &mut Cursor<'_>, analysis: &mut Analysis, action: Action) -> Option<()> {
    c.advance();
    let start = *c;
    c.skip_until(|c| c.is_word("on"));
    if !c.word("on") {
        let mut c = start;
        let _ = c.word("admin option for");
        loop {
            analysis.push(action.clone(), target::target(&mut c, ObjectKind::Role)?);
            if !c.punct(",") {
                return Some(());
            }
        }
    }
    if c.word("all") {
        // ALL TABLES IN SCHEMA: which ones, only the catalog knows
        analysis.opaque = true;
        c.advance();
        if !c.word("in schema") {
            return None;
        }
        return list(c, analysis, &action, ObjectKind::Schema);
    }
    if c.word("parameter") {
        return None;
    }
    let _ = c.is_word_at(1, "server") && c.word("foreign");
    let ahead = *c;
    let kind = match ObjectKind::take(c) {
        // a table may be called `type` or `role`: a kind has a name behind it
        Some(kind) if c.is_ident() && !c.is_word("to") && !c.is_word("from") => kind,
        _ => {
            *c = ahead;
            ObjectKind::Table
        }
    };
    list(c, analysis, &action, kind)
}

/// The same action on each object of a list.
fn list(c: &mut Cursor<'_>, analysis: &mut Analysis, action: &Action, kind: ObjectKind) -> Option<()> {
    loop {
        analysis.push(action.clone(), target::target(c, kind)?);
        if !c.punct(",") {
            return Some(());
        }
    }
}

/// Functions that a query may call without doing anything that lasts beyond rows and settings.
const HARMLESS: &[&str] = &[
    "abs",
    "array_agg",
    "array_length",
    "avg",
    "btrim",
    "ceil",
    "char_length",
    "coalesce",
    "concat",
    "count",
    "current_database",
    "current_setting",
    "currval",
    "date_trunc",
    "exists",
    "extract",
    "floor",
    "format",
    "gen_random_uuid",
    "generate_series",
    "greatest",
    "json_agg",
    "json_build_object",
    "jsonb_agg",
    "jsonb_build_object",
    "lag",
    "lastval",
    "lead",
    "least",
    "left",
    "length",
    "lower",
    "max",
    "md5",
    "min",
    "nextval",
    "now",
    "nullif",
    "pg_sleep",
    "quote_ident",
    "quote_literal",
    "random",
    "rank",
    "regexp_replace",
    "replace",
    "round",
    "row_number",
    "set_config",
    "setval",
    "string_agg",
    "substr",
    "substring",
    "sum",
    "to_char",
    "to_regclass",
    "trim",
    "unnest",
    "upper",
    "version",
];

/// SELECT INTO creates a table; a function may do anything.
fn query(cursor: Cursor<'_>, analysis: &mut Analysis) -> Option<()> {
    if tag(cursor).starts_with("SELECT") {
        analysis.opaque = calls_unknown(cursor);
    }
    let mut c = cursor;
    c.skip_until(|c| c.is_word("into") || c.is_word("from") || c.is_word("insert") || c.is_word("merge"));
    if !c.word("into") {
        return None;
    }
    let temporary = c
        .any_word(&["temporary", "temp", "local temporary", "local temp"])
        .is_some();
    let _ = c.word("unlogged");
    let _ = c.word("table");
    let object = target::named(&mut c, ObjectKind::Table)?;
    let action = Action::Create {
        if_not_exists: false,
        or_replace: false,
    };
    analysis.push(
        action,
        if temporary {
            target::temporary(object)
        } else {
            object
        },
    );
    Some(())
}

/// Whether anything is called that is not known to be harmless.
fn calls_unknown(mut c: Cursor<'_>) -> bool {
    while let Some(token) = c.advance() {
        if c.is_punct("(") && matches!(token.kind, TokenKind::Ident | TokenKind::QuotedIdent) {
            let word = token.text(c.text).to_ascii_lowercase();
            if HARMLESS.binary_search(&word.as_str()).is_err() && !super::keyword::needs_quotes(&word) {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::lex::significant;

    pub(super) fn effects(text: &str) -> Vec<String> {
        analyse(Cursor::new(text, &significant(text)))
            .effects
            .iter()
            .map(show)
            .collect()
    }

    /// `create table s.t`, `drop column a on t`, with the flags that are set.
    fn show(effect: &Effect) -> String {
        let action = match &effect.action {
            Action::Create {
                if_not_exists,
                or_replace,
            } => format!(
                "create{}{}",
                if *if_not_exists { "?" } else { "" },
                if *or_replace { "!" } else { "" }
            ),
            Action::Drop { if_exists, cascade } => {
                format!(
                    "drop{}{}",
                    if *if_exists { "?" } else { "" },
                    if *cascade { "!" } else { "" }
                )
            }
            Action::Rename { to } => format!("rename to {to}:"),
            Action::Move { schema } => format!("move to {schema}:"),
            Action::Attach { partition } => format!("attach {partition}:"),
            Action::Detach { partition } => format!("detach {partition}:"),
            other => format!("{other:?}").to_lowercase(),
        };
        let object = &effect.object;
        let arguments = object
            .arguments
            .as_ref()
            .map_or(String::new(), |types| format!("({})", types.join(", ")));
        let on = object.on.as_ref().map_or(String::new(), |on| format!(" on {on}"));
        format!("{action} {} {}{arguments}{on}", object.kind, object.name)
    }

    #[test]
    fn harmless_functions_are_sorted_for_the_binary_search() {
        assert!(HARMLESS.is_sorted());
    }

    #[test]
    fn comments_grants_and_the_rest() {
        for (text, expected) in [
            ("comment on table s.t is 'x'", vec!["comment table s.t"]),
            ("comment on column s.t.c is null", vec!["comment column c on s.t"]),
            ("comment on column t.c is ''", vec!["comment column c on t"]),
            (
                "comment on constraint c on t is ''",
                vec!["comment constraint c on t"],
            ),
            (
                "comment on constraint c on domain d is ''",
                vec!["comment constraint c on d"],
            ),
            (
                "comment on function f(int, out text) is ''",
                vec!["comment function f(integer)"],
            ),
            ("comment on policy p on t is ''", vec!["comment policy p on t"]),
            (
                "grant select, update (a, b) on t, s.u to x, y",
                vec!["grant table t", "grant table s.u"],
            ),
            (
                "grant execute on function f(int), g to x",
                vec!["grant function f(integer)", "grant function g"],
            ),
            (
                "grant usage on schema auth to x with grant option",
                vec!["grant schema auth"],
            ),
            (
                "revoke all on all tables in schema a, b from public",
                vec!["revoke schema a", "revoke schema b"],
            ),
            ("grant usage on foreign server s to x", vec!["grant server s"]),
            ("grant select on type to x", vec!["grant table type"]),
            ("grant usage on type mood to x", vec!["grant type mood"]),
            ("grant a, b to c", vec!["grant role a", "grant role b"]),
            ("revoke admin option for a from b", vec!["revoke role a"]),
            (
                "refresh materialized view concurrently s.v",
                vec!["refresh materialized view s.v"],
            ),
            ("select a, b into temp t from u", vec!["create table pg_temp.t"]),
            ("insert into t select 1", vec![]),
            ("with x as (select 1) insert into t select * from x", vec![]),
        ] {
            assert_eq!(effects(text), expected, "{text}");
        }
    }

    #[test]
    fn opaque_is_what_may_do_more_than_it_says() {
        let opaque = |text: &str| analyse(Cursor::new(text, &significant(text))).opaque;
        for text in [
            "do $$ begin end $$",
            "call p()",
            "execute x",
            "select create_hypertable('t', 'at')",
            "select s.f(x) from t",
            "grant select on all tables in schema s to r",
            "explain analyze select f()",
            "drop owned by r",
        ] {
            assert!(opaque(text), "{text}");
        }
        for text in [
            "select setval('s', max(id)) from t",
            "select * from t where a in (select 1)",
            "insert into t values (1)",
            "create table t (a int default f())",
            "select pg_catalog.set_config('search_path', '', false)",
            "values (1), (2)",
            "with a as (insert into t (x) values (1) returning x) update u set y = 1",
        ] {
            assert!(!opaque(text), "{text}");
        }
    }
}
