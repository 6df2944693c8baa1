//! What no snapshot can hold: logins, signals, runners beside each other, busy tables, secrets.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use pgplumb::db::scratch;
use pgplumb::db::secret::Secret;

use crate::support::{Database, Outcome, Pgplumb, Project, Server};

/// A password that nobody would find anywhere by chance, with characters that a URL encodes.
const PASSWORD: &str = "c0rrect h@rse/b%tt:ry";
const ENCODED: &str = "c0rrect%20h%40rse%2Fb%25tt%3Ary";

fn notes() -> Project {
    Project::new().with("migrations/0001_notes.sql", "CREATE TABLE note (body text);\n")
}

/// A statement that takes a minute, and one before it that must not remain.
fn slow() -> Project {
    Project::new().with(
        "migrations/0001_slow.sql",
        "CREATE TABLE note (body text);\nSELECT pg_sleep(60);\n",
    )
}

#[track_caller]
fn holds_no_secret(outcome: &Outcome) {
    for secret in [PASSWORD, ENCODED, "c0rrect", "b%25tt", "b%tt"] {
        for (stream, text) in [("stdout", &outcome.stdout), ("stderr", &outcome.stderr)] {
            assert!(!text.contains(secret), "{stream} holds the password:\n{text}");
        }
    }
}

/// Fails unless the message names what is wrong and says what to do.
#[track_caller]
fn helps(outcome: &Outcome, words: &[&str]) {
    assert!(outcome.stderr.starts_with("error: "), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("\n  help: "),
        "no help:\n{}",
        outcome.stderr
    );
    assert!(
        !outcome.stderr.contains("help: \n"),
        "empty help:\n{}",
        outcome.stderr
    );
    assert!(
        !outcome.stderr.contains(" {"),
        "a value of the program is shown:\n{}",
        outcome.stderr
    );
    for word in words {
        assert!(
            outcome.stderr.contains(word),
            "{word:?} is missing:\n{}",
            outcome.stderr
        );
    }
}

fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(
            begin.elapsed() < Duration::from_secs(30),
            "waited too long until {what}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Whether a statement that holds this text is running in the database.
fn runs(database: &Database, text: &str) -> bool {
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' \
         AND pid <> pg_backend_pid() AND query LIKE '%{text}%'"
    );
    database.value(&query).as_deref() != Some("0")
}

fn tables(database: &Database) -> Vec<String> {
    let query = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1";
    let rows = database.rows(query).expect("the catalog can be read");
    rows.into_iter().flatten().flatten().collect()
}

fn signal(child: &Child, name: &str) {
    let sent = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status()
        .expect("kill is there");
    assert!(sent.success());
}

