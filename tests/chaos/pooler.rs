//! Through PgBouncer in transaction mode, whose connections others use as well and leave in disorder.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::history::{catalog, newest_of_an_agreeing};
use super::runners::all_at_once;
use super::{STEPS, transactional};
use crate::support::{Database, Outcome, Pgplumb, Pooler, Project, Server};

/// What other clients leave behind.
const DISORDER: [&str; 8] = [
    "SET search_path = nowhere",
    "SET default_transaction_read_only = on",
    "SET standard_conforming_strings = off",
    "SET check_function_bodies = off",
    "SET default_transaction_isolation = 'serializable'",
    "SET ROLE pooled_stranger",
    "SET default_transaction_read_only = off; RESET ROLE; CREATE TEMP TABLE IF NOT EXISTS refinery_schema_history \
     (wrong int); CREATE TEMP TABLE IF NOT EXISTS pgplumb_journal (wrong int); CREATE TEMP TABLE IF NOT EXISTS counter \
     (wrong int); SET ROLE pooled_stranger",
    "SELECT 1",
];

/// Takes connections of the pool and gives them back in disorder, until told to stop.
fn stranger(url: &str, number: usize, stop: &AtomicBool) -> usize {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls)
            .await
            .expect("the pooler takes us");
        let driver = tokio::spawn(connection);
        let mut left = 0;
        while !stop.load(Ordering::Relaxed) {
            // what an earlier one left may forbid it: that is their disorder
            let done = client
                .simple_query(DISORDER[(left + number) % DISORDER.len()])
                .await;
            assert!(!client.is_closed(), "{done:?}");
            left += 1;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        driver.abort();
        left
    })
}

/// Does something while strangers are at work.
fn among_strangers(url: &str, work: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let strangers: Vec<_> = (0..4)
            .map(|number| {
                scope.spawn({
                    let stop = &stop;
                    move || stranger(url, number, stop)
                })
            })
            .collect();
        let worked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work));
        stop.store(true, Ordering::Relaxed);
        for stranger in strangers {
            let left = stranger.join().expect("strangers do not fail");
            assert!(left > 10, "a stranger came by only {left} times");
        }
        if let Err(panic) = worked {
            std::panic::resume_unwind(panic);
        }
    });
}

fn database(name: &str) -> Database {
    let database = Server::shared().database(name);
    database.run(
        "DO $$ BEGIN CREATE ROLE pooled_stranger; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$",
    );
    database
}

/// Without what tells of the run instead of the database.
fn without_run(report: &str) -> Vec<&str> {
    let of_run = ["Host", "Port", "Started", "Duration", "Pooler", "# Generated"];
    let is_of_run = |line: &&str| of_run.iter().any(|word| line.trim_start().starts_with(word));
    report.lines().filter(|line| !is_of_run(line)).collect()
}

#[test]
fn every_verb_works_through_a_transaction_pooler() {
    let project = transactional();
    let (direct, database) = (database("direct"), database("pooled"));
    let empty = catalog(&database);
    Pgplumb::new(&project, &direct).args(&["apply"]).run().expect(0);
    let expected = catalog(&direct);
    let pooler = Pooler::before(Server::shared(), 3);
    let url = pooler.url(&database.name);
    let run = |args: &[&str]| -> Outcome {
        let run = Pgplumb::at(project.path()).env("DATABASE_URL", &url);
        run.args(args).args(&["--format", "json"]).run().expect(0)
    };
    among_strangers(&url, || {
        let report = run(&["apply"]).json();
        assert!(report["database"]["pooler"].is_string(), "{}", report["database"]);
        assert_eq!(newest_of_an_agreeing(&database), STEPS);
        assert_eq!(catalog(&database), expected);
        let report = run(&["verify"]).json();
        assert_eq!(report["verdict"], "approved");
        assert!(report["totals"]["pass"].as_u64() > Some(0));
        run(&["status", "--check"]);
        run(&["preflight"]);
        assert_eq!(
            run(&["history"]).json()["journal"].as_array().map(Vec::len),
            Some(STEPS)
        );
        assert_eq!(
            run(&["docs", "--full"]).json()["database"]["pooler"],
            report["database"]["pooler"]
        );
        run(&["repair"]);
        let of = |verb: &[&str], url: &str| {
            let run = Pgplumb::at(project.path()).env("DATABASE_URL", url);
            run.args(verb).run().expect(0).stdout
        };
        for verb in [
            ["checks", "generate", "--schema", "public"].as_slice(),
            &["snapshot"],
            &["audit"],
        ] {
            let (pooled, seen) = (of(verb, &url), of(verb, &database.url()));
            assert!(!pooled.is_empty(), "{verb:?}");
            assert_eq!(without_run(&pooled), without_run(&seen), "{verb:?}");
        }
        run(&["rollback", "--to", "0", "--yes"]);
        assert_eq!(newest_of_an_agreeing(&database), 0);
        assert_eq!(catalog(&database), empty);
    });
}

