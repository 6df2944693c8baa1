//! CREATE.

use std::sync::Arc;

use crate::sql::cursor::Cursor;
use crate::sql::lex::TokenKind;
use crate::sql::types;

use super::object::{Action, ObjectKind, ObjectRef};
use super::{Analysis, analyse, elements, tag, target};

pub(super) fn create(c: &mut Cursor<'_>, analysis: &mut Analysis) -> Option<()> {
    c.advance();
    let (mut or_replace, mut temporary) = (false, false);
    while let Some(modifier) = c.any_word(tag::MODIFIERS) {
        or_replace |= modifier == "or replace";
        temporary |= modifier.starts_with("temp");
    }
    let _ = c.is_word_at(1, "trigger") && c.word("constraint");
    let kind = ObjectKind::take(c)?;
    let _ = kind == ObjectKind::Index && c.word("concurrently");
    let if_not_exists = c.word("if not exists");
    let action = Action::Create {
        if_not_exists,
        or_replace,
    };
    let object = match kind {
        ObjectKind::Table | ObjectKind::ForeignTable => return table(c, kind, &action, temporary, analysis),
        ObjectKind::Schema => return schema(c, &action, analysis),
        ObjectKind::Index => index(c)?,
        ObjectKind::Trigger => {
            let mut object = target::named(c, kind)?;
            c.skip_until(|c| c.is_word("on"));
            let _ = c.word("on");
            object.on = Some(Arc::new(c.name()?));
            object
        }
        ObjectKind::Rule => {
            let mut object = target::named(c, kind)?;
            c.skip_until(|c| c.is_word("to"));
            let _ = c.word("to");
            object.on = Some(Arc::new(c.name()?));
            object
        }
        ObjectKind::Aggregate => aggregate(c)?,
        ObjectKind::Operator => operator(c)?,
        ObjectKind::Type => {
            let mut object = target::named(c, kind)?;
            if c.word("as enum") {
                object.kind = ObjectKind::Enum;
            }
            object
        }
        ObjectKind::Domain => {
            let object = target::named(c, kind)?;
            analysis.push(action.clone(), object.clone());
            let domain = Arc::new(object.name);
            while !c.is_end() {
                if c.word("constraint") {
                    let named = target::named(c, ObjectKind::Constraint)?;
                    let name = named.name.name;
                    analysis.push_part(action.clone(), ObjectKind::Constraint, name, &domain, named.span);
                } else {
                    c.skip_balanced();
                }
            }
            return Some(());
        }
        // without a name, the server makes one up
        ObjectKind::Statistics if c.is_word("on") || c.is_punct("(") => return None,
        _ => target::target(c, kind)?,
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

fn table(
    c: &mut Cursor<'_>,
    kind: ObjectKind,
    action: &Action,
    temporary: bool,
    analysis: &mut Analysis,
) -> Option<()> {
    let mut object = target::named(c, kind)?;
    if temporary {
        object = target::temporary(object);
    }
    let table = Arc::new(object.name.clone());
    let partition = c.word("partition of");
    if partition {
        object.on = Some(Arc::new(analysis.reference(c)?));
    }
    analysis.push(action.clone(), object);
    let _ = c.word("of") && c.name().is_some();
    if let Some(inner) = c.group() {
        // columns of a partition, and those before AS, are there by other means
        let own = !partition && !is_query_next(c);
        if own {
            elements::elements(inner, action, &table, analysis);
        }
    }
    c.skip_until(|c| c.is_word("inherits") || c.is_word("as"));
    if c.word("inherits")
        && let Some(parents) = c.group()
    {
        for mut parent in parents.split_commas() {
            analysis.reference(&mut parent)?;
        }
    }
    Some(())
}

/// Whether CREATE TABLE … AS follows, whose column list names what the query gives.
fn is_query_next(c: &Cursor<'_>) -> bool {
    let mut ahead = *c;
    ahead.skip_until(|c| c.is_word("as"));
    !ahead.is_end()
}

fn schema(c: &mut Cursor<'_>, action: &Action, analysis: &mut Analysis) -> Option<()> {
    let mut object = None;
    if !c.is_word("authorization") {
        object = Some(target::named(c, ObjectKind::Schema)?);
    }
    if c.word("authorization") {
        // without a name, the schema is called as its owner
        let owner = target::named(c, ObjectKind::Schema)?;
        object = object.or(Some(owner));
    }
    let object = object?;
    let schema = object.name.name.clone();
    analysis.push(action.clone(), object);
    // what it is created with: unqualified names are in it
    while !c.is_end() {
        let start = *c;
        c.advance();
        c.skip_until(|c| c.is_word("create") || c.is_word("grant"));
        let mut inner = analyse(start.up_to(c));
        for effect in &mut inner.effects {
            let (kind, object) = (effect.object.kind, &mut effect.object);
            match &mut object.on {
                Some(on) => *on = Arc::new(on.or_in(&schema)),
                None if kind != ObjectKind::Schema => object.name = object.name.or_in(&schema),
                None => {}
            }
        }
        analysis.effects.append(&mut inner.effects);
        analysis.references.append(&mut inner.references);
        analysis.opaque |= inner.opaque;
    }
    Some(())
}

fn index(c: &mut Cursor<'_>) -> Option<ObjectRef> {
    // without a name, the server makes one up
    if c.is_word("on") {
        return None;
    }
    let mut object = target::named(c, ObjectKind::Index)?;
    if !c.word("on") {
        return None;
    }
    let _ = c.word("only");
    let on = c.name()?;
    // an index is always in the schema of its table
    object.name.schema = object.name.schema.or_else(|| on.schema.clone());
    object.on = Some(Arc::new(on));
    Some(object)
}

/// `agg(int) (sfunc = …)`, and the old `agg (basetype = int, …)`.
fn aggregate(c: &mut Cursor<'_>) -> Option<ObjectRef> {
    let mut object = target::named(c, ObjectKind::Aggregate)?;
    let inner = c.group()?;
    object.arguments = if c.is_punct("(") {
        target::arguments(inner)
    } else {
        definition(inner, "basetype").map(|base| if base == "ANY" { vec![] } else { vec![base] })
    };
    Some(object)
}

fn operator(c: &mut Cursor<'_>) -> Option<ObjectRef> {
    let mut object = target::operator(c)?;
    if object.arguments.is_none()
        && let Some(inner) = c.group()
    {
        let side = |name| definition(inner, name).unwrap_or_else(|| "NONE".to_owned());
        object.arguments = Some(vec![side("leftarg"), side("rightarg")]);
    }
    Some(object)
}

/// The type that a definition list `(name = type, …)` gives.
fn definition(inner: Cursor<'_>, name: &str) -> Option<String> {
    inner.split_commas().into_iter().find_map(|mut part| {
        if !part.word(name) || !part.punct("=") {
            return None;
        }
        match part.peek()?.kind {
            TokenKind::String => Some(part.peek_text().trim_matches('\'').to_ascii_uppercase()),
            _ => types::type_name(&mut part).ok().map(|parsed| parsed.unmodified),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::tests::effects;
    use super::super::{Analysis, analyse};
    use crate::sql::cursor::Cursor;
    use crate::sql::lex::significant;

    fn analysis(text: &str) -> Analysis {
        analyse(Cursor::new(text, &significant(text)))
    }

    #[test]
    fn tables_with_their_columns_and_constraints() {
        let text = "create table if not exists s.t (
            id uuid primary key default f(1, 2),
            org_id uuid not null references organization(id) on delete cascade,
            \"Odd\" text constraint named check (\"Odd\" <> ''),
            amount numeric(10, 2),
            constraint t_key unique (org_id, id),
            foreign key (a, b) references s.other (x, y),
            check (amount > 0),
            like base including all
        ) inherits (p, q.r) partition by range (id)";
        assert_eq!(
            effects(text),
            [
                "create? table s.t",
                "create? column id on s.t",
                "create? column org_id on s.t",
                "create? column \"Odd\" on s.t",
                "create? constraint named on s.t",
                "create? column amount on s.t",
                "create? constraint t_key on s.t",
            ]
        );
        let references: Vec<String> = analysis(text)
            .references
            .iter()
            .map(|r| r.name.to_string())
            .collect();
        assert_eq!(references, ["organization", "s.other", "base", "p", "q.r"]);
    }

    #[test]
    fn spans_are_those_of_the_names() {
        let text = "create table s.t (a int)";
        let spans: Vec<&str> = analysis(text)
            .effects
            .iter()
            .map(|e| &text[e.object.span.start..e.object.span.end])
            .collect();
        assert_eq!(spans, ["s.t", "a"]);
    }

    #[test]
    fn every_kind_of_object() {
        for (text, expected) in [
            (
                "create schema if not exists auth authorization bob",
                vec!["create? schema auth"],
            ),
            ("create schema authorization bob", vec!["create schema bob"]),
            (
                "create schema s create table t (a int) create view v as select 1",
                vec![
                    "create schema s",
                    "create table s.t",
                    "create column a on s.t",
                    "create view s.v",
                ],
            ),
            (
                "create temp table t (a int)",
                vec!["create table pg_temp.t", "create column a on pg_temp.t"],
            ),
            ("create unlogged table t ()", vec!["create table t"]),
            (
                "create table s.t (a int generated always as identity (start 3 sequence name odd cycle) primary key, b int \
                 generated by default as identity)",
                vec![
                    "create table s.t",
                    "create column a on s.t",
                    "create sequence s.odd",
                    "create column b on s.t",
                ],
            ),
            ("create table t as select 1", vec!["create table t"]),
            ("create table t (a, b) as select 1, 2", vec!["create table t"]),
            (
                "create table p partition of s.t for values from (1) to (2)",
                vec!["create table p on s.t"],
            ),
            (
                "create table p partition of t (constraint c check (a > 0)) default",
                vec!["create table p on t"],
            ),
            (
                "create foreign table f (a int) server s",
                vec!["create foreign table f", "create column a on f"],
            ),
            ("create or replace view s.v as select 1", vec!["create! view s.v"]),
            ("create recursive view v (n) as values (1)", vec!["create view v"]),
            (
                "create materialized view if not exists v as select 1",
                vec!["create? materialized view v"],
            ),
            (
                "create unique index concurrently if not exists i on only s.t (a)",
                vec!["create? index s.i on s.t"],
            ),
            ("create index on t (a)", vec![]),
            ("create sequence s.q", vec!["create sequence s.q"]),
            ("create type mood as enum ('a')", vec!["create enum mood"]),
            ("create type pair as (a int, b int)", vec!["create type pair"]),
            (
                "create domain d as text constraint c check (value <> '')",
                vec!["create domain d", "create constraint c on d"],
            ),
            (
                "create or replace function s.f(a int, out b text, variadic c text[] default '{}') returns text as $$ $$ language sql",
                vec!["create! function s.f(integer, text[])"],
            ),
            (
                "create procedure p() language sql as ''",
                vec!["create procedure p()"],
            ),
            (
                "create aggregate a (int, text) (sfunc = f, stype = int)",
                vec!["create aggregate a(integer, text)"],
            ),
            (
                "create aggregate a (*) (sfunc = f, stype = int)",
                vec!["create aggregate a()"],
            ),
            (
                "create aggregate a (basetype = int4, sfunc = f, stype = int)",
                vec!["create aggregate a(integer)"],
            ),
            (
                "create constraint trigger g after insert on s.t execute function f()",
                vec!["create trigger g on s.t"],
            ),
            (
                "create or replace trigger g before update of a, b on t execute function f()",
                vec!["create! trigger g on t"],
            ),
            (
                "create policy p on s.t for select using (true)",
                vec!["create policy p on s.t"],
            ),
            (
                "create rule r as on insert to s.t do instead nothing",
                vec!["create rule r on s.t"],
            ),
            (
                "create extension if not exists \"uuid-ossp\" with schema x",
                vec!["create? extension \"uuid-ossp\""],
            ),
            ("create role r", vec!["create role r"]),
            ("create user u", vec!["create role u"]),
            (
                "create operator s.=== (leftarg = int, rightarg = text, function = f)",
                vec!["create operator s.\"===\"(integer, text)"],
            ),
            (
                "create operator class c default for type int using btree as operator 1 <",
                vec!["create operator class c"],
            ),
            (
                "create cast (text as int4) with inout",
                vec!["create cast \"text AS integer\"(text, integer)"],
            ),
            ("create publication p for table t", vec!["create publication p"]),
            (
                "create subscription p connection '' publication q",
                vec!["create subscription p"],
            ),
            (
                "create statistics if not exists s.x on a, b from t",
                vec!["create? statistics s.x"],
            ),
            ("create statistics on a, b from t", vec![]),
            ("create server s foreign data wrapper w", vec!["create server s"]),
            (
                "create foreign data wrapper w",
                vec!["create foreign data wrapper w"],
            ),
            (
                "create user mapping if not exists for u server s",
                vec!["create? user mapping u on s"],
            ),
            (
                "create event trigger e on ddl_command_end execute function f()",
                vec!["create event trigger e"],
            ),
            (
                "create trusted procedural language plperl",
                vec!["create language plperl"],
            ),
            ("create collation c from \"C\"", vec!["create collation c"]),
            (
                "create text search configuration s.c (copy = english)",
                vec!["create text search configuration s.c"],
            ),
            (
                "create access method m type index handler h",
                vec!["create access method m"],
            ),
            (
                "create transform for int language l (from sql with function f(internal))",
                vec!["create transform \"integer\" on l"],
            ),
        ] {
            assert_eq!(effects(text), expected, "{text}");
        }
    }
}
