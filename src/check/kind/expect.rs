//! What is expected of the rows that a statement returns: `expect`, `at_least`, `at_most`, `rows`.

use std::cmp::Ordering;

use toml::de::DeValue;

use crate::check::document::{Fields, Item, Node, span_of, type_of};
use crate::check::figure::{Figure, compare};
use crate::check::parse::Parser;
use crate::check::rule::Outcome;
use crate::check::verdict::Difference;

/// The keys that say it.
pub(crate) const KEYS: [&str; 4] = ["expect", "at_least", "at_most", "rows"];

/// Reads them; empty when there are none, `None` when one of them is wrong.
pub(crate) fn expectation(p: &mut Parser, what: &str, fields: &Fields<'_>) -> Option<Expect> {
    let given: Vec<&Item<'_>> = KEYS.iter().filter_map(|key| fields.get(key)).collect();
    let range = given
        .iter()
        .all(|item| matches!(item.key.value.as_str(), "at_least" | "at_most"));
    if given.len() > 1 && !range {
        p.reader.error_help(
            given[1].key.span,
            format!("{what}: `{}` beside `{}`", given[1].key.value, given[0].key.value),
            "keep one of the two",
        );
        return None;
    }
    let mut expect = Expect::default();
    for item in given {
        match item.key.value.as_str() {
            "expect" => expect.rows = Some(vec![vec![read_cell(p, "expect", item.value)?]]),
            "rows" => expect.rows = Some(rows(p, item)?),
            key => match number(item.value) {
                Some(number) if key == "at_least" => expect.at_least = Some(number),
                Some(number) => expect.at_most = Some(number),
                None => {
                    p.reader.mismatch(item, "a number");
                    return None;
                }
            },
        }
    }
    Some(expect)
}

/// The complaint about a statement whose result nobody looks at, unless an expectation is there and misspelt.
pub(crate) fn expects_nothing(p: &mut Parser, of: (&str, &Item<'_>), fields: &Fields<'_>, keys: &[&str]) {
    if fields.has_misspelt(keys) {
        return;
    }
    let (what, entry) = of;
    let (last, others) = keys.split_last().unwrap_or((&"", &[]));
    p.reader.error_help(
        entry.key.span,
        format!("{what}: nothing is expected of it"),
        format!("add {} or {last}", others.join(", ")),
    );
}

/// A value as the server would print it.
#[derive(Debug, Clone, PartialEq)]
enum Cell {
    Number(String),
    Bool(bool),
    Text(String),
    Null,
}

impl Cell {
    /// `is_text`: of a text, a figure in other digits is another one: `1.10` is no 1.1.
    fn is(&self, have: Option<&str>, is_text: bool) -> bool {
        let Some(have) = have else {
            return *self == Cell::Null;
        };
        match self {
            Cell::Null => false,
            Cell::Text(text) => text == have,
            Cell::Bool(value) => match have {
                "t" | "true" => *value,
                "f" | "false" => !*value,
                _ => false,
            },
            Cell::Number(number) if is_text => number == have,
            Cell::Number(number) => compare(have, number) == Some(Ordering::Equal),
        }
    }
}

impl std::fmt::Display for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Cell::Number(text) => f.write_str(text),
            Cell::Text(text) => f.write_str(&shown(Some(text))),
            Cell::Bool(value) => write!(f, "{value}"),
            Cell::Null => f.write_str(&shown(None)),
        }
    }
}

fn cell(node: &Node<'_>) -> Option<Cell> {
    Some(match node.get_ref() {
        DeValue::String(text) => Cell::Text(text.to_string()),
        DeValue::Integer(integer) if integer.radix() == 10 => Cell::Number(integer.as_str().to_string()),
        DeValue::Integer(integer) => Cell::Number(
            i128::from_str_radix(integer.as_str(), integer.radix())
                .ok()?
                .to_string(),
        ),
        DeValue::Float(float) => Cell::Number(float.as_str().to_string()),
        DeValue::Boolean(value) => Cell::Bool(*value),
        DeValue::Datetime(value) => Cell::Text(value.to_string()),
        // TOML has no null
        DeValue::Table(table) => {
            let is_null = table.len() == 1 && table.get("null")?.get_ref().as_bool()?;
            return is_null.then_some(Cell::Null);
        }
        DeValue::Array(_) => return None,
    })
}

/// A cell, or the complaint about what it is instead.
fn read_cell(p: &mut Parser, key: &str, node: &Node<'_>) -> Option<Cell> {
    if let Some(cell) = cell(node) {
        return Some(cell);
    }
    let null = node.get_ref().as_table().filter(|table| table.len() == 1);
    match null.and_then(|table| table.get("null")) {
        Some(value) if value.get_ref().as_bool().is_none() => {
            let message = format!("`null`: want true, have {}", type_of(value));
            p.reader.error(span_of(value), message);
        }
        _ => {
            let want = "want a number, a string, a boolean or { null = true }";
            p.reader
                .error(span_of(node), format!("`{key}`: {want}, have {}", type_of(node)));
        }
    }
    None
}

/// A value as messages show it; a text that reads as null is quoted.
pub(crate) fn shown(value: Option<&str>) -> String {
    match value {
        None => "null".to_string(),
        Some(text) if text.eq_ignore_ascii_case("null") => format!("'{text}'"),
        Some(text) => text.to_string(),
    }
}

fn number(node: &Node<'_>) -> Option<String> {
    match cell(node)? {
        Cell::Number(text) => Some(text),
        _ => None,
    }
}

