//! The deployment checklist: what `apply --dry-run` or `rollback --dry-run` would do.

use std::collections::BTreeMap;

use super::page::{Page, bold, code, text};
use super::parts;
use crate::diagnostic::Severity;
use crate::report::coverage;
use crate::report::model::{Database, EffectLine, MigrationReport, Report, WayBack};
use crate::report::summary::{self, Tone, capital, plural, quantity};
use crate::sql::lex;

/// Renders the document.
pub fn render(page: &mut Page, report: &Report) {
    let subject = parts::subject(report);
    let title = match (report.command, subject.as_str()) {
        (_, "") => "Deployment checklist".to_string(),
        ("rollback", subject) => format!("Rollback plan: {subject}"),
        (_, subject) => format!("Deployment checklist: {subject}"),
    };
    parts::title(page, report, &title);
    let mut rows = parts::place(report);
    if !report.started_at.is_empty() {
        rows.insert(0, ("Planned at", text(&report.started_at)));
    }
    page.fields(&rows);
    parts::messages(page, report, "Errors", &[Severity::Error]);
    if summary::outcome(report).tone == Tone::Bad {
        super::verification::problems(page, report);
    }
    if report.migrations.is_empty() {
        page.paragraph("There is no migration to run.");
        return;
    }
    files(page, report);
    for migration in &report.migrations {
        plan(page, report, migration);
    }
    checklist(page, report);
    if report.command == "apply" {
        procedure(page, report);
        way_back(page, report);
        after(page, report);
        validation(page, report);
    }
    parts::messages(page, report, "Warnings", &[Severity::Warning]);
    parts::messages(page, report, "Notes", &[Severity::Note]);
    status(page, report);
}

fn files(page: &mut Page, report: &Report) {
    if report
        .migrations
        .iter()
        .all(|migration| migration.files.is_empty())
    {
        return;
    }
    let count: usize = report
        .migrations
        .iter()
        .map(|migration| migration.files.len())
        .sum();
    page.heading(2, &format!("Files ({count})"));
    parts::files(page, &report.migrations);
}

/// What one script will do.
fn plan(page: &mut Page, report: &Report, migration: &MigrationReport) {
    page.heading(
        2,
        &match report.migrations.len() {
            1 => "What will be done".to_string(),
            _ => format!("What {} will do", text(&migration.stem())),
        },
    );
    let effects = &migration.effects;
    let rows = overview(effects);
    page.table(
        ["Kind", "Created", "Altered", "Dropped", "Rights, refreshes"],
        &rows,
    );
    for (kind, lines) in created(effects) {
        page.heading(3, &format!("{} ({})", capital(&plural(kind)), lines.len()));
        let columns = |line: &EffectLine| {
            let count = effects
                .iter()
                .filter(|effect| effect.kind == "column" && effect.action == "create")
                .filter(|effect| effect.on.as_deref() == Some(line.name.as_str()))
                .count();
            if kind == "table" && count > 0 {
                quantity(count, "column")
            } else {
                String::new()
            }
        };
        let rows: Vec<[String; 5]> = lines
            .iter()
            .map(|line| {
                let definition = match kind {
                    "table" if !columns(line).is_empty() => String::new(),
                    "constraint" => shortened(element(&line.text)),
                    _ => shortened(&line.text),
                };
                [
                    code(&line.name),
                    line.on.as_deref().map_or(String::new(), code),
                    columns(line),
                    code(&definition),
                    line.source.line.to_string(),
                ]
            })
            .collect();
        page.table([&capital(kind), "On", "Columns", "Definition", "Line"], &rows);
    }
    security(page, effects);
    automation(page, effects);
    let others = coverage::touched(report, migration);
    if !effects.is_empty() {
        page.heading(3, "Existing objects");
        if others.is_empty() {
            page.paragraph(
                "It alters and drops nothing but what it creates itself or what is created before it in this plan, \
                 as far as its text tells.",
            );
        }
        let rows: Vec<[String; 5]> = others
            .iter()
            .map(|line| {
                [
                    line.action.to_string(),
                    line.kind.to_string(),
                    code(&line.name),
                    code(&shortened(&line.text)),
                    line.source.line.to_string(),
                ]
            })
            .collect();
        page.table(["Does", "Kind", "Object", "Statement", "Line"], &rows);
    }
    let opaque: Vec<String> = effects
        .iter()
        .filter(|effect| effect.action == "run")
        .map(|effect| format!("line {}: {}", effect.source.line, code(&effect.name)))
        .collect();
    if !opaque.is_empty() {
        page.paragraph("Statements that may do more than their text tells:");
        page.list(&opaque);
    }
    if effects.is_empty() {
        let rows: Vec<[String; 3]> = migration
            .statements
            .iter()
            .map(|line| {
                [
                    line.source.line.to_string(),
                    line.tag.clone(),
                    code(&shortened(&summary::without_tag(&line.text, &line.tag))),
                ]
            })
            .collect();
        page.table(["Line", "Statement", "Of"], &rows);
    }
}

