//! What is deployed.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::{self, Object};
use crate::report::model::{Documentation, Figures};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Documentation"))]
pub(super) struct JsonDocumentation<'a> {
    /// When the catalog was read.
    read_at: Option<&'a str>,
    /// Since when uses of indexes are counted.
    counting_since: Option<&'a str>,
    objects: Vec<JsonObject<'a>>,
    /// Of tables and indexes, by their SQL path.
    figures: BTreeMap<&'a str, JsonFigures>,
}

impl<'a> JsonDocumentation<'a> {
    pub(super) fn of(documentation: &'a Documentation) -> JsonDocumentation<'a> {
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
pub(super) struct JsonObject<'a> {
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
    pub(super) fn of(object: &'a Object) -> JsonObject<'a> {
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
pub(super) struct JsonFigures {
    /// The planner's estimate; null before the first VACUUM or ANALYZE.
    rows: Option<i64>,
    bytes: i64,
    total_bytes: i64,
    /// How often an index was used.
    scans: Option<i64>,
}

impl JsonFigures {
    pub(super) fn of(figures: Figures) -> JsonFigures {
        JsonFigures {
            rows: figures.rows,
            bytes: figures.bytes,
            total_bytes: figures.total_bytes,
            scans: figures.scans,
        }
    }
}
