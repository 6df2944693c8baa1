//! The tables that a run made and their foreign keys, as an inline SVG: what is referenced stands left of what
//! references it.

use std::collections::BTreeMap;

use crate::catalog::{Kind, Object};
use crate::diagnostic::screen;
use crate::report::markup::escape;
use crate::report::model::{MigrationState, Report, is_partition};
use crate::report::summary::relation_path;

/// Columns of one box; of a wider table the rest is counted.
const ROWS: usize = 24;
/// More tables are no picture any more.
const TABLES: usize = 40;
const ROW: usize = 18;
const HEAD: usize = 26;
const GAP: usize = 24;
/// Room for the lines between two layers.
const CHANNEL: usize = 90;
/// Height of a line that passes above the boxes.
const LANE: usize = 9;
/// As many lines stand beside each other in a channel before they share a place.
const LANES: usize = 6;
/// Width of a character of 12 pixels.
const CHARACTER: usize = 8;

struct Table {
    path: String,
    /// Name, type, and `PK` or `FK`.
    columns: Vec<(String, String, &'static str)>,
    more: usize,
    /// It is only referenced: it was there before.
    ghost: bool,
    layer: usize,
    /// The column of boxes that it stands in, from the left.
    column: usize,
    x: usize,
    y: usize,
    width: usize,
}

impl Table {
    fn height(&self) -> usize {
        HEAD + (self.columns.len() + usize::from(self.more > 0)) * ROW + if self.ghost { 0 } else { 8 }
    }
}

/// A foreign key: positions of its two tables, and its first column.
struct Edge {
    from: usize,
    to: usize,
    column: String,
}

/// The diagram of what a run made; empty when that was no table.
pub fn diagram(report: &Report) -> String {
    let created: Vec<&Object> = report
        .migrations
        .iter()
        .filter(|migration| migration.state == MigrationState::Applied)
        .flat_map(|migration| &migration.artifacts.created)
        .collect();
    of(&created)
}

/// The diagram of the tables among these objects, with a sentence for those who do not see it; empty without one.
pub fn of(created: &[&Object]) -> String {
    let mut tables = tables(created);
    if tables.is_empty() {
        return String::new();
    }
    let made = tables.len();
    if made > TABLES {
        return format!("<p>{made} tables are too many for a picture.</p>\n");
    }
    let edges = edges(created, &mut tables);
    layers(&mut tables, &edges);
    let right = place(&mut tables);
    let lanes = lanes(&mut tables, &edges);
    let width = right.last().copied().unwrap_or_default() + GAP * 2;
    let height = tables
        .iter()
        .map(|table| table.y + table.height())
        .max()
        .unwrap_or_default()
        + GAP;
    let mut out = format!(
        "<div class=\"diagram\" tabindex=\"0\" role=\"region\" aria-label=\"Entity diagram\">\n\
         <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"diagram-words\">\n<title id=\"diagram-words\">{}</title>\n",
        escape(&words(&tables, &edges))
    );
    for (edge, lane) in edges.iter().zip(lanes) {
        let path = path(&tables, &right, edge, lane);
        let to = &tables[edge.to];
        out.push_str(&format!(
            "<path class=\"edge\" d=\"{path}\"/>\n<circle class=\"dot\" cx=\"{}\" cy=\"{}\" r=\"3.5\"/>\n",
            to.x + to.width,
            to.y + HEAD / 2
        ));
    }
    for table in &tables {
        draw(&mut out, table);
    }
    out + "</svg>\n</div>\n"
}

fn tables(created: &[&Object]) -> Vec<Table> {
    let of_kind = |kind: Kind| created.iter().filter(move |object| object.id.kind == kind);
    of_kind(Kind::Table)
        .filter(|table| !is_partition(table))
        .map(|table| {
            let path = table.id.path();
            let keys = |kind: Kind| -> Vec<&str> {
                of_kind(kind)
                    .filter(|key| relation_path(key) == path)
                    .flat_map(|key| key.list("columns"))
                    .map(String::as_str)
                    .collect()
            };
            let (primary, foreign) = (keys(Kind::PrimaryKey), keys(Kind::ForeignKey));
            let mut columns: Vec<&&Object> = of_kind(Kind::Column)
                .filter(|column| relation_path(column) == path)
                .collect();
            // in the table's own order, where it is known
            columns.sort_by_key(|column| match column.get("position") {
                Some(crate::catalog::Value::Int(position)) => *position,
                _ => 0,
            });
            let count = columns.len();
            // keys are never the ones that are cut off
            let is_key = |column: &Object| {
                primary.contains(&column.id.name.as_str()) || foreign.contains(&column.id.name.as_str())
            };
            if count > ROWS {
                columns.sort_by_key(|column| !is_key(column));
                columns.truncate(ROWS);
            }
            let columns = columns.into_iter().map(|column| {
                let name = column.id.name.as_str();
                let key = match (primary.contains(&name), foreign.contains(&name)) {
                    (true, _) => "PK",
                    (false, true) => "FK",
                    (false, false) => "",
                };
                let kind = screen::cut(column.text("type").unwrap_or_default(), 24, "…");
                (screen::cut(&screen::clean(name), 32, "…"), kind, key)
            });
            Table::new(path, columns.collect(), count.saturating_sub(ROWS), false)
        })
        .collect()
}

impl Table {
    fn new(path: String, columns: Vec<(String, String, &'static str)>, more: usize, ghost: bool) -> Table {
        let widest = columns
            .iter()
            .map(|(name, kind, key)| screen::width(name) + screen::width(kind) + key.len() + 4)
            .chain([screen::width(&path) + 3])
            .max();
        Table {
            width: widest.unwrap_or_default() * CHARACTER,
            path,
            columns,
            more,
            ghost,
            layer: 0,
            column: 0,
            x: 0,
            y: 0,
        }
    }
}

/// The foreign keys; a table that they reference and that was there before joins the others.
fn edges(created: &[&Object], tables: &mut Vec<Table>) -> Vec<Edge> {
    let mut edges = Vec::new();
    for key in created.iter().filter(|object| object.id.kind == Kind::ForeignKey) {
        let (from, target) = (relation_path(key), key.text("target").unwrap_or_default());
        let position = |tables: &[Table], path: &str| tables.iter().position(|table| table.path == path);
        let Some(from) = position(tables, &from) else {
            continue;
        };
        let to = position(tables, target).unwrap_or_else(|| {
            tables.push(Table::new(target.to_string(), Vec::new(), 0, true));
            tables.len() - 1
        });
        let column = key.list("columns").first().cloned().unwrap_or_default();
        edges.push(Edge { from, to, column });
    }
    edges
}

/// Each table one layer behind the last of those that it references; of a cycle one key points back.
fn layers(tables: &mut [Table], edges: &[Edge]) {
    for _ in 0..tables.len().min(8) {
        for edge in edges.iter().filter(|edge| edge.from != edge.to) {
            let behind = tables[edge.to].layer + 1;
            if tables[edge.from].layer < behind && behind <= 8 {
                tables[edge.from].layer = behind;
            }
        }
    }
}

/// Columns of boxes from left to right, as many for a layer as it needs; returns where each of them ends.
fn place(tables: &mut [Table]) -> Vec<usize> {
    let mut layers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, table) in tables.iter().enumerate() {
        layers.entry(table.layer).or_default().push(index);
    }
    // a column of boxes is not taller than this, so that many tables become several columns
    let total: usize = tables.iter().map(|table| table.height() + GAP).sum();
    let tallest = (total / 3).max(900);
    let mut right: Vec<usize> = Vec::new();
    for indexes in layers.values() {
        let (mut x, mut y, mut width) = (next(&right), GAP, 0);
        for &index in indexes {
            if y > GAP && y + tables[index].height() > tallest {
                right.push(x + width);
                (x, y, width) = (next(&right), GAP, 0);
            }
            let table = &mut tables[index];
            (table.x, table.y, table.column) = (x, y, right.len());
            y += table.height() + GAP;
            width = width.max(table.width);
        }
        right.push(x + width);
    }
    right
}

/// Where the column behind the last begins.
fn next(right: &[usize]) -> usize {
    right.last().map_or(GAP, |right| right + CHANNEL)
}

/// For a line that has to pass other columns of boxes the lane above all of them, from 0 on; the boxes make room for the
/// lanes.
fn lanes(tables: &mut [Table], edges: &[Edge]) -> Vec<Option<usize>> {
    let mut count = 0;
    let lanes = edges
        .iter()
        .map(|edge| {
            let is_near = tables[edge.from].column <= tables[edge.to].column + 1
                && tables[edge.to].column <= tables[edge.from].column;
            (!is_near).then(|| {
                count += 1;
                count - 1
            })
        })
        .collect();
    for table in tables {
        table.y += count * LANE;
    }
    lanes
}

fn words(tables: &[Table], edges: &[Edge]) -> String {
    let made: Vec<String> = tables
        .iter()
        .filter(|table| !table.ghost)
        .map(|table| {
            let columns = crate::report::summary::quantity(table.columns.len() + table.more, "column");
            format!("{} with {columns}", table.path)
        })
        .collect();
    let keys: Vec<String> = edges
        .iter()
        .map(|edge| {
            format!(
                "{} of {} references {}",
                edge.column, tables[edge.from].path, tables[edge.to].path
            )
        })
        .collect();
    match keys.is_empty() {
        true => format!("Tables: {}.", made.join(", ")),
        false => format!("Tables: {}. Foreign keys: {}.", made.join(", "), keys.join(", ")),
    }
}

fn draw(out: &mut String, table: &Table) {
    let (x, y, width) = (table.x, table.y, table.width);
    let ghost = if table.ghost { " ghost" } else { "" };
    if !table.ghost {
        out.push_str(&format!(
            "<rect class=\"box\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" rx=\"4\"/>\n",
            table.height()
        ));
    }
    out.push_str(&format!(
        "<rect class=\"head{ghost}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{HEAD}\" rx=\"4\"/>\n\
         <text class=\"name\" x=\"{}\" y=\"{}\">{}</text>\n",
        x + 10,
        y + 17,
        escape(&screen::clean(&table.path))
    ));
    for (index, (name, kind, key)) in table.columns.iter().enumerate() {
        let y = y + HEAD + index * ROW + 16;
        out.push_str(&format!(
            "<text x=\"{}\" y=\"{y}\">{}</text>\n",
            x + 10,
            escape(name)
        ));
        let right = x + width - 10;
        let words = match (kind.as_str(), *key) {
            ("", key) => key.to_string(),
            (kind, "") => kind.to_string(),
            (kind, key) => format!("{kind} {key}"),
        };
        if !words.is_empty() {
            out.push_str(&format!(
                "<text class=\"type\" x=\"{right}\" y=\"{y}\" text-anchor=\"end\">{}</text>\n",
                escape(&words)
            ));
        }
    }
    if table.more > 0 {
        let y = y + HEAD + table.columns.len() * ROW + 16;
        out.push_str(&format!(
            "<text class=\"type\" x=\"{}\" y=\"{y}\">… {} more</text>\n",
            x + 10,
            table.more
        ));
    }
}

/// From the row of the column to the head of the table that it references, behind no other box: through the channels
/// between columns of boxes, and past others above all of them.
fn path(tables: &[Table], right: &[usize], edge: &Edge, lane: Option<usize>) -> String {
    let (from, to) = (&tables[edge.from], &tables[edge.to]);
    let row = from.columns.iter().position(|(name, ..)| *name == edge.column);
    let y1 = from.y + row.map_or(HEAD / 2, |row| HEAD + row * ROW + 12);
    let (x2, y2) = (to.x + to.width, to.y + HEAD / 2);
    let end = right[to.column];
    match lane {
        // lines beside each other do not cover each other
        Some(lane) => {
            let beside = 12 + lane % LANES * 6;
            let up = match from.x.checked_sub(beside) {
                Some(up) if to.column < from.column => up,
                _ => right[from.column] + beside,
            };
            let x1 = if up < from.x { from.x } else { from.x + from.width };
            format!(
                "M{x1} {y1}H{up}V{}H{}V{y2}H{x2}",
                GAP / 2 + lane * LANE,
                end + beside
            )
        }
        None if from.column == to.column => {
            format!("M{} {y1}H{}V{y2}H{x2}", from.x + from.width, end + CHANNEL / 4)
        }
        None => {
            let middle = CHANNEL / 2;
            let (c1, c2) = (from.x - middle, end + middle);
            format!("M{} {y1}C{c1} {y1} {c2} {y2} {end} {y2}H{x2}", from.x)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The corners of a path; of a curve its two ends, between which it stays within a channel.
    fn corners(path: &str) -> Vec<(usize, usize)> {
        let numbers = |text: &str| -> Vec<usize> {
            let parts = text.split(' ').filter(|part| !part.is_empty());
            parts.map(|part| part.parse().expect("a number")).collect()
        };
        let mut corners: Vec<(usize, usize)> = Vec::new();
        let starts: Vec<usize> = path
            .match_indices(|letter: char| letter.is_ascii_uppercase())
            .map(|(index, _)| index)
            .collect();
        for (index, &start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(path.len());
            let numbers = numbers(&path[start + 1..end]);
            let (x, y) = corners.last().copied().unwrap_or_default();
            corners.push(match &path[start..=start] {
                "H" => (numbers[0], y),
                "V" => (x, numbers[0]),
                _ => (numbers[numbers.len() - 2], numbers[numbers.len() - 1]),
            });
        }
        corners
    }

    /// Many tables of unlike sizes, each of which references some before it, one after it, and itself.
    #[test]
    fn no_line_runs_behind_a_box() {
        let mut tables: Vec<Table> = (0..24)
            .map(|index| {
                let columns = (0..index % 9 + 1)
                    .map(|column| (format!("c{column}"), "x".repeat(index % 5 * 6), ""))
                    .collect();
                Table::new(format!("public.t{index}"), columns, 0, index % 7 == 0)
            })
            .collect();
        let mut edges = Vec::new();
        for from in 0..tables.len() {
            for to in [from / 2, from / 3, (from + 5) % 24, from] {
                let column = format!("c{}", to % 3);
                edges.push(Edge { from, to, column });
            }
        }
        layers(&mut tables, &edges);
        let right = place(&mut tables);
        assert!(right.len() > 3, "{right:?}");
        let lanes = lanes(&mut tables, &edges);
        assert!(lanes.iter().flatten().count() > 5);
        for (edge, lane) in edges.iter().zip(lanes) {
            let corners = corners(&path(&tables, &right, edge, lane));
            for pair in corners.windows(2) {
                let ((ax, ay), (bx, by)) = (pair[0], pair[1]);
                for (index, table) in tables.iter().enumerate() {
                    let inside = ax.min(bx) < table.x + table.width
                        && ax.max(bx) > table.x
                        && ay.min(by) < table.y + table.height()
                        && ay.max(by) > table.y;
                    assert!(
                        !inside,
                        "{} to {} behind {index}: {corners:?}",
                        edge.from, edge.to
                    );
                }
            }
        }
    }
}
