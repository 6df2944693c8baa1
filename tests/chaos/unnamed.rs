//! CREATE INDEX CONCURRENTLY without a name that is killed before it makes one, within, or with nobody to write down that
//! it is done: what the table has got since tells which.

use super::{kill_while_it_waits, server};
use crate::support::{Database, Pgplumb, Project};

fn indexes(database: &Database) -> String {
    database
        .value(
            "SELECT string_agg(relname || CASE WHEN indisvalid THEN '' ELSE ' INVALID' END, ', ' ORDER BY relname) \
             FROM pg_index JOIN pg_class c ON c.oid = indexrelid WHERE indrelid = 'shop.\"Orders\"'::regclass",
        )
        .unwrap_or_default()
}

#[test]
fn an_index_without_a_name_is_settled_by_what_is_new() {
    // one of the same definition was there before; the path of the script is its own
    let project = Project::new()
        .with(
            "migrations/0001_orders.sql",
            "CREATE SCHEMA shop; CREATE TABLE shop.\"Orders\" (a int, b text);\n\
             CREATE INDEX old ON shop.\"Orders\" (a);\n",
        )
        .with(
            "migrations/0002_index.sql",
            "-- pgplumb: no-transaction\nSET search_path = shop;\n\
             CREATE INDEX CONCURRENTLY /* no name */ ON \"Orders\" (a);\nCOMMENT ON TABLE \"Orders\" IS 'x';\n",
        );
    let run = |database: &Database, args: &[&str]| Pgplumb::new(&project, database).args(args);
    let killed = |name: &str, lock: &str, with_session: bool| {
        let database = server().database(name);
        run(&database, &["apply", "--to", "1"]).run().expect(0);
        let lock = format!("LOCK TABLE shop.\"Orders\" IN {lock} MODE");
        kill_while_it_waits(run(&database, &["apply"]), &database, &lock, with_session);
        // neither a look-alike nor the same one built anew is what the statement makes
        database.run("CREATE INDEX another ON shop.\"Orders\" (b)");
        database.run("REINDEX INDEX CONCURRENTLY shop.old");
        database
    };

    // before it made anything: it is run
    let database = killed("unnamed_absent", "SHARE UPDATE EXCLUSIVE", true);
    assert_eq!(indexes(&database), "another, old");
    run(&database, &["apply"]).run().expect(0);
    assert_eq!(indexes(&database), "Orders_a_idx, another, old");

    // within: it is named, and mended by repair
    let database = killed("unnamed_invalid", "ROW EXCLUSIVE", true);
    assert_eq!(indexes(&database), "Orders_a_idx INVALID, another, old");
    run(&database, &["apply"])
        .run()
        .expect(5)
        .says("index \"Orders_a_idx\" is INVALID")
        .says("rebuild it with `pgplumb repair`, then run the command again");
    run(&database, &["repair", "--yes"]).run().expect(0);
    run(&database, &["apply"]).run().expect(0);
    assert_eq!(indexes(&database), "Orders_a_idx, another, old");

    // done, and nobody wrote it down
    let database = killed("unnamed_done", "ROW EXCLUSIVE", false);
    run(&database, &["apply"]).run().expect(0);
    assert_eq!(indexes(&database), "Orders_a_idx, another, old");
}

#[test]
fn an_index_without_a_name_that_fails_is_told_and_not_made_twice() {
    let project = Project::new().with(
        "migrations/0001_unique.sql",
        "-- pgplumb: no-transaction\nCREATE TABLE t AS SELECT 1 AS a FROM generate_series(1, 2);\n\
         CREATE UNIQUE INDEX CONCURRENTLY ON t (a);\n",
    );
    let database = server().database("unnamed_unique");
    let run = |args: &[&str]| Pgplumb::new(&project, &database).args(args).run();
    for _ in 0..2 {
        run(&["apply"]).expect(5).says("index t_a_idx is INVALID");
        assert_eq!(
            database.value("SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass"),
            Some("1".into())
        );
    }
    database.run("DELETE FROM t WHERE ctid = '(0,1)'");
    run(&["repair", "--yes"]).expect(0);
    run(&["apply"]).expect(0);
}
