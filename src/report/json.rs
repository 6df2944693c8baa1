//! The report for programs: `schema_version` 1.
//!
//! Every field is always there; what is unknown is null. Fields are only ever added.

use std::collections::BTreeMap;

use serde::Serialize;

use super::model::{
    Artifacts, Database, Gate, JournalLine, LedgerLine, MigrationReport, Report, RootCause, StatementLine,
    Totals,
};
use crate::catalog::Object;
use crate::check::Verdict;
use crate::check::verdict::{Difference, Measure};
use crate::diagnostic::Diagnostic;
use crate::source::Location;

const SCHEMA_VERSION: u32 = 1;

/// Renders a report as JSON, indented by two spaces, with a line end.
pub fn render(report: &Report) -> String {
    // strings, numbers and arrays of them: there is nothing that could fail
    let json = serde_json::to_string_pretty(&JsonReport::of(report)).expect("a report is always JSON");
    json + "\n"
}

/// What a migration did to the catalog, as the journal keeps it: one line.
pub fn artifacts(artifacts: &Artifacts) -> String {
    let artifacts = JsonArtifacts {
        created: Report::artifact_names(artifacts),
        removed: Report::removed_names(artifacts),
        altered: artifacts.altered.iter().map(JsonAltered::of).collect(),
    };
    serde_json::to_string(&artifacts).expect("names are always JSON")
}

#[derive(Serialize)]
struct JsonArtifacts<'a> {
    created: BTreeMap<&'static str, Vec<String>>,
    removed: BTreeMap<&'static str, Vec<String>>,
    altered: Vec<JsonAltered<'a>>,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    schema_version: u32,
    tool_version: &'static str,
    command: &'static str,
    verdict: Option<&'static str>,
    exit_code: u8,
    environment: Option<&'a str>,
    dry_run: bool,
    database: Option<JsonDatabase<'a>>,
    started_at: Option<&'a str>,
    duration_ms: f64,
    migrations: Vec<JsonMigration<'a>>,
    totals: Totals,
    checks: Vec<JsonCheck<'a>>,
    root_causes: Vec<JsonRootCause<'a>>,
    diagnostics: Vec<JsonDiagnostic<'a>>,
    ledger: Vec<JsonLedgerLine<'a>>,
    journal: Vec<JsonJournalLine<'a>>,
    files: &'a [String],
    linted: Vec<JsonLint<'a>>,
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
            dry_run: report.dry_run,
            database: report.database.as_ref().map(JsonDatabase::of),
            started_at: Some(report.started_at.as_str()).filter(|at| !at.is_empty()),
            duration_ms: milliseconds(report.duration_ms),
            migrations: report.migrations.iter().map(JsonMigration::of).collect(),
            totals: report.totals(),
            checks: report.checks.iter().map(JsonCheck::of).collect(),
            root_causes: report.root_causes.iter().map(JsonRootCause::of).collect(),
            diagnostics: report.diagnostics.iter().map(JsonDiagnostic::of).collect(),
            ledger: report.ledger.iter().map(JsonLedgerLine::of).collect(),
            journal: report.journal.iter().map(JsonJournalLine::of).collect(),
            files: &report.files,
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
struct JsonDatabase<'a> {
    name: &'a str,
    host: &'a str,
    port: u16,
    user: &'a str,
    server_version: &'a str,
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
struct JsonMigration<'a> {
    version: &'a str,
    name: &'a str,
    state: &'static str,
    duration_ms: Option<f64>,
    error: Option<&'a str>,
    source: Option<JsonSource<'a>>,
    artifacts: BTreeMap<&'static str, Vec<String>>,
    removed: BTreeMap<&'static str, Vec<String>>,
    altered: Vec<JsonAltered<'a>>,
    statements: Vec<JsonStatement<'a>>,
    gates: Vec<JsonGate<'a>>,
}

