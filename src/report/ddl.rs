//! Objects of the catalog as the statements that would make them, laid out to be read.

use crate::catalog::{Kind, Object};
use crate::sql::{quote_ident, quote_literal};

/// CREATE TABLE with columns, their comments, and constraints.
pub fn table(table: &Object, objects: &[Object]) -> String {
    let on = |kind: Kind| {
        objects.iter().filter(move |object| {
            object.id.kind == kind
                && object.id.schema == table.id.schema
                && object.id.relation == table.id.name
        })
    };
    let mut columns: Vec<&Object> = on(Kind::Column).collect();
    columns.sort_by_key(|column| position(column));
    // text and what is said of it
    let mut lines: Vec<(String, Option<&str>)> = columns
        .iter()
        .map(|column| (column_definition(column), column.text("comment")))
        .collect();
    for kind in [
        Kind::PrimaryKey,
        Kind::Unique,
        Kind::ForeignKey,
        Kind::Check,
        Kind::Exclusion,
    ] {
        lines.extend(
            on(kind).map(|constraint| (constraint_definition(constraint), constraint.text("comment"))),
        );
    }
    let last = lines.len().saturating_sub(1);
    let mut text = format!("CREATE TABLE {} (\n", table.id.path());
    for (index, (line, comment)) in lines.iter().enumerate() {
        text.push_str("    ");
        text.push_str(line);
        if index < last {
            text.push(',');
        }
        if let Some(comment) = comment {
            text.push_str(" -- ");
            text.push_str(&comment.split_whitespace().collect::<Vec<_>>().join(" "));
        }
        text.push('\n');
    }
    text.push(')');
    if let Some(key) = table.text("partition_by") {
        text.push_str(&format!(" PARTITION BY {key}"));
    }
    if !table.list("options").is_empty() {
        text.push_str(&format!(" WITH ({})", table.list("options").join(", ")));
    }
    text.push(';');
    text
}

/// Where a column stands.
pub fn position(column: &Object) -> i64 {
    match column.get("position") {
        Some(crate::catalog::Value::Int(position)) => *position,
        _ => i64::MAX,
    }
}

/// `org_id uuid NOT NULL DEFAULT gen_random_uuid()`.
fn column_definition(column: &Object) -> String {
    let mut words = format!(
        "{} {}",
        quote_ident(&column.id.name),
        column.text("type").unwrap_or_default()
    );
    if let Some(collation) = column.text("collation") {
        words.push_str(&format!(" COLLATE {collation}"));
    }
    if let Some(identity) = column.text("identity") {
        words.push_str(&format!(" GENERATED {} AS IDENTITY", identity.to_uppercase()));
    }
    if let Some(generated) = column.text("generated") {
        let kind = column.text("generated_kind").unwrap_or("stored").to_uppercase();
        words.push_str(&format!(" GENERATED ALWAYS AS ({generated}) {kind}"));
    }
    if column.flag("not_null") {
        words.push_str(" NOT NULL");
    }
    if let Some(default) = column.text("default") {
        words.push_str(&format!(" DEFAULT {default}"));
    }
    words
}

fn constraint_definition(constraint: &Object) -> String {
    let list = |property: &str| names(constraint.list(property));
    let mut words = format!("CONSTRAINT {} ", quote_ident(&constraint.id.name));
    match constraint.id.kind {
        Kind::PrimaryKey => words.push_str(&format!("PRIMARY KEY ({})", list("columns"))),
        Kind::Unique => {
            let nulls = if constraint.flag("nulls_not_distinct") {
                "NULLS NOT DISTINCT "
            } else {
                ""
            };
            words.push_str(&format!("UNIQUE {nulls}({})", list("columns")));
        }
        Kind::Check => {
            let expression = constraint.text("expression").unwrap_or_default();
            words.push_str(&match is_enclosed(expression) {
                true => format!("CHECK {expression}"),
                false => format!("CHECK ({expression})"),
            });
            if constraint.flag("no_inherit") {
                words.push_str(" NO INHERIT");
            }
        }
        Kind::ForeignKey => {
            words.push_str(&format!(
                "FOREIGN KEY ({}) REFERENCES {} ({})",
                list("columns"),
                constraint.text("target").unwrap_or_default(),
                list("target_columns")
            ));
            for (word, property) in [("ON UPDATE", "on_update"), ("ON DELETE", "on_delete")] {
                if let Some(action) = constraint.text(property).filter(|action| *action != "no action") {
                    words.push_str(&format!(" {word} {}", action.to_uppercase()));
                }
            }
        }
        _ => words.push_str(constraint.text("definition").unwrap_or_default()),
    }
    if !constraint.list("include").is_empty() {
        words.push_str(&format!(" INCLUDE ({})", list("include")));
    }
    if constraint.flag("deferrable") {
        words.push_str(" DEFERRABLE");
    }
    if constraint.flag("initially_deferred") {
        words.push_str(" INITIALLY DEFERRED");
    }
    if constraint.get("validated").is_some() && !constraint.flag("validated") {
        words.push_str(" NOT VALID");
    }
    words
}

