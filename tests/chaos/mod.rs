//! Killed, cut off, stopped, many at once: whatever happens to a run, the next one starts from the truth.
//!
//! `PGPLUMB_CHAOS` says how many kills there are, `PGPLUMB_SEED` when they come.

mod beginning;
mod cuts;
mod detach;
mod history;
mod kills;
mod pooler;
mod runners;
mod stop;
mod unnamed;

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use pgplumb::db::scratch;

use crate::support::{Database, Outcome, Pgplumb, Project, Server};

/// How many migrations a run has.
const STEPS: usize = 40;

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

/// A server whose processes are killed, for one test alone.
fn server() -> &'static Server {
    Box::leak(Box::new(Server::start(durable())))
}

/// A scratch server forgets on purpose when it crashes: this one does not.
fn durable() -> scratch::Options {
    scratch::Options::default()
        .setting("max_connections", 200)
        .setting("max_wal_senders", 1)
        .setting("wal_level", "replica")
        .setting("synchronous_commit", "on")
        .setting("full_page_writes", "on")
}

fn kills() -> usize {
    number("PGPLUMB_CHAOS").unwrap_or(6) as usize
}

/// The moments of a test, the same in every run unless another seed is asked for.
fn random() -> fastrand::Rng {
    let seed = number("PGPLUMB_SEED").unwrap_or(20_250_611);
    println!("PGPLUMB_SEED={seed}");
    fastrand::Rng::with_seed(seed)
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}

/// Every tenth step runs outside a transaction, every twentieth on its way back as well, every fifth has a suite, and each other one counts: a script that ran
/// twice would show.
fn project() -> Project {
    let project = Project::new();
    for step in 1..=STEPS {
        let stem = format!("{step:04}_step");
        project.write(&format!("migrations/{stem}.sql"), script(step));
        let rollback = match step {
            1 => "DROP TABLE counter;\n".to_string(),
            _ if is_detached_back(step) => detached_rollback(step),
            _ if is_detached(step) => format!(
                "DROP INDEX step_{0}_b;\nCOMMENT ON TABLE step_{0} IS NULL;\n",
                step - 1
            ),
            _ => format!("DROP TABLE step_{step};\nUPDATE counter SET n = n - 1;\n"),
        };
        project.write(&format!("rollback/{stem}.sql"), rollback);
        if step.is_multiple_of(5) && !is_detached(step) {
            project.write(
                &format!("checks/{stem}.toml"),
                format!(
                    "title = \"x\"\n[table.step_{step}]\nprimary_key = [\"a\"]\n[table.step_{step}.check]\n\
                     step_{step}_positive = \"a > 0::int4\"\n"
                ),
            );
        }
    }
    project
}

/// The same, all of it in transactions.
fn transactional() -> Project {
    let project = project();
    for step in (1..=STEPS).filter(|&step| is_detached(step)) {
        project.write(
            &format!("migrations/{step:04}_step.sql"),
            format!(
                "CREATE INDEX step_{0}_b ON step_{0} (b);\nSELECT '\\';\n",
                step - 1
            ),
        );
        project.write(
            &format!("rollback/{step:04}_step.sql"),
            format!("DROP INDEX step_{}_b;\n", step - 1),
        );
    }
    project
}

fn script(step: usize) -> String {
    match step {
        1 => "CREATE TABLE counter (n integer NOT NULL);\nINSERT INTO counter VALUES (0);\n".to_string(),
        _ if is_detached(step) => detached_script(step),
        _ => format!(
            "CREATE TABLE step_{step} (a integer PRIMARY KEY CONSTRAINT step_{step}_positive CHECK (a > 0), b text);\n\
             INSERT INTO step_{step} SELECT n, n::text FROM generate_series(1, 200) AS n;\n\
             UPDATE counter SET n = n + 1;\n"
        ),
    }
}

