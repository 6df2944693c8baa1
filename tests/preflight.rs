//! `preflight`, and the same step inside `apply`: on a real server, with the shipped project and small ones.

use serde_json::Value;

use crate::support::{Database, Outcome, Pgplumb, Project, Proxy, Server, Standby};

fn run(project: &Project, database: &Database, args: &[&str]) -> Outcome {
    Pgplumb::new(project, database).args(args).run()
}

fn json(project: &Project, database: &Database, code: i32) -> Value {
    run(project, database, &["preflight", "--format", "json"])
        .expect(code)
        .json()
}

fn objects(report: &Value) -> Vec<String> {
    report["root_causes"]
        .as_array()
        .expect("root causes")
        .iter()
        .map(|cause| cause["object"].as_str().expect("an object").to_string())
        .collect()
}

/// The lines of 0024 that hold one of the texts.
fn lines(texts: &[&str]) -> Vec<u64> {
    let script = include_str!("../migrations/0024_sync_preview_progress_logs.sql");
    let code = script.lines().map(|line| line.split("--").next().unwrap_or(""));
    // bodies of functions are no script lines
    let mut inside = false;
    let mut found = Vec::new();
    for (index, line) in code.enumerate() {
        if !inside && texts.iter().any(|text| line.contains(text)) {
            found.push(index as u64 + 1);
        }
        if line.matches("$function$").count() % 2 == 1 {
            inside = !inside;
        }
    }
    found
}

fn sources(report: &Value, object: &str) -> Vec<u64> {
    let causes = report["root_causes"].as_array().expect("root causes");
    let cause = causes
        .iter()
        .find(|cause| cause["object"] == object)
        .unwrap_or_else(|| panic!("{object} is no root cause of {causes:#?}"));
    let mut lines: Vec<u64> = cause["sources"]
        .as_array()
        .expect("sources")
        .iter()
        .map(|source| {
            assert_eq!(source["file"], "migrations/0024_sync_preview_progress_logs.sql");
            source["line"].as_u64().expect("a line")
        })
        .collect();
    lines.dedup();
    lines
}

fn is_empty(database: &Database) -> bool {
    database.value("select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'public'")
        == Some("0".to_string())
}

