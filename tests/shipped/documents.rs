//! The documents of the shipped project have the facts of those that were written by hand.

use crate::support::{Database, Pgplumb, Project, Server};

fn run(project: &Project, database: &Database, args: &[&str]) -> String {
    let format = [args, &["--format", "markdown"]].concat();
    Pgplumb::new(project, database)
        .args(&format)
        .run()
        .expect(0)
        .stdout
}

#[track_caller]
fn has(document: &str, facts: &[&str]) {
    for fact in facts {
        assert!(
            document.contains(fact),
            "{fact:?} is not in the document:\n{document}"
        );
    }
}

const ARTIFACTS: &[&str] = &[
    "| Tables | 3 | `public.sync_activity_log`, `public.sync_preview_cache`, `public.sync_progress` |",
    "| Partitions | 5 |",
    "| Indexes | 55 |",
    "| Row-security policies | 12 | 4 on `public.sync_activity_log`, 4 on `public.sync_preview_cache`, 4 on \
     `public.sync_progress` |",
    "| Triggers | 4 |",
    "| Enums | 4 |",
    "| Functions | 5 |",
    "`woocommerce`, `odoo`, `shopify`, `custom`",
    "`customer`, `product`, `order`, `invoice`, `supplier`, `inventory`, `category`, `attribute`",
    "| `public.sync_activity_log_2025_11` | `public.sync_activity_log` | `'2025-11-01 00:00:00+00'` | \
     `'2025-12-01 00:00:00+00'` |",
    "| `public.sync_activity_log_future` | `public.sync_activity_log` | `'2026-03-01 00:00:00+00'` | `MAXVALUE` |",
    "Row security is enabled on 8 of 8 tables, partitions included.",
    "`public.auto_cleanup_preview_cache()`",
];

#[test]
fn the_documents_have_the_facts() {
    let database = Server::shared().database("documents");
    let project = Project::shipped("");
    let plan = run(&project, &database, &["apply", "--dry-run"]);
    has(
        &plan,
        &[
            "# Deployment checklist: 3 migrations",
            "| `migrations/0024_sync_preview_progress_logs.sql` | migration | 536 lines | 96 statements |",
            "- [x] `0024_sync_preview_progress_logs` has a way back",
            "- [ ] A backup is taken",
            "pgplumb apply --to 0024 --report markdown=execution-summary.md",
            "pgplumb rollback 0024 --dry-run",
            "### Automation: 4 triggers, 5 functions",
        ],
    );

    run(&project, &database, &["apply", "--to", "23"]);
    let applied = run(&project, &database, &["apply"]);
    has(&applied, ARTIFACTS);
    has(
        &applied,
        &[
            "# Execution summary: 0024_sync_preview_progress_logs",
            "- [x] Performance indexes: 55/15+ (exceeds what is required)",
            "- [x] Automation triggers: 6/5+ (exceeds what is required)",
            "| table | `public.organization` | 3 foreign keys | `0001_prerequisite_core_tables` |",
            "| table | `auth.users_extended` | 3 foreign keys, 12 policies | `0001_prerequisite_core_tables` |",
            "| function | `auth.uid` | 12 policies | `0001_prerequisite_core_tables` |",
            "Existing objects touched: **none**",
            "- [x] Every object that was made is named by a check",
        ],
    );

    let verified = run(&project, &database, &["verify", "24"]);
    has(
        &verified,
        &[
            "# Verification summary: 0024_sync_preview_progress_logs",
            "| Policies | ✓ PASS | 12/12 |  |",
            "| ✓ Performance indexes | 15+ | 55 |",
            "## Validation tasks",
            "**Open:**",
        ],
    );

    let quick = run(&project, &database, &["docs", "24"]);
    has(&quick, ARTIFACTS);
    has(
        &quick,
        &[
            "| Performance indexes | 15+ | 55 | ✓ |",
            "| Automation triggers | 5+ | 6 | ✓ |",
            "erDiagram",
            "\"organization\" ||--o{ \"sync_progress\" : \"org_id\"",
            "pgplumb rollback 0024",
        ],
    );
    let full = run(&project, &database, &["docs", "--full"]);
    has(
        &full,
        &[
            "CREATE TABLE public.sync_progress (",
            "CONSTRAINT sync_progress_totals CHECK ((processed_count + failed_count) <= total_items)",
            "CREATE TYPE public.sync_type AS ENUM (",
            "NEW.updated_at := now();",
            "DROP TABLE public.sync_activity_log RESTRICT;",
        ],
    );
    let all = run(&project, &database, &["docs"]);
    let queries = sql_blocks(&all);
    assert!(queries.len() > 20, "{} queries", queries.len());
    for query in queries {
        database.run(&query);
    }
    let facts = Pgplumb::new(&project, &database)
        .args(&["docs", "24", "--format", "json"])
        .run()
        .expect(0)
        .json();
    let objects = facts["documentation"]["objects"].as_array().expect("a list");
    let indexes = objects.iter().filter(|object| object["kind"] == "index").count();
    assert_eq!(indexes, 55);
}

/// The queries behind "Example queries": every SQL block that is a SELECT.
fn sql_blocks(document: &str) -> Vec<String> {
    let blocks = document.split("```sql\n").skip(1);
    blocks
        .filter_map(|block| block.split("\n```").next())
        .filter(|sql| sql.starts_with("SELECT"))
        .map(str::to_string)
        .collect()
}
