//! What a migration did to the catalog: new with `+`, changed with `~`, gone with `-`.

use super::details::duration;
use super::page::{Page, Span, Style, bold, dim, plain, styled};
use crate::catalog::{Kind, Object};
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Report};
use crate::report::summary::{self, Inventory, OnRelation, TableSummary};

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
    let foreign_key = |key: &Object| foreign_key(arrow, key);
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

// ── descriptions ──

/// The path; of a grant who has it on what.
fn name(object: &Object) -> String {
    let id = &object.id;
    if id.kind == Kind::Grant {
        format!("{} on {}", id.name, summary::relation_path(object))
    } else {
        id.path()
    }
}

fn table_facts(summary: &TableSummary) -> Vec<String> {
    let table = summary.table;
    let mut facts = Vec::new();
    if let Some(kind) = table.text("type").filter(|kind| *kind == "foreign table") {
        facts.push(kind.to_string());
    }
    if let Some(persistence) = table.text("persistence").filter(|word| *word != "permanent") {
        facts.push(persistence.to_string());
    }
    for (count, noun) in [
        (summary.columns, "column"),
        (summary.indexes, "index"),
        (summary.policies, "policy"),
        (summary.triggers, "trigger"),
        (summary.foreign_keys, "foreign key"),
    ] {
        if count > 0 {
            facts.push(summary::quantity(count, noun));
        }
    }
    match (table.flag("row_security"), table.flag("force_row_security")) {
        (true, true) => facts.push("row security forced".to_string()),
        (true, false) => facts.push("row security enabled".to_string()),
        (false, _) => facts.push("no row security".to_string()),
    }
    if let Some(key) = table.text("partition_by") {
        facts.push(format!("partitioned by {key}"));
    }
    if summary.partitions > 0 {
        facts.push(summary::quantity(summary.partitions, "partition"));
    }
    facts
}

/// What there is to say of an object besides its name.
fn facts(object: &Object) -> Vec<String> {
    let text = |property: &str| object.text(property).unwrap_or_default().to_string();
    let labelled = |label: &str, property: &str| match object.text(property) {
        Some(text) => format!("{label} {text}"),
        None => String::new(),
    };
    match object.id.kind {
        Kind::Role => vec![
            if object.flag("login") {
                "may log in"
            } else {
                "no login"
            }
            .to_string(),
        ],
        Kind::Schema => vec![],
        Kind::Extension => vec![labelled("version", "version"), labelled("in schema", "in_schema")],
        Kind::Enum => vec![object.list("labels").join(", ")],
        Kind::Domain => vec![text("type")],
        Kind::Sequence => vec![text("type"), labelled("owned by", "owned_by")],
        Kind::Column => vec![column(object)],
        Kind::PrimaryKey | Kind::Unique => vec![format!("({})", object.list("columns").join(", "))],
        Kind::Check => vec![text("expression")],
        Kind::Exclusion => vec![text("definition")],
        Kind::Function => vec![
            labelled("returns", "returns"),
            text("language"),
            labelled("security", "security"),
        ],
        Kind::View => vec![],
        Kind::MaterializedView => {
            vec![
                if object.flag("populated") {
                    ""
                } else {
                    "not populated"
                }
                .to_string(),
            ]
        }
        Kind::Grant => vec![object.list("privileges").join(", ")],
        Kind::Table | Kind::Index | Kind::Policy | Kind::Trigger | Kind::ForeignKey => vec![],
    }
}

/// `integer not null default 0`.
fn column(object: &Object) -> String {
    let mut words = vec![object.text("type").unwrap_or_default().to_string()];
    if object.flag("not_null") {
        words.push("not null".to_string());
    }
    if let Some(default) = object.text("default") {
        words.push(format!("default {default}"));
    }
    if let Some(identity) = object.text("identity") {
        words.push(format!("generated {identity} as identity"));
    }
    if let Some(generated) = object.text("generated") {
        words.push(format!("generated as ({generated})"));
    }
    words.join(" ")
}

/// `sync_progress_org_id_fkey (org_id) → public.organization (id) on delete cascade`.
fn foreign_key(arrow: &str, object: &Object) -> String {
    let mut words = format!(
        "{} ({}) {arrow} {} ({})",
        object.id.name,
        object.list("columns").join(", "),
        object.text("target").unwrap_or_default(),
        object.list("target_columns").join(", ")
    );
    for (label, property) in [("on update", "on_update"), ("on delete", "on_delete")] {
        if let Some(action) = object.text(property).filter(|action| *action != "no action") {
            words.push_str(&format!(" {label} {action}"));
        }
    }
    words
}

/// `sync_progress_select for select to public`.
fn policy(object: &Object) -> String {
    let kind = if object.get("permissive").is_some() && !object.flag("permissive") {
        " (restrictive)"
    } else {
        ""
    };
    format!(
        "{}{kind} for {} to {}",
        object.id.name,
        object.text("command").unwrap_or("all"),
        object.list("roles").join(", ")
    )
}

/// `idx_sync_progress_active (org_id, updated_at desc) where completed_at IS NULL`.
fn index(object: &Object) -> String {
    let orders = object.list("orders");
    let keys: Vec<String> = object
        .list("keys")
        .iter()
        .enumerate()
        .map(
            |(position, key)| match orders.get(position).map_or("", String::as_str) {
                // what SQL does when nothing is said
                "" | "asc nulls last" => key.clone(),
                "desc nulls first" => format!("{key} desc"),
                "asc nulls first" => format!("{key} nulls first"),
                order => format!("{key} {order}"),
            },
        )
        .collect();
    let mut words = object.id.name.clone();
    if object.flag("unique") {
        words.push_str(" unique");
    }
    if let Some(method) = object.text("method").filter(|method| *method != "btree") {
        words.push_str(&format!(" using {method}"));
    }
    words.push_str(&format!(" ({})", keys.join(", ")));
    if !object.list("include").is_empty() {
        words.push_str(&format!(" include ({})", object.list("include").join(", ")));
    }
    if let Some(predicate) = object.text("predicate") {
        words.push_str(&format!(" where {predicate}"));
    }
    if object.get("valid").is_some() && !object.flag("valid") {
        words.push_str(" (not valid)");
    }
    words
}

/// `sync_progress_update_elapsed before insert or update, each row, executes public.f()`.
fn trigger(object: &Object) -> String {
    let mut events: Vec<String> = object.list("events").to_vec();
    let columns = object.list("columns");
    if let Some(update) = events.iter_mut().find(|event| *event == "update")
        && !columns.is_empty()
    {
        update.push_str(&format!(" of {}", columns.join(", ")));
    }
    let mut words = format!(
        "{} {} {}, each {}",
        object.id.name,
        object.text("timing").unwrap_or_default(),
        events.join(" or "),
        object.text("level").unwrap_or_default(),
    );
    if let Some(when) = object.text("when") {
        words.push_str(&format!(", when ({when})"));
    }
    if let Some(function) = object.text("function") {
        words.push_str(&format!(", executes {function}()"));
    }
    if let Some(enabled) = object.text("enabled").filter(|enabled| *enabled != "origin") {
        words.push_str(&format!(" ({enabled})"));
    }
    words
}
