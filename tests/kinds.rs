//! Every kind of catalog object in one complete suite: it passes, and each single change is found and named.

use serde_json::Value;

use crate::support::{Database, Pgplumb, Project, Server};

fn verify(project: &Project, database: &Database) -> (i32, Value) {
    let outcome = Pgplumb::new(project, database)
        .args(&["verify", "--format", "json"])
        .run();
    assert!(
        [0, 1].contains(&outcome.code),
        "{}{}",
        outcome.stdout,
        outcome.stderr
    );
    (outcome.code, outcome.json())
}

/// The change, the statement that takes it back, and the object that the failing check names.
fn mutations(text: &str) -> Vec<(&str, &str, &str)> {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert_eq!(lines.len() % 3, 0, "three lines a mutation");
    lines
        .chunks(3)
        .map(|lines| (lines[0], lines[1], lines[2]))
        .collect()
}

/// Statement by statement: some do not go with others in one transaction.
fn run(database: &Database, statements: &str) -> Result<(), String> {
    statements
        .split("; ")
        .try_for_each(|statement| database.try_run(statement))
}

/// The checks that did not pass: id, status and message.
fn troubles(report: &Value) -> Vec<String> {
    report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|check| check["status"] != "pass")
        .map(|check| {
            let text = |key: &str| check[key].as_str().unwrap_or_default();
            format!("{} {}: {}", text("status"), text("id"), text("message"))
        })
        .collect()
}

/// The suite passes on the database, fails for each change, names its object, and passes again at the end; and so
/// does the suite that `checks generate` writes of the database.
fn every_change_is_found(name: &str, sql: &str, suite: &str, changes: &str) -> Database {
    let database = Server::shared().database(name);
    database.run(sql);
    let by_hand = Project::new().with("checks/kinds.toml", suite);
    let generated = Project::new();
    generated.write("checks/kinds.toml", generate(&database, &[]));
    // one server has one set of roles: one after the other
    score(&format!("{name}, by hand"), &by_hand, &database, changes);
    score(&format!("{name}, generated"), &generated, &database, changes);
    database
}

/// The suite that `checks generate` writes. It has nothing to say beside it.
fn generate(database: &Database, arguments: &[&str]) -> String {
    let outcome = Pgplumb::new(&Project::new(), database)
        .args(&[&["checks", "generate"], arguments].concat())
        .run()
        .expect(0);
    assert_eq!(outcome.stderr, "", "{}", outcome.stdout);
    outcome.stdout
}

/// Prints how many of the changes the project's suite finds, which have to be all.
fn score(title: &str, project: &Project, database: &Database, changes: &str) {
    let (code, report) = verify(project, database);
    assert_eq!((code, troubles(&report)), (0, Vec::new()));
    let mut missed = Vec::new();
    let mutations = mutations(changes);
    for (change, back, object) in &mutations {
        if let Err(error) = run(database, change) {
            missed.push(format!("{change}\n    {error}"));
            continue;
        }
        let (code, report) = verify(project, database);
        let found = troubles(&report);
        let named = found
            .iter()
            .any(|trouble| trouble.starts_with("fail ") && trouble.contains(object));
        if code != 1 || !named {
            missed.push(format!("{change}\n    exit {code}, {found:#?}"));
        }
        if let Err(error) = run(database, back) {
            missed.push(format!("{back}\n    {error}"));
        }
    }
    let found = mutations.len() - missed.len();
    eprintln!("{title}: {found} of {} changes found", mutations.len());
    assert!(
        missed.is_empty(),
        "{title}: {} of {} missed:\n{}",
        missed.len(),
        mutations.len(),
        missed.join("\n")
    );
    let (code, report) = verify(project, database);
    assert_eq!((code, troubles(&report)), (0, Vec::new()));
}

#[test]
fn a_complete_suite_passes_and_finds_every_single_change() {
    let database = every_change_is_found(
        "kinds",
        include_str!("kinds/database.sql"),
        include_str!("kinds/suite.toml"),
        include_str!("kinds/mutations.txt"),
    );
    let pinned = Project::new();
    pinned.write("checks/kinds.toml", generate(&database, &["--owners"]));
    let owners = include_str!("kinds/owners.txt");
    score("kinds, owners pinned", &pinned, &database, owners);
}

