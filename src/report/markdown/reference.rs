//! The schema reference: every object that is deployed, in full.

use super::page::{Page, code, name, text};
use super::section::write;
use super::{diagram, objects, parts, quick};
use crate::catalog::{Kind, Object};
use crate::diagnostic::Severity;
use crate::report::ddl;
use crate::report::describe::{self, bytes};
use crate::report::model::{Documentation, Report};
use crate::report::section;
use crate::report::summary::{self, Inventory, quantity, relation_path};

/// Renders the document.
pub fn render(page: &mut Page, report: &Report, documentation: &Documentation) {
    let inventory = summary::inventory(&documentation.objects);
    quick::head(page, report, documentation, "Schema reference");
    overview(page, documentation, &inventory);
    page.heading(2, "Entity diagram");
    diagram::render(page, &documentation.objects);
    page.heading(2, "Schema design");
    for (index, table) in inventory.tables.iter().enumerate() {
        table_section(page, documentation, &inventory, index + 1, table.table);
    }
    let of = |kind: Kind| inventory.others.get(&kind).map_or(&[][..], Vec::as_slice);
    if !of(Kind::Enum).is_empty() {
        page.heading(2, "Enum types");
        for object in of(Kind::Enum) {
            page.heading(3, &code(&object.id.path()));
            if let Some(comment) = object.text("comment") {
                page.paragraph(&text(comment));
            }
            page.fence("sql", &ddl::enumeration(object));
        }
    }
    if !inventory.policies.is_empty() {
        page.heading(2, "Row security");
        page.paragraph(&format!(
            "{} on {}.",
            quantity(Inventory::count(&inventory.policies), "policy"),
            quantity(inventory.policies.len(), "table")
        ));
        objects::patterns(page, &inventory.policies);
    }
    write(page, section::integrity(&documentation.objects));
    write(page, section::security(&documentation.objects));
    write(page, section::dependencies(report, &documentation.objects));
    functions(page, &inventory, of(Kind::Function));
    let mut others = Page::new();
    objects::others(
        &mut others,
        3,
        &inventory,
        &[Kind::Enum, Kind::Function, Kind::Grant],
    );
    let others = others.finish();
    if !others.trim().is_empty() {
        page.heading(2, "Other objects");
        page.paragraph(others.trim_end());
    }
    quick::verification(page, report);
    quick::rollback(page, report, documentation);
    for (path, script) in &documentation.rollbacks {
        page.heading(3, &code(path));
        page.fence("sql", script);
    }
    page.heading(2, "Related files");
    parts::files(page, &report.migrations);
    write(page, section::not_verified(report));
    parts::messages(page, report, "Remarks", &[Severity::Warning, Severity::Note]);
}

fn overview(page: &mut Page, documentation: &Documentation, inventory: &Inventory<'_>) {
    page.heading(2, "Overview");
    let rows: Vec<[String; 4]> = inventory
        .tables
        .iter()
        .map(|table| {
            let path = table.table.id.path();
            let figures = documentation.figures.get(&path);
            [
                code(&path),
                table.table.text("comment").map_or(String::new(), text),
                figures
                    .and_then(|figures| figures.rows)
                    .map_or(String::new(), |rows| rows.to_string()),
                figures.map_or(String::new(), |figures| bytes(figures.total_bytes)),
            ]
        })
        .collect();
    page.table(["Table", "Purpose", "Rows, about", "Size with indexes"], &rows);
    objects::counts(page, inventory, "Number");
}

