//! What a migration did to the catalog: new with `+`, changed with `~`, gone with `-`.

use super::details::duration;
use super::page::{Page, Span, Style, bold, dim, plain, styled};
use crate::catalog::{Kind, Object};
use crate::report::describe::{self, facts, index, name, policy, table_facts, trigger};
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Report};
use crate::report::summary::{self, Inventory, OnRelation};

/// All migrations of a run: those that changed nothing on a line each, the others in full.
pub fn sections(page: &mut Page, report: &Report) {
    let (unchanged, changed): (Vec<_>, Vec<_>) = report
        .migrations
        .iter()
        .partition(|migration| migration.artifacts.is_empty());
    for migration in changed {
        section(page, migration);
    }
    if !unchanged.is_empty() {
        let all = unchanged.len() == report.migrations.len();
        page.heading(if all { "MIGRATIONS" } else { "OTHER MIGRATIONS" });
    }
    for migration in unchanged {
        let (style, words) = state(migration);
        page.put(
            2,
            4,
            &[
                bold(migration.stem()),
                plain(" "),
                styled(style, words),
                plain(
                    migration
                        .error
                        .as_ref()
                        .map_or(String::new(), |error| format!(": {error}")),
                ),
            ],
        );
    }
}

/// `applied in 412.7 ms`.
fn state(migration: &MigrationReport) -> (Style, String) {
    let style = match migration.state {
        MigrationState::Applied | MigrationState::RolledBack => Style::Good,
        MigrationState::Failed => Style::Bad,
        MigrationState::Pending | MigrationState::Skipped => Style::Dim,
    };
    let word = migration.state.as_str().replace('_', " ");
    match migration.duration_ms {
        Some(milliseconds) => (style, format!("{word} in {}", duration(milliseconds))),
        None => (style, word),
    }
}

/// One migration with what it did.
fn section(page: &mut Page, migration: &MigrationReport) {
    let artifacts = &migration.artifacts;
    page.heading(&format!("MIGRATION {}", migration.stem()));
    let (style, words) = state(migration);
    let file = migration
        .source
        .as_ref()
        .map_or(String::new(), |source| format!(", {}", source.file));
    page.put(2, 4, &[styled(style, words), plain(file)]);
    if let Some(error) = &migration.error {
        page.put(2, 4, &[styled(Style::Bad, error)]);
    }
    created(page, &summary::inventory(&artifacts.created));
    altered(page, artifacts);
    removed(page, &summary::inventory_of_removed(&artifacts.removed));
    if artifacts.only_created() {
        page.blank();
        page.put(
            2,
            4,
            &[
                bold("Existing objects changed"),
                plain(": none of those that the script names"),
            ],
        );
    }
}

fn created(page: &mut Page, inventory: &Inventory) {
    let others = |page: &mut Page, kinds: &[Kind]| {
        for kind in kinds {
            let objects = inventory.others.get(kind).map_or(&[][..], Vec::as_slice);
            group(page, &kind_title(*kind), "created", objects.len());
            for object in objects {
                added(page, &name(object), &facts(object));
            }
        }
    };
    others(page, &[Kind::Role, Kind::Schema, Kind::Extension]);

    group(page, "Tables", "created", inventory.tables.len());
    for table in &inventory.tables {
        added(page, &table.table.id.path(), &table_facts(table));
        if let Some(purpose) = table.table.text("comment").filter(|_| page.is_document()) {
            page.put(8, 8, &[dim(purpose)]);
        }
    }
    group(page, "Partitions", "created", inventory.partitions.len());
    for partition in &inventory.partitions {
        let bound = partition.text("bound").unwrap_or_default();
        let bound = bound.strip_prefix("FOR VALUES ").unwrap_or(bound);
        added(page, &partition.id.path(), &[bound.to_string()]);
    }

    others(page, &[Kind::Enum, Kind::Domain, Kind::Sequence, Kind::Column]);
    others(
        page,
        &[Kind::PrimaryKey, Kind::Unique, Kind::Check, Kind::Exclusion],
    );

    let arrow = page.arrow();
    let foreign_key = |key: &Object| describe::foreign_key(arrow, key);
    on_relations(page, "Foreign keys", &inventory.foreign_keys, foreign_key);
    on_relations(page, "Policies", &inventory.policies, policy);
    on_relations(page, "Indexes", &inventory.indexes, index);
    on_relations(page, "Triggers", &inventory.triggers, trigger);

    others(
        page,
        &[Kind::Function, Kind::View, Kind::MaterializedView, Kind::Grant],
    );
}

