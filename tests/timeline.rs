//! When what ran and what it waited for, as an apply reports it.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Pgplumb, Project, Server};

fn number(value: &Value, field: &str) -> f64 {
    value[field]
        .as_f64()
        .unwrap_or_else(|| panic!("{field} of {value}"))
}

/// Tag, line and rows of each statement that was timed.
fn statements(timing: &Value) -> Vec<(&str, u64, Option<u64>)> {
    let lines = timing["statements"].as_array().expect("statements");
    let line = |line: &'_ Value| line["source"]["line"].as_u64().expect("a line");
    lines
        .iter()
        .map(|of| (of["tag"].as_str().expect("a tag"), line(of), of["rows"].as_u64()))
        .collect()
}

/// Each statement begins when the one before has ended, and all lie within the migration; to a millisecond, since two
/// clocks tell.
fn follow_each_other(timing: &Value) {
    let statements = timing["statements"].as_array().expect("statements");
    let end = |of: &Value| number(of, "start_ms") + number(of, "duration_ms");
    let mut last = number(timing, "start_ms");
    for statement in statements {
        assert!(number(statement, "start_ms") >= last - 1.0, "{timing:#}");
        last = end(statement);
    }
    assert!(last <= end(timing) + 1.0, "{timing:#}");
}

#[test]
fn the_slow_statement_of_a_transaction_is_seen() {
    let database = Server::shared().database("timeline_slow");
    let project = Project::new()
        .with(
            "migrations/0001_a.sql",
            "create table t (id int);\nselect pg_sleep(0.3);\ncreate table u (id int);\n",
        )
        .with(
            "migrations/0002_b.sql",
            "create table v (id int);\nselect pg_sleep(0.2);\nselect 1 / 0;\ncreate table w (id int);\n",
        );
    let report = Pgplumb::new(&project, &database)
        .args(&["apply", "--format", "json"])
        .run()
        .expect(5)
        .json();
    let timing = |index: usize| &report["migrations"][index]["timing"];
    let (slow, failed) = (timing(0), timing(1));
    assert_eq!(
        statements(slow),
        [
            ("CREATE TABLE", 1, None),
            ("SELECT", 2, Some(1)),
            ("CREATE TABLE", 3, None)
        ]
    );
    let slept = number(&slow["statements"][1], "duration_ms");
    assert!(slept >= 300.0, "{slow:#}");
    follow_each_other(slow);
    assert_eq!(
        statements(failed),
        [
            ("CREATE TABLE", 1, None),
            ("SELECT", 2, None),
            ("SELECT", 3, None)
        ],
        "up to the one that failed"
    );
    follow_each_other(failed);
    assert!(
        number(&failed["statements"][1], "duration_ms") >= 200.0,
        "{failed:#}"
    );
}

#[test]
fn a_busy_table_is_in_the_timeline_with_who_held_it() {
    let database = Server::shared().database("timeline");
    database.run("create table t (id int); insert into t select generate_series(1, 5)");
    let project = Project::new()
        .with("pgplumb.toml", "lock_timeout = \"150ms\"\nlock_wait = \"30s\"\n")
        .with(
            "migrations/0001_a.sql",
            "create table u (id int); insert into u select 1;",
        )
        .with(
            "migrations/0002_b.sql",
            "alter table t add column a int; update t set a = 1;",
        )
        .with(
            "migrations/0003_c.sql",
            "-- pgplumb: no-transaction\ncreate index concurrently i on t (a);\ndelete from t where id = 1;",
        );
    let holder = database.session();
    holder.run("begin; select * from t").expect("it is read");
    let pid = holder.pid();
    let release = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(900));
        holder.run("commit").expect("it ends");
    });
    let markdown = project.path().join("report.md");
    let report = Pgplumb::new(&project, &database)
        .args(&[
            "apply",
            "--format",
            "json",
            "--report",
            "text=report.txt",
            "--report",
            "html=report.html",
        ])
        .args(&["--report", &format!("markdown={}", markdown.display())])
        .run()
        .expect(0)
        .json();
    release.join().expect("it was released");
    let timings: Vec<&Value> = (0..3)
        .map(|index| &report["migrations"][index]["timing"])
        .collect();
    assert_eq!(
        timings
            .iter()
            .map(|timing| timing["rows"].as_u64())
            .collect::<Vec<_>>(),
        [Some(1), Some(5), Some(1)]
    );
    // one after the other
    for pair in timings.windows(2) {
        assert!(number(pair[0], "start_ms") < number(pair[1], "start_ms"));
    }
    assert_eq!(timings[0]["waits"].as_array().map(Vec::len), Some(0));
    let waits = timings[1]["waits"].as_array().expect("waits");
    let waited: f64 = waits.iter().map(|wait| number(wait, "waited_ms")).sum();
    assert!(waited >= 500.0, "{waits:?}");
    assert!(waited <= number(timings[1], "duration_ms"), "{timings:?}");
    let who = waits[0]["held_by"][0].as_str().expect("a holder");
    assert!(who.starts_with(&format!("pid {pid} (user postgres")), "{who}");
    assert!(who.contains("AccessShareLock on public.t"), "{who}");
    assert_eq!(
        waits[0]["source"]["line"].as_u64(),
        Some(1),
        "the statement that met it"
    );
    assert_eq!(
        statements(timings[0]),
        [("CREATE TABLE", 1, None), ("INSERT", 1, Some(1))]
    );
    assert_eq!(
        statements(timings[1]),
        [("ALTER TABLE", 1, None), ("UPDATE", 1, Some(5))],
        "those of the last attempt"
    );
    assert_eq!(
        statements(timings[2]),
        [("CREATE INDEX", 2, None), ("DELETE", 3, Some(1))]
    );
    for timing in &timings {
        follow_each_other(timing);
    }
    for file in ["report.md", "report.txt", "report.html"] {
        let text = std::fs::read_to_string(project.path().join(file)).expect("a report");
        for wanted in [
            "imeline",
            "waited for a lock: pid",
            "ALTER TABLE at migrations/0002_b.sql:1",
            "CREATE INDEX at migrations/0003_c.sql:2",
        ] {
            let text = text.replace("TIMELINE", "Timeline");
            let text: Vec<&str> = text.split_whitespace().collect();
            let text = text.join(" ");
            assert!(text.contains(wanted), "{wanted} is not in {file}:\n{text}");
        }
    }
}
