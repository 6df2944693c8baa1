//! The projects under `examples/`: applied, verified, tried and taken back.

use std::path::Path;

use serde_json::Value;

use crate::support::{Database, Outcome, Pgplumb, Server, Session, dump};

const ADA: &str = "aaaaaaaa-0000-0000-0000-000000000001";
const BOB: &str = "bbbbbbbb-0000-0000-0000-000000000002";
const EVE: &str = "eeeeeeee-0000-0000-0000-000000000003";

fn pgplumb(database: &Database, args: &[&str]) -> Outcome {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/schema-alignment");
    Pgplumb::at(&project)
        .env("DATABASE_URL", &database.url())
        .args(args)
        .run()
}

/// With 000, two users, and 001 on top.
fn aligned() -> Database {
    let database = Server::shared().database("alignment");
    pgplumb(&database, &["apply", "--to", "0"]).expect(0);
    database.run(&format!(
        "insert into users (id, email) values ('{ADA}', 'ada@example.com'), ('{BOB}', 'bob@example.com')"
    ));
    pgplumb(&database, &["apply"]).expect(0);
    database
}

/// A connection that works as the application does for a user.
fn session_of(database: &Database, user: &str) -> Session {
    let session = database.session();
    session
        .run(&format!(
            "set role authenticated; set request.jwt.claim.sub = '{user}'"
        ))
        .expect("the application role is there");
    session
}

/// Starts a session for its user, and completes it after so many minutes with so many points.
fn learn(session: &Session, user: &str, started_at: &str, minutes: u32, points: u32) {
    session
        .run(&format!(
            "insert into sessions (id, user_id, session_type, started_at)
                 values (gen_random_uuid(), '{user}', 'quiz', '{started_at}');
             update sessions set completed_at = started_at + interval '{minutes} minutes',
                 questions_answered = 4, questions_correct = 3, points_earned = {points}
                 where completed_at is null"
        ))
        .expect("a user may learn");
}

/// The only row of a query, its values separated by `|`.
fn row(database: &Database, sql: &str) -> String {
    let rows = database.rows(sql).expect("the query runs");
    assert_eq!(rows.len(), 1, "{sql}\ngave {rows:?}");
    let values = rows[0].iter().map(|value| value.as_deref().unwrap_or("null"));
    values.collect::<Vec<_>>().join("|")
}

fn count(session: &Session, table: &str) -> String {
    let rows = session
        .run(&format!("select count(*) from {table}"))
        .expect("it may be counted");
    rows[0][0].clone().expect("a count")
}

fn state(result: Result<Vec<Vec<Option<String>>>, String>) -> String {
    let error = result.expect_err("it is refused");
    error.split(':').next().unwrap_or_default().to_string()
}

/// Expected and actual of the points of validation, by their names.
fn points(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    report["checks"]
        .as_array()
        .expect("a list of checks")
        .iter()
        .filter(|check| ["count", "query"].contains(&check["kind"].as_str().unwrap_or_default()))
        .map(|check| {
            (
                text(&check["object"]),
                text(&check["expected"]),
                text(&check["actual"]),
            )
        })
        .collect()
}

