//! Suites that `checks generate` writes of real histories: no false alarm, neither where they were written nor on a
//! database that was restored from a dump.
//!
//! The folder of histories is named by `PGPLUMB_CORPORA`, another server's programs by `PGPLUMB_PG_OTHER`; without
//! the first there is nothing to judge.

use std::path::{Path, PathBuf};

use crate::support::{Database, Pgplumb, Project, Server, dump};

/// Histories, and schemas of Supabase projects, which want the stub of what a project brings.
const HISTORIES: [&str; 5] = ["crates_io", "concourse", "e2b", "supabase_auth", "svix"];
const SCHEMAS: [&str; 2] = ["basejump.sql", "slack_clone_fixed.sql"];

/// What the scripts find in the environments that they were written for.
const ROLES: &str = "do $$ declare r text; begin foreach r in array array['anon', 'authenticated', 'service_role', \
    'supabase_auth_admin', 'supabase_admin', 'authenticator', 'dashboard_user', 'trigger_user', 'api_user'] loop \
    if not exists (select from pg_roles where rolname = r) then execute format('create role %I', r); end if; \
    end loop; end $$";

/// A dump without rows leaves materialized views as they were made, unpopulated.
const REFRESH: &str = "do $$ declare v record; begin for v in select format('%I.%I', schemaname, matviewname) as name \
    from pg_matviews where not ispopulated loop execute 'refresh materialized view ' || v.name; end loop; end $$";

/// Runs scripts as psql does, statement by statement; what fails is the history's own affair.
fn psql(database: &Database, files: &[PathBuf]) {
    let mut command = database.server().program("psql");
    command.args(["--no-psqlrc", "--quiet", "--dbname", &database.url()]);
    for file in files {
        command.arg("--file").arg(file);
    }
    let output = command
        .output()
        .expect("psql is installed: the tests need it beside the server");
    let said = String::from_utf8_lossy(&output.stderr);
    let errors = said.lines().filter(|line| line.contains("ERROR:")).count();
    if errors > 0 {
        println!("  {errors} statements of the history did not run here");
    }
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|end| end == "sql"))
        .collect();
    files.sort();
    files
}

/// Everything passes, and there is something to pass.
fn all_pass(project: &Project, database: &Database) -> u64 {
    let outcome = Pgplumb::new(project, database)
        .args(&["verify", "--format", "json"])
        .run();
    let report = outcome.json();
    let troubles: Vec<&str> = report["checks"]
        .as_array()
        .expect("checks")
        .iter()
        .filter(|check| check["status"] != "pass")
        .filter_map(|check| check["message"].as_str())
        .collect();
    assert_eq!((outcome.code, troubles), (0, Vec::new()), "{}", outcome.stderr);
    report["totals"]["pass"].as_u64().expect("a figure")
}

fn judge(name: &str, files: &[PathBuf], other: Option<&'static Server>) {
    let server = Server::shared();
    let database = server.database(name);
    database.make_roles(ROLES);
    if name == "supabase_auth" {
        // its own tool makes it
        database.run("create schema auth");
    }
    psql(&database, files);
    let project = Project::new();
    let outcome = Pgplumb::new(&project, &database)
        .args(&["checks", "generate"])
        .run()
        .expect(0);
    assert_eq!(outcome.stderr, "", "{name}");
    project.write("checks/live.toml", outcome.stdout);
    let passed = all_pass(&project, &database);
    assert!(passed > 10, "{name}: {passed} checks are hardly a schema");

    let text = dump(&database, &[]);
    let restored = server.database(&format!("{name}_restored"));
    restored.run(&text);
    restored.run(REFRESH);
    assert_eq!(all_pass(&project, &restored), passed, "{name}");
    println!("{name}: {passed} checks pass, restored as well");

    if let Some(other) = other {
        let newer = other.database(name);
        newer.make_roles(ROLES);
        match newer.try_run(&text) {
            Ok(()) => {
                newer.run(REFRESH);
                println!("{name}: {} pass on the other version", all_pass(&project, &newer));
            }
            Err(error) => println!("{name}: cannot be restored on the other version: {error}"),
        }
    }
}

#[test]
fn a_generated_suite_raises_no_false_alarm() {
    let Some(corpora) = std::env::var_os("PGPLUMB_CORPORA").map(PathBuf::from) else {
        eprintln!("PGPLUMB_CORPORA names no folder of histories: nothing to judge");
        return;
    };
    let other: Option<&'static Server> = std::env::var_os("PGPLUMB_PG_OTHER").map(|bin| {
        let options = pgplumb::db::scratch::Options {
            bin: Some(PathBuf::from(bin)),
            ..Default::default()
        };
        &*Box::leak(Box::new(Server::start(options)))
    });
    for name in HISTORIES {
        judge(name, &scripts(&corpora.join(name).join("norm/migrations")), other);
    }
    for schema in SCHEMAS {
        let files = [corpora.join("_stub_supabase.sql"), corpora.join(schema)];
        let name = schema.trim_end_matches(".sql");
        judge(name, &files, other);
    }
}
