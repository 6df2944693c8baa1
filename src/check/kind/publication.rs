//! `[publication.NAME]`: tables, schemas and operations; what is named of it is compared.

use crate::catalog::{Context, Kind, Object, ObjectId};
use crate::check::compare::{Comparison, Want, ask, worse};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule, Target};
use crate::check::parse::Parser;
use crate::check::question::Question;
use crate::check::rule::Judge;
use crate::sql::fragment::{self, PublishedTable};
use crate::sql::{normalize, quote_ident};

use super::fields::{common, idents, listed, shown, switch, usual_remedy};
use super::primary_key::list;

const KIND: ObjectKind = ObjectKind {
    render: listed,
    alter: |rule, object, differences| usual_remedy("PUBLICATION", rule, object, differences),
};

const KEYS: &[&str] = &[
    "tables",
    "schemas",
    "all_tables",
    "publish",
    "via_root",
    "generated_columns",
    "owner",
    "comment",
];

const OPERATIONS: &[&str] = &["insert", "update", "delete", "truncate"];

pub(crate) fn parse(p: &mut Parser, item: &Item<'_>) {
    let Some(entries) = p.reader.items(item, "a table of publications") else {
        return;
    };
    for entry in &entries {
        let Some(name) = p.reader.ident("publication", &entry.key) else {
            continue;
        };
        let within = format!("publication {name}");
        let Some(fields) = p.reader.fields(entry, &within, "a table of properties", KEYS) else {
            continue;
        };
        let mut wants = Vec::new();
        if let Some(item) = fields.get("tables")
            && let Some(texts) = p.reader.strings(item)
        {
            for text in &texts {
                p.fragment("tables", text, fragment::published_table);
            }
            let lines: Vec<String> = texts
                .into_iter()
                .map(|text| text.value.replace('\n', " "))
                .collect();
            wants.push(Want::by("tables", lines.join("\n"), compare_tables));
        }
        if let Some(schemas) = idents(p, &fields, "schemas") {
            wants.push(Want::list("schemas", schemas));
        }
        for key in ["all_tables", "via_root"] {
            if let Some(value) = switch(p, &fields, key) {
                wants.push(Want::flag(key, value));
            }
        }
        if let Some(item) = fields.get("publish")
            && let Some(texts) = p.reader.strings(item)
        {
            for text in texts
                .iter()
                .filter(|text| !OPERATIONS.contains(&text.value.as_str()))
            {
                p.reader.unknown_word("publish", text, OPERATIONS);
            }
            let words = texts.into_iter().map(|text| text.value).collect();
            wants.push(Want::list("publish", words));
        }
        if let Some(item) = fields.get("generated_columns")
            && let Some(word) = p.reader.word(item, &["none", "stored"])
        {
            wants.push(Want::maybe("generated_columns", (word != "none").then_some(word)));
        }
        let expected = shown(&wants, "publication");
        wants.extend(common(p, &fields));
        let id = ObjectId::new(Kind::Publication, "", name.clone());
        let mut rule = ObjectRule::new(&KIND, Target::Id(id));
        rule.wants = wants;
        let path = format!("publication.{}", quote_ident(&name));
        p.add(path, "publication", &entry.key, expected, rule);
    }
}

fn compare_tables(wanted: &str, object: &Object, judge: &mut Judge<'_>) -> Comparison {
    let read = |text: &str| fragment::published_table(text).ok();
    let schema = judge.suite.schema.clone();
    let wanted: Vec<PublishedTable> = wanted.lines().filter_map(read).collect();
    let have: Vec<PublishedTable> = object
        .list("tables")
        .iter()
        .filter_map(|text| read(text))
        .collect();
    let full = |table: &PublishedTable| table.name.or_in(&schema);
    let mut result = Comparison::Same;
    for want in &wanted {
        let name = full(want);
        let compared = match have.iter().find(|table| full(table) == name) {
            None => Comparison::differs("table", None::<String>, Some(name.to_string())),
            Some(found) => worse(columns(want, found), condition(want, found, &schema, judge)),
        };
        result = worse(result, compared);
    }
    for extra in have
        .iter()
        .filter(|table| !wanted.iter().any(|want| full(want) == full(table)))
    {
        result = worse(
            result,
            Comparison::differs("table", Some(full(extra).to_string()), None::<String>),
        );
    }
    result
}

fn columns(want: &PublishedTable, have: &PublishedTable) -> Comparison {
    let sorted = |columns: &[String]| {
        let mut columns = columns.to_vec();
        columns.sort();
        columns
    };
    if sorted(&want.columns) == sorted(&have.columns) {
        return Comparison::Same;
    }
    let show = |columns: &[String]| (!columns.is_empty()).then(|| list(columns));
    Comparison::differs(
        format!("columns of {}", want.name),
        show(&have.columns),
        show(&want.columns),
    )
}

fn condition(
    want: &PublishedTable,
    have: &PublishedTable,
    schema: &str,
    judge: &mut Judge<'_>,
) -> Comparison {
    let part = format!("condition of {}", want.name);
    match (&want.condition, &have.condition) {
        (None, None) => Comparison::Same,
        (Some(want), Some(have)) if normalize(want) == normalize(have) => Comparison::Same,
        (Some(expected), Some(actual)) => {
            let table = want.name.or_in(schema);
            let question = Question::Same {
                context: Context::Predicate,
                relation: table.schema.map(|schema| (schema, table.name)),
                column_type: None,
                schema: schema.to_string(),
                expected: expected.clone(),
                actual: actual.clone(),
            };
            ask(&part, question, judge)
        }
        (want, have) => Comparison::differs(part, have.as_deref(), want.as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn tables_with_columns_and_conditions() {
        for (tables, parts) in [
            ("[\"public.t (amount, id) where ((amount > 0))\"]", vec![]),
            ("[\"t (id) where ((amount > 0))\"]", vec!["columns of t"]),
            ("[\"t (id, amount) where (amount >= 0)\"]", vec!["condition of t"]),
            ("[\"t (id, amount)\", \"u\"]", vec!["condition of t", "table"]),
            ("[]", vec!["table"]),
        ] {
            let text = format!("[publication.feed]\ntables = {tables}\n");
            let verdicts = settle(&[&suite("0001", &text)], &sample(), literal);
            let differences = &one(&verdicts, "0001/publication.feed").differences;
            let found: Vec<&str> = differences.iter().map(|d| d.part.as_str()).collect();
            assert_eq!(found, parts, "{tables}");
        }
    }

    #[test]
    fn what_is_no_table_or_operation() {
        assert_eq!(
            complaints("[publication.p]\ntables = [\"t where a\"]\npublish = [\"inserts\"]\n"),
            [
                "2:20 `tables`: expected a condition in parentheses, found `a` (correct the SQL between the quotes)",
                "3:12 `publish`: unknown value \"inserts\" (did you mean \"insert\"?)",
            ]
        );
    }
}
