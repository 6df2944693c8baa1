//! What the tests of this module share: a catalog written by hand, and suites written on the spot.

use std::sync::Arc;

use crate::catalog::{Catalog, Kind, Object, ObjectId, Value};
use crate::source::SourceFile;

use super::question::{Answer, Answers, Question};
use super::{Claimed, Evaluation, Evaluator, Suite, Verdict, evaluate, parse};

/// Asserts that the schema that ships under `docs/schema` is this one; `PGPLUMB_UPDATE_SCHEMA` writes it.
pub(crate) fn is_shipped(name: &str, schema: &serde_json::Value) {
    let path = format!("{}/docs/schema/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = serde_json::to_string_pretty(schema).expect("a schema is JSON") + "\n";
    if std::env::var_os("PGPLUMB_UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, &text).expect("the schema can be written");
    }
    assert!(
        std::fs::read_to_string(&path).unwrap_or_default() == text,
        "docs/schema/{name} is not what the types say; write it with PGPLUMB_UPDATE_SCHEMA=1 cargo test"
    );
}

/// A suite of that text.
pub(crate) fn suite(id: &str, text: &str) -> Suite {
    match parse(&SourceFile::new(format!("checks/{id}.toml"), text), id, None) {
        Ok(suite) => suite,
        Err(diagnostics) => {
            let rendered: String = diagnostics.iter().map(crate::diagnostic::render).collect();
            panic!("{rendered}");
        }
    }
}

/// What is wrong with a suite, one line each: `line:column message (help)`.
pub(crate) fn complaints(text: &str) -> Vec<String> {
    let file = SourceFile::new("checks/x.toml", text);
    let Err(diagnostics) = parse(&file, "x", None) else {
        return Vec::new();
    };
    diagnostics
        .into_iter()
        .map(|diagnostic| {
            let location = diagnostic.location().unwrap();
            let help = diagnostic.help.map_or(String::new(), |help| format!(" ({help})"));
            format!(
                "{}:{} {}{help}",
                location.line, location.column, diagnostic.message
            )
        })
        .collect()
}

/// Judges with a server that answers as `oracle` says.
pub(crate) fn settle(
    suites: &[&Suite],
    catalog: &Catalog,
    oracle: impl Fn(&Question) -> Answer,
) -> Vec<Verdict> {
    let mut answers = Answers::new();
    let claimed = Claimed::by(suites);
    let mut evaluator = Evaluator::new(&claimed, |_| true, catalog, &answers);
    for _ in 0..5 {
        let Evaluation { verdicts, questions } = evaluate(suites, catalog, &answers);
        // what goes on comes to the same as what begins with all answers
        assert_eq!(evaluator.questions(), questions);
        if questions.is_empty() {
            assert_eq!(evaluator.into_verdicts(), verdicts);
            return verdicts;
        }
        for question in questions {
            let answer = oracle(&question);
            assert!(answers.insert(question, answer).is_none(), "asked twice");
        }
        evaluator.resume(&answers);
    }
    panic!("the questions never end");
}

/// A server that knows no two texts for one thing.
pub(crate) fn literal(question: &Question) -> Answer {
    match question {
        Question::Same { expected, actual, .. } => Answer::Differs {
            expected: expected.clone(),
            actual: actual.clone(),
        },
        Question::Rows { .. } => Answer::Rows(vec![vec![Some("0".to_string())]]),
        Question::Probe(_) | Question::Isolation(_) => Answer::NotRun {
            reason: "not asked".to_string(),
        },
        Question::Audit => Answer::Audit(Arc::default()),
    }
}

/// The verdict of that id.
pub(crate) fn one<'v>(verdicts: &'v [Verdict], id: &str) -> &'v Verdict {
    verdicts
        .iter()
        .find(|verdict| verdict.id == id)
        .unwrap_or_else(|| {
            panic!(
                "no verdict {id} among {:#?}",
                verdicts.iter().map(|v| &v.id).collect::<Vec<_>>()
            )
        })
}

/// The ids and messages of what did not pass.
pub(crate) fn troubles(verdicts: &[Verdict]) -> Vec<String> {
    verdicts
        .iter()
        .filter(|verdict| verdict.status != super::Status::Pass)
        .map(|verdict| format!("{} {}: {}", verdict.status.as_str(), verdict.id, verdict.message))
        .collect()
}