/// How many of which kind.
fn overview(effects: &[EffectLine]) -> Vec<[String; 5]> {
    let mut counts: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for effect in effects
        .iter()
        .filter(|effect| !matches!(effect.action, "run" | "comment"))
    {
        let column = match effect.action {
            "create" => 0,
            "alter" | "rename" | "move" | "attach" | "detach" => 1,
            "drop" => 2,
            _ => 3,
        };
        counts.entry(effect.kind).or_default()[column] += 1;
    }
    let number = |count: usize| {
        if count == 0 {
            String::new()
        } else {
            count.to_string()
        }
    };
    counts
        .into_iter()
        .map(|(kind, [create, alter, drop, other])| {
            [
                capital(&plural(kind)),
                number(create),
                number(alter),
                number(drop),
                number(other),
            ]
        })
        .collect()
}

/// What is created, by kind, but the columns of tables, which stand in the script.
fn created(effects: &[EffectLine]) -> Vec<(&'static str, Vec<&EffectLine>)> {
    let mut groups: Vec<(&'static str, Vec<&EffectLine>)> = Vec::new();
    for effect in effects.iter().filter(|effect| effect.action == "create") {
        if matches!(
            effect.kind,
            "column" | "policy" | "trigger" | "function" | "procedure"
        ) {
            continue;
        }
        match groups.iter_mut().find(|(kind, _)| *kind == effect.kind) {
            Some((_, lines)) => lines.push(effect),
            None => groups.push((effect.kind, vec![effect])),
        }
    }
    groups
}

/// Row security, policies and rights that the script gives and takes.
fn security(page: &mut Page, effects: &[EffectLine]) {
    let row_security: Vec<&EffectLine> = effects
        .iter()
        .filter(|effect| effect.action == "alter" && effect.kind == "table")
        .filter(|effect| effect.text.to_lowercase().contains("row level security"))
        .collect();
    let of = |action: &str, kind: &str| -> Vec<&EffectLine> {
        effects
            .iter()
            .filter(|effect| effect.action == action && (kind.is_empty() || effect.kind == kind))
            .collect()
    };
    let policies = of("create", "policy");
    let rights: Vec<&EffectLine> = of("grant", "").into_iter().chain(of("revoke", "")).collect();
    let roles = of("create", "role");
    if row_security.is_empty() && policies.is_empty() && rights.is_empty() && roles.is_empty() {
        return;
    }
    page.heading(3, "Security");
    let mut by_table: BTreeMap<&str, (bool, Vec<String>, usize)> = BTreeMap::new();
    for effect in &row_security {
        by_table.entry(&effect.name).or_default().0 |= effect.text.to_lowercase().contains("enable");
    }
    for policy in &policies {
        let entry = by_table
            .entry(policy.on.as_deref().unwrap_or_default())
            .or_default();
        entry.2 += 1;
        entry.1.push(command_of(&policy.text));
    }
    let rows: Vec<[String; 4]> = by_table
        .into_iter()
        .map(|(table, (enabled, commands, count))| {
            [
                code(table),
                if enabled {
                    "enabled".to_string()
                } else {
                    String::new()
                },
                count.to_string(),
                text(&commands.join(", ")),
            ]
        })
        .collect();
    page.table(["Table", "Row security", "Policies", "For"], &rows);
    let lines: Vec<String> = rights
        .iter()
        .map(|right| {
            format!(
                "{} (line {})",
                code(&format!(
                    "{} {}",
                    right.action.to_uppercase(),
                    shortened(&right.text)
                )),
                right.source.line
            )
        })
        .collect();
    let mut unique: Vec<String> = Vec::new();
    for line in lines {
        if !unique.contains(&line) {
            unique.push(line);
        }
    }
    page.list(&unique);
}

/// The command behind FOR of a policy's text.
fn command_of(text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_uppercase).collect();
    words
        .windows(2)
        .find(|pair| pair[0] == "FOR")
        .map_or("ALL".to_string(), |pair| pair[1].clone())
}

