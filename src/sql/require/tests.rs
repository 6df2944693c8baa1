use crate::source::SourceFile;
use crate::sql::Script;

use super::{Need, needs};

fn show(need: &Need) -> String {
    match need {
        Need::Schema(name) => format!("schema {name}"),
        Need::Relation(name) => format!("relation {name}"),
        Need::Index(name) => format!("index {name}"),
        Need::Column { name, of } => {
            let of: Vec<String> = of.iter().map(ToString::to_string).collect();
            format!("column {name} of {}", of.join("|"))
        }
        Need::Part { kind, name, on } => format!("{kind} {name} on {on}"),
        Need::Type(name) => format!("type {name}"),
        Need::Function { name, arguments } => match arguments {
            Some(count) => format!("function {name}/{count}"),
            None => format!("function {name}"),
        },
        Need::Role(name) => format!("role {name}"),
        Need::Extension(name) => format!("extension {name}"),
        Need::Available(name) => format!("available {name}"),
        Need::Language(name) => format!("language {name}"),
        Need::Tablespace(name) => format!("tablespace {name}"),
    }
}

fn found(text: &str) -> Vec<String> {
    let script = Script::parse(&SourceFile::new("a.sql", text));
    let mut all = Vec::new();
    for statement in &script.statements {
        for requirement in needs(&script, statement).requirements {
            let shown = show(&requirement.need);
            assert!(
                !script.file.slice(requirement.span).is_empty(),
                "{shown} in {text}"
            );
            if !all.contains(&shown) {
                all.push(shown);
            }
        }
    }
    all
}

#[test]
fn every_statement_names_what_it_needs() {
    for (text, expected) in [
        (
            "create table s.t (id uuid default gen(1), org uuid references organization (id), k s.kind not null, \
             check (org is not null and f(k) > 0), like base, primary key (id)) inherits (p) tablespace fast",
            vec![
                "schema s",
                "function gen/1",
                "relation organization",
                "column id of organization",
                "type s.kind",
                "column org of s.t",
                "function f/1",
                "column k of s.t",
                "relation base",
                "column id of s.t",
                "relation p",
                "tablespace fast",
            ],
        ),
        (
            "create policy p on t for select to app, public using (exists (select 1 from auth.u x where x.id = auth.uid() \
             and x.org = t.org))",
            vec![
                "relation t",
                "role app",
                "relation auth.u",
                "column id of auth.u",
                "function auth.uid/0",
                "column org of auth.u",
                "column org of t",
            ],
        ),
        (
            "create index i on t using gin (lower(a) text_ops desc, b) include (c) where d is null",
            vec![
                "relation t",
                "function lower/1",
                "column a of t",
                "column b of t",
                "column c of t",
                "column d of t",
            ],
        ),
        (
            "create trigger g before update of a on t for each row when (old.b is distinct from new.c) execute function \
             s.f('x')",
            vec![
                "relation t",
                "column a of t",
                "column b of t",
                "column c of t",
                "function s.f/0",
            ],
        ),
        (
            "with x as (select a from t) insert into u (b, c) select x.a, y.d as z from x join v y on y.e = x.a \
             where y.f > 0 order by z on conflict (b) do update set c = excluded.c returning b",
            vec![
                "relation t",
                "column a of t",
                "relation u",
                "column b of u",
                "column c of u",
                "relation v",
                "column e of v",
                "column d of v",
                "column f of v",
            ],
        ),
        (
            "update only t a set b = c.d, (e, f) = (1, 2) from c where a.g = c.h",
            vec![
                "relation t",
                "relation c",
                "column b of t",
                "column d of c",
                "column e of t",
                "column f of t",
                "column g of t",
                "column h of c",
            ],
        ),
        (
            "delete from t using u where t.a = u.b and c = extract(year from now())",
            vec![
                "relation t",
                "relation u",
                "column a of t",
                "column b of u",
                "column c of t|u",
                "function now/0",
            ],
        ),
        (
            "create or replace function s.f(a s.kind, b int default 1, out c text) returns setof u language sql as \
             $$ select v.x, a from v where y = b $$",
            vec![
                "schema s",
                "type s.kind",
                "type u",
                "language sql",
                "relation v",
                "column x of v",
                "column y of v",
            ],
        ),
        (
            "create view v as select a.b::s.kind, count(*) filter (where a.c) from a left join lateral g(a.d) as h (i) \
             on true group by 1 union select cast(j as m), 1 from k",
            vec![
                "relation a",
                "function g/1",
                "column d of a",
                "column b of a",
                "type s.kind",
                "function count/0",
                "column c of a",
                "relation k",
                "column j of k",
                "type m",
            ],
        ),
        (
            "grant select (a) on t, s.u to x, y; grant usage on schema s to x; grant execute on function f(int) to x; \
             grant a to b",
            vec![
                "relation t",
                "relation s.u",
                "role x",
                "role y",
                "schema s",
                "function f",
                "role a",
                "role b",
            ],
        ),
        (
            "alter table t owner to x, add column a b references c, alter column d type e using d::e, drop column f, \
             drop constraint g",
            vec![
                "relation t",
                "role x",
                "type b",
                "relation c",
                "column d of t",
                "type e",
                "column f of t",
                "constraint g on t",
            ],
        ),
        (
            "alter table if exists t rename a to b; drop table if exists t; drop table u, v; drop policy p on t",
            vec![
                "column a of t",
                "relation u",
                "relation v",
                "relation t",
                "policy p on t",
            ],
        ),
        (
            "comment on column s.t.a is ''; comment on constraint c on t is ''; create extension pgcrypto schema x",
            vec![
                "relation s.t",
                "column a of s.t",
                "relation t",
                "constraint c on t",
                "available pgcrypto",
                "schema x",
            ],
        ),
        (
            "alter table t add foreign key (a) references u on delete set null (a), add unique using index i",
            vec!["relation t", "column a of t", "relation u", "index i"],
        ),
        (
            "create table p partition of s.t for values from (1) to (2)",
            vec!["relation s.t"],
        ),
        (
            "select nextval('s.q'), 'r'::regclass, setval('x', max(id)) from t",
            vec![
                "relation t",
                "relation s.q",
                "function nextval/1",
                "relation r",
                "relation x",
                "function setval/2",
                "function max/1",
                "column id of t",
            ],
        ),
        ("do $$ begin create table x (); end $$", vec![]),
        (
            "create temp table x as select 1 as a; select a from (select 2 as a) b",
            vec!["relation x"],
        ),
    ] {
        let mut got = found(text);
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        if text.starts_with("create temp") {
            expected.clear();
        }
        got.sort();
        expected.sort();
        assert_eq!(got, expected, "{text}");
    }
}

#[test]
fn what_cannot_be_seen_through_is_remembered_by_its_words() {
    let script = Script::parse(&SourceFile::new(
        "a.sql",
        "do $$ begin execute format('create role %I', 'app'); end $$; select make('t');",
    ));
    let first = needs(&script, &script.statements[0]);
    assert!(first.mentions.contains("app"));
    let second = needs(&script, &script.statements[1]);
    assert!(second.calls.contains("make") && second.mentions.contains("t"));
}

proptest::proptest! {
    #[test]
    fn no_text_is_too_strange(text in "[a-z '\"$().,:;=+*]{0,80}", head in "(create table |alter table |select |grant |create policy p on |insert into )") {
        let script = Script::parse(&SourceFile::new("a.sql", format!("{head}{text}")));
        for statement in &script.statements {
            let _ = needs(&script, statement);
        }
    }
}
