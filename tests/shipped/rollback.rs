//! The rollback of 0024 with data in its audit trail.

use crate::support::{Outcome, Pgplumb, Project, Server};

const ROWS: &str = "
    INSERT INTO organization (id, name) VALUES ('00000000-0000-0000-0000-00000000000a', 'Ash');
    INSERT INTO sync_activity_log (org_id, sync_id, action, status, created_at)
    SELECT '00000000-0000-0000-0000-00000000000a', 'run ' || n,
           (SELECT min(e) FROM unnest(enum_range(NULL::sync_action)) AS e),
           (SELECT min(e) FROM unnest(enum_range(NULL::sync_status_type)) AS e),
           timestamptz '2025-11-01 00:00:00+00' + n * interval '2 minutes'
      FROM generate_series(1, 100000) AS n";

/// Writes down in which transaction each object is dropped.
const WATCH: &str = "
    CREATE SCHEMA watch;
    CREATE TABLE watch.dropped (transaction bigint, what text);
    CREATE FUNCTION watch.note() RETURNS event_trigger LANGUAGE plpgsql AS $$
    BEGIN
        INSERT INTO watch.dropped SELECT txid_current(), object_identity FROM pg_event_trigger_dropped_objects();
    END $$;
    CREATE EVENT TRIGGER watch ON sql_drop EXECUTE FUNCTION watch.note()";

#[test]
fn a_hundred_thousand_rows_are_counted_asked_about_and_go_in_one_transaction() {
    let database = Server::shared().database("shipped_rollback");
    let project = Project::shipped("");
    let run = |args: &[&str]| -> Outcome { Pgplumb::new(&project, &database).args(args).run() };
    run(&["apply", "-q"]).expect(0);
    database.run(ROWS);
    database.run(WATCH);
    let rows = || database.value("SELECT count(*) FROM sync_activity_log");

    let plan = run(&["rollback", "24", "--dry-run"]).expect(0);
    assert!(plan.stdout.contains("100000 rows"), "{}", plan.stdout);
    let refused = run(&["rollback", "24"]).expect(2);
    for part in ["sync_activity_log", "100000 rows", "--yes"] {
        assert!(refused.stderr.contains(part), "{part}: {}", refused.stderr);
    }
    assert_eq!(rows().as_deref(), Some("100000"));
    assert_eq!(
        database.value("SELECT count(*) FROM watch.dropped").as_deref(),
        Some("0")
    );

    let done = run(&["rollback", "24", "--yes", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(done["migrations"][0]["state"], "rolled_back");
    let gone = database.value("SELECT to_regclass('sync_activity_log') IS NULL");
    assert_eq!(gone.as_deref(), Some("t"));
    // the objects, the row of the history and that of the journal: all in the same transaction
    let transactions = database.value(
        "SELECT count(DISTINCT transaction) || ' ' || (SELECT count(*) FROM pgplumb_journal
            WHERE action = 'rollback' AND outcome = 'done' AND xmin::text::bigint = min(transaction))
         FROM watch.dropped WHERE what ~ 'sync_'",
    );
    assert_eq!(transactions.as_deref(), Some("1 1"));
    let recorded = database.value("SELECT count(*) FROM refinery_schema_history WHERE version = 24");
    assert_eq!(recorded.as_deref(), Some("0"));
}
