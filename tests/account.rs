//! What report and journal tell of what a migration made is the same, however much of the catalog was read for it.

use serde_json::Value;

use pgplumb::db::scratch::Options;

use crate::support::{Pgplumb, Project, Server};

/// One of every kind that has a name of its own on a relation or beside it.
const EVERYTHING: &str = r#"
CREATE TYPE "Mood" AS ENUM ('sad', 'ok');
CREATE TYPE pair AS (a integer, b text);
CREATE DOMAIN positive AS integer CHECK (value > 0);
CREATE SEQUENCE numbers;
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN new; END $$;
CREATE FUNCTION add("Mood", integer DEFAULT 1) RETURNS integer LANGUAGE sql AS 'SELECT $2';
CREATE TABLE parent (id integer PRIMARY KEY, kind "Mood", UNIQUE (id, kind));
CREATE TABLE "Odd ""Table" (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    parent_id integer REFERENCES parent (id),
    "Amount" positive CHECK ("Amount" < 100),
    during tsrange,
    EXCLUDE USING gist (during WITH &&)
);
CREATE INDEX odd_amount ON "Odd ""Table" ("Amount");
CREATE STATISTICS odd_statistics ON id, parent_id FROM "Odd ""Table";
CREATE TRIGGER touched BEFORE UPDATE ON "Odd ""Table" FOR EACH ROW EXECUTE FUNCTION touch();
CREATE RULE nothing AS ON DELETE TO "Odd ""Table" DO INSTEAD NOTHING;
ALTER TABLE "Odd ""Table" ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON "Odd ""Table" USING (true);
CREATE TABLE log (id integer, at date NOT NULL, parent_id integer REFERENCES parent) PARTITION BY RANGE (at);
CREATE INDEX log_id ON log (id);
CREATE TRIGGER logged AFTER INSERT ON log FOR EACH ROW EXECUTE FUNCTION touch();
CREATE TABLE log_2025 PARTITION OF log FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE VIEW odd AS SELECT id FROM "Odd ""Table";
CREATE MATERIALIZED VIEW stored AS SELECT id FROM parent;
CREATE UNIQUE INDEX stored_id ON stored (id);
GRANT SELECT (kind), UPDATE (id) ON parent TO account_writer;
GRANT INSERT ON log TO PUBLIC;
REVOKE SELECT ON odd FROM account_reader;
GRANT USAGE ON SEQUENCE numbers TO account_writer;
REVOKE ALL ON FUNCTION touch() FROM PUBLIC;
REVOKE USAGE ON TYPE "Mood" FROM PUBLIC;
REVOKE INSERT ON log FROM CURRENT_USER;
REVOKE ALL ON stored FROM CURRENT_USER;
REVOKE UPDATE ON SEQUENCE numbers FROM CURRENT_USER;
REVOKE ALL ON FUNCTION touch() FROM CURRENT_USER;
GRANT SELECT (id) ON log_2025 TO CURRENT_USER;
"#;

/// The artifacts of a migration, by the report and by the journal.
fn artifacts(project: &Project, name: &str, version: usize) -> (Value, Value) {
    let database = Server::shared().database(name);
    database.make_roles(
        "CREATE TABLE there (id integer); DO $$ BEGIN CREATE ROLE account_reader; EXCEPTION WHEN duplicate_object \
         THEN NULL; END $$; DO $$ BEGIN CREATE ROLE account_writer; EXCEPTION WHEN duplicate_object THEN NULL; END $$; \
         ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO account_reader",
    );
    let report = Pgplumb::new(project, &database)
        .args(&["apply", "--format", "json"])
        .run()
        .expect(0)
        .json();
    let journal = database
        .value(&format!(
            "SELECT artifacts -> 'created' FROM pgplumb_journal WHERE version = {version}"
        ))
        .expect("a row in the journal");
    database.run("DROP OWNED BY account_reader, account_writer");
    (
        report["migrations"][version - 1]["artifacts"].clone(),
        serde_json::from_str(&journal).expect("the journal holds JSON"),
    )
}