#[test]
fn sixteen_runners_go_through_a_transaction_pooler() {
    let project = transactional();
    let (direct, database) = (database("direct"), database("pooled_runners"));
    Pgplumb::new(&project, &direct).args(&["apply"]).run().expect(0);
    let pooler = Pooler::before(Server::shared(), 4);
    let url = pooler.url(&database.name);
    among_strangers(&url, || {
        all_at_once(
            || {
                Pgplumb::at(project.path())
                    .env("DATABASE_URL", &url)
                    .args(&["apply"])
            },
            &database,
            STEPS,
        );
    });
    assert_eq!(catalog(&database), catalog(&direct));
}

#[test]
fn what_needs_a_session_is_refused_with_the_way_out() {
    let database = database("pooled_session");
    let pooler = Pooler::before(Server::shared(), 1);
    let project = Project::new()
        .with("migrations/0001_a.sql", "CREATE TABLE a (b integer);\n")
        .with(
            "migrations/0002_b.sql",
            "-- pgplumb: no-transaction\nCREATE INDEX CONCURRENTLY a_b ON a (b);\n",
        );
    Pgplumb::at(project.path())
        .env("DATABASE_URL", &pooler.url(&database.name))
        .args(&["apply"])
        .run()
        .expect(3)
        .says("transaction or session pooler")
        .says("direct host");
    // before anything runs, not only when its turn comes
    assert_eq!(newest_of_an_agreeing(&database), 0);
}

#[test]
fn what_a_script_sets_ends_with_it_where_others_have_the_session_next() {
    let database = database("pooled_settings");
    let pooler = Pooler::before(Server::shared(), 1);
    let url = pooler.url(&database.name);
    let sets = "SET work_mem = '77MB';\nSET app.mine = 'x';\nPREPARE answer AS SELECT 1;\n\
                SET SESSION CHARACTERISTICS AS TRANSACTION DEFERRABLE;\n";
    let seen = "SELECT current_setting('work_mem') AS memory, coalesce(current_setting('app.mine', true), '') AS mine, \
                current_setting('default_transaction_deferrable') AS defers";
    let script = |number: usize| format!("CREATE TABLE seen_{number} AS {seen};\n{sets}");
    let project = Project::new()
        .with("migrations/0001_a.sql", script(1))
        .with("migrations/0002_b.sql", script(2));
    let run = |args: &[&str]| {
        let run = Pgplumb::at(project.path()).env("DATABASE_URL", &url);
        run.args(args).run().expect(0)
    };
    run(&["apply", "--single-transaction"]);
    project.write("migrations/0003_c.sql", script(3));
    project.write("migrations/0004_d.sql", script(4));
    run(&["apply"]);
    for number in 1..=4 {
        let seen = database.value(&format!(
            "SELECT concat_ws(' ', memory, mine, defers) FROM seen_{number}"
        ));
        assert_eq!(seen.as_deref(), Some("4MB  off"), "{number}");
    }
}