fn rows(p: &mut Parser, item: &Item<'_>) -> Option<Vec<Vec<Cell>>> {
    let Some(array) = item.value.get_ref().as_array() else {
        p.reader.mismatch(item, "an array of rows such as [[1, \"a\"]]");
        return None;
    };
    let mut rows = Vec::new();
    for node in array.iter() {
        let Some(cells) = node.get_ref().as_array() else {
            let message = format!("`rows`: want an array for each row, have {}", type_of(node));
            p.reader.error(span_of(node), message);
            return None;
        };
        let mut row = Vec::new();
        for node in cells.iter() {
            row.push(read_cell(p, "rows", node)?);
        }
        rows.push(row);
    }
    Some(rows)
}

/// What is expected of rows.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expect {
    rows: Option<Vec<Vec<Cell>>>,
    at_least: Option<String>,
    at_most: Option<String>,
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.rows, &self.at_least, &self.at_most) {
            (Some(rows), ..) => {
                let rows: Vec<Vec<String>> = rows
                    .iter()
                    .map(|row| row.iter().map(Cell::to_string).collect())
                    .collect();
                f.write_str(&listed(&rows))
            }
            (_, Some(least), Some(most)) => write!(f, "from {least} to {most}"),
            (_, Some(least), None) => write!(f, "at least {least}"),
            (_, None, Some(most)) => write!(f, "at most {most}"),
            _ => Ok(()),
        }
    }
}

/// What came, as messages show it.
pub(crate) fn show(rows: &[Vec<Option<String>>]) -> String {
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| row.iter().map(|cell| shown(cell.as_deref())).collect())
        .collect();
    listed(&rows)
}

/// One value alone, else rows in parentheses; long results are cut.
fn listed(rows: &[Vec<String>]) -> String {
    const MOST: usize = 10;
    match rows {
        [] => "no rows".to_string(),
        [row] if row.len() == 1 => row[0].clone(),
        _ => {
            let mut parts: Vec<String> = rows
                .iter()
                .take(MOST)
                .map(|row| format!("({})", row.join(", ")))
                .collect();
            if rows.len() > MOST {
                parts.push(format!("… {} more", rows.len() - MOST));
            }
            parts.join(", ")
        }
    }
}

impl Expect {
    /// Whether nothing is expected.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_none() && self.at_least.is_none() && self.at_most.is_none()
    }

    /// What to ask of the server before rows are compared: which columns of the query are texts. Only where that
    /// matters: a figure came that is the wanted one in other digits.
    pub(crate) fn question(&self, sql: &str, have: &[Vec<Option<String>>]) -> Option<String> {
        let cells = self.rows.iter().flatten().zip(have);
        let mut cells = cells.flat_map(|(want, have)| want.iter().zip(have));
        let depends =
            cells.any(|(want, have)| want.is(have.as_deref(), false) && !want.is(have.as_deref(), true));
        let names: Vec<String> = (1..=have.first()?.len())
            .map(|number| format!("c{number}"))
            .collect();
        let is_text = |name: &String| {
            format!(
                "(SELECT t.typcategory OPERATOR(pg_catalog.=) 'S' FROM pg_catalog.pg_type t \
                 WHERE t.oid OPERATOR(pg_catalog.=) pg_catalog.pg_typeof(q.{name})::pg_catalog.oid)"
            )
        };
        depends.then(|| {
            format!(
                "WITH q ({}) AS (\n{}\n) SELECT {} FROM (VALUES (1)) AS one LEFT JOIN q ON false",
                names.join(", "),
                sql.trim().trim_end_matches(';'),
                names.iter().map(is_text).collect::<Vec<String>>().join(", ")
            )
        })
    }

    /// Compares; `what` is how messages begin: `query "name"`. `texts` is the answer to [`question`](Self::question),
    /// empty where nothing is to be asked.
    pub(crate) fn judge(
        &self,
        what: &str,
        have: &[Vec<Option<String>>],
        texts: &[Vec<Option<String>>],
    ) -> Outcome {
        let shown = show(have);
        let texts = texts.first().map_or(&[][..], Vec::as_slice);
        let is_text = |column: usize| texts.get(column).is_some_and(|text| text.as_deref() == Some("t"));
        let is_row = |want: &[Cell], have: &[Option<String>]| {
            let mut cells = want.iter().zip(have).enumerate();
            want.len() == have.len()
                && cells.all(|(column, (want, have))| want.is(have.as_deref(), is_text(column)))
        };
        let good = match &self.rows {
            Some(rows) => {
                rows.len() == have.len() && rows.iter().zip(have).all(|(want, have)| is_row(want, have))
            }
            None => match have {
                [row] if row.len() == 1 => {
                    let Some(value) = row[0].as_deref().filter(|text| Figure::printed(text).is_some()) else {
                        return Outcome::fail(format!("{what} returned `{shown}`, which is no number",))
                            .actual(shown);
                    };
                    let stands = |bound: &Option<String>, as_it_should: fn(Ordering) -> bool| {
                        let order = bound.as_deref().map(|bound| compare(value, bound));
                        order.is_none_or(|order| order.is_some_and(as_it_should))
                    };
                    stands(&self.at_least, Ordering::is_ge) && stands(&self.at_most, Ordering::is_le)
                }
                _ => {
                    return Outcome::fail(format!("{what} returned {} rows, want one number", have.len()))
                        .actual(shown);
                }
            },
        };
        if good {
            return Outcome::pass().actual(shown);
        }
        let want = self.to_string();
        let (part, note) = match texts.iter().any(|text| text.as_deref() == Some("t")) {
            true => ("result, a text", " (a text is compared letter by letter)"),
            false => ("result", ""),
        };
        Outcome::fail(format!("{what} returned `{shown}`, want `{want}`{note}"))
            .differences(vec![Difference {
                part: part.to_string(),
                have: Some(shown.clone()),
                want: Some(want),
                refusal: None,
            }])
            .actual(shown)
    }
}
