//! The report for programs: `schema_version` 1.
//!
//! Every field is always there; what is unknown is null. Fields are only ever added.

mod isolation;
mod preflight;
mod proof;
mod timing;

use std::collections::BTreeMap;

use serde::Serialize;

use self::isolation::JsonIsolation;
use self::preflight::JsonPreflight;
use self::proof::{JsonChain, JsonChange, JsonProof};
use self::timing::JsonTiming;

use super::model::{
    Artifacts, Database, Documentation, Figures, Gate, JournalLine, LedgerLine, MigrationReport, Report,
    RootCause, StatementLine, Totals,
};
use super::rehearsal::{Rehearsal, RehearsedStatement, RehearsedStep};
use crate::audit::Finding;
use crate::catalog::{self, Object};
use crate::check::Verdict;
use crate::check::verdict::{Difference, Measure};
use crate::diagnostic::Diagnostic;
use crate::history::Trace;
use crate::source::Location;

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

/// What a migration did to the catalog, as the journal keeps it: one line.
pub fn artifacts(artifacts: &Artifacts) -> String {
    let artifacts = JsonArtifacts {
        created: Report::artifact_names(artifacts),
        removed: Report::removed_names(artifacts),
        altered: artifacts.altered.iter().map(JsonAltered::of).collect(),
        before: &artifacts.traces,
    };
    serde_json::to_string(&artifacts).expect("names are always JSON")
}

#[derive(Serialize)]
struct JsonArtifacts<'a> {
    created: BTreeMap<&'static str, Vec<String>>,
    removed: BTreeMap<&'static str, Vec<String>>,
    altered: Vec<JsonAltered<'a>>,
    #[serde(skip_serializing_if = "<[Trace]>::is_empty")]
    before: &'a [Trace],
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Finding"))]
struct JsonFinding<'a> {
    /// Of the lint.
    id: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["error", "warn", "info"])))]
    severity: &'a str,
    object: &'a str,
    message: &'a str,
    /// The statement that mends it.
    fix: &'a str,
    /// The reason for which it is accepted.
    accepted: Option<&'a str>,
}

impl<'a> JsonFinding<'a> {
    fn of(finding: &'a Finding) -> JsonFinding<'a> {
        JsonFinding {
            id: finding.id,
            severity: finding.severity.as_str(),
            object: &finding.object,
            message: &finding.message,
            fix: &finding.fix,
            accepted: finding.accepted.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Documentation"))]
struct JsonDocumentation<'a> {
    /// When the catalog was read.
    read_at: Option<&'a str>,
    /// Since when uses of indexes are counted.
    counting_since: Option<&'a str>,
    objects: Vec<JsonObject<'a>>,
    /// Of tables and indexes, by their SQL path.
    figures: BTreeMap<&'a str, JsonFigures>,
}

impl<'a> JsonDocumentation<'a> {
    fn of(documentation: &'a Documentation) -> JsonDocumentation<'a> {
        JsonDocumentation {
            read_at: documentation.read_at.as_deref(),
            counting_since: documentation.counting_since.as_deref(),
            objects: documentation.objects.iter().map(JsonObject::of).collect(),
            figures: documentation
                .figures
                .iter()
                .map(|(path, figures)| (path.as_str(), JsonFigures::of(*figures)))
                .collect(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Object"))]
struct JsonObject<'a> {
    kind: &'static str,
    /// As SQL names it.
    path: String,
    schema: &'a str,
    /// The table that it stands on; empty for what stands by itself.
    relation: &'a str,
    name: &'a str,
    properties: BTreeMap<&'static str, serde_json::Value>,
}

impl<'a> JsonObject<'a> {
    fn of(object: &'a Object) -> JsonObject<'a> {
        JsonObject {
            kind: object.id.kind.as_str(),
            path: object.id.path(),
            schema: &object.id.schema,
            relation: &object.id.relation,
            name: &object.id.name,
            properties: object
                .properties
                .iter()
                .map(|(name, value)| (*name, catalog::json::json(value)))
                .collect(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Figures"))]
struct JsonFigures {
    /// The planner's estimate; null before the first VACUUM or ANALYZE.
    rows: Option<i64>,
    bytes: i64,
    total_bytes: i64,
    /// How often an index was used.
    scans: Option<i64>,
}

impl JsonFigures {
    fn of(figures: Figures) -> JsonFigures {
        JsonFigures {
            rows: figures.rows,
            bytes: figures.bytes,
            total_bytes: figures.total_bytes,
            scans: figures.scans,
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Migration"))]
struct JsonMigration<'a> {
    /// As the file spells it.
    version: &'a str,
    name: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["applied", "pending", "failed", "rolled_back", "skipped"])))]
    state: &'static str,
    duration_ms: Option<f64>,
    error: Option<&'a str>,
    source: Option<JsonSource<'a>>,
    /// SQL names of what it created, by the plural of their kind.
    artifacts: BTreeMap<&'static str, Vec<String>>,
    /// SQL names of what it removed, likewise.
    removed: BTreeMap<&'static str, Vec<String>>,
    /// What existed before and differs now.
    altered: Vec<JsonAltered<'a>>,
    /// Of `--dry-run`: what would run.
    statements: Vec<JsonStatement<'a>>,
    /// Of `--dry-run`: the checks that would judge it.
    gates: Vec<JsonGate<'a>>,
    /// When it ran and what it waited for; null when it did not run.
    timing: Option<JsonTiming<'a>>,
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
            timing: migration.timing.as_ref().map(JsonTiming::of),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Altered"))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Statement"))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Gate"))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Check"))]
struct JsonCheck<'a> {
    id: &'a str,
    /// The version of the migration, or the stem of an always-on suite.
    suite: &'a str,
    kind: &'static str,
    /// SQL name of the object; of a count, query or probe its name.
    object: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["pass", "fail", "blocked", "warn", "skip"])))]
    status: &'static str,
    expected: Option<&'a str>,
    actual: Option<&'a str>,
    message: &'a str,
    /// The missing thing, of a check that cannot be judged.
    blocked_by: Option<&'a str>,
    /// The statement that would bring the catalog back, when there is a safe one.
    remedy: Option<&'a str>,
    /// What differs, part by part.
    differences: Vec<JsonDifference<'a>>,
    /// The figure of a count.
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Difference"))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Measure"))]
struct JsonMeasure {
    have: u64,
    want: u64,
    /// More is fine.
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RootCause"))]
struct JsonRootCause<'a> {
    object: &'a str,
    /// How many checks wait for it.
    blocks: usize,
    remedy: &'a str,
    /// The lines of scripts that need it.
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Rehearsal"))]
struct JsonRehearsal<'a> {
    /// From BEGIN to ROLLBACK.
    duration_ms: f64,
    steps: Vec<JsonRehearsedStep<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RehearsedStep"))]
struct JsonRehearsedStep<'a> {
    /// The stem of the migration's files.
    migration: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["works", "failed", "not_rehearsable", "not_reached"])))]
    outcome: &'static str,
    /// Why it could not be rehearsed.
    reason: Option<&'a str>,
    duration_ms: f64,
    /// Those that ran.
    statements: Vec<JsonRehearsedStatement<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RehearsedStatement"))]