/// Functions and triggers.
fn automation(page: &mut Page, effects: &[EffectLine]) {
    let created = |kinds: &[&str]| -> Vec<&EffectLine> {
        effects
            .iter()
            .filter(|effect| effect.action == "create" && kinds.contains(&effect.kind))
            .collect()
    };
    let functions = created(&["function", "procedure"]);
    let triggers = created(&["trigger", "event trigger"]);
    if functions.is_empty() && triggers.is_empty() {
        return;
    }
    page.heading(
        3,
        &format!(
            "Automation: {}, {}",
            quantity(triggers.len(), "trigger"),
            quantity(functions.len(), "function")
        ),
    );
    let rows: Vec<[String; 5]> = triggers
        .iter()
        .chain(&functions)
        .map(|line| {
            [
                line.kind.to_string(),
                code(&line.name),
                line.on.as_deref().map_or(String::new(), code),
                if line.kind == "trigger" {
                    code(&shortened(&line.text))
                } else {
                    String::new()
                },
                line.source.line.to_string(),
            ]
        })
        .collect();
    page.table(["Kind", "Name", "On", "Fires", "Line"], &rows);
}

/// The beginning of a statement.
fn shortened(sql: &str) -> String {
    crate::diagnostic::screen::cut(sql, 140, "…")
}

/// Of a list of a table's elements the first: up to the comma behind it, or the parenthesis that ends the list.
fn element(sql: &str) -> &str {
    let mut depth = 0_usize;
    for token in lex(sql) {
        match token.text(sql) {
            "(" => depth += 1,
            ")" | "," if depth == 0 => return sql[..token.span.start].trim_end(),
            ")" => depth -= 1,
            _ => {}
        }
    }
    sql
}

/// What pgplumb knows is ticked; the rest is for people.
fn checklist(page: &mut Page, report: &Report) {
    page.heading(2, "Pre-deployment checklist");
    page.paragraph("Ticked is what this run measured; the rest is for people.");
    page.heading(3, "Measured");
    let mut items: Vec<(bool, String)> = Vec::new();
    let good = summary::outcome(report).tone != Tone::Bad;
    if let Some(database) = &report.database {
        items.push((
            true,
            format!(
                "The database answers: PostgreSQL {}",
                text(&database.server_version)
            ),
        ));
    }
    items.push((
        good,
        "History and files agree, and the order of versions holds".to_string(),
    ));
    let statements: usize = report
        .migrations
        .iter()
        .map(|migration| migration.statements.len())
        .sum();
    items.push((
        good,
        format!(
            "{} can be run in a transaction: no meta-command, no COMMIT of their own",
            capital(&quantity(statements, "statement"))
        ),
    ));
    for migration in report.migrations.iter().filter(|_| report.command == "apply") {
        let stem = code(&migration.stem());
        items.push((
            !migration.gates.is_empty(),
            match migration.gates.len() {
                0 => format!("{stem} has no check that would gate it"),
                some => format!(
                    "{stem} is gated by {} before COMMIT: {}",
                    quantity(some, "check"),
                    gates(migration)
                ),
            },
        ));
        match &migration.way_back {
            Some(WayBack::Script(path)) => {
                items.push((true, format!("{stem} has a way back: {}", code(path))))
            }
            Some(WayBack::Irreversible(reason)) => {
                items.push((true, format!("{stem} is declared irreversible: {}", text(reason))));
            }
            Some(WayBack::None) => items.push((false, format!("{stem} has a way back"))),
            Some(WayBack::Repeatable) | None => {}
        }
    }
    page.checklist(&items);
    page.heading(3, "For people");
    let mut people = vec![(false, "A backup is taken, and restoring it was tried".to_string())];
    for migration in &report.migrations {
        for file in migration.files.iter().filter(|file| file.role != "checks") {
            people.push((
                false,
                format!(
                    "{} is reviewed (SHA-256 {})",
                    code(&file.path),
                    code(&file.sha256[..16.min(file.sha256.len())])
                ),
            ));
        }
    }
    people.push((
        false,
        "The same files were applied to a staging database".to_string(),
    ));
    people.push((false, "Approved: database administrator".to_string()));
    people.push((false, "Approved: owner of the change".to_string()));
    people.push((false, "Approved: security review".to_string()));
    page.checklist(&people);
}

/// `Tables 3, Policies 12, …`.
fn gates(migration: &MigrationReport) -> String {
    let components = summary::components_of(migration.gates.iter().map(|gate| gate.kind));
    let parts: Vec<String> = components
        .into_iter()
        .map(|(component, count)| format!("{} {count}", component.title()))
        .collect();
    parts.join(", ")
}

