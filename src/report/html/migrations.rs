//! What was done: how long each migration took, what it made, and of a plan what it would run.

use std::collections::BTreeMap;

use super::{diagram, section};
use crate::catalog::{Kind, Object};
use crate::diagnostic::screen;
use crate::report::findings::line_of;
use crate::report::markup::escape;
use crate::report::model::{Artifacts, MigrationReport, MigrationState, Report, is_partition};
use crate::report::summary;
use crate::report::timeline::{self, Extent, Line, Of};

/// Columns of a statement that is not folded.
const LONG: usize = 160;

/// The sections.
pub fn sections(out: &mut String, report: &Report) {
    if !summary::is_run(report) {
        return;
    }
    section(out, "timeline", "Migrations", &timeline(report));
    section(out, "times", "Timeline", &times(report));
    let plans: String = report.migrations.iter().map(plan).collect();
    section(out, "plan", "Plan", &plans);
    section(
        out,
        "diagram",
        "Tables and their relations",
        &diagram::diagram(report),
    );
    let artifacts: String = report.migrations.iter().map(artifacts).collect();
    section(out, "artifacts", "Changes of the catalog", &artifacts);
}

/// When what ran and what it waited for, where the durations of the migrations do not say it all.
fn times(report: &Report) -> String {
    if !timeline::has_details(&report.migrations, Extent::Whole) {
        return String::new();
    }
    let lines = timeline::lines(&report.migrations, Extent::Whole);
    let span = timeline::span(&lines);
    match timeline::longest(&lines) {
        None => times_list(&lines, span),
        Some((longest, count)) => format!(
            "<p>The longest of {count} statements:</p>\n{}\
             <details><summary>All, in order</summary>\n{}</details>\n",
            times_list(longest, span),
            times_list(&lines, span),
        ),
    }
}

/// A line each, with its place between the beginning and the end of the whole, both in milliseconds.
fn times_list<'l>(lines: impl IntoIterator<Item = &'l Line>, (start, end): (f64, f64)) -> String {
    let share = |milliseconds: f64| milliseconds / (end - start).max(f64::MIN_POSITIVE) * 100.0;
    let mut out = String::from("<ol class=\"timeline\">\n");
    for line in lines {
        let (class, verb) = match line.of {
            Of::Migration if line.has_failed => ("failed", "failed after"),
            Of::Migration => ("done", "took"),
            Of::Statement => ("part", "took"),
            Of::Wait => ("part wait", "waited"),
        };
        let rows = line.rows.map_or(String::new(), |rows| {
            let rows = usize::try_from(rows).unwrap_or(usize::MAX);
            format!(", {}", summary::quantity(rows, "row"))
        });
        out.push_str(&format!(
            "<li class=\"{class}\"><span>{}</span>\
             <span class=\"bar\" aria-hidden=\"true\"><i style=\"--from:{:.2}%;--width:{:.2}%\"></i></span>\
             <span class=\"state\">at {}, {verb} {}{rows}</span></li>\n",
            escape(&line.what),
            share(line.start_ms - start),
            share(line.duration_ms),
            super::short_duration(line.start_ms),
            super::short_duration(line.duration_ms),
        ));
    }
    out + "</ol>\n"
}

/// One after the other, as far as durations are known.
fn timeline(report: &Report) -> String {
    if report.migrations.is_empty() {
        return String::new();
    }
    let durations = report
        .migrations
        .iter()
        .filter_map(|migration| migration.duration_ms);
    let all: f64 = durations.sum();
    let mut from = 0.0;
    let mut out = String::from("<ol class=\"timeline\">\n");
    for migration in &report.migrations {
        let (class, state) = match migration.state {
            MigrationState::Failed => ("failed", "failed"),
            MigrationState::Applied if report.dry_run => ("planned", "planned"),
            MigrationState::Pending if report.dry_run => ("planned", "planned"),
            MigrationState::Applied => ("done", "applied"),
            MigrationState::RolledBack => ("done", "rolled back"),
            MigrationState::Pending => ("left", "still pending"),
            MigrationState::Skipped => ("left", "left out"),
        };
        out.push_str(&format!(
            "<li class=\"{class}\"><span>{}",
            escape(&migration.stem())
        ));
        if let Some(error) = &migration.error {
            out.push_str(&format!(": {}", escape(error)));
        }
        out.push_str("</span>");
        match migration.duration_ms {
            Some(duration) if all > 0.0 => {
                out.push_str(&format!(
                    "<span class=\"bar\" aria-hidden=\"true\"><i style=\"--from:{:.2}%;--width:{:.2}%\"></i></span>\
                     <span class=\"state\">{state} in {}</span></li>\n",
                    from / all * 100.0,
                    duration / all * 100.0,
                    super::short_duration(duration)
                ));
                from += duration;
            }
            _ => out.push_str(&format!(
                "<span></span><span class=\"state\">{state}</span></li>\n"
            )),
        }
    }
    out + "</ol>\n"
}

