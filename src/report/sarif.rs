//! SARIF 2.1.0 for code scanning: a rule a kind of check, a result for each finding, where it stands.

use serde::Serialize;

use super::exit::ExitCode;
use super::findings::{self, Finding, Origin};
use super::model::Report;
use crate::diagnostic::{Severity, screen};
use crate::source::Location;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0-rtm.5.json";

/// Where relative paths begin: the root of the repository, as code scanning calls it.
const ROOT: &str = "%SRCROOT%";

/// Renders a report as SARIF.
pub fn render(report: &Report) -> String {
    let findings = findings::findings(report);
    let mut rules: Vec<Rule> = findings.iter().map(|finding| Rule::of(&finding.origin)).collect();
    rules.sort_by(|one, other| one.id.cmp(&other.id));
    rules.dedup_by(|one, other| one.id == other.id);
    let results = findings
        .iter()
        .map(|finding| SarifResult::of(finding, &rules))
        .collect();
    let log = Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "pgplumb",
                    version: env!("CARGO_PKG_VERSION"),
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules,
                },
            },
            invocations: [Invocation::of(report)],
            column_kind: "unicodeCodePoints",
            results,
        }],
    };
    // strings, numbers and arrays of them: there is nothing that could fail
    serde_json::to_string_pretty(&log).expect("a log is always JSON") + "\n"
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    invocations: [Invocation; 1],
    column_kind: &'static str,
    results: Vec<SarifResult>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    version: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: String,
    name: String,
    short_description: Text,
    full_description: Text,
}

impl Rule {
    fn of(origin: &Origin) -> Rule {
        let (id, name, description) = match origin {
            Origin::Check(check) => {
                let kind = check.kind.replace('_', " ");
                (
                    format!("check/{}", check.kind.replace('_', "-")),
                    format!("{}Check", camel(check.kind)),
                    format!("The live catalog is what the suite says: {kind}"),
                )
            }
            Origin::Cause(_) => (
                "root-cause".to_string(),
                "RootCause".to_string(),
                "Something is missing on which checks or statements depend".to_string(),
            ),
            Origin::Diagnostic(_) => (
                "message".to_string(),
                "Message".to_string(),
                "What pgplumb, a script or the server had to say".to_string(),
            ),
            Origin::Migration(_) => (
                "migration".to_string(),
                "Migration".to_string(),
                "A script runs to its end".to_string(),
            ),
            Origin::Run => (
                "verdict".to_string(),
                "Verdict".to_string(),
                "The run is approved".to_string(),
            ),
        };
        Rule {
            id,
            name,
            full_description: Text::of(&format!("{description}.")),
            short_description: Text::of(&description),
        }
    }
}

#[derive(Serialize)]
struct Text {
    text: String,
}

