//! The execution summary: what `apply` or `rollback` did.

use std::collections::{BTreeMap, BTreeSet};

use super::objects;
use super::page::{Page, bold, code, codes, name, text};
use super::parts;
use crate::catalog::{Kind, Object};
use crate::diagnostic::Severity;
use crate::report::coverage;
use crate::report::describe::{self, duration};
use crate::report::model::{Artifacts, Conclusion, MigrationReport, MigrationState, Report, WayBack};
use crate::report::needs::{self, Need};
use crate::report::summary::{self, Tone, quantity, relation_path};
use crate::report::timeline::{Of, has_details, lines};

/// Renders the document.
pub fn render(page: &mut Page, report: &Report) {
    let kind = match report.command {
        "rollback" => "Rollback summary",
        _ => "Execution summary",
    };
    let subject = parts::subject(report);
    let title = if subject.is_empty() {
        kind.to_string()
    } else {
        format!("{kind}: {subject}")
    };
    parts::title(page, report, &title);
    parts::messages(page, report, "Errors", &[Severity::Error]);
    let bad = summary::outcome(report).tone == Tone::Bad;
    if bad {
        super::verification::problems(page, report);
    }
    parts::execution_details(page, report);
    migrations(page, report);
    timeline(page, report);
    for migration in report
        .migrations
        .iter()
        .filter(|migration| !migration.artifacts.is_empty())
    {
        artifacts(page, report, migration);
    }
    parts::checklist(page, report);
    if !bad {
        super::verification::problems(page, report);
    }
    super::isolation::section(page, report);
    let made: Vec<Object> = report
        .migrations
        .iter()
        .flat_map(|migration| migration.artifacts.created.iter().cloned())
        .collect();
    security(page, &made);
    dependencies(page, report, &made);
    compatibility(page, report);
    parts::not_verified(page, report);
    readiness(page, report);
    parts::messages(page, report, "Warnings", &[Severity::Warning]);
    next_steps(page, report);
    parts::sign_off(page, report);
}

/// When what ran and what it waited for, where the durations of the migrations do not say it all.
fn timeline(page: &mut Page, report: &Report) {
    if !has_details(&report.migrations) {
        return;
    }
    page.heading(2, "Timeline");
    let rows: Vec<[String; 4]> = lines(&report.migrations)
        .into_iter()
        .map(|line| {
            let what = match line.of {
                Of::Migration => bold(&line.what),
                Of::Statement | Of::Wait => text(&line.what),
            };
            let rows = line.rows.map_or(String::new(), |rows| rows.to_string());
            [duration(line.start_ms), what, duration(line.duration_ms), rows]
        })
        .collect();
    page.table(["From", "What", "Duration", "Rows"], &rows);
}

/// The migrations of the run, a line each.
fn migrations(page: &mut Page, report: &Report) {
    if report.migrations.is_empty() {
        return;
    }
    page.heading(2, "Migrations");
    let rows: Vec<[String; 5]> = report
        .migrations
        .iter()
        .map(|migration| {
            [
                code(&migration.stem()),
                state(migration),
                migration.duration_ms.map_or(String::new(), duration),
                migration
                    .source
                    .as_ref()
                    .map_or(String::new(), |source| code(&source.file)),
                migration.error.as_deref().map_or(String::new(), text),
            ]
        })
        .collect();
    page.table(["Migration", "State", "Duration", "Script", "Error"], &rows);
}

fn state(migration: &MigrationReport) -> String {
    let word = migration.state.as_str().replace('_', " ");
    match migration.state {
        MigrationState::Applied | MigrationState::RolledBack => format!("✓ {word}"),
        MigrationState::Failed => format!("✗ {word}"),
        MigrationState::Pending | MigrationState::Skipped => word,
    }
}