fn outcome(child: Child) -> Outcome {
    let output = child.wait_with_output().expect("it ends");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn a_wrong_password_is_exit_4_and_shown_nowhere() {
    let options = scratch::Options {
        password: Some(Secret::new("another".to_string())),
        ..scratch::Options::default()
    };
    let server = Server::start(options);
    let right = server.scratch().url("postgres");
    let (before, after) = right.split_once(":another@").expect("the URL holds the password");
    let without = format!("{before}@{after}");
    let wrong = format!("{before}:{ENCODED}@{after}");
    let socket = server.scratch().directory().display().to_string();
    let port = after
        .split_once(':')
        .and_then(|(_, rest)| rest.split_once('/'))
        .expect("a port")
        .0;
    let words = format!("host='{socket}' port={port} user=postgres dbname=postgres password='{PASSWORD}'");
    let project = notes();
    let with_settings = notes().with("pgplumb.toml", format!("database_url = \"{wrong}\"\n"));
    let passfile = project.write(
        "pgpass",
        format!("*:*:*:postgres:{}\n", PASSWORD.replace(':', "\\:")),
    );
    std::fs::set_permissions(&passfile, std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("it is ours");
    let passfile = passfile.display().to_string();
    for verb in [
        &["status"][..],
        &["apply", "-v", "--format", "json"],
        &["verify", "-vv"],
        &["apply", "-v", "-v", "-v"],
    ] {
        let runs = [
            Pgplumb::at(project.path()).args(&["-d", &wrong]),
            Pgplumb::at(project.path()).args(&["-d", &words]),
            Pgplumb::at(project.path()).env("DATABASE_URL", &wrong),
            Pgplumb::at(project.path())
                .env("DATABASE_URL", &without)
                .env("PGPASSWORD", PASSWORD),
            Pgplumb::at(project.path())
                .env("DATABASE_URL", &without)
                .env("PGPASSFILE", &passfile),
            Pgplumb::at(with_settings.path()),
        ];
        for run in runs {
            let outcome = run.args(verb).run().expect(4);
            holds_no_secret(&outcome);
            let said = format!("{}{}", outcome.stdout, outcome.stderr);
            assert!(said.contains("password"), "{said}");
            assert!(said.contains("postgres"), "the user is not named:\n{said}");
        }
    }
    // none at all, and nobody to ask
    let outcome = Pgplumb::at(project.path())
        .env("DATABASE_URL", &without)
        .env("PGPASSFILE", "/nonexistent")
        .args(&["status"])
        .run()
        .expect(4);
    assert!(outcome.stderr.contains("password"), "{}", outcome.stderr);
    // the right one works, and stays unseen
    let outcome = Pgplumb::at(project.path())
        .args(&["apply", "-vv", "-d", &right, "--report", "json=out.json"])
        .run()
        .expect(0);
    assert!(
        outcome.stderr.contains("PGPASSWORD"),
        "no warning:\n{}",
        outcome.stderr
    );
    let report = std::fs::read_to_string(project.path().join("out.json")).expect("the report was written");
    for text in [&outcome.stdout, &outcome.stderr, &report] {
        assert!(
            !text.contains("another@") && !text.contains("another\""),
            "{text}"
        );
    }
    let history = Pgplumb::at(project.path())
        .env("DATABASE_URL", &right)
        .args(&["history", "--format", "json"])
        .run()
        .expect(0);
    assert!(!history.stdout.contains("another"), "{}", history.stdout);
}

#[test]
fn malformed_connection_strings_keep_their_secret() {
    let project = notes();
    for url in [
        format!("postgres://me:{ENCODED}@host:port/db"),
        format!("postgres://me:{PASSWORD}@host/db"),
        format!("postgres://me:{ENCODED}@host/db?sslmod=require"),
        format!("postgres://me:{ENCODED}@host/db?connect_timeout=soon"),
        format!("host=localhost password='{PASSWORD}"),
        format!("host=localhost passwrd='{PASSWORD}'"),
        format!("mysql://me:{ENCODED}@host/db"),
    ] {
        let settings = notes().with(
            "pgplumb.toml",
            format!("database_url = '''{url}'''\nschem = \"x\"\n"),
        );
        for (run, code) in [
            (Pgplumb::at(project.path()).args(&["status", "-d", &url]), 2),
            (
                Pgplumb::at(project.path())
                    .args(&["status", "--format", "json"])
                    .env("DATABASE_URL", &url),
                2,
            ),
            (Pgplumb::at(settings.path()).args(&["status"]), 2),
        ] {
            let outcome = run.run();
            holds_no_secret(&outcome);
            let outcome = outcome.expect(code);
            assert!(outcome.code != 0);
        }
    }
}

#[test]
fn a_url_without_its_scheme_is_not_shown_as_the_name_of_a_database() {
    let folder = Server::shared().scratch().directory().display().to_string();
    let outcome = Pgplumb::at(notes().path())
        .env("PGHOST", &folder)
        .env("PGUSER", "postgres")
        .args(&["status", "-d", &format!("me:{ENCODED}@host/db")])
        .run();
    holds_no_secret(&outcome);
    assert!([2, 4].contains(&outcome.code), "{}", outcome.stderr);
}

#[test]
fn what_cannot_be_reached_is_exit_4() {
    let server = Server::shared();
    let project = notes();
    let unknown = server.scratch().url("no_such_database");
    let outcome = Pgplumb::at(project.path())
        .env("DATABASE_URL", &unknown)
        .args(&["status"])
        .run()
        .expect(4);
    helps(&outcome, &["no_such_database"]);
    let unknown = unknown.replace("postgres@", "no_such_user@");
    let outcome = Pgplumb::at(project.path())
        .env("DATABASE_URL", &unknown)
        .args(&["status"])
        .run()
        .expect(4);
    helps(&outcome, &["no_such_user"]);
    // nobody listens: a port that was free a moment ago
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port is free")
        .port();
    for verb in [
        &["status"][..],
        &["apply"],
        &["verify"],
        &["rollback", "1"],
        &["history"],
    ] {
        let url = format!("postgres://me:{ENCODED}@127.0.0.1:{port}/shop?connect_timeout=2");
        let outcome = Pgplumb::at(project.path())
            .env("DATABASE_URL", &url)
            .args(verb)
            .run()
            .expect(4);
        helps(&outcome, &["127.0.0.1", &port.to_string()]);
        holds_no_secret(&outcome);
    }
    let folder = project.path().display().to_string();
    let outcome = Pgplumb::at(project.path())
        .args(&["status", "-d", &format!("host={folder} dbname=shop")])
        .run()
        .expect(4);
    helps(&outcome, &[&folder]);
    let outcome = Pgplumb::at(project.path())
        .args(&[
            "status",
            "-d",
            "postgres://me@no-such-host.invalid/shop?connect_timeout=5",
        ])
        .run()
        .expect(4);
    helps(&outcome, &["no-such-host.invalid"]);
}

#[test]
fn six_runners_at_once_run_each_migration_once() {
    let database = Server::shared().database("runners");
    let mut project = Project::new();
    for number in 1..=8 {
        project = project
            .with(
                &format!("migrations/{number:04}_step.sql"),
                format!("CREATE TABLE step_{number} (id integer);\nSELECT pg_sleep(0.05);\n"),
            )
            .with(
                &format!("checks/{number:04}_step.toml"),
                format!("[table.step_{number}]\n"),
            );
    }
    let children: Vec<Child> = (0..6)
        .map(|_| {
            Pgplumb::new(&project, &database)
                .args(&["apply", "--format", "json"])
                .start()
        })
        .collect();
    let mut applied = Vec::new();
    for child in children {
        let report = outcome(child).expect(0).json();
        assert_eq!(report["verdict"], "approved");
        for migration in report["migrations"].as_array().expect("an array") {
            if migration["state"] == "applied" {
                applied.push(migration["version"].as_str().expect("a string").to_string());
            }
        }
    }
    applied.sort();
    let expected: Vec<String> = (1..=8).map(|number| format!("{number:04}")).collect();
    assert_eq!(applied, expected, "each was applied by exactly one runner");
    let count = |query: &str| database.value(query);
    assert_eq!(
        count("SELECT count(*) FROM refinery_schema_history").as_deref(),
        Some("8")
    );
    assert_eq!(
        count("SELECT count(*) FROM pgplumb_journal").as_deref(),
        Some("8")
    );
}

#[test]
fn an_interrupted_apply_leaves_nothing_and_can_be_run_again() {
    let empty = Server::shared().database("interrupted");
    for name in ["INT", "TERM"] {
        let database = empty.copy();
        let project = slow();
        let child = Pgplumb::new(&project, &database).args(&["apply"]).start();
        wait_until("the statement runs", || runs(&database, "pg_sleep(60)"));
        let begin = Instant::now();
        signal(&child, name);
        let outcome = outcome(child).expect(130);
        assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
        assert!(!runs(&database, "pg_sleep"), "the statement still runs");
        assert!(
            !tables(&database).contains(&"note".to_string()),
            "{:?}",
            tables(&database)
        );
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains("interrupted"), "{said}");
        assert!(said.contains("rolled back"), "the state is not told:\n{said}");
        project.write("migrations/0001_slow.sql", "CREATE TABLE note (body text);\n");
        Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
        assert!(tables(&database).contains(&"note".to_string()));
        Pgplumb::new(&project, &database)
            .args(&["status", "--check"])
            .run()
            .expect(0);
    }
}

#[test]
fn a_killed_apply_leaves_nothing_and_can_be_run_again() {
    let database = Server::shared().database("killed");
    // the server notices that the client has gone when it next sends something
    let project = Project::new().with(
        "migrations/0001_slow.sql",
        "CREATE TABLE note (body text);\nSELECT pg_sleep(2);\nSELECT 1;\n",
    );
    let child = Pgplumb::new(&project, &database).args(&["apply"]).start();
    wait_until("the statement runs", || runs(&database, "pg_sleep(2)"));
    signal(&child, "KILL");
    assert_eq!(outcome(child).code, -1);
    assert!(!tables(&database).contains(&"note".to_string()));
    project.write("migrations/0001_slow.sql", "CREATE TABLE note (body text);\n");
    // waits until the server has cleared up behind the one that was killed
    Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
    assert_eq!(
        database
            .value("SELECT count(*) FROM refinery_schema_history")
            .as_deref(),
        Some("1")
    );
    assert!(tables(&database).contains(&"note".to_string()));
}

#[test]
fn a_busy_table_is_exit_7_and_names_who_holds_it() {
    let database = Server::shared().database("busy");
    let project = notes()
        .with("migrations/0002_more.sql", "ALTER TABLE note ADD author text;\n")
        .with("rollback/0002_more.sql", "ALTER TABLE note DROP author;\n")
        .with("checks/0001_notes.toml", "[table.note.column]\nbody = \"text\"\n")
        .with("pgplumb.toml", "lock_timeout = \"200ms\"\n");
    Pgplumb::new(&project, &database)
        .args(&["apply", "--to", "1"])
        .run()
        .expect(0);
    database.run("INSERT INTO note VALUES ('one')");
    let holder = database.session();
    holder
        .run("SET application_name = 'nightly report'; BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
        .expect("nobody else holds it");
    let pid = holder.pid();
    let outcome = Pgplumb::new(&project, &database)
        .args(&["apply", "--lock-wait", "1s"])
        .run()
        .expect(7);
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    for word in [&pid, "nightly report", "note", "0002_more"] {
        assert!(said.contains(word), "{word:?} is missing:\n{said}");
    }
    assert_eq!(
        database
            .value(
                "SELECT count(*) FROM pg_attribute WHERE attrelid = 'note'::regclass AND attname = 'author'"
            )
            .as_deref(),
        Some("0")
    );
    // verify takes no lock that a reader would mind, and does not wait for ever where it has to
    Pgplumb::new(&project, &database)
        .args(&["verify"])
        .run()
        .expect(0);
    holder
        .run("COMMIT; BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")
        .expect("nobody else holds it");
    let begin = Instant::now();
    let outcome = Pgplumb::new(&project, &database).args(&["verify"]).run();
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    assert!(
        [0, 7].contains(&outcome.code),
        "{}\n{}",
        outcome.stdout,
        outcome.stderr
    );
    if outcome.code == 7 {
        outcome.says(&pid).says("nightly report");
    }
    // what was there before the script is read of the table as well
    let begin = Instant::now();
    let outcome = Pgplumb::new(&project, &database)
        .args(&["apply", "--lock-wait", "1s"])
        .run()
        .expect(7);
    assert!(begin.elapsed() < Duration::from_secs(10), "{:?}", begin.elapsed());
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    for word in [
        &pid,
        "nightly report",
        "AccessExclusiveLock on public.note",
        "0002_more",
        "the table is free",
    ] {
        assert!(said.contains(word), "{word:?} is missing:\n{said}");
    }
    holder.run("COMMIT").expect("it is open");
    Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
    holder
        .run("BEGIN; LOCK TABLE note IN ACCESS EXCLUSIVE MODE")
        .expect("nobody else holds it");
    let project = project.with(
        "checks/0001_notes.toml",
        "[table.note.check]\nnote_body = \"body <> ''\"\n",
    );
    let outcome = Pgplumb::new(&project, &database).args(&["verify"]).run();
    match outcome.code {
        7 => drop(
            outcome
                .says(&pid)
                .says("nightly report")
                .says("AccessExclusiveLock"),
        ),
        code => assert_eq!(code, 1, "{}\n{}", outcome.stdout, outcome.stderr),
    }
}

#[test]
fn another_runner_that_does_not_end_is_exit_7() {
    let database = Server::shared().database("occupied");
    let long = slow();
    let child = Pgplumb::new(&long, &database).args(&["apply"]).start();
    wait_until("the statement runs", || runs(&database, "pg_sleep(60)"));
    let outcome = Pgplumb::new(&notes(), &database)
        .args(&["apply", "--lock-wait", "1s"])
        .run()
        .expect(7);
    let said = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(said.contains("another runner"), "{said}");
    assert!(said.contains("pid "), "nobody is named:\n{said}");
    // reading is possible all the while
    Pgplumb::new(&long, &database).args(&["status"]).run().expect(0);
    Pgplumb::new(&long, &database).args(&["history"]).run().expect(0);
    signal(&child, "INT");
    self::outcome(child).expect(130);
}

#[test]
fn a_verify_that_waits_for_the_history_is_interrupted() {
    let database = Server::shared().database("waits_for_history");
    let project = notes();
    Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
    let holder = database.session();
    holder
        .run("BEGIN; LOCK TABLE refinery_schema_history IN ACCESS EXCLUSIVE MODE")
        .expect("nobody else holds it");
    let child = Pgplumb::new(&project, &database).args(&["verify"]).start();
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
                   (SELECT oid FROM pg_database WHERE datname = current_database())";
    wait_until("it waits", || database.value(waiting).as_deref() == Some("1"));
    signal(&child, "INT");
    self::outcome(child).expect(130).says("nothing was changed");
    holder.run("COMMIT").expect("it is open");
}

#[test]
fn an_unreadable_folder_is_exit_2() {
    let project = notes().with("rollback/0001_notes.sql", "DROP TABLE note;\n");
    let permit = |path: &str, mode: u32| {
        let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(project.path().join(path), permissions).expect("it is ours");
    };
    permit(".", 0o755);
    for (path, words) in [
        ("rollback", "rollback/"),
        ("migrations/0001_notes.sql", "migrations/0001_notes.sql"),
    ] {
        permit(path, 0o000);
        // root reads everything, so the program then runs as nobody
        let is_root = std::fs::read_dir(project.path().join("rollback")).is_ok()
            && std::fs::read(project.path().join("migrations/0001_notes.sql")).is_ok();
        let program = project.path().join("pgplumb");
        std::fs::copy(env!("CARGO_BIN_EXE_pgplumb"), &program).expect("it can be copied");
        let mut command = Command::new(&program);
        if is_root {
            std::os::unix::process::CommandExt::uid(&mut command, 65534);
        }
        let output = command
            .arg("status")
            .current_dir(project.path())
            .output()
            .expect("it runs");
        permit(path, 0o755);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains(&format!("{words} cannot be read: permission denied")),
            "{stderr}"
        );
        assert!(stderr.contains("\n  help: "), "{stderr}");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let project = notes();
    let mut child = Pgplumb::at(project.path()).args(&["man"]).start();
    drop(child.stdout.take());
    let outcome = outcome(child).expect(0);
    assert_eq!(outcome.stderr, "");
}

#[test]
fn the_schema_of_check_files_is_printed_anywhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let outcome = Pgplumb::at(folder.path())
        .args(&["checks", "schema"])
        .run()
        .expect(0);
    assert_eq!(outcome.json()["title"], "pgplumb check file, version 1");
    assert_eq!(outcome.stdout, include_str!("../docs/schema/checks-1.json"));
}

/// The server does not even take a message that holds such a text.
#[test]
fn a_text_that_the_database_cannot_hold_disturbs_no_other_check() {
    let beside = Server::shared().database("beside_latin");
    let name = format!("{}_latin", beside.name);
    beside.run(&format!(
        "CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    ));
    let url = beside.url().replace(&beside.name, &name);
    let project = notes().with(
        "checks/0001_notes.toml",
        "[table.note.column]\nbody = \"text default '日本'\"\n\n[[query]]\nname = \"odd\"\nsql = \"select '日本'\"\nexpect = \"x\"\n\n\
         [[query]]\nname = \"none\"\nsql = \"select count(*) from note\"\nexpect = 0\n",
    );
    project.write(
        "migrations/0001_notes.sql",
        "CREATE TABLE note (body text DEFAULT 'x');\n",
    );
    let pgplumb = |args: &[&str]| {
        Pgplumb::at(project.path())
            .env("DATABASE_URL", &url)
            .args(args)
            .run()
    };
    pgplumb(&["apply", "-q", "--no-verify"]).expect(0);
    let report = pgplumb(&["verify", "--format", "json"]).expect(1).json();
    let status = |object: &str| {
        let checks = report["checks"].as_array().expect("checks");
        let check = checks.iter().find(|check| check["object"] == object);
        check.unwrap_or_else(|| panic!("{object}: {report:#}"))["status"].clone()
    };
    assert_eq!(status("public.note"), "pass");
    assert_ne!(status("public.note.body"), "pass");
    assert_ne!(status("odd"), "pass");
    assert_eq!(status("none"), "pass");
    // neither does it disturb what else is asked about scripts; what the encoding has is nothing in the way
    project.write("migrations/0002_fits.sql", "COMMENT ON TABLE note IS 'é';\n");
    project.write("migrations/0003_odd.sql", "SELECT 1;\nSELECT 'é 日本';\n");
    for verb in ["preflight", "apply"] {
        let report = pgplumb(&[verb, "--format", "json"]).expect(3).json();
        let causes = report["root_causes"].as_array().expect("root causes");
        assert_eq!(causes.len(), 1, "{causes:?}");
        assert_eq!(causes[0]["object"], "syntax of migrations/0003_odd.sql");
        let place = &causes[0]["sources"][0];
        assert_eq!(
            (&place["line"], &place["column"]),
            (&2.into(), &11.into()),
            "{place}"
        );
    }
    std::fs::remove_file(project.path().join("migrations/0003_odd.sql")).expect("it is there");
    pgplumb(&["preflight"]).expect(0);
    pgplumb(&["apply", "-q", "--no-verify"]).expect(0);
    beside.run(&format!("DROP DATABASE {name}"));
}

/// A try that is rolled back, since a table is busy, takes nothing back of what ended with the script before.
#[test]
fn what_a_script_leaves_does_not_come_back_with_the_next_try() {
    let database = Server::shared().database("left");
    let project = notes()
        .with(
            "migrations/0002_leaves.sql",
            "CREATE TABLE other (id integer);\nPREPARE p AS SELECT 1;\nSET check_function_bodies = off;\nSET default_transaction_deferrable = on;\n\
             SET SESSION AUTHORIZATION pg_monitor;\n",
        )
        .with(
            "migrations/0003_waits.sql",
            "PREPARE p AS SELECT 2;\nALTER TABLE note ADD author text;\n\
             CREATE TABLE seen AS SELECT current_setting('check_function_bodies') AS bodies, \
             current_setting('transaction_deferrable') AS defers, current_user::text AS who;\n",
        )
        .with("pgplumb.toml", "lock_timeout = \"200ms\"\n");
    Pgplumb::new(&project, &database)
        .args(&["apply", "--to", "1"])
        .run()
        .expect(0);
    let holder = database.session();
    holder
        .run("BEGIN; LOCK TABLE note IN ACCESS SHARE MODE")
        .expect("nobody else holds it");
    let applying = std::thread::scope(|scope| {
        let applying = scope.spawn(|| {
            Pgplumb::new(&project, &database)
                .args(&["apply", "--lock-wait", "30s"])
                .run()
        });
        wait_until("a try was rolled back", || {
            runs(&database, "ALTER TABLE note ADD author")
        });
        std::thread::sleep(Duration::from_millis(500));
        holder.run("COMMIT").expect("it is open");
        applying.join().expect("it ends")
    });
    applying.expect(0).says("busy");
    let seen = database.value("SELECT concat_ws(' ', bodies, defers, who) FROM seen");
    assert_eq!(seen.as_deref(), Some("on off postgres"));
}

/// A database that checks no encoding may hold beside UTF-8 what is none.
#[test]
fn a_text_that_is_no_utf_8_is_told() {
    let beside = Server::shared().database("beside_ascii");
    let name = format!("{}_ascii", beside.name);
    beside.run(&format!(
        "CREATE DATABASE {name} ENCODING 'SQL_ASCII' TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'"
    ));
    let url = beside.url().replace(&beside.name, &name);
    let project = Project::new().with(
        "migrations/0001_notes.sql",
        "CREATE TABLE note (body text);\nDO $$ BEGIN EXECUTE 'COMMENT ON TABLE note IS ''caf' || chr(233) || ''''; END $$;\n",
    );
    let run = |args: &[&str]| {
        let run = Pgplumb::at(project.path()).env("DATABASE_URL", &url);
        run.args(args).run()
    };
    run(&["apply", "-q"]);
    let outcome = run(&["checks", "generate"]).expect(5);
    helps(&outcome, &["0xe9", "UTF-8", "again in UTF-8"]);
    beside.run(&format!("DROP DATABASE {name}"));
}

/// The file of services is a pipe here: the process waits for it before it asks the server anything.
#[test]
fn a_signal_at_the_very_beginning_is_exit_130() {
    let database = Server::shared().database("early");
    let project = slow();
    let pipe = project.path().join("services");
    let made = Command::new("mkfifo").arg(&pipe).status();
    assert!(made.expect("mkfifo is there").success());
    for name in ["INT", "TERM"] {
        let child = Pgplumb::new(&project, &database)
            .env("DATABASE_URL", &format!("{}?service=early", database.url()))
            .env("PGSERVICEFILE", &pipe.display().to_string())
            .args(&["apply"])
            .start();
        let mut services = None;
        wait_until("the process reads", || {
            let mut options = std::fs::File::options();
            // O_NONBLOCK: an error until somebody reads
            let options = std::os::unix::fs::OpenOptionsExt::custom_flags(options.write(true), 0o4000);
            services = options.open(&pipe).ok();
            services.is_some()
        });
        signal(&child, name);
        let mut services = services.expect("somebody reads");
        std::io::Write::write_all(&mut services, b"[early]\nconnect_timeout=10\n").expect("it is read");
        drop(services);
        let outcome = outcome(child).expect(130);
        assert!(outcome.stderr.contains("interrupted"), "{}", outcome.stderr);
        assert!(!tables(&database).contains(&"note".to_string()));
    }
}
