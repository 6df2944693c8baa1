//! `--rehearse`: the plan runs on the target in one transaction that is rolled back.

use serde_json::Value;

use crate::support::{Database, Outcome, Pgplumb, Project, Server, dump_whole};

fn run(project: &Project, database: &Database, args: &[&str]) -> Outcome {
    Pgplumb::new(project, database).args(args).run()
}

/// Rehearses, and makes sure that nothing is left: pg_dump before and behind, rows and sequences included.
fn rehearse(project: &Project, database: &Database, args: &[&str], code: i32) -> Value {
    let before = dump_whole(database);
    let mut all = vec!["--yes", "--format", "json"];
    all.extend(args);
    let report = run(project, database, &all).expect(code).json();
    assert_eq!(dump_whole(database), before);
    assert_eq!(report["dry_run"], true);
    report
}

fn outcomes(report: &Value) -> Vec<String> {
    let steps = report["rehearsal"]["steps"].as_array().expect("steps");
    steps
        .iter()
        .map(|step| step["outcome"].as_str().expect("an outcome").to_string())
        .collect()
}

fn reason(report: &Value, step: usize) -> &str {
    report["rehearsal"]["steps"][step]["reason"]
        .as_str()
        .unwrap_or("")
}

/// `tag: MODE on table` of every lock.
fn locks(report: &Value) -> Vec<String> {
    let steps = report["rehearsal"]["steps"].as_array().expect("steps");
    let statements = steps
        .iter()
        .flat_map(|step| step["statements"].as_array().expect("statements"));
    let mut found = Vec::new();
    for statement in statements {
        for lock in statement["locks"].as_array().expect("locks") {
            let word = |key: &str| lock[key].as_str().expect("a word").to_string();
            assert!(lock["held_ms"].as_f64().expect("a figure") >= 0.0);
            let tag = statement["tag"].as_str().expect("a tag");
            found.push(format!("{tag}: {} on {}", word("mode"), word("table")));
        }
    }
    found
}

#[test]
fn each_statement_has_its_rows_and_the_locks_that_it_took() {
    let database = Server::shared().database("rehearse");
    database.run(
        "create table \"Orders\" (id int primary key, note text); insert into \"Orders\" select g from generate_series(1, 30) g; \
         create table gone (id int); create view seen as select id from \"Orders\"",
    );
    let project = Project::new()
        .with(
            "migrations/0001_a.sql",
            "create table new (id int primary key);\n\
             insert into new select id from \"Orders\" where id <= 12;\n\
             alter table \"Orders\" add column state text;\n\
             update \"Orders\" set state = 'x';\n\
             drop table gone;",
        )
        .with(
            "migrations/0002_b.sql",
            "create index on \"Orders\" (state);\nalter table new add column more int references \"Orders\" (id);",
        )
        .with(
            "checks/0002_b.toml",
            "title = \"b\"\n[table.new.foreign_key]\nmore = '\"Orders\"(id)'\n",
        );
    let report = rehearse(&project, &database, &["apply", "--rehearse"], 0);
    assert_eq!(report["verdict"], "approved");
    assert_eq!(outcomes(&report), ["works", "works"]);
    assert_eq!(
        locks(&report),
        [
            "INSERT: ACCESS SHARE on public.\"Orders\"",
            "ALTER TABLE: ACCESS EXCLUSIVE on public.\"Orders\"",
            "UPDATE: ROW EXCLUSIVE on public.\"Orders\"",
            "DROP TABLE: ACCESS EXCLUSIVE on public.gone",
            "CREATE INDEX: SHARE on public.\"Orders\"",
            "ALTER TABLE: SHARE ROW EXCLUSIVE on public.\"Orders\"",
        ]
    );
    let statements = &report["rehearsal"]["steps"][0]["statements"];
    let rows = |index: usize| statements[index]["rows"].as_u64();
    assert_eq!(
        [rows(0), rows(1), rows(2), rows(3)],
        [None, Some(12), None, Some(30)]
    );
    assert_eq!(statements[3]["source"]["line"], 4);
    assert_eq!(report["totals"]["pass"], 2);
    assert_eq!(report["migrations"][0]["state"], "pending");
    // and then it is done for good
    run(&project, &database, &["apply"]).expect(0);
    project.write(
        "rollback/0001_a.sql",
        "drop table new; create table gone (id int);",
    );
    project.write("rollback/0002_b.sql", "alter table new drop column more;");
    let report = rehearse(&project, &database, &["rollback", "--to", "0", "--rehearse"], 0);
    assert_eq!(outcomes(&report), ["works", "works"]);
    assert!(
        locks(&report).contains(&"ALTER TABLE: ACCESS EXCLUSIVE on public.new".to_string()),
        "{:?}",
        locks(&report)
    );
    assert_eq!(report["migrations"][0]["state"], "applied");
}