/// What one migration made, changed and removed.
fn artifacts(page: &mut Page, report: &Report, migration: &MigrationReport) {
    let Artifacts {
        created,
        removed,
        altered,
        traces: _,
    } = &migration.artifacts;
    let several = report.migrations.len() > 1;
    page.heading(
        2,
        &match several {
            true => format!("Artifacts of {}", text(&migration.stem())),
            false => "Artifacts".to_string(),
        },
    );
    if !created.is_empty() {
        let inventory = summary::inventory(created);
        objects::counts(page, &inventory, "Created");
        objects::sections(page, 3, &inventory);
    }
    if !removed.is_empty() {
        page.heading(3, "Removed");
        objects::counts(page, &summary::inventory(removed), "Removed");
    }
    if !altered.is_empty() {
        page.heading(3, &format!("Existing objects changed ({})", altered.len()));
        changed(page, altered);
    }
}

fn changed(page: &mut Page, altered: &[(Object, Vec<String>)]) {
    let rows: Vec<[String; 3]> = altered
        .iter()
        .map(|(object, properties)| {
            let properties: Vec<String> = properties.iter().map(|word| word.replace('_', " ")).collect();
            [
                object.id.kind.to_string(),
                code(&describe::name(object)),
                text(&properties.join(", ")),
            ]
        })
        .collect();
    page.table(["Kind", "Object", "Differs in"], &rows);
}

/// Who may do what with the tables that were made.
pub fn security(page: &mut Page, objects: &[Object]) {
    let tables: Vec<&Object> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table)
        .collect();
    let policies: Vec<&Object> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Policy)
        .collect();
    let grants: Vec<&Object> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Grant)
        .collect();
    if tables.is_empty() && policies.is_empty() && grants.is_empty() {
        return;
    }
    page.heading(2, "Security");
    let guarded = tables.iter().filter(|table| table.flag("row_security")).count();
    let mut facts = Vec::new();
    if !tables.is_empty() {
        facts.push(format!(
            "Row security is enabled on {guarded} of {}, partitions included.",
            quantity(tables.len(), "table")
        ));
    }
    let guards: BTreeSet<String> = policies.iter().map(|policy| relation_path(policy)).collect();
    if !policies.is_empty() {
        facts.push(format!(
            "{} on {}.",
            summary::capital(&quantity(policies.len(), "policy")),
            quantity(guards.len(), "table")
        ));
    }
    let closed: Vec<String> = tables
        .iter()
        .map(|table| table.id.path())
        .filter(|path| !grants.iter().any(|grant| relation_path(grant) == *path))
        .collect();
    let definers: Vec<String> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Function && object.text("security") == Some("definer"))
        .map(|object| object.id.path())
        .collect();
    let functions = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Function)
        .count();
    if functions > 0 {
        facts.push(match definers.is_empty() {
            true => format!(
                "No function runs with its owner's rights (SECURITY DEFINER), of {}.",
                quantity(functions, "function")
            ),
            false => format!(
                "Functions with their owner's rights (SECURITY DEFINER): {}.",
                codes(&definers)
            ),
        });
    }
    let roles: BTreeSet<&str> = grants.iter().map(|grant| grant.id.name.as_str()).collect();
    if !roles.is_empty() {
        let roles: Vec<&str> = roles.into_iter().collect();
        facts.push(format!("Roles with rights on tables: {}.", codes(&roles)));
    }
    if !closed.is_empty() && !tables.is_empty() {
        facts.push(format!(
            "Without a grant to anyone but the owner: {}.",
            codes(&closed)
        ));
    }
    page.list(&facts);
    let rows: Vec<[String; 4]> = tables
        .iter()
        .filter(|table| {
            guards.contains(&table.id.path())
                || !closed.contains(&table.id.path())
                || !table.flag("row_security")
        })
        .map(|table| {
            let path = table.id.path();
            let commands = |object: &&&Object| relation_path(object) == path;
            let mut by_command: BTreeMap<String, usize> = BTreeMap::new();
            for policy in policies.iter().filter(commands) {
                let command = policy.text("command").unwrap_or("all").to_uppercase();
                *by_command.entry(command).or_default() += 1;
            }
            let by_command: Vec<String> = by_command
                .into_iter()
                .map(|(command, count)| {
                    if count == 1 {
                        command
                    } else {
                        format!("{command} ({count})")
                    }
                })
                .collect();
            let rights: Vec<String> = grants
                .iter()
                .filter(commands)
                .map(|grant| {
                    format!(
                        "{}: {}",
                        name(&grant.id.name),
                        grant.list("privileges").join(", ")
                    )
                })
                .collect();
            [
                code(&path),
                objects::row_security(table).to_string(),
                by_command.join(", "),
                rights.join("; "),
            ]
        })
        .collect();
    page.table(["Table", "Row security", "Policies for", "Rights"], &rows);
}