/// Of a dry run: the statements, and how many checks would judge them.
fn plan(migration: &MigrationReport) -> String {
    if migration.statements.is_empty() {
        return String::new();
    }
    let mut out = format!(
        "<details open class=\"plan\"><summary><strong>{}</strong>: {}, {}</summary>\n\
         <div class=\"scroll stack\" tabindex=\"0\" role=\"region\" aria-label=\"Statements of {0}\"><table>\n\
         <caption>Statements of {0}</caption>\n\
         <thead><tr><th scope=\"col\">Line</th><th scope=\"col\">Statement</th><th scope=\"col\">Text</th></tr></thead>\n<tbody>\n",
        escape(&migration.stem()),
        summary::quantity(migration.statements.len(), "statement"),
        match migration.gates.len() {
            0 => "no check judges it".to_string(),
            count => format!("{} before COMMIT", summary::quantity(count, "check")),
        }
    );
    for statement in &migration.statements {
        out.push_str(&format!(
            "<tr><td class=\"tag\" title=\"{}\">{}</td><td class=\"tag\">{}</td><td>{}</td></tr>\n",
            escape(&line_of(&statement.source)),
            statement.source.line,
            escape(&statement.tag),
            text(&statement.text, &statement.tag)
        ));
    }
    out + "</tbody>\n</table></div></details>\n"
}

/// A statement on one line; of a long one the beginning, and all of it behind that.
fn text(sql: &str, tag: &str) -> String {
    let line = summary::without_tag(sql, tag);
    let short = screen::cut(&line, LONG, "…");
    match short == line {
        true => format!("<code>{}</code>", escape(&line)),
        false => format!(
            "<details><summary><code>{}</code></summary>\n<pre tabindex=\"0\">{}</pre></details>",
            escape(&short),
            escape(sql)
        ),
    }
}

/// What it made, removed and changed, a list a kind.
fn artifacts(migration: &MigrationReport) -> String {
    let artifacts = &migration.artifacts;
    if artifacts.is_empty() {
        return String::new();
    }
    let mut out = format!("<h3>{}</h3>\n", escape(&migration.stem()));
    names(&mut out, "created", &created(artifacts));
    let mut altered: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for (object, properties) in &artifacts.altered {
        let line = format!("{}: {}", object.id.path(), properties.join(", "));
        altered.entry(object.id.kind.plural()).or_default().push(line);
    }
    names(&mut out, "changed", &altered);
    names(&mut out, "removed", &Report::removed_names(artifacts));
    out
}

/// Without the columns and constraints that partitions have because their parent has them.
fn created(artifacts: &Artifacts) -> BTreeMap<&'static str, Vec<String>> {
    let partitions: Vec<&Object> = artifacts
        .created
        .iter()
        .filter(|object| is_partition(object))
        .collect();
    let inherited = |object: &Object| {
        let is_part = matches!(
            object.id.kind,
            Kind::Column | Kind::PrimaryKey | Kind::Unique | Kind::Check | Kind::Exclusion | Kind::ForeignKey
        );
        is_part
            && partitions.iter().any(|partition| {
                partition.id.schema == object.id.schema && partition.id.name == object.id.relation
            })
    };
    let own = artifacts.created.iter().filter(|object| !inherited(object));
    Report::artifact_names(&Artifacts {
        created: own.cloned().collect(),
        ..Artifacts::default()
    })
}

/// Of `check_constraints` the word for one of them.
fn singular(plural: &str) -> &'static str {
    let kind = Kind::ALL.iter().find(|kind| kind.plural() == plural);
    kind.map_or("partition", |kind| kind.as_str())
}

fn names(out: &mut String, verb: &str, names: &BTreeMap<&'static str, Vec<String>>) {
    for (kind, names) in names {
        out.push_str(&format!(
            "<details class=\"artifacts\"><summary>{} {verb}</summary>\n<ul class=\"names\">",
            summary::quantity(names.len(), singular(kind))
        ));
        for name in names {
            out.push_str(&format!("<li><code>{}</code></li>", escape(name)));
        }
        out.push_str("</ul></details>\n");
    }
}
