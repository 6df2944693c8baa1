//! The top of the page: the verdict, how many checks came out how, where and when.

use crate::report::describe::duration;
use crate::report::markup::escape;
use crate::report::model::Report;
use crate::report::summary::{self, Outcome, Tone};

/// `verify of mantis`, `apply 0024_sync on mantis`.
pub fn subject(report: &Report) -> String {
    let mut words = report.command.to_string();
    if let Some(flag) = report.flag() {
        words.push(' ');
        words.push_str(flag);
    }
    match report.migrations.as_slice() {
        [] => {}
        [one] => words.push_str(&format!(" {}", one.stem())),
        several => words.push_str(&format!(" of {}", summary::quantity(several.len(), "migration"))),
    }
    if let Some(database) = &report.database {
        words.push_str(&format!(" on {}", database.name));
    }
    if let Some(environment) = &report.environment {
        words.push_str(&format!(" ({environment})"));
    }
    words
}

/// The header.
pub fn header(out: &mut String, report: &Report, outcome: &Outcome) {
    let (tone, mark) = match outcome.tone {
        Tone::Good => ("good", "✓"),
        Tone::Bad => ("bad", "✗"),
        Tone::Neutral => ("neutral", "•"),
    };
    out.push_str(&format!(
        "<header class=\"{tone}\">\n<p class=\"subject\">{}</p>\n\
         <h1><span class=\"mark\" aria-hidden=\"true\">{mark}</span> {}</h1>\n<p class=\"sentence\">{}</p>\n",
        escape(&subject(report)),
        escape(outcome.word),
        escape(&outcome.sentence)
    ));
    proportions(out, report);
    facts(out, report);
    out.push_str("</header>\n");
}

/// A bar with the share of each status; the figures are in the sentence above it.
fn proportions(out: &mut String, report: &Report) {
    let totals = report.totals();
    if totals.all() == 0 {
        return;
    }
    out.push_str("<div class=\"shares\" aria-hidden=\"true\">");
    for (status, count) in [
        ("fail", totals.fail),
        ("blocked", totals.blocked),
        ("warn", totals.warn),
        ("pass", totals.pass),
        ("skip", totals.skip),
    ] {
        if count > 0 {
            out.push_str(&format!(
                "<span class=\"{status}\" style=\"flex-grow:{count}\"></span>"
            ));
        }
    }
    out.push_str("</div>\n");
}

fn facts(out: &mut String, report: &Report) {
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(database) = &report.database {
        facts.push(("Server", format!("PostgreSQL {}", database.server_version)));
        facts.push(("Host", format!("{}:{}", database.host, database.port)));
        facts.push(("User", database.user.clone()));
        facts.extend(database.pooler.clone().map(|pooler| ("Pooler", pooler)));
    }
    if !report.started_at.is_empty() {
        facts.push(("Started", report.started_at.clone()));
        facts.push(("Duration", duration(report.duration_ms)));
    }
    if facts.is_empty() {
        return;
    }
    out.push_str("<dl>\n");
    for (label, text) in facts {
        out.push_str(&format!(
            "<div><dt>{label}</dt><dd>{}</dd></div>\n",
            escape(&text)
        ));
    }
    out.push_str("</dl>\n");
}
