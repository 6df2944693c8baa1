//! The report of `apply` on an empty database has the documents' figures, and `verify` agrees.

use serde_json::{Value, json};

use crate::support::{Pgplumb, Project, Server};

#[test]
fn apply_reports_the_documents_figures_and_verify_agrees() {
    let database = Server::shared().database("report");
    let project = Project::shipped("");
    let applied = Pgplumb::new(&project, &database)
        .args(&["apply", "--format", "json"])
        .run()
        .expect(0)
        .json();

    assert_root(&applied, "apply", &database.name);
    assert_eq!(
        states(&applied),
        [
            ("0001", "prerequisite_core_tables", "applied"),
            ("0023", "sync_infrastructure", "applied"),
            ("0024", "sync_preview_progress_logs", "applied"),
        ]
    );
    assert_eq!(
        figures(&applied),
        [
            ("Tables", "exactly 3", "3"),
            ("RLS enabled", "exactly 3", "3"),
            ("Security policies", "exactly 12", "12"),
            ("Performance indexes", "at least 15", "55"),
            ("Indexes, all as designed", "exactly 55", "55"),
            ("Automation triggers", "at least 5", "6"),
            ("Trigger events, all as designed", "exactly 6", "6"),
            ("Triggers, all as designed", "exactly 4", "4"),
            ("Automation functions", "exactly 5", "5"),
            ("Enum types", "exactly 4", "4"),
            ("Partitions", "exactly 5", "5"),
            ("Foreign keys", "exactly 6", "6"),
            ("Unique constraints", "exactly 2", "2"),
            ("Check constraints", "exactly 8", "8"),
            ("Columns of sync_preview_cache", "exactly 11", "11"),
            ("Columns of sync_progress", "exactly 19", "19"),
            ("Columns of sync_activity_log", "exactly 11", "11"),
        ]
    );
    assert_eq!(
        seen(&applied, "enum"),
        [
            ("public.sync_type", "('woocommerce', 'odoo', 'shopify', 'custom')"),
            (
                "public.sync_action",
                "('preview_delta', 'sync_start', 'sync_complete', 'batch_process', 'error_recovery', \
                 'manual_trigger', 'scheduled_run', 'partial_resume')"
            ),
            (
                "public.sync_entity_type",
                "('customer', 'product', 'order', 'invoice', 'supplier', 'inventory', 'category', 'attribute')"
            ),
            (
                "public.sync_status_type",
                "('pending', 'in_progress', 'completed', 'completed_with_errors', 'failed', 'cancelled', \
                 'paused', 'timeout')"
            ),
        ]
    );
    assert_eq!(
        seen(&applied, "partition"),
        [
            (
                "public.sync_activity_log_2025_11",
                "FROM ('2025-11-01 00:00:00+00') TO ('2025-12-01 00:00:00+00')"
            ),
            (
                "public.sync_activity_log_2025_12",
                "FROM ('2025-12-01 00:00:00+00') TO ('2026-01-01 00:00:00+00')"
            ),
            (
                "public.sync_activity_log_2026_01",
                "FROM ('2026-01-01 00:00:00+00') TO ('2026-02-01 00:00:00+00')"
            ),
            (
                "public.sync_activity_log_2026_02",
                "FROM ('2026-02-01 00:00:00+00') TO ('2026-03-01 00:00:00+00')"
            ),
            (
                "public.sync_activity_log_future",
                "FROM ('2026-03-01 00:00:00+00') TO (MAXVALUE)"
            ),
        ]
    );
    assert_eq!(
        seen(&applied, "partitions_contiguous"),
        [(
            "public.sync_activity_log",
            "('2025-11-01 00:00:00+00') to (maxvalue)"
        )]
    );
    assert_eq!(
        seen(&applied, "row_security"),
        [
            ("public.sync_preview_cache", "enabled"),
            ("public.sync_progress", "enabled"),
            ("public.sync_activity_log", "enabled"),
            ("public.sync_activity_log_2025_11", "enabled"),
            ("public.sync_activity_log_2025_12", "enabled"),
            ("public.sync_activity_log_2026_01", "enabled"),
            ("public.sync_activity_log_2026_02", "enabled"),
            ("public.sync_activity_log_future", "enabled"),
        ]
    );
    assert_eq!(
        seen(&applied, "foreign_key"),
        [
            (
                "public.sync_preview_cache.sync_preview_cache_org_id_fkey",
                "public.organization(id) on delete cascade"
            ),
            (
                "public.sync_preview_cache.sync_preview_cache_computed_by_fkey",
                "auth.users_extended(id) on delete set null"
            ),
            (
                "public.sync_progress.sync_progress_org_id_fkey",
                "public.organization(id) on delete cascade"
            ),
            (
                "public.sync_progress.sync_progress_initiated_by_fkey",
                "auth.users_extended(id) on delete set null"
            ),
            (
                "public.sync_activity_log.sync_activity_log_org_id_fkey",
                "public.organization(id) on delete cascade"
            ),
            (
                "public.sync_activity_log.sync_activity_log_user_id_fkey",
                "auth.users_extended(id) on delete set null"
            ),
        ]
    );
    assert_artifacts(&applied);
    assert_totals(&applied);

    let verified = Pgplumb::new(&project, &database)
        .args(&["verify", "--format", "json"])
        .run()
        .expect(0)
        .json();
    assert_root(&verified, "verify", &database.name);
    assert_totals(&verified);
    assert_eq!(verified["totals"], applied["totals"]);
    assert_eq!(verdicts(&verified), verdicts(&applied));
}

