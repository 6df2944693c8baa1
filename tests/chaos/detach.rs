//! DETACH PARTITION CONCURRENTLY that is killed between its two transactions, before the first, or with nobody to write
//! down that it is done.

use super::server;
use crate::support::{Database, Pgplumb, Project};

const DETACH: &str = "-- pgplumb: no-transaction\nALTER TABLE events DETACH PARTITION \"Events 2024\" CONCURRENTLY;\n\
                      ALTER TABLE \"Events 2024\" ADD COLUMN archived boolean;\n";
const ATTACH: &str = "ALTER TABLE \"Events 2024\" DROP COLUMN archived;\n\
                      ALTER TABLE events ATTACH PARTITION \"Events 2024\" FOR VALUES FROM (0) TO (10);\n";

/// The second migration detaches on its way up, or the third on its way back.
fn project(back: bool) -> Project {
    let project = Project::new().with(
        "migrations/0001_events.sql",
        "CREATE TABLE events (at integer) PARTITION BY RANGE (at);\n\
         CREATE TABLE \"Events 2024\" PARTITION OF events FOR VALUES FROM (0) TO (10);\n",
    );
    let (up, down) = match back {
        false => (DETACH, ATTACH),
        true => ("SELECT 1;\n", DETACH),
    };
    project
        .with("migrations/0002_detach.sql", up)
        .with("rollback/0002_detach.sql", down)
}

fn run(project: &Project, database: &Database, back: bool) -> Pgplumb {
    let args: &[&str] = match back {
        false => &["apply"],
        true => &["rollback", "2", "--yes"],
    };
    Pgplumb::new(project, database).args(args)
}

fn pending(database: &Database) -> Option<String> {
    database
        .value("SELECT inhdetachpending::text FROM pg_inherits WHERE inhrelid = '\"Events 2024\"'::regclass")
}

fn kill_while_it_waits(project: &Project, database: &Database, back: bool, lock: &str) {
    let lock = format!("LOCK TABLE events IN {lock} MODE");
    super::kill_while_it_waits(run(project, database, back), database, &lock, true);
}

fn is_done(database: &Database, back: bool) {
    assert_eq!(pending(database), None);
    let column = "SELECT count(*) FROM pg_attribute WHERE attrelid = '\"Events 2024\"'::regclass AND attname = 'archived'";
    assert_eq!(database.value(column), Some("1".into()));
    let recorded = "SELECT count(*) FROM refinery_schema_history WHERE version = 2";
    let expected = if back { "0" } else { "1" };
    assert_eq!(database.value(recorded), Some(expected.into()));
}

#[test]
fn a_detach_that_is_killed_is_settled_from_the_catalog() {
    if server().scratch().version_num() < 140_000 {
        let database = server().database("detach_unknown");
        let stopped = run(&project(false), &database, false).run().expect(3);
        stopped.says("DETACH PARTITION CONCURRENTLY of PostgreSQL 14");
        return;
    }
    for back in [false, true] {
        let project = project(back);
        let start = |name: &str| {
            let database = server().database(name);
            let first = match back {
                false => vec!["apply", "--to", "1"],
                true => vec!["apply"],
            };
            Pgplumb::new(&project, &database).args(&first).run().expect(0);
            database
        };

        // before its first transaction: it is run
        let database = start("detach_attached");
        kill_while_it_waits(&project, &database, back, "SHARE UPDATE EXCLUSIVE");
        assert_eq!(pending(&database), Some("false".into()));
        run(&project, &database, back).run().expect(0);
        is_done(&database, back);

        // between the two: it is named, and mended by repair
        let database = start("detach_pending");
        kill_while_it_waits(&project, &database, back, "ACCESS SHARE");
        assert_eq!(pending(&database), Some("true".into()));
        let stopped = run(&project, &database, back).run().expect(5);
        stopped
            .says("partition \"Events 2024\" of events is pending to be detached")
            .says("finish it with `pgplumb repair`, then run the command again");
        let repair = |args: &[&str]| Pgplumb::new(&project, &database).args(args).run();
        repair(&["repair", "--dry-run"])
            .expect(0)
            .says("finish detaching partition public.\"Events 2024\" from public.events");
        repair(&["repair", "--yes"])
            .expect(0)
            .says("partition public.\"Events 2024\" of public.events was detached");
        assert_eq!(pending(&database), None);
        repair(&["repair", "--yes"])
            .expect(0)
            .says("there is nothing to repair");
        run(&project, &database, back).run().expect(0);
        is_done(&database, back);

        // done, and nobody wrote it down
        let database = start("detach_done");
        kill_while_it_waits(&project, &database, back, "ACCESS SHARE");
        database.run("ALTER TABLE events DETACH PARTITION \"Events 2024\" FINALIZE");
        run(&project, &database, back).run().expect(0);
        is_done(&database, back);
    }
}
