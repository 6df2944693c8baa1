//! What each migration did.

use std::collections::BTreeMap;

use serde::Serialize;

use super::diagnostic::JsonSource;
use super::milliseconds;
use super::timing::JsonTiming;
use crate::catalog::Object;
use crate::history::Trace;
use crate::report::model::{Artifacts, Gate, MigrationReport, Report, StatementLine};

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
pub(super) struct JsonArtifacts<'a> {
    pub(super) created: BTreeMap<&'static str, Vec<String>>,
    pub(super) removed: BTreeMap<&'static str, Vec<String>>,
    pub(super) altered: Vec<JsonAltered<'a>>,
    #[serde(skip_serializing_if = "<[Trace]>::is_empty")]
    pub(super) before: &'a [Trace],
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Migration"))]
pub(super) struct JsonMigration<'a> {
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
    pub(super) fn of(migration: &'a MigrationReport) -> JsonMigration<'a> {
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
            timing: migration.timing.as_deref().map(JsonTiming::of),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Altered"))]
pub(super) struct JsonAltered<'a> {
    kind: &'static str,
    object: String,
    properties: &'a [String],
}

impl<'a> JsonAltered<'a> {
    pub(super) fn of((object, properties): &'a (Object, Vec<String>)) -> JsonAltered<'a> {
        JsonAltered {
            kind: object.id.kind.as_str(),
            object: object.id.path(),
            properties,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Statement"))]
pub(super) struct JsonStatement<'a> {
    tag: &'a str,
    text: &'a str,
    source: JsonSource<'a>,
}

impl<'a> JsonStatement<'a> {
    pub(super) fn of(statement: &'a StatementLine) -> JsonStatement<'a> {
        JsonStatement {
            tag: &statement.tag,
            text: &statement.text,
            source: JsonSource::of(&statement.source),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Gate"))]
pub(super) struct JsonGate<'a> {
    id: &'a str,
    kind: &'static str,
    source: JsonSource<'a>,
}

impl<'a> JsonGate<'a> {
    pub(super) fn of(gate: &'a Gate) -> JsonGate<'a> {
        JsonGate {
            id: &gate.id,
            kind: gate.kind,
            source: JsonSource::of(&gate.source),
        }
    }
}