#[test]
fn the_text_report_has_the_figures_of_the_sign_off() {
    let database = Server::shared().database("report");
    let project = Project::shipped("");
    let report = Pgplumb::new(&project, &database)
        .args(&["apply"])
        .run()
        .expect(0)
        .stdout;
    let checklist: Vec<(&str, Vec<&str>)> = report
        .lines()
        .filter_map(|line| {
            let (name, figures) = line.rsplit_once("  ")?;
            let figures: Vec<&str> = figures.split_whitespace().collect();
            figures
                .iter()
                .any(|word| word.contains('/') && word.starts_with(|letter: char| letter.is_ascii_digit()))
                .then(|| (name.trim().trim_end_matches(['.', ' ']), figures))
        })
        .collect();
    for (name, figure) in [
        ("Tables", "3/3"),
        ("RLS enabled", "3/3"),
        ("Security policies", "12/12"),
        ("Performance indexes", "55/15+"),
        ("Automation triggers", "6/5+"),
        ("Enum types", "4/4"),
        ("Partitions", "5/5"),
    ] {
        assert!(
            checklist
                .iter()
                .any(|(row, figures)| row.contains(name) && figures.contains(&figure)),
            "{name} {figure} is not in the checklist {checklist:?} of\n{report}"
        );
    }
}

