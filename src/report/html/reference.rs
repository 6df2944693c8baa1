//! Of `docs`: what is deployed, table by table.

use super::{diagram, section};
use crate::catalog::{Kind, Object};
use crate::report::ddl;
use crate::report::describe::{self, bytes};
use crate::report::markup::escape;
use crate::report::model::{Documentation, Report, is_partition};
use crate::report::summary::quantity;

/// The sections.
pub fn sections(out: &mut String, report: &Report) {
    let Some(documentation) = &report.documentation else {
        return;
    };
    let objects: Vec<&Object> = documentation.objects.iter().collect();
    section(
        out,
        "diagram",
        "Tables and their relations",
        &diagram::of(&objects),
    );
    let tables: String = of_kind(documentation, Kind::Table)
        .filter(|table| !is_partition(table))
        .map(|one| table(documentation, one))
        .collect();
    section(out, "tables", "Tables", &tables);
    let mut types = String::new();
    for object in of_kind(documentation, Kind::Enum) {
        entry(&mut types, object, &ddl::enumeration(object), "");
    }
    section(out, "enums", "Enum types", &types);
    let mut functions = String::new();
    for object in of_kind(documentation, Kind::Function) {
        entry(&mut functions, object, &ddl::function(object), "");
    }
    section(out, "functions", "Functions", &functions);
    let rollbacks: String = documentation
        .rollbacks
        .iter()
        .map(|(path, script)| {
            format!(
                "<details class=\"artifacts\"><summary><code>{}</code></summary>\n<pre>{}</pre></details>\n",
                escape(path),
                escape(script.trim_end())
            )
        })
        .collect();
    section(out, "rollbacks", "Rollback scripts", &rollbacks);
}

fn of_kind(documentation: &Documentation, kind: Kind) -> impl Iterator<Item = &Object> {
    documentation
        .objects
        .iter()
        .filter(move |object| object.id.kind == kind)
}

/// A table with its figures, its definition, and what stands on it.
fn table(documentation: &Documentation, table: &Object) -> String {
    let mut beside = Vec::new();
    if let Some(figures) = documentation.figures.get(&table.id.path()) {
        beside.extend(figures.rows.map(|rows| format!("about {rows} rows")));
        beside.push(bytes(figures.total_bytes));
    }
    let partitions = of_kind(documentation, Kind::Table)
        .filter(|other| other.text("partition_of").is_some_and(|of| of == table.id.path()))
        .count();
    if partitions > 0 {
        beside.push(quantity(partitions, "partition"));
    }
    let mut out = String::new();
    entry(
        &mut out,
        table,
        &ddl::table(table, &documentation.objects),
        &beside.join(", "),
    );
    for (kind, words, describe) in [
        (Kind::Index, "Indexes", describe::index as fn(&Object) -> String),
        (Kind::Policy, "Policies", describe::policy),
        (Kind::Trigger, "Triggers", describe::trigger),
    ] {
        let lines: Vec<String> = of_kind(documentation, kind)
            .filter(|object| object.id.schema == table.id.schema && object.id.relation == table.id.name)
            .map(|object| format!("<li><code>{}</code></li>", escape(&describe(object))))
            .collect();
        if !lines.is_empty() {
            out.push_str(&format!(
                "<details class=\"artifacts\"><summary><strong>{}</strong> {}</summary>\n<ul>{}</ul></details>\n",
                lines.len(),
                words.to_lowercase(),
                lines.concat()
            ));
        }
    }
    out
}

/// An object with its comment and its definition.
fn entry(out: &mut String, object: &Object, definition: &str, beside: &str) {
    out.push_str(&format!("<h3><code>{}</code></h3>\n", escape(&object.id.path())));
    for line in [object.text("comment").unwrap_or_default(), beside] {
        if !line.is_empty() {
            out.push_str(&format!("<p>{}</p>\n", escape(line)));
        }
    }
    out.push_str(&format!("<pre>{}</pre>\n", escape(definition.trim_end())));
}