#[test]
fn the_eleven_points_of_validation_have_their_figures() {
    let database = aligned();
    let report = pgplumb(&database, &["verify", "--format", "json"])
        .expect(0)
        .json();
    assert_eq!(report["verdict"], "approved");
    let points = points(&report);
    let figures: Vec<(&str, &str, &str)> = points
        .iter()
        .map(|(name, expected, actual)| (name.as_str(), expected.as_str(), actual.as_str()))
        .collect();
    assert_eq!(
        figures,
        [
            ("1 Tables created", "exactly 3", "3"),
            ("2 RLS enabled", "exactly 3", "3"),
            ("3 RLS policies", "exactly 10", "10"),
            ("4 Indexes created", "exactly 7", "7"),
            ("5 Triggers created", "exactly 4", "4"),
            ("6 Functions created", "exactly 4", "4"),
            ("7 Foreign keys", "exactly 3", "3"),
            ("8 Unique constraints", "exactly 2", "2"),
            (
                "9 Initial data: users older than the migration without a row of progress",
                "0",
                "0"
            ),
            ("10 Columns of user_api_keys", "exactly 8", "8"),
            ("10 Columns of user_progress", "exactly 25", "25"),
            ("10 Columns of export_history", "exactly 18", "18"),
        ]
    );
    // the eleventh: every part of the structure has a check of its own, and all of them passed
    let of_kind = |kind: &str| {
        let checks = report["checks"].as_array().expect("a list");
        let suite = checks
            .iter()
            .filter(|check| check["suite"] == "001" && check["kind"] == kind);
        suite.filter(|check| check["status"] == "pass").count()
    };
    let structure = [
        "column",
        "policy",
        "index",
        "trigger",
        "function",
        "foreign_key",
        "unique",
    ];
    assert_eq!(structure.map(of_kind), [51, 10, 7, 4, 4, 3, 2]);
    // the announced figures, read from the catalog without the tool
    let of = "any ('{user_api_keys,user_progress,export_history}'::regclass[])";
    let figures = format!(
        "select
            (select string_agg(n::text, '+' order by o) from (select count(*) as n, min(ordinality) as o
                from unnest('{{user_api_keys,user_progress,export_history}}'::regclass[]) with ordinality as t
                join pg_attribute a on a.attrelid = t.t and a.attnum > 0 and not a.attisdropped group by t.t) x) as columns,
            (select string_agg(n::text, '+' order by o) from (select count(*) as n, min(ordinality) as o
                from unnest('{{user_api_keys,user_progress,export_history}}'::regclass[]) with ordinality as t
                join pg_policy p on p.polrelid = t.t group by t.t) x) as policies,
            (select count(*) from pg_index i where i.indrelid = {of}
                and not exists (select from pg_constraint c where c.conindid = i.indexrelid and c.contype <> 'f')) as indexes,
            (select count(*) from pg_trigger t where not t.tgisinternal and t.tgrelid = {of}
                and t.tgfoid = 'touch_updated_at'::regproc) as updated_at,
            (select count(*) from pg_trigger t where not t.tgisinternal and t.tgrelid = 'sessions'::regclass) as completion,
            (select count(*) from pg_proc p where p.pronamespace = 'public'::regnamespace) as functions,
            (select count(*) from pg_constraint c where c.contype = 'f' and c.confdeltype = 'c'
                and c.confrelid = 'users'::regclass and c.conrelid = {of}) as cascading,
            (select count(*) from pg_constraint c where c.contype = 'f' and c.conrelid = {of}) as foreign_keys,
            (select count(*) from pg_constraint c where c.contype = 'u' and c.conrelid = {of}) as uniques,
            (select count(*) from pg_class c where c.oid = {of} and c.relrowsecurity) as protected"
    );
    assert_eq!(row(&database, &figures), "8+25+18|4+3+3|7|3|1|4|3|3|2|3");
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/schema-alignment/README.md");
    let readme = std::fs::read_to_string(readme).expect("it is there");
    assert!(
        readme.contains("**Why 10 policies, and not 12.**"),
        "the README says why"
    );
    assert_eq!(
        row(
            &database,
            "select (select count(*) from pg_policies where schemaname = 'public' and tablename <> all ('{users,sessions}')),
                    (select count(*) from user_progress) >= (select count(*) from users)"
        ),
        "10|t"
    );
}

#[test]
fn initial_data_is_missed_where_it_is_not_there() {
    let database = aligned();
    database.run(&format!("delete from user_progress where user_id = '{BOB}'"));
    let point = "9 Initial data";
    pgplumb(&database, &["verify", "1"]).expect(1).says(point);
    database.run("delete from user_progress");
    pgplumb(&database, &["verify", "1"]).expect(1).says(point);
    // who signs up later is not of the initial data
    database.run(&format!(
        "insert into user_progress (user_id) values ('{ADA}'), ('{BOB}');
         insert into users (id, email) values ('{EVE}', 'eve@example.com')"
    ));
    pgplumb(&database, &["verify", "1"]).expect(0);
}

