//! `preflight`, and the same step inside `apply`: on a real server, with the shipped project and small ones.

use serde_json::Value;

use crate::support::{Database, Outcome, Pgplumb, Project, Server};

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
    let report = json(&project, &database, 3);
    assert_eq!(report["verdict"], "blocked");
    assert_eq!(
        objects(&report),
        ["table organization", "schema auth", "role authenticated"]
    );
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
         end $$; grant usage on schema public to pgplumb_limited",
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
