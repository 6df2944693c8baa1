//! No report, log, journal or message shows a password that a script, a check file or the server speaks of.

use std::path::Path;

use crate::support::{Database, Outcome, Pgplumb, Project, Server};

const SECRET: &str = "hunter2";

/// A script with a password in every position in which scripts have them; it fails at its end where it is to.
fn script(fails: bool) -> String {
    let end = match fails {
        // the server repeats both the detail and the statement
        true => "INSERT INTO target (url) VALUES ('postgres://app:hunter2@db/shop');\n",
        false => "",
    };
    format!(
        "CREATE TABLE target (url text UNIQUE);\n\
         COMMENT ON TABLE target IS 'postgres://app:hunter2@db/shop';\n\
         COMMENT ON COLUMN target.url IS 'host=db password=hunter2 dbname=shop';\n\
         INSERT INTO target (url) VALUES ('postgres://app:hunter2@db/shop');\n\
         CREATE FUNCTION reach() RETURNS text LANGUAGE sql AS 'select ''host=db password=hunter2''::text';\n\
         DO $$ BEGIN RAISE WARNING 'reached postgres://app:hunter2@db/shop?password=hunter2'; END $$;\n\
         {end}"
    )
}

fn project(fails: bool) -> Project {
    Project::new()
        .with("migrations/0001_target.sql", script(fails))
        .with(
            "rollback/0001_target.sql",
            "DROP FUNCTION reach();\nDROP TABLE target; -- password=hunter2\n",
        )
        .with(
            "checks/0001_target.toml",
            "title = \"postgres://app:hunter2@db/shop\"\n\
             [table.target]\n\
             comment = \"postgres://app:hunter2@other/shop\"\n\
             [function.\"reach()\"]\n\
             body = \"select 'host=other password=hunter2'::text\"\n\
             [[query]]\n\
             name = \"no target\"\n\
             sql = \"select url from target where url <> 'password=hunter2'\"\n\
             rows = [[\"postgres://app:hunter2@other/shop\"]]\n",
        )
}

/// Runs a verb in every format, as loud as it can be.
fn runs(project: &Project, database: &Database, args: &[&str]) -> Vec<Outcome> {
    let formats = [
        "text", "json", "markdown", "junit", "tap", "sarif", "github", "html",
    ];
    formats
        .iter()
        .map(|format| {
            Pgplumb::new(project, database)
                .args(args)
                .args(&["-vvv", "--yes", "--format", format, "--report", "all=reports"])
                .run()
        })
        .collect()
}

#[track_caller]
fn unseen(text: &str, place: &str) {
    let at = text.find(SECRET);
    let shown = at.map(|at| text[..at].chars().rev().take(80).collect::<Vec<_>>());
    let shown = shown.map(|before| before.into_iter().rev().collect::<String>());
    assert_eq!(shown, None, "{place} shows the password behind this");
}

fn files_are_silent(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).expect("reports were written");
    entries
        .map(|entry| {
            let path = entry.expect("it can be listed").path();
            unseen(
                &std::fs::read_to_string(&path).expect("text"),
                &path.display().to_string(),
            );
        })
        .count()
}

#[test]
fn a_password_of_a_script_is_shown_nowhere() {
    let database = Server::shared().database("secrets");
    for (fails, verbs) in [
        (
            true,
            &[
                ("apply --dry-run", 0),
                ("preflight", 0),
                ("apply", 5),
                ("history", 0),
            ][..],
        ),
        (
            false,
            &[
                ("apply", 1),
                ("apply --no-verify", 0),
                ("verify", 1),
                ("status", 0),
                ("docs", 0),
                ("docs --full", 0),
                ("rollback 1 --dry-run", 0),
                ("rollback 1", 0),
                ("history", 0),
                ("checks lint", 0),
            ],
        ),
    ] {
        let project = project(fails);
        for (verb, code) in verbs {
            let args: Vec<&str> = verb.split(' ').collect();
            let outcomes = runs(&project, &database, &args);
            assert_eq!(
                outcomes[0].code, *code,
                "{verb}\n{}\n{}",
                outcomes[0].stdout, outcomes[0].stderr
            );
            // it does come up, without the password
            if matches!(
                *verb,
                "apply" | "apply --dry-run" | "verify" | "docs" | "docs --full"
            ) {
                assert!(
                    outcomes
                        .iter()
                        .any(|outcome| outcome.stdout.contains("app:*******@")),
                    "{verb} says nothing of it:\n{}",
                    outcomes[0].stdout
                );
            }
            for outcome in &outcomes {
                unseen(&outcome.stdout, &format!("stdout of {verb}"));
                unseen(&outcome.stderr, &format!("stderr of {verb}"));
            }
        }
        assert!(files_are_silent(&project.path().join("reports")) > 20);
        let journal = database.rows("select to_json(j)::text from pgplumb_journal j");
        for row in journal.expect("there is a journal") {
            unseen(row[0].as_deref().unwrap_or_default(), "the journal");
        }
    }
}