/// What was there before and is used.
fn dependencies(page: &mut Page, report: &Report, made: &[Object]) {
    let needs = needs::needs(made);
    if needs.is_empty() {
        return;
    }
    page.heading(2, "Dependencies and prerequisites");
    page.paragraph(
        "These were there before and are used by what was created: the catalog names them. Bodies of functions \
         are texts to the catalog, and what they name is not in this list.",
    );
    let rows: Vec<[String; 4]> = needs
        .iter()
        .map(|need| {
            [
                need.kind.to_string(),
                code(&need.name),
                users(need),
                maker(report, &need.name),
            ]
        })
        .collect();
    page.table(["Kind", "Object", "Used by", "Made by"], &rows);
    if let Some(database) = &report.database {
        page.paragraph(&format!("Server: PostgreSQL {}.", text(&database.server_version)));
    }
}

fn users(need: &Need) -> String {
    let users: Vec<String> = need
        .users
        .iter()
        .map(|(kind, count)| quantity(*count, kind.as_str()))
        .collect();
    users.join(", ")
}

/// The migration of the project that makes an object, as far as scripts tell.
pub fn maker(report: &Report, name: &str) -> String {
    let bare = name.strip_prefix("public.").unwrap_or(name);
    report
        .makers
        .get(name)
        .or_else(|| report.makers.get(bare))
        .map_or(String::new(), |stem| code(stem))
}

/// What was there before and is not as it was.
fn compatibility(page: &mut Page, report: &Report) {
    let run: Vec<&MigrationReport> = report
        .migrations
        .iter()
        .filter(|migration| {
            matches!(
                migration.state,
                MigrationState::Applied | MigrationState::RolledBack
            )
        })
        .collect();
    if run.is_empty() || report.command != "apply" {
        return;
    }
    page.heading(2, "Backward compatibility");
    let altered: Vec<(Object, Vec<String>)> = run
        .iter()
        .flat_map(|migration| migration.artifacts.altered.iter().cloned())
        .collect();
    let removed: Vec<&Object> = run
        .iter()
        .flat_map(|migration| &migration.artifacts.removed)
        .collect();
    let created: BTreeSet<_> = run
        .iter()
        .flat_map(|migration| migration.artifacts.created.iter().map(|object| &object.id))
        .collect();
    // what a migration added to a relation that was there before
    let added: Vec<String> = run
        .iter()
        .flat_map(|migration| &migration.artifacts.created)
        .filter(|object| !object.id.relation.is_empty() && object.id.kind != Kind::Grant)
        .filter(|object| {
            !Kind::RELATIONS.iter().any(|&kind| {
                created.contains(&crate::catalog::ObjectId::new(
                    kind,
                    &object.id.schema,
                    &object.id.relation,
                ))
            })
        })
        .map(|object| object.id.to_string())
        .collect();
    if altered.is_empty() && removed.is_empty() && added.is_empty() {
        page.paragraph(
            "Existing objects touched: **none** of those that the scripts and their checks name, by the \
             difference of the catalog before and after. The run only added.",
        );
    } else {
        page.paragraph("Existing objects touched, by the difference of the catalog before and after:");
        changed(page, &altered);
        let rows: Vec<[String; 2]> = removed
            .iter()
            .map(|object| [object.id.kind.to_string(), code(&describe::name(object))])
            .collect();
        page.table(["Kind", "Removed"], &rows);
        let rows: Vec<[String; 1]> = added.iter().map(|object| [code(object)]).collect();
        page.table(["Added to what was there before"], &rows);
    }
    let opaque: Vec<String> = run
        .iter()
        .flat_map(|migration| &migration.effects)
        .filter(|effect| effect.action == "run")
        .map(|effect| format!("{} line {}", code(&effect.source.file), effect.source.line))
        .collect();
    if !opaque.is_empty() {
        page.paragraph(
            "Statements that may do more than their text tells, and so may touch what was not looked at:",
        );
        page.list(&opaque);
    }
}