#[test]
fn alone_0024_has_three_root_causes_each_with_all_its_lines() {
    // roles belong to the cluster: here nobody has made one
    let server: &'static Server = Box::leak(Box::new(Server::start(Default::default())));
    let database = server.database("alone");
    let project = Project::shipped("0024");
    let mut wanted = vec!["table organization", "schema auth", "role authenticated"];
    // it came with an extension then; the other tests find one that was made for them
    let is_old = server.scratch().version_num() < 130_000;
    if is_old {
        database.run("drop function pg_catalog.gen_random_uuid()");
        wanted.insert(0, "function gen_random_uuid()");
    }
    let report = json(&project, &database, 3);
    assert_eq!(report["verdict"], "blocked");
    assert_eq!(objects(&report), wanted);
    if is_old {
        let remedy = report["root_causes"][0]["remedy"].as_str().unwrap();
        assert!(remedy.ends_with("CREATE EXTENSION pgcrypto"), "{remedy}");
        assert_eq!(sources(&report, wanted[0]), lines(&["gen_random_uuid()"]));
        database.run("create function gen_random_uuid() returns uuid language sql as 'select null::uuid'");
    }
    let report = json(&project, &database, 3);
    assert_eq!(
        sources(&report, "table organization"),
        lines(&["REFERENCES public.organization"])
    );
    assert_eq!(
        sources(&report, "schema auth"),
        lines(&["auth.users_extended", "auth.uid()"])
    );
    assert_eq!(
        sources(&report, "role authenticated"),
        lines(&["TO authenticated"])
    );
    let checks = report["checks"].as_array().expect("checks");
    assert!(checks.len() > 100 && checks.iter().all(|check| check["status"] == "blocked"));
    assert!(
        checks
            .iter()
            .all(|check| objects(&report).contains(&check["blocked_by"].as_str().unwrap().to_string()))
    );
    let summary = &report["preflight"];
    assert_eq!(summary["components"].as_array().map(Vec::len), Some(8));
    assert_eq!(summary["tasks"].as_array().map(Vec::len), Some(8));
    assert!(
        summary["issues"][1]["why"]
            .as_str()
            .unwrap()
            .contains("function auth.uid()")
    );
    assert!(
        summary["issues"][1]["why"]
            .as_str()
            .unwrap()
            .contains("table auth.users_extended")
    );
    assert_eq!(
        summary["issues"][1]["needed_by"],
        "3 foreign keys and 12 policies"
    );
    assert_eq!(
        summary["issues"][0]["impact"].as_str().unwrap().split(';').next(),
        Some("8 tables, 15 indexes and 4 triggers cannot be created")
    );
    // each check waits for what it needs itself, where that can be told
    let waits = |kind: &str, cause: &str| {
        let of_kind = checks.iter().filter(|check| check["kind"] == kind);
        of_kind.filter(|check| check["blocked_by"] == cause).count()
    };
    assert_eq!(waits("policy", "schema auth"), 12);
    assert_eq!(
        (
            waits("foreign_key", "table organization"),
            waits("foreign_key", "schema auth")
        ),
        (3, 3)
    );
    assert_eq!(waits("grant", "role authenticated"), 3);
    assert_eq!(waits("index", "table organization"), 15);
    // as the shipped document tells it, object by object
    let parts: Vec<(usize, &str, &str)> = summary["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|task| {
            let number = task["number"].as_u64().unwrap() as usize;
            let parts = task["parts"].as_array().unwrap().iter();
            parts.map(move |part| {
                (
                    number,
                    part["what"].as_str().unwrap(),
                    part["status"].as_str().unwrap(),
                )
            })
        })
        .collect();
    for (number, what, status) in [
        (1, "table sync_progress: 19 columns, 6 constraints", "blocked"),
        (2, "table sync_activity_log: 4 policies, row security", "blocked"),
        (3, "table sync_preview_cache: 4 indexes", "blocked"),
        (4, "function validate_sync_progress_totals()", "blocked"),
        (
            5,
            "enum sync_type: ('woocommerce', 'odoo', 'shopify', 'custom')",
            "blocked",
        ),
        (
            6,
            "public.sync_activity_log (user_id) references auth.users_extended(id) on delete set null",
            "blocked",
        ),
        (7, "prerequisites exist", "blocked"),
        (7, "no long lock on the tables that will be locked", "pass"),
        (7, "the scripts run to their end", "blocked"),
        (8, "0024_sync_preview_progress_logs", "pass"),
    ] {
        assert!(parts.contains(&(number, what, status)), "{what} in {parts:#?}");
    }
    run(&project, &database, &["preflight", "--to", "24"])
        .expect(3)
        .says("GATE: DO NOT DEPLOY UNTIL")
        .says("apply: `pgplumb apply --to 0024`");
    database.run("create table customers (id int); create schema odd; create table odd.\"Odd one\" (id int)");
    run(&project, &database, &["preflight"])
        .expect(3)
        .says("schema public has 1 table or view: customers")
        .says("schema odd has 1 table or view: Odd one");
    database.run("drop table customers; drop schema odd cascade");
    for args in [
        &["apply"][..],
        &["apply", "--to", "0024"],
        &["apply", "--no-verify"],
    ] {
        run(&project, &database, args)
            .expect(3)
            .says("table organization")
            .says("nothing was run")
            .says("BLOCKED BY 3 ROOT CAUSES");
    }
    assert!(is_empty(&database));
    // with what creates it pending, it is not missing
    let whole = Project::shipped("");
    let report = json(&whole, &database, 0);
    assert_eq!(
        (report["verdict"].as_str(), objects(&report).len()),
        (Some("ready"), 0)
    );
    assert!(is_empty(&database));
}

#[test]
fn what_is_applied_but_gone_is_said_to_be() {
    let database = Server::shared().database("gone");
    let project = Project::shipped("");
    run(&project, &database, &["apply", "--to", "0001"]).expect(0);
    database.run("drop schema auth cascade; drop table public.organization cascade");
    let report = json(&project, &database, 3);
    assert!(objects(&report).contains(&"table organization".to_string()));
    for cause in report["root_causes"].as_array().unwrap() {
        let remedy = cause["remedy"].as_str().unwrap();
        assert!(
            remedy.starts_with("0001_prerequisite_core_tables is applied but its objects are gone"),
            "{remedy}"
        );
    }
    run(&project, &database, &["apply"]).expect(3);
}

