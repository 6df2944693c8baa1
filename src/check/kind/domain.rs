//! `[domain]`: `positive = "numeric(10,2) not null default 1"`, with `check` in the table form.

use crate::catalog::{Context, Kind, Object, ObjectId};
use crate::check::compare::{Comparison, Want, ask, worse};
use crate::check::document::{Item, Text, items_of};
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::question::Question;
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::fragment::{self, Column};
use crate::sql::{normalize, parse_name, quote_ident};

use super::column::{default_want, not_null_comment, type_needs};
use super::fields::{
    comments_want, common, grants, named_part, part_comment_remedy, string, switch, usual_remedy,
};
use super::reference::collation;

const KIND: ObjectKind = ObjectKind { render, alter };

const MORE: &[&str] = &["check", "not_null_comment", "grant", "owner", "comment"];

/// Stands between constraints, and between a name and its expression.
const BETWEEN: char = '\u{1f}';

/// Stands before the expression of a constraint that is not to be validated.
const NOT_VALID: &str = "\u{1e}";

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of domains") else {
        return;
    };
    for entry in &entries {
        let Some((schema, name)) = p.qualified("domain", &entry.key) else {
            continue;
        };
        let Some((text, fields)) = p.definition(entry, &format!("domain {name}"), MORE) else {
            continue;
        };
        let Some(column) = p.fragment(&entry.key.value, &text, fragment::column) else {
            continue;
        };
        if column.identity.is_some() || column.generated.is_some() {
            let message = format!("`{}`: a domain is not generated", entry.key.value);
            p.reader.error_help(text.span, message, "leave `generated …` out");
            continue;
        }
        let mut wants = wants(&column);
        let mut checks = Vec::new();
        if let Some(fields) = &fields {
            wants.extend(common(p, fields));
            wants.extend(grants(p, fields, Kind::Domain));
            wants.extend(not_null_comment(p, fields));
            if let Some(item) = fields.get("check") {
                let mut comments = Vec::new();
                match constraints(p, item, &mut comments) {
                    Some(found) => checks = found,
                    None => continue,
                }
                if !comments.is_empty() {
                    wants.push(comments_want(p, Kind::Domain, comments));
                }
            }
        }
        let lines: Vec<String> = checks
            .iter()
            .map(|(name, text, valid)| {
                let mark = if *valid { "" } else { NOT_VALID };
                format!("{name}{BETWEEN}{mark}{}", text.value)
            })
            .collect();
        wants.push(Want::by("checks", lines.join("\n\u{1f}\n"), compare_checks));
        let id = ObjectId::new(Kind::Domain, schema.clone(), name.clone());
        let mut rule = ObjectRule::new(&KIND, Target::Id(id.clone()));
        rule.needs = vec![ObjectId::new(Kind::Schema, "", schema.clone())];
        rule.needs.extend(type_needs(p, &column.type_name));
        rule.wants = wants;
        let constraints: String = checks
            .iter()
            .map(|(name, text, valid)| {
                let valid = if *valid { "" } else { " NOT VALID" };
                format!(
                    " CONSTRAINT {} CHECK ({}){valid}",
                    quote_ident(name),
                    text.value.trim()
                )
            })
            .collect();
        rule.create = Some(format!(
            "CREATE DOMAIN {} AS {}{constraints}",
            id.path(),
            text.value.trim()
        ));
        let expected = format!("{}{constraints}", text.value);
        let path = format!("domain.{}", p.spell(&schema, &name));
        p.add(path, "domain", &entry.key, expected, rule);
    }
}

fn wants(column: &Column) -> Vec<Want> {
    vec![
        Want::text("type", column.type_name.clone()),
        Want::flag("not_null", column.not_null),
        default_want(column.default.as_ref()),
        collation(column.collation.as_ref()),
    ]
}

/// The constraints by name; what is said of their comments goes to `comments`.
fn constraints(
    p: &mut Parser,
    item: &Item<'_>,
    comments: &mut Vec<(String, String)>,
) -> Option<Vec<(String, Text, bool)>> {
    let entries = p.reader.items(item, "a table of constraints")?;
    entries
        .iter()
        .map(|entry| {
            let name = p.reader.ident("check", &entry.key)?;
            if items_of(entry.value).is_none() {
                return Some((name, p.expression(entry)?, true));
            }
            let within = format!("check {name}");
            let (text, fields) = p.definition(entry, &within, &["not_valid", "comment"])?;
            p.fragment(&name, &text, fragment::expression)?;
            let not_valid = fields.as_ref().and_then(|fields| switch(p, fields, "not_valid"));
            let comment = fields.as_ref().and_then(|fields| string(p, fields, "comment"));
            comments.extend(comment.map(|comment| (name.clone(), comment.value)));
            Some((name, text, not_valid != Some(true)))
        })
        .collect()
}

/// `"a: b": (VALUE > 0) NOT VALID` → name, expression, whether it is valid.
pub(crate) fn stored(line: &str) -> Option<(String, &str, bool)> {
    let (name, text) = named_part(line)?;
    let (name, text) = (parse_name(name).ok()?.name, text.trim());
    Some(match text.strip_suffix(" NOT VALID") {
        Some(text) => (name, text, false),
        None => (name, text, true),
    })
}

