//! What 0023 and 0024 do with rows: the documents' example workflow, and what is to be refused.

use std::sync::OnceLock;

use crate::support::{Database, Pgplumb, Project, Refusal, Server, Session};

const ORG_A: &str = "'00000000-0000-4000-8000-00000000000a'";
const ORG_B: &str = "'00000000-0000-4000-8000-00000000000b'";
const USER_A: &str = "'00000000-0000-4000-8000-0000000000a1'";
const USER_B: &str = "'00000000-0000-4000-8000-0000000000b1'";

/// Those of 0024 that hold rows of organizations.
const TABLES: [&str; 3] = ["sync_preview_cache", "sync_progress", "sync_activity_log"];
const PARTITIONS: [&str; 5] = [
    "sync_activity_log_2025_11",
    "sync_activity_log_2025_12",
    "sync_activity_log_2026_01",
    "sync_activity_log_2026_02",
    "sync_activity_log_future",
];

/// A database with everything applied, two organizations, and a user in each.
fn applied() -> Database {
    static TEMPLATE: OnceLock<Database> = OnceLock::new();
    let template = TEMPLATE.get_or_init(|| {
        let database = Server::shared().database("behaviour");
        let project = Project::shipped("");
        Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
        database.run(&with_ids(
            "insert into organization (id, name) values ($A, 'Org A'), ($B, 'Org B');
             insert into auth.users_extended (id, org_id) values ($UA, $A), ($UB, $B)",
        ));
        database
    });
    template.copy()
}

/// `$A` and `$B` are organizations, `$UA` and `$UB` users of them.
fn with_ids(sql: &str) -> String {
    sql.replace("$UA", USER_A)
        .replace("$UB", USER_B)
        .replace("$A", ORG_A)
        .replace("$B", ORG_B)
}

/// A connection with a transaction open on it.
struct Story {
    session: Session,
}

impl Story {
    fn of(database: &Database) -> Story {
        let story = Story {
            session: database.session(),
        };
        story.rows("begin");
        story
    }

    /// Rows as texts: `|` between values, `-` for NULL.
    #[track_caller]
    fn rows(&self, sql: &str) -> Vec<String> {
        let sql = with_ids(sql);
        let rows = self
            .session
            .run(&sql)
            .unwrap_or_else(|error| panic!("{sql}\nfailed: {error}"));
        rows.into_iter()
            .map(|row| {
                row.into_iter()
                    .map(|value| value.unwrap_or_else(|| "-".to_string()))
                    .collect::<Vec<_>>()
                    .join("|")
            })
            .collect()
    }

    #[track_caller]
    fn does(&self, sql: &str) {
        self.rows(sql);
    }

    #[track_caller]
    fn gives(&self, sql: &str, expected: &[&str]) {
        assert_eq!(self.rows(sql), expected, "{sql}");
    }

    /// What the server refuses, under a savepoint.
    #[track_caller]
    fn refusal(&self, sql: &str) -> Refusal {
        self.rows("savepoint here");
        let refusal = self
            .session
            .refusal(&with_ids(sql))
            .unwrap_or_else(|| panic!("this was not refused: {sql}"));
        self.rows("rollback to savepoint here");
        refusal
    }

    /// Refused with a SQLSTATE, by a constraint or for a column.
    #[track_caller]
    fn refuses(&self, sql: &str, state: &str, by: &str) {
        let refusal = self.refusal(sql);
        assert_eq!(
            (refusal.state.as_str(), refusal.by.as_str()),
            (state, by),
            "{sql}: {refusal:?}"
        );
    }

    /// Refused by row security or for want of a right.
    #[track_caller]
    fn denies(&self, sql: &str) {
        self.refuses(sql, "42501", "");
    }

    /// The application, in the name of a user.
    #[track_caller]
    fn enter(&self, user: &str) {
        self.rows(&format!(
            "select set_config('request.jwt.claim.sub', {user}, true)"
        ));
        self.rows("set local role authenticated");
    }

