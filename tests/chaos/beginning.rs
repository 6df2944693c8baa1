//! The first transaction begins while the preflight is weighed: what happens in between, to it or to the question.

use std::process::Child;

use super::{outcome, ready, signal, wait_until};
use crate::support::{Database, Outcome, Pgplumb, Project, Proxy, Server};

/// The query that asks for what the scripts need, and the one that begins behind it; the first reads the history.
const QUESTION: usize = 2;
const BEGINNING: usize = 3;

fn database() -> (Database, Proxy) {
    let database = Server::shared().database("beginning");
    (database, Proxy::before(Server::shared()))
}

/// Two steps with a suite each.
fn project() -> Project {
    let project = Project::new();
    for name in ["a", "b"] {
        let number = if name == "a" { 1 } else { 2 };
        project.write(
            &format!("migrations/000{number}_{name}.sql"),
            format!("CREATE TABLE {name} (c integer CONSTRAINT {name}_c CHECK (c > 0));\n"),
        );
        project.write(
            &format!("checks/000{number}_{name}.toml"),
            format!("title = \"x\"\n[table.{name}]\ncheck.{name}_c = \"c > 0::int4\"\n"),
        );
    }
    project
}

fn start(project: &Project, proxy: &Proxy, database: &Database, args: &[&str]) -> Child {
    let run = Pgplumb::at(project.path()).env("DATABASE_URL", &proxy.url(&database.name));
    run.args(&["apply", "-q"]).args(args).start()
}

/// How it ends; one that does not end is a failure.
#[track_caller]
fn ended(mut child: Child) -> Outcome {
    wait_until("the run ends", || {
        child.try_wait().expect("it can be asked").is_some()
    });
    outcome(child)
}

/// Nothing is left of a run, in no session and in no table.
#[track_caller]
fn is_untouched(database: &Database) {
    ready(database);
    let tables = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
    assert_eq!(database.value(tables).as_deref(), Some("0"));
}

/// What the journal has, each with its outcome.
fn journal(database: &Database) -> String {
    let rows =
        "SELECT string_agg(concat_ws(' ', action, name, outcome), ', ' ORDER BY id) FROM pgplumb_journal";
    database.value(rows).unwrap_or_default()
}

#[test]
fn what_began_behind_a_question_that_blocks_keeps_no_other_answer_back() {
    let (database, proxy) = database();
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "CREATE TABLE a (b integer REFERENCES missing (c));\n",
    );
    // the answer to what began is more than is read ahead
    proxy.drip();
    ended(start(&project, &proxy, &database, &[]))
        .expect(3)
        .says("table missing");
    is_untouched(&database);
}

#[test]
fn a_question_that_the_server_refuses_ends_what_began_behind_it() {
    let (database, proxy) = database();
    let project = project().with("pgplumb.toml", "lock_timeout = \"50ms\"\n");
    proxy.drip();
    let holder = database.session();
    holder
        .run("BEGIN; LOCK pg_extension IN ACCESS EXCLUSIVE MODE")
        .expect("it is free");
    ended(start(&project, &proxy, &database, &[]))
        .expect(7)
        .says("looking up what the scripts need failed");
    drop(holder);
    is_untouched(&database);
    assert_eq!(
        proxy
            .answers()
            .iter()
            .filter(|answer| *answer == "C ROLLBACK")
            .count(),
        2,
        "the reading of the history, and what began"
    );
}

#[test]
fn a_history_that_moves_on_behind_the_question_is_planned_for_anew() {
    for query in [QUESTION, BEGINNING] {
        for args in [&[] as &[&str], &["--single-transaction"], &["--out-of-order"]] {
            for others in ["1", "2"] {
                let ((database, proxy), project) = (database(), project());
                let held = proxy.hold_next(query);
                let child = start(&project, &proxy, &database, args);
                held.wait();
                let other = Pgplumb::new(&project, &database);
                other.args(&["apply", "-q", "--to", others]).run().expect(0);
                drop(held);
                ended(child).expect(0);
                assert_eq!(
                    journal(&database),
                    "apply a done, apply b done",
                    "{query} {args:?}"
                );
            }
        }
    }
}

#[test]
fn an_interruption_or_a_lost_connection_before_the_first_step_leaves_nothing() {
    for query in [QUESTION, BEGINNING] {
        for is_interrupted in [true, false] {
            let ((database, proxy), project) = (database(), project());
            let held = proxy.hold_next(query);
            let child = start(&project, &proxy, &database, &[]);
            held.wait();
            if is_interrupted {
                signal("INT", &child.id().to_string());
                drop(held);
                // either of the two was under way
                ended(child).expect(130).says("interrupted while");
            } else {
                database.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                     AND pid <> pg_backend_pid()",
                );
                drop(held);
                ended(child).expect(4).says("connection to the server was lost");
            }
            ready(&database);
            assert_eq!(database.value("SELECT to_regclass('a')"), None);
            Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
        }
    }
}
