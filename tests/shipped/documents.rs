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
            "### Constraints (19)",
            "FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE",
            "UNIQUE (cache_key)",
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
            "- [x] 6 foreign keys: all validated",
            "- [x] 4 triggers: all enabled",
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
    for document in [&all, &quick] {
        let queries = queries(document);
        let of = |beginning: &str| {
            queries
                .iter()
                .filter(|query| query.starts_with(beginning))
                .count()
        };
        assert!(of("SELECT") > 8, "{queries:?}");
        assert_eq!(of("EXPLAIN"), 1);
        assert_eq!(of("SELECT * FROM public.auto_cleanup_preview_cache()"), 1);
        for query in &queries {
            database.run(&format!("BEGIN; {query} ROLLBACK;"));
        }
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

/// The same facts in the text, which is wrapped.
#[test]
fn the_texts_have_the_facts() {
    let database = Server::shared().database("documents");
    let project = Project::shipped("");
    let text = |args: &[&str], file: &str| {
        Pgplumb::new(&project, &database).args(args).run().expect(0);
        let text = std::fs::read_to_string(project.path().join(file)).expect("the report was written");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    text(
        &["apply", "--to", "23", "--report", "text=first.txt"],
        "first.txt",
    );
    let applied = text(&["apply", "--report", "all=."], "MIGRATION_0024_SUMMARY.txt");
    has(
        &applied,
        &[
            "Tables created (3)",
            "How far each sync has come. Elapsed time, speed, ETA and completion are computed on every write.",
            "Partitions created (5)",
            "public.sync_activity_log_future: FROM ('2026-03-01 00:00:00+00') TO (MAXVALUE)",
            "Enums created (4)",
            "public.sync_type: woocommerce, odoo, shopify, custom",
            "Indexes created (55)",
            "Policies created (12)",
            "Triggers created (4)",
            "Functions created (5)",
            "✓ Trigger events, all as designed 6/6",
            "✓ Performance indexes 55/15+",
            "[x] 6 foreign keys: all validated",
            "[x] 8 check constraints: all validated",
            "[x] 55 indexes: all valid",
            "[x] 4 triggers: all enabled",
            "Row security is enabled on 8 of 8 tables, partitions included.",
            "12 policies on 3 tables.",
            "table public.organization 3 foreign keys 0001_prerequisite_core_tables",
            "Existing objects touched: none",
            "[x] Every object that was made is named by a check",
            "[x] 1 of 1 migration executed and committed",
            "2. write down what is deployed: pgplumb docs",
            "Verdict ✓ APPROVED",
            "Database administrator ________________",
        ],
    );
    let verified = text(&["verify", "24", "--report", "text=verified.txt"], "verified.txt");
    has(
        &verified,
        &[
            "✓ Policies 12/12",
            "Task 1: Schema validation",
            "Task 2: Row security validation ✓ PASS",
            "✓ Performance indexes 15+ 55",
            "Task 8: Rollback procedure ✓ PASS",
            "Open: the database is what the judged suites say.",
            "[x] No check is blocked (0 of",
            "Database administrator ________________",
        ],
    );
}

/// Document 003: what is missing, what that blocks, and which of the eight tasks wait for it.
#[test]
fn a_blocked_preflight_says_what_the_summary_written_by_hand_said() {
    let database = Server::shared().database("documents");
    database.run("CREATE TABLE customers (id int); CREATE TABLE odoo_sync (id int)");
    let project = Project::shipped("0024");
    let outcome = Pgplumb::new(&project, &database)
        .args(&[
            "preflight",
            "--format",
            "markdown",
            "--report",
            "text=blocked.txt",
        ])
        .run()
        .expect(3);
    let text = std::fs::read_to_string(project.path().join("blocked.txt")).expect("the report was written");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    has(
        &outcome.stdout,
        &[
            "> **✗ BLOCKED**",
            "| Schema | ⊘ BLOCKED |",
            "| Integration points | ⊘ BLOCKED |",
            "### 1. table organization does not exist",
            "8 tables, 15 indexes and 4 triggers cannot be created",
            "`migrations/0024_sync_preview_progress_logs.sql` lines 66, 117, 172",
            "FOREIGN KEY (org_id) REFERENCES public.organization (id) ON DELETE CASCADE,",
            "### 2. schema auth does not exist",
            "12 policies cannot be created",
            "table auth.users_extended",
            "table sync_preview_cache: 11 columns",
            "table sync_progress: 4 policies, row security | waits for table organization, schema auth",
            "table sync_activity_log: 6 indexes",
            "function auto_log_sync_activity_on_progress_change() | waits for table organization",
            "enum sync_type: ('woocommerce', 'odoo', 'shopify', 'custom')",
            "public.sync_progress (initiated_by) references auth.users_extended(id) on delete set null | waits for \
             schema auth",
            "✓ PASS | no long lock on the tables that will be locked",
            "would fail: table organization does not exist",
            "### Task 8: Rollback procedure ✓ PASS",
            "**Closed:** do not deploy until",
            "- [ ] table organization exists",
            "- [ ] schema auth exists",
            "- [ ] all eight validation tasks pass",
        ],
    );
    has(
        &text,
        &[
            "ROOT CAUSES",
            "REQUIRED ACTIONS",
            "8. Rollback procedure",
            "GATE: DO NOT DEPLOY UNTIL",
            "[ ] table organization exists",
            "Database administrator ________________",
        ],
    );
}

/// Every SQL block of the sections that offer queries, whatever it does.
fn queries(document: &str) -> Vec<String> {
    let offered = ["Example queries", "Functions to call", "Watching it"];
    let sections = document.split("\n## ").filter(|section| {
        let title = section.lines().next().unwrap_or_default();
        offered.contains(&title)
    });
    sections
        .flat_map(|section| section.split("```sql\n").skip(1))
        .filter_map(|block| block.split("\n```").next())
        .map(str::to_string)
        .collect()
}