    #[track_caller]
    fn leave(&self) {
        self.rows("reset role");
    }
}

const COMPUTED: &str = "elapsed_seconds, speed_items_per_min, eta_seconds";

#[test]
fn the_documents_workflow_gives_the_documented_results() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_progress (org_id, sync_id, entity_type, total_items, initiated_by)
         values ($A, 'sync-2025-11', 'customer', 5000, $UA)",
    );
    story.gives(
        &format!("select processed_count, total_items, {COMPUTED}, completed_at from sync_progress"),
        &["0|5000|0|0|-|-"],
    );
    // a transaction each, as an application works
    story.does("commit; begin");
    story.does("update sync_progress set started_at = now() - interval '60 seconds', processed_count = 1000");
    story.gives(
        &format!("select {COMPUTED}, completed_at is null, updated_at = now() from sync_progress"),
        &["60|1000.00|240|t|t"],
    );
    story.does("commit; begin");
    story.does("update sync_progress set processed_count = 5000, failed_count = 0");
    story.gives(
        "select elapsed_seconds >= 60, speed_items_per_min = round(5000.0 / elapsed_seconds * 60, 2), eta_seconds,
                completed_at = now(), updated_at = now()
         from sync_progress",
        &["t|t|0|t|t"],
    );
    story.does("commit; begin");
    story.gives(
        "select l.org_id = $A, l.sync_id, l.entity_type, l.action, l.status, l.record_count, l.error_message, l.user_id = $UA,
                l.created_at = p.completed_at,
                l.duration_seconds = round(extract(epoch from p.completed_at - p.started_at)::numeric, 3)
         from sync_activity_log l, sync_progress p",
        &["t|sync-2025-11|customer|sync_complete|completed|5000|-|t|t|t"],
    );
}

#[test]
fn failures_make_it_completed_with_errors() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_progress (org_id, sync_id, total_items, started_at) values ($A, 's', 100, now() - interval '60 s')",
    );
    // what failed is still to be done, to the ETA of the documents
    story.does("update sync_progress set processed_count = 50, failed_count = 40");
    story.gives(
        &format!("select {COMPUTED}, completed_at from sync_progress"),
        &["60|50.00|60|-"],
    );
    story.does("update sync_progress set processed_count = 55, failed_count = 45");
    story.gives(
        &format!("select {COMPUTED}, completed_at = now() from sync_progress"),
        &["60|55.00|0|t"],
    );
    story.gives(
        "select action, status, record_count, duration_seconds, user_id from sync_activity_log",
        &["sync_complete|completed_with_errors|100|60.000|-"],
    );
    // all of them
    story.does("insert into sync_progress (org_id, sync_id, total_items) values ($A, 'all', 3)");
    story.does("update sync_progress set failed_count = 3 where sync_id = 'all'");
    story.gives(
        "select status, record_count from sync_activity_log where sync_id = 'all'",
        &["completed_with_errors|3"],
    );
}

#[test]
fn a_clock_that_stands_still_divides_nothing_by_zero() {
    let database = applied();
    let story = Story::of(&database);
    story.does("insert into sync_progress (org_id, sync_id, total_items) values ($A, 's', 10)");
    story.does("update sync_progress set processed_count = 5");
    story.gives(
        &format!("select {COMPUTED}, completed_at from sync_progress"),
        &["0|0|-|-"],
    );
    story.does("update sync_progress set processed_count = 10");
    story.gives(
        &format!("select {COMPUTED}, completed_at = now() from sync_progress"),
        &["0|0|-|t"],
    );
    story.gives(
        "select status, record_count, duration_seconds from sync_activity_log",
        &["completed|10|0.000"],
    );
}