/// Objects by the relation that they stand on: the number first, then each of them. What a partition has
/// because its parent has it is counted alone.
fn on_relations(page: &mut Page, title: &str, groups: &[OnRelation], describe: impl Fn(&Object) -> String) {
    group(page, title, "created", Inventory::count(groups));
    for group in groups {
        let own: Vec<&Object> = group.own().collect();
        let inherited = group.objects.len() - own.len();
        let count = match inherited {
            0 => group.objects.len().to_string(),
            all if own.is_empty() => format!("{all}, from its parent"),
            some => format!("{}, {some} of them from its parent", group.objects.len()),
        };
        added(page, &group.relation, &[count]);
        for object in own {
            page.put(6, 10, &[plain(describe(object))]);
        }
    }
}

fn altered(page: &mut Page, artifacts: &Artifacts) {
    group(page, "Existing objects", "altered", artifacts.altered.len());
    for (object, properties) in &artifacts.altered {
        let properties: Vec<String> = properties.iter().map(|name| name.replace('_', " ")).collect();
        page.put(
            4,
            8,
            &[
                styled(Style::Warn, "~"),
                plain(format!(" {}", object.id)),
                dim(format!(": {}", properties.join(", "))),
            ],
        );
    }
}

/// What is gone: tables with what went with them, of all others the names.
fn removed(page: &mut Page, inventory: &Inventory) {
    group(page, "Tables", "removed", inventory.tables.len());
    for table in &inventory.tables {
        gone(page, &table.table.id.path(), &table_facts(table));
    }
    group(page, "Partitions", "removed", inventory.partitions.len());
    for partition in &inventory.partitions {
        gone(page, &partition.id.path(), &[]);
    }
    for (title, groups) in [
        ("Foreign keys", &inventory.foreign_keys),
        ("Policies", &inventory.policies),
        ("Indexes", &inventory.indexes),
        ("Triggers", &inventory.triggers),
    ] {
        group(page, title, "removed", Inventory::count(groups));
        for object in groups.iter().flat_map(|group| &group.objects) {
            gone(page, &name(object), &[]);
        }
    }
    for (kind, objects) in &inventory.others {
        group(page, &kind_title(*kind), "removed", objects.len());
        for object in objects {
            gone(page, &name(object), &[]);
        }
    }
}

// ── lines ──

/// `Tables created (3)`; nothing for none.
fn group(page: &mut Page, title: &str, verb: &str, count: usize) {
    if count > 0 {
        page.blank();
        page.put(2, 4, &[bold(format!("{title} {verb} ({count})"))]);
    }
}

/// `+ public.sync_progress: 16 columns, 5 indexes`.
fn added(page: &mut Page, name: &str, facts: &[String]) {
    line(page, styled(Style::Good, "+"), name, facts);
}

/// `- public.sync_progress: 16 columns, 5 indexes`.
fn gone(page: &mut Page, name: &str, facts: &[String]) {
    line(page, styled(Style::Bad, "-"), name, facts);
}

fn line(page: &mut Page, sign: Span, name: &str, facts: &[String]) {
    let mut spans = vec![sign, plain(format!(" {name}"))];
    let facts: Vec<&str> = facts
        .iter()
        .map(String::as_str)
        .filter(|fact| !fact.is_empty())
        .collect();
    if !facts.is_empty() {
        spans.push(dim(format!(": {}", facts.join(", "))));
    }
    page.put(4, 8, &spans);
}

/// `Materialized views`.
fn kind_title(kind: Kind) -> String {
    let words = summary::plural(kind.as_str());
    words[..1].to_uppercase() + &words[1..]
}