struct JsonRehearsedStatement<'a> {
    tag: &'a str,
    source: JsonSource<'a>,
    /// By the server's clock.
    duration_ms: f64,
    /// Read or changed; null of a statement that reports none.
    rows: Option<u64>,
    /// On tables that were there before, where none before it had taken the same.
    locks: Vec<JsonTakenLock<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "TakenLock"))]
struct JsonTakenLock<'a> {
    table: &'a str,
    /// As SQL calls it: `ACCESS EXCLUSIVE`.
    mode: &'a str,
    /// Whom it keeps waiting: `reads and writes`, `writes`, ….
    blocks: &'static str,
    /// When its statement began, from the first statement of the step on.
    from_ms: f64,
    /// From then to the end of the step, where `apply` commits.
    held_ms: f64,
}

impl<'a> JsonRehearsal<'a> {
    fn of(rehearsal: &'a Rehearsal) -> JsonRehearsal<'a> {
        JsonRehearsal {
            duration_ms: milliseconds(rehearsal.duration_ms),
            steps: rehearsal.steps.iter().map(JsonRehearsedStep::of).collect(),
        }
    }
}

impl<'a> JsonRehearsedStep<'a> {
    fn of(step: &'a RehearsedStep) -> JsonRehearsedStep<'a> {
        JsonRehearsedStep {
            migration: &step.stem,
            outcome: step.outcome.as_str(),
            reason: Some(step.reason.as_str()).filter(|reason| !reason.is_empty()),
            duration_ms: milliseconds(step.duration_ms),
            statements: step.statements.iter().map(JsonRehearsedStatement::of).collect(),
        }
    }
}

impl<'a> JsonRehearsedStatement<'a> {
    fn of(statement: &'a RehearsedStatement) -> JsonRehearsedStatement<'a> {
        JsonRehearsedStatement {
            tag: &statement.tag,
            source: JsonSource::of(&statement.source),
            duration_ms: milliseconds(statement.duration_ms),
            rows: statement.rows,
            locks: statement
                .locks
                .iter()
                .map(|lock| JsonTakenLock {
                    table: &lock.table,
                    mode: &lock.mode,
                    blocks: lock.blocks(),
                    from_ms: milliseconds(lock.from_ms),
                    held_ms: milliseconds(lock.held_ms),
                })
                .collect(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Diagnostic"))]
struct JsonDiagnostic<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["note", "warning", "error"])))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Fact"))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Source"))]
struct JsonSource<'a> {
    file: &'a str,
    /// From 1; null for a file as a whole.
    line: Option<u32>,
    /// From 1, in characters.
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Lint"))]
struct JsonLint<'a> {
    file: &'a str,
    checks: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "LedgerLine"))]
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "JournalLine"))]
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
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/report-1.json");
        let text = serde_json::to_string_pretty(&schema()).unwrap() + "\n";
        if std::env::var_os("PGPLUMB_UPDATE_SCHEMA").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let shipped = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            shipped == text,
            "docs/schema/report-1.json is not what the types say; write it with PGPLUMB_UPDATE_SCHEMA=1 cargo test"
        );
    }

    #[test]
    fn every_report_is_valid() {
        let schema = jsonschema::options()
            .should_validate_formats(true)
            .build(&schema())
            .unwrap();
        for (name, report) in fixture::all() {
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