#[test]
fn nothing_to_do_is_complete_at_once() {
    let database = applied();
    let story = Story::of(&database);
    story.gives(
        "insert into sync_progress (org_id, sync_id, total_items) values ($A, 'z1', 0), ($A, 'z2', 0)
         returning sync_id, completed_at = now(), eta_seconds, elapsed_seconds",
        &["z1|t|-|0", "z2|t|-|0"],
    );
    story.gives("select count(*) from sync_activity_log", &["0"]);
    // the total is raised after completion: the run goes on, and is recorded once it ends
    story.gives(
        "update sync_progress set total_items = 10 where sync_id = 'z1' returning completed_at",
        &["-"],
    );
    story.gives(
        "update sync_progress set processed_count = 10 where sync_id = 'z1' returning completed_at = now()",
        &["t"],
    );
    story.does(r#"update sync_progress set metadata = '{"a": 1}' where sync_id = 'z1'"#);
    story.gives("select sync_id, record_count from sync_activity_log", &["z1|10"]);
    // a run ends early by lowering its total
    story.does("insert into sync_progress (org_id, sync_id, total_items) values ($A, 'z3', 10)");
    story.gives(
        "update sync_progress set total_items = 0 where sync_id = 'z3' returning completed_at = now()",
        &["t"],
    );
    story.gives(
        "select status, record_count from sync_activity_log where sync_id = 'z3'",
        &["completed|0"],
    );
}

#[test]
fn impossible_progress_is_refused() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_progress (org_id, sync_id, total_items, processed_count) values ($A, 's', 100, 10)",
    );
    for (sql, state, by) in [
        (
            "update sync_progress set processed_count = 90, failed_count = 11",
            "23514",
            "sync_progress_totals",
        ),
        (
            "update sync_progress set current_item = 101",
            "23514",
            "sync_progress_current_item",
        ),
        (
            "update sync_progress set failed_count = -1",
            "23514",
            "sync_progress_not_negative",
        ),
        (
            "update sync_progress set total_items = -1, processed_count = -1",
            "23514",
            "sync_progress_not_negative",
        ),
        (
            "update sync_progress set completed_at = now()",
            "23514",
            "completed_at",
        ),
        (
            "insert into sync_progress (org_id, sync_id, total_items, processed_count, failed_count)
             values ($A, 'v', 2147483647, 2147483647, 2147483647)",
            "23514",
            "sync_progress_totals",
        ),
        (
            "insert into sync_progress (org_id, sync_id, total_items, completed_at) values ($A, 'v', 5, now())",
            "23514",
            "completed_at",
        ),
        (
            "insert into sync_progress (org_id, sync_id, started_at) values ($A, 'v', '-infinity')",
            "23514",
            "sync_progress_finite_times",
        ),
        (
            "insert into sync_progress (org_id, sync_id, completed_at) values ($A, 'v', 'infinity')",
            "23514",
            "sync_progress_finite_times",
        ),
        (
            "insert into sync_progress (org_id, sync_id, started_at) values ($A, 'v', null)",
            "23502",
            "started_at",
        ),
        (
            "insert into sync_progress (org_id, sync_id, processed_count) values ($A, 'v', null)",
            "23502",
            "processed_count",
        ),
        (
            "insert into sync_progress (org_id) values ($A)",
            "23502",
            "sync_id",
        ),
        (
            "insert into sync_progress (org_id, sync_id) values ($A, 's')",
            "23505",
            "sync_progress_org_sync_key",
        ),
        (
            "insert into sync_progress (org_id, sync_id) values (gen_random_uuid(), 'v')",
            "23503",
            "sync_progress_org_id_fkey",
        ),
        (
            "insert into sync_progress (org_id, sync_id, initiated_by) values ($A, 'v', gen_random_uuid())",
            "23503",
            "sync_progress_initiated_by_fkey",
        ),
        (
            "insert into sync_progress (org_id, sync_id, entity_type) values ($A, 'v', 'nobody')",
            "22P02",
            "",
        ),
        (
            "insert into sync_activity_log (org_id, action, status, record_count) values ($A, 'sync_start', 'pending', -1)",
            "23514",
            "sync_activity_log_record_count",
        ),
        (
            "insert into sync_activity_log (org_id, action, status, duration_seconds) values ($A, 'sync_start', 'pending', -1)",
            "23514",
            "sync_activity_log_duration",
        ),
    ] {
        story.refuses(sql, state, by);
    }
    // the same sync_id is another run in another organization
    story.does("insert into sync_progress (org_id, sync_id) values ($B, 's')");
    // where the trigger is disabled, the CHECK holds
    story.does("alter table sync_progress disable trigger sync_progress_validate_totals");
    story.refuses(
        "update sync_progress set processed_count = 101 where org_id = $A",
        "23514",
        "sync_progress_totals",
    );
}

