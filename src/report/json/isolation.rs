//! Isolation matrices.

use serde::Serialize;

use crate::isolation::{Cell, Matrix, Side, TableMatrix, Way, WayKind};

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "Isolation"))]
pub(super) struct JsonIsolation<'a> {
    /// Of `[isolation.NAME]`.
    name: &'a str,
    role: &'a str,
    tables: Vec<JsonTable<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "IsolatedTable"))]
struct JsonTable<'a> {
    /// As SQL names it.
    table: &'a str,
    /// Why nothing could be tried.
    problem: Option<&'a str>,
    cells: Vec<JsonCell<'a>>,
    /// Ways past the table.
    ways: Vec<JsonWay<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "IsolationWay"))]
struct JsonWay<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["partition", "view", "function"])))]
    kind: &'static str,
    /// `view public.v`.
    object: &'a str,
    cells: Vec<JsonCell<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema), schemars(rename = "IsolationCell"))]
struct JsonCell<'a> {
    #[cfg_attr(test, schemars(extend("enum" = ["select", "insert", "update", "move", "delete", "truncate"])))]
    command: &'static str,
    /// Whose rows it is about.
    #[cfg_attr(test, schemars(extend("enum" = ["own", "other"])))]
    tenant: &'static str,
    #[cfg_attr(test, schemars(extend("enum" = ["crosses", "denied", "unproven", "works", "no_grant", "no_policy",
        "refused", "nothing", "not_applicable"])))]
    outcome: &'static str,
    /// What happened.
    have: &'a str,
    /// What was run; null where a privilege alone decides.
    statement: Option<&'a str>,
    /// What mends it.
    fix: Option<&'a str>,
    /// The reason for which it is accepted.
    accepted: Option<&'a str>,
}

impl<'a> JsonIsolation<'a> {
    pub(super) fn of(matrix: &'a Matrix) -> JsonIsolation<'a> {
        JsonIsolation {
            name: &matrix.name,
            role: &matrix.role,
            tables: matrix.tables.iter().map(JsonTable::of).collect(),
        }
    }
}

impl<'a> JsonTable<'a> {
    fn of(table: &'a TableMatrix) -> JsonTable<'a> {
        JsonTable {
            table: &table.path,
            problem: table.problem.as_ref().map(|problem| problem.message.as_str()),
            cells: table.cells.iter().map(JsonCell::of).collect(),
            ways: table.ways.iter().map(JsonWay::of).collect(),
        }
    }
}

impl<'a> JsonWay<'a> {
    fn of(way: &'a Way) -> JsonWay<'a> {
        JsonWay {
            kind: match way.kind {
                WayKind::Partition => "partition",
                WayKind::View => "view",
                WayKind::Function => "function",
            },
            object: &way.object,
            cells: way.cells.iter().map(JsonCell::of).collect(),
        }
    }
}

impl<'a> JsonCell<'a> {
    fn of(cell: &'a Cell) -> JsonCell<'a> {
        JsonCell {
            command: cell.command.as_str(),
            tenant: match cell.side {
                Side::Own => "own",
                Side::Other => "other",
            },
            outcome: cell.outcome.as_str(),
            have: &cell.have,
            statement: Some(cell.statement.as_str()).filter(|statement| !statement.is_empty()),
            fix: cell.fix.as_deref(),
            accepted: cell.accepted.as_deref(),
        }
    }
}
