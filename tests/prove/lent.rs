//! Nothing stays where databases were made: not after an end, not after an interruption, not after a kill.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Child;

use pgplumb::db::scratch::Options;

use super::texts;
use crate::chaos::{signal, wait_until};
use crate::support::{Database, Pgplumb, Project, Server};

/// Databases and roles of a server.
fn belongings(database: &Database) -> BTreeSet<String> {
    let sql =
        "select 'database ' || datname from pg_database union all select 'role ' || rolname from pg_roles";
    let rows = database.rows(sql).expect("the server answers");
    rows.into_iter().flatten().flatten().collect()
}

/// A migration that makes a role, and one whose rollback takes its time; the second word is what it says meanwhile.
fn project(role: Option<&str>, word: &str) -> Project {
    let owner = role.map_or(String::new(), |role| {
        format!("CREATE ROLE {role}; ALTER TABLE t OWNER TO {role};")
    });
    let back = role.map_or(String::new(), |role| format!("DROP ROLE {role};"));
    Project::new()
        .with(
            "migrations/0001_role.sql",
            format!("CREATE TABLE t (a integer); {owner}"),
        )
        .with("rollback/0001_role.sql", format!("DROP TABLE t; {back}"))
        .with("migrations/0002_slow.sql", "CREATE VIEW v AS SELECT a FROM t;")
        .with(
            "rollback/0002_slow.sql",
            format!("SELECT pg_sleep(60), '{word}'; DROP VIEW v;"),
        )
}

fn on(database: &Database, project: &Project) -> Pgplumb {
    Pgplumb::at(project.path()).args(&[
        "prove",
        "--scratch-url",
        &database.url(),
        "--format",
        "json",
        "-q",
    ])
}

/// A run in the middle of its second rollback.
fn asleep(database: &Database, project: &Project, word: &str) -> Child {
    let child = on(database, project).start();
    let sql = format!(
        "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%{word}%' and state = 'active' \
         and pid <> pg_backend_pid()"
    );
    wait_until("the rollback runs", || {
        database.value(&sql) != Some("0".to_string())
    });
    child
}

#[test]
fn nothing_stays_on_a_server_that_was_lent() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let database = server.database("lent");
    let before = belongings(&database);
    let project = Project::new()
        .with(
            "migrations/0001_role.sql",
            "CREATE ROLE lent_owner; CREATE TABLE t (a integer); ALTER TABLE t OWNER TO lent_owner;",
        )
        .with("rollback/0001_role.sql", "DROP TABLE t;")
        .with("migrations/0002_slow.sql", "CREATE VIEW v AS SELECT a FROM t;")
        .with("rollback/0002_slow.sql", "DROP VIEW v;");
    let url = database.url();
    let run =
        || Pgplumb::at(project.path()).args(&["prove", "--scratch-url", &url, "--format", "json", "-q"]);
    let report = run().run().expect(1).json();
    let outcomes = texts(&report, "proofs", "outcome");
    assert_eq!(outcomes, ["residue", "exact"]);
    assert_eq!(belongings(&database), before);

    // interrupted in the middle of a statement
    project.write("rollback/0002_slow.sql", "SELECT pg_sleep(60), 'interrupted';");
    let child = asleep(&database, &project, "interrupted");
    signal("INT", &child.id().to_string());
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(belongings(&database), before);
}

/// Kills a run in the middle of its second rollback.
fn kill_asleep(database: &Database, project: &Project) {
    let mut child = asleep(database, project, "killed");
    signal("KILL", &child.id().to_string());
    child.wait().expect("it ends");
}

#[test]
fn what_a_killed_proof_leaves_is_dropped_by_the_next() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let (database, elsewhere) = (server.database("lent"), server.database("elsewhere"));
    let before = belongings(&database);
    let living = project(None, "living");
    let living = asleep(&elsewhere, &living, "living");
    let with_living = belongings(&database);
    assert_eq!(with_living.len(), before.len() + 2, "two databases for each run");

    let killed = project(None, "killed");
    kill_asleep(&database, &killed);
    let left = belongings(&database);
    assert_eq!(left.len(), with_living.len() + 2, "two databases: {left:?}");
    killed.write("rollback/0002_slow.sql", "DROP VIEW v;");
    let report = on(&database, &killed).run().expect(0).json();
    assert_eq!(texts(&report, "proofs", "outcome"), ["exact", "exact"]);
    let told = texts(&report, "diagnostics", "message");
    assert_eq!(
        told,
        ["a proof that was killed had left something on this server, which is dropped now"]
    );
    assert_eq!(belongings(&database), with_living);
    // and says nothing when there was nothing
    let report = on(&database, &killed).run().expect(0).json();
    assert_eq!(report["diagnostics"], serde_json::json!([]));
    assert_eq!(belongings(&database), with_living);

    signal("INT", &living.id().to_string());
    let output = living.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(belongings(&database), before);
}

#[test]
fn roles_of_a_killed_proof_are_dropped_by_the_next() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let database = server.database("lent");
    let before = belongings(&database);
    let killed = project(Some("\"Made by a proof\""), "killed");
    kill_asleep(&database, &killed);
    let left = belongings(&database);
    assert_eq!(left.len(), before.len() + 3, "two databases and a role: {left:?}");
    // who makes a role meanwhile keeps it
    database.run("CREATE ROLE bystander");
    killed.write("rollback/0002_slow.sql", "DROP VIEW v;");
    let report = on(&database, &killed).run().expect(0).json();
    assert_eq!(texts(&report, "proofs", "outcome"), ["exact", "exact"]);
    assert_eq!(report["diagnostics"].as_array().map(Vec::len), Some(1));
    let mut expected = before;
    expected.insert("role bystander".to_string());
    assert_eq!(belongings(&database), expected);
}