#[test]
fn extremes_are_computed_without_overflow() {
    let database = applied();
    let story = Story::of(&database);
    for (total, processed, started, expected) in [
        (
            "2147483647",
            "1",
            "now() - interval '1000 years'",
            "2147483647|0.00|-",
        ),
        (
            "2147483647",
            "1",
            "now() - interval '1 hour'",
            "3600|0.02|2147483647",
        ),
        (
            "2147483647",
            "2147483647",
            "now() - interval '1 s'",
            "1|128849018820.00|0",
        ),
        ("10", "1", "now() + interval '1 day'", "0|0|-"),
    ] {
        story.gives(
            &format!(
                "insert into sync_progress (org_id, sync_id, total_items, processed_count, started_at)
                 values ($A, gen_random_uuid()::text, {total}, {processed}, {started}) returning {COMPUTED}"
            ),
            &[expected],
        );
    }
    // a start that lies ahead of the clock
    story.gives(
        "update sync_progress set processed_count = 10 where total_items = 10 returning elapsed_seconds, completed_at = now()",
        &["0|t"],
    );
    story.gives("select duration_seconds from sync_activity_log", &["0"]);
}

#[test]
fn a_run_that_is_history_keeps_its_times() {
    let database = applied();
    let story = Story::of(&database);
    let utc = "completed_at at time zone 'UTC'";
    story.gives(
        &format!(
            "insert into sync_progress (org_id, sync_id, total_items, processed_count, started_at, completed_at)
             values ($A, 'h', 10, 10, '2025-11-10 10:00+00', '2025-11-10 10:02+00') returning {COMPUTED}, {utc}"
        ),
        &["120|5.00|0|2025-11-10 10:02:00"],
    );
    story.gives(
        &format!(
            "update sync_progress set batch_number = 1 returning elapsed_seconds, {utc}, updated_at = now()"
        ),
        &["120|2025-11-10 10:02:00|t"],
    );
    story.gives(
        &format!("update sync_progress set completed_at = null returning elapsed_seconds, {utc}"),
        &["120|2025-11-10 10:02:00"],
    );
    story.gives(
        "update sync_progress set total_items = 20 returning completed_at, elapsed_seconds > 120",
        &["-|t"],
    );
    story.gives("select count(*) from sync_activity_log", &["0"]);
}

