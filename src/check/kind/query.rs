//! `[[query]]`: what a query over the data returns.

use crate::catalog::Scope;
use crate::check::document::{Item, Node, Text, span_of};
use crate::check::object::missing_object;
use crate::check::parse::Parser;
use crate::check::question::{Answer, Question};
use crate::check::rule::{Claim, Judge, Outcome, Rule};
use crate::sql::fragment;
use std::borrow::Cow;

use super::count::named;
use super::expect::{self, Expect, expectation, expects_nothing};

const KEYS: &[&str] = &["name", "sql", "expect", "at_least", "at_most", "rows"];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    for (entry, fields) in named(p, item, "query", KEYS) {
        let Some(name) = fields.get("name").and_then(|item| p.reader.string(item)) else {
            continue;
        };
        let what = format!("query \"{}\"", name.value);
        let help = "write the query to run";
        let sql = p.reader.required(&fields, "sql", (&what, entry.key.span), help);
        let Some(sql) = sql.and_then(|sql| p.reader.string(sql)) else {
            continue;
        };
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
        let Some(expect) = expectation(p, &what, &fields) else {
            continue;
        };
        if expect.is_empty() {
            expects_nothing(p, (&what, &entry), &fields, &expect::KEYS);
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

#[derive(Debug)]
struct Query {
    name: String,
    sql: String,
    schema: String,
    expect: Expect,
}

impl Rule for Query {
    fn claims(&self) -> Vec<Claim<'_>> {
        vec![Claim::Named("query", Cow::Borrowed(&self.name))]
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
            Some(Answer::Rows(rows)) => {
                let what = format!("query \"{name}\"");
                let Some(sql) = self.expect.question(&self.sql, rows) else {
                    return self.expect.judge(&what, rows, &[]);
                };
                let schema = self.schema.clone();
                match judge.ask(Question::Rows { sql, schema }) {
                    None => Outcome::blocked("the server", format!("{what} was not put to the server")),
                    Some(Answer::Rows(texts)) => self.expect.judge(&what, rows, texts),
                    // what is no part of another query, as SHOW, returns texts
                    Some(_) => {
                        let all = rows.first().map_or(0, Vec::len);
                        self.expect
                            .judge(&what, rows, &[vec![Some("t".to_string()); all]])
                    }
                }
            }
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
            Some(_) => Outcome::blocked(
                "the server",
                format!("query \"{name}\" returned no rows to judge"),
            ),
        }
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

    #[test]
    fn a_text_is_compared_letter_by_letter() {
        for (expect, cell, is_text, status) in [
            ("expect = 1.1", "1.10", true, Status::Fail),
            ("expect = 1.1", "1.10", false, Status::Pass),
            ("expect = 1.10", "1.10", true, Status::Pass),
            ("expect = 5", "5.0", true, Status::Fail),
            ("rows = [[5]]", "5.0", true, Status::Fail),
            ("expect = 5", "5", true, Status::Pass),
        ] {
            let suite = suite(
                "0001",
                &format!("[[query]]\nname = \"q\"\nsql = \"select 1\"\n{expect}\n"),
            );
            let verdicts = settle(&[&suite], &sample(), |question| {
                let Question::Rows { sql, .. } = question else {
                    panic!("{question:?}")
                };
                let text = match sql.as_str() {
                    "select 1" => cell,
                    _ if is_text => "t",
                    _ => "f",
                };
                Answer::Rows(vec![vec![Some(text.to_string())]])
            });
            assert_eq!(one(&verdicts, "0001/query.q").status, status, "{expect} {cell}");
        }
    }

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
            match question {
                Question::Rows { sql, .. } if sql == "select 1" => Answer::Rows(rows.clone()),
                Question::Rows { sql, .. } if sql.contains("(\nselect 1\n)") => {
                    Answer::Rows(vec![vec![Some("f".to_string())]])
                }
                _ => panic!("{question:?}"),
            }
        });
        let verdict = one(&verdicts, "0001/query.q");
        (verdict.status, verdict.message.clone())
    }

    #[test]
    fn results_are_compared_by_value() {
        for (expect, cell, status) in [
            ("expect = 0", Some("0"), Status::Pass),
            ("expect = 0", Some("00"), Status::Fail),
            ("expect = 1", Some("1e0"), Status::Fail),
            ("expect = 1", Some("1.0000000000000000001"), Status::Fail),
            (
                "expect = 12345678901234567890",
                Some("12345678901234567890"),
                Status::Pass,
            ),
            ("expect = 0xff", Some("255"), Status::Pass),
            ("expect = nan", Some("NaN"), Status::Pass),
            ("at_least = 0", Some("NaN"), Status::Fail),
            (
                "at_most = 9007199254740992",
                Some("9007199254740993"),
                Status::Fail,
            ),
            (
                "at_most = 9007199254740992",
                Some("9007199254740992"),
                Status::Pass,
            ),
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