#[test]
fn what_a_script_does_in_secret_ends_with_it_where_others_have_the_session_next() {
    let database = database("pooled_secrets");
    let pooler = Pooler::before(Server::shared(), 1);
    let url = pooler.url(&database.name);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be built");
    // whoever has the one session: what others did to it stays
    let other = |sql: &str| -> String {
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(&url, tokio_postgres::NoTls)
                .await
                .expect("the pooler takes us");
            let driver = tokio::spawn(connection);
            let messages = client.simple_query(sql).await.expect("it works");
            driver.abort();
            let rows = messages.iter().filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0),
                _ => None,
            });
            rows.last().unwrap_or_default().to_string()
        })
    };
    let state = "SELECT concat_ws(' ', pg_backend_pid(), current_user, current_setting('work_mem'), \
                 current_setting('lock_timeout'), current_setting('search_path'), current_setting('geqo'), \
                 coalesce(current_setting('app.mine', true), ''), coalesce(current_setting('app.theirs', true), ''), \
                 (SELECT string_agg(concat_ws(':', classid::int8, objid::int8, objsubid, mode), ',' ORDER BY 1) FROM pg_locks \
                 WHERE locktype = 'advisory' AND pid = pg_backend_pid()), (SELECT count(*) FROM pg_prepared_statements))";
    other(
        "SET lock_timeout = '77s'; SET geqo = off; SET search_path = public, pg_temp; SET app.theirs = 'x'; \
         SELECT pg_advisory_lock(7); PREPARE theirs AS SELECT 1; SET ROLE pooled_stranger",
    );
    let before = other(state);
    let secret = "DO $$ BEGIN SET work_mem = '77MB'; SET lock_timeout = '5s'; SET search_path = nowhere; SET geqo = on;\n\
                  SET LOCAL row_security = off; PERFORM set_config('app.mine', 'x', false),\n\
                  set_config('app.theirs', 'y', false); EXECUTE 'PREPARE mine AS SELECT 1';\n\
                  PERFORM pg_advisory_lock(-8), pg_advisory_lock(-8), pg_advisory_lock_shared(9), pg_advisory_lock(-1, 2),\n\
                  pg_advisory_xact_lock(10); SET ROLE pooled_stranger; END $$;\n";
    let project = Project::new().with("migrations/0001_a.sql", secret);
    let run = |args: &[&str]| {
        let run = Pgplumb::at(project.path()).env("DATABASE_URL", &url);
        run.args(args).run().expect(0)
    };
    run(&["apply"]);
    assert_eq!(other(state), before);
    project.write("migrations/0002_b.sql", "CREATE TABLE b (c integer);\n");
    project.write("migrations/0003_c.sql", secret);
    project.write("migrations/0004_d.sql", secret);
    run(&["apply", "--single-transaction"]);
    assert_eq!(other(state), before);
    // locks and prepared statements outlive the ROLLBACK of a script that fails
    let plain = "PREPARE plain AS SELECT 1;\nSELECT 1 / (c - c) FROM (VALUES (1)) v (c);\n";
    for (failing, args) in [
        (format!("{secret}SELECT 1 / 0;\n"), &["apply"][..]),
        (plain.to_string(), &["apply"]),
        (secret.to_string(), &["apply", "--single-transaction"]),
        (secret.to_string(), &["apply", "--rehearse", "--yes"]),
    ] {
        project.write("migrations/0005_e.sql", &failing);
        project.write(
            "migrations/0006_f.sql",
            "SELECT 1 / (c - c) FROM (VALUES (1)) v (c);\n",
        );
        let run = Pgplumb::at(project.path()).env("DATABASE_URL", &url);
        let run = run.args(args).run().expect(5);
        assert!(run.stdout.contains("division by zero"), "{}", run.stdout);
        assert!(!run.stderr.contains("stays there"), "{}", run.stderr);
        assert_eq!(other(state), before, "{failing}");
    }
}