#[test]
fn previews_live_for_an_hour_and_are_cleaned_up() {
    let database = applied();
    let story = Story::of(&database);
    story.gives(
        r#"insert into sync_preview_cache (org_id, sync_type, sync_id, delta_json, computed_by, cache_key)
           values ($A, 'woocommerce', 's', '{"new": []}', $UA, 'k1')
           returning expires_at - created_at, expires_at = now() + interval '1 hour', computed_at = now()"#,
        &["01:00:00|t|t"],
    );
    for (sql, state, by) in [
        (
            "insert into sync_preview_cache (org_id, sync_type, cache_key, expires_at)
             values ($A, 'odoo', 'k2', now() - interval '1 s')",
            "23514",
            "sync_preview_cache_expiry",
        ),
        (
            "insert into sync_preview_cache (org_id, sync_type, cache_key, delta_json) values ($A, 'odoo', 'k2', '[1]')",
            "23514",
            "sync_preview_cache_delta_object",
        ),
        (
            "insert into sync_preview_cache (org_id, sync_type, cache_key) values ($B, 'odoo', 'k1')",
            "23505",
            "sync_preview_cache_cache_key_key",
        ),
        (
            "insert into sync_preview_cache (org_id, sync_type) values ($A, 'odoo')",
            "23502",
            "cache_key",
        ),
        (
            "insert into sync_preview_cache (org_id, sync_type, cache_key) values ($A, 'sap', 'k2')",
            "22P02",
            "",
        ),
    ] {
        story.refuses(sql, state, by);
    }
    // two have expired since, one of each organization
    story.does(
        "insert into sync_preview_cache (org_id, sync_type, cache_key, created_at, expires_at) values
             ($A, 'odoo', 'k3', now() - interval '2 h', now() - interval '1 h'),
             ($B, 'odoo', 'k4', now() - interval '2 h', now())",
    );
    story.enter(USER_A);
    story.gives("select * from auto_cleanup_preview_cache()", &["1|-"]);
    story.leave();
    story.gives(
        "select cache_key from sync_preview_cache order by 1",
        &["k1", "k4"],
    );
    story.gives("select * from auto_cleanup_preview_cache()", &["1|-"]);
    story.gives("select * from auto_cleanup_preview_cache()", &["0|-"]);
    story.gives("select cache_key from sync_preview_cache", &["k1"]);
    // an error is a value
    story.does("revoke delete on sync_preview_cache from authenticated");
    story.enter(USER_A);
    story.gives(
        "select deleted_count, right(error_message, 16) from auto_cleanup_preview_cache()",
        &["0|(SQLSTATE 42501)"],
    );
}

/// Rows of both organizations in every table of 0024.
fn rows_of_both(story: &Story) {
    story.does(
        "insert into sync_preview_cache (org_id, sync_type, cache_key) values ($A, 'odoo', 'a'), ($B, 'odoo', 'b');
         insert into sync_progress (org_id, sync_id, total_items) values ($A, 'a', 10), ($B, 'b', 10);
         insert into sync_activity_log (org_id, sync_id, action, status, created_at) values
             ($A, 'a', 'sync_start', 'in_progress', '2025-11-15'), ($B, 'b', 'sync_start', 'in_progress', '2025-11-15')",
    );
}

/// A row of an organization, for each table.
fn insert(table: &str, organization: &str) -> String {
    let (columns, values) = match table {
        "sync_preview_cache" => ("sync_type, cache_key", "'odoo', 'more'"),
        "sync_progress" => ("sync_id", "'more'"),
        _ => ("action, status", "'sync_start', 'pending'"),
    };
    format!("insert into {table} (org_id, {columns}) values ({organization}, {values})")
}

#[test]
fn an_organization_sees_and_changes_its_own_rows_alone() {
    let database = applied();
    for (user, own, other, names) in [(USER_A, ORG_A, ORG_B, "Org A"), (USER_B, ORG_B, ORG_A, "Org B")] {
        let story = Story::of(&database);
        rows_of_both(&story);
        story.enter(user);
        story.gives("select name from organization", &[names]);
        for table in TABLES {
            let count = |sql: &str| story.rows(sql).len();
            assert_eq!(
                story.rows(&format!("select distinct org_id = {own} from {table}")),
                ["t"],
                "{table}"
            );
            assert_eq!(
                count(&format!("select from {table} where org_id = {other}")),
                0,
                "{table}"
            );
            assert_eq!(
                count(&format!("update {table} set org_id = org_id returning 1")),
                1,
                "{table}"
            );
            assert_eq!(
                count(&format!(
                    "update {table} set org_id = org_id where org_id = {other} returning 1"
                )),
                0,
                "{table}"
            );
            assert_eq!(
                count(&format!("delete from {table} where org_id = {other} returning 1")),
                0,
                "{table}"
            );
            story.denies(&insert(table, other));
            story.denies(&format!("update {table} set org_id = {other}"));
            story.denies(&format!("truncate {table}"));
            story.does(&insert(table, own));
            assert_eq!(count(&format!("delete from {table} returning 1")), 2, "{table}");
        }
        story.leave();
        for table in TABLES {
            story.gives(&format!("select distinct org_id = {other} from {table}"), &["t"]);
        }
    }
}