#[test]
fn a_pending_migration_that_is_not_in_the_plan_is_named() {
    let database = Server::shared().database("order");
    let project = Project::new()
        .with(
            "migrations/0001_a.sql",
            "create table t (id int references u (id));",
        )
        .with("migrations/0002_b.sql", "create table u (id int primary key);");
    let report = json(&project, &database, 3);
    assert_eq!(objects(&report), ["table u"]);
    let remedy = report["root_causes"][0]["remedy"].as_str().unwrap();
    assert!(
        remedy.starts_with("0002_b creates it, but runs later"),
        "{remedy}"
    );
}

#[test]
fn a_misspelt_name_leads_to_the_one_that_exists() {
    let database = Server::shared().database("closest");
    database.run("create table organisation (id int primary key)");
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "create table t (id int references organization (id));\ninsert into organisation (di) values (1);",
    );
    let report = json(&project, &database, 3);
    assert_eq!(objects(&report), ["table organization", "column organisation.di"]);
    let remedy = |index: usize| {
        report["root_causes"][index]["remedy"]
            .as_str()
            .unwrap()
            .to_string()
    };
    assert!(remedy(0).contains("organisation"), "{}", remedy(0));
    assert!(remedy(1).contains("column id"), "{}", remedy(1));
}

#[test]
fn what_exists_already_is_in_the_way() {
    let database = Server::shared().database("exists");
    database.run("create table t (a int); create type mood as enum ('x'); create schema s");
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "create table if not exists t (a int); create schema if not exists s;\ncreate table t (a int);\ncreate type mood as enum ('y');\n\
         alter table t add column a int;",
    );
    let report = json(&project, &database, 3);
    assert_eq!(objects(&report), ["table t", "enum mood", "column a on t"]);
    run(&project, &database, &["preflight"])
        .expect(3)
        .says("table t exists already");
}

#[test]
fn what_the_role_may_not_is_said_with_the_grant() {
    let database = Server::shared().database("rights");
    database.run(
        "create table owned (id int primary key); do $$ begin create role pgplumb_limited; exception when duplicate_object then \
         end $$; grant usage on schema public to pgplumb_limited; \
         revoke create on schema public from public",
    );
    let project = Project::new()
        .with("pgplumb.toml", "role = \"pgplumb_limited\"\n")
        .with(
            "migrations/0001_a.sql",
            "create schema s;\ncreate table t (id int references owned (id));\nalter table owned add column b int;",
        );
    let report = json(&project, &database, 3);
    let found = objects(&report).join("; ");
    for wanted in [
        "privilege CREATE on database",
        "privilege CREATE on schema public",
        "privilege REFERENCES on public.owned",
        "ownership of public.owned",
    ] {
        assert!(found.contains(wanted), "{wanted} is not in {found}");
    }
}