/// `pg_dump` of that database into a file.
fn backup(database: &Database) -> String {
    format!(
        "pg_dump -Fc -h {} -p {} -U {} -d {} -f backup.dump",
        parts::shell(&database.host),
        database.port,
        parts::shell(&database.user),
        parts::shell(&database.name)
    )
}

fn procedure(page: &mut Page, report: &Report) {
    page.heading(2, "Deployment procedure");
    let newest = report
        .migrations
        .last()
        .map_or(String::new(), |migration| migration.version.clone());
    let mut lines = Vec::new();
    if let Some(database) = &report.database {
        lines.push("# 1. a backup".to_string());
        lines.push(backup(database));
    }
    lines.push("# 2. is the plan still this one?".to_string());
    lines.push(parts::pgplumb(report, &format!("apply --to {newest} --dry-run")));
    lines.push("# 3. each migration with its checks, in one transaction each".to_string());
    lines.push(parts::pgplumb(
        report,
        &format!("apply --to {newest} --report markdown=execution-summary.md"),
    ));
    lines.push("# 4. judge the database again, from outside the transaction".to_string());
    lines.push(parts::pgplumb(
        report,
        "verify --report markdown=verification-summary.md",
    ));
    lines.push("# 5. write down what is deployed".to_string());
    lines.push(parts::pgplumb(report, "docs"));
    page.fence("sh", &lines.join("\n"));
    page.paragraph(
        "A migration that does not meet its own checks is rolled back as a whole: step 3 ends with exit code 1 or 5, \
         and nothing of that migration is there.",
    );
}

fn way_back(page: &mut Page, report: &Report) {
    page.heading(2, "Rollback procedure");
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
            Some(WayBack::Irreversible(_) | WayBack::None) => {
                lines.push(format!(
                    "# {}: no rollback script, restore the backup",
                    migration.stem()
                ));
            }
            Some(WayBack::Repeatable) => lines.push(format!(
                "# {}: repeatable, put the older file back and run apply",
                migration.stem()
            )),
            None => {}
        }
    }
    if lines.is_empty() {
        for migration in report.migrations.iter().rev() {
            lines.push(parts::pgplumb(report, &format!("rollback {}", migration.version)));
        }
    }
    page.fence("sh", &lines.join("\n"));
    page.paragraph(
        "The dry run says what going back would destroy, table by table, before anything is done.",
    );
}

fn after(page: &mut Page, report: &Report) {
    page.heading(2, "After deployment");
    page.checklist(&[
        (
            false,
            format!("{} is approved", code(&parts::pgplumb(report, "verify"))),
        ),
        (
            false,
            "Error rates and slow queries of the application are as before".to_string(),
        ),
        (false, "What users see was tried".to_string()),
    ]);
}

/// The checks that will be run, ticked by nobody yet.
fn validation(page: &mut Page, report: &Report) {
    if report
        .migrations
        .iter()
        .all(|migration| migration.gates.is_empty())
    {
        return;
    }
    page.heading(2, "Validation list");
    page.paragraph("Each of these is judged before COMMIT; the execution summary ticks them.");
    for migration in report
        .migrations
        .iter()
        .filter(|migration| !migration.gates.is_empty())
    {
        let file = &migration.gates[0].source.file;
        page.heading(
            3,
            &format!("{} ({})", code(file), quantity(migration.gates.len(), "check")),
        );
        let components = summary::components_of(migration.gates.iter().map(|gate| gate.kind));
        let items: Vec<(bool, String)> = components
            .into_iter()
            .map(|(component, count)| {
                (
                    false,
                    format!("{}: {}", component.title(), quantity(count, "check")),
                )
            })
            .collect();
        page.checklist(&items);
    }
}

fn status(page: &mut Page, report: &Report) {
    let outcome = summary::outcome(report);
    page.heading(2, "Status");
    page.paragraph(&format!(
        "{}: {}.",
        bold(&parts::verdict(&outcome)),
        text(&outcome.sentence)
    ));
}

#[cfg(test)]
mod tests {
    use super::element;

    #[test]
    fn an_element_ends_where_the_next_begins() {
        for (sql, first) in [
            (
                "CHECK (a IN (1, 2)), CONSTRAINT b UNIQUE (c)",
                "CHECK (a IN (1, 2))",
            ),
            ("CHECK (a <> '),') ) PARTITION BY RANGE (a)", "CHECK (a <> '),')"),
            ("UNIQUE (a)", "UNIQUE (a)"),
        ] {
            assert_eq!(element(sql), first);
        }
    }
}