#[test]
fn a_partition_by_its_own_name_is_closed() {
    let database = applied();
    let story = Story::of(&database);
    rows_of_both(&story);
    story.enter(USER_A);
    for partition in PARTITIONS {
        story.denies(&format!("select count(*) from {partition}"));
        story.denies(&insert(partition, ORG_A));
        story.denies(&format!("update {partition} set sync_id = 'x'"));
        story.denies(&format!("delete from {partition}"));
        story.denies(&format!("truncate {partition}"));
    }
    story.leave();
    // even where it is granted by mistake: row security without policies
    story.does(&format!(
        "grant all on {} to authenticated",
        PARTITIONS.join(", ")
    ));
    story.enter(USER_A);
    for partition in PARTITIONS {
        story.gives(&format!("select count(*) from {partition}"), &["0"]);
        story.gives(&format!("update {partition} set sync_id = 'x' returning 1"), &[]);
        story.gives(&format!("delete from {partition} returning 1"), &[]);
    }
    story.denies(
        "insert into sync_activity_log_2025_11 (org_id, action, status, created_at)
         values ($A, 'sync_start', 'pending', '2025-11-20')",
    );
}

#[test]
fn the_application_runs_a_sync_of_its_own() {
    let database = applied();
    let story = Story::of(&database);
    // the claims as one JSON setting, as newer gateways pass them
    story.does(&format!(
        "select set_config('request.jwt.claims', '{{\"sub\": \"{}\", \"role\": \"authenticated\"}}', true)",
        USER_A.trim_matches('\'')
    ));
    story.does("set local role authenticated");
    story.gives("select auth.uid() = $UA", &["t"]);
    story.does(
        "insert into sync_progress (org_id, sync_id, total_items, initiated_by) values ($A, 'mine', 2, $UA)",
    );
    story.gives(
        "update sync_progress set processed_count = 2 returning completed_at = now()",
        &["t"],
    );
    story.gives(
        "select action, status, record_count, user_id = $UA from sync_activity_log",
        &["sync_complete|completed|2|t"],
    );
    for function in [
        "update_sync_progress_elapsed",
        "validate_sync_progress_totals",
        "update_sync_progress_timestamp",
        "auto_log_sync_activity_on_progress_change",
    ] {
        story.denies(&format!(
            "create temp table own (); create trigger own before insert on own for each row execute function {function}()"
        ));
    }
}

#[test]
fn nobody_sees_nothing() {
    let database = applied();
    let story = Story::of(&database);
    rows_of_both(&story);
    story.gives("select auth.uid()", &["-"]);
    story.does(
        "select set_config('request.jwt.claim.sub', '', true), set_config('request.jwt.claims', '', true)",
    );
    story.gives("select auth.uid()", &["-"]);
    story.does("set local role authenticated");
    for table in TABLES {
        story.gives(&format!("select count(*) from {table}"), &["0"]);
        story.denies(&insert(table, ORG_A));
    }
    story.gives("select count(*) from organization", &["0"]);
}

#[test]
fn rows_outlive_their_user_but_not_their_organization() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_preview_cache (org_id, sync_type, cache_key, computed_by) values ($A, 'odoo', 'c', $UA);
         insert into sync_progress (org_id, sync_id, total_items, initiated_by) values ($A, 's', 5, $UA);
         update sync_progress set processed_count = 5;
         insert into sync_progress (org_id, sync_id) values ($B, 'other')",
    );
    story.does("delete from auth.users_extended where id = $UA");
    story.gives("select computed_by from sync_preview_cache", &["-"]);
    story.gives(
        "select sync_id, initiated_by from sync_progress order by 1",
        &["other|-", "s|-"],
    );
    story.gives("select sync_id, user_id from sync_activity_log", &["s|-"]);
    story.does("delete from organization where id = $A");
    story.gives("select count(*) from sync_preview_cache", &["0"]);
    story.gives("select sync_id from sync_progress", &["other"]);
    story.gives("select count(*) from sync_activity_log", &["0"]);
    story.gives("select id = $UB from auth.users_extended", &["t"]);
}