/// Probes act as a role, which has to be there, and to be one that whoever connects may become.
#[test]
fn a_role_that_the_probes_cannot_become_is_named() {
    let database = Server::shared().database("members");
    database.run(
        "do $$ begin create role pgplumb_deploys login; create role pgplumb_works; exception when duplicate_object then \
         end $$; revoke pgplumb_works from pgplumb_deploys",
    );
    database.run(&format!(
        "alter database {} owner to pgplumb_deploys; grant all on schema public to pgplumb_deploys",
        database.name
    ));
    let probe = |role: &str| {
        format!("[[probe]]\nname = \"it reads\"\nas_role = \"{role}\"\nrun = \"select 1\"\nexpect = 1\n")
    };
    let project = Project::new()
        .with("migrations/0001_a.sql", "create table a (id int primary key);")
        .with("checks/0001_a.toml", probe("pgplumb_works"));
    let url = database.url().replacen("postgres@", "pgplumb_deploys@", 1);
    assert!(url.contains("pgplumb_deploys"), "{url}");
    let as_deployer = |project: &Project, args: &[&str]| {
        Pgplumb::at(project.path())
            .env("DATABASE_URL", &url)
            .args(args)
            .run()
    };
    let report = as_deployer(&project, &["preflight", "--format", "json"])
        .expect(3)
        .json();
    assert_eq!(objects(&report), ["membership in role pgplumb_works"]);
    let remedy = report["root_causes"][0]["remedy"].as_str().expect("a remedy");
    assert!(
        remedy.contains("GRANT pgplumb_works TO pgplumb_deploys"),
        "{remedy}"
    );
    as_deployer(&project, &["preflight"])
        .expect(3)
        .says("needed by: the probes of checks/0001_a.toml");
    as_deployer(&project, &["apply"])
        .expect(3)
        .says("nothing was run");
    assert!(is_empty(&database));
    // the remedies work
    as_deployer(&project, &["apply", "--dry-run"]).expect(0);
    as_deployer(&project, &["apply", "--no-probes"]).expect(0);
    as_deployer(&project, &["preflight"]).expect(0);
    database.run("grant pgplumb_works to pgplumb_deploys");
    project.write("migrations/0002_b.sql", "create table b (id int primary key);");
    project.write("checks/0002_b.toml", probe("pgplumb_works"));
    as_deployer(&project, &["preflight"]).expect(0);
    as_deployer(&project, &["apply"]).expect(0);

    // a role that is not there, unless the plan makes it
    project.write("migrations/0003_c.sql", "create table c (id int primary key);");
    project.write("checks/0003_c.toml", probe("pgplumb_nobody"));
    let report = json(&project, &database, 3);
    assert_eq!(objects(&report), ["role pgplumb_nobody"]);
    run(&project, &database, &["apply"]).expect(3);
    project.write(
        "migrations/0003_c.sql",
        "create role pgplumb_nobody; create table c (id int primary key);",
    );
    run(&project, &database, &["preflight"]).expect(0);
    run(&project, &database, &["apply"]).expect(0);
    database.run("drop role pgplumb_nobody");

    // the role of a section about tenants as well
    project.write(
        "migrations/0004_d.sql",
        "create table d (id int primary key, org int);",
    );
    let section =
        "[isolation.orgs]\nas_role = \"pgplumb_tenant\"\ntenant_column = \"org\"\ntables = [\"d\"]\n";
    project.write("checks/0004_d.toml", section);
    let report = json(&project, &database, 3);
    assert_eq!(objects(&report), ["role pgplumb_tenant"]);
}

#[test]
fn a_database_that_takes_no_writes_blocks() {
    let database = Server::shared().database("readonly");
    database.run(&format!(
        "alter database {} set default_transaction_read_only = on",
        database.name
    ));
    let project = Project::new().with("migrations/0001_a.sql", "create table t (a int);");
    run(&project, &database, &["preflight"])
        .expect(3)
        .says("accepts no writes");
}

#[test]
fn what_cannot_be_seen_through_is_not_called_missing() {
    let database = Server::shared().database("opaque");
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "do $$ begin execute 'create table made (id int)'; end $$;\ninsert into made values (1);\n\
         with x as (select 1 as n) select n from x;\ncreate temp table y (z int);\ninsert into y (z) select z from y;\n\
         create table own (id int primary key, parent int references own (id));\nalter table if exists nothing rename to n;\n\
         drop table if exists nowhere.nothing;",
    );
    run(&project, &database, &["preflight"])
        .expect(0)
        .says("1 of 8 statements could not be seen through");
    run(&project, &database, &["apply"]).expect(0);
    run(&project, &database, &["preflight"]).expect(0);
}

#[test]
fn the_body_of_a_function_is_advice() {
    let database = Server::shared().database("advice");
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "set check_function_bodies = off;\ncreate function f() returns bigint language sql as $$ select count(*) from later $$;\n\
         create table later (id int);",
    );
    run(&project, &database, &["preflight"])
        .expect(0)
        .says("the body of a function needs table later");
    run(&project, &database, &["apply"]).expect(0);
}

#[test]
fn scripts_that_take_more_than_one_message_are_all_read() {
    let database = Server::shared().database("portions");
    let mut project = Project::new();
    for number in 1..=6 {
        let note = "-- words\n".repeat(5000);
        // the third and the last
        let create = if number % 3 == 0 { "craete" } else { "create" };
        let script = format!("{note}{create} table t{number} (id int);\n{note}");
        project = project.with(&format!("migrations/000{number}_a.sql"), script);
    }
    for verb in ["preflight", "apply"] {
        let mut outcome = run(&project, &database, &[verb]).expect(3);
        for number in [3, 6] {
            outcome = outcome.says(&format!("migrations/000{number}_a.sql:5001:1"));
        }
        for number in [1, 2, 4, 5] {
            assert!(
                !outcome.stdout.contains(&format!("000{number}_a.sql:5001")),
                "{}",
                outcome.stdout
            );
        }
    }
}