#[test]
fn names_and_details_tell_the_same() {
    let project = Project::new().with("migrations/0001_everything.sql", EVERYTHING);
    let names_alone = artifacts(&project, "account_names", 1);
    // something that was there is changed behind it: it is read in full at once
    project.write(
        "migrations/0002_later.sql",
        "ALTER TABLE there ADD COLUMN a integer;\n",
    );
    let in_full = artifacts(&project, "account_full", 1);
    assert_eq!(names_alone.0, in_full.0, "the reports");
    assert_eq!(names_alone.1, in_full.1, "the journals");
    for kind in [
        "tables",
        "partitions",
        "policies",
        "grants",
        "statistics",
        "enums",
    ] {
        assert!(in_full.1[kind].is_array(), "no {kind} in {}", in_full.1);
    }
}

/// Of many migrations the question for names is prepared once: it tells the same, also behind a script that takes every
/// prepared statement away.
#[test]
fn a_prepared_question_tells_the_same() {
    let alone = Project::new().with("migrations/0001_everything.sql", EVERYTHING);
    let alone = artifacts(&alone, "account_alone", 1);
    let project = Project::new();
    for version in 1..=9 {
        let script = match version {
            6 => EVERYTHING.to_string(),
            8 => "DEALLOCATE ALL;\nCREATE TABLE table_8 (id integer);\n".to_string(),
            _ => format!("CREATE TABLE table_{version} (id integer);\n"),
        };
        project.write(&format!("migrations/{version:04}_it.sql"), script);
    }
    assert_eq!(artifacts(&project, "account_prepared", 6), alone);
    for version in [1, 7, 8, 9] {
        let (report, journal) = artifacts(&project, &format!("account_prepared_{version}"), version);
        let tables = serde_json::json!([format!("public.table_{version}")]);
        assert_eq!((&report["tables"], &journal["tables"]), (&tables, &tables));
    }
}

/// With `-q` nobody reads what a run that works did: when something fails at last, all of it is told nevertheless.
#[test]
fn a_quiet_run_that_fails_tells_what_was_made() {
    let project = Project::new()
        .with(
            "migrations/0001_first.sql",
            "CREATE TABLE first (id integer PRIMARY KEY, label text);\n",
        )
        .with(
            "migrations/0002_second.sql",
            "CREATE TABLE second (id integer);\n",
        );
    let plain = |name: &str, args: &[&str], exit: i32| {
        let database = Server::shared().database(name);
        let outcome = Pgplumb::new(&project, &database).args(args).run().expect(exit);
        let varies = ["Started", "Duration", "applied in", "apply of"];
        let lines = outcome.stdout.lines();
        let stays = lines.filter(|line| !varies.iter().any(|word| line.contains(word)));
        let named = stays.map(|line| line.replace(&database.name, "DATABASE"));
        named.collect::<Vec<String>>().join("\n")
    };
    assert_eq!(plain("account_quiet", &["apply", "-q"], 0), "");
    for suite in ["[table.third]\n", "[table.first.column]\nid = \"text\"\n"] {
        project.write("checks/always.toml", suite);
        let loud = plain("account_loud", &["apply"], 1);
        assert!(loud.contains("public.first: 2 columns, 1 index"), "{loud}");
        assert_eq!(plain("account_quiet_fails", &["apply", "-q"], 1), loud);
    }
}

/// In a short run, and in one that has its questions planned once.
#[test]
fn what_was_there_is_not_told_as_made() {
    for before in [0, 3] {
        let project = Project::new();
        for version in 1..=before {
            project.write(
                &format!("migrations/{version:04}_other.sql"),
                format!("CREATE TABLE other_{version} (id integer);\n"),
            );
        }
        let (first, again) = (before + 1, before + 2);
        project.write(
            &format!("migrations/{first:04}_first.sql"),
            "CREATE TABLE first (id integer);\n",
        );
        project.write(
            &format!("migrations/{again:04}_again.sql"),
            "CREATE TABLE IF NOT EXISTS there (id integer);\nCREATE TABLE IF NOT EXISTS first (id integer);\n\
             CREATE TABLE second (id integer);\n",
        );
        let database = Server::shared().database("account_there");
        database.run("CREATE TABLE there (id integer)");
        let report = Pgplumb::new(&project, &database)
            .args(&["apply", "--format", "json"])
            .run()
            .expect(0)
            .json();
        let tables = |version: usize| report["migrations"][version - 1]["artifacts"]["tables"].clone();
        assert_eq!(
            (tables(first), tables(again)),
            (
                serde_json::json!(["public.first"]),
                serde_json::json!(["public.second"])
            )
        );
    }
}

