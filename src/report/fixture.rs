//! Reports that every renderer is tested on.

mod audit;
mod isolation;
mod preflight;
mod rehearsal;
mod seeded;
mod timeline;

pub use seeded::{seeded, with_odd};

use std::collections::BTreeMap;

use super::exit::ExitCode;
use super::model::{
    self, AppliedLine, Before, Chain, ChangeLine, Conclusion, Database, Documentation, EffectLine, Figures,
    FileLine, Gate, JournalLine, LedgerLine, MigrationReport, MigrationState, Proof, Report, RootCause,
    StatementLine, WayBack,
};
use crate::catalog::{Kind, Object, ObjectId, Value};
use crate::check::verdict::{Difference, Measure};
use crate::check::{Status, Verdict};
use crate::diagnostic::Diagnostic;
use crate::proof::{Outcome, Reapply};
use crate::source::{Location, SourceFile, Span};

const SCRIPT: &str = "migrations/0024_sync_preview_progress_logs.sql";
const ROLLBACK: &str = "rollback/0024_sync_preview_progress_logs.sql";
const SUITE: &str = "checks/0024_sync_preview_progress_logs.toml";

/// Every report with its name.
pub fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("apply_approved", apply_approved()),
        ("apply_script_failed", apply_script_failed()),
        ("apply_not_approved", apply_not_approved()),
        ("apply_blocked", apply_blocked()),
        ("apply_dry_run", apply_dry_run()),
        ("apply_nothing", apply_nothing()),
        ("rollback", rollback()),
        ("rollback_dry_run", rollback_dry_run()),
        ("verify_approved", verify_approved()),
        ("verify_not_approved", verify_not_approved()),
        ("prove", prove()),
        ("prove_exact", prove_exact()),
        ("diff", diff()),
        ("status", status()),
        ("history", history()),
        ("unreachable", unreachable()),
        ("init", init()),
        ("preflight_blocked", preflight::preflight_blocked()),
        ("apply_rehearsed", rehearsal::rehearsed()),
        ("apply_waited", timeline::waited()),
        ("apply_timed", timeline::timed()),
        ("verify_isolation", isolation::verify_isolation()),
        ("audit", audit::audit()),
        ("hostile", hostile()),
    ]
}

/// Every kind of outcome.
pub fn prove() -> Report {
    let line = |kind: &str, object: &str, change: &'static str, property: Option<&str>| ChangeLine {
        kind: kind.to_string(),
        object: object.to_string(),
        change,
        property: property.map(str::to_string),
        before: (change != "added").then(|| "before".to_string()),
        after: (change != "removed").then(|| "after".to_string()),
        follows: false,
    };
    let details = |outcome| match outcome {
        Outcome::OrderOnly => vec![line("column", "public.t.a", "changed", Some("position"))],
        Outcome::Changed => vec![line("column", "public.t.a", "changed", Some("type"))],
        Outcome::Residue => vec![line("index", "public.\"Odd one\"", "added", None)],
        Outcome::Loss => vec![
            line("table", "public.t", "removed", None),
            line("table", "public.u", "changed", Some("rows")),
        ],
        _ => Vec::new(),
    };
    let proofs = Outcome::ALL
        .into_iter()
        .enumerate()
        .map(|(index, outcome)| Proof {
            version: format!("{:04}", index + 1),
            name: format!("made_{}", outcome.as_str()),
            outcome,
            details: details(outcome),
            reapply: match outcome {
                Outcome::Exact | Outcome::OrderOnly | Outcome::Residue => Reapply::Same,
                Outcome::Nondeterministic => Reapply::Differs,
                Outcome::Loss => Reapply::Failed,
                _ => Reapply::NotRun,
            },
            again: Vec::new(),
            kept: match outcome {
                Outcome::Exact => vec!["extension pgcrypto".to_string()],
                _ => Vec::new(),
            },
            message: match outcome {
                Outcome::Irreversible => Some("the rows are merged".to_string()),
                Outcome::RollbackFailed | Outcome::ApplyFailed => {
                    Some("rollback/0009_x.sql:3:1: table \"t\" does not exist".to_string())
                }
                _ => None,
            },
            duration_ms: 12.5,
            source: Location {
                file: format!("rollback/{:04}_made_{}.sql", index + 1, outcome.as_str()),
                line: 1,
                column: 1,
            },
        });
    Report {
        exit: ExitCode::NotApproved,
        conclusion: Some(Conclusion::NotApproved),
        chain: Some(Chain {
            taken_back: 3,
            failed: vec![(
                "0009_made_rollback_failed".to_string(),
                "the table is gone".to_string(),
            )],
            residue: vec![(
                "0007_made_residue".to_string(),
                line("index", "public.\"Odd one\"", "added", None),
            )],
        }),
        proofs: proofs.collect(),
        diagnostics: vec![
            Diagnostic::error("the rollback of 0007_made_residue leaves 1 object behind")
                .in_file("rollback/0007_made_residue.sql")
                .fact("after the rollback", "index public.\"Odd one\" is left over")
                .help("drop what is left over in the rollback"),
        ],
        ..report("prove")
    }
}