/// The connection's own password, in every position of a URL or a key=value string, in the environment and in files,
/// whether it can be read or not, whether the login succeeds or not.
#[test]
fn a_password_of_the_connection_is_shown_nowhere() {
    let database = Server::shared().database("secrets");
    let project = project(false);
    let right = database.url();
    let (before, place) = right.split_once('@').expect("a URL with a user");
    let (server, name) = place.rsplit_once('/').expect("a URL with a database");
    let user = before.rsplit('/').next().expect("a user");
    let port = server.rsplit(':').next().expect("a port");
    let host = server
        .trim_end_matches(port)
        .trim_end_matches(':')
        .replace("%2F", "/");
    let words = format!("host='{host}' port={port} user={user} dbname={name}");
    let file = |name: &str, text: String| {
        let path = project.write(name, text);
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .expect("it is ours");
        path.display().to_string()
    };
    let passfile = file("pgpass", format!("*:*:*:{user}:{SECRET}\n"));
    let service = file(
        "service",
        format!("[shop]\nhost={host}\nport={port}\nuser={user}\ndbname=nowhere\npassword={SECRET}\n"),
    );
    let urls = [
        format!("{before}:{SECRET}@{place}"),
        format!("{before}:{SECRET}@{server}/nowhere"),
        format!("{before}:{SECRET}@127.0.0.1:1/nowhere"),
        format!("{before}:{SECRET}@127.0.0.1:99999/nowhere"),
        format!("{before}:{SECRET}@no.such.host.invalid/nowhere"),
        format!("{before}:a@{SECRET}@{server}/nowhere"),
        format!("{before}:a%2F{SECRET}%zz@{server}/nowhere"),
        format!("{before}:a/{SECRET}@{server}/nowhere"),
        format!("{before}:a#{SECRET}@{server}/nowhere"),
        format!("{before}@{server}/nowhere?password={SECRET}&connect_timeout=3"),
        format!("{before}@{server}/nowhere?p%61ssword={SECRET}"),
        format!("{before}@{server}/nowhere?sslpassword={SECRET}"),
        format!("{before}@{server}/nowhere?bogus=1&password={SECRET}"),
        format!("{user}:{SECRET}@{server}/nowhere"),
        format!("mysql://{user}:{SECRET}@{server}/nowhere"),
        format!("{words} password={SECRET}"),
        format!("{words} dbname=nowhere password='{SECRET}'"),
        format!("{words} password = 'a {SECRET}"),
        format!("password=a\\ {SECRET} {words} dbname=nowhere"),
        format!("{words} sslpassword={SECRET} bogus=1"),
    ];
    let nowhere = format!("{before}@{server}/nowhere");
    let settings = urls
        .iter()
        .map(|url| vec![("DATABASE_URL", url.as_str())])
        .chain([
            vec![("DATABASE_URL", nowhere.as_str()), ("PGPASSWORD", SECRET)],
            vec![("DATABASE_URL", &nowhere), ("PGPASSFILE", &passfile)],
            vec![("PGSERVICEFILE", &service), ("PGSERVICE", "shop")],
        ]);
    for setting in settings {
        for (format, log) in [("text", ""), ("html", "text"), ("json", "json")] {
            let mut run = Pgplumb::at(project.path()).args(&["status", "--format", format]);
            run = match log {
                "" => run.args(&["-vvv"]),
                log => run.env("PGPLUMB_LOG", "trace").env("PGPLUMB_LOG_FORMAT", log),
            };
            for (name, value) in &setting {
                run = run.env(name, value);
            }
            let outcome = run.run();
            let place = format!("{} as {format}", setting[0].1.replace(SECRET, "…"));
            assert!([0, 2, 4].contains(&outcome.code), "{place}: {}", outcome.code);
            unseen(&outcome.stdout, &format!("stdout of {place}"));
            unseen(&outcome.stderr, &format!("stderr of {place}"));
            assert!(
                !format!("{}{}", outcome.stdout, outcome.stderr).is_empty(),
                "{place}"
            );
        }
    }
}

#[test]
fn logs_as_json_are_silent_too() {
    let database = Server::shared().database("secrets");
    let project = project(true);
    let outcome = Pgplumb::new(&project, &database)
        .args(&["apply"])
        .env("PGPLUMB_LOG", "trace")
        .env("PGPLUMB_LOG_FORMAT", "json")
        .run()
        .expect(5);
    unseen(&outcome.stderr, "the log");
    assert!(outcome.stderr.lines().count() > 10, "{}", outcome.stderr);
}
