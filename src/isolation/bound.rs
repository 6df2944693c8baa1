//! Values that lead a row into a partition, read from its bound.

use super::facts::{Facts, Relation};
use super::values::candidates;
use crate::sql::{TokenKind, lex};

/// Most ways to try.
const MOST: usize = 64;

/// Columns and values that may lead into a partition, likeliest first: of every level above it.
pub(super) fn ways(facts: &Facts, piece: &Relation) -> Vec<Vec<(String, String)>> {
    let mut all = vec![Vec::new()];
    let mut level = Some(piece);
    while let Some(part) = level {
        let parent = part.parent.and_then(|oid| facts.by_oid(oid));
        if let (Some(bound), Some(parent)) = (&part.bound, parent) {
            let values = of_level(parent, bound);
            if !values.is_empty() {
                all = all
                    .iter()
                    .flat_map(|below: &Vec<(String, String)>| {
                        values.iter().map(move |own| {
                            let mut both = below.clone();
                            both.extend(
                                own.iter()
                                    .filter(|(column, _)| !below.iter().any(|(b, _)| b == column))
                                    .cloned(),
                            );
                            both
                        })
                    })
                    .take(MOST)
                    .collect();
            }
        }
        level = parent;
    }
    all
}

fn of_level(parent: &Relation, bound: &str) -> Vec<Vec<(String, String)>> {
    let columns = &parent.partition_key;
    let items = |text: &str| -> Vec<String> {
        lex(text)
            .into_iter()
            .filter(|token| {
                matches!(
                    token.kind,
                    TokenKind::String | TokenKind::Number | TokenKind::Ident
                )
            })
            .map(|token| token.text(text).to_string())
            .collect()
    };
    let upper = bound.to_ascii_uppercase();
    if let Some(at) = upper.find(" FROM (") {
        let end = upper.find(") TO (").unwrap_or(bound.len());
        let lower = items(&bound[at + 7..end]);
        let row = columns
            .iter()
            .zip(&lower)
            .filter(|(column, value)| !column.is_empty() && value.as_str() != "MINVALUE")
            .map(|(column, value)| (column.clone(), value.clone()))
            .collect::<Vec<_>>();
        return match row.is_empty() {
            true => typical(parent),
            false => vec![row],
        };
    }
    if let (Some(at), [column]) = (upper.find(" IN ("), columns.as_slice()) {
        let values = items(&bound[at + 5..]);
        return values
            .into_iter()
            .map(|value| vec![(column.clone(), value)])
            .collect();
    }
    typical(parent)
}

/// Where the bound names no value: those of the type, many of a hash.
fn typical(parent: &Relation) -> Vec<Vec<(String, String)>> {
    let [name] = parent.partition_key.as_slice() else {
        return Vec::new();
    };
    let Some(column) = parent.column(name) else {
        return Vec::new();
    };
    let mut found: Vec<String> = (1..=24)
        .flat_map(|number| candidates(parent, column, 7_000 + number).into_iter().take(1))
        .collect();
    found.dedup();
    found.extend(candidates(parent, column, 7_000));
    for extreme in ["'0001-01-01'", "'9999-01-01'", "-30000", "30000", "''", "'zzzz'"] {
        found.push(extreme.to_string());
    }
    found
        .into_iter()
        .map(|value| vec![(name.clone(), value)])
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{Facts, Relation, ways};

    fn parent() -> Relation {
        Relation {
            oid: 1,
            partition_key: vec!["at".to_string(), "place".to_string()],
            ..Relation::default()
        }
    }

    fn into(bound: &str, key: &[&str]) -> Vec<Vec<(String, String)>> {
        let facts = Facts {
            relations: vec![Relation {
                partition_key: key.iter().map(|name| (*name).to_string()).collect(),
                ..parent()
            }],
            ..Facts::default()
        };
        let piece = Relation {
            oid: 2,
            parent: Some(1),
            bound: Some(bound.to_string()),
            ..Relation::default()
        };
        ways(&facts, &piece)
    }

    #[test]
    fn the_lower_bound_is_within_and_a_list_names_its_values() {
        let pair = |column: &str, value: &str| (column.to_string(), value.to_string());
        assert_eq!(
            into(
                "FOR VALUES FROM ('2025-11-01 00:00:00+00', 3) TO ('2025-12-01 00:00:00+00', MAXVALUE)",
                &["at", "place"]
            ),
            [[pair("at", "'2025-11-01 00:00:00+00'"), pair("place", "3")]]
        );
        assert_eq!(
            into("FOR VALUES IN ('a', NULL)", &["place"]),
            [[pair("place", "'a'")], [pair("place", "NULL")]]
        );
        // nothing is known of an expression
        assert_eq!(into("FOR VALUES FROM (1) TO (2)", &[""]), [vec![]]);
    }
}
