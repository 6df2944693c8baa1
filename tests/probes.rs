//! Probes on a real server: what they leave behind, and how they behave on busy tables.

use std::time::Duration;

use crate::chaos::{outcome, signal, wait_until};
use crate::support::{Database, Outcome, Pgplumb, Project, Server, Session, dump_whole};

/// Two tables with numbers of their own, the second one named by no suite.
fn shop() -> Project {
    Project::new()
        .with(
            "migrations/0001_shop.sql",
            "CREATE TABLE customer (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE);\n\
             CREATE TABLE parcel (id serial PRIMARY KEY, customer bigint REFERENCES customer, weight numeric);\n\
             CREATE SEQUENCE receipt;\n",
        )
        .with("rollback/0001_shop.sql", "DROP TABLE parcel, customer;\nDROP SEQUENCE receipt;\n")
}

/// A probe that writes into everything, with the steps that follow.
fn probes(rest: &str) -> String {
    format!(
        "[probes]\ngiven = \"insert into customer (name) values ('probe')\"\n\n\
         [[probe]]\nname = \"everything is written\"\n\
         given = [\"update customer set name = name || '!'\", \"insert into parcel (weight) values (1)\"]\n\
         [[probe.step]]\nrun = \"select nextval('receipt')\"\nexpect = 1\n\
         [[probe.step]]\nrun = \"delete from parcel\"\naffected = 3\n\
         {rest}"
    )
}

const HOLDS: &str = "[[probe.step]]\nrun = \"select count(*) from parcel\"\nexpect = 0\n";
const FAILS: &str = "[[probe.step]]\nrun = \"select count(*) from parcel\"\nexpect = 7\n";
const REFUSED: &str = "[[probe.step]]\nrun = \"insert into parcel (customer) values (-1)\"\naffected = 1\n";
const SLOW: &str = "[[probe.step]]\nrun = \"select pg_sleep(20)\"\naffected = 1\n";

/// Applied, with rows, and nothing but the probes to judge.
fn stocked(project: &Project) -> Database {
    let database = Server::shared().database("probes");
    Pgplumb::new(project, &database)
        .args(&["apply", "-q"])
        .run()
        .expect(0);
    database.run(
        "INSERT INTO customer (name) VALUES ('ada'), ('bob');
         INSERT INTO parcel (customer, weight) VALUES (1, 2.5), (2, 7)",
    );
    database
}

/// A dump with rows, without the positions of sequences.
fn rows(database: &Database) -> String {
    let dump = dump_whole(database);
    assert!(dump.contains("bob"), "the dump has no rows:\n{dump}");
    let lines = dump.lines();
    let lines = lines.filter(|line| !line.starts_with("SELECT pg_catalog.setval("));
    lines.collect::<Vec<_>>().join("\n")
}

const SEQUENCES: [&str; 3] = ["public.customer_id_seq", "public.parcel_id_seq", "public.receipt"];

fn names_the_sequences(outcome: &Outcome) {
    let said = format!("{}{}", outcome.stdout, outcome.stderr).replace("\n  ", " ");
    for sequence in SEQUENCES {
        assert!(said.contains(sequence), "{sequence} is not named:\n{said}");
    }
}

fn is_asleep(database: &Database) -> bool {
    let asleep = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                  AND state = 'active' AND query LIKE '%pg_sleep(20)%'";
    database.value(asleep).as_deref() != Some("0")
}