#[test]
fn what_came_with_newer_versions() {
    let version = Server::shared().scratch().version_num() / 10_000;
    let create = match version {
        // given with the database
        ..15 => {
            "revoke create on schema public from public\ngrant create on schema public to public\nschema public\n"
        }
        _ => {
            "grant create on schema public to public\nrevoke create on schema public from public\nschema public\n"
        }
    };
    let suite = |grant: &str| {
        format!(
            "complete = true\nexact = [\"tables\"]\n[schemas]\npublic = {{ {grant} }}\n[role.kinds_user]\n"
        )
    };
    every_change_is_found("kinds_public", "create role kinds_user", &suite(""), create);
    every_change_is_found(
        "kinds_public_granted",
        "grant usage on schema public to kinds_user",
        &suite("grant = { kinds_user = [\"usage\"], public = [\"default\"] }"),
        create,
    );
    let mut lines: Vec<&str> = create.lines().collect();
    lines.swap(0, 1);
    let (given, other) = (lines[1], lines.join("\n"));
    let privileges = if version < 15 { "" } else { ", \"create\"" };
    every_change_is_found(
        "kinds_public_other",
        given,
        &suite(&format!("grant = {{ public = [\"usage\"{privileges}] }}")),
        &other,
    );
    // what a dump of a server before 17 gives to a role that was granted an option on its own tables
    let database = Server::shared().database("kinds_left");
    database.run(
        "create role kinds_maker; create role kinds_taker; \
         alter default privileges for role kinds_maker revoke all on tables from kinds_maker; \
         alter default privileges for role kinds_maker grant select on tables to kinds_maker with grant option; \
         alter default privileges for role kinds_maker grant insert, update, delete, truncate, references, trigger \
         on tables to kinds_maker; alter default privileges for role kinds_maker grant all on tables to kinds_taker",
    );
    let written = "[default_privileges.kinds_maker]\ntables = { kinds_taker = [\"all\"] }\n";
    assert!(
        generate(&database, &[]).contains(written),
        "{}",
        generate(&database, &[])
    );
    let suite = format!("complete = true\nexact = [\"default_privileges\"]\n{written}");
    let project = Project::new().with("checks/kinds.toml", suite);
    let taken = "alter default privileges for role kinds_maker revoke insert on tables from kinds_maker\n\
                 alter default privileges for role kinds_maker grant insert on tables to kinds_maker\n\
                 default privileges kinds_maker\n";
    score(
        "default privileges of an older server",
        &project,
        &database,
        taken,
    );
    if version >= 15 {
        every_change_is_found(
            "kinds_15",
            include_str!("kinds/15.sql"),
            include_str!("kinds/15.toml"),
            include_str!("kinds/15.txt"),
        );
    }
    if version >= 18 {
        every_change_is_found(
            "kinds_18",
            include_str!("kinds/18.sql"),
            include_str!("kinds/18.toml"),
            include_str!("kinds/18.txt"),
        );
    }
}

#[test]
fn where_things_lie_which_collation_and_version_they_have() {
    let server = Server::shared();
    let database = server.database("kinds_apart");
    database.run(include_str!("kinds/apart.sql"));
    let by_hand = Project::new().with("checks/kinds.toml", include_str!("kinds/apart.toml"));
    let extension = include_str!("kinds/extension.txt");
    score("extension, by hand", &by_hand, &database, extension);
    let generated = Project::new();
    generated.write("checks/kinds.toml", generate(&database, &[]));
    let collations = include_str!("kinds/collations.txt");
    score("collations, generated", &generated, &database, collations);
    // a tablespace needs no folder of its own since 15
    if server.scratch().version_num() >= 150_000 {
        database.run(
            "do $$ begin execute format('alter database %I set allow_in_place_tablespaces = on', current_database()); end $$",
        );
        database.run("create tablespace kinds_space location ''");
        let tablespaces = include_str!("kinds/tablespaces.txt");
        score("tablespaces, generated", &generated, &database, tablespaces);
    }
}