pub fn prove_exact() -> Report {
    let mut report = prove();
    report.exit = ExitCode::Done;
    report.conclusion = Some(Conclusion::Approved);
    report.proofs.truncate(1);
    report.chain = Some(Chain {
        taken_back: 1,
        ..Chain::default()
    });
    report.diagnostics.clear();
    report
}

pub fn diff() -> Report {
    let changes = prove().proofs.into_iter().flat_map(|proof| proof.details);
    Report {
        exit: ExitCode::NotApproved,
        conclusion: Some(Conclusion::NotApproved),
        difference: Some(model::Difference {
            sides: [
                "before.json".to_string(),
                "database mantis on db.example.net:5432".to_string(),
            ],
            changes: changes.collect(),
        }),
        database: None,
        ..report("diff")
    }
}

fn report(command: &'static str) -> Report {
    Report {
        database: Some(Database {
            name: "mantis".to_string(),
            host: "db.example.net".to_string(),
            port: 5432,
            user: "deploy".to_string(),
            server_version: "17.5".to_string(),
            pooler: None,
        }),
        started_at: "2025-11-06T09:59:18Z".to_string(),
        duration_ms: 412.123_456,
        ..Report::new(command)
    }
}

fn location(file: &str, line: u32) -> Location {
    Location {
        file: file.to_string(),
        line,
        column: 1,
    }
}

fn migration(state: MigrationState) -> MigrationReport {
    let file = |role, path: &str, lines, parts| FileLine {
        role,
        path: path.to_string(),
        lines,
        parts,
        sha256: "5157eb0999cffdc8".repeat(4),
    };
    MigrationReport {
        source: Some(location(SCRIPT, 1)),
        files: vec![
            file("migration", SCRIPT, 536, 96),
            file("rollback", ROLLBACK, 17, 12),
            file("checks", SUITE, 565, 160),
        ],
        way_back: Some(WayBack::Script(ROLLBACK.to_string())),
        ..MigrationReport::new("0024", "sync_preview_progress_logs", state)
    }
}

// ── verdicts ──

/// A check of the 0024 suite that passed.
fn pass(kind: &'static str, object: &str, line: u32) -> Verdict {
    Verdict {
        id: format!("0024/{kind}.{object}"),
        suite: "0024".to_string(),
        kind,
        object: object.to_string(),
        status: Status::Pass,
        expected: Some("as written".to_string()),
        actual: Some("as written".to_string()),
        message: String::new(),
        blocked_by: None,
        source: location(SUITE, line),
        differences: Vec::new(),
        measure: None,
        remedy: None,
    }
}

fn count(name: &str, have: u64, want: u64, at_least: bool, line: u32) -> Verdict {
    Verdict {
        measure: Some(Measure { have, want, at_least }),
        ..pass("count", name, line)
    }
}

const TABLES: [&str; 3] = ["sync_preview_cache", "sync_progress", "sync_activity_log"];
const MONTHS: [(&str, &str, &str); 5] = [
    ("2025_11", "'2025-11-01 00:00:00+00'", "'2025-12-01 00:00:00+00'"),
    ("2025_12", "'2025-12-01 00:00:00+00'", "'2026-01-01 00:00:00+00'"),
    ("2026_01", "'2026-01-01 00:00:00+00'", "'2026-02-01 00:00:00+00'"),
    ("2026_02", "'2026-02-01 00:00:00+00'", "'2026-03-01 00:00:00+00'"),
    ("future", "'2026-03-01 00:00:00+00'", "MAXVALUE"),
];
const ENUMS: [(&str, &str); 4] = [
    ("sync_type", "woocommerce odoo shopify custom"),
    (
        "sync_action",
        "preview_delta sync_start sync_complete batch_process error_recovery manual_trigger scheduled_run \
         partial_resume",
    ),
    (
        "sync_entity_type",
        "customer product order invoice supplier inventory category attribute",
    ),
    (
        "sync_status_type",
        "pending in_progress completed completed_with_errors failed cancelled paused timeout",
    ),
];
const INDEXES: [(&str, &[&str]); 3] = [
    ("sync_preview_cache", &["org_type", "expires", "computed", "key"]),
    (
        "sync_progress",
        &["org_job", "org_sync", "active", "org_entity", "initiated_by"],
    ),
    (
        "sync_activity_log",
        &["org", "user", "org_entity", "action", "status", "sync"],
    ),
];
const TRIGGERS: [(&str, &[&str], &str); 4] = [
    (
        "update_elapsed",
        &["insert", "update"],
        "update_sync_progress_elapsed",
    ),
    (
        "validate_totals",
        &["insert", "update"],
        "validate_sync_progress_totals",
    ),
    ("update_timestamp", &["update"], "update_sync_progress_timestamp"),
    (
        "log_completion",
        &["update"],
        "auto_log_sync_activity_on_progress_change",
    ),
];
const COMMANDS: [&str; 4] = ["select", "insert", "update", "delete"];

