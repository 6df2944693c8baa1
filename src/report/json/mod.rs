//! The report for programs: `schema_version` 1.
//!
//! Every field is always there; what is unknown is null. Fields are only ever added.

mod check;
mod diagnostic;
mod documentation;
mod isolation;
mod ledger;
mod migration;
mod preflight;
mod proof;
mod rehearsal;
mod timing;

use std::collections::BTreeMap;

use serde::Serialize;

use self::check::{JsonCheck, JsonRootCause};
use self::diagnostic::{JsonDiagnostic, JsonFinding, JsonSource};
use self::documentation::JsonDocumentation;
use self::isolation::JsonIsolation;
use self::ledger::{JsonJournalLine, JsonLedgerLine};
use self::migration::JsonMigration;
use self::preflight::JsonPreflight;
use self::proof::{JsonChain, JsonChange, JsonProof};
use self::rehearsal::JsonRehearsal;
use super::model::{Database, Report, Totals};
use crate::catalog;

pub use self::migration::artifacts;

const SCHEMA_VERSION: u32 = 1;

/// Renders a report as JSON, indented by two spaces, with a line end.
pub fn render(report: &Report) -> String {
    if let Some(snapshot) = &report.snapshot {
        // the document itself: nothing in it changes from one reading to the next
        return catalog::json::write(snapshot.server_version_num, &snapshot.objects);
    }
    // strings, numbers and arrays of them: there is nothing that could fail
    let json = serde_json::to_string_pretty(&JsonReport::of(report)).expect("a report is always JSON");
    json + "\n"
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Report"))]
struct JsonReport<'a> {
    /// Fields are only ever added to this version.
    #[cfg_attr(test, schemars(extend("const" = 1)))]
    schema_version: u32,
    /// The version of pgplumb.
    tool_version: &'static str,
    /// The verb: `apply`, `verify`, ….
    command: &'static str,
    /// Null for a command that judges nothing.
    #[cfg_attr(test, schemars(extend("enum" = ["approved", "not_approved", "ready", "blocked", null])))]
    verdict: Option<&'static str>,
    #[cfg_attr(test, schemars(extend("enum" = [0, 1, 2, 3, 4, 5, 6, 7, 130])))]
    exit_code: u8,
    /// The `[env.NAME]` that was chosen.
    environment: Option<&'a str>,
    /// The run changed nothing and was not meant to.
    dry_run: bool,
    /// Null when none was needed or reached.
    database: Option<JsonDatabase<'a>>,
    /// RFC 3339 in UTC.
    #[cfg_attr(test, schemars(extend("format" = "date-time")))]
    started_at: Option<&'a str>,
    duration_ms: f64,
    /// What the database had when the run began; absent where nobody looked.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<JsonBefore<'a>>,
    migrations: Vec<JsonMigration<'a>>,
    totals: Totals,
    checks: Vec<JsonCheck<'a>>,
    root_causes: Vec<JsonRootCause<'a>>,
    /// Of `preflight`, and of an `apply` that it stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    preflight: Option<JsonPreflight<'a>>,
    /// Of `--rehearse`: what was measured before it was rolled back.
    #[serde(skip_serializing_if = "Option::is_none")]
    rehearsal: Option<JsonRehearsal<'a>>,
    diagnostics: Vec<JsonDiagnostic<'a>>,
    /// Of `audit`.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<Vec<JsonFinding<'a>>>,
    /// Of `[isolation.NAME]`: role × table × command.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    isolation: Vec<JsonIsolation<'a>>,
    /// Of `status`: the state of every migration.
    ledger: Vec<JsonLedgerLine<'a>>,
    /// Of `history`: what was done.
    journal: Vec<JsonJournalLine<'a>>,
    /// Files that the command wrote.
    files: &'a [String],
    /// Of `checks lint`: the files that were looked at.
    linted: Vec<JsonLint<'a>>,
    /// Of `docs`: the facts of the catalog.
    documentation: Option<JsonDocumentation<'a>>,
    /// Of `prove`: a migration each, in order.
    #[serde(skip_serializing_if = "Option::is_none")]
    proofs: Option<Vec<JsonProof<'a>>>,
    /// Of `prove`: all rollbacks from the end; null when that was not tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    chain: Option<Option<JsonChain<'a>>>,
    /// Of `diff`: what the two sides are.
    #[serde(skip_serializing_if = "Option::is_none")]
    sides: Option<&'a [String; 2]>,
    /// Of `diff`: object by object, property by property.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<JsonChange<'a>>>,
    /// Of `checks generate`: the suites.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    generated: Vec<JsonGenerated<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Before"))]
struct JsonBefore<'a> {
    /// Migrations that the history had, in order.
    applied: &'a [String],
    /// Versions of the installed extensions by name.
    extensions: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "GeneratedSuite"))]