fn compare_checks(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let wanted: Vec<(&str, &str)> = wanted
        .split("\n\u{1f}\n")
        .filter_map(|line| line.split_once(BETWEEN))
        .collect();
    let have: Vec<(String, &str, bool)> = object
        .list("checks")
        .iter()
        .filter_map(|line| stored(line))
        .collect();
    let mut result = Comparison::Same;
    for (name, expression) in &wanted {
        let part = format!("check {}", quote_ident(name));
        let (expression, valid) = match expression.strip_prefix(NOT_VALID) {
            Some(expression) => (expression, false),
            None => (*expression, true),
        };
        let shown = |text: &str, valid: bool| format!("{text}{}", if valid { "" } else { " not valid" });
        let compared = match have.iter().find(|(other, ..)| other == name) {
            None => Comparison::differs(part, None::<String>, Some(shown(expression, valid))),
            Some((_, have, is_valid)) if *is_valid != valid => {
                Comparison::differs(part, Some(shown(have, *is_valid)), Some(shown(expression, valid)))
            }
            Some((_, have, _)) if normalize(have) == normalize(expression) => Comparison::Same,
            Some((_, have, _)) => {
                let question = Question::Same {
                    context: Context::Predicate,
                    relation: None,
                    column_type: object.text("type").map(str::to_string),
                    schema: judge.suite.schema.clone(),
                    expected: expression.to_string(),
                    actual: (*have).to_string(),
                };
                ask(&part, question, judge)
            }
        };
        result = worse(result, compared);
    }
    for (name, expression, _) in have
        .iter()
        .filter(|(name, ..)| !wanted.iter().any(|(w, _)| w == name))
    {
        let part = format!("check {}", quote_ident(name));
        result = worse(
            result,
            Comparison::differs(part, Some(*expression), None::<String>),
        );
    }
    result
}

fn render(object: &Object) -> String {
    let mut text = object.text("type").unwrap_or("").to_string();
    if let Some(collation) = object.text("collation") {
        text.push_str(&format!(" collate {collation}"));
    }
    if object.flag("not_null") {
        text.push_str(" not null");
    }
    if let Some(default) = object.text("default") {
        text.push_str(&format!(" default {default}"));
    }
    for (name, expression, valid) in object.list("checks").iter().filter_map(|line| stored(line)) {
        let valid = if valid { "" } else { " not valid" };
        text.push_str(&format!(
            " constraint {} check ({expression}){valid}",
            quote_ident(&name)
        ));
    }
    text
}

fn alter(rule: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    if let Some(remedy) = part_comment_remedy(object, differences) {
        return Some(remedy);
    }
    let [difference] = differences else { return None };
    let alter = format!("ALTER DOMAIN {}", object.id.path());
    match (
        difference.part.as_str(),
        difference.have.as_deref(),
        difference.want.as_deref(),
    ) {
        ("default", _, Some(default)) => Some(format!("{alter} SET DEFAULT {default}")),
        ("default", _, None) => Some(format!("{alter} DROP DEFAULT")),
        ("nullability", _, Some("not null")) => Some(format!("{alter} SET NOT NULL")),
        ("nullability", ..) => Some(format!("{alter} DROP NOT NULL")),
        (part, Some(have), Some(want))
            if part.starts_with("check ")
                && have.ends_with(" not valid")
                && !want.ends_with(" not valid") =>
        {
            Some(format!(
                "{alter} VALIDATE CONSTRAINT {}",
                part.trim_start_matches("check ")
            ))
        }
        (part, None, Some(want)) if part.starts_with("check ") => {
            let (want, valid) = match want.strip_suffix(" not valid") {
                Some(want) => (want, " NOT VALID"),
                None => (want, ""),
            };
            Some(format!(
                "{alter} ADD CONSTRAINT {} CHECK ({}){valid}",
                part.trim_start_matches("check "),
                want.trim()
            ))
        }
        _ => usual_remedy("DOMAIN", rule, object, differences),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn a_domain_differs_in_the_very_part() {
        let text =
            "[domain.positive]\ndefinition = \"bigint default 2\"\ncheck = { other = \"value < 9\" }\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let verdict = one(&verdicts, "0001/domain.positive");
        let parts: Vec<&str> = verdict.differences.iter().map(|d| d.part.as_str()).collect();
        assert_eq!(
            parts,
            ["type", "nullability", "default", "check other", "check \"a: b\""]
        );
        assert_eq!(
            verdict.actual.as_deref(),
            Some("integer not null default 1 constraint \"a: b\" check ((VALUE > 0))")
        );
    }

    #[test]
    fn what_is_missing_can_be_added() {
        let definition = "[domain.positive]\ndefinition = \"int not null default 1\"\n";
        let check = "check = { '\"a: b\"' = \"(value > 0)\", more = \"value < 9\" }\n";
        let verdicts = settle(
            &[&suite("0001", &format!("{definition}{check}"))],
            &sample(),
            literal,
        );
        assert_eq!(
            one(&verdicts, "0001/domain.positive").remedy.as_deref(),
            Some("ALTER DOMAIN public.positive ADD CONSTRAINT more CHECK (value < 9)")
        );
    }

    #[test]
    fn a_domain_is_a_type_and_not_generated() {
        assert_eq!(
            complaints("[domain]\na = \"int generated always as identity\"\n"),
            ["2:5 `a`: a domain is not generated (leave `generated …` out)"]
        );
    }
}