#[test]
fn a_plain_create_is_not_taken_for_new_where_it_need_not_be() {
    let cases = [
        (
            "taken_out",
            "public, other",
            "DROP TABLE there;\nCREATE TABLE there (id integer, more integer);\n",
            r#"{"columns": ["public.there.more"]}"#,
        ),
        (
            "renamed",
            "public, other",
            "ALTER TABLE there RENAME TO gone;\nCREATE TABLE there (id integer);\n",
            r#"{"columns": ["public.gone.id"], "tables": ["public.gone"]}"#,
        ),
        (
            "twin",
            "public, other",
            "CREATE TABLE twin (id integer);\n",
            r#"{"columns": ["public.twin.id"], "tables": ["public.twin"]}"#,
        ),
        (
            "elsewhere",
            "public",
            "SET search_path TO other;\nCREATE TABLE there (id integer, more integer);\n",
            "{}",
        ),
        (
            "overload",
            "public, other",
            "CREATE TABLE plain (id integer);\nCREATE FUNCTION f(text) RETURNS text LANGUAGE sql AS 'SELECT $1';\n",
            r#"{"columns": ["public.plain.id"], "tables": ["public.plain"], "functions": ["public.f(text)"]}"#,
        ),
    ];
    // with and without plans of the run's statements
    for (before, (name, path, script, made)) in [0, 3]
        .into_iter()
        .flat_map(|before| cases.map(|case| (before, case)))
    {
        let project = Project::new();
        for version in 1..=before {
            project.write(
                &format!("migrations/{version:04}_other.sql"),
                format!("CREATE TABLE other_{version} (id integer);\n"),
            );
        }
        let version = before + 1;
        project.write(&format!("migrations/{version:04}_{name}.sql"), script);
        let database = Server::shared().database(&format!("account_{name}"));
        database.run(&format!(
            "CREATE TABLE there (id integer); CREATE SCHEMA other; CREATE TABLE other.twin (id integer); \
             CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT $1'; \
             DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET search_path = {path}', current_database()); END $$"
        ));
        Pgplumb::new(&project, &database)
            .args(&["apply", "--yes"])
            .run()
            .expect(0);
        let created = database
            .value(&format!(
                "SELECT artifacts -> 'created' FROM pgplumb_journal WHERE version = {version}"
            ))
            .expect("a row in the journal");
        let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
        assert_eq!(
            parse(&created),
            parse(made),
            "{name} behind {before} other migrations"
        );
    }
}

#[test]
fn a_rollback_tells_the_last_write_where_the_server_keeps_the_times_of_commits() {
    let options = Options::default().setting("track_commit_timestamp", "on");
    let server: &'static Server = Box::leak(Box::new(Server::start(options)));
    let database = server.database("last_write");
    let project = Project::new();
    project.write(
        "migrations/0001_t.sql",
        "CREATE TABLE t (id integer, at date) PARTITION BY RANGE (at);\n\
         CREATE TABLE t_all PARTITION OF t DEFAULT;\n",
    );
    project.write("rollback/0001_t.sql", "DROP TABLE t;\n");
    let run = |args: &[&str]| Pgplumb::new(&project, &database).args(args).run();
    run(&["apply", "-q"]).expect(0);
    database.run("INSERT INTO t VALUES (1, '2025-01-01')");
    database.run("SELECT pg_sleep(1.1)");
    database.run("INSERT INTO t VALUES (2, '2026-01-01')");
    let last = database
        .value(
            "SELECT to_char(max(pg_xact_commit_timestamp(xmin)) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS') FROM t",
        )
        .expect("the time of a commit");
    let told = format!("public.t: 2 rows, 8192 bytes, last written at {last} UTC");
    run(&["rollback", "1"]).expect(2).says(&told);
}