/// What was measured is ticked or not; the rest is for people.
fn readiness(page: &mut Page, report: &Report) {
    let mut items: Vec<(bool, String)> = Vec::new();
    let run = report.migrations.len();
    let done = report
        .migrations
        .iter()
        .filter(|migration| {
            matches!(
                migration.state,
                MigrationState::Applied | MigrationState::RolledBack
            )
        })
        .count();
    if run > 0 {
        items.push((
            done == run,
            format!("{done} of {} executed and committed", quantity(run, "migration")),
        ));
    }
    let errors = summary::errors(report).count();
    items.push((errors == 0, quantity(errors, "error")));
    let totals = report.totals();
    if totals.all() > 0 {
        items.push((
            totals.approved(false) && report.conclusion == Some(Conclusion::Approved),
            format!("Checks: {}", summary::tally(&totals, "check")),
        ));
        let behaviour = report
            .checks
            .iter()
            .filter(|check| matches!(check.kind, "probe" | "isolation" | "query"));
        let behaviour = crate::report::model::Totals::of(behaviour);
        if behaviour.all() > 0 {
            items.push((
                behaviour.pass == behaviour.all(),
                format!("Data and behaviour: {}", summary::parts_of(&behaviour)),
            ));
        }
        let unnamed: usize = coverage::unverified(report)
            .iter()
            .flat_map(|uncovered| &uncovered.objects)
            .map(|(_, names)| names.len())
            .sum();
        items.push((
            unnamed == 0,
            match unnamed {
                0 => "Every object that was made is named by a check".to_string(),
                some => format!("{} made and named by no check", quantity(some, "object")),
            },
        ));
    }
    for migration in &report.migrations {
        if report.command == "apply"
            && let Some(way) = parts::way_back(report, migration)
        {
            let has_script = matches!(migration.way_back, Some(WayBack::Script(_)));
            items.push((
                has_script,
                format!("Way back from {}: {way}", code(&migration.stem())),
            ));
        }
    }
    if items.is_empty() {
        return;
    }
    page.heading(2, "Readiness checklist");
    page.paragraph("Ticked is what this run measured.");
    page.checklist(&items);
}

/// What to run now.
fn next_steps(page: &mut Page, report: &Report) {
    let mut steps = Vec::new();
    let newest = report
        .migrations
        .iter()
        .rev()
        .find(|migration| migration.state == MigrationState::Applied);
    let command = |words: &str| code(&parts::pgplumb(report, words));
    match (report.command, report.conclusion) {
        ("apply", Some(Conclusion::Approved)) if newest.is_some() => {
            steps.push(format!(
                "judge the database again whenever it matters: {}",
                command("verify")
            ));
            steps.push(format!("write down what is deployed: {}", command("docs")));
            if let Some(newest) = newest
                && matches!(newest.way_back, Some(WayBack::Script(_)))
            {
                steps.push(format!(
                    "look at what going back would cost: {}",
                    command(&format!("rollback {} --dry-run", newest.version))
                ));
            }
        }
        ("apply", _)
            if report
                .migrations
                .iter()
                .any(|line| line.state == MigrationState::Failed) =>
        {
            steps.push("correct what is listed above".to_string());
            steps.push(format!("see where the database stands: {}", command("status")));
            steps.push(format!("apply again: {}", command("apply")));
        }
        ("rollback", Some(Conclusion::Approved)) if !report.migrations.is_empty() => {
            steps.push(format!("see where the database stands: {}", command("status")));
            steps.push(format!("judge what is left: {}", command("verify")));
        }
        _ => {}
    }
    if !steps.is_empty() {
        page.heading(2, "Next steps");
        page.steps(&steps);
    }
}