#[test]
fn proofs_at_once_do_not_see_the_roles_of_each_other() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let (database, elsewhere) = (server.database("lent"), server.database("elsewhere"));
    let before = belongings(&database);
    let slow =
        |project: Project| project.with("rollback/0002_slow.sql", "SELECT pg_sleep(0.3); DROP VIEW v;");
    // the same role twice, and one that makes none
    let projects = [Some("twice"), Some("twice"), None].map(|role| slow(project(role, "at once")));
    let children: Vec<Child> = projects
        .iter()
        .zip([&database, &elsewhere, &database])
        .map(|(project, database)| on(database, project).start())
        .collect();
    for child in children {
        let report = crate::chaos::outcome(child).expect(0).json();
        assert_eq!(texts(&report, "proofs", "outcome"), ["exact", "exact"]);
        assert_eq!(report["diagnostics"], serde_json::json!([]));
    }
    assert_eq!(belongings(&database), before);

    // who has to wait says so
    let first = asleep(&database, &project(Some("first"), "first"), "first");
    let second = Pgplumb::at(projects[2].path())
        .args(&["prove", "--scratch-url", &elsewhere.url()])
        .start();
    wait_until("the second waits", || {
        let waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
        database.value(waiting) == Some("1".to_string())
    });
    signal("INT", &first.id().to_string());
    assert_eq!(crate::chaos::outcome(first).code, 130);
    let second = crate::chaos::outcome(second).expect(0);
    let told = "waiting for another proof on this server";
    assert!(second.stderr.contains(told), "{}", second.stderr);
    assert_eq!(belongings(&database), before);
}

#[test]
fn a_throw_away_server_ends_with_the_proof_that_is_killed() {
    let parent = tempfile::Builder::new()
        .prefix("killed-")
        .tempdir_in("/tmp")
        .expect("a folder");
    // the server runs as another user when root runs the tests
    std::fs::set_permissions(parent.path(), std::fs::Permissions::from_mode(0o1777)).expect("it is ours");
    let project = project(None, "killed");
    let mut child = Pgplumb::at(project.path())
        .env("TMPDIR", &parent.path().display().to_string())
        .args(&["prove", "-q"])
        .start();
    let servers = || -> Vec<PathBuf> {
        let entries = std::fs::read_dir(parent.path()).expect("the folder is there");
        entries.map(|entry| entry.expect("an entry").path()).collect()
    };
    // the two databases of a proof have numbers of their own below base
    let databases = |server: &PathBuf| std::fs::read_dir(server.join("data/base")).map_or(0, Iterator::count);
    wait_until("the proof is under way", || {
        servers().first().map(databases).unwrap_or_default() >= 5
    });
    let server = servers().remove(0);
    let postmaster = std::fs::read_to_string(server.join("data/postmaster.pid")).expect("it runs");
    let postmaster = postmaster.lines().next().expect("a process").to_string();
    signal("KILL", &child.id().to_string());
    child.wait().expect("it ends");
    wait_until("the directory is gone", || servers().is_empty());
    wait_until("the server is gone", || {
        !std::path::Path::new("/proc").join(&postmaster).exists()
    });
}

#[test]
fn scripts_run_as_the_role_of_the_settings() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let database = server.database("lent");
    let project = Project::new()
        .with(
            "pgplumb.toml",
            "role = \"Shop Owner\"\n".replace("\"Shop Owner\"", "'\"Shop Owner\"'"),
        )
        .with(
            "migrations/0001_t.sql",
            "CREATE TABLE t (a integer); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;",
        )
        .with("rollback/0001_t.sql", "DROP TABLE t;")
        .with(
            "checks/0001_t.toml",
            "title = \"t\"\n[table.t]\nowner = '\"Shop Owner\"'\n",
        )
        .with(
            "migrations/0002_u.sql",
            "-- pgplumb: no-transaction\nCREATE TABLE u ();\n",
        )
        .with(
            "rollback/0002_u.sql",
            "-- pgplumb: no-transaction\nDROP TABLE u; DELETE FROM t;\n",
        )
        .with(
            "prove/seed/0002_rows.sql",
            "SET row_security = off; INSERT INTO t VALUES (1);",
        );
    let own = Pgplumb::at(project.path()).args(&["prove"]).run().expect(0);
    let own = own.says("the scripts run as role Shop Owner, which owns the databases of the proof");
    own.says("it was created without attributes and memberships");

    let refused = on(&database, &project).run().expect(3);
    refused.says("role Shop Owner, which migrates by the settings, is not on the server");
    database.run("CREATE ROLE \"Shop Owner\"");
    let before = belongings(&database);
    let report = on(&database, &project).run().expect(0).json();
    assert_eq!(texts(&report, "checks", "status"), ["pass", "pass"]);
    assert_eq!(belongings(&database), before);
    database.run("CREATE ROLE builder LOGIN CREATEDB");
    let url = database.url().replace("postgres@", "builder@");
    let refused = Pgplumb::at(project.path())
        .args(&["prove", "--scratch-url", &url])
        .run()
        .expect(3);
    refused
        .says("builder cannot act as role Shop Owner")
        .says("GRANT \"Shop Owner\" TO builder;");
    database.run("GRANT \"Shop Owner\" TO builder");
    project.write("prove/seed/0002_rows.sql", "SELECT 1;");
    Pgplumb::at(project.path())
        .args(&["prove", "--scratch-url", &url])
        .run()
        .expect(0);
}
