//! The report as one HTML file that needs nothing else: the verdict first, then what has to be done, then all
//! checks with filters, then what the migrations did.

mod audit;
mod checks;
mod diagram;
mod difference;
mod messages;
mod migrations;
mod preflight;
mod problems;
mod record;
mod reference;
mod tables;
mod verdict;

use super::describe::short_duration;
use super::markup::escape;
use super::model::Report;
use super::summary;
use crate::check::Status;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// Renders a report as HTML.
pub fn render(report: &Report) -> String {
    let outcome = summary::outcome(report);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"generator\" content=\"pgplumb\">\n\
         <link rel=\"icon\" href=\"data:,\">\n<title>{} · {} · pgplumb</title>\n<style>\n{STYLE}</style>\n</head>\n\
         <body>\n<a class=\"skip-link\" href=\"#main\">Skip to the report</a>\n",
        escape(outcome.word),
        escape(&verdict::subject(report)),
    );
    verdict::header(&mut out, report, &outcome);
    out.push_str("<main id=\"main\" tabindex=\"-1\">\n");
    problems::section(&mut out, report);
    audit::sections(&mut out, report);
    messages::errors(&mut out, report);
    record::actions(&mut out, report);
    preflight::sections(&mut out, report);
    reference::sections(&mut out, report);
    checks::section(&mut out, report);
    migrations::sections(&mut out, report);
    tables::sections(&mut out, report);
    messages::others(&mut out, report);
    record::sections(&mut out, report);
    out.push_str("</main>\n");
    out.push_str(&format!(
        "<footer>pgplumb {} · exit code {} · {}</footer>\n<script>\n{SCRIPT}</script>\n</body>\n</html>\n",
        env!("CARGO_PKG_VERSION"),
        report.exit.code(),
        escape(report.exit.meaning())
    ));
    out
}

/// A section with its heading; nothing when it would be empty.
fn section(out: &mut String, id: &str, title: &str, body: &str) {
    if !body.is_empty() {
        out.push_str(&format!(
            "<section id=\"{id}\" aria-labelledby=\"{id}-title\">\n<h2 id=\"{id}-title\">{}</h2>\n{body}</section>\n",
            escape(title)
        ));
    }
}

/// The mark and the word of a status.
fn badge(status: Status) -> String {
    badge_of(status, status.as_str())
}

/// The mark of a status before other words.
fn badge_of(status: Status, words: &str) -> String {
    format!(
        "<span class=\"badge {}\"><span aria-hidden=\"true\">{}</span> {}</span>",
        status.as_str(),
        super::describe::mark(status),
        escape(words)
    )
}

/// Prose in which backquotes mark a command.
fn with_code(words: &str) -> String {
    let parts: Vec<&str> = words.split('`').collect();
    if parts.len().is_multiple_of(2) {
        return escape(words);
    }
    let parts = parts.iter().enumerate().map(|(index, part)| match index % 2 {
        0 => escape(part),
        _ => format!("<code>{}</code>", escape(part)),
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::check::Status;
    use crate::report::testing::snapshot;
    use crate::report::{Report, fixture};

    /// Every report, what `docs` tells included.
    fn pages() -> Vec<(&'static str, Report)> {
        let mut pages = fixture::all();
        pages.push(("docs", fixture::docs(true)));
        pages
    }

    /// The part between the style and the script.
    fn body(html: &str) -> &str {
        let start = html.find("<body>").unwrap();
        &html[start..html.find("<script>").unwrap()]
    }

    #[test]
    fn every_report() {
        for (name, report) in pages() {
            let html = render(&report);
            let version = format!("pgplumb {} ", env!("CARGO_PKG_VERSION"));
            snapshot(
                &format!("html_{name}"),
                &body(&html).replace(&version, "pgplumb [version] "),
            );
        }
    }

    /// The body is well-formed XML but for attributes without values and void elements.
    #[test]
    fn elements_are_closed_and_text_is_text() {
        let mut pages = pages();
        pages.extend(fixture::with_odd());
        let column = regex::Regex::new("<col class=\"([a-z]+)\">").unwrap();
        for (name, report) in pages {
            let html = render(&report);
            let xml = body(&html)
                .replace(" hidden", " hidden=\"\"")
                .replace("<details open", "<details open=\"\"");
            let xml = xml.replace("autocomplete=\"off\">", "autocomplete=\"off\"/>");
            let mut xml = column.replace_all(&xml, "<col class=\"$1\"/>").into_owned();
            xml.push_str("</body>");
            let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{name}: {error}"));
            let mut ids: Vec<&str> = document
                .descendants()
                .filter_map(|node| node.attribute("id"))
                .collect();
            let count = ids.len();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), count, "{name}");
            let rows = document
                .descendants()
                .filter(|node| node.has_tag_name("tr") && node.attribute("data-status").is_some());
            assert_eq!(rows.count(), report.checks.len(), "{name}");
        }
    }

    #[test]
    fn nothing_comes_from_elsewhere() {
        for (name, report) in pages() {
            let html = render(&report);
            for word in ["http:", "https:", "src=", "@import", "url("] {
                assert!(!html.contains(word), "{name}: {word}");
            }
        }
    }

    #[test]
    fn ten_thousand_checks_are_a_reasonable_file() {
        let html = render(&many(10_000));
        assert!(html.len() < 6_000_000, "{}", html.len());
    }

    /// A report of that many checks, of all statuses.
    fn many(count: usize) -> Report {
        let mut report = fixture::verify_not_approved();
        let suite = std::mem::take(&mut report.checks);
        for index in 0..count {
            let mut check = suite[index % suite.len()].clone();
            if index >= suite.len() {
                check.id = format!("{}_{index}", check.id);
                check.object = format!("{}_{index}", check.object);
                // as it is in life: most of them pass
                if !index.is_multiple_of(7) {
                    check.status = Status::Pass;
                    check.blocked_by = None;
                    check.message.clear();
                    check.differences.clear();
                }
            }
            report.checks.push(check);
        }
        report.root_causes[0].blocks = report.totals().blocked;
        report
    }
}
