//! The quick reference: what is deployed, and how to work with it.

use std::collections::BTreeSet;

use super::page::{Page, bold, code, codes, name, text};
use super::section::write;
use super::{diagram, objects, parts};
use crate::catalog::{Kind, Object};
use crate::diagnostic::Severity;
use crate::report::ddl::position;
use crate::report::describe::{self, duration};
use crate::report::examples::{self, Example};
use crate::report::model::{Documentation, Report, WayBack, is_partition};
use crate::report::section;
use crate::report::summary::{self, Inventory, quantity, relation_path};

/// Renders the document.
pub fn render(page: &mut Page, report: &Report, documentation: &Documentation) {
    let inventory = summary::inventory(&documentation.objects);
    head(page, report, documentation, "Quick reference");
    deployed(page, &inventory);
    verification(page, report);
    page.heading(2, "Entity diagram");
    diagram::render(page, &documentation.objects);
    tables(page, &documentation.objects, &inventory);
    lists(page, &inventory);
    queries(page, &documentation.objects);
    write(page, section::integrity(&documentation.objects));
    write(page, section::security(&documentation.objects));
    write(page, section::dependencies(report, &documentation.objects));
    rollback(page, report, documentation);
    page.heading(2, "Related files");
    parts::files(page, &report.migrations);
    write(page, section::not_verified(report));
    parts::messages(page, report, "Remarks", &[Severity::Warning, Severity::Note]);
    page.paragraph(&format!(
        "Written by pgplumb {} from the catalog{}; run it again when something was deployed.",
        env!("CARGO_PKG_VERSION"),
        match &documentation.read_at {
            Some(at) => format!(" as it was at {}", text(at)),
            None => String::new(),
        }
    ));
}

/// The title, the database, and how the migrations came to it.
pub fn head(page: &mut Page, report: &Report, documentation: &Documentation, kind: &str) {
    let subject = parts::subject(report);
    let title = if subject.is_empty() {
        kind.to_string()
    } else {
        format!("{kind}: {subject}")
    };
    parts::title(page, report, &title);
    parts::messages(page, report, "Errors", &[Severity::Error]);
    let mut rows = parts::place(report);
    rows.extend(documentation.read_at.as_ref().map(|at| ("Read at", text(at))));
    page.fields(&rows);
    let rows: Vec<[String; 6]> = report
        .migrations
        .iter()
        .map(|migration| {
            let applied = migration.applied.as_ref();
            [
                code(&migration.stem()),
                match applied {
                    Some(line) => format!("✓ applied {}", text(&line.on)),
                    None => "not applied".to_string(),
                },
                applied
                    .and_then(|line| line.by.as_deref())
                    .map_or(String::new(), name),
                applied
                    .and_then(|line| line.from.as_deref())
                    .map_or(String::new(), text),
                applied
                    .and_then(|line| line.duration_ms)
                    .map_or(String::new(), duration),
                applied
                    .and_then(|line| line.verdict.as_deref())
                    .map_or(String::new(), |verdict| verdict.replace('_', " ")),
            ]
        })
        .collect();
    page.table(["Migration", "State", "By", "From", "Duration", "Verdict"], &rows);
}

fn deployed(page: &mut Page, inventory: &Inventory<'_>) {
    page.heading(2, "What was deployed");
    objects::counts(page, inventory, "Number");
    objects::tables(page, inventory);
}

/// Expected and actual, as the suites judge them now.
pub fn verification(page: &mut Page, report: &Report) {
    if report.checks.is_empty() {
        return;
    }
    page.heading(2, "Verification results");
    parts::results(page, report);
    super::verification::problems(page, report);
}

/// Columns and keys.
fn tables(page: &mut Page, all: &[Object], inventory: &Inventory<'_>) {
    page.heading(2, "Tables");
    for summary in &inventory.tables {
        let table = summary.table;
        page.heading(3, &code(&table.id.path()));
        if let Some(comment) = table.text("comment") {
            page.paragraph(&text(comment));
        }
        columns(page, all, table);
        if let Some(key) = table.text("partition_by") {
            let path = table.id.path();
            let rows: Vec<&Object> = inventory
                .partitions
                .iter()
                .copied()
                .filter(|partition| partition.text("partition_of") == Some(&path))
                .collect();
            page.paragraph(&format!(
                "Partitioned by {}, {}:",
                code(key),
                quantity(rows.len(), "partition")
            ));
            objects::partitions(page, &rows);
        }
    }
}

/// The columns of a table with what keys they are part of.
fn columns(page: &mut Page, all: &[Object], table: &Object) {
    let path = table.id.path();
    let on = |kind: Kind| {
        let path = path.clone();
        all.iter()
            .filter(move |object| object.id.kind == kind && relation_path(object) == path)
    };
    let mut columns: Vec<&Object> = on(Kind::Column).collect();
    columns.sort_by_key(|column| position(column));
    let rows: Vec<[String; 6]> = columns
        .iter()
        .map(|column| {
            let has = |object: &&Object| object.list("columns").iter().any(|name| *name == column.id.name);
            let mut keys: Vec<String> = Vec::new();
            keys.extend(
                on(Kind::PrimaryKey)
                    .filter(has)
                    .map(|_| "primary key".to_string()),
            );
            for unique in on(Kind::Unique).filter(has) {
                let others: Vec<&String> = unique
                    .list("columns")
                    .iter()
                    .filter(|name| **name != column.id.name)
                    .collect();
                keys.push(match others.is_empty() {
                    true => "unique".to_string(),
                    false => format!("unique with {}", codes(&others)),
                });
            }
            keys.extend(
                on(Kind::ForeignKey)
                    .filter(has)
                    .map(|key| format!("→ {}", code(key.text("target").unwrap_or_default()))),
            );
            if table
                .text("partition_by")
                .is_some_and(|by| partition_key(by, &column.id.name))
            {
                keys.push("partition key".to_string());
            }
            let value = match (
                column.text("default"),
                column.text("generated"),
                column.text("identity"),
            ) {
                (Some(default), _, _) => code(default),
                (_, Some(generated), _) => format!("generated: {}", code(generated)),
                (_, _, Some(identity)) => format!("identity, {}", text(identity)),
                _ => String::new(),
            };
            [
                name(&column.id.name),
                code(column.text("type").unwrap_or_default()),
                if column.flag("not_null") {
                    String::new()
                } else {
                    "yes".to_string()
                },
                value,
                keys.join(", "),
                column.text("comment").map_or(String::new(), text),
            ]
        })
        .collect();
    page.table(
        ["Column", "Type", "May be null", "Default", "Key", "Meaning"],
        &rows,
    );
}