#[test]
fn a_tablespace_that_is_stated_may_be_that_of_the_database() {
    let server = Server::shared();
    // a tablespace needs no folder of its own since 15
    if server.scratch().version_num() < 150_000 {
        return;
    }
    let (database, other) = (server.database("placed"), server.database("beside"));
    for statement in [
        "do $$ begin execute format('alter database %I set allow_in_place_tablespaces = on', current_database()); end $$",
        "create tablespace home_space location ''",
        "create tablespace far_space location ''",
        &format!("alter database {} set tablespace home_space", database.name),
    ] {
        other.run(statement);
    }
    for statement in [
        "create table near (a integer); create index near_a on near (a); create materialized view near_m as select 1 as a",
        "create table usual (a integer) tablespace pg_default; create index usual_a on usual (a) tablespace pg_default; \
         create materialized view usual_m tablespace pg_default as select 1 as a",
        "create table far (a integer) tablespace far_space; create index far_a on far (a) tablespace far_space; \
         create materialized view far_m tablespace far_space as select 1 as a",
    ] {
        database.run(statement);
    }
    let places = [
        ("near", "home_space"),
        ("usual", "pg_default"),
        ("far", "far_space"),
    ];
    for (table, place) in places {
        for (_, stated) in places {
            let suite = format!(
                "[table.{table}]\ntablespace = \"{stated}\"\n\
                 index.{table}_a = {{ definition = \"(a)\", tablespace = \"{stated}\" }}\n\
                 [materialized_view]\n{table}_m = {{ definition = \"select 1 as a\", tablespace = \"{stated}\" }}\n"
            );
            let in_definition = format!("[table.{table}.index]\n{table}_a = \"(a) tablespace {stated}\"\n");
            for (suite, checks) in [(suite, 3), (in_definition, 1)] {
                let project = Project::new().with("checks/placed.toml", suite);
                let (_, report) = verify(&project, &database);
                let wrong = if stated == place { 0 } else { checks };
                assert_eq!(
                    troubles(&report).len(),
                    wrong,
                    "{table}: {stated}, {:?}",
                    troubles(&report)
                );
            }
        }
    }
    let generated = Project::new();
    let suite = generate(&database, &[]);
    assert!(
        !suite.contains("home_space") && suite.contains("pg_default"),
        "{suite}"
    );
    generated.write("checks/placed.toml", suite);
    assert_eq!(verify(&generated, &database).0, 0);
}

#[test]
fn what_is_called_like_something_of_the_server_keeps_its_schema() {
    let database = Server::shared().database("namesakes");
    database.run(
        "create schema auth; create collation auth.\"C\" from \"POSIX\"; create collation auth.own from \"C\"; \
         create operator class auth.text_pattern_ops for type text using btree as operator 1 <, operator 2 <=, \
         operator 3 =, operator 4 >=, operator 5 >, function 1 bttextcmp(text, text); \
         create domain auth.d as text collate auth.\"C\"; create type auth.p as (a text collate auth.\"C\", b text collate auth.own); \
         create type auth.r as range (subtype = text, subtype_opclass = auth.text_pattern_ops, collation = auth.\"C\"); \
         create table auth.t (a text collate auth.\"C\", b text collate auth.own, constraint e exclude (b collate auth.\"C\" with =)); \
         create index i on auth.t (b collate auth.\"C\" auth.text_pattern_ops, a text_pattern_ops); \
         create table auth.h (a text) partition by range (a collate auth.\"C\" auth.text_pattern_ops)",
    );
    let project = Project::new();
    let suite = generate(&database, &["--schema", "auth"]);
    for text in [
        "collate auth.\"C\" auth.text_pattern_ops",
        "collate own",
        "a text_pattern_ops",
    ] {
        assert!(suite.contains(text), "{text} in {suite}");
    }
    project.write("checks/auth.toml", suite);
    let (code, report) = verify(&project, &database);
    assert_eq!((code, troubles(&report)), (0, Vec::new()));
}

