//! `[[query]]`: what a query over the data returns.

use toml::de::DeValue;

use crate::catalog::Scope;
use crate::check::document::{Item, Node, Text, span_of, type_of};
use crate::check::object::missing_object;
use crate::check::parse::Parser;
use crate::check::question::{Answer, Question};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::check::verdict::Difference;
use crate::sql::fragment;

use super::count::named;

const KEYS: &[&str] = &["name", "sql", "expect", "at_least", "at_most", "rows"];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    for (entry, fields) in named(p, item, "query", KEYS) {
        let Some(name) = fields.get("name").and_then(|item| p.reader.string(item)) else {
            continue;
        };
        let Some(sql) = fields.get("sql") else {
            p.reader.error(
                entry.key.span,
                format!("query \"{}\": `sql` is missing", name.value),
            );
            continue;
        };
        let Some(sql) = p.reader.string(sql) else { continue };
        let text = sql.value.trim().trim_end_matches(';').trim_end().to_string();
        // the trailing semicolon that people write is no second statement
        if p.fragment("sql", &sql, |_| {
            fragment::query(&text).map_err(|mut error| {
                let lead = sql.value.len() - sql.value.trim_start().len();
                error.span = error.span.shifted(lead);
                error
            })
        })
        .is_none()
        {
            continue;
        }
        let keys = ["expect", "at_least", "at_most", "rows"];
        let given: Vec<&Item<'_>> = keys.iter().filter_map(|key| fields.get(key)).collect();
        let range = given
            .iter()
            .all(|item| matches!(item.key.value.as_str(), "at_least" | "at_most"));
        if given.is_empty() {
            p.reader.error_help(
                entry.key.span,
                format!("query \"{}\": nothing is expected of it", name.value),
                "add expect, at_least, at_most or rows",
            );
            continue;
        }
        if given.len() > 1 && !range {
            p.reader.error_help(
                given[1].key.span,
                format!(
                    "query \"{}\": `{}` beside `{}`",
                    name.value, given[1].key.value, given[0].key.value
                ),
                "keep one of the two",
            );
            continue;
        }
        let mut expect = Expect::default();
        let mut bad = false;
        for item in given {
            match item.key.value.as_str() {
                "expect" => match cell(item.value) {
                    Some(cell) => expect.rows = Some(vec![vec![cell]]),
                    None => {
                        p.reader
                            .mismatch(item, "a number, a string, a boolean or { null = true }");
                        bad = true;
                    }
                },
                "rows" => match rows(p, item) {
                    Some(rows) => expect.rows = Some(rows),
                    None => bad = true,
                },
                key => match number(item.value) {
                    Some(number) if key == "at_least" => expect.at_least = Some(number),
                    Some(number) => expect.at_most = Some(number),
                    None => {
                        p.reader.mismatch(item, "a number");
                        bad = true;
                    }
                },
            }
        }
        if bad {
            continue;
        }
        let rule = Query {
            name: name.value.clone(),
            sql: text,
            schema: p.schema.clone(),
            expect,
        };
        let expected = rule.expect.to_string();
        p.add(
            format!("query.{}", name.value),
            "query",
            &entry.key,
            expected,
            rule,
        );
    }
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
    fn is(&self, have: Option<&str>) -> bool {
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
            Cell::Number(number) => {
                number == have
                    || match (number.parse::<i128>(), have.parse::<i128>()) {
                        (Ok(number), Ok(have)) => number == have,
                        _ => match (number.parse::<f64>(), have.parse::<f64>()) {
                            (Ok(number), Ok(have)) => number == have,
                            _ => false,
                        },
                    }
            }
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
        DeValue::Integer(integer) => Cell::Number(
            i64::from_str_radix(integer.as_str(), integer.radix())
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

/// A value as messages show it; a text that reads as null is quoted.
fn shown(value: Option<&str>) -> String {
    match value {
        None => "null".to_string(),
        Some(text) if text.eq_ignore_ascii_case("null") => format!("'{text}'"),
        Some(text) => text.to_string(),
    }
}

fn number(node: &Node<'_>) -> Option<f64> {
    match cell(node)? {
        Cell::Number(text) => text.parse().ok(),
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
            match cell(node) {
                Some(cell) => row.push(cell),
                None => {
                    let message = format!(
                        "`rows`: want a number, a string, a boolean or {{ null = true }}, have {}",
                        type_of(node)
                    );
                    p.reader.error(span_of(node), message);
                    return None;
                }
            }
        }
        rows.push(row);
    }
    Some(rows)
}

#[derive(Debug, Clone, Default)]
struct Expect {
    rows: Option<Vec<Vec<Cell>>>,
    at_least: Option<f64>,
    at_most: Option<f64>,
}

impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (&self.rows, self.at_least, self.at_most) {
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
fn show(rows: &[Vec<Option<String>>]) -> String {
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

#[derive(Debug)]
struct Query {
    name: String,
    sql: String,
    schema: String,
    expect: Expect,
}

impl Rule for Query {
    fn claims(&self) -> Vec<Claim> {
        vec![Claim::Named("query", self.name.clone())]
    }

    fn cover(&self, _: &mut Scope) {}

    fn judge(&self, judge: &mut Judge<'_>) -> Outcome {
        let question = Question::Rows {
            sql: self.sql.clone(),
            schema: self.schema.clone(),
        };
        let name = &self.name;
        match judge.ask(question) {
            None => Outcome::blocked(
                "the server",
                format!("query \"{name}\" was not put to the server"),
            ),
            Some(Answer::Rows(rows)) => self.compare(rows),
            Some(Answer::Refused { sqlstate, message }) => match missing_object(sqlstate, message) {
                Some(what) => Outcome::blocked(what, format!("query \"{name}\" cannot run: {message}")),
                None => Outcome::fail(format!(
                    "query \"{name}\" failed: {message} (SQLSTATE {sqlstate})"
                ))
                .actual(format!("an error: {message} (SQLSTATE {sqlstate})")),
            },
            Some(Answer::CannotTell { reason }) => Outcome::blocked(
                reason.clone(),
                format!("query \"{name}\" cannot be judged: {reason}"),
            ),
            Some(Answer::Same | Answer::Differs { .. } | Answer::Audit(_)) => Outcome::blocked(
                "the server",
                format!("query \"{name}\" returned no rows to judge"),
            ),
        }
    }
}

impl Query {
    fn compare(&self, have: &[Vec<Option<String>>]) -> Outcome {
        let shown = show(have);
        let good = match &self.expect.rows {
            Some(rows) => {
                rows.len() == have.len()
                    && rows.iter().zip(have).all(|(want, have)| {
                        want.len() == have.len()
                            && want.iter().zip(have).all(|(want, have)| want.is(have.as_deref()))
                    })
            }
            None => match have {
                [row] if row.len() == 1 => {
                    let Some(value) = row[0].as_deref().and_then(|text| text.trim().parse::<f64>().ok())
                    else {
                        return Outcome::fail(format!(
                            "query \"{}\" returned `{shown}`, which is no number",
                            self.name
                        ))
                        .actual(shown);
                    };
                    self.expect.at_least.is_none_or(|least| value >= least)
                        && self.expect.at_most.is_none_or(|most| value <= most)
                }
                _ => {
                    return Outcome::fail(format!(
                        "query \"{}\" returned {} rows, want one number",
                        self.name,
                        have.len()
                    ))
                    .actual(shown);
                }
            },
        };
        if good {
            return Outcome::pass().actual(shown);
        }
        let want = self.expect.to_string();
        Outcome::fail(format!(
            "query \"{}\" returned `{shown}`, want `{want}`",
            self.name
        ))
        .differences(vec![Difference {
            part: "result".to_string(),
            have: Some(shown.clone()),
            want: Some(want),
        }])
        .actual(shown)
    }
}

/// Where the entry of an array of tables begins, as a key.
pub(crate) fn entry_key(name: &str, node: &Node<'_>) -> Text {
    Text {
        value: name.to_string(),
        span: span_of(node),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::Status;
    use crate::check::question::{Answer, Question};
    use crate::check::testing::{one, sample, settle, suite};

    fn judged(expect: &str, rows: &[&[Option<&str>]]) -> (Status, String) {
        let suite = suite(
            "0001",
            &format!("[[query]]\nname = \"q\"\nsql = \"select 1;\"\n{expect}\n"),
        );
        let rows: Vec<Vec<Option<String>>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.map(str::to_string)).collect())
            .collect();
        let verdicts = settle(&[&suite], &sample(), |question| {
            // without the semicolon
            assert!(matches!(question, Question::Rows { sql, .. } if sql == "select 1"));
            Answer::Rows(rows.clone())
        });
        let verdict = one(&verdicts, "0001/query.q");
        (verdict.status, verdict.message.clone())
    }

    #[test]
    fn results_are_compared_by_value() {
        for (expect, cell, status) in [
            ("expect = 0", Some("0"), Status::Pass),
            ("expect = 0", Some("00"), Status::Pass),
            ("expect = 0", Some("1"), Status::Fail),
            ("expect = 0", None, Status::Fail),
            ("expect = 1.5", Some("1.50"), Status::Pass),
            (
                "expect = 9007199254740993",
                Some("9007199254740992"),
                Status::Fail,
            ),
            ("expect = true", Some("t"), Status::Pass),
            ("expect = true", Some("f"), Status::Fail),
            ("expect = \"a\"", Some("a"), Status::Pass),
            ("expect = \"a\"", Some("A"), Status::Fail),
            ("at_least = 2", Some("2"), Status::Pass),
            ("at_least = 2", Some("1.9"), Status::Fail),
            ("at_least = 2\nat_most = 3", Some("3"), Status::Pass),
            ("at_least = 2\nat_most = 3", Some("4"), Status::Fail),
            ("at_most = 3", Some("many"), Status::Fail),
            ("rows = [[0]]", Some("0"), Status::Pass),
            ("rows = []", Some("0"), Status::Fail),
        ] {
            assert_eq!(judged(expect, &[&[cell]]).0, status, "{expect} {cell:?}");
        }
        assert_eq!(judged("rows = []", &[]).0, Status::Pass);
        assert_eq!(
            judged(
                "rows = [[true, \"a\"], [false, \"b\"]]",
                &[&[Some("t"), Some("a")], &[Some("f"), Some("b")]]
            )
            .0,
            Status::Pass
        );
        assert_eq!(
            judged("expect = 0", &[&[Some("1"), None]]).1,
            "query \"q\" returned `(1, null)`, want `0`"
        );
    }

    #[test]
    fn a_query_over_a_missing_table_is_blocked_by_it() {
        let suite = suite(
            "0001",
            "[[query]]\nname = \"q\"\nsql = \"select 1\"\nexpect = 1\n",
        );
        let refused = |sqlstate: &str, message: &str| {
            let verdicts = settle(&[&suite], &sample(), |_| Answer::Refused {
                sqlstate: sqlstate.to_string(),
                message: message.to_string(),
            });
            let verdict = one(&verdicts, "0001/query.q");
            (verdict.status, verdict.blocked_by.clone())
        };
        assert_eq!(
            refused("42P01", "relation \"x\" does not exist"),
            (Status::Blocked, Some("table x".to_string()))
        );
        assert_eq!(refused("57014", "canceling statement"), (Status::Fail, None));
    }
}