#[test]
fn a_completed_session_is_added_to_the_progress_of_its_user() {
    let database = aligned();
    let ada = session_of(&database, ADA);
    learn(&ada, ADA, "2025-10-01 22:50+00", 20, 700);
    let progress = format!(
        "select total_sessions, sessions_by_type, total_time_seconds, longest_session_seconds, questions_answered,
            questions_correct, accuracy_percent, total_points, level, current_streak_days, longest_streak_days,
            last_session_on
         from user_progress where user_id = '{ADA}'"
    );
    assert_eq!(
        row(&database, &progress),
        "1|{\"quiz\": 1}|1200|1200|4|3|75.00|700|1|1|1|2025-10-01"
    );
    // the day after, twice, then after a gap
    learn(&ada, ADA, "2025-10-02 06:00+00", 10, 200);
    learn(&ada, ADA, "2025-10-02 08:00+00", 40, 200);
    assert_eq!(
        row(&database, &progress),
        "3|{\"quiz\": 3}|4200|2400|12|9|75.00|1100|2|2|2|2025-10-02"
    );
    learn(&ada, ADA, "2025-10-05 08:00+00", 10, 0);
    assert_eq!(
        row(&database, &progress),
        "4|{\"quiz\": 4}|4800|2400|16|12|75.00|1100|2|1|2|2025-10-05"
    );
    let newest = "select last_session_id = (select id from sessions order by completed_at desc limit 1),
                  first_session_at = (select min(started_at) from sessions)
                  from user_progress where total_sessions > 0";
    assert_eq!(row(&database, newest), "t|t");
    // a completed session is past: neither changed nor counted again
    let changed =
        "with changed as (update sessions set completed_at = null returning 1) select count(*) from changed";
    assert_eq!(
        ada.run(changed).expect("no row is in reach")[0][0].as_deref(),
        Some("0")
    );
    assert_eq!(
        row(
            &database,
            &format!("select total_sessions from user_progress where user_id = '{BOB}'")
        ),
        "0"
    );
    // who signed up after the migration gets a row with the first session
    database.run(&format!(
        "insert into users (id, email) values ('{EVE}', 'eve@example.com')"
    ));
    learn(&session_of(&database, EVE), EVE, "2025-10-05 08:00+00", 1, 5);
    assert_eq!(
        row(
            &database,
            &format!("select total_sessions, total_points from user_progress where user_id = '{EVE}'")
        ),
        "1|5"
    );
}

#[test]
fn a_user_reaches_what_is_theirs_and_nothing_else() {
    let database = aligned();
    let (ada, bob) = (session_of(&database, ADA), session_of(&database, BOB));
    let store = |user: &str| {
        format!(
            "insert into user_api_keys (user_id, openai_key, encryption_key_id) values ('{user}', '\\xc0ffee', 'k1');
             insert into export_history (user_id, export_format) values ('{user}', 'csv')"
        )
    };
    ada.run(&store(ADA)).expect("one's own rows may be written");
    assert_eq!(state(bob.run(&store(ADA))), "42501");
    for table in ["user_api_keys", "user_progress", "export_history"] {
        let own = if table == "user_progress" { "1" } else { "0" };
        assert_eq!(
            (count(&ada, table), count(&bob, table)),
            ("1".into(), own.into()),
            "{table}"
        );
    }
    for statement in [
        "update user_api_keys set encryption_key_id = 'k2'",
        "delete from user_api_keys",
        "update export_history set status = 'expired'",
    ] {
        bob.run(statement).expect("it reaches no row");
    }
    assert_eq!(
        row(
            &database,
            "select k.encryption_key_id, e.status from user_api_keys k, export_history e"
        ),
        "k1|pending"
    );
    // neither handed over, nor deleted from the trail, nor promoted
    for statement in [
        format!("update user_api_keys set user_id = '{BOB}'"),
        format!("update export_history set user_id = '{BOB}'"),
        "delete from export_history".to_string(),
        "delete from user_progress".to_string(),
        "update user_progress set total_points = 1000000".to_string(),
        format!("select ensure_user_progress('{BOB}')"),
    ] {
        assert_eq!(state(ada.run(&statement)), "42501", "{statement}");
    }
    ada.run("update user_progress set daily_goal_minutes = 30")
        .expect("goals are the user's");
    let nobody = session_of(&database, "");
    for table in [
        "user_api_keys",
        "user_progress",
        "export_history",
        "sessions",
        "users",
    ] {
        assert_eq!(count(&nobody, table), "0", "{table}");
    }
}