fn table_section(
    page: &mut Page,
    documentation: &Documentation,
    inventory: &Inventory<'_>,
    number: usize,
    table: &Object,
) {
    let path = table.id.path();
    page.heading(3, &format!("{number}. {}", code(&path)));
    if let Some(comment) = table.text("comment") {
        page.paragraph(&format!("**Purpose:** {}", text(comment)));
    }
    page.fence("sql", &ddl::table(table, &documentation.objects));
    indexes(page, documentation, inventory, &path);
    let group =
        |groups: &[summary::OnRelation<'_>]| -> bool { groups.iter().any(|group| group.relation == path) };
    if group(&inventory.triggers) {
        page.heading(4, "Triggers");
        let own: Vec<_> = inventory
            .triggers
            .iter()
            .filter(|group| group.relation == path)
            .cloned()
            .collect();
        objects::triggers(page, &own);
    }
    if group(&inventory.policies) {
        page.heading(4, &format!("Row security: {}", describe::row_security(table)));
        let own: Vec<_> = inventory
            .policies
            .iter()
            .filter(|group| group.relation == path)
            .cloned()
            .collect();
        objects::policy_table(page, &own);
    }
    let partitions: Vec<&Object> = inventory
        .partitions
        .iter()
        .copied()
        .filter(|partition| partition.text("partition_of") == Some(&path))
        .collect();
    if !partitions.is_empty() {
        page.heading(4, &format!("Partitions ({})", partitions.len()));
        let rows: Vec<[String; 5]> = partitions
            .iter()
            .map(|partition| {
                let (from, to) = objects::bounds(partition.text("bound").unwrap_or_default());
                let figures = documentation.figures.get(&partition.id.path());
                [
                    code(&partition.id.path()),
                    code(&from),
                    code(&to),
                    figures
                        .and_then(|figures| figures.rows)
                        .map_or(String::new(), |rows| rows.to_string()),
                    figures.map_or(String::new(), |figures| bytes(figures.total_bytes)),
                ]
            })
            .collect();
        page.table(
            ["Partition", "From, or which values", "To", "Rows, about", "Size"],
            &rows,
        );
    }
    let referring: Vec<String> = documentation
        .objects
        .iter()
        .filter(|object| object.id.kind == Kind::ForeignKey && object.text("target") == Some(&path))
        .filter(|key| {
            !inventory
                .partitions
                .iter()
                .any(|partition| partition.id.path() == relation_path(key))
        })
        .map(|key| {
            format!(
                "{}: {}",
                code(&relation_path(key)),
                code(&describe::foreign_key("→", key))
            )
        })
        .collect();
    if !referring.is_empty() {
        page.heading(4, "Referred to by");
        page.list(&referring);
    }
}

/// The indexes of a table with how often each was used.
fn indexes(page: &mut Page, documentation: &Documentation, inventory: &Inventory<'_>, path: &str) {
    let Some(group) = inventory.indexes.iter().find(|group| group.relation == path) else {
        return;
    };
    page.heading(4, &format!("Indexes ({})", group.objects.len()));
    let rows: Vec<[String; 5]> = group
        .objects
        .iter()
        .map(|index| {
            let figures = documentation.figures.get(&index.id.path());
            [
                name(&index.id.name),
                code(&describe::index_shape(index)),
                index.text("constraint").map_or(String::new(), |constraint| {
                    format!("constraint {}", name(constraint))
                }),
                figures
                    .and_then(|figures| figures.scans)
                    .map_or(String::new(), |scans| scans.to_string()),
                figures.map_or(String::new(), |figures| bytes(figures.total_bytes)),
            ]
        })
        .collect();
    page.table(["Index", "Serves", "Behind", "Used, times", "Size"], &rows);
    if let Some(since) = &documentation.counting_since {
        page.paragraph(&format!("Uses counted since {}.", text(since)));
    }
}

/// Functions with their bodies and the triggers that call them.
fn functions(page: &mut Page, inventory: &Inventory<'_>, functions: &[&Object]) {
    if functions.is_empty() {
        return;
    }
    page.heading(2, "Functions");
    for (index, function) in functions.iter().enumerate() {
        let path = function.id.path();
        page.heading(3, &format!("{}. {}", index + 1, code(&path)));
        if let Some(comment) = function.text("comment") {
            page.paragraph(&format!("**Purpose:** {}", text(comment)));
        }
        let bare = path.split('(').next().unwrap_or(&path);
        let callers: Vec<String> = inventory
            .triggers
            .iter()
            .flat_map(|group| group.objects.iter().map(move |trigger| (group, trigger)))
            .filter(|(_, trigger)| trigger.text("function") == Some(bare))
            .map(|(group, trigger)| {
                format!(
                    "{} on {}: {}",
                    name(&trigger.id.name),
                    code(&group.relation),
                    text(&describe::trigger_shape(trigger))
                )
            })
            .collect();
        if !callers.is_empty() {
            page.paragraph("Called by:");
            page.list(&callers);
        }
        page.fence("sql", &ddl::function(function));
    }
}
