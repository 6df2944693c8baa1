//! Rows of the catalog queries → objects.
//!
//! The queries' columns carry the names of the properties, so one decoder serves every kind: `kind`,
//! `schema`, `relation` and `name` identify the object, all others are properties of its kind.

use super::kind::Kind;
use super::object::{Object, ObjectId, Value};
use super::property::PropertyType;

/// A row that is not what the query promises: a defect of pgplumb or an unknown server version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("the catalog query returned a row of unknown kind {0:?}")]
    UnknownKind(String),
    #[error("the catalog query for {kind} returned the unknown column {column:?}")]
    UnknownColumn { kind: Kind, column: String },
    #[error("{object}: the value {value:?} of {property} is not a {expected}")]
    BadValue {
        object: String,
        property: &'static str,
        value: String,
        expected: &'static str,
    },
}

/// Decodes one row given as column names and texts (`None` is NULL, and leaves the property out).
///
/// # Errors
/// [`DecodeError`] when the row does not fit the kind's list of properties.
pub fn object<'a>(
    row: impl Iterator<Item = (&'a str, Option<&'a str>)> + Clone,
) -> Result<Object, DecodeError> {
    let field = |wanted: &str| {
        row.clone()
            .find(|(column, _)| *column == wanted)
            .and_then(|(_, value)| value)
    };
    let word = field("kind").unwrap_or("");
    let kind = Kind::from_word(word).ok_or_else(|| DecodeError::UnknownKind(word.to_string()))?;
    let id = ObjectId::on(
        kind,
        field("schema").unwrap_or(""),
        field("relation").unwrap_or(""),
        field("name").unwrap_or(""),
    );
    let mut object = Object::new(id);
    for (column, value) in row {
        if matches!(column, "kind" | "schema" | "relation" | "name") {
            continue;
        }
        let property = kind.property(column).ok_or_else(|| DecodeError::UnknownColumn {
            kind,
            column: column.to_string(),
        })?;
        let Some(text) = value else { continue };
        let bad = |expected| DecodeError::BadValue {
            object: object.id.to_string(),
            property: property.name,
            value: text.to_string(),
            expected,
        };
        let value = match property.kind {
            PropertyType::Bool => match text {
                "t" | "true" => Value::Bool(true),
                "f" | "false" => Value::Bool(false),
                _ => return Err(bad("boolean")),
            },
            PropertyType::Int => Value::Int(text.parse().map_err(|_| bad("number"))?),
            PropertyType::Text | PropertyType::Expression(_) => Value::Text(text.to_string()),
            PropertyType::List | PropertyType::Expressions(_) => {
                Value::List(serde_json::from_str(text).map_err(|_| bad("JSON array of strings"))?)
            }
            PropertyType::Set => {
                let mut items: Vec<String> =
                    serde_json::from_str(text).map_err(|_| bad("JSON array of strings"))?;
                items.sort();
                Value::List(items)
            }
        };
        object.properties.insert(property.name, value);
    }
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_becomes_an_object() {
        let row = [
            ("kind", Some("policy")),
            ("schema", Some("public")),
            ("relation", Some("Odd \"t\"")),
            ("name", Some("p")),
            ("command", Some("select")),
            ("permissive", Some("t")),
            ("roles", Some(r#"["b", "a"]"#)),
            ("with_check", None),
        ];
        let object = object(row.into_iter()).unwrap();
        assert_eq!(object.id, ObjectId::on(Kind::Policy, "public", "Odd \"t\"", "p"));
        assert_eq!(object.text("command"), Some("select"));
        assert_eq!(object.list("roles"), ["a", "b"]);
        assert!(object.flag("permissive"));
        assert_eq!(object.get("with_check"), None);
    }

    #[test]
    fn an_unknown_column_is_an_error() {
        let row = [
            ("kind", Some("enum")),
            ("name", Some("e")),
            ("colour", Some("red")),
        ];
        assert_eq!(
            object(row.into_iter()).unwrap_err().to_string(),
            "the catalog query for enum returned the unknown column \"colour\""
        );
    }
}
