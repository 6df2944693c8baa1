//! TAP version 14 with YAML diagnostics. What is blocked is not ok, what was skipped is `# SKIP`, a warning is
//! ok with a diagnostic.

use std::fmt::Write as _;

use super::cases::{self, Case, CaseOutcome};
use super::model::Report;
use super::summary;
use crate::diagnostic::screen::clean;

/// Renders a report as TAP.
pub fn render(report: &Report) -> String {
    let suites = cases::suites(report);
    let count: usize = suites.iter().map(|suite| suite.cases.len()).sum();
    let mut out = format!("TAP version 14\n1..{count}\n");
    let mut number = 0;
    for suite in &suites {
        let _ = writeln!(out, "# {}", clean(&suite.name));
        for case in &suite.cases {
            number += 1;
            point(&mut out, number, case);
        }
    }
    let outcome = summary::outcome(report);
    let _ = writeln!(out, "# {}: {}", outcome.word, clean(&outcome.sentence));
    out
}

fn point(out: &mut String, number: usize, case: &Case) {
    let ok = match case.outcome {
        CaseOutcome::Passed | CaseOutcome::Warned | CaseOutcome::Skipped => "ok",
        CaseOutcome::Failed | CaseOutcome::Error => "not ok",
    };
    let _ = write!(out, "{ok} {number} - {}", description(&case.name));
    match case.outcome {
        CaseOutcome::Skipped => {
            let _ = writeln!(out, " # SKIP {}", description(&case.message));
        }
        CaseOutcome::Passed => out.push('\n'),
        CaseOutcome::Failed | CaseOutcome::Error | CaseOutcome::Warned => {
            out.push('\n');
            diagnostics(out, case);
        }
    }
}

/// The YAML block below a test point.
fn diagnostics(out: &mut String, case: &Case) {
    let mut pairs = vec![
        ("message".to_string(), case.message.as_str()),
        ("severity".to_string(), case.status),
    ];
    for (label, text) in &case.details {
        // a key of a mapping stands once
        let mut key = label.replace(' ', "_").to_ascii_lowercase();
        let again = pairs.iter().filter(|(known, _)| known.starts_with(&key)).count();
        if again > 0 {
            key = format!("{key}_{}", again + 1);
        }
        pairs.push((key, text));
    }
    out.push_str("  ---\n");
    for (key, text) in &pairs {
        let _ = writeln!(out, "  {}: {}", key_of(key), quoted(text));
    }
    if let Some(location) = &case.location {
        let _ = writeln!(
            out,
            "  at:\n    file: {}\n    line: {}\n    column: {}",
            quoted(&location.file),
            location.line,
            location.column
        );
    }
    out.push_str("  ...\n");
}

/// One line in which nothing begins a directive.
fn description(text: &str) -> String {
    clean(text).replace('\\', "\\\\").replace('#', "\\#")
}

fn key_of(key: &str) -> String {
    let is_plain = key
        .chars()
        .all(|character| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '_');
    match is_plain {
        true => key.to_string(),
        false => quoted(key),
    }
}

/// A double-quoted string, of YAML and of JSON alike, in ASCII control characters and all.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            _ if clean(character.encode_utf8(&mut [0; 4])) != character.to_string() => {
                let _ = write!(out, "\\u{:04x}", u32::from(character));
            }
            _ => out.push(character),
        }
    }
    out + "\""
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::fixture;
    use crate::report::testing::{
        snapshot,
        tap::{Tap, parse},
    };

    #[test]
    fn every_report() {
        for (name, report) in fixture::all() {
            snapshot(&format!("tap_{name}"), &render(&report));
        }
    }

    #[test]
    fn every_report_is_valid() {
        for (name, report) in fixture::with_odd() {
            let tap = parse(&render(&report)).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(
                tap.points.iter().any(|point| !point.ok),
                report.exit != crate::report::ExitCode::Done,
                "{name}"
            );
        }
    }

    #[test]
    fn each_status_is_told_apart() {
        let Tap { points } = parse(&render(&fixture::verify_not_approved())).unwrap();
        let totals = fixture::verify_not_approved().totals();
        let not_ok = points.iter().filter(|point| !point.ok).count();
        assert_eq!(not_ok, totals.fail + totals.blocked);
        assert_eq!(
            points.iter().filter(|point| point.skip.is_some()).count(),
            totals.skip
        );
        let severity = |word: &str| {
            points
                .iter()
                .filter(|point| {
                    point
                        .yaml
                        .iter()
                        .any(|(key, value)| key == "severity" && value == word)
                })
                .count()
        };
        assert_eq!(
            (severity("fail"), severity("blocked"), severity("warn")),
            (totals.fail, totals.blocked, totals.warn)
        );
    }

    #[test]
    fn texts_come_back_as_they_were() {
        let report = fixture::hostile();
        let Tap { points } = parse(&render(&report)).unwrap();
        let expected = points[1].yaml.iter().find(|(key, _)| key == "expected").unwrap();
        assert_eq!(Some(&expected.1), report.checks[1].expected.as_ref());
    }
}