#[test]
fn a_label_cannot_be_used_in_the_transaction_that_adds_it() {
    let database = Server::shared().database("labels");
    database.run("create type mood as enum ('old'); create table m (mood mood, note text)");
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "create type own as enum ('a');\nalter type own add value 'b';\nselect 'b'::own;\n\
         alter type mood add value if not exists 'old';\nalter type mood add value 'new';\nselect 'old'::mood;\n\
         insert into m (note) values ('new');\nalter table m add column more mood default 'new';\n\
         select 'new'::public.mood;",
    );
    let report = json(&project, &database, 3);
    assert_eq!(objects(&report), ["label 'new' of public.mood"]);
    let lines: Vec<u64> = report["root_causes"][0]["sources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|source| source["line"].as_u64().unwrap())
        .collect();
    assert_eq!(lines, [8, 9]);
    // the server says the same
    for use_of_it in [
        "alter table m add column more mood default 'new'",
        "select 'new'::mood",
    ] {
        let refused = database
            .session()
            .refusal(&format!("begin; alter type mood add value 'new'; {use_of_it}"));
        assert_eq!(refused.expect("it is refused").state, "55P04", "{use_of_it}");
    }
    // a text is none, but nobody can tell
    run(&project, &database, &["preflight"])
        .expect(3)
        .says("if that is meant");
    let project = Project::new()
        .with("migrations/0001_a.sql", "alter type mood add value 'new';")
        .with(
            "migrations/0002_b.sql",
            "alter table m add column more mood default 'new';",
        );
    json(&project, &database, 0);
    run(&project, &database, &["apply"]).expect(0);
    project.write("migrations/0003_c.sql", "alter type mood add value 'new';");
    assert_eq!(
        objects(&json(&project, &database, 3)),
        ["label 'new' of public.mood"]
    );
}

#[test]
fn a_script_outside_a_transaction_needs_a_session_of_its_own() {
    let server = Server::shared();
    let database = server.database("pooled");
    let proxy = Proxy::before(server);
    let project = Project::new()
        .with("migrations/0001_a.sql", "create table t (id int);")
        .with(
            "migrations/0002_b.sql",
            "-- pgplumb: no-transaction\ncreate index concurrently i on t (id);",
        );
    let through = |args: &[&str]| {
        Pgplumb::at(project.path())
            .env("DATABASE_URL", &proxy.url(&database.name))
            .args(args)
            .run()
    };
    through(&["preflight"]).expect(0);
    proxy.pool();
    let report = through(&["preflight", "--format", "json"]).expect(3).json();
    assert_eq!(objects(&report), ["a session of its own"]);
    assert_eq!(report["root_causes"][0]["sources"][0]["line"], 1);
    through(&["apply"]).expect(3).says("nothing was run");
    assert!(is_empty(&database));
    through(&["apply", "--to", "0001"]).expect(0);
    run(&project, &database, &["apply"]).expect(0);
}

#[test]
fn syntax_that_the_server_does_not_know_is_named_with_its_version() {
    let database = Server::shared().database("old");
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "create table t (\n  id int4range,\n  at tstzrange,\n  primary key (id, at without overlaps)\n);",
    );
    let is_new = Server::shared().scratch().version_num() >= 180_000;
    let report = json(&project, &database, if is_new { 0 } else { 3 });
    if !is_new {
        assert_eq!(objects(&report), ["without overlaps of PostgreSQL 18"]);
        assert_eq!(report["root_causes"][0]["sources"][0]["line"], 4);
    }
}

#[test]
fn history_and_files_that_disagree_are_named_before_anything_else() {
    let database = Server::shared().database("disagree");
    let project = Project::new()
        .with("migrations/0001_a.sql", "create table a (id int);")
        .with("migrations/0003_c.sql", "create table c (id int);");
    run(&project, &database, &["apply"]).expect(0);
    project.write("migrations/0002_b.sql", "create table b (id int);");
    run(&project, &database, &["preflight"])
        .expect(6)
        .says("0002_b is older than 0003_c");
    run(&project, &database, &["preflight", "--out-of-order"]).expect(0);
    project.remove("migrations/0002_b.sql");
    project.write("migrations/0001_a.sql", "create table a (id bigint);");
    run(&project, &database, &["preflight"]).expect(6).says("0001_a");
    project.write("migrations/0001_a.sql", "create table a (id int);");
    project.remove("migrations/0003_c.sql");
    run(&project, &database, &["preflight"])
        .expect(6)
        .says("its file is missing");
}

