//! Annotations of GitHub Actions: workflow commands on stdout. A root cause is one annotation, not one for each
//! check that it blocks: GitHub shows ten of each level a step.

use std::fmt::Write as _;

use super::findings::{self, Finding, Origin};
use super::model::Report;
use super::summary;
use crate::check::Status;
use crate::diagnostic::{Severity, screen};

/// Renders a report as workflow commands.
pub fn render(report: &Report) -> String {
    let mut out = String::new();
    for finding in findings::findings(report) {
        if !is_told_by_its_cause(&finding) {
            annotation(&mut out, report, &finding);
        }
    }
    let outcome = summary::outcome(report);
    let _ = writeln!(
        out,
        "::notice title={}::{}",
        property(&format!("pgplumb {}", report.command)),
        data(&format!("{}: {}", outcome.word, outcome.sentence))
    );
    out
}

fn is_told_by_its_cause(finding: &Finding) -> bool {
    matches!(finding.origin, Origin::Check(check) if check.status == Status::Blocked)
}

fn annotation(out: &mut String, report: &Report, finding: &Finding) {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(location) = &finding.location {
        properties.push(format!("file={}", property(&location.file)));
        properties.push(format!("line={}", location.line));
        properties.push(format!("col={}", location.column));
    }
    let title = match &finding.origin {
        Origin::Check(check) => format!("{} {}", check.kind.replace('_', " "), check.object),
        Origin::Cause(_) => "root cause".to_string(),
        Origin::Migration(migration) => migration.stem(),
        Origin::Diagnostic(_) | Origin::Run => format!("pgplumb {}", report.command),
    };
    properties.push(format!("title={}", property(&title)));
    let _ = writeln!(
        out,
        "::{level} {}::{}",
        properties.join(","),
        data(&finding.text())
    );
}

/// The message of a command; a carriage return is visible already.
fn data(text: &str) -> String {
    screen::clean_lines(text).replace('%', "%25").replace('\n', "%0A")
}

/// The value of a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::fixture;
    use crate::report::testing::snapshot;

    /// Level, properties, message.
    type Annotation = (String, Vec<(String, String)>, String);

    /// As the runner reads a command; `None` for what is none.
    fn parse(line: &str) -> Option<Annotation> {
        let plain = |text: &str| {
            text.replace("%3A", ":")
                .replace("%2C", ",")
                .replace("%0A", "\n")
                .replace("%0D", "\r")
                .replace("%25", "%")
        };
        let (head, message) = line.strip_prefix("::")?.split_once("::")?;
        let (level, properties) = head.split_once(' ')?;
        let properties = properties
            .split(',')
            .map(|pair| {
                pair.split_once('=')
                    .map(|(key, value)| (key.to_string(), plain(value)))
            })
            .collect::<Option<Vec<_>>>()?;
        Some((level.to_string(), properties, plain(message)))
    }

    #[test]
    fn every_report() {
        for (name, report) in fixture::all() {
            snapshot(&format!("github_{name}"), &render(&report));
        }
    }

    #[test]
    fn every_line_is_a_command() {
        for (name, report) in fixture::with_odd() {
            for line in render(&report).lines() {
                let (level, properties, message) = parse(line).unwrap_or_else(|| panic!("{name}: {line}"));
                assert!(
                    ["error", "warning", "notice"].contains(&level.as_str()),
                    "{name}: {line}"
                );
                for (key, value) in properties {
                    assert!(
                        ["file", "line", "col", "title"].contains(&key.as_str()),
                        "{name}: {line}"
                    );
                    assert!(!value.is_empty(), "{name}: {line}");
                }
                assert!(!message.is_empty(), "{name}: {line}");
            }
        }
    }

    #[test]
    fn names_come_back() {
        let mut report = fixture::hostile();
        report.checks[1].object = "public.\"100%, a:b\nc\"".to_string();
        let text = render(&report);
        let found = text.lines().filter_map(parse).any(|(_, properties, _)| {
            properties.contains(&("title".to_string(), "enum public.\"100%, a:b\nc\"".to_string()))
        });
        assert!(found, "{text}");
    }
}