#[test]
fn a_row_goes_to_the_partition_of_its_month_in_utc() {
    let database = applied();
    let story = Story::of(&database);
    story.does("set local timezone = 'America/New_York'");
    for (time, partition) in [
        ("2025-11-01 00:00:00+00", "sync_activity_log_2025_11"),
        ("2025-11-30 23:59:59.999999+00", "sync_activity_log_2025_11"),
        ("2025-12-01 00:00:00+00", "sync_activity_log_2025_12"),
        ("2025-12-31 23:59:59.999999+00", "sync_activity_log_2025_12"),
        ("2026-01-01 00:00:00+00", "sync_activity_log_2026_01"),
        ("2026-02-01 00:00:00+00", "sync_activity_log_2026_02"),
        ("2026-02-28 23:59:59.999999+00", "sync_activity_log_2026_02"),
        ("2026-03-01 00:00:00+00", "sync_activity_log_future"),
        ("9999-01-01 00:00:00+00", "sync_activity_log_future"),
    ] {
        story.gives(
            &format!(
                "insert into sync_activity_log (org_id, action, status, created_at)
                 values ($A, 'sync_start', 'pending', '{time}') returning tableoid::regclass"
            ),
            &[partition],
        );
    }
    // there is no month before the first
    story.refuses(
        "insert into sync_activity_log (org_id, action, status, created_at)
         values ($A, 'sync_start', 'pending', '2025-10-31 23:59:59+00')",
        "23514",
        "",
    );
}

#[test]
fn workers_claim_finish_and_lose_jobs() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_job (org_id, source_system, job_type, idempotency_key, max_attempts)
         values ($A, 'odoo', 'customers', 'i1', 2), ($B, 'odoo', 'customers', 'i1', 2)",
    );
    story.gives(
        "insert into sync_job (org_id, source_system, job_type, idempotency_key) values ($A, 'odoo', 'customers', 'i1')
         on conflict (org_id, idempotency_key) do nothing returning 1",
        &[],
    );
    story.gives(
        "select state, attempts, locked_by, locked_until - now() from sync_job_claim('w1', 1)",
        &["running|1|w1|00:05:00"],
    );
    story.gives("select count(*) from sync_job_claim('w2', 5)", &["1"]);
    story.gives("select count(*) from sync_job_claim('w2', 5)", &["0"]);
    story.refuses("select sync_job_claim(' ')", "22023", "");
    story.refuses("select sync_job_claim('w', 1, '0')", "22023", "");
    story.gives(
        "select sync_job_heartbeat(id, 'w1', '10 min'), sync_job_heartbeat(id, 'other') from sync_job where locked_by = 'w1'",
        &["t|f"],
    );
    story.gives(
        "select locked_until - now() from sync_job where locked_by = 'w1'",
        &["00:10:00"],
    );
    story.gives(
        "select sync_job_complete(id, 'other'), sync_job_complete(id, 'w1'), sync_job_complete(id, 'w1')
         from sync_job where locked_by = 'w1'",
        &["f|t|f"],
    );
    // back to the queue, for half a minute and a little more
    story.gives(
        "select sync_job_fail(id, 'w2', 'boom') from sync_job where locked_by = 'w2'",
        &["queued"],
    );
    story.gives(
        "select run_after - now() between '30 s' and '33 s', last_error, finished_at from sync_job where state = 'queued'",
        &["t|boom|-"],
    );
    story.gives("select count(*) from sync_job_claim('w3')", &["0"]);
    story.does("update sync_job set run_after = now() where state = 'queued'");
    story.gives("select attempts from sync_job_claim('w3')", &["2"]);
    story.gives(
        "select sync_job_fail(id, 'w3', 'boom') from sync_job where locked_by = 'w3'",
        &["failed"],
    );
    story.gives(
        "select sync_job_fail(id, 'w3', 'boom') from sync_job where state = 'failed'",
        &["-"],
    );
    story.gives(
        "select state, finished_at = now() from sync_job order by state",
        &["succeeded|t", "failed|t"],
    );
    story.gives(
        "select attempt_no, worker, outcome, error from sync_job_attempt order by worker",
        &["1|w1|succeeded|-", "1|w2|failed|boom", "2|w3|failed|boom"],
    );
}