impl Text {
    fn of(text: &str) -> Text {
        Text {
            text: screen::clean_lines(text),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifResult {
    rule_id: String,
    rule_index: usize,
    level: &'static str,
    message: Text,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    locations: Vec<SarifLocation>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    related_locations: Vec<SarifLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_fingerprints: Option<Fingerprints>,
}

impl SarifResult {
    fn of(finding: &Finding, rules: &[Rule]) -> SarifResult {
        let id = Rule::of(&finding.origin).id;
        SarifResult {
            rule_index: rules.iter().position(|rule| rule.id == id).unwrap_or_default(),
            level: match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "note",
            },
            message: Text::of(&finding.text()),
            locations: finding.location.iter().map(SarifLocation::of).collect(),
            related_locations: match &finding.origin {
                Origin::Cause(blocker) => blocker.sources.iter().skip(1).map(SarifLocation::of).collect(),
                _ => Vec::new(),
            },
            partial_fingerprints: match &finding.origin {
                Origin::Check(check) => Some(check.id.clone()),
                Origin::Cause(blocker) => Some(format!("{id}/{}", blocker.object)),
                Origin::Diagnostic(_) | Origin::Migration(_) | Origin::Run => None,
            }
            .map(|id| Fingerprints { id }),
            rule_id: id,
        }
    }
}

/// What makes a result the same as one of an earlier run.
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "pgplumbId/v1")]
    id: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SarifLocation {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    region: Region,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactLocation {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
}

impl SarifLocation {
    fn of(location: &Location) -> SarifLocation {
        let path = percent_encoded(&location.file);
        let artifact_location = match path.starts_with('/') {
            true => ArtifactLocation {
                uri: format!("file://{path}"),
                uri_base_id: None,
            },
            false => ArtifactLocation {
                uri: path,
                uri_base_id: Some(ROOT),
            },
        };
        SarifLocation {
            physical_location: PhysicalLocation {
                artifact_location,
                region: Region {
                    start_line: location.line.max(1),
                    start_column: location.column.max(1),
                },
            },
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    exit_code: u8,
    exit_code_description: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start_time_utc: Option<String>,
}

impl Invocation {
    fn of(report: &Report) -> Invocation {
        Invocation {
            // a check that failed is a result, not a failure of the tool
            execution_successful: matches!(report.exit, ExitCode::Done | ExitCode::NotApproved),
            exit_code: report.exit.code(),
            exit_code_description: report.exit.meaning(),
            start_time_utc: Some(report.started_at.clone()).filter(|at| !at.is_empty()),
        }
    }
}

/// `RowSecurity`.
fn camel(kind: &str) -> String {
    kind.split('_')
        .map(|word| {
            let (first, rest) = word.split_at(word.len().min(1));
            first.to_uppercase() + rest
        })
        .collect()
}

/// A path as a part of a URI.
fn percent_encoded(path: &str) -> String {
    path.bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{percent_encoded, render};
    use crate::report::fixture;
    use crate::report::testing::snapshot;

    fn parsed(report: &crate::report::Report) -> Value {
        serde_json::from_str(&render(report)).unwrap()
    }

    #[test]
    fn every_report() {
        for (name, report) in fixture::all() {
            snapshot(&format!("sarif_{name}"), &render(&report));
        }
    }

    #[test]
    fn every_report_is_valid() {
        let mut schema: Value =
            serde_json::from_str(include_str!("../../tests/schemas/sarif-2.1.0-rtm.5.json")).unwrap();
        // as published, the pattern of a language has a bracket too many and is no regular expression
        for of in ["run", "toolComponent"] {
            schema["definitions"][of]["properties"]["language"]["pattern"] =
                "^[a-zA-Z]{2}(-[a-zA-Z]{2})?$".into();
        }
        let schema = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema)
            .unwrap();
        for (name, report) in fixture::with_odd() {
            let log = parsed(&report);
            let errors: Vec<String> = schema
                .iter_errors(&log)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(errors, [""; 0], "{name}");
            let mut wrong = log.clone();
            wrong["runs"][0]["results"] = serde_json::json!([{"level": "fatal"}]);
            assert!(!schema.is_valid(&wrong), "{name}");
        }
    }

    #[test]
    fn levels_are_those_of_the_findings() {
        let log = parsed(&fixture::verify_not_approved());
        let results = log["runs"][0]["results"].as_array().unwrap();
        let level = |word: &str| results.iter().filter(|result| result["level"] == word).count();
        let totals = fixture::verify_not_approved().totals();
        // the root cause, and the warning of the run
        assert_eq!(
            (level("error"), level("warning")),
            (totals.fail + totals.blocked + 1, totals.warn + 1)
        );
        for result in results {
            let rule =
                &log["runs"][0]["tool"]["driver"]["rules"][result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"]);
        }
    }

    #[test]
    fn paths_are_parts_of_uris() {
        assert_eq!(percent_encoded("a b/é#%.sql"), "a%20b/%C3%A9%23%25.sql");
    }
}
