//! `[table.NAME.statistics]`: `stats = "(ndistinct, mcv) on a, (lower(b))"`, complete.

use crate::catalog::{Context, Kind, Object};
use crate::check::compare::{Comparison, Want, expression, worse};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::sql::fragment::{self, Key};
use crate::sql::{parse_name, quote_ident};

use super::column::statistics_target;
use super::fields::{common, ident, usual_remedy};
use super::primary_key::columns_needed;

const KIND: ObjectKind = ObjectKind {
    render,
    alter: |rule, object, differences| usual_remedy("STATISTICS", rule, object, differences),
};

const MORE: &[&str] = &["target", "schema", "owner", "comment"];

/// Stands between keys, and before those that are expressions.
const BETWEEN: &str = "\u{1f}";
const EXPRESSION: &str = "\u{1e}";

pub(crate) fn parse(p: &mut Parser, table: &Table, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of statistics") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.qualified_on(table, "statistics", &entry.key) else {
            continue;
        };
        let Some((text, fields)) = p.definition(entry, &format!("statistics {name}"), MORE) else {
            continue;
        };
        let Some(parsed) = p.fragment(&name, &text, fragment::statistics) else {
            continue;
        };
        let columns: Vec<String> = parsed
            .keys
            .iter()
            .filter_map(|key| match &key.key {
                Key::Column(column) => Some(column.clone()),
                Key::Expression(_) => None,
            })
            .collect();
        let keys: Vec<String> = parsed
            .keys
            .iter()
            .map(|key| match &key.key {
                Key::Column(column) => quote_ident(column),
                Key::Expression(text) => format!("{EXPRESSION}{text}"),
            })
            .collect();
        let mut wants = vec![
            Want::list("statistics", parsed.kinds.clone()),
            Want::by("keys", keys.join(BETWEEN), compare_keys),
        ];
        if let Some(fields) = &fields {
            if let Some(target) = statistics_target(p, fields, "target") {
                wants.push(Want::exactly("target", target));
            }
            if let Some(schema) = ident(p, fields, "schema") {
                wants.push(Want::maybe(
                    "in_schema",
                    (schema != table.schema).then_some(schema),
                ));
            }
            wants.extend(common(p, fields));
        }
        let mut rule = ObjectRule::new(&KIND, Target::Id(table.object(Kind::Statistics, name.clone())));
        rule.needs = columns_needed(table, &columns);
        rule.create = Some(format!(
            "CREATE STATISTICS {} {} FROM {}",
            rule.target.id().path(),
            text.value.trim(),
            table.sql()
        ));
        rule.wants = wants;
        p.add_on(table, "statistics", &name, &entry.key, text.value, rule);
    }
}

/// Columns in any order; the server keeps them sorted, before the expressions.
fn compare_keys(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let have = object.list("keys");
    let (mut expressions, mut columns): (Vec<&str>, Vec<&str>) =
        wanted.split(BETWEEN).partition(|key| key.starts_with(EXPRESSION));
    let (mut found_columns, found): (Vec<&str>, Vec<&str>) = have
        .iter()
        .map(String::as_str)
        .partition(|key| parse_name(key).is_ok());
    columns.sort_unstable();
    found_columns.sort_unstable();
    for expression in &mut expressions {
        *expression = expression.trim_start_matches(EXPRESSION);
    }
    if columns != found_columns || expressions.len() != found.len() {
        let wanted = wanted.replace(BETWEEN, ", ").replace(EXPRESSION, "");
        return Comparison::differs("keys", Some(have.join(", ")), Some(wanted));
    }
    let mut result = Comparison::Same;
    for (index, (wanted, have)) in expressions.iter().zip(&found).enumerate() {
        let part = format!("expression {}", index + 1);
        result = worse(
            result,
            expression(&part, Context::Scalar, object, wanted, have, judge),
        );
    }
    result
}

pub(crate) fn render(object: &Object) -> String {
    let kinds = object.list("statistics");
    let keys = object.list("keys").join(", ");
    if kinds.is_empty() {
        format!("on {keys}")
    } else {
        format!("({}) on {keys}", kinds.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite};

    #[test]
    fn columns_have_no_order_and_expressions_have() {
        for (definition, parts) in [
            (
                "(ndistinct, dependencies) on lower((name)::text), name, org_id",
                vec![],
            ),
            ("on org_id, name, lower((name)::text)", vec!["statistics"]),
            ("(ndistinct, dependencies) on org_id, name", vec!["keys"]),
            (
                "(ndistinct, dependencies) on org_id, name, upper(name)",
                vec!["expression 1"],
            ),
        ] {
            let text = format!("[table.t.statistics]\nt_stats = \"{definition}\"\n");
            let verdicts = settle(&[&suite("0001", &text)], &sample(), literal);
            let differences = &one(&verdicts, "0001/table.t/statistics.t_stats").differences;
            let found: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
            assert_eq!(found, parts, "{definition}");
        }
    }
}