/// Outside a transaction, on the table of the step before; the comments tell how far it came.
fn detached_script(step: usize) -> String {
    format!(
        "-- pgplumb: no-transaction\nCREATE INDEX CONCURRENTLY step_{0}_b ON step_{0} (b);\n\
         ANALYZE step_{0};\nCOMMENT ON TABLE step_{0} IS 'indexed';\n",
        step - 1
    )
}

/// The comment behind so many statements of [`detached_script`].
const COMMENTS: [Option<&str>; 4] = [None, None, None, Some("indexed")];

fn detached_rollback(step: usize) -> String {
    format!(
        "-- pgplumb: no-transaction\nCOMMENT ON TABLE step_{0} IS 'on its way back';\n\
         DROP INDEX CONCURRENTLY step_{0}_b;\nCOMMENT ON TABLE step_{0} IS NULL;\n",
        step - 1
    )
}

/// The comment behind so many statements of [`detached_rollback`].
const COMMENTS_BACK: [Option<&str>; 4] = [
    Some("indexed"),
    Some("on its way back"),
    Some("on its way back"),
    None,
];

fn is_detached(step: usize) -> bool {
    step.is_multiple_of(10)
}

fn is_detached_back(step: usize) -> bool {
    step.is_multiple_of(20)
}

fn apply(project: &Project, database: &Database) -> Pgplumb {
    Pgplumb::new(project, database).args(&["apply", "-q"])
}

fn rollback(project: &Project, database: &Database) -> Pgplumb {
    Pgplumb::new(project, database).args(&["rollback", "--to", "0", "--yes", "-q"])
}

/// Runs until it went through. What a build of an index left behind is repaired first, as the message says.
fn until_done(project: &Project, database: &Database, run: impl Fn() -> Pgplumb) {
    ready(database);
    let outcome = run().run();
    if outcome.code == 5 && outcome.stdout.contains("pgplumb repair") {
        Pgplumb::new(project, database)
            .args(&["repair", "--yes"])
            .run()
            .expect(0);
        run().run().expect(0);
    } else {
        outcome.expect(0);
    }
}

/// Runs until a statement waits for whoever holds the lock, and is killed there, with its session or without.
fn kill_while_it_waits(run: Pgplumb, database: &Database, lock: &str, with_session: bool) {
    let holder = database.session();
    holder
        .run(&format!("BEGIN; {lock}"))
        .expect("nobody else holds it");
    let child = run.start();
    let at_work = "FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%CONCURRENTLY%' \
                   AND pid <> pg_backend_pid()";
    wait_until("it waits", || {
        database.value(&format!("SELECT count(*) {at_work} AND wait_event_type = 'Lock'")) == Some("1".into())
    });
    signal("KILL", &child.id().to_string());
    outcome(child);
    if with_session {
        database.run(&format!("SELECT pg_terminate_backend(pid) {at_work}"));
    } else {
        holder.run("COMMIT").expect("it ends");
    }
    wait_until("its session ends", || {
        database.value(&format!("SELECT count(*) {at_work}")) == Some("0".into())
    });
    if with_session {
        holder.run("COMMIT").expect("it ends");
    }
}

/// Waits until the server answers, and nobody but us is connected to the database.
fn ready(database: &Database) {
    let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                  AND pid <> pg_backend_pid() AND backend_type = 'client backend'";
    wait_until("the server answers and the killed are gone", || {
        database
            .rows(others)
            .is_ok_and(|rows| rows[0][0].as_deref() == Some("0"))
    });
}

#[track_caller]
pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < LIMIT, "waited too long until {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

pub fn outcome(child: Child) -> Outcome {
    let output = child.wait_with_output().expect("it ends");
    Outcome {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// Sends a signal; a process that is gone by now is none of our business.
pub fn signal(name: &str, pid: &str) {
    let _ = Command::new("kill")
        .args(["-s", name, pid])
        .output()
        .expect("kill is there");
}