/// The suite of 0024, all passed.
fn suite() -> Vec<Verdict> {
    let mut checks = Vec::new();
    for (name, _) in ENUMS {
        checks.push(pass("enum", &format!("public.{name}"), 5));
    }
    for table in TABLES {
        let path = format!("public.{table}");
        checks.push(pass("table", &path, 20));
        checks.push(pass("row_security", &path, 22));
        checks.push(pass("primary_key", &path, 21));
        for command in COMMANDS {
            checks.push(pass("policy", &format!("{path}.{table}_{command}"), 58));
        }
        checks.push(pass("grant", &format!("{path}.authenticated"), 80));
        checks.push(pass("foreign_key", &format!("{path}.{table}_org_id_fkey"), 48));
        checks.push(pass("exact", &path, 23));
    }
    for (table, indexes) in INDEXES {
        for index in indexes {
            checks.push(pass("index", &format!("public.idx_{table}_{index}"), 31));
        }
    }
    for (trigger, _, function) in TRIGGERS {
        checks.push(pass(
            "trigger",
            &format!("public.sync_progress.sync_progress_{trigger}"),
            90,
        ));
        checks.push(pass("function", &format!("public.{function}()"), 95));
    }
    for (month, ..) in MONTHS {
        checks.push(pass(
            "partition",
            &format!("public.sync_activity_log_{month}"),
            120,
        ));
    }
    checks.push(count("Tables", 3, 3, false, 201));
    checks.push(count("Row security", 3, 3, false, 206));
    checks.push(count("Policies", 12, 12, false, 211));
    checks.push(count("Performance indexes", 55, 15, true, 216));
    checks.push(count("Trigger events", 6, 5, true, 221));
    checks.push(count("Enum types", 4, 4, false, 226));
    checks
}

// ── objects ──

fn text(value: &str) -> Value {
    Value::Text(value.to_string())
}

fn list(values: &[&str]) -> Value {
    Value::List(values.iter().map(ToString::to_string).collect())
}

