//! The checks, and what they wait for.

use serde::Serialize;

use super::diagnostic::JsonSource;
use crate::check::Verdict;
use crate::check::verdict::{Difference, Measure};
use crate::report::model::RootCause;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Check"))]
pub(super) struct JsonCheck<'a> {
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
    pub(super) fn of(verdict: &'a Verdict) -> JsonCheck<'a> {
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
pub(super) struct JsonDifference<'a> {
    part: &'a str,
    expected: Option<&'a str>,
    actual: Option<&'a str>,
}

impl<'a> JsonDifference<'a> {
    pub(super) fn of(difference: &'a Difference) -> JsonDifference<'a> {
        JsonDifference {
            part: &difference.part,
            expected: difference.want.as_deref(),
            actual: difference.have.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Measure"))]
pub(super) struct JsonMeasure {
    have: u64,
    want: u64,
    /// More is fine.
    at_least: bool,
}

impl JsonMeasure {
    pub(super) fn of(measure: Measure) -> JsonMeasure {
        JsonMeasure {
            have: measure.have,
            want: measure.want,
            at_least: measure.at_least,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "RootCause"))]
pub(super) struct JsonRootCause<'a> {
    object: &'a str,
    /// How many checks wait for it.
    blocks: usize,
    remedy: &'a str,
    /// The lines of scripts that need it.
    sources: Vec<JsonSource<'a>>,
}

impl<'a> JsonRootCause<'a> {
    pub(super) fn of(cause: &'a RootCause) -> JsonRootCause<'a> {
        JsonRootCause {
            object: &cause.object,
            blocks: cause.blocks,
            remedy: &cause.remedy,
            sources: cause.sources.iter().map(JsonSource::of).collect(),
        }
    }
}
