//! JUnit XML for CI servers: a suite a check file. What is blocked is an error, what was skipped is skipped, a
//! warning is a pass with output.

use super::cases::{self, Case, CaseOutcome, CaseSuite};
use super::findings;
use super::markup::Xml;
use super::model::Report;

/// Renders a report as JUnit XML.
pub fn render(report: &Report) -> String {
    let suites = cases::suites(report);
    let all = |count: fn(&CaseSuite) -> usize| suites.iter().map(count).sum::<usize>().to_string();
    let mut xml = Xml::document();
    xml.open(
        "testsuites",
        &[
            ("name", &format!("pgplumb {}", report.command)),
            ("tests", &all(|suite| suite.cases.len())),
            ("failures", &all(|suite| suite.count(CaseOutcome::Failed))),
            ("errors", &all(|suite| suite.count(CaseOutcome::Error))),
            ("time", &seconds(report.duration_ms)),
        ],
    );
    for each in &suites {
        suite(&mut xml, report, each);
    }
    xml.finish()
}

fn suite(xml: &mut Xml, report: &Report, suite: &CaseSuite) {
    let durations: Vec<f64> = suite.cases.iter().filter_map(|case| case.duration_ms).collect();
    let time = seconds(durations.iter().sum());
    let count = |outcome| suite.count(outcome).to_string();
    let (tests, failures) = (suite.cases.len().to_string(), count(CaseOutcome::Failed));
    let (errors, skipped) = (count(CaseOutcome::Error), count(CaseOutcome::Skipped));
    let mut attributes = vec![
        ("name", suite.name.as_str()),
        ("tests", &tests),
        ("failures", &failures),
        ("errors", &errors),
        ("skipped", &skipped),
    ];
    if !report.started_at.is_empty() {
        attributes.push(("timestamp", &report.started_at));
    }
    if !durations.is_empty() {
        attributes.push(("time", &time));
    }
    xml.open("testsuite", &attributes);
    properties(xml, report);
    for each in &suite.cases {
        case(xml, suite, each);
    }
    xml.close();
}

/// Where the suite was judged.
fn properties(xml: &mut Xml, report: &Report) {
    let mut properties = vec![
        ("pgplumb.version", env!("CARGO_PKG_VERSION").to_string()),
        ("pgplumb.exit_code", report.exit.code().to_string()),
    ];
    if let Some(conclusion) = report.conclusion {
        properties.push(("pgplumb.verdict", conclusion.as_str().to_string()));
    }
    if let Some(environment) = &report.environment {
        properties.push(("pgplumb.environment", environment.clone()));
    }
    if let Some(database) = &report.database {
        properties.extend([
            ("database.name", database.name.clone()),
            ("database.host", database.host.clone()),
            ("database.port", database.port.to_string()),
            ("database.user", database.user.clone()),
            ("database.server_version", database.server_version.clone()),
        ]);
    }
    xml.open("properties", &[]);
    for (name, value) in properties {
        xml.empty("property", &[("name", name), ("value", &value)]);
    }
    xml.close();
}

fn case(xml: &mut Xml, suite: &CaseSuite, case: &Case) {
    let class = format!("{}.{}", stem(&suite.name), case.kind);
    let time = case.duration_ms.map(seconds);
    let mut attributes = vec![("name", case.name.as_str()), ("classname", &class)];
    attributes.extend(time.as_deref().map(|time| ("time", time)));
    let element = match case.outcome {
        CaseOutcome::Passed => return xml.empty("testcase", &attributes),
        CaseOutcome::Failed => "failure",
        CaseOutcome::Error => "error",
        CaseOutcome::Skipped => "skipped",
        CaseOutcome::Warned => "system-out",
    };
    xml.open("testcase", &attributes);
    let text = text(case);
    match case.outcome {
        CaseOutcome::Warned => xml.text(element, &[], &format!("warning: {}\n{text}", case.message)),
        CaseOutcome::Skipped => xml.empty(element, &[("message", &case.message)]),
        _ => xml.text(
            element,
            &[("type", case.status), ("message", &case.message)],
            &text,
        ),
    }
    xml.close();
}

/// The details, and where it stands.
fn text(case: &Case) -> String {
    let mut details = case.details.clone();
    details.extend(
        case.location
            .as_ref()
            .map(|location| ("at".to_string(), findings::line_of(location))),
    );
    findings::text(&details)
}

/// The name of a file without folders and ending, as CI servers show classes; dots would be packages.
fn stem(name: &str) -> String {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.strip_suffix(".toml").unwrap_or(file).replace('.', "_")
}

fn seconds(milliseconds: f64) -> String {
    format!("{:.3}", milliseconds.max(0.0) / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::render;
    use crate::report::fixture;
    use crate::report::testing::{snapshot, xsd::Schema};

    #[test]
    fn every_report() {
        for (name, report) in fixture::all() {
            snapshot(&format!("junit_{name}"), &render(&report));
        }
    }

    #[test]
    fn every_report_is_valid() {
        let schema = Schema::parse(include_str!("../../tests/schemas/junit-10.xsd"));
        for (name, report) in fixture::with_odd() {
            schema
                .validate(&render(&report))
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }

    #[test]
    fn each_status_has_its_element() {
        let text = render(&fixture::verify_not_approved());
        let document = roxmltree::Document::parse(&text).unwrap();
        let count = |name: &str| {
            document
                .descendants()
                .filter(|node| node.has_tag_name(name))
                .count()
        };
        let totals = fixture::verify_not_approved().totals();
        assert_eq!(count("failure"), totals.fail);
        assert_eq!(count("error"), totals.blocked);
        assert_eq!(count("skipped"), totals.skip);
        // one more: the warning of the run
        assert_eq!(count("system-out"), totals.warn + 1);
    }

    #[test]
    fn names_come_back_as_they_are_shown_elsewhere() {
        let text = render(&fixture::hostile());
        let document = roxmltree::Document::parse(&text).unwrap();
        let names: Vec<&str> = document
            .descendants()
            .filter(|node| node.has_tag_name("testcase"))
            .filter_map(|node| node.attribute("name"))
            .collect();
        assert!(
            names[1].contains("\"a\nAPPROVED: 0 checks\\x1b[2J\\u{202e}\t<b>&'\""),
            "{names:?}"
        );
    }
}