#[test]
fn schedules_enqueue_one_live_job_each() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_schedule (org_id, name, source_system, job_type, every)
         values ($A, 'nightly', 'odoo', 'customers', '1 day')",
    );
    story.gives(
        "select sync_schedule_dispatch(), sync_schedule_dispatch()",
        &["1|0"],
    );
    story.gives(
        "select last_run_at = now(), next_run_at - now() from sync_schedule",
        &["t|1 day"],
    );
    // due again while its job is still live
    story.does("update sync_schedule set next_run_at = now()");
    story.gives("select sync_schedule_dispatch()", &["0"]);
    story.gives("select count(*) from sync_job_claim('w', 1, '1 s')", &["1"]);
    story.gives("select sync_job_release_lost()", &["0"]);
    story.does("update sync_job set locked_until = now() - interval '1 s'");
    story.gives("select sync_job_release_lost()", &["1"]);
    story.gives(
        "select state, last_error, attempts from sync_job",
        &["queued|lost by worker w|1"],
    );
    story.gives("select worker, outcome from sync_job_attempt", &["w|lost"]);
    story.refuses(
        "insert into sync_schedule (org_id, name, source_system, job_type, every) values ($A, 'often', 'odoo', 'x', '59 s')",
        "23514",
        "sync_schedule_every",
    );
}

#[test]
fn the_application_asks_for_jobs_and_cancels_them() {
    let database = applied();
    let story = Story::of(&database);
    story.does(
        "insert into sync_job (org_id, source_system, job_type) values ($A, 'odoo', 'a'), ($B, 'odoo', 'b')",
    );
    story.does("select sync_job_claim('w', 2)");
    story.enter(USER_A);
    for function in [
        "sync_job_claim('w')",
        "sync_job_heartbeat(gen_random_uuid(), 'w')",
        "sync_job_complete(gen_random_uuid(), 'w')",
        "sync_job_fail(gen_random_uuid(), 'w', 'x')",
        "sync_job_release_lost()",
        "sync_schedule_dispatch()",
    ] {
        story.denies(&format!("select {function}"));
    }
    story.denies("insert into sync_job (org_id, source_system, job_type) values ($B, 'x', 'y')");
    story.denies(
        "insert into sync_job (org_id, source_system, job_type, state, locked_by, locked_until)
         values ($A, 'x', 'y', 'running', 'me', now())",
    );
    story.gives(
        "insert into sync_job (org_id, source_system, job_type, created_by) values ($A, 'x', 'y', $UA) returning state",
        &["queued"],
    );
    story.denies("update sync_job set priority = 1");
    story.denies("update sync_job set state = 'succeeded'");
    story.gives(
        "update sync_job set state = 'cancelled' returning job_type, finished_at = now()",
        &["y|t"],
    );
    story.gives(
        "select job_type, state from sync_job order by 1",
        &["a|running", "y|cancelled"],
    );
    story.gives("select worker from sync_job_attempt", &["w"]);
    story.denies("delete from sync_job");
    story.denies("insert into sync_job_attempt (job_id, attempt_no, org_id, worker) values (gen_random_uuid(), 1, $A, 'w')");
    story.denies("insert into sync_schedule (org_id, name, source_system, job_type, every) values ($B, 'n', 'x', 'y', '1 day')");
}