#[test]
fn updated_at_follows_every_update_and_rows_go_with_their_user() {
    let database = aligned();
    database.run(&format!(
        "insert into user_api_keys (user_id, encryption_key_id, updated_at) values ('{ADA}', 'k1', '2020-01-01');
         insert into export_history (user_id, export_format, updated_at) values ('{ADA}', 'csv', '2020-01-01');
         alter table user_progress disable trigger user;
         update user_progress set updated_at = '2020-01-01';
         alter table user_progress enable trigger user"
    ));
    let year = |table: &str| {
        row(
            &database,
            &format!("select extract(year from updated_at) > 2020 from {table} where user_id = '{ADA}'"),
        )
    };
    for (table, change) in [
        ("user_api_keys", "encryption_key_id = 'k2'"),
        ("user_progress", "daily_goal_minutes = 20"),
        ("export_history", "status = 'processing'"),
    ] {
        assert_eq!(year(table), "f", "{table}");
        database.run(&format!("update {table} set {change}"));
        assert_eq!(year(table), "t", "{table}");
    }
    for table in ["user_api_keys", "user_progress"] {
        let twice = format!("insert into {table} select * from {table}");
        let once = database.try_run(&twice.replace('*', "gen_random_uuid(), user_id"));
        assert!(once.is_err(), "{table}: a user may have one row");
    }
    database.run(&format!("delete from users where id = '{ADA}'"));
    assert_eq!(
        row(
            &database,
            "select (select count(*) from user_api_keys), (select count(*) from user_progress), \
             (select count(*) from export_history)"
        ),
        "0|1|0"
    );
}

#[test]
fn it_is_taken_back_without_a_trace() {
    let database = Server::shared().database("alignment");
    let without = ["public.refinery_schema_history", "public.pgplumb_journal*"];
    let empty = dump(&database, &without);
    pgplumb(&database, &["apply", "--to", "000"]).expect(0);
    let before = dump(&database, &without);
    pgplumb(&database, &["apply"]).expect(0);
    let after = dump(&database, &without);
    assert_ne!(after, before);
    pgplumb(&database, &["rollback", "1"]).expect(0);
    assert_eq!(dump(&database, &without), before);
    pgplumb(&database, &["apply"]).expect(0);
    assert_eq!(dump(&database, &without), after);
    // version 0 is a migration too, and --to 0 leaves none
    pgplumb(&database, &["rollback", "--to", "0"]).expect(0);
    assert_eq!(dump(&database, &without), empty);
}

/// The objects of what failed, after a change by hand.
fn failed_by(template: &Database, change: &str) -> Vec<String> {
    let database = template.copy();
    database.run(change);
    let report = pgplumb(&database, &["verify", "--format", "json"])
        .expect(1)
        .json();
    report["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .filter(|check| check["status"] == "fail")
        .filter_map(|check| check["object"].as_str().map(str::to_string))
        .collect()
}

#[test]
fn a_hollow_trigger_function_is_found_by_its_body_and_by_what_it_does_not_do() {
    let database = aligned();
    assert_eq!(
        failed_by(
            &database,
            "create or replace function record_session_completion() returns trigger language plpgsql security definer
                 set search_path = pg_catalog, pg_temp as 'begin return null; end'"
        ),
        [
            "public.record_session_completion()",
            "a completed session is added to the progress of its user, once",
            "who has no row of progress gets one with the first completed session",
        ]
    );
    assert_eq!(
        failed_by(
            &database,
            "create or replace function touch_updated_at() returns trigger language plpgsql
                 set search_path = pg_catalog, pg_temp as 'begin return new; end'"
        ),
        ["public.touch_updated_at()", "updated_at follows every update"]
    );
}

#[test]
fn a_weakened_policy_is_found_by_its_expression_and_by_what_it_lets_through() {
    let database = aligned();
    for table in ["user_api_keys", "user_progress", "export_history"] {
        for (command, clause, probe) in [
            (
                "select",
                "using",
                format!("SELECT on {table} reads the user's own rows alone"),
            ),
            (
                "insert",
                "with check",
                format!("INSERT into {table} writes for the user alone"),
            ),
            (
                "update",
                "using",
                format!("UPDATE of {table} changes the user's own rows alone, and hands none over"),
            ),
            (
                "delete",
                "using",
                format!("DELETE from {table} deletes the user's own rows alone"),
            ),
        ] {
            if command == "delete" && table != "user_api_keys" {
                continue;
            }
            let policy = format!("{table}_{command}");
            let change = format!("alter policy {policy} on {table} {clause} (true)");
            let failed = failed_by(&database, &change);
            for expected in [format!("public.{table}.{policy}"), probe] {
                assert!(
                    failed.contains(&expected),
                    "{change}: {expected:?} is not in {failed:?}"
                );
            }
        }
    }
}
