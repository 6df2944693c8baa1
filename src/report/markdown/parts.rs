//! What several documents have in common.

use super::page::{Page, bold, code, codes, name, quoted, text};
use crate::check::{Status, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::report::ExitCode;
use crate::report::describe::duration;
pub use crate::report::describe::mark;
use crate::report::model::{FileLine, MigrationReport, Report, Totals};
pub use crate::report::section::{pgplumb, shell, verdict};
use crate::report::summary::{self, Component, quantity};
use crate::source::Location;

/// The title and the outcome below it.
pub fn title(page: &mut Page, report: &Report, title: &str) {
    page.heading(1, title);
    let outcome = summary::outcome(report);
    page.quote(&format!(
        "{}: {} (exit code {})",
        bold(&verdict(&outcome)),
        text(&outcome.sentence),
        report.exit.code()
    ));
}

/// `✗ 1 failed, 4 blocked`; of what all passed `✓ pass`.
pub fn status(totals: &Totals) -> String {
    let Some(worst) = totals.worst() else {
        return String::new();
    };
    let words = match totals.pass == totals.all() {
        true => "pass".to_string(),
        false => summary::parts_of(totals),
    };
    format!("{} {words}", mark(worst))
}

/// What stands in a document's title: the one migration, or how many.
pub fn subject(report: &Report) -> String {
    let named: Vec<&MigrationReport> = report
        .migrations
        .iter()
        .filter(|migration| migration.state != crate::report::model::MigrationState::Skipped)
        .collect();
    match named.as_slice() {
        [] => String::new(),
        [one] => text(&one.stem()),
        several => quantity(several.len(), "migration"),
    }
}

/// Where, when and how.
pub fn execution_details(page: &mut Page, report: &Report) {
    page.heading(2, "Execution details");
    let mut rows: Vec<(&str, String)> = Vec::new();
    if !report.started_at.is_empty() {
        rows.push(("Started", text(&report.started_at)));
        rows.push(("Duration", duration(report.duration_ms)));
    }
    rows.push((
        "Exit code",
        match report.exit {
            ExitCode::Done => "0".to_string(),
            exit => format!("{} ({})", exit.code(), exit.meaning()),
        },
    ));
    let count = |severity| summary::diagnostics(report, severity).count();
    rows.push(("Errors of the run", count(Severity::Error).to_string()));
    rows.push(("Warnings of the run", count(Severity::Warning).to_string()));
    let totals = report.totals();
    if totals.all() > 0 {
        rows.push(("Checks", summary::parts_of(&totals)));
    }
    rows.extend(place(report));
    rows.push((
        "Executed by",
        format!("pgplumb {} {}", env!("CARGO_PKG_VERSION"), command(report)),
    ));
    page.fields(&rows);
}

/// Which database.
pub fn place(report: &Report) -> Vec<(&'static str, String)> {
    let mut rows = Vec::new();
    if let Some(database) = &report.database {
        rows.push(("Database", name(&database.name)));
        rows.push(("Host", code(&database.host)));
        let port = database.port.to_string();
        rows.push((
            "Port",
            match &database.pooler {
                Some(pooler) => format!("{port} (pooler: {})", text(pooler)),
                None => port,
            },
        ));
        rows.push(("Server", format!("PostgreSQL {}", text(&database.server_version))));
        rows.push(("User", name(&database.user)));
    }
    if let Some(environment) = &report.environment {
        rows.push(("Environment", text(environment)));
    }
    rows
}

/// `apply --dry-run`.
pub fn command(report: &Report) -> String {
    let mut words = report.command.to_string();
    if let Some(flag) = report.flag() {
        words.push(' ');
        words.push_str(flag);
    }
    words
}

/// `migrations/0024.sql:31`, with more lines of the same file behind it.
pub fn places(sources: &[Location]) -> String {
    let mut files: Vec<(&str, Vec<String>)> = Vec::new();
    for source in sources {
        let line = source.line.to_string();
        match files.iter_mut().find(|(file, _)| *file == source.file) {
            Some((_, lines)) if lines.contains(&line) => {}
            Some((_, lines)) => lines.push(line),
            None => files.push((&source.file, vec![line])),
        }
    }
    let places: Vec<String> = files
        .iter()
        .map(|(file, lines)| {
            let word = if lines.len() == 1 { "line" } else { "lines" };
            format!("{} {word} {}", code(file), lines.join(", "))
        })
        .collect();
    places.join("; ")
}

/// Files with their sizes.
pub fn files(page: &mut Page, migrations: &[MigrationReport]) {
    let rows: Vec<[String; 4]> = migrations
        .iter()
        .flat_map(|migration| &migration.files)
        .map(|file| {
            [
                code(&file.path),
                file.role.to_string(),
                quantity(file.lines, "line"),
                contents(file),
            ]
        })
        .collect();
    page.table(["File", "What it is", "Length", "Holds"], &rows);
}

/// `74 statements`, `190 checks`.
pub fn contents(file: &FileLine) -> String {
    let noun = if file.role == "checks" {
        "check"
    } else {
        "statement"
    };
    quantity(file.parts, noun)
}

/// The checks by component, a line each that is ticked when all of them passed.
pub fn checklist(page: &mut Page, report: &Report) {
    if report.checks.is_empty() {
        return;
    }
    let totals = report.totals();
    page.heading(
        2,
        &match totals.pass == totals.all() {
            true => "Verification checklist: all passed".to_string(),
            false => format!(
                "Verification checklist: {} of {} passed",
                totals.pass,
                totals.all()
            ),
        },
    );
    for suite in summary::by_suite(report) {
        page.heading(
            3,
            &format!(
                "{} {}/{}",
                code(suite.file),
                suite.totals.pass,
                suite.totals.all()
            ),
        );
        let (mut items, mut figures) = (Vec::new(), Vec::new());
        for group in summary::by_component(suite.checks.iter().copied()) {
            if group.component == Component::Counts {
                for check in group.checks {
                    figures.push((check.status == Status::Pass, counted(check)));
                }
                continue;
            }
            let passed = group.totals.pass == group.totals.all();
            let mut line = format!(
                "{}: {}/{}",
                group.component.title(),
                group.totals.pass,
                group.totals.all()
            );
            if !passed {
                line.push_str(&format!(" ({})", summary::parts_of(&group.totals)));
            } else if group.component.is_listed_by_name() && group.checks.len() <= 12 {
                line.push_str(&format!(" {}", codes(&summary::names(&group.checks))));
            }
            items.push((passed, line));
        }
        page.checklist(&items);
        if !figures.is_empty() {
            page.paragraph("Figures:");
            page.checklist(&figures);
        }
    }
}

/// `Performance indexes: 55/15+ (exceeds the requirement)`.
pub fn counted(check: &Verdict) -> String {
    let mut line = text(&check.object);
    if let Some(measure) = check.measure {
        line.push_str(&format!(": {measure}"));
        if measure.at_least && measure.have > measure.want {
            line.push_str(" (exceeds what is required)");
        }
    }
    if check.status != Status::Pass {
        line.push_str(&format!(" ({})", check.status.as_str()));
    }
    line
}

/// What was expected and what is there, by component and by count.
pub fn results(page: &mut Page, report: &Report) {
    let mut rows: Vec<[String; 4]> = Vec::new();
    for group in summary::by_component(&report.checks) {
        if group.component == Component::Counts {
            for check in group.checks {
                if let Some(measure) = check.measure {
                    let more = if measure.at_least { "+" } else { "" };
                    rows.push([
                        text(&check.object),
                        format!("{}{more}", measure.want),
                        measure.have.to_string(),
                        mark(check.status).to_string(),
                    ]);
                }
            }
            continue;
        }
        rows.push([
            format!("{} as specified", group.component.title()),
            group.totals.all().to_string(),
            group.totals.pass.to_string(),
            status(&group.totals),
        ]);
    }
    page.table(["Component", "Expected", "Actual", "Status"], &rows);
}

/// Errors, warnings and notes that belong to no check.
pub fn messages(page: &mut Page, report: &Report, heading: &str, severities: &[Severity]) {
    let messages: Vec<&Diagnostic> = report
        .diagnostics
        .iter()
        .filter(|diagnostic| severities.contains(&diagnostic.severity))
        .collect();
    if messages.is_empty() {
        return;
    }
    page.heading(2, heading);
    for diagnostic in messages {
        let place = match (diagnostic.location(), &diagnostic.file) {
            (Some(location), _) => {
                format!(" ({} line {})", code(&location.file), location.line)
            }
            (None, Some(file)) => format!(" ({})", code(file)),
            (None, None) => String::new(),
        };
        page.paragraph(&format!(
            "{} {}{place}",
            bold(&format!("{}:", diagnostic.severity.as_str())),
            text(&diagnostic.message)
        ));
        let mut items: Vec<String> = Vec::new();
        for (label, fact) in &diagnostic.facts {
            items.extend(fact.lines().map(|line| format!("{label}: {}", text(line))));
        }
        items.extend(
            diagnostic
                .help
                .iter()
                .map(|help| format!("help: {}", quoted(help))),
        );
        page.list(&items);
        if let Some(place) = &diagnostic.place {
            page.fence("sql", place.file.line_at(place.span.start).trim());
        }
    }
}

/// A check that did not pass, in full.
pub fn failure(page: &mut Page, level: usize, check: &Verdict) {
    page.heading(
        level,
        &format!("{} {}", mark(check.status), text(&summary::title(check))),
    );
    if check.differences.is_empty() {
        let rows = [
            ("Expected", check.expected.as_deref()),
            ("Actual", check.actual.as_deref()),
        ];
        difference(page, &rows);
    }
    for part in &check.differences {
        if check.differences.len() > 1 {
            page.paragraph(&format!("In {}:", bold(&text(&part.part))));
        }
        let rows = [
            ("Expected", part.want.as_deref()),
            ("Actual", part.have.as_deref()),
        ];
        let server = part.refusal.as_deref().map(|refusal| ("Server", Some(refusal)));
        let rows: Vec<_> = rows.into_iter().chain(server).collect();
        difference(page, &rows);
    }
    page.paragraph(&format!("Check: {}", places(std::slice::from_ref(&check.source))));
    if let Some(remedy) = &check.remedy {
        page.paragraph("Remedy:");
        page.fence("sql", remedy);
    }
}

/// Two texts; beneath each other where one has several lines.
fn difference(page: &mut Page, rows: &[(&str, Option<&str>)]) {
    let lines = |text: &Option<&str>| text.is_some_and(|text| text.trim().contains('\n'));
    if rows.iter().any(|(_, text)| lines(text)) {
        for (label, words) in rows {
            page.paragraph(&format!("{label}:"));
            page.fence("", words.unwrap_or("nothing"));
        }
    } else {
        let items: Vec<String> = rows
            .iter()
            .map(|(label, words)| format!("{label}: {}", words.map_or("nothing".to_string(), code)))
            .collect();
        page.list(&items);
    }
}