#[test]
fn it_adds_at_most_two_round_trips() {
    let server = Server::shared();
    let database = server.database("trips");
    let proxy = Proxy::before(server);
    let trips = |project: &Project, code: i32| {
        proxy.take_trips();
        Pgplumb::at(project.path())
            .env("DATABASE_URL", &proxy.url(&database.name))
            .args(&["preflight"])
            .run()
            .expect(code);
        // the first one reads the history, as every verb does
        proxy.take_trips() - 1
    };
    let mut project = Project::new();
    for step in 1..=20 {
        let script = format!("create table t{step} (id int primary key);");
        project = project.with(&format!("migrations/{step:04}_t.sql"), script);
    }
    assert_eq!(trips(&project, 0), 1);
    project.write("migrations/0021_u.sql", "insert into nothing values (1);");
    assert_eq!(trips(&project, 3), 2);
}

/// What `PREPARE TRANSACTION` left open belongs to no session, so that the way out is another one.
#[test]
fn a_prepared_transaction_is_named_with_its_way_out() {
    let options = pgplumb::db::scratch::Options::default().setting("max_prepared_transactions", 2);
    let server: &'static Server = Box::leak(Box::new(Server::start(options)));
    let database = server.database("prepared");
    let project = Project::new()
        .with("migrations/0001_a.sql", "create table a (id int);")
        .with("migrations/0002_b.sql", "alter table a add column b int;");
    run(&project, &database, &["apply", "--to", "1"]).expect(0);
    let session = database.session();
    for statement in [
        "begin",
        "insert into a values (1)",
        "prepare transaction 'left open'",
    ] {
        session.run(statement).expect("the server takes it");
    }
    let outcome = run(&project, &database, &["preflight"]);
    assert!(!outcome.stdout.contains("pid 0"), "{}", outcome.stdout);
    let outcome = outcome.says("left open");
    assert!(
        !outcome.stdout.contains("pg_terminate_backend"),
        "{}",
        outcome.stdout
    );
    session
        .run("rollback prepared 'left open'")
        .expect("the server takes it");
}

/// A standby answers every question, and takes nothing.
#[test]
fn a_standby_blocks_and_can_still_be_verified() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Standby::primary_options())));
    let database = server.database("primary");
    let project = Project::new()
        .with(
            "migrations/0001_a.sql",
            "create table a (id int primary key, n int check (n > 0));",
        )
        .with(
            "checks/0001_a.toml",
            "title = \"a\"\n[table.a.column]\nid = \"int not null\"\n[table.a.check]\na_n_check = \"n > 0\"\n\
             [[probe]]\nname = \"it takes rows\"\nrun = \"insert into a values (1, 1)\"\naffected = 1\n",
        );
    run(&project, &database, &["apply"]).expect(0);
    project.write("migrations/0002_b.sql", "alter table a add column b int;");
    let standby = Standby::of(server, &database);
    let on_standby = |args: &[&str]| {
        Pgplumb::at(project.path())
            .env("DATABASE_URL", &standby.url(&database))
            .args(args)
            .run()
    };
    let report = on_standby(&["preflight", "--format", "json"]).expect(3).json();
    assert_eq!(objects(&report), ["the standby server"]);
    assert_eq!(report["root_causes"][0]["remedy"], "connect to the primary");
    on_standby(&["apply"]).expect(3).says("nothing was run");
    on_standby(&["status"]).expect(0).says("1 applied, 1 pending");
    let report = on_standby(&["verify", "--format", "json"]).json();
    let status = |kind: &str| {
        let checks = report["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["kind"] == kind);
        check.unwrap_or_else(|| panic!("no {kind} in {checks:#?}"))["status"].clone()
    };
    assert_eq!(
        [status("column"), status("check"), status("probe")],
        ["pass", "pass", "skip"]
    );
    // with nothing pending there is nothing that a standby could refuse
    project.remove("migrations/0002_b.sql");
    on_standby(&["preflight"]).expect(0);
    drop(standby);
    run(&project, &database, &["preflight"]).expect(0);
}

/// The advice of a preflight that is ready.
fn advice(project: &Project, database: &Database) -> Vec<String> {
    let report = json(project, database, 0);
    let diagnostics = report["diagnostics"].as_array().expect("diagnostics");
    diagnostics
        .iter()
        .map(|one| one["message"].as_str().expect("a message").to_string())
        .collect()
}

