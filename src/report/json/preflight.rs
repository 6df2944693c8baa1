//! The summary of a preflight.

use serde::Serialize;

use super::JsonSource;
use crate::report::preflight::Preflight;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Preflight"))]
pub(super) struct JsonPreflight<'a> {
    /// Statements of the plan.
    statements: usize,
    /// Of those, the ones that could not be seen through.
    opaque: usize,
    components: Vec<JsonComponent<'a>>,
    issues: Vec<JsonIssue<'a>>,
    /// What to do, in order.
    actions: &'a [String],
    /// The eight validation tasks.
    tasks: Vec<JsonTask<'a>>,
    /// What has to be so before anything is deployed.
    gate: &'a [String],
    /// What is there instead, where something is missing.
    present: Vec<JsonPresent<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PreflightPresent"))]
struct JsonPresent<'a> {
    schema: &'a str,
    /// The first of its tables and views, by name.
    names: &'a [String],
    /// How many tables and views it has.
    relations: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PreflightComponent"))]
struct JsonComponent<'a> {
    name: &'a str,
    status: &'static str,
    details: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PreflightIssue"))]
struct JsonIssue<'a> {
    title: &'a str,
    impact: &'a str,
    /// What in the scripts names it; empty when nothing does.
    needed_by: &'a str,
    why: &'a str,
    /// The first line that needs it.
    snippet: Option<&'a str>,
    sources: Vec<JsonSource<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PreflightTask"))]
struct JsonTask<'a> {
    number: usize,
    name: &'a str,
    status: &'static str,
    requirement: &'a str,
    finding: &'a str,
    /// What was asked for, one by one.
    parts: Vec<JsonPart<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "PreflightPart"))]
struct JsonPart<'a> {
    status: &'static str,
    what: &'a str,
    finding: &'a str,
}

impl<'a> JsonPreflight<'a> {
    pub(super) fn of(preflight: &'a Preflight) -> JsonPreflight<'a> {
        JsonPreflight {
            statements: preflight.statements,
            opaque: preflight.opaque,
            components: preflight
                .components
                .iter()
                .map(|line| JsonComponent {
                    name: line.name,
                    status: line.status.as_str(),
                    details: &line.details,
                })
                .collect(),
            issues: preflight
                .issues
                .iter()
                .map(|issue| JsonIssue {
                    title: &issue.title,
                    impact: &issue.impact,
                    needed_by: &issue.needed_by,
                    why: &issue.why,
                    snippet: issue.snippet.as_deref(),
                    sources: issue.lines.iter().map(JsonSource::of).collect(),
                })
                .collect(),
            actions: &preflight.actions,
            tasks: preflight
                .tasks
                .iter()
                .map(|task| JsonTask {
                    number: task.number,
                    name: task.name,
                    status: task.status.as_str(),
                    requirement: &task.requirement,
                    finding: &task.finding,
                    parts: task
                        .parts
                        .iter()
                        .map(|part| JsonPart {
                            status: part.status.as_str(),
                            what: &part.what,
                            finding: &part.finding,
                        })
                        .collect(),
                })
                .collect(),
            gate: &preflight.gate,
            present: preflight
                .present
                .iter()
                .map(|present| JsonPresent {
                    schema: &present.schema,
                    names: &present.names,
                    relations: present.relations,
                })
                .collect(),
        }
    }
}