#[test]
fn nothing_of_a_probe_stays_but_the_positions_of_sequences_which_the_run_names() {
    let project = shop();
    let database = stocked(&project);
    let before = rows(&database);
    // what holds, what does not, what the server refuses
    for (rest, exit) in [(HOLDS, 0), (FAILS, 1), (REFUSED, 1)] {
        project.write("checks/probes.toml", probes(rest));
        // the sequence goes on by itself
        database.run("ALTER SEQUENCE receipt RESTART");
        let outcome = Pgplumb::new(&project, &database)
            .args(&["verify"])
            .run()
            .expect(exit);
        names_the_sequences(&outcome);
        assert_eq!(rows(&database), before, "{rest}");
    }
    project.write("checks/probes.toml", probes(SLOW));
    // interrupted in the middle
    for name in ["INT", "TERM"] {
        database.run("ALTER SEQUENCE receipt RESTART");
        let run = Pgplumb::new(&project, &database).args(&["verify"]).start();
        wait_until("the probe sleeps", || is_asleep(&database));
        signal(name, &run.id().to_string());
        let outcome = outcome(run).expect(130);
        names_the_sequences(&outcome);
        assert!(!is_asleep(&database), "the statement still runs");
        assert_eq!(rows(&database), before, "{name}");
    }
    // killed: the server goes on until it notices, and commits nothing
    let run = Pgplumb::new(&project, &database).args(&["verify"]).start();
    wait_until("the probe sleeps", || is_asleep(&database));
    signal("KILL", &run.id().to_string());
    outcome(run);
    assert_eq!(rows(&database), before, "while the server goes on");
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    wait_until("the server has noticed", || !is_asleep(&database));
    assert_eq!(rows(&database), before, "killed");
}

#[test]
fn nothing_stays_of_the_probes_of_the_shipped_project() {
    let project = Project::shipped("");
    let database = Server::shared().database("probes_shipped");
    Pgplumb::new(&project, &database)
        .args(&["apply", "-q"])
        .run()
        .expect(0);
    database.run(
        "INSERT INTO organization (id, name) VALUES ('11111111-1111-4111-8111-111111111111', 'bob');
         INSERT INTO sync_preview_cache (org_id, sync_type, cache_key)
             VALUES ('11111111-1111-4111-8111-111111111111', 'odoo', 'k');
         INSERT INTO sync_progress (org_id, sync_id, total_items)
             VALUES ('11111111-1111-4111-8111-111111111111', 's', 10);
         UPDATE sync_progress SET processed_count = 10;
         INSERT INTO sync_job (org_id, source_system, job_type)
             VALUES ('11111111-1111-4111-8111-111111111111', 'odoo', 'customers')",
    );
    let before = rows(&database);
    let outcome = Pgplumb::new(&project, &database)
        .args(&["verify"])
        .run()
        .expect(0);
    // every key is a UUID: no sequence moves
    assert!(!outcome.stdout.contains("moved"), "{}", outcome.stdout);
    assert_eq!(rows(&database), before);
}

/// Somebody who holds a table, by the name that a message shows.
fn holder(database: &Database, table: &str) -> Session {
    let holder = database.session();
    holder
        .run(&format!(
            "SET application_name = 'nightly report'; BEGIN; LOCK TABLE {table} IN SHARE MODE"
        ))
        .expect("nobody else holds it");
    holder
}

/// The next migration, with a probe that writes into a table that no check names.
fn next(project: Project, directive: &str) -> Project {
    project
        .with("pgplumb.toml", "lock_timeout = \"200ms\"\n")
        .with(
            "migrations/0002_note.sql",
            format!("{directive}CREATE TABLE note (body text);\n"),
        )
        .with("rollback/0002_note.sql", "DROP TABLE note;\n")
        .with(
            "checks/0002_note.toml",
            "[table.note.column]\nbody = \"text\"\n\n[[probe]]\nname = \"a parcel is taken\"\n\
             run = \"insert into parcel (weight) values (1)\"\naffected = 1\n",
        )
}

#[test]
fn a_verify_on_a_busy_table_names_who_holds_it() {
    let project = shop();
    let database = stocked(&project);
    project.write("checks/probes.toml", probes(HOLDS));
    project.write("pgplumb.toml", "lock_timeout = \"200ms\"\n");
    let _holder = holder(&database, "parcel");
    let outcome = Pgplumb::new(&project, &database)
        .args(&["verify"])
        .run()
        .expect(7)
        .says("nightly report")
        .says("public.parcel");
    // moved on before the table was met
    outcome.says("public.customer_id_seq");
}

