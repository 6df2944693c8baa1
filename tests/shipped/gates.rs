//! Single changes that open rows to others or switch something off, each by hand on a copy of its own: `verify` is red,
//! and both the catalog check and the probe that it concerns say so.

use std::collections::BTreeSet;

use crate::support::{Database, Pgplumb, Project, Server};

/// A change, and the checks that have to fail by it. Others may fail as well.
struct Change {
    sql: String,
    ids: Vec<String>,
}

fn change(sql: &str, ids: &[&str]) -> Change {
    Change {
        sql: sql.to_string(),
        ids: ids.iter().map(ToString::to_string).collect(),
    }
}

/// The tables of 0024, the name that its policies begin with, and what its probes of the four commands are called.
const TABLES: [(&str, &str); 3] = [
    ("sync_preview_cache", "preview_cache"),
    ("sync_progress", "sync_progress"),
    ("sync_activity_log", "sync_activity_log"),
];

fn probes_of(table: &str) -> [(&'static str, String); 4] {
    let probe = |what: &str| format!("0024/probe.{what}");
    [
        (
            "select",
            probe(&format!("SELECT on {table} reads the own organization alone")),
        ),
        (
            "insert",
            probe(&format!(
                "INSERT into {table} writes for the own organization alone"
            )),
        ),
        (
            "update",
            probe(&format!(
                "UPDATE of {table} changes rows of the own organization alone, and hands none over"
            )),
        ),
        (
            "delete",
            probe(&format!(
                "DELETE from {table} deletes rows of the own organization alone"
            )),
        ),
    ]
}

/// Every policy weakened to `true`: what rows it reaches, and what rows it lets be written.
fn weakened_policies() -> Vec<Change> {
    let mut changes = Vec::new();
    for (table, prefix) in TABLES {
        for (command, probe) in probes_of(table) {
            let clauses: &[&str] = match command {
                "insert" => &["with check (true)"],
                "update" => &[
                    "using (true)",
                    "with check (true)",
                    "using (true) with check (true)",
                ],
                _ => &["using (true)"],
            };
            for clause in clauses {
                changes.push(change(
                    &format!("alter policy {prefix}_{command} on {table} {clause}"),
                    &[&format!("0024/table.{table}/policy.{prefix}_{command}"), &probe],
                ));
            }
        }
    }
    changes
}

/// Row security switched off, and tables that are the application's own.
fn unprotected_tables() -> Vec<Change> {
    let mut changes = Vec::new();
    for (table, _) in TABLES {
        let probes = probes_of(table);
        let probes = probes.iter().map(|(_, id)| id.as_str());
        let switched: Vec<&str> = probes
            .clone()
            .chain(["baseline/audit.policies_without_rls"])
            .collect();
        let mut off = change(
            &format!("alter table {table} disable row level security"),
            &switched,
        );
        off.ids.push(format!("0024/table.{table}/row_security"));
        changes.push(off);
        let owned: Vec<&str> = probes
            .chain([
                "baseline/audit.rls_owner_exempt",
                "baseline/query.the application role owns nothing",
            ])
            .collect();
        changes.push(change(
            &format!(
                "grant create on schema public to authenticated; alter table {table} owner to authenticated"
            ),
            &owned,
        ));
    }
    changes
}

/// A partition that is reached by its own name.
fn open_partitions() -> Vec<Change> {
    let closed = "0024/probe.a partition by its own name is closed to the application";
    let partitions = [
        "sync_activity_log_2025_11",
        "sync_activity_log_2025_12",
        "sync_activity_log_2026_01",
        "sync_activity_log_2026_02",
        "sync_activity_log_future",
    ];
    let mut changes: Vec<Change> = partitions
        .iter()
        .map(|partition| {
            change(
                &format!("grant select on {partition} to authenticated"),
                &[closed, &format!("0024/table.{partition}/exact")],
            )
        })
        .collect();
    changes.push(change(
        "grant select on sync_activity_log_2025_11 to authenticated; alter table sync_activity_log_2025_11 disable row level security",
        &[closed, "baseline/audit.partition_without_rls", "0024/table.sync_activity_log_2025_11/row_security"],
    ));
    changes
}

/// Triggers of 0024, disabled and hollowed: the function keeps its name and does nothing.
fn idle_triggers() -> Vec<Change> {
    let elapsed = "0024/probe.elapsed time, speed and ETA follow from the counts";
    let complete = "0024/probe.a sync whose items are all done is complete, and no longer ages";
    let impossible = "0024/probe.impossible counts are refused, and the message names the sync";
    let updated = "0024/probe.updated_at follows every update of a sync";
    let logged = "0024/probe.the completion of a sync is recorded in the activity log, once";
    let errors = "0024/probe.a completion with failed items is recorded as one with errors";
    let triggers: [(&str, &str, &[&str]); 4] = [
        (
            "sync_progress_update_elapsed",
            "update_sync_progress_elapsed",
            &[elapsed, complete],
        ),
        (
            "sync_progress_validate_totals",
            "validate_sync_progress_totals",
            &[complete, impossible, logged, errors],
        ),
        (
            "sync_progress_update_timestamp",
            "update_sync_progress_timestamp",
            &[updated],
        ),
        (
            "sync_progress_log_completion",
            "auto_log_sync_activity_on_progress_change",
            &[logged, errors],
        ),
    ];
    let mut changes = Vec::new();
    for (trigger, function, probes) in triggers {
        let mut disabled = change(
            &format!("alter table sync_progress disable trigger {trigger}"),
            probes,
        );
        disabled
            .ids
            .push(format!("0024/table.sync_progress/trigger.{trigger}"));
        disabled.ids.push("baseline/audit.disabled_trigger".to_string());
        changes.push(disabled);
        let mut hollowed = change(
            &format!(
                "create or replace function {function}() returns trigger language plpgsql \
                 set search_path = pg_catalog, pg_temp as 'begin return new; end'"
            ),
            probes,
        );
        hollowed.ids.push(format!("0024/function.{function}()"));
        changes.push(hollowed);
    }
    changes.push(change(
        "create or replace function auto_cleanup_preview_cache() returns table (deleted_count integer, error_message text) \
         language plpgsql set search_path = pg_catalog, pg_temp as 'begin deleted_count := 0; return next; end'",
        &[
            "0024/function.auto_cleanup_preview_cache()",
            "0024/probe.the clean-up deletes the expired previews of the own organization alone",
        ],
    ));
    changes
}

/// The same of the queue.
fn idle_queue() -> Vec<Change> {
    let updated = "0023/probe.updated_at follows every update of a schedule and of a job";
    let finished = "0023/probe.finished_at is set exactly while the state of a job is final";
    let hollow = |function: &str, ids: &[&str]| {
        change(
            &format!(
                "create or replace function {function}() returns trigger language plpgsql \
                 set search_path = pg_catalog, pg_temp as 'begin return new; end'"
            ),
            ids,
        )
    };
    vec![
        hollow("set_updated_at", &["0001/function.set_updated_at()", updated]),
        hollow(
            "sync_job_set_finished_at",
            &["0023/function.sync_job_set_finished_at()", finished],
        ),
        change(
            "alter table sync_schedule disable trigger sync_schedule_set_updated_at",
            &[updated],
        ),
        change(
            "alter table sync_job disable trigger sync_job_set_updated_at",
            &[updated],
        ),
        change(
            "alter table sync_job disable trigger sync_job_set_finished_at",
            &[finished],
        ),
    ]
}

/// Functions that return the rows of everybody.
fn definers() -> Vec<Change> {
    let open = "baseline/query.no SECURITY DEFINER function is open to the application";
    let leak =
        "create function everything() returns setof sync_progress language sql stable security definer";
    let body = "as 'select * from public.sync_progress'";
    vec![
        change(
            &format!("{leak} {body}"),
            &[
                open,
                "baseline/audit.definer_search_path",
                "baseline/audit.definer_public",
            ],
        ),
        change(
            &format!("{leak} set search_path = pg_catalog, pg_temp {body}"),
            &[open, "baseline/audit.definer_public"],
        ),
        // as carefully as one can: nothing but the right to run it is wrong with it
        change(
            &format!(
                "{leak} set search_path = pg_catalog, pg_temp {body};
                 revoke all on function everything() from public;
                 grant execute on function everything() to authenticated"
            ),
            &[open],
        ),
    ]
}

/// What the ids of failed checks lack of those that are expected.
fn missed(change: &Change, template: &Database, project: &Project) -> Option<String> {
    let copy = template.copy();
    copy.run(&change.sql);
    let outcome = Pgplumb::new(project, &copy)
        .args(&["verify", "--format", "json"])
        .run();
    let report = outcome.expect(1).json();
    let failed: BTreeSet<&str> = report["checks"]
        .as_array()
        .expect("a list of checks")
        .iter()
        .filter(|check| check["status"] == "fail")
        .filter_map(|check| check["id"].as_str())
        .collect();
    let missing: Vec<&String> = change
        .ids
        .iter()
        .filter(|id| !failed.contains(id.as_str()))
        .collect();
    (!missing.is_empty()).then(|| format!("{}\n  lacks {missing:#?}\n  of {failed:#?}", change.sql))
}

#[test]
fn each_change_that_opens_or_stops_something_is_found_by_its_check_and_its_probe() {
    let template = Server::shared().database("gates");
    let project = Project::shipped("");
    Pgplumb::new(&project, &template)
        .args(&["apply", "-q"])
        .run()
        .expect(0);
    let changes: Vec<Change> = [
        weakened_policies(),
        unprotected_tables(),
        open_partitions(),
        idle_triggers(),
        idle_queue(),
        definers(),
    ]
    .into_iter()
    .flatten()
    .collect();
    let of = |changes: &[Change]| -> Vec<String> {
        let missed = changes
            .iter()
            .filter_map(|change| missed(change, &template, &project));
        missed.collect()
    };
    let (one, other) = changes.split_at(changes.len() / 2);
    let missed = std::thread::scope(|scope| {
        let others = scope.spawn(|| of(other));
        let mut missed = of(one);
        missed.extend(others.join().expect("the other half was tried"));
        missed
    });
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
