//! A connection that is cut at a message of the protocol, COMMIT above all.

use std::collections::BTreeSet;

use super::history::{catalog, is_halfway, newest_of};
use super::{COMMENTS, COMMENTS_BACK, durable, outcome, wait_until};
use crate::support::{Cut, Database, Pgplumb, Project, Proxy, Server};

/// How many runs are cut at once.
const THREADS: usize = 4;

/// The last step runs outside a transaction, there and back.
const DETACHED: usize = 4;

fn is_detached(step: usize) -> bool {
    step == DETACHED
}

/// How many messages before and behind a COMMIT are tried; `None` for every message there is.
fn around() -> Option<usize> {
    (super::kills() < 100).then_some(1)
}

fn project() -> Project {
    let project = Project::new();
    let stem = format!("{DETACHED:04}_step");
    project.write(
        &format!("migrations/{stem}.sql"),
        super::detached_script(DETACHED),
    );
    project.write(
        &format!("rollback/{stem}.sql"),
        super::detached_rollback(DETACHED),
    );
    for step in 1..DETACHED {
        let script = super::script(step);
        project.write(&format!("migrations/{step:04}_step.sql"), script);
        let table = if step == 1 {
            "counter".to_string()
        } else {
            format!("step_{step}")
        };
        let count = if step == 1 {
            ""
        } else {
            "UPDATE counter SET n = n - 1;\n"
        };
        project.write(
            &format!("rollback/{step:04}_step.sql"),
            format!("DROP TABLE {table};\n{count}"),
        );
        project.write(
            &format!("checks/{step:04}_step.toml"),
            format!("title = \"x\"\n[table.{table}]\n"),
        );
    }
    project
}

/// A verb that is cut.
struct Verb<'a> {
    args: &'a [&'a str],
    project: Project,
    /// The state that each run begins with.
    begin: Database,
    /// Catalogs by the newest recorded version.
    states: Vec<String>,
    /// The newest version behind an undisturbed run.
    end: usize,
    /// The comments behind the statements of the step outside a transaction.
    comments: [Option<&'static str>; 4],
}

impl Verb<'_> {
    fn run(&self, proxy: &Proxy, database: &Database) -> Pgplumb {
        Pgplumb::at(self.project.path())
            .env("DATABASE_URL", &proxy.url(&database.name))
            .args(self.args)
    }

    /// Every cut around a COMMIT, and at each query.
    fn cuts(&self) -> Vec<Cut> {
        let (database, proxy) = (self.begin.copy(), Proxy::before(Server::shared()));
        self.run(&proxy, &database).run().expect(0);
        let answers = proxy.answers();
        let commits: Vec<usize> = (0..answers.len())
            .filter(|&index| answers[index] == "C COMMIT")
            .collect();
        assert!(commits.len() > DETACHED, "{} messages", answers.len());
        let wanted: BTreeSet<usize> = match around() {
            Some(around) => commits
                .iter()
                .flat_map(|index| index.saturating_sub(around) + 1..=index + 1 + around)
                .collect(),
            None => (1..=answers.len()).collect(),
        };
        let queries = answers.iter().filter(|answer| answer.starts_with('Z')).count() - 1;
        let mut cuts: Vec<Cut> = wanted.into_iter().map(Cut::Answer).collect();
        cuts.extend((1..=queries).flat_map(|query| [Cut::Query(query), Cut::Deaf(query), Cut::Panic(query)]));
        cuts
    }

    fn try_all(&self) {
        let cuts = self.cuts();
        let codes: Vec<i32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..THREADS)
                .map(|first| {
                    let own = cuts.iter().skip(first).step_by(THREADS);
                    scope.spawn(move || {
                        let proxy = Proxy::before(Server::shared());
                        own.map(|&cut| self.try_one(&proxy, cut)).collect::<Vec<i32>>()
                    })
                })
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().expect("no cut is too much"))
                .collect()
        });
        let went_on = codes.iter().filter(|&&code| code == 0).count();
        println!(
            "{went_on} of {} went on by themselves, the others were run again",
            codes.len()
        );
        assert!(went_on > 0 && went_on < codes.len(), "{codes:?}");
    }

    /// The exit code of the run that was cut.
    fn try_one(&self, proxy: &Proxy, cut: Cut) -> i32 {
        let database = self.begin.copy();
        proxy.cut_next(cut);
        let mut outcome = self.run(proxy, &database).run();
        if outcome.code != 0 {
            outcome = outcome.expect(4);
        }
        super::ready(&database);
        let newest = newest_of(&database, is_detached);
        let action = self.args[0];
        let is_under_way = match action {
            "rollback" => newest == DETACHED,
            _ => newest == DETACHED - 1,
        };
        if !(is_under_way && is_halfway(&database, DETACHED, action, self.comments)) {
            assert_eq!(catalog(&database), self.states[newest], "{cut:?}");
        }
        super::until_done(&self.project, &database, || self.run(proxy, &database));
        assert_eq!(newest_of(&database, is_detached), self.end, "{cut:?}");
        assert_eq!(catalog(&database), self.states[self.end], "{cut:?}");
        outcome.code
    }
}