impl<'a> JsonMigration<'a> {
    fn of(migration: &'a MigrationReport) -> JsonMigration<'a> {
        JsonMigration {
            version: &migration.version,
            name: &migration.name,
            state: migration.state.as_str(),
            duration_ms: migration.duration_ms.map(milliseconds),
            error: migration.error.as_deref(),
            source: migration.source.as_ref().map(JsonSource::of),
            artifacts: Report::artifact_names(&migration.artifacts),
            removed: Report::removed_names(&migration.artifacts),
            altered: migration.artifacts.altered.iter().map(JsonAltered::of).collect(),
            statements: migration.statements.iter().map(JsonStatement::of).collect(),
            gates: migration.gates.iter().map(JsonGate::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonAltered<'a> {
    kind: &'static str,
    object: String,
    properties: &'a [String],
}

impl<'a> JsonAltered<'a> {
    fn of((object, properties): &'a (Object, Vec<String>)) -> JsonAltered<'a> {
        JsonAltered {
            kind: object.id.kind.as_str(),
            object: object.id.path(),
            properties,
        }
    }
}

#[derive(Serialize)]
struct JsonStatement<'a> {
    tag: &'a str,
    text: &'a str,
    source: JsonSource<'a>,
}

impl<'a> JsonStatement<'a> {
    fn of(statement: &'a StatementLine) -> JsonStatement<'a> {
        JsonStatement {
            tag: &statement.tag,
            text: &statement.text,
            source: JsonSource::of(&statement.source),
        }
    }
}

#[derive(Serialize)]
struct JsonGate<'a> {
    id: &'a str,
    kind: &'static str,
    source: JsonSource<'a>,
}

impl<'a> JsonGate<'a> {
    fn of(gate: &'a Gate) -> JsonGate<'a> {
        JsonGate {
            id: &gate.id,
            kind: gate.kind,
            source: JsonSource::of(&gate.source),
        }
    }
}

#[derive(Serialize)]
struct JsonCheck<'a> {
    id: &'a str,
    suite: &'a str,
    kind: &'static str,
    object: &'a str,
    status: &'static str,
    expected: Option<&'a str>,
    actual: Option<&'a str>,
    message: &'a str,
    blocked_by: Option<&'a str>,
    remedy: Option<&'a str>,
    differences: Vec<JsonDifference<'a>>,
    measure: Option<JsonMeasure>,
    source: JsonSource<'a>,
}

impl<'a> JsonCheck<'a> {
    fn of(verdict: &'a Verdict) -> JsonCheck<'a> {
        JsonCheck {
            id: &verdict.id,
            suite: &verdict.suite,
            kind: verdict.kind,
            object: &verdict.object,
            status: verdict.status.as_str(),
            expected: verdict.expected.as_deref(),
            actual: verdict.actual.as_deref(),
            message: &verdict.message,
            blocked_by: verdict.blocked_by.as_deref(),
            remedy: verdict.remedy.as_deref(),
            differences: verdict.differences.iter().map(JsonDifference::of).collect(),
            measure: verdict.measure.map(JsonMeasure::of),
            source: JsonSource::of(&verdict.source),
        }
    }
}

#[derive(Serialize)]
struct JsonDifference<'a> {
    part: &'a str,
    expected: Option<&'a str>,
    actual: Option<&'a str>,
}

impl<'a> JsonDifference<'a> {
    fn of(difference: &'a Difference) -> JsonDifference<'a> {
        JsonDifference {
            part: &difference.part,
            expected: difference.want.as_deref(),
            actual: difference.have.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct JsonMeasure {
    have: u64,
    want: u64,
    at_least: bool,
}

impl JsonMeasure {
    fn of(measure: Measure) -> JsonMeasure {
        JsonMeasure {
            have: measure.have,
            want: measure.want,
            at_least: measure.at_least,
        }
    }
}

#[derive(Serialize)]
struct JsonRootCause<'a> {
    object: &'a str,
    blocks: usize,
    remedy: &'a str,
    sources: Vec<JsonSource<'a>>,
}

impl<'a> JsonRootCause<'a> {
    fn of(cause: &'a RootCause) -> JsonRootCause<'a> {
        JsonRootCause {
            object: &cause.object,
            blocks: cause.blocks,
            remedy: &cause.remedy,
            sources: cause.sources.iter().map(JsonSource::of).collect(),
        }
    }
}

#[derive(Serialize)]
struct JsonDiagnostic<'a> {
    severity: &'static str,
    message: &'a str,
    source: Option<JsonSource<'a>>,
    facts: Vec<JsonFact<'a>>,
    help: Option<&'a str>,
}

impl<'a> JsonDiagnostic<'a> {
    fn of(diagnostic: &'a Diagnostic) -> JsonDiagnostic<'a> {
        let place = diagnostic.place.as_ref();
        JsonDiagnostic {
            severity: diagnostic.severity.as_str(),
            message: &diagnostic.message,
            source: place
                .map(|place| {
                    let location = place.location();
                    JsonSource {
                        file: place.file.path(),
                        line: Some(location.line),
                        column: Some(location.column),
                    }
                })
                .or_else(|| diagnostic.file.as_deref().map(JsonSource::whole)),
            facts: diagnostic.facts.iter().map(JsonFact::of).collect(),
            help: diagnostic.help.as_deref(),
        }
    }
}

#[derive(Serialize)]
struct JsonFact<'a> {
    label: &'static str,
    text: &'a str,
}

impl<'a> JsonFact<'a> {
    fn of((label, text): &'a (&'static str, String)) -> JsonFact<'a> {
        JsonFact { label, text }
    }
}

#[derive(Serialize)]
struct JsonSource<'a> {
    file: &'a str,
    line: Option<u32>,
    column: Option<u32>,
}

impl<'a> JsonSource<'a> {
    fn of(location: &'a Location) -> JsonSource<'a> {
        JsonSource {
            file: &location.file,
            line: Some(location.line),
            column: Some(location.column),
        }
    }

    /// A file without a certain place in it.
    fn whole(file: &'a str) -> JsonSource<'a> {
        JsonSource {
            file,
            line: None,
            column: None,
        }
    }
}

#[derive(Serialize)]
struct JsonLint<'a> {
    file: &'a str,
    checks: usize,
}

#[derive(Serialize)]
struct JsonLedgerLine<'a> {
    version: &'a str,
    name: &'a str,
    state: &'static str,
    applied_on: Option<&'a str>,
    rollback: &'a str,
    checks: Option<usize>,
}

impl<'a> JsonLedgerLine<'a> {
    fn of(line: &'a LedgerLine) -> JsonLedgerLine<'a> {
        JsonLedgerLine {
            version: &line.version,
            name: &line.name,
            state: line.state,
            applied_on: line.applied_on.as_deref(),
            rollback: &line.rollback,
            checks: line.checks,
        }
    }
}

#[derive(Serialize)]
struct JsonJournalLine<'a> {
    id: i64,
    at: &'a str,
    action: &'a str,
    version: &'a str,
    name: &'a str,
    outcome: &'a str,
    verdict: Option<&'a str>,
    duration_ms: Option<f64>,
    by: &'a str,
    from: &'a str,
    sha256: Option<&'a str>,
    message: Option<&'a str>,
}

impl<'a> JsonJournalLine<'a> {
    fn of(line: &'a JournalLine) -> JsonJournalLine<'a> {
        JsonJournalLine {
            id: line.id,
            at: &line.at,
            action: &line.action,
            version: &line.version,
            name: &line.name,
            outcome: &line.outcome,
            verdict: line.verdict.as_deref(),
            duration_ms: line.duration_ms.map(milliseconds),
            by: &line.by,
            from: &line.from,
            sha256: line.sha256.as_deref(),
            message: line.message.as_deref(),
        }
    }
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

    use super::render;
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