#[test]
fn a_transaction_that_holds_a_table_for_long_is_named() {
    let database = Server::shared().database("held");
    database.run("create table a (id int primary key); create table quiet (id int)");
    let reader = database.session();
    reader.run("begin; select * from a").expect("it is read");
    let pid = reader.pid();
    let altered = Project::new().with("migrations/0001_a.sql", "alter table a add column b int;");
    let referred = Project::new().with(
        "migrations/0001_a.sql",
        "create table b (a int references a (id));",
    );
    let elsewhere = Project::new().with("migrations/0001_a.sql", "alter table quiet add column b int;");
    // what has just begun is nobody's trouble
    assert_eq!(advice(&altered, &database), [""; 0]);
    std::thread::sleep(std::time::Duration::from_millis(10_100));
    for project in [&altered, &referred] {
        let found = advice(project, &database);
        assert_eq!(found.len(), 1, "{found:?}");
        let begin = format!("a transaction of postgres (pid {pid}) has held a lock on public.a for 1");
        assert!(found[0].starts_with(&begin), "{found:?}");
    }
    run(&altered, &database, &["preflight"])
        .expect(0)
        .says(&format!("SELECT pg_terminate_backend({pid})"));
    assert_eq!(advice(&elsewhere, &database), [""; 0]);
    reader.run("commit").expect("it ends");
    assert_eq!(advice(&altered, &database), [""; 0]);
}

/// It waits for every snapshot that is older, also of those who look elsewhere.
#[test]
fn an_index_built_beside_the_writers_waits_for_everybody() {
    let database = Server::shared().database("snapshots");
    database.run("create table a (id int); create table quiet (id int)");
    let index = Project::new().with(
        "migrations/0001_a.sql",
        "-- pgplumb: no-transaction\ncreate index concurrently a_id on a (id);",
    );
    let locked = Project::new().with("migrations/0001_a.sql", "create index a_id on a (id);");
    let reader = database.session();
    reader
        .run("begin isolation level repeatable read; select * from quiet")
        .expect("it is read");
    let idle = database.session();
    idle.run("begin; select 1").expect("it is read");
    assert_eq!(advice(&index, &database), [""; 0]);
    std::thread::sleep(std::time::Duration::from_millis(10_100));
    let found = advice(&index, &database);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].contains("and CREATE INDEX CONCURRENTLY waits for every older one"),
        "{found:?}"
    );
    assert_eq!(advice(&locked, &database), [""; 0]);
    reader.run("commit").expect("it ends");
    assert_eq!(advice(&index, &database), [""; 0]);
}

/// Another autovacuum gives way to a lock; this one does not.
#[test]
fn autovacuum_against_wraparound_is_named() {
    let options = pgplumb::db::scratch::Options::default()
        .setting("autovacuum", "on")
        .setting("autovacuum_naptime", 1);
    let server: &'static Server = Box::leak(Box::new(Server::start(options)));
    let database = server.database("wraparound");
    // as slow as the server lets it be, so that it is still at work when it is looked at
    database.run(
        "create table old (id int, filler text) with (fillfactor = 10, autovacuum_enabled = off, \
         autovacuum_freeze_max_age = 100000, autovacuum_vacuum_cost_delay = 100, autovacuum_vacuum_cost_limit = 1); \
         create table young (id int); insert into old select g, repeat('x', 500) from generate_series(1, 2000) g",
    );
    database.run("do $$ begin for i in 1..100100 loop perform txid_current(); commit; end loop; end $$");
    let at_work = "select count(distinct pid) from pg_stat_activity a join pg_locks l using (pid) \
                   where a.query like 'autovacuum: VACUUM%public.old (to prevent wraparound)%' \
                   and l.relation = 'public.old'::regclass";
    let since = std::time::Instant::now();
    while database.value(at_work) != Some("1".to_string()) {
        assert!(since.elapsed().as_secs() < 60, "autovacuum does not come");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let project = Project::new().with("migrations/0001_a.sql", "alter table old add column b int;");
    let found = advice(&project, &database);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(
        found[0].ends_with("is at work on public.old to prevent wraparound, and does not give way to a lock"),
        "{found:?}"
    );
    let other = Project::new().with("migrations/0001_a.sql", "alter table young add column b int;");
    assert_eq!(advice(&other, &database), [""; 0]);
}