/// The catalogs behind 0, 1, … migrations.
fn states(project: &Project) -> Vec<String> {
    let database = Server::shared().database("cut_states");
    let mut states = vec![catalog(&database)];
    for to in 1..=DETACHED {
        Pgplumb::new(project, &database)
            .args(&["apply", "--to", &to.to_string()])
            .run()
            .expect(0);
        states.push(catalog(&database));
    }
    states
}

#[test]
fn an_apply_is_cut_at_each_message_around_commit() {
    let project = project();
    let verb = Verb {
        args: &["apply"],
        states: states(&project),
        project,
        begin: Server::shared().database("cut"),
        end: DETACHED,
        comments: COMMENTS,
    };
    verb.try_all();
}

#[test]
fn a_rollback_is_cut_at_each_message_around_commit() {
    let project = project();
    let begin = Server::shared().database("cut_rollback");
    Pgplumb::new(&project, &begin).args(&["apply"]).run().expect(0);
    let verb = Verb {
        args: &["rollback", "--to", "0", "--yes"],
        states: states(&project),
        project,
        begin,
        end: 0,
        comments: COMMENTS_BACK,
    };
    verb.try_all();
}

#[test]
fn a_commit_that_goes_on_without_its_client_is_waited_for() {
    let server: &'static Server = Box::leak(Box::new(Server::start(durable())));
    let (database, proxy) = (server.database("under_way"), Proxy::before(server));
    let project = Project::new().with("migrations/0001_a.sql", "CREATE TABLE a (b integer);\n");
    const COMMIT: usize = 5;
    proxy.cut_next(Cut::Deaf(COMMIT));
    let held = proxy.hold_next(COMMIT);
    let mut child = Pgplumb::at(project.path())
        .env("DATABASE_URL", &proxy.url(&database.name))
        .args(&["apply", "--format", "json"])
        .start();
    held.wait();
    // nobody takes over what is written down: every COMMIT waits
    let stands_by = |names: &str| {
        database.run(&format!("ALTER SYSTEM SET synchronous_standby_names = '{names}'"));
        database.run("SELECT pg_reload_conf()");
        wait_until("it is known", || {
            database.value("SHOW synchronous_standby_names").as_deref() == Some(names)
        });
    };
    stands_by("nobody");
    drop(held);
    let count = |condition: &str| {
        let count = format!("SELECT count(*) FROM pg_stat_activity WHERE {condition}");
        database.value(&count).expect("a number")
    };
    wait_until("COMMIT waits, and is asked about", || {
        assert!(child.try_wait().expect("it can be asked").is_none(), "it ended");
        count("wait_event = 'SyncRep'") == "1"
            && count("query LIKE '%pg_locks%' AND pid <> pg_backend_pid()") == "1"
    });
    stands_by("");
    let ended = outcome(child).expect(0);
    assert_eq!(ended.json()["migrations"][0]["state"], "applied");
    assert!(
        ended.stdout.contains("looked up: 0001_a was committed"),
        "{}",
        ended.stdout
    );
}