#[test]
fn nobody_is_kept_waiting_without_being_asked() {
    let database = Server::shared().database("rehearse_asks");
    let project = Project::new().with("migrations/0001_a.sql", "create table t (id int);");
    run(&project, &database, &["apply", "--rehearse"])
        .expect(2)
        .says("every lock is held until the end")
        .says("nothing was run")
        .says("--yes");
    run(&project, &database, &["apply", "--rehearse", "--dry-run"]).expect(2);
    // nothing to rehearse asks nobody
    run(&project, &database, &["apply"]).expect(0);
    let report = run(&project, &database, &["apply", "--rehearse", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(report["dry_run"], true);
    assert_eq!(outcomes(&report), [""; 0]);
    for format in ["text", "markdown", "html"] {
        let outcome = run(&project, &database, &["apply", "--rehearse", "--format", format])
            .expect(0)
            .says("NOTHING TO REHEARSE")
            .says("no migration was pending");
        // the page's foot says what exit code 0 means
        assert!(
            format == "html" || !outcome.stdout.contains("APPROVED"),
            "{}",
            outcome.stdout
        );
    }
    run(&project, &database, &["rollback", "--to", "1", "--rehearse"])
        .expect(0)
        .says("NOTHING TO REHEARSE: no migration was to be taken back");
}

#[test]
fn what_fails_fails_as_in_apply_and_leaves_nothing() {
    let database = Server::shared().database("rehearse_fails");
    let project = Project::new()
        .with("migrations/0001_a.sql", "create table t (id int);")
        .with(
            "migrations/0002_b.sql",
            "insert into t values (1);\ninsert into t select 1 / (id - 1) from t;",
        )
        .with("migrations/0003_c.sql", "create table u (id int);");
    let report = rehearse(&project, &database, &["apply", "--rehearse"], 5);
    assert_eq!(outcomes(&report), ["works", "failed", "not_reached"]);
    assert_eq!(report["diagnostics"][0]["source"]["line"], 2);
    let ran = report["rehearsal"]["steps"][1]["statements"].as_array().unwrap();
    assert_eq!(ran.len(), 1);
    // checks are judged inside
    project.write("migrations/0002_b.sql", "alter table t add column a int;");
    project.write(
        "checks/0002_b.toml",
        "title = \"b\"\n[table.t.column]\na = \"bigint\"\n",
    );
    let report = rehearse(&project, &database, &["apply", "--rehearse"], 1);
    assert_eq!(outcomes(&report), ["works", "failed", "not_reached"]);
    assert_eq!(report["totals"]["fail"], 1);
    let report = rehearse(&project, &database, &["apply", "--rehearse", "--no-verify"], 0);
    assert_eq!(outcomes(&report), ["works", "works", "works"]);
}

#[test]
fn what_one_transaction_makes_impossible_is_no_failure() {
    let database = Server::shared().database("rehearse_not");
    database.run("create type mood as enum ('old'); create table m (mood mood, id int)");
    let project = Project::new()
        .with("migrations/0001_a.sql", "alter type mood add value 'new';")
        .with("migrations/0002_b.sql", "insert into m values ('new');")
        .with("migrations/0003_c.sql", "create table c (id int);")
        .with(
            "migrations/0004_d.sql",
            "-- pgplumb: no-transaction\ncreate table d (id int);\ncreate index concurrently on d (id);",
        )
        .with("migrations/0005_e.sql", "create table e (id int);")
        .with("migrations/0006_f.sql", "alter table d add column a int;")
        .with("migrations/0007_g.sql", "create index g on d (a);")
        .with(
            "migrations/0008_h.sql",
            "begin; declare x cursor for select 1; commit;",
        )
        .with(
            "migrations/0009_i.sql",
            "begin; declare x cursor for select 1; commit;",
        );
    let report = rehearse(&project, &database, &["apply", "--rehearse"], 0);
    assert_eq!(
        outcomes(&report),
        [
            "works",
            "not_rehearsable",
            "works",
            "not_rehearsable",
            "works",
            "not_rehearsable",
            "not_rehearsable",
            "works",
            // a cursor ends with its step
            "works"
        ],
    );
    assert!(
        reason(&report, 1).contains("unsafe use of new value"),
        "{}",
        reason(&report, 1)
    );
    assert_eq!(reason(&report, 3), "its script runs outside a transaction");
    assert_eq!(reason(&report, 5), "it needs table d, which comes with 0004_d");
    assert_eq!(
        run(&project, &database, &["--yes", "apply", "--rehearse"])
            .expect(0)
            .says("REHEARSED IN PART: 5 migrations rehearsed and rolled back, 4 not rehearsable")
            .code,
        0
    );
    run(&project, &database, &["apply"]).expect(0);
}

#[test]
fn constraints_that_wait_are_judged_at_the_end_of_their_step() {
    let database = Server::shared().database("rehearse_deferred");
    database.run(
        "create table p (id int primary key); \
         create table c (id int, p int references p (id) deferrable initially deferred)",
    );
    // the events of 0001 would be pending, and 0002 refused
    let project = Project::new()
        .with(
            "migrations/0001_a.sql",
            "insert into c values (1, 7);\ninsert into p values (7);",
        )
        .with(
            "migrations/0002_b.sql",
            "alter table c add column more int;\n\
             create table d (p int references p (id) deferrable initially deferred);\n\
             insert into d values (8);\ninsert into c values (2, 8);\ninsert into p values (8);",
        )
        .with("migrations/0003_c.sql", "insert into c values (3, 9);");
    let report = rehearse(&project, &database, &["apply", "--rehearse"], 5);
    assert_eq!(outcomes(&report), ["works", "works", "failed"]);
    run(&project, &database, &["apply"]).expect(5);
    assert_eq!(database.value("select count(*) from c"), Some("2".to_string()));
}

/// A rehearsal is one transaction anyway. With `--single-transaction` so is the apply, and what that breaks is told.
#[test]
fn of_a_single_transaction_it_tells_what_that_breaks() {
    let database = Server::shared().database("rehearse_single");
    database.run("create type mood as enum ('old'); create table m (mood mood)");
    let labels = Project::new()
        .with("migrations/0001_a.sql", "alter type mood add value 'new';")
        .with("migrations/0002_b.sql", "insert into m values ('new');");
    let cursors = Project::new()
        .with(
            "migrations/0001_a.sql",
            "declare x cursor for select 1; prepare y as select 1;",
        )
        .with(
            "migrations/0002_b.sql",
            "declare x cursor for select 1; prepare y as select 2;",
        );
    let plain = Project::new()
        .with("migrations/0001_a.sql", "create table t (id int);")
        .with("migrations/0002_b.sql", "insert into t values (1);");
    let single = ["apply", "--rehearse", "--single-transaction"];
    let report = rehearse(&labels, &database, &["apply", "--rehearse"], 0);
    assert_ne!(outcomes(&report)[1], "failed");
    let report = rehearse(&labels, &database, &single, 5);
    assert_eq!(outcomes(&report), ["works", "failed"]);
    // and so says the apply
    run(&labels, &database, &["--yes", "apply", "--single-transaction"]).expect(5);
    // a cursor ends with its step
    let report = rehearse(&cursors, &database, &single, 0);
    assert_eq!(outcomes(&report), ["works", "works"]);
    let report = rehearse(&plain, &database, &single, 0);
    assert_eq!(outcomes(&report), ["works", "works"]);
    plain.write(
        "migrations/0003_c.sql",
        "-- pgplumb: no-transaction\ncreate index concurrently on t (id);",
    );
    run(
        &plain,
        &database,
        &["--yes", "apply", "--rehearse", "--single-transaction"],
    )
    .expect(2)
    .says("0003_c runs outside a transaction, and all are to share one");
}

#[test]
fn a_busy_table_is_told_with_who_holds_it() {
    let database = Server::shared().database("rehearse_busy");
    database.run("create table t (id int)");
    let project = Project::new()
        .with(
            "pgplumb.toml",
            "lock_timeout = \"100ms\"\nlock_wait = \"300ms\"\n",
        )
        .with("migrations/0001_a.sql", "create table u (id int);")
        .with("migrations/0002_b.sql", "alter table t add column a int;");
    let other = database.session();
    other.run("begin; select * from t").unwrap();
    run(&project, &database, &["--yes", "apply", "--rehearse"])
        .expect(7)
        .says("AccessShareLock")
        .says("public.t");
    other.run("commit").unwrap();
    rehearse(&project, &database, &["apply", "--rehearse"], 0);
}

#[test]
fn what_ends_it_leaves_nothing() {
    let database = Server::shared().database("rehearse_ended");
    let project = Project::new()
        .with("migrations/0001_a.sql", "create table t (id int);")
        .with("migrations/0002_b.sql", "select pg_sleep(60);");
    let before = dump_whole(&database);
    for signal in ["-INT", "-KILL"] {
        let mut child = Pgplumb::new(&project, &database)
            .args(&["--yes", "apply", "--rehearse"])
            .start();
        let sleeping = "select count(*) from pg_stat_activity where query like '%pg_sleep(60)%' and state = 'active' \
                        and pid <> pg_backend_pid() and datname = current_database()";
        let since = std::time::Instant::now();
        while database.value(sleeping) != Some("1".to_string()) {
            assert!(
                since.elapsed().as_secs() < 30,
                "the rehearsal does not come to its second step"
            );
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let killed = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(killed.expect("kill runs").success());
        let status = child.wait().expect("it ends");
        if signal == "-INT" {
            assert_eq!(status.code(), Some(130));
        } else {
            // a server notices at its next word that nobody listens
            database.run(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like '%pg_sleep(60)%' \
                 and pid <> pg_backend_pid() and datname = current_database()",
            );
        }
        assert_eq!(dump_whole(&database), before);
    }
}