/// Whether one pair of parentheses holds it all.
fn is_enclosed(expression: &str) -> bool {
    let mut depth = 0usize;
    for token in crate::sql::lex(expression) {
        match token.text(expression) {
            "(" => depth += 1,
            ")" => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return token.span.end == expression.len() && expression.starts_with('(');
                }
            }
            _ => {}
        }
    }
    false
}

fn names(names: &[String]) -> String {
    let names: Vec<String> = names.iter().map(|name| quote_ident(name)).collect();
    names.join(", ")
}

/// CREATE TYPE … AS ENUM.
pub fn enumeration(object: &Object) -> String {
    let labels: Vec<String> = object
        .list("labels")
        .iter()
        .map(|label| format!("    {}", quote_literal(label)))
        .collect();
    format!(
        "CREATE TYPE {} AS ENUM (\n{}\n);",
        object.id.path(),
        labels.join(",\n")
    )
}

/// CREATE FUNCTION with its body.
pub fn function(object: &Object) -> String {
    let signature = match object.text("arguments") {
        Some(arguments) => {
            let path = object.id.path();
            let name = path.split('(').next().unwrap_or(&path).to_string();
            format!("{name}({arguments})")
        }
        None => object.id.path(),
    };
    let word = match object.text("type") {
        Some("procedure") => "PROCEDURE",
        Some("aggregate") => "AGGREGATE",
        _ => "FUNCTION",
    };
    let mut text = format!("CREATE {word} {signature}\n");
    if let Some(returns) = object.text("returns") {
        text.push_str(&format!("    RETURNS {returns}\n"));
    }
    let mut facts: Vec<String> = Vec::new();
    if let Some(language) = object.text("language") {
        facts.push(format!("LANGUAGE {language}"));
    }
    for (property, usual, prefix) in [("volatility", "volatile", ""), ("security", "", "SECURITY ")] {
        if let Some(word) = object.text(property).filter(|word| *word != usual) {
            facts.push(format!("{prefix}{}", word.to_uppercase()));
        }
    }
    if object.flag("strict") {
        facts.push("STRICT".to_string());
    }
    if !facts.is_empty() {
        text.push_str(&format!("    {}\n", facts.join(" ")));
    }
    for setting in object.list("settings") {
        if let Some((name, value)) = setting.split_once('=') {
            text.push_str(&format!("    SET {name} = {value}\n"));
        }
    }
    let body = object.text("body").unwrap_or_default().trim_matches('\n');
    let mut tag = "$function$".to_string();
    while body.contains(&tag) {
        tag.insert(1, 'x');
    }
    text.push_str(&format!("AS {tag}\n{body}\n{tag};"));
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ObjectId, Value};

    fn object(kind: Kind, name: &str, properties: &[(&'static str, Value)]) -> Object {
        let relation = if kind == Kind::Table { "" } else { "t" };
        let mut object = Object::new(ObjectId::on(kind, "public", relation, name));
        object.properties.extend(properties.iter().cloned());
        object
    }

    #[test]
    fn a_table_is_laid_out() {
        let text = |value: &str| Value::Text(value.to_string());
        let list = |value: &str| Value::List(vec![value.to_string()]);
        let table = object(Kind::Table, "t", &[("partition_by", text("RANGE (b)"))]);
        let objects = [
            object(
                Kind::Column,
                "a",
                &[
                    ("position", Value::Int(2)),
                    ("type", text("integer")),
                    ("not_null", Value::Bool(true)),
                    ("default", text("0")),
                    ("comment", text("Of\nthings.")),
                ],
            ),
            object(
                Kind::Column,
                "Odd",
                &[("position", Value::Int(1)), ("type", text("uuid"))],
            ),
            object(Kind::PrimaryKey, "t_pkey", &[("columns", list("Odd"))]),
            object(Kind::Check, "c", &[("expression", text("(a > 0) AND (a < 9)"))]),
            object(Kind::Check, "d", &[("expression", text("(a > 1)"))]),
        ];
        assert_eq!(
            super::table(&table, &objects),
            "CREATE TABLE public.t (\n    \"Odd\" uuid,\n    a integer NOT NULL DEFAULT 0, -- Of things.\n    \
             CONSTRAINT t_pkey PRIMARY KEY (\"Odd\"),\n    CONSTRAINT c CHECK ((a > 0) AND (a < 9)),\n    \
             CONSTRAINT d CHECK (a > 1)\n) PARTITION BY RANGE (b);"
        );
    }
}