/// An object with its properties: `name=value` texts whose types are those of the kind.
pub(crate) fn object(id: ObjectId, properties: &[(&'static str, &str)]) -> Object {
    use crate::catalog::PropertyType::*;
    let mut object = Object::new(id);
    for (name, text) in properties {
        let property = object
            .id
            .kind
            .property(name)
            .unwrap_or_else(|| panic!("no {name}"));
        let items = || text.split('|').map(str::to_string).collect::<Vec<_>>();
        let value = match property.kind {
            Bool => Value::Bool(*text == "t"),
            Int => Value::Int(text.parse().unwrap()),
            Text | Expression(_) => Value::Text(text.to_string()),
            List | Set | Expressions(_) => Value::List(items()),
        };
        object.properties.insert(property.name, value);
    }
    object
}

/// Something on `public.t`.
pub(crate) fn on_t(kind: Kind, name: &str, properties: &[(&'static str, &str)]) -> Object {
    object(ObjectId::on(kind, "public", "t", name), properties)
}

/// One of every kind, as the server prints it.
pub(crate) fn sample() -> Catalog {
    let mut catalog = Catalog::default();
    catalog.read_at = Some("2025-11-06T09:59:18Z".to_string());
    let new = |kind, name: &str| ObjectId::new(kind, "public", name);
    let bare = |kind, name: &str| ObjectId::new(kind, "", name);
    for object in [
        object(
            bare(Kind::Role, "app"),
            &[
                ("login", "f"),
                ("superuser", "f"),
                ("createdb", "f"),
                ("createrole", "f"),
                ("inherit", "t"),
                ("replication", "f"),
                ("bypass_row_security", "f"),
                ("member_of", "readers"),
            ],
        ),
        object(
            bare(Kind::Schema, "auth"),
            &[("owner", "boss"), ("comment", "who")],
        ),
        object(
            bare(Kind::Extension, "pgcrypto"),
            &[("version", "1.3"), ("in_schema", "public"), ("comment", "crypt")],
        ),
        object(
            new(Kind::Enum, "mood"),
            &[
                ("labels", "sad|ok|happy"),
                ("privileges", "usage to public"),
                ("owner", "boss"),
                ("comment", "feelings"),
            ],
        ),
        object(
            new(Kind::Sequence, "numbers"),
            &[
                ("type", "bigint"),
                ("start", "1"),
                ("increment", "1"),
                ("minimum", "1"),
                ("maximum", "1000"),
                ("cache", "1"),
                ("cycle", "f"),
                ("owned_by", "public.t.id"),
                ("owner", "boss"),
                ("comment", "many"),
            ],
        ),
        object(
            new(Kind::Table, "t"),
            &[
                ("type", "table"),
                ("persistence", "permanent"),
                ("row_security", "t"),
                ("force_row_security", "f"),
                ("default_tablespace", "pg_default"),
                ("owner", "boss"),
                ("comment", "a table"),
            ],
        ),
        on_t(
            Kind::Column,
            "id",
            &[
                ("position", "1"),
                ("type", "uuid"),
                ("not_null", "t"),
                ("default", "gen_random_uuid()"),
            ],
        ),
        on_t(
            Kind::Column,
            "org_id",
            &[
                ("position", "2"),
                ("type", "uuid"),
                ("not_null", "t"),
                ("comment", "whose"),
            ],
        ),
        on_t(
            Kind::Column,
            "name",
            &[
                ("position", "3"),
                ("type", "character varying(255)"),
                ("not_null", "f"),
                ("collation", "\"C\""),
            ],
        ),
        on_t(
            Kind::Column,
            "amount",
            &[
                ("position", "4"),
                ("type", "integer"),
                ("not_null", "t"),
                ("default", "0"),
            ],
        ),
        on_t(
            Kind::Column,
            "number",
            &[
                ("position", "5"),
                ("type", "bigint"),
                ("not_null", "t"),
                ("identity", "always"),
            ],
        ),
        on_t(
            Kind::Column,
            "twice",
            &[
                ("position", "6"),
                ("type", "integer"),
                ("not_null", "f"),
                ("generated", "(amount * 2)"),
                ("generated_kind", "stored"),
            ],
        ),
        on_t(
            Kind::Column,
            "feeling",
            &[("position", "7"), ("type", "public.mood"), ("not_null", "f")],
        ),
        on_t(
            Kind::PrimaryKey,
            "t_pkey",
            &[
                ("columns", "id"),
                ("deferrable", "f"),
                ("initially_deferred", "f"),
            ],
        ),
        on_t(
            Kind::Unique,
            "t_org_name_key",
            &[
                ("columns", "org_id|name"),
                ("nulls_not_distinct", "f"),
                ("deferrable", "f"),
                ("initially_deferred", "f"),
            ],
        ),
        on_t(
            Kind::Check,
            "t_amount",
            &[
                ("expression", "(amount > 0)"),
                ("validated", "t"),
                ("no_inherit", "f"),
            ],
        ),
        on_t(
            Kind::ForeignKey,
            "t_org_id_fkey",
            &[
                ("columns", "org_id"),
                ("target", "public.organization"),
                ("target_columns", "id"),
                ("on_update", "no action"),
                ("on_delete", "cascade"),
                ("match", "simple"),
                ("deferrable", "f"),
                ("initially_deferred", "f"),
                ("validated", "t"),
            ],
        ),
        on_t(
            Kind::Index,
            "t_active",
            &[
                ("method", "btree"),
                ("unique", "f"),
                ("nulls_not_distinct", "f"),
                ("keys", "org_id|lower((name)::text)"),
                ("opclasses", "|"),
                ("collations", "|"),
                ("orders", "desc nulls first|asc nulls last"),
                ("include", "amount"),
                ("predicate", "(amount > 0)"),
                ("valid", "t"),
                ("ready", "t"),
            ],
        ),
        on_t(
            Kind::Index,
            "t_pkey",
            &[
                ("method", "btree"),
                ("unique", "t"),
                ("keys", "id"),
                ("constraint", "t_pkey"),
                ("valid", "t"),
                ("ready", "t"),
            ],
        ),
        object(
            new(Kind::Function, "touch()"),
            &[
                ("type", "function"),
                ("privileges", "execute to public"),
                ("returns", "trigger"),
                ("language", "plpgsql"),
                ("volatility", "volatile"),
                ("strict", "f"),
                ("security", "invoker"),
                ("leakproof", "f"),
                ("parallel", "unsafe"),
                ("settings", "search_path=pg_catalog, pg_temp"),
                ("body", "\nbegin\n    return new;\nend\n"),
                ("arguments", ""),
                ("owner", "boss"),
                ("comment", "touches"),
            ],
        ),
        object(
            new(Kind::Function, "summary(integer, public.mood)"),
            &[
                ("type", "function"),
                ("privileges", "execute to public"),
                ("returns", "TABLE(n integer, feeling public.mood)"),
                ("language", "sql"),
                ("volatility", "stable"),
                ("strict", "t"),
                ("security", "definer"),
                ("leakproof", "f"),
                ("parallel", "safe"),
                ("body", "select 1, 'ok'::mood"),
                (
                    "arguments",
                    "least integer, feeling public.mood DEFAULT 'ok'::public.mood",
                ),
                ("owner", "boss"),
            ],
        ),
        on_t(
            Kind::Trigger,
            "t_touch",
            &[
                ("timing", "before"),
                ("events", "insert|update"),
                ("columns", "amount|name"),
                ("level", "row"),
                ("when", "(new.amount > 0)"),
                ("function", "public.touch"),
                ("arguments", "a"),
                ("enabled", "origin"),
                ("constraint", "f"),
                ("deferrable", "f"),
                ("initially_deferred", "f"),
                ("cloned", "f"),
                ("comment", "fires"),
            ],
        ),
        on_t(
            Kind::Policy,
            "t_update",
            &[
                ("command", "update"),
                ("permissive", "t"),
                ("roles", "app|readers"),
                ("using", "(org_id = auth.uid())"),
                ("with_check", "(amount > 0)"),
                ("comment", "own rows"),
            ],
        ),
        object(
            new(Kind::View, "v"),
            &[
                ("definition", " SELECT id\n   FROM public.t;"),
                ("options", "security_invoker=true"),
                ("owner", "boss"),
                ("comment", "view"),
            ],
        ),
        object(
            new(Kind::MaterializedView, "m"),
            &[
                ("definition", " SELECT id\n   FROM public.t;"),
                ("populated", "t"),
                ("owner", "boss"),
                ("comment", "kept"),
            ],
        ),
        on_t(
            Kind::Grant,
            "app",
            &[("privileges", "insert|select"), ("grantable", "select")],
        ),
        object(
            new(Kind::Composite, "pair"),
            &[
                ("attributes", "\"A b\" integer|c text COLLATE \"C\""),
                ("privileges", "usage to app"),
            ],
        ),
        object(
            new(Kind::Range, "span"),
            &[
                ("subtype", "text"),
                ("opclass", "text_pattern_ops"),
                ("collation", "\"C\""),
                ("subtype_diff", "public.span_diff"),
                ("multirange", "public.spans"),
                ("privileges", "usage to public"),
            ],
        ),
        object(
            new(Kind::Domain, "positive"),
            &[
                ("type", "integer"),
                ("not_null", "t"),
                ("default", "1"),
                ("checks", "\"a: b\": (VALUE > 0)"),
                ("privileges", "usage to public"),
            ],
        ),
        object(
            bare(Kind::Server, "far"),
            &[
                ("wrapper", "postgres_fdw"),
                ("options", "host=here"),
                ("privileges", "usage to app with grant option"),
            ],
        ),
        object(
            bare(Kind::EventTrigger, "on_ddl"),
            &[
                ("event", "ddl_command_end"),
                ("tags", "CREATE TABLE"),
                ("function", "public.touch"),
                ("enabled", "origin"),
            ],
        ),
        object(
            bare(Kind::Publication, "feed"),
            &[
                ("all_tables", "f"),
                ("publish", "delete|insert|truncate|update"),
                ("via_root", "f"),
                ("tables", "public.t (id, amount) WHERE ((amount > 0))"),
            ],
        ),
        object(
            new(Kind::DefaultPrivileges, "boss"),
            &[("tables", "insert to app|select to app")],
        ),
        on_t(
            Kind::Exclusion,
            "t_apart",
            &[
                (
                    "definition",
                    "EXCLUDE USING gist (amount WITH =) WHERE ((amount > 0))",
                ),
                ("operators", "="),
                ("deferrable", "f"),
                ("initially_deferred", "f"),
            ],
        ),
        on_t(
            Kind::Index,
            "t_apart",
            &[
                ("constraint", "t_apart"),
                ("method", "gist"),
                ("unique", "f"),
                ("keys", "amount"),
                ("opclasses", ""),
                ("collations", ""),
                ("orders", ""),
                ("predicate", "(amount > 0)"),
                ("valid", "t"),
                ("ready", "t"),
            ],
        ),
        on_t(
            Kind::Statistics,
            "t_stats",
            &[
                ("statistics", "dependencies|ndistinct"),
                ("keys", "name|org_id|lower((name)::text)"),
            ],
        ),
        on_t(
            Kind::Rule,
            "t_rule",
            &[
                (
                    "definition",
                    "ON INSERT WHERE (new.amount > 0) DO INSTEAD NOTHING",
                ),
                ("enabled", "origin"),
            ],
        ),
        object(
            new(Kind::Table, "log"),
            &[
                ("type", "partitioned table"),
                ("persistence", "permanent"),
                ("row_security", "f"),
                ("force_row_security", "f"),
                ("partition_by", "RANGE (at)"),
                ("key_types", "timestamp with time zone"),
            ],
        ),
        object(
            new(Kind::Table, "log_11"),
            &[
                ("type", "table"),
                ("persistence", "permanent"),
                ("partition_of", "public.log"),
                (
                    "bound",
                    "FOR VALUES FROM ('2025-11-01 00:00:00+00') TO ('2025-12-01 00:00:00+00')",
                ),
            ],
        ),
        object(
            new(Kind::Table, "log_12"),
            &[
                ("type", "table"),
                ("persistence", "permanent"),
                ("partition_of", "public.log"),
                (
                    "bound",
                    "FOR VALUES FROM ('2025-12-01 00:00:00+00') TO (MAXVALUE)",
                ),
            ],
        ),
    ] {
        catalog.insert(object);
    }
    catalog
}

/// The suite that says all of [`sample`].
pub(crate) const SAMPLE: &str = r#"
title = "Everything"
complete = true

[schemas]
auth = { owner = "boss", comment = "who" }

[role.app]
login = false
superuser = false
createdb = false
createrole = false
inherit = true
replication = false
bypass_row_security = false
member_of = ["readers"]

[extension]
pgcrypto = { version = "1.3", schema = "public", comment = "crypt" }

[enum.mood]
labels = ["sad", "ok", "happy"]
owner = "boss"
comment = "feelings"

[sequence.numbers]
type = "bigint"
start = 1
increment = 1
minimum = 1
maximum = 1000
cache = 1
cycle = false
owned_by = "t.id"
owner = "boss"
comment = "many"

[table.t]
primary_key = ["id"]
row_security = "enabled"
persistence = "permanent"
owner = "boss"
comment = "a table"
exact = ["columns", "constraints", "indexes", "triggers", "policies", "grants"]

[table.t.column]
id = { definition = "uuid not null default gen_random_uuid()", position = 1 }
org_id = { definition = "uuid not null", comment = "whose" }
name = 'varchar(255) collate "C"'
amount = "int not null default 0"
number = "bigint generated always as identity"
twice = "integer generated always as (amount * 2) stored"
feeling = "mood"

[table.t.unique]
t_org_name_key = ["org_id", "name"]

[table.t.check]
t_amount = "amount > 0"

[table.t.foreign_key]
org_id = "organization(id) on delete cascade"

[table.t.index]
t_active = "(org_id desc, lower((name)::text)) include (amount) where amount > 0"

[table.t.trigger]
t_touch = { definition = "before insert or update of name, amount for each row when (new.amount > 0) execute function touch('a')", comment = "fires" }

[table.t.policy.t_update]
command = "update"
roles = ["readers", "app"]
using = "org_id = auth.uid()"
with_check = "amount > 0"
comment = "own rows"

[table.t.grant]
app = ["insert", "select with grant option"]

[table.log]
partition_by = "range (at)"
partitions_contiguous = true
exact = ["partitions"]

[table.log.partition]
log_11 = "from ('2025-11-01 00:00:00+00') to ('2025-12-01 00:00:00+00')"
log_12 = "from ('2025-12-01 00:00:00+00') to (maxvalue)"

[function."touch()"]
kind = "function"
returns = "trigger"
arguments = ""
language = "plpgsql"
security = "invoker"
volatility = "volatile"
strict = false
leakproof = false
parallel = "unsafe"
settings = { search_path = "pg_catalog, pg_temp" }
body = '''
begin
    return new;
end
'''
owner = "boss"
comment = "touches"

[function."summary(int, mood)"]
kind = "function"
returns = "table(n int, feeling mood)"
arguments = "least int, feeling mood default 'ok'::public.mood"
language = "sql"
security = "definer"
volatility = "stable"
strict = true
leakproof = false
parallel = "safe"
settings = {}
body = "select 1, 'ok'::mood"
owner = "boss"
comment = ""

[composite.pair]
attributes = ['"A b" int', 'c text collate "C"']
grant = { app = ["usage"] }

[range.span]
subtype = "text"
opclass = "text_pattern_ops"
collation = '"C"'
subtype_diff = "span_diff"
multirange = "spans"

[domain.positive]
definition = "int not null default 1"
check = { '"a: b"' = "value > 0" }

[server.far]
wrapper = "postgres_fdw"
options = { host = "here" }
grant = { app = ["usage with grant option"] }

[event_trigger]
on_ddl = "on ddl_command_end when tag in ('create table') execute function touch()"

[publication.feed]
tables = ["t (amount, id) where (amount > 0)"]

[default_privileges."boss in schema public"]
tables = { app = ["select", "insert"] }

[table.t.exclude]
t_apart = "using gist (amount with =) where (amount > 0)"

[table.t.statistics]
t_stats = "(ndistinct, dependencies) on org_id, name, lower((name)::text)"

[table.t.rule]
t_rule = "on insert where (new.amount > 0) do instead nothing"

[view]
v = { definition = "select id from public.t", options = ["security_invoker=true"], owner = "boss", comment = "view" }

[materialized_view]
m = { definition = "select id from public.t", owner = "boss", comment = "kept" }
"#;
