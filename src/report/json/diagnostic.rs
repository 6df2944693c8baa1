//! Messages and findings, with their places.

use serde::Serialize;

use crate::audit::Finding;
use crate::diagnostic::Diagnostic;
use crate::source::Location;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Finding"))]
pub(super) struct JsonFinding<'a> {
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
    pub(super) fn of(finding: &'a Finding) -> JsonFinding<'a> {
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
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Diagnostic"))]
pub(super) struct JsonDiagnostic<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["note", "warning", "error"])))]
    severity: &'static str,
    message: &'a str,
    source: Option<JsonSource<'a>>,
    facts: Vec<JsonFact<'a>>,
    help: Option<&'a str>,
}

impl<'a> JsonDiagnostic<'a> {
    pub(super) fn of(diagnostic: &'a Diagnostic) -> JsonDiagnostic<'a> {
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
pub(super) struct JsonFact<'a> {
    label: &'static str,
    text: &'a str,
}

impl<'a> JsonFact<'a> {
    pub(super) fn of((label, text): &'a (&'static str, String)) -> JsonFact<'a> {
        JsonFact { label, text }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Source"))]
pub(super) struct JsonSource<'a> {
    file: &'a str,
    /// From 1; null for a file as a whole.
    line: Option<u32>,
    /// From 1, in characters.
    column: Option<u32>,
}

impl<'a> JsonSource<'a> {
    pub(super) fn of(location: &'a Location) -> JsonSource<'a> {
        JsonSource {
            file: &location.file,
            line: Some(location.line),
            column: Some(location.column),
        }
    }

    /// A file without a certain place in it.
    pub(super) fn whole(file: &'a str) -> JsonSource<'a> {
        JsonSource {
            file,
            line: None,
            column: None,
        }
    }
}
