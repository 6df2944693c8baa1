//! Objects in a few words, the same in every format for people.

use super::summary::{self, TableSummary};
use crate::catalog::{Kind, Object};
use crate::check::Status;

/// `412.7 ms`, `4.02 s (4021.95 ms)`, `2 min 5.0 s (125000.00 ms)`.
pub fn duration(milliseconds: f64) -> String {
    let seconds = milliseconds / 1000.0;
    if milliseconds < 1000.0 {
        format!("{milliseconds:.1} ms")
    } else if seconds < 60.0 {
        format!("{seconds:.2} s ({milliseconds:.2} ms)")
    } else {
        format!(
            "{:.0} min {:.1} s ({milliseconds:.2} ms)",
            (seconds / 60.0).floor(),
            seconds % 60.0
        )
    }
}

/// The same without the figure in milliseconds behind it.
pub fn short_duration(milliseconds: f64) -> String {
    let long = duration(milliseconds);
    long.split_once(" (")
        .map_or(long.clone(), |(short, _)| short.to_string())
}

/// `640 kB`, as `pg_size_pretty` would say.
pub fn bytes(bytes: i64) -> String {
    let mut size = bytes;
    for unit in ["bytes", "kB", "MB", "GB"] {
        if size < 10 * 1024 {
            return format!("{size} {unit}");
        }
        size = (size + 512) / 1024;
    }
    format!("{size} TB")
}

/// `✓`, `✗`, `⊘`, `!`, `–`.
pub fn mark(status: Status) -> &'static str {
    match status {
        Status::Pass => "✓",
        Status::Fail => "✗",
        Status::Blocked => "⊘",
        Status::Warn => "!",
        Status::Skip => "–",
    }
}

/// `✗ FAIL`.
pub fn status_word(status: Status) -> String {
    format!("{} {}", mark(status), status.as_str().to_uppercase())
}

/// Whether row security is enabled on a table, and for its owner as well.
pub fn row_security(table: &Object) -> &'static str {
    match (table.flag("row_security"), table.flag("force_row_security")) {
        (true, true) => "forced",
        (true, false) => "enabled",
        (false, _) => "off",
    }
}

/// The path; of a grant who has it on what.
pub fn name(object: &Object) -> String {
    let id = &object.id;
    if id.kind == Kind::Grant {
        format!("{} on {}", id.name, summary::relation_path(object))
    } else {
        id.path()
    }
}

/// The counts and the state of a table, each a few words.
pub fn table_facts(summary: &TableSummary) -> Vec<String> {
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
pub fn facts(object: &Object) -> Vec<String> {
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
        Kind::Composite => vec![object.list("attributes").join(", ")],
        Kind::Range => vec![labelled("of", "subtype")],
        Kind::Domain => vec![text("type")],
        Kind::Server => vec![labelled("of", "wrapper")],
        Kind::Statistics => vec![format!("on {}", object.list("keys").join(", "))],
        Kind::EventTrigger => vec![labelled("on", "event"), labelled("executes", "function")],
        Kind::Rule => vec![text("definition")],
        Kind::DefaultPrivileges => vec![],
        Kind::Publication if object.flag("all_tables") => vec!["of all tables".to_string()],
        Kind::Publication => vec![object.list("tables").join(", ")],
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
        Kind::Other => vec![object.id.word().to_string()],
        Kind::Table | Kind::Index | Kind::Policy | Kind::Trigger | Kind::ForeignKey => vec![],
    }
}

/// `integer not null default 0`.
pub fn column(object: &Object) -> String {
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
pub fn foreign_key(arrow: &str, object: &Object) -> String {
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
pub fn policy(object: &Object) -> String {
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
pub fn index(object: &Object) -> String {
    format!("{} {}", object.id.name, index_shape(object))
}

/// `unique (org_id, updated_at desc) where completed_at IS NULL`.
pub fn index_shape(object: &Object) -> String {
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
    let mut words = String::new();
    if object.flag("unique") {
        words.push_str("unique ");
    }
    if let Some(method) = object.text("method").filter(|method| *method != "btree") {
        words.push_str(&format!("using {method} "));
    }
    words.push_str(&format!("({})", keys.join(", ")));
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
pub fn trigger(object: &Object) -> String {
    format!("{} {}", object.id.name, trigger_shape(object))
}

/// `before insert or update, each row, executes public.f()`.
pub fn trigger_shape(object: &Object) -> String {
    let mut events: Vec<String> = object.list("events").to_vec();
    let columns = object.list("columns");
    if let Some(update) = events.iter_mut().find(|event| *event == "update")
        && !columns.is_empty()
    {
        update.push_str(&format!(" of {}", columns.join(", ")));
    }
    let mut words = format!(
        "{} {}, each {}",
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
