//! The server is stopped at once, as by a crash, and comes back.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::history::{catalog, newest_of_an_agreeing};
use pgplumb::db::scratch;

use super::{STEPS, apply, outcome, project, random, ready, server, signal, until_done, wait_until};
use crate::support::{Pgplumb, Project, Server};

/// A server that was started again by the test; it ends with the value.
struct Restarted(Child);

impl Drop for Restarted {
    fn drop(&mut self) {
        signal("QUIT", &self.0.id().to_string());
        let _ = self.0.wait();
    }
}

/// Starts the server on its directory, as the owner of that.
fn start_again(server: &Server) -> Restarted {
    let data = server.scratch().directory().join("data");
    let owner = std::fs::metadata(&data).expect("the directory is there");
    let mut command = Command::new(server.scratch().programs().join("postgres"));
    command
        .arg("-D")
        .arg(&data)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if owner.uid() != std::fs::metadata("/proc/self").map_or(owner.uid(), |own| own.uid()) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    Restarted(command.spawn().expect("the server starts"))
}

/// Stops the server as `pg_ctl stop -m immediate` does, and waits until it is gone.
fn stop_at_once(server: &Server, restarted: &mut Option<Restarted>) {
    let pid_file = server.scratch().directory().join("data/postmaster.pid");
    let pids = std::fs::read_to_string(&pid_file).expect("the server runs");
    let pid = pids.lines().next().expect("a process id").to_string();
    signal("QUIT", &pid);
    if let Some(before) = restarted {
        before.0.wait().expect("it ends");
    }
    wait_until("the server is gone", || {
        let sent = Command::new("kill").args(["-0", &pid]).output();
        !sent.expect("kill is there").status.success()
    });
}

#[test]
fn a_server_that_is_stopped_at_once_loses_no_step() {
    let (server, project, mut random) = (server(), project(), random());
    let undisturbed = server.database("stopped");
    let begin = Instant::now();
    apply(&project, &undisturbed).run().expect(0);
    let whole = begin.elapsed();
    let expected = catalog(&undisturbed);
    let mut restarted: Option<Restarted> = None;
    for _ in 0..3 {
        let database = server.database("stopped");
        let child = apply(&project, &database).start();
        std::thread::sleep(Duration::from_millis(40) + whole.mul_f64(random.f64() * 0.8));
        stop_at_once(server, &mut restarted);
        let code = outcome(child).code;
        assert!([0, 4].contains(&code), "exit {code}");
        restarted = Some(start_again(server));
        ready(&database);
        newest_of_an_agreeing(&database);
        until_done(&project, &database, || apply(&project, &database));
        assert_eq!(newest_of_an_agreeing(&database), STEPS);
        assert_eq!(catalog(&database), expected);
    }
    drop(undisturbed);
    drop(restarted);
}

/// With `wal_level = minimal` the server writes down how far the numbers of a table came only from the second transaction
/// on, and forgets some of them in a crash.
#[test]
fn the_journal_goes_on_behind_its_newest_row_where_its_numbers_fall_back() {
    let options = scratch::Options::default()
        .setting("wal_level", "minimal")
        .setting("max_wal_senders", 0)
        .setting("synchronous_commit", "on");
    let server: &'static Server = Box::leak(Box::new(Server::start(options)));
    let database = server.database("numbers");
    let project = Project::new();
    let step = |number: usize, script: &str, back: &str| {
        project.write(&format!("migrations/000{number}_step.sql"), script);
        project.write(&format!("rollback/000{number}_step.sql"), back);
    };
    for number in 1..=3 {
        step(
            number,
            &format!("CREATE TABLE step_{number} (a integer);\n"),
            &format!("DROP TABLE step_{number};\n"),
        );
    }
    let run = |args: &[&str], code: i32| Pgplumb::new(&project, &database).args(args).run().expect(code);
    run(&["apply"], 0);
    let mut restarted = None;
    stop_at_once(server, &mut restarted);
    let _restarted = start_again(server);
    ready(&database);
    let rows = |count: usize| {
        let rows = database.rows("SELECT action, outcome FROM pgplumb_journal ORDER BY id");
        let rows: Vec<String> = rows
            .expect("the journal can be read")
            .into_iter()
            .map(|row| row.into_iter().flatten().collect::<Vec<_>>().join(" "))
            .collect();
        rows[rows.len() - count..].to_vec()
    };
    step(
        4,
        "CREATE INDEX step_3_a ON step_3 (a);\n",
        "DROP INDEX step_3_a;\n",
    );
    run(&["apply"], 0);
    assert_eq!(rows(4), ["apply done"; 4]);
    // as behind a copy of the database, or where rows were replicated alone
    let fall_back = || database.run("ALTER TABLE pgplumb_journal ALTER id RESTART");
    fall_back();
    step(5, "SELECT 1 / 0;\n", "SELECT 1;\n");
    run(&["apply"], 5);
    assert_eq!(rows(1), ["apply failed"]);
    fall_back();
    step(
        5,
        "-- pgplumb: no-transaction\nCREATE INDEX CONCURRENTLY ON step_2 (a);\n",
        "DROP INDEX step_2_a_idx;\n",
    );
    run(&["apply"], 0);
    assert_eq!(rows(3), ["apply begun", "apply statement", "apply done"]);
    fall_back();
    run(&["rollback", "--steps", "2", "--yes"], 0);
    assert_eq!(rows(2), ["rollback done"; 2]);
    fall_back();
    run(&["baseline", "4", "--no-verify"], 0);
    assert_eq!(rows(1), ["baseline done"]);
    fall_back();
    step(
        4,
        "CREATE INDEX step_3_b ON step_3 (a);\n",
        "DROP INDEX step_3_b;\n",
    );
    run(&["repair", "--yes"], 0);
    assert_eq!(rows(1), ["repair done"]);
    // who may write rows and not draw numbers by name learns what to do
    fall_back();
    step(5, "CREATE TABLE step_5 (a integer);\n", "DROP TABLE step_5;\n");
    database.run(
        "CREATE ROLE clerk; GRANT ALL ON SCHEMA public TO clerk; \
         GRANT ALL ON refinery_schema_history, pgplumb_journal TO clerk",
    );
    project.write("pgplumb.toml", "role = \"clerk\"\n");
    let said = run(&["apply"], 5).says("duplicate key").stdout;
    let (_, way) = said.split_once("run `").expect("a way out");
    let (way, _) = way.split_once('`').expect("a statement");
    database.run(&way.split_whitespace().collect::<Vec<_>>().join(" "));
    run(&["apply"], 0);
    assert_eq!(rows(1), ["apply done"]);
}