fn object(kind: Kind, relation: &str, name: &str, properties: &[(&'static str, Value)]) -> Object {
    let mut object = Object::new(ObjectId::on(kind, "public", relation, name));
    object.properties.extend(properties.iter().cloned());
    object
}

fn index(table: &str, name: &str, properties: &[(&'static str, Value)]) -> Object {
    let mut index = object(
        Kind::Index,
        table,
        name,
        &[
            ("method", text("btree")),
            ("keys", list(&["org_id", "created_at"])),
            ("orders", list(&["asc nulls last", "desc nulls first"])),
            ("valid", Value::Bool(true)),
        ],
    );
    index.properties.extend(properties.iter().cloned());
    index
}

/// What 0024 creates.
fn created() -> Vec<Object> {
    let mut objects = Vec::new();
    for (name, labels) in ENUMS {
        let labels: Vec<&str> = labels.split_whitespace().collect();
        objects.push(object(Kind::Enum, "", name, &[("labels", list(&labels))]));
    }
    for (table, columns) in TABLES.into_iter().zip([11, 19, 11]) {
        let mut properties = vec![
            ("type", text("table")),
            ("persistence", text("permanent")),
            ("row_security", Value::Bool(true)),
        ];
        if table == "sync_activity_log" {
            properties.push(("partition_by", text("RANGE (created_at)")));
        }
        objects.push(object(Kind::Table, "", table, &properties));
        for column in 0..columns {
            objects.push(object(Kind::Column, table, &format!("c{column}"), &[]));
        }
        objects.push(object(Kind::PrimaryKey, table, &format!("{table}_pkey"), &[]));
        let primary_key = ("constraint", text(&format!("{table}_pkey")));
        objects.push(index(
            table,
            &format!("{table}_pkey"),
            &[
                ("unique", Value::Bool(true)),
                ("keys", list(&["id"])),
                primary_key,
            ],
        ));
        objects.push(object(
            Kind::ForeignKey,
            table,
            &format!("{table}_org_id_fkey"),
            &[
                ("columns", list(&["org_id"])),
                ("target", text("public.organization")),
                ("target_columns", list(&["id"])),
                ("on_update", text("no action")),
                ("on_delete", text("cascade")),
                ("validated", Value::Bool(true)),
            ],
        ));
        for command in COMMANDS {
            objects.push(object(
                Kind::Policy,
                table,
                &format!("{table}_{command}"),
                &[
                    ("command", text(command)),
                    ("permissive", Value::Bool(true)),
                    ("roles", list(&["public"])),
                ],
            ));
        }
        objects.push(object(
            Kind::Grant,
            table,
            "authenticated",
            &[("privileges", list(&COMMANDS))],
        ));
    }
    for (month, from, to) in MONTHS {
        let partition = format!("sync_activity_log_{month}");
        let bound = format!("FOR VALUES FROM ({from}) TO ({to})");
        objects.push(object(
            Kind::Table,
            "",
            &partition,
            &[
                ("partition_of", text("public.sync_activity_log")),
                ("bound", text(&bound)),
                ("row_security", Value::Bool(true)),
            ],
        ));
        for position in 0..7 {
            let parent = ("partition_of", text("public.idx_sync_activity_log_org"));
            objects.push(index(
                &partition,
                &format!("{partition}_idx{position}"),
                &[parent],
            ));
        }
    }
    for (table, indexes) in INDEXES {
        for name in indexes {
            let name = format!("idx_{table}_{name}");
            let mut properties = vec![];
            if name == "idx_sync_progress_active" {
                properties.push(("predicate", text("completed_at IS NULL")));
            }
            objects.push(index(table, &name, &properties));
        }
    }
    for (table, name) in [
        ("sync_preview_cache", "sync_preview_cache_cache_key_key"),
        ("sync_progress", "sync_progress_org_sync_key"),
    ] {
        objects.push(index(table, name, &[("unique", Value::Bool(true))]));
    }
    for (name, events, function) in TRIGGERS {
        objects.push(object(
            Kind::Function,
            "",
            &format!("{function}()"),
            &[
                ("returns", text("trigger")),
                ("language", text("plpgsql")),
                ("security", text("invoker")),
            ],
        ));
        objects.push(object(
            Kind::Trigger,
            "sync_progress",
            &format!("sync_progress_{name}"),
            &[
                (
                    "timing",
                    text(if name == "log_completion" {
                        "after"
                    } else {
                        "before"
                    }),
                ),
                ("events", list(events)),
                ("level", text("row")),
                ("function", text(&format!("public.{function}"))),
                ("enabled", text("origin")),
            ],
        ));
    }
    objects.push(object(
        Kind::Function,
        "",
        "auto_cleanup_preview_cache()",
        &[
            (
                "returns",
                text("TABLE(deleted_count integer, error_message text)"),
            ),
            ("language", text("plpgsql")),
            ("security", text("invoker")),
        ],
    ));
    objects.sort_by(|one, other| one.id.cmp(&other.id));
    objects
}

// ── reports ──

pub fn apply_approved() -> Report {
    let mut report = report("apply");
    report.conclusion = Some(Conclusion::Approved);
    report.environment = Some("production".to_string());
    report.duration_ms = 4021.95;
    if let Some(database) = &mut report.database {
        database.host = "ep-steep-waterfall-pooler.gwc.azure.example.net".to_string();
        database.pooler = Some("PgBouncer, transaction mode".to_string());
    }
    let mut applied = migration(MigrationState::Applied);
    applied.duration_ms = Some(3871.2);
    applied.artifacts.created = created();
    report.migrations.push(applied);
    report.before = Some(Before {
        applied: ["0001_core", "0023_sync_infrastructure"]
            .map(str::to_string)
            .into(),
        extensions: BTreeMap::from([("pgcrypto".to_string(), "1.3".to_string())]),
    });
    report.checks = suite();
    report
}

pub fn rollback() -> Report {
    let mut report = report("rollback");
    report.conclusion = Some(Conclusion::Approved);
    let mut back = migration(MigrationState::RolledBack);
    back.duration_ms = Some(187.4);
    back.artifacts.removed = created();
    report.migrations.push(back);
    report
}

/// Blocked: a later migration depends on what would go.
pub fn rollback_dry_run() -> Report {
    let mut report = report("rollback");
    report.conclusion = Some(Conclusion::Blocked);
    report.exit = ExitCode::Blocked;
    report.dry_run = true;
    let mut planned = migration(MigrationState::Applied);
    planned.source = Some(location("rollback/0024_sync_preview_progress_logs.sql", 1));
    planned.statements = vec![StatementLine {
        source: location("rollback/0024_sync_preview_progress_logs.sql", 3),
        tag: "DROP TABLE".to_string(),
        text: "drop table sync_progress".to_string(),
    }];
    report.migrations.push(planned);
    report.diagnostics = vec![
        Diagnostic::error("0025_sync_views depends on 0024_sync_preview_progress_logs")
            .fact(
                "uses",
                "view public.active_syncs reads table public.sync_progress",
            )
            .help("roll 0025_sync_views back first"),
        Diagnostic::warning("this rollback destroys data").fact(
            "data",
            "table public.sync_progress: 1200 rows, 640 kB\ntable public.sync_activity_log: 88 rows, 48 kB",
        ),
    ];
    report
}

pub fn apply_nothing() -> Report {
    let mut report = report("apply");
    report.conclusion = Some(Conclusion::Approved);
    report.duration_ms = 9.5;
    report
}

pub fn apply_script_failed() -> Report {
    let mut report = report("apply");
    report.conclusion = Some(Conclusion::NotApproved);
    report.exit = ExitCode::ScriptFailed;
    let file = SourceFile::new(
        SCRIPT,
        "create table sync_progress (\n    id uuid primary key,\n    \
         org_id uuid not null references organization (id) on delete cascade\n);\n",
    );
    let start = file.text().find("organization").unwrap_or(0);
    report.diagnostics.push(
        Diagnostic::error("relation \"organization\" does not exist")
            .at(&file, Span::new(start, start + "organization".len()))
            .fact("SQLSTATE", "42P01")
            .fact(
                "state",
                "the transaction of 0024 was rolled back: nothing of it remains; 0023 stays applied",
            )
            .help("apply 0001_prerequisite_core_tables first: it creates table organization"),
    );
    report.diagnostics.push(
        Diagnostic::warning("the password stands in the command line").help("use PGPASSWORD or ~/.pgpass"),
    );
    let mut before = MigrationReport::new("0023", "sync_infrastructure", MigrationState::Applied);
    before.duration_ms = Some(31.7);
    before.artifacts.created = vec![
        object(
            Kind::Table,
            "",
            "sync_job",
            &[("row_security", Value::Bool(false))],
        ),
        object(Kind::Column, "sync_job", "id", &[]),
    ];
    before.artifacts.altered = vec![(
        object(Kind::Table, "", "customer", &[]),
        vec!["row_security".to_string(), "owner".to_string()],
    )];
    let mut failed = migration(MigrationState::Failed);
    failed.duration_ms = Some(12.25);
    failed.error = Some("relation \"organization\" does not exist".to_string());
    report.migrations = vec![
        before,
        failed,
        MigrationReport::new("0025", "sync_views", MigrationState::Pending),
    ];
    report
}

/// An index that lacks its predicate, a policy that lets all through, a body that differs in one line.
fn failures(checks: &mut [Verdict]) {
    let fail = |check: &mut Verdict, part: &str, want: &str, have: &str| {
        check.status = Status::Fail;
        check.message = format!(
            "{} {}: {part} is `{have}`, want `{want}`",
            check.kind, check.object
        );
        check.expected = Some(want.to_string());
        check.actual = Some(have.to_string());
        check.differences = vec![Difference {
            part: part.to_string(),
            have: Some(have.to_string()),
            want: Some(want.to_string()),
            refusal: None,
        }];
    };
    for check in checks {
        match check.object.as_str() {
            "public.idx_sync_progress_active" => {
                check.status = Status::Fail;
                check.message = "index public.idx_sync_progress_active does not exist; there is \
                                 public.idx_sync_progress_activ"
                    .to_string();
                check.expected = Some("(org_id, updated_at desc) where completed_at is null".to_string());
                check.actual = Some("does not exist".to_string());
                check.remedy = Some(
                    "CREATE INDEX idx_sync_progress_active ON public.sync_progress (org_id, updated_at DESC) \
                     WHERE completed_at IS NULL;"
                        .to_string(),
                );
            }
            "public.sync_progress.sync_progress_select" => fail(
                check,
                "using",
                "(EXISTS ( SELECT 1\n   FROM auth.users_extended u\n  WHERE ((u.id = auth.uid()) AND \
                 (u.org_id = sync_progress.org_id))))",
                "(EXISTS ( SELECT 1\n   FROM auth.users_extended u\n  WHERE (u.id = auth.uid())))",
            ),
            "public.update_sync_progress_elapsed()" => {
                let body = |line: &str| {
                    format!(
                        "\nBEGIN\n  IF NEW.started_at IS NULL THEN\n    NEW.started_at := now();\n  END IF;\n  \
                         {line}\n  IF NEW.elapsed_seconds > 0 THEN\n    NEW.speed_items_per_min := \
                         NEW.processed_count * 60.0 / NEW.elapsed_seconds;\n  END IF;\n  RETURN NEW;\nEND;\n"
                    )
                };
                fail(
                    check,
                    "body",
                    &body("NEW.elapsed_seconds := greatest(0, extract(epoch from now() - NEW.started_at));"),
                    &body("NEW.elapsed_seconds := extract(epoch from now() - NEW.started_at);"),
                );
            }
            "public.sync_status_type" => {
                fail(
                    check,
                    "labels",
                    "pending, in_progress, completed, completed_with_errors, failed, cancelled, paused, timeout",
                    "pending, in_progress, completed, failed, cancelled, paused, timeout",
                );
            }
            "Trigger events" => {
                check.status = Status::Fail;
                check.message = "count \"Trigger events\" is 4, want at least 5".to_string();
                check.expected = Some("at least 5".to_string());
                check.actual = Some("4".to_string());
                check.measure = Some(Measure {
                    have: 4,
                    want: 5,
                    at_least: true,
                });
            }
            _ => {}
        }
    }
}

/// All that stands on the activity log waits for it.
fn blocked(checks: &mut [Verdict]) {
    for check in checks {
        if check.object == "public.sync_activity_log" && check.kind == "table" {
            check.status = Status::Fail;
            check.message = "table public.sync_activity_log does not exist".to_string();
            check.expected = Some("table".to_string());
            check.actual = Some("does not exist".to_string());
        } else if check.object.contains("sync_activity_log") {
            check.status = Status::Blocked;
            check.message = "table public.sync_activity_log does not exist".to_string();
            check.blocked_by = Some("table public.sync_activity_log".to_string());
            check.actual = None;
        }
    }
}

fn root_cause(report: &mut Report) {
    let blocks = report.totals().blocked;
    report.root_causes.push(RootCause {
        object: "table public.sync_activity_log".to_string(),
        blocks,
        remedy: "apply 0024_sync_preview_progress_logs".to_string(),
        sources: vec![location(SCRIPT, 123), location(SCRIPT, 144)],
    });
}

pub fn apply_not_approved() -> Report {
    let mut report = report("apply");
    report.conclusion = Some(Conclusion::NotApproved);
    report.exit = ExitCode::NotApproved;
    let mut failed = migration(MigrationState::Failed);
    failed.duration_ms = Some(390.0);
    failed.error = Some("5 checks failed".to_string());
    report.migrations.push(failed);
    report.checks = suite();
    failures(&mut report.checks);
    report
}

pub fn apply_blocked() -> Report {
    let mut report = report("apply");
    report.conclusion = Some(Conclusion::Blocked);
    report.exit = ExitCode::Blocked;
    report.migrations.push(migration(MigrationState::Pending));
    report.root_causes = vec![
        RootCause {
            object: "table organization".to_string(),
            blocks: 41,
            remedy: "apply 0001_prerequisite_core_tables, which creates it".to_string(),
            sources: vec![
                location(SCRIPT, 123),
                location(SCRIPT, 168),
                location(SCRIPT, 240),
            ],
        },
        RootCause {
            object: "schema auth".to_string(),
            blocks: 1,
            remedy: "apply 0001_prerequisite_core_tables, which creates it".to_string(),
            sources: vec![location(SCRIPT, 309)],
        },
    ];
    report
}

pub fn apply_dry_run() -> Report {
    let mut report = report("apply");
    report.dry_run = true;
    let mut planned = migration(MigrationState::Pending);
    planned.statements = [
        (
            12,
            "CREATE TYPE",
            "create type sync_type as enum ('woocommerce', 'odoo', 'shopify', 'custom')",
        ),
        (
            120,
            "CREATE TABLE",
            "CREATE TABLE IF NOT EXISTS sync_progress (\n    id uuid primary key default gen_random_uuid(),\n    \
             org_id uuid not null references organization (id) on delete cascade\n)",
        ),
        (
            309,
            "CREATE POLICY",
            "create policy preview_cache_select on sync_preview_cache\n  for select using (true)",
        ),
        (
            1402,
            "CREATE FUNCTION",
            "create or replace function auto_cleanup_preview_cache()",
        ),
    ]
    .into_iter()
    .map(|(line, tag, text)| StatementLine {
        source: location(SCRIPT, line),
        tag: tag.to_string(),
        text: text.to_string(),
    })
    .collect();
    planned.effects = effects();
    planned.gates = suite()
        .into_iter()
        .map(|check| Gate {
            id: check.id,
            kind: check.kind,
            source: check.source,
        })
        .collect();
    let mut without_checks = MigrationReport::new("0025", "sync_views", MigrationState::Pending);
    without_checks.statements = vec![StatementLine {
        source: location("migrations/0025_sync_views.sql", 1),
        tag: "CREATE VIEW".to_string(),
        text: "create view active_syncs as select * from sync_progress".to_string(),
    }];
    report.migrations = vec![planned, without_checks];
    report
}

/// What the plan's statements do.
fn effects() -> Vec<EffectLine> {
    let line = |line, action, kind, name: &str, on: Option<&str>, text: &str| EffectLine {
        action,
        kind,
        name: name.to_string(),
        on: on.map(str::to_string),
        text: text.to_string(),
        source: location(SCRIPT, line),
    };
    let cache = Some("sync_preview_cache");
    vec![
        line(
            12,
            "create",
            "enum",
            "sync_type",
            None,
            "AS ENUM ('woocommerce', 'odoo')",
        ),
        line(
            120,
            "create",
            "table",
            "sync_progress",
            None,
            "( id uuid, org_id uuid )",
        ),
        line(121, "create", "column", "id", Some("sync_progress"), "uuid"),
        line(122, "create", "column", "org_id", Some("sync_progress"), "uuid"),
        line(
            130,
            "create",
            "index",
            "sync_progress_org",
            Some("sync_progress"),
            "UNIQUE ON sync_progress (org_id)",
        ),
        line(
            140,
            "alter",
            "table",
            "sync_progress",
            None,
            "ENABLE ROW LEVEL SECURITY",
        ),
        line(141, "alter", "table", "customer", None, "ADD COLUMN note text"),
        line(142, "run", "statement", "DO", None, "$$ begin perform 1; end $$"),
        line(
            309,
            "create",
            "policy",
            "preview_cache_select",
            cache,
            "ON sync_preview_cache FOR select USING (true)",
        ),
        line(
            320,
            "grant",
            "table",
            "sync_progress",
            None,
            "SELECT ON sync_progress TO authenticated",
        ),
        line(
            1390,
            "create",
            "trigger",
            "touch",
            Some("sync_progress"),
            "BEFORE UPDATE ON sync_progress",
        ),
        line(
            1402,
            "create",
            "function",
            "auto_cleanup_preview_cache",
            None,
            "() RETURNS void",
        ),
    ]
}

/// What is deployed.
pub fn docs(full: bool) -> Report {
    let mut report = report("docs");
    let mut deployed = migration(MigrationState::Applied);
    deployed.applied = Some(Box::new(AppliedLine {
        on: "2025-11-06T09:59:18Z".to_string(),
        by: Some("deploy".to_string()),
        from: Some("ci@runner".to_string()),
        duration_ms: Some(3871.2),
        verdict: Some("approved".to_string()),
    }));
    report.migrations.push(deployed);
    report.checks = suite();
    let mut objects = created();
    for (position, (name, type_name)) in [
        ("id", "uuid"),
        ("org_id", "uuid"),
        ("status", "public.sync_status_type"),
        ("created_at", "timestamp with time zone"),
    ]
    .into_iter()
    .enumerate()
    {
        objects
            .retain(|object| !(object.id.kind == Kind::Column && object.id.name == format!("c{position}")));
        for table in TABLES {
            let mut properties = vec![
                ("position", Value::Int(position as i64 - 9)),
                ("type", text(type_name)),
                ("not_null", Value::Bool(position != 2)),
            ];
            if name == "status" {
                properties.push(("comment", text("How it *stands*: a|b.")));
                properties.push(("default", text("'pending'::public.sync_status_type")));
            }
            objects.push(object(Kind::Column, table, name, &properties));
        }
    }
    objects.retain(|object| object.id.kind != Kind::Column || object.get("type").is_some());
    for object in &mut objects {
        match object.id.kind {
            Kind::PrimaryKey => drop(object.properties.insert("columns", list(&["id"]))),
            Kind::Policy => drop(object.properties.insert(
                "using",
                text(&format!("({}.org_id = auth.org())", object.id.relation)),
            )),
            Kind::Function => drop(
                object
                    .properties
                    .insert("body", text("\nBEGIN\n    RETURN NEW;\nEND\n")),
            ),
            _ => {}
        }
    }
    objects.sort_by(|one, other| one.id.cmp(&other.id));
    let figures = objects
        .iter()
        .filter(|object| matches!(object.id.kind, Kind::Table | Kind::Index))
        .map(|object| {
            let is_index = object.id.kind == Kind::Index;
            let figures = Figures {
                rows: (!is_index).then_some(1200),
                bytes: 81_920,
                total_bytes: 655_360,
                scans: is_index.then_some(17),
            };
            (object.id.path(), figures)
        })
        .collect();
    report.documentation = Some(Documentation {
        full,
        read_at: Some("2025-11-06T10:00:00Z".to_string()),
        objects,
        figures,
        rollbacks: vec![(ROLLBACK.to_string(), "DROP TABLE sync_progress;\n".to_string())],
        counting_since: Some("2025-01-01T00:00:00Z".to_string()),
    });
    report
}

pub fn verify_approved() -> Report {
    let mut report = report("verify");
    report.conclusion = Some(Conclusion::Approved);
    report.checks = suite();
    report
}

/// All five statuses, three suites.
pub fn verify_not_approved() -> Report {
    let mut report = report("verify");
    report.conclusion = Some(Conclusion::NotApproved);
    report.exit = ExitCode::NotApproved;
    report.checks = suite();
    failures(&mut report.checks);
    blocked(&mut report.checks);
    root_cause(&mut report);
    let other = |suite: &str, file: &str, check: Verdict| Verdict {
        id: check.id.replace("0024", suite),
        suite: suite.to_string(),
        source: location(file, check.source.line),
        ..check
    };
    let core = "checks/0001_prerequisite_core_tables.toml";
    report
        .checks
        .insert(0, other("0001", core, pass("table", "public.organization", 10)));
    report
        .checks
        .insert(1, other("0001", core, pass("extension", "pgcrypto", 4)));
    let ahead = Verdict {
        status: Status::Warn,
        message: "dated partitions of public.sync_activity_log end on 2026-03-01, in less than 3 months"
            .to_string(),
        expected: Some("3 months".to_string()),
        actual: Some("2026-03-01".to_string()),
        ..pass("partitions_ahead", "public.sync_activity_log", 140)
    };
    report.checks.push(ahead);
    for name in ["org A cannot read org B's progress", "anonymous sees nothing"] {
        report.checks.push(Verdict {
            status: Status::Skip,
            message: "probes do not run on a standby".to_string(),
            expected: None,
            actual: None,
            ..other("baseline", "checks/baseline.toml", pass("probe", name, 7))
        });
    }
    report.diagnostics.push(Diagnostic::warning(
        "the server is a standby: expressions that do not already agree cannot be judged",
    ));
    report
}

pub fn status() -> Report {
    let mut report = report("status");
    let line = |version: &str, name: &str, state: &'static str, applied_on: Option<&str>| LedgerLine {
        version: version.to_string(),
        name: name.to_string(),
        repeatable: false,
        state,
        applied_on: applied_on.map(str::to_string),
        rollback: "yes".to_string(),
        checks: Some(142),
    };
    report.ledger = vec![
        line(
            "0001",
            "prerequisite_core_tables",
            "applied",
            Some("2025-11-05T08:00:00.123456789Z"),
        ),
        line(
            "0023",
            "sync_infrastructure",
            "modified",
            Some("2025-11-05T08:00:01Z"),
        ),
        LedgerLine {
            rollback: "irreversible: the payloads are deleted".to_string(),
            checks: None,
            ..line("0024", "sync_preview_progress_logs", "pending", None)
        },
        line("20250611101500", "表_wide", "out_of_order", None),
    ];
    report
}

pub fn history() -> Report {
    let mut report = report("history");
    let line = |id: i64, action: &str, outcome: &str, verdict: Option<&str>| JournalLine {
        id,
        at: format!("2025-11-06T09:59:1{id}.5Z"),
        action: action.to_string(),
        version: "0024".to_string(),
        name: "sync_preview_progress_logs".to_string(),
        outcome: outcome.to_string(),
        verdict: verdict.map(str::to_string),
        duration_ms: Some(4021.95),
        by: "deploy".to_string(),
        from: "10.0.0.5".to_string(),
        sha256: Some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".to_string()),
        message: None,
    };
    report.journal = vec![
        JournalLine {
            message: Some("relation \"organization\" does not exist".to_string()),
            ..line(1, "apply", "failed", None)
        },
        line(2, "apply", "applied", Some("approved")),
        line(3, "rollback", "rolled_back", None),
    ];
    report
}

pub fn unreachable() -> Report {
    Report {
        exit: ExitCode::Unreachable,
        diagnostics: vec![
            Diagnostic::error(
                "db.example.net:5432 refused the login of \"deploy\": password authentication failed",
            )
            .fact("SQLSTATE", "28P01")
            .help("check the password in PGPASSWORD, ~/.pgpass or the URL"),
        ],
        database: None,
        ..report("verify")
    }
}

pub fn init() -> Report {
    let mut report = Report::new("init");
    report.files = vec![
        "pgplumb.toml".to_string(),
        "migrations/".to_string(),
        "checks/baseline.toml".to_string(),
    ];
    report
}

/// Names that would break a terminal or a document.
pub fn hostile() -> Report {
    let mut report = report("verify");
    report.conclusion = Some(Conclusion::NotApproved);
    report.exit = ExitCode::NotApproved;
    let name = "public.\"a\nAPPROVED: 0 checks\u{1b}[2J\u{202e}\t<b>&'\"";
    report.environment = Some("表\u{7}".to_string());
    report.checks = vec![
        pass("table", "public.\"日本語テーブル名\"", 1),
        Verdict {
            status: Status::Fail,
            message: "label\r\n\u{9b}31mdiffers".to_string(),
            expected: Some("one\ntwo\u{1b}]0;x\u{7}\n\tthree".to_string()),
            actual: Some(String::new()),
            remedy: Some("ALTER TYPE \"x\ny\" ADD VALUE 'z';".to_string()),
            ..pass("enum", name, 2)
        },
        Verdict {
            status: Status::Blocked,
            message: String::new(),
            blocked_by: Some(format!("table {name}")),
            ..pass("index", name, 3)
        },
        Verdict {
            status: Status::Skip,
            message: "because\nof this".to_string(),
            ..pass("probe", "]]>--<!--", 4)
        },
        Verdict {
            status: Status::Warn,
            message: "controls \u{1}\u{8}\u{b}\u{1f}\u{7f}\u{85}, nothing \u{fffe}\u{ffff}".to_string(),
            expected: Some("'\"`\\".to_string()),
            ..pass("count", "é\u{301} 𝄞 \u{200f}", 5)
        },
    ];
    let file = SourceFile::new("migrations/1_表.sql", "select '表表', \u{1b}[31moops\n");
    let start = file.text().find("oops").unwrap_or(0);
    report.diagnostics.push(
        Diagnostic::error("column \"oops\nAPPROVED\" does not exist\u{1b}[0m")
            .at(&file, Span::new(start, start + 4))
            .fact("detail", "first\n\u{1b}[1Asecond"),
    );
    report
}