#[test]
fn exact_passes_over_what_extensions_own_and_what_is_ignored() {
    let database = Server::shared().database("exact");
    // what CREATE EXTENSION writes down for its objects: the extension that every server has gets some more
    database.run(
        "create table listed (id integer); create table owned (id integer); create table tmp_one (id integer); \
         create function owned() returns integer language sql as 'select 1'; \
         create function audit_it() returns integer language sql as 'select 1'; \
         create type owned_type as enum ('a'); create sequence owned_seq; create view owned_view as select 1 as a; \
         alter extension plpgsql add table owned; alter extension plpgsql add function owned(); \
         alter extension plpgsql add type owned_type; alter extension plpgsql add sequence owned_seq; \
         alter extension plpgsql add view owned_view",
    );
    let exact = "exact = [\"tables\", \"functions\", \"types\", \"sequences\", \"views\"]\n";
    let listed = "[table.listed]\n";
    let project = Project::new().with("checks/exact.toml", format!("title = \"x\"\n{exact}{listed}"));
    let (code, report) = verify(&project, &database);
    assert_eq!(
        (code, troubles(&report)),
        (
            1,
            vec![
                "fail exact/exact: schema public has what no suite lists: table public.tmp_one, \
                 function public.audit_it()"
                    .to_string()
            ]
        )
    );
    let ignore = "ignore = [\"table tmp_*\", \"function audit_*\"]\n";
    project.write(
        "checks/exact.toml",
        format!("title = \"x\"\n{exact}{ignore}{listed}"),
    );
    let (code, report) = verify(&project, &database);
    assert_eq!((code, troubles(&report)), (0, Vec::new()));
}

#[test]
fn what_is_gone_is_told_and_not_what_it_stood_on() {
    let database = Server::shared().database("stood_on");
    database.run(
        "CREATE TABLE keyed (id int PRIMARY KEY); CREATE TABLE \"Noted Down\" (note text, more int); \
         CREATE TABLE linked (id int REFERENCES keyed); CREATE TABLE bare (id int)",
    );
    let project = Project::new().with(
        "checks/all.toml",
        "[table.keyed]\nprimary_key = [\"id\"]\n[table.'\"Noted Down\"']\ncolumn.note = \"text\"\n\
         [table.linked]\nforeign_key.id = \"keyed(id)\"\n[table.bare]\n",
    );
    assert_eq!(verify(&project, &database).0, 0);
    let find = |change: &str, back: &str, wanted: &[&str]| {
        run(&database, change).unwrap_or_else(|error| panic!("{change}: {error}"));
        let (code, report) = verify(&project, &database);
        let found: Vec<String> = troubles(&report);
        let ids: Vec<&str> = found.iter().filter_map(|line| line.split(": ").next()).collect();
        assert_eq!((code, ids.as_slice()), (1, wanted), "{change}: {found:?}");
        run(&database, back).unwrap_or_else(|error| panic!("{back}: {error}"));
        assert_eq!(verify(&project, &database).0, 0, "{back}");
    };
    find(
        "ALTER TABLE linked DROP CONSTRAINT linked_id_fkey",
        "ALTER TABLE linked ADD FOREIGN KEY (id) REFERENCES keyed",
        &["fail all/table.linked/foreign_key.id"],
    );
    find(
        "ALTER TABLE \"Noted Down\" DROP COLUMN note",
        "ALTER TABLE \"Noted Down\" ADD note text",
        &["fail all/table.\"Noted Down\"/column.note"],
    );
    find(
        "ALTER TABLE keyed DROP CONSTRAINT keyed_pkey CASCADE",
        "ALTER TABLE keyed ADD PRIMARY KEY (id); ALTER TABLE linked ADD FOREIGN KEY (id) REFERENCES keyed",
        &[
            "fail all/table.keyed/primary_key",
            "fail all/table.linked/foreign_key.id",
        ],
    );
    // a view of the same columns is no table
    find(
        "DROP TABLE \"Noted Down\"; CREATE VIEW \"Noted Down\" AS SELECT 'a'::text AS note",
        "DROP VIEW \"Noted Down\"; CREATE TABLE \"Noted Down\" (note text)",
        &["fail all/table.\"Noted Down\""],
    );
    find(
        "DROP TABLE \"Noted Down\"",
        "CREATE TABLE \"Noted Down\" (note text)",
        &[
            "fail all/table.\"Noted Down\"",
            "blocked all/table.\"Noted Down\"/column.note",
        ],
    );
    find(
        "DROP TABLE bare",
        "CREATE TABLE bare (id int)",
        &["fail all/table.bare"],
    );
}