struct JsonGenerated<'a> {
    /// `0024_sync` for the suite of a migration, else `baseline`.
    stem: &'a str,
    checks: usize,
    /// TOML.
    text: &'a str,
}

impl<'a> JsonReport<'a> {
    fn of(report: &'a Report) -> JsonReport<'a> {
        JsonReport {
            schema_version: SCHEMA_VERSION,
            tool_version: env!("CARGO_PKG_VERSION"),
            command: report.command,
            verdict: report.conclusion.map(|conclusion| conclusion.as_str()),
            exit_code: report.exit.code(),
            environment: report.environment.as_deref(),
            dry_run: report.flag().is_some(),
            database: report.database.as_ref().map(JsonDatabase::of),
            started_at: Some(report.started_at.as_str()).filter(|at| !at.is_empty()),
            duration_ms: milliseconds(report.duration_ms),
            before: report.before.as_ref().map(|before| JsonBefore {
                applied: &before.applied,
                extensions: &before.extensions,
            }),
            migrations: report.migrations.iter().map(JsonMigration::of).collect(),
            totals: report.totals(),
            checks: report.checks.iter().map(JsonCheck::of).collect(),
            root_causes: report.root_causes.iter().map(JsonRootCause::of).collect(),
            preflight: report.preflight.as_deref().map(JsonPreflight::of),
            rehearsal: report.rehearsal.as_deref().map(JsonRehearsal::of),
            diagnostics: report.diagnostics.iter().map(JsonDiagnostic::of).collect(),
            findings: (report.command == "audit")
                .then(|| report.findings.iter().map(JsonFinding::of).collect()),
            isolation: report
                .isolation
                .iter()
                .map(|matrix| JsonIsolation::of(matrix))
                .collect(),
            ledger: report.ledger.iter().map(JsonLedgerLine::of).collect(),
            journal: report.journal.iter().map(JsonJournalLine::of).collect(),
            documentation: report.documentation.as_ref().map(JsonDocumentation::of),
            proofs: (report.command == "prove").then(|| report.proofs.iter().map(JsonProof::of).collect()),
            chain: (report.command == "prove").then(|| report.chain.as_ref().map(JsonChain::of)),
            sides: report.difference.as_ref().map(|difference| &difference.sides),
            changes: report
                .difference
                .as_ref()
                .map(|difference| difference.changes.iter().map(JsonChange::of).collect()),
            files: &report.files,
            generated: report
                .generated
                .iter()
                .map(|suite| JsonGenerated {
                    stem: &suite.stem,
                    checks: suite.checks,
                    text: &suite.text,
                })
                .collect(),
            linted: report
                .linted
                .iter()
                .map(|line| JsonLint {
                    file: &line.file,
                    checks: line.checks,
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Database"))]
struct JsonDatabase<'a> {
    name: &'a str,
    host: &'a str,
    port: u16,
    user: &'a str,
    server_version: &'a str,
    /// What kind of pooler stands in front, when one was detected.
    pooler: Option<&'a str>,
}

impl<'a> JsonDatabase<'a> {
    fn of(database: &'a Database) -> JsonDatabase<'a> {
        JsonDatabase {
            name: &database.name,
            host: &database.host,
            port: database.port,
            user: &database.user,
            server_version: &database.server_version,
            pooler: database.pooler.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Lint"))]
struct JsonLint<'a> {
    file: &'a str,
    checks: usize,
}

/// Rounded to a microsecond; JSON has no infinity.
fn milliseconds(value: f64) -> f64 {
    if value.is_finite() {
        (value * 1000.0).round() / 1000.0
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{JsonReport, render};
    use crate::report::{Report, fixture};

    /// What the contract promises, one element of each array.
    const CONTRACT: &str = r#"
{"schema_version": 1, "tool_version": "…", "command": "verify", "verdict": "not_approved", "exit_code": 1,
 "database": {"name": "…", "host": "…", "port": 5432, "user": "…", "server_version": "17.5", "pooler": null},
 "started_at": "RFC 3339", "duration_ms": 12.3,
 "migrations": [{"version": "0024", "name": "…", "state": "applied",
                 "duration_ms": 1.0, "error": null, "artifacts": {}}],
 "totals": {"pass": 0, "fail": 0, "blocked": 0, "warn": 0, "skip": 0},
 "checks": [{"id": "…", "suite": "0024", "kind": "index",
             "object": "public.idx_sync_progress_active", "status": "fail", "expected": "…", "actual": "…",
             "message": "…", "blocked_by": null, "source": {"file": "checks/…", "line": 31}}],
 "root_causes": [{"object": "table organization", "blocks": 41, "remedy": "apply 0001_…",
                  "sources": [{"file": "migrations/…", "line": 123}]}],
 "diagnostics": [{"severity": "error", "message": "…", "source": {"file": "…", "line": 1, "column": 5}}]}"#;

    /// The schema of the report, from its types.
    fn schema() -> Value {
        let settings = schemars::generate::SchemaSettings::draft2020_12().for_serialize();
        let schema = settings
            .into_generator()
            .into_root_schema_for::<JsonReport<'static>>();
        let mut schema = schema.to_value();
        schema["title"] = "pgplumb report, schema_version 1".into();
        schema
    }

    /// Every field of `wanted` is in `found`, with a value of the same type or null on either side.
    fn covers(path: &str, wanted: &Value, found: &Value) {
        match (wanted, found) {
            (Value::Object(wanted), Value::Object(found)) => {
                for (key, value) in wanted {
                    let path = format!("{path}.{key}");
                    covers(
                        &path,
                        value,
                        found.get(key).unwrap_or_else(|| panic!("{path} is missing")),
                    );
                }
            }
            (Value::Array(wanted), Value::Array(found)) => {
                found
                    .iter()
                    .for_each(|found| covers(&format!("{path}[]"), &wanted[0], found));
            }
            (Value::Null, _) | (_, Value::Null) => {}
            (wanted, found) => assert_eq!(
                std::mem::discriminant(wanted),
                std::mem::discriminant(found),
                "{path} is {found}"
            ),
        }
    }

    fn parsed(report: &Report) -> Value {
        serde_json::from_str(&render(report)).unwrap()
    }

    #[test]
    fn every_report_has_every_field() {
        let contract: Value = serde_json::from_str(CONTRACT).unwrap();
        for (name, report) in fixture::all() {
            covers(name, &contract, &parsed(&report));
            assert!(render(&report).ends_with("}\n"));
        }
    }

    #[test]
    fn the_shipped_schema_is_up_to_date() {
        crate::check::testing::is_shipped("report-1.json", &schema());
    }

    #[test]
    fn every_report_is_valid() {
        let schema = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema())
            .unwrap();
        for (name, report) in fixture::with_odd() {
            let json = parsed(&report);
            let errors: Vec<String> = schema
                .iter_errors(&json)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert_eq!(errors, [""; 0], "{name}");
            for (field, value) in [("verdict", "fine"), ("started_at", "today"), ("checks", "none")] {
                let mut wrong = json.clone();
                wrong[field] = value.into();
                assert!(!schema.is_valid(&wrong), "{name}: {field}");
            }
        }
    }

    #[test]
    fn an_empty_report_has_every_field() {
        let json = render(&Report::new("init")).replace(env!("CARGO_PKG_VERSION"), "[version]");
        insta::assert_snapshot!(json);
    }

    #[test]
    fn artifacts_stand_by_plural_and_partitions_apart() {
        let json = parsed(&fixture::apply_approved());
        let artifacts = &json["migrations"][0]["artifacts"];
        let counts: Vec<(&str, usize)> = artifacts
            .as_object()
            .unwrap()
            .iter()
            .map(|(kind, names)| (kind.as_str(), names.as_array().unwrap().len()))
            .collect();
        assert_eq!(
            counts,
            [
                ("columns", 41),
                ("enums", 4),
                ("foreign_keys", 3),
                ("functions", 5),
                ("grants", 3),
                ("indexes", 55),
                ("partitions", 5),
                ("policies", 12),
                ("primary_keys", 3),
                ("tables", 3),
                ("triggers", 4),
            ]
        );
        let measure = json["checks"]
            .as_array()
            .unwrap()
            .iter()
            .find(|check| check["object"] == "Performance indexes");
        assert_eq!(
            measure.unwrap()["measure"],
            serde_json::json!({"have": 55, "want": 15, "at_least": true})
        );
    }

    #[test]
    fn names_survive_whatever_they_hold() {
        let report = fixture::hostile();
        let json = parsed(&report);
        assert_eq!(
            json["checks"][1]["object"].as_str(),
            Some(report.checks[1].object.as_str())
        );
        assert_eq!(json["environment"].as_str(), report.environment.as_deref());
    }

    #[test]
    fn numbers_are_finite_and_rounded() {
        let mut report = fixture::apply_nothing();
        report.duration_ms = 12.345_678;
        assert_eq!(parsed(&report)["duration_ms"], 12.346);
        report.duration_ms = f64::NAN;
        assert_eq!(parsed(&report)["duration_ms"], 0.0);
    }

    #[test]
    fn a_failed_run_as_a_whole() {
        let json = render(&fixture::apply_script_failed()).replace(env!("CARGO_PKG_VERSION"), "[version]");
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!("json_apply_script_failed", json));
    }
}
