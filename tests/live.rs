//! What a terminal shows while a statement takes long, and how a question there is answered.

use std::io::Write;
use std::time::{Duration, Instant};

use crate::support::{Pgplumb, Project, Server};

/// Waits until the terminal shows a text.
fn wait_for(shown: &std::path::Path, text: &str) {
    let begin = Instant::now();
    loop {
        let seen = String::from_utf8_lossy(&std::fs::read(shown).unwrap_or_default()).into_owned();
        if seen.contains(text) {
            return;
        }
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "{text:?} was not shown:\n{}",
            seen.rsplit('\r').next().unwrap_or_default()
        );
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn a_statement_that_waits_says_which_it_is_and_for_whom() {
    let database = Server::shared().database("live");
    database.run("CREATE TABLE \"Busy\" (a int)");
    let project = Project::new()
        .with("pgplumb.toml", "lock_timeout = \"120s\"\n")
        .with(
            "migrations/0001_busy.sql",
            "CREATE TABLE note (body text);\nALTER TABLE \"Busy\" ADD b int;\nSELECT 1;\n",
        )
        .with(
            "migrations/0002_index.sql",
            "-- pgplumb: no-transaction\nCREATE INDEX CONCURRENTLY busy_b ON \"Busy\" (b);\n",
        );
    let holder = database.session();
    holder
        .run("SET application_name = 'nightly report'; BEGIN; LOCK TABLE \"Busy\" IN ACCESS SHARE MODE")
        .expect("nobody else holds it");
    let pid = holder.pid();
    let shown = project.path().join("shown");
    let mut child = Pgplumb::new(&project, &database)
        .args(&["apply"])
        .start_on_terminal(&shown);
    wait_for(&shown, "0001_busy: statement 2 of 3, ALTER TABLE, ");
    let another = database.session();
    another
        .run("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM pg_class")
        .expect("it has a snapshot");
    let waits = format!(
        "waiting for a lock on public.\"Busy\": pid {pid} (user postgres, application \"nightly report\""
    );
    wait_for(&shown, &waits);
    holder.run("COMMIT").expect("it ends");
    wait_for(&shown, "0002_index: statement 1 of 1, CREATE INDEX, ");
    wait_for(&shown, "index of public.\"Busy\", waiting for old snapshots");
    wait_for(&shown, "waiting for the end of a transaction: pid ");
    another.run("COMMIT").expect("it ends");
    assert!(child.wait().expect("it ends").success());
    let seen = std::fs::read_to_string(&shown).expect("what was shown");
    assert!(seen.contains("applied 0002_index"), "{seen}");
    // what a script does not say of itself, its session says while it runs, and no longer
    assert_eq!(
        database
            .value("SELECT count(*) FROM refinery_schema_history")
            .as_deref(),
        Some("2")
    );
    drop((pid, holder));
}

#[test]
fn a_question_takes_yes_no_and_an_interrupt() {
    let database = Server::shared().database("question");
    let project = Project::new()
        .with("migrations/0001_a.sql", "CREATE TABLE a (id integer);\n")
        .with("rollback/0001_a.sql", "DROP TABLE a;\n");
    Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
    database.run("INSERT INTO a VALUES (1)");
    for (round, (typed, exit, says, rows)) in [
        ("\u{3}", 130, "interrupted at the question: nothing was run", "1"),
        ("\u{4}", 2, "the rollback was not confirmed", "1"),
        ("y\n", 2, "the rollback was not confirmed", "1"),
        ("yes\n", 0, "rolled back 0001_a", "0"),
    ]
    .into_iter()
    .enumerate()
    {
        let shown = project.path().join(format!("shown-{round}"));
        let mut child = Pgplumb::new(&project, &database)
            .args(&["rollback", "1"])
            .start_on_terminal(&shown);
        wait_for(&shown, "data: public.a: 1 row");
        wait_for(&shown, "Type yes to go on: ");
        let keys = child.stdin.as_mut().expect("a keyboard");
        keys.write_all(typed.as_bytes()).expect("it is typed");
        keys.flush().expect("it is typed");
        let begin = Instant::now();
        let status = loop {
            match child.try_wait().expect("it runs or has ended") {
                Some(status) => break status,
                None => assert!(
                    begin.elapsed() < Duration::from_secs(60),
                    "{typed:?} is not heard"
                ),
            }
            std::thread::sleep(Duration::from_millis(20));
        };
        let seen = std::fs::read_to_string(&shown).expect("what was shown");
        assert_eq!(status.code(), Some(exit), "{typed:?}: {seen}");
        assert!(seen.contains(says), "{typed:?}: {seen}");
        assert_eq!(
            database
                .value("SELECT count(*) FROM refinery_schema_history")
                .as_deref(),
            Some(rows)
        );
    }
}
