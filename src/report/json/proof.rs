//! Proofs and differences.

use serde::Serialize;

use crate::report::model::{Chain, ChangeLine, Proof};
use crate::source::Location;

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Proof"))]
pub(super) struct JsonProof<'a> {
    version: &'a str,
    name: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["exact", "order_only", "residue", "loss", "changed", "not_repeatable", "repeatable", "rollback_failed",
        "apply_failed", "nondeterministic", "no_rollback", "irreversible"])))]
    outcome: &'static str,
    /// What differs after the rollback from before the migration.
    details: Vec<JsonChange<'a>>,
    /// What came of applying again.
    #[cfg_attr(test, schemars(extend("enum" = ["same", "failed", "differs", "not_run"])))]
    reapply: &'static str,
    /// What the second apply made otherwise than the first.
    reapply_details: Vec<JsonChange<'a>>,
    /// What is left on purpose, as the rollback declares.
    kept: &'a [String],
    /// The reason of an irreversible one; what the server said of a script that failed.
    message: Option<&'a str>,
    duration_ms: f64,
    source: JsonPlace<'a>,
}

impl<'a> JsonProof<'a> {
    pub(super) fn of(proof: &'a Proof) -> JsonProof<'a> {
        JsonProof {
            version: &proof.version,
            name: &proof.name,
            outcome: proof.outcome.as_str(),
            details: proof.details.iter().map(JsonChange::of).collect(),
            reapply: proof.reapply.as_str(),
            reapply_details: proof.again.iter().map(JsonChange::of).collect(),
            kept: &proof.kept,
            message: proof.message.as_deref(),
            duration_ms: super::milliseconds(proof.duration_ms),
            source: JsonPlace::of(&proof.source),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Place"))]
struct JsonPlace<'a> {
    file: &'a str,
    line: u32,
}

impl<'a> JsonPlace<'a> {
    fn of(location: &'a Location) -> JsonPlace<'a> {
        JsonPlace {
            file: &location.file,
            line: location.line,
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Change"))]
pub(super) struct JsonChange<'a> {
    /// As SQL calls it.
    kind: &'a str,
    /// Its path, as SQL names it.
    object: &'a str,
    #[cfg_attr(test, schemars(extend("enum" = ["added", "removed", "changed"])))]
    change: &'static str,
    /// Null when the whole object came or went.
    property: Option<&'a str>,
    before: Option<&'a str>,
    after: Option<&'a str>,
}

impl<'a> JsonChange<'a> {
    pub(super) fn of(line: &'a ChangeLine) -> JsonChange<'a> {
        JsonChange {
            kind: &line.kind,
            object: &line.object,
            change: line.change,
            property: line.property.as_deref(),
            before: line.before.as_deref(),
            after: line.after.as_deref(),
        }
    }
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Chain"))]
pub(super) struct JsonChain<'a> {
    /// How many migrations were taken back.
    taken_back: usize,
    /// The rollback that could not be run; nothing older was tried.
    failed: Vec<JsonBroken<'a>>,
    /// What is left or missing, with the migration that left it.
    residue: Vec<JsonResidue<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "BrokenLink"))]
struct JsonBroken<'a> {
    migration: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Residue"))]
struct JsonResidue<'a> {
    /// The migration that left it.
    migration: &'a str,
    #[serde(flatten)]
    change: JsonChange<'a>,
}

impl<'a> JsonChain<'a> {
    pub(super) fn of(chain: &'a Chain) -> JsonChain<'a> {
        JsonChain {
            taken_back: chain.taken_back,
            failed: chain
                .failed
                .iter()
                .map(|(migration, message)| JsonBroken { migration, message })
                .collect(),
            residue: chain
                .residue
                .iter()
                .map(|(migration, line)| JsonResidue {
                    migration,
                    change: JsonChange::of(line),
                })
                .collect(),
        }
    }
}