/// Every field that outside tools read, with the type they expect.
fn assert_root(report: &Value, command: &str, database: &str) {
    assert_eq!(report["schema_version"], 1);
    assert_eq!(report["tool_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["command"], command);
    assert_eq!(report["verdict"], "approved");
    assert_eq!(report["exit_code"], 0);
    assert_eq!(report["database"]["name"], database);
    for field in ["name", "host", "user", "server_version"] {
        assert!(report["database"][field].is_string(), "database.{field}");
    }
    assert!(report["database"]["port"].is_u64());
    assert_eq!(report["database"].get("pooler"), Some(&Value::Null));
    let started = report["started_at"].as_str().unwrap_or_default();
    assert!(
        started.len() >= 20 && started.contains('T') && started.ends_with('Z'),
        "{started:?} is no time of RFC 3339"
    );
    assert!(
        report["duration_ms"]
            .as_f64()
            .is_some_and(|duration| duration > 0.0)
    );
    for field in ["migrations", "checks", "root_causes", "diagnostics"] {
        assert!(report[field].is_array(), "{field}");
    }
    assert_eq!(report["root_causes"], json!([]));
    for migration in list(&report["migrations"]) {
        for field in ["version", "name", "state"] {
            assert!(migration[field].is_string(), "migrations[].{field}");
        }
        assert!(migration["duration_ms"].is_number() || migration["duration_ms"].is_null());
        assert_eq!(migration.get("error"), Some(&Value::Null));
        assert!(migration["artifacts"].is_object());
    }
    for check in list(&report["checks"]) {
        for field in ["id", "suite", "kind", "object", "status", "expected", "message"] {
            assert!(check[field].is_string(), "{field} of {check}");
        }
        assert!(
            check.get("actual").is_some(),
            "what was seen is not said: {check}"
        );
        assert_eq!(check.get("blocked_by"), Some(&Value::Null));
        assert!(
            check["source"]["file"]
                .as_str()
                .is_some_and(|file| file.starts_with("checks/")),
            "{check}"
        );
        assert!(
            check["source"]["line"].as_u64().is_some_and(|line| line > 0),
            "{check}"
        );
    }
}

/// The totals are those of the checks, and nothing was left unjudged.
fn assert_totals(report: &Value) {
    let checks = list(&report["checks"]);
    for status in ["pass", "fail", "blocked", "warn", "skip"] {
        let count = checks.iter().filter(|check| check["status"] == status).count();
        assert_eq!(report["totals"][status], count, "{status}");
    }
    for status in ["fail", "blocked", "skip"] {
        assert_eq!(report["totals"][status], 0, "{status}");
    }
    // the dated partitions end at some day; after it, their count is advice
    for check in checks {
        if check["status"] == "warn" {
            assert_eq!(check["id"], "0024/table.sync_activity_log/partitions_ahead");
        }
    }
}

fn assert_artifacts(report: &Value) {
    let counts: Vec<Vec<(&str, usize)>> = list(&report["migrations"])
        .iter()
        .map(|migration| {
            migration["artifacts"]
                .as_object()
                .expect("artifacts are an object")
                .iter()
                .map(|(kind, names)| (kind.as_str(), list(names).len()))
                .collect()
        })
        .collect();
    let expected: [&[(&str, usize)]; 3] = [
        &[
            ("check_constraints", 4),
            ("columns", 31),
            ("extensions", 2),
            ("foreign_keys", 4),
            ("functions", 2),
            ("grants", 4),
            ("indexes", 10),
            ("policies", 7),
            ("primary_keys", 4),
            ("schemas", 1),
            ("tables", 4),
            ("triggers", 4),
            ("unique_constraints", 1),
        ],
        &[
            ("check_constraints", 10),
            ("columns", 42),
            ("enums", 2),
            ("foreign_keys", 6),
            ("functions", 7),
            ("grants", 3),
            ("indexes", 15),
            ("policies", 8),
            ("primary_keys", 3),
            ("tables", 3),
            ("triggers", 3),
            ("unique_constraints", 3),
        ],
        &[
            ("check_constraints", 18),
            ("columns", 96),
            ("enums", 4),
            ("foreign_keys", 16),
            ("functions", 5),
            ("grants", 3),
            ("indexes", 55),
            ("partitions", 5),
            ("policies", 12),
            ("primary_keys", 8),
            ("tables", 3),
            ("triggers", 4),
            ("unique_constraints", 2),
        ],
    ];
    for (counts, expected) in counts.iter().zip(expected) {
        assert_eq!(counts, expected);
    }
    let of_0024 = &report["migrations"][2]["artifacts"];
    assert_eq!(
        of_0024["tables"],
        json!([
            "public.sync_activity_log",
            "public.sync_preview_cache",
            "public.sync_progress"
        ])
    );
    assert_eq!(
        of_0024["triggers"],
        json!([
            "public.sync_progress.sync_progress_log_completion",
            "public.sync_progress.sync_progress_update_elapsed",
            "public.sync_progress.sync_progress_update_timestamp",
            "public.sync_progress.sync_progress_validate_totals"
        ])
    );
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

fn states(report: &Value) -> Vec<(&str, &str, &str)> {
    list(&report["migrations"])
        .iter()
        .map(|migration| {
            (
                text(migration, "version"),
                text(migration, "name"),
                text(migration, "state"),
            )
        })
        .collect()
}

fn of_kind<'a>(report: &'a Value, kind: &'a str) -> impl Iterator<Item = &'a Value> {
    list(&report["checks"])
        .iter()
        .filter(move |check| check["suite"] == "0024" && check["kind"] == kind)
}

/// The counts of the suite: name, wanted, seen.
fn figures(report: &Value) -> Vec<(&str, &str, &str)> {
    of_kind(report, "count")
        .map(|check| {
            (
                text(check, "object"),
                text(check, "expected"),
                text(check, "actual"),
            )
        })
        .collect()
}

/// What was seen of each object of a kind.
fn seen<'a>(report: &'a Value, kind: &'a str) -> Vec<(&'a str, &'a str)> {
    of_kind(report, kind)
        .map(|check| (text(check, "object"), text(check, "actual")))
        .collect()
}

fn verdicts(report: &Value) -> Vec<(&str, &str)> {
    let mut verdicts: Vec<_> = list(&report["checks"])
        .iter()
        .map(|check| (text(check, "id"), text(check, "status")))
        .collect();
    verdicts.sort_unstable();
    verdicts
}
