//! Values that are likely to fit a column, best first, as SQL.

use super::facts::{Argument, Check, Column, Relation};
use crate::sql::quote_literal;

/// A number that is in no table, for the rows of a run to be told apart.
const FAR: u64 = 2_000_000_000;

/// A UUID that is nobody's: the numbers of a run follow each other.
pub(super) fn uuid(number: u64) -> String {
    format!("5eed0000-0000-4000-8000-{number:012x}")
}

/// What to try in a column, in turn. `number` is different for every row.
pub(super) fn candidates(relation: &Relation, column: &Column, number: u64) -> Vec<String> {
    let is_key = relation.keys.iter().any(|key| key.columns.contains(&column.name));
    let checks: Vec<&Check> = relation
        .checks
        .iter()
        .filter(|check| check.columns.contains(&column.name))
        .chain(&column.domain_checks)
        .collect();
    let mut found = match column.is_array || column.category == "A" {
        true => vec!["'{}'".to_string()],
        false => of_type(
            &column.base,
            &column.kind,
            &column.labels,
            column.length,
            is_key,
            number,
        ),
    };
    let is_number = column.category == "N";
    let is_text = column.category == "S";
    let mut written = Vec::new();
    for check in checks {
        written.extend(literals(&check.expression, is_number));
    }
    if is_text && !is_key {
        // a list of words is the commonest check of all
        written.append(&mut found);
        found = written;
        found.extend(typical(number));
    } else {
        // of a key they are to be different, which a literal is not
        if is_text {
            found.extend(typical(number));
        }
        found.extend(written);
    }
    if !column.not_null {
        found.push("NULL".to_string());
    }
    let mut distinct: Vec<String> = Vec::new();
    for candidate in found {
        if !distinct.contains(&candidate) {
            distinct.push(candidate);
        }
    }
    distinct
}

/// Values of a type.
fn of_type(
    base: &str,
    kind: &str,
    labels: &[String],
    length: Option<i64>,
    is_key: bool,
    number: u64,
) -> Vec<String> {
    if kind == "e" {
        return labels.iter().map(|label| quote_literal(label)).collect();
    }
    let quoted = |texts: &[&str]| texts.iter().map(|text| format!("'{text}'")).collect::<Vec<_>>();
    let numbers = |far: u64| {
        let mut all = vec![
            "1".to_string(),
            "0".to_string(),
            "2".to_string(),
            "100".to_string(),
        ];
        let unique = (far + number).to_string();
        all.insert(if is_key { 0 } else { all.len() }, unique);
        all
    };
    match base {
        "uuid" => vec![format!("'{}'", uuid(number))],
        "int2" => numbers(30_000),
        "int4" | "numeric" | "float4" | "float8" => numbers(FAR),
        "int8" => numbers(FAR * FAR),
        "money" => quoted(&["1"]),
        "oid" => quoted(&["1"]),
        "bool" => quoted(&["false", "true"]),
        "text" | "varchar" | "bpchar" | "name" | "citext" | "char" => {
            vec![quote_literal(&word(length, number))]
        }
        "timestamptz" | "timestamp" => {
            let mut all = vec!["pg_catalog.now()".to_string()];
            all.extend(quoted(&["2000-01-01", "2100-01-01", "1970-01-01"]));
            all
        }
        "date" => {
            let mut all = vec!["pg_catalog.now()::pg_catalog.date".to_string()];
            all.extend(quoted(&["2000-01-01", "2100-01-01"]));
            all
        }
        "time" | "timetz" => quoted(&["00:00:00", "12:00:00"]),
        "interval" => quoted(&["1 day", "0"]),
        "json" | "jsonb" => quoted(&["{}", "[]", "\"a\"", "1"]),
        "bytea" => vec![format!("pg_catalog.decode('{number:08x}', 'hex')")],
        "inet" | "cidr" => quoted(&["192.0.2.1"]),
        "macaddr" => quoted(&["08:00:2b:01:02:03"]),
        "xml" => quoted(&["<a/>"]),
        "tsvector" | "tsquery" => quoted(&["a"]),
        "point" => quoted(&["(0,0)"]),
        "jsonpath" => quoted(&["$"]),
        "regclass" => quoted(&["pg_catalog.pg_class"]),
        "regtype" => quoted(&["pg_catalog.int4"]),
        "regrole" | "regnamespace" | "regproc" | "regprocedure" | "regoper" | "regoperator" => quoted(&["-"]),
        "pg_lsn" => quoted(&["0/0"]),
        "macaddr8" => quoted(&["08:00:2b:01:02:03:04:05"]),
        "bit" | "varbit" => quoted(&["0"]),
        "ltree" => quoted(&["a"]),
        "hstore" => quoted(&[""]),
        _ if kind == "r" => quoted(&["empty", "(,)"]),
        _ if kind == "m" => quoted(&["{}"]),
        _ => Vec::new(),
    }
}

