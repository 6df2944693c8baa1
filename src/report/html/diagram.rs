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
    let (width, height) = place(&mut tables);
    let mut out = format!(
        "<div class=\"diagram\" tabindex=\"0\" role=\"region\" aria-label=\"Entity diagram\">\n\
         <svg width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"diagram-words\">\n<title id=\"diagram-words\">{}</title>\n",
        escape(&words(&tables, &edges))
    );
    for edge in &edges {
        line(&mut out, &tables, edge);
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
            let keys = |kind: Kind| -> Vec<&String> {
                of_kind(kind)
                    .filter(|key| relation_path(key) == path)
                    .flat_map(|key| key.list("columns"))
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
            let is_key =
                |column: &Object| primary.contains(&&column.id.name) || foreign.contains(&&column.id.name);
            if count > ROWS {
                columns.sort_by_key(|column| !is_key(column));
                columns.truncate(ROWS);
            }
            let columns = columns.into_iter().map(|column| {
                let name = &column.id.name;
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

/// Layers from left to right; returns the size of the picture. Tables without keys fill up what is empty.
fn place(tables: &mut [Table]) -> (usize, usize) {
    let mut layers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (index, table) in tables.iter().enumerate() {
        layers.entry(table.layer).or_default().push(index);
    }
    // a column of boxes is not taller than this, so that many tables become several columns
    let total: usize = tables.iter().map(|table| table.height() + GAP).sum();
    let tallest = (total / 3).max(900);
    let (mut x, mut bottom) = (GAP, 0);
    for indexes in layers.values() {
        let (mut y, mut width) = (GAP, 0);
        for &index in indexes {
            if y > GAP && y + tables[index].height() > tallest {
                x += width + GAP * 2;
                (y, width) = (GAP, 0);
            }
            tables[index].x = x;
            tables[index].y = y;
            y += tables[index].height() + GAP;
            width = width.max(tables[index].width);
            bottom = bottom.max(y);
        }
        x += width + CHANNEL;
    }
    (x - CHANNEL + GAP, bottom)
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

/// From the row of the column to the head of the table that it references.
fn line(out: &mut String, tables: &[Table], edge: &Edge) {
    let (from, to) = (&tables[edge.from], &tables[edge.to]);
    let row = from.columns.iter().position(|(name, ..)| *name == edge.column);
    let y1 = from.y + row.map_or(HEAD / 2, |row| HEAD + row * ROW + 12);
    let y2 = to.y + HEAD / 2;
    let leftward = to.x + to.width <= from.x;
    let (x1, x2) = match leftward {
        true => (from.x, to.x + to.width),
        false => (from.x + from.width, to.x + to.width),
    };
    let (c1, c2) = match leftward {
        true => (x1.saturating_sub(CHANNEL / 2), x2 + CHANNEL / 2),
        false => (x1 + CHANNEL / 2, x2 + CHANNEL / 2),
    };
    out.push_str(&format!(
        "<path class=\"edge\" d=\"M{x1} {y1}C{c1} {y1} {c2} {y2} {x2} {y2}\"/>\n\
         <circle class=\"dot\" cx=\"{x2}\" cy=\"{y2}\" r=\"3.5\"/>\n"
    ));
}