#[test]
fn an_apply_tries_its_probes_again_when_the_table_is_free() {
    for directive in ["", "-- pgplumb: no-transaction\n"] {
        let project = shop();
        let database = stocked(&project);
        let project = next(project, directive);
        let holder = holder(&database, "parcel");
        let run = Pgplumb::new(&project, &database)
            .args(&["apply", "--lock-wait", "30s"])
            .start();
        std::thread::sleep(Duration::from_secs(2));
        holder.run("COMMIT").expect("it is open");
        outcome(run)
            .expect(0)
            .says("a table is busy (attempt 1)")
            .says("nightly report");
        Pgplumb::new(&project, &database)
            .args(&["status", "--check"])
            .run()
            .expect(0);
    }
}

#[test]
fn an_apply_whose_probes_find_no_free_table_is_exit_7_and_in_the_journal() {
    for (directive, stays) in [("", "0"), ("-- pgplumb: no-transaction\n", "1")] {
        let project = shop();
        let database = stocked(&project);
        let project = next(project, directive);
        let holder = holder(&database, "parcel");
        Pgplumb::new(&project, &database)
            .args(&["apply", "--lock-wait", "1s"])
            .run()
            .expect(7)
            .says("a probe of 0002_note met a busy table")
            .says("nightly report")
            .says("public.parcel");
        let journal = "SELECT outcome || ' ' || message FROM pgplumb_journal WHERE version = 2 AND action = 'apply' ORDER BY id DESC LIMIT 1";
        let line = database.value(journal).unwrap_or_default();
        assert!(
            line.starts_with("failed a probe of 0002_note met a busy table"),
            "{directive}: {line}"
        );
        assert_eq!(
            database
                .value("SELECT count(*) FROM pg_class WHERE relname = 'note'")
                .as_deref(),
            Some(stays)
        );
        holder.run("COMMIT").expect("it is open");
        Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
    }
}

#[test]
fn an_apply_that_is_interrupted_in_its_probes_leaves_nothing_and_is_in_the_journal() {
    let project = shop();
    let database = stocked(&project);
    let before = rows(&database);
    let project = next(project, "");
    let suite = "[[probe]]\nname = \"slow\"\ngiven = \"insert into parcel (weight) values (1)\"\n\
                 run = \"select pg_sleep(20)\"\naffected = 1\n";
    project.write("checks/0002_note.toml", suite);
    let run = Pgplumb::new(&project, &database).args(&["apply"]).start();
    wait_until("the probe sleeps", || is_asleep(&database));
    signal("INT", &run.id().to_string());
    outcome(run)
        .expect(130)
        .says("interrupted while 0002_note ran")
        .says("public.parcel_id_seq");
    let journal = "SELECT outcome || ' ' || message FROM pgplumb_journal ORDER BY id DESC LIMIT 1";
    assert_eq!(
        database.value(journal).as_deref(),
        Some("failed interrupted while 0002_note ran")
    );
    // but for the journal's own row, all is as before
    database.run("DELETE FROM pgplumb_journal WHERE version = 2");
    assert_eq!(rows(&database), before);
}

#[test]
fn that_probes_write_is_said_even_when_quiet() {
    let project = shop();
    let database = stocked(&project);
    project.write("checks/probes.toml", probes(HOLDS));
    let outcome = Pgplumb::new(&project, &database)
        .args(&["verify", "-q"])
        .run()
        .expect(0);
    assert_eq!(outcome.stdout, "");
    assert_eq!(
        outcome.stderr,
        format!(
            "probes write to database {} and are rolled back\nthe probes were rolled back, but moved sequences on: \
             public.customer_id_seq (now at 3), public.parcel_id_seq (now at 3), public.receipt (now at 1)\n",
            database.name
        )
    );
}

#[test]
fn a_proof_names_the_sequences_that_its_probes_moved() {
    let project = shop().with(
        "checks/0001_shop.toml",
        "[[probe]]\nname = \"a customer is taken\"\nrun = \"insert into customer (name) values ('x')\"\naffected = 1\n",
    );
    let database = Server::shared().database("probes_proof");
    Pgplumb::new(&project, &database)
        .args(&["prove"])
        .run()
        .expect(0)
        .says("public.customer_id_seq");
}