fn partition_key(by: &str, column: &str) -> bool {
    by.split_once('(').is_some_and(|(_, keys)| {
        keys.trim_end_matches(')')
            .split(',')
            .any(|key| key.split_whitespace().next() == Some(crate::sql::quote_ident(column).as_str()))
    })
}

fn lists(page: &mut Page, inventory: &Inventory<'_>) {
    let of = |kind: Kind| inventory.others.get(&kind).map_or(&[][..], Vec::as_slice);
    if !of(Kind::Enum).is_empty() {
        page.heading(2, "Enum types");
        objects::enums(page, of(Kind::Enum));
    }
    if !inventory.indexes.is_empty() {
        page.heading(2, &format!("Indexes ({})", Inventory::count(&inventory.indexes)));
        objects::indexes(page, &inventory.indexes);
    }
    if !inventory.policies.is_empty() {
        page.heading(
            2,
            &format!(
                "Row-security policies ({})",
                Inventory::count(&inventory.policies)
            ),
        );
        objects::policies(page, &inventory.policies);
    }
    let triggers = Inventory::count(&inventory.triggers);
    if triggers > 0 || !of(Kind::Function).is_empty() {
        page.heading(
            2,
            &format!(
                "Automation: {}, {}",
                quantity(triggers, "trigger"),
                quantity(of(Kind::Function).len(), "function")
            ),
        );
        objects::triggers(page, &inventory.triggers);
        objects::functions(page, of(Kind::Function));
    }
    if !inventory.foreign_keys.is_empty() {
        page.heading(
            2,
            &format!("Foreign keys ({})", Inventory::count(&inventory.foreign_keys)),
        );
        objects::foreign_keys(page, &inventory.foreign_keys);
    }
    let mut others = Page::new();
    objects::others(
        &mut others,
        3,
        inventory,
        &[Kind::Enum, Kind::Function, Kind::Grant],
    );
    let others = others.finish();
    if !others.trim().is_empty() {
        page.heading(2, "Other objects");
        page.paragraph(others.trim_end());
    }
}

fn queries(page: &mut Page, all: &[Object]) {
    let queries = examples::examples(all);
    let calls = examples::calls(all);
    if queries.is_empty() && calls.is_empty() {
        return;
    }
    page.heading(2, "Example queries");
    page.paragraph("Each runs as it stands; put your own values in place of the constants.");
    show(page, &queries);
    if !calls.is_empty() {
        page.heading(2, "Functions to call");
        page.paragraph("A function may write: read its body before calling it.");
        show(page, &calls);
    }
    page.heading(2, "Watching it");
    show(page, &examples::watching(all));
}

fn show(page: &mut Page, examples: &[Example]) {
    for example in examples {
        page.heading(3, &text(&example.title));
        page.fence("sql", &example.sql);
    }
}

/// How to go back, and what that would cost.
pub fn rollback(page: &mut Page, report: &Report, documentation: &Documentation) {
    page.heading(2, "Rollback");
    let mut lines = Vec::new();
    for migration in report.migrations.iter().rev() {
        match &migration.way_back {
            Some(WayBack::Script(path)) => {
                lines.push(format!("# {path}"));
                lines.push(parts::pgplumb(
                    report,
                    &format!("rollback {} --dry-run", migration.version),
                ));
                lines.push(parts::pgplumb(report, &format!("rollback {}", migration.version)));
            }
            Some(WayBack::Irreversible(reason)) => {
                lines.push(format!("# {} is irreversible: {reason}", migration.stem()));
            }
            Some(WayBack::Repeatable) => lines.push(format!(
                "# {} is repeatable: put the older file back and run apply",
                migration.stem()
            )),
            Some(WayBack::None) | None => {
                lines.push(format!("# {} has no rollback script", migration.stem()))
            }
        }
    }
    if !lines.is_empty() {
        page.fence("sh", &lines.join("\n"));
    }
    let tables: BTreeSet<String> = documentation
        .objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table && !is_partition(object))
        .map(|object| object.id.path())
        .collect();
    let rows: Vec<[String; 3]> = tables
        .iter()
        .filter_map(|table| {
            let figures = documentation.figures.get(table)?;
            Some([
                code(table),
                figures
                    .rows
                    .map_or("not counted yet".to_string(), |rows| rows.to_string()),
                describe::bytes(figures.total_bytes),
            ])
        })
        .collect();
    if !rows.is_empty() {
        page.paragraph(&format!(
            "{} What going back destroys is counted by the dry run, row by row; by the planner's estimates there are now:",
            bold("Data:")
        ));
        page.table(["Table", "Rows, about", "Size with indexes"], &rows);
    }
}