/// A word of its own, no longer than the column is.
fn word(length: Option<i64>, number: u64) -> String {
    let unique = format!("pgplumb{number}");
    let most = length
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(64);
    match unique.len() <= most {
        true => unique,
        // the end tells them apart
        false => unique[unique.len() - most..].to_string(),
    }
}

/// Texts that checks of texts like to see.
fn typical(number: u64) -> Vec<String> {
    [
        format!("pgplumb{number}@example.org"),
        format!("https://example.org/{number}"),
        format!("pgplumb-text-{number:040}"),
        format!("A{number}"),
        number.to_string(),
        "aa".to_string(),
        "AAA".to_string(),
        "a".to_string(),
        uuid(number),
        "+4912345678".to_string(),
        "#000000".to_string(),
    ]
    .iter()
    .map(|text| quote_literal(text))
    .collect()
}

/// The literals of a check: words as they are, numbers with their neighbours.
fn literals(expression: &str, is_number: bool) -> Vec<String> {
    use crate::sql::{TokenKind, lex};
    let mut found = Vec::new();
    for token in lex(expression) {
        let text = token.text(expression);
        match token.kind {
            TokenKind::String if !is_number => found.push(text.to_string()),
            TokenKind::String | TokenKind::Number if is_number => {
                let bare = text.trim_matches('\'');
                if let Ok(number) = bare.parse::<i64>() {
                    for near in [number, number.saturating_add(1), number.saturating_sub(1)] {
                        found.push(near.to_string());
                    }
                } else if bare.parse::<f64>().is_ok() {
                    found.push(bare.to_string());
                }
            }
            _ => {}
        }
    }
    found
}

/// Most values of one argument.
const MOST_ARGUMENTS: usize = 4;

/// Values to call a function with, best first; none where none is known. A function may do another thing for each
/// label and each truth, and a domain may refuse one: of these there are several.
pub(super) fn arguments(own: &Argument) -> Vec<String> {
    let column = Column {
        type_name: own.type_name.clone(),
        base: own.base.clone(),
        category: own.category.clone(),
        kind: own.kind.clone(),
        is_array: own.is_array,
        labels: own.labels.clone(),
        domain_checks: own.domain_checks.clone(),
        not_null: true,
        ..Column::default()
    };
    let most = match own.kind.as_str() {
        "e" => MOST_ARGUMENTS,
        _ if own.base == "bool" || !own.domain_checks.is_empty() => MOST_ARGUMENTS,
        _ => 1,
    };
    let mut found = candidates(&Relation::default(), &column, 1);
    found.truncate(most);
    found
}

#[cfg(test)]
mod tests {
    use super::{Check, Column, Relation, candidates};

    fn column(base: &str, category: &str) -> Column {
        Column {
            name: "c".to_string(),
            base: base.to_string(),
            category: category.to_string(),
            not_null: true,
            ..Column::default()
        }
    }

    fn checked(expression: &str) -> Relation {
        Relation {
            checks: vec![Check {
                name: "k".to_string(),
                expression: expression.to_string(),
                columns: vec!["c".to_string()],
            }],
            ..Relation::default()
        }
    }

    #[test]
    fn words_of_a_check_come_first_and_numbers_with_their_neighbours() {
        let listed = checked("CHECK ((c = ANY (ARRAY['open'::text, 'done'::text])))");
        assert_eq!(
            candidates(&listed, &column("text", "S"), 7)[..2],
            ["'open'", "'done'"]
        );
        let above = candidates(&checked("CHECK ((c > 41))"), &column("int4", "N"), 7);
        assert!(above.contains(&"42".to_string()), "{above:?}");
        assert_eq!(above[0], "1");
    }

    #[test]
    fn a_word_is_no_longer_than_its_column_and_different_for_every_row() {
        let short = Column {
            length: Some(3),
            ..column("varchar", "S")
        };
        assert_eq!(candidates(&Relation::default(), &short, 12)[0], "'b12'");
        assert_eq!(candidates(&Relation::default(), &short, 13)[0], "'b13'");
    }

    #[test]
    fn a_type_that_is_not_known_has_no_values() {
        assert!(candidates(&Relation::default(), &column("geometry", "U"), 1).is_empty());
        let nullable = Column {
            not_null: false,
            ..column("geometry", "U")
        };
        assert_eq!(candidates(&Relation::default(), &nullable, 1), ["NULL"]);
    }
}
