//! A catalog as a JSON document: what `snapshot` writes and `diff` reads. The order is that of the identities, and
//! nothing in it changes from one reading to the next, so that it can be kept under version control.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Catalog, Kind, Object, ObjectId, PropertyType, Value};

/// What is written today, and the only one that is read.
const VERSION: u32 = 1;

/// The document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    snapshot_version: u32,
    /// As the server counts: 150018 is 15.18.
    server_version_num: u32,
    objects: Vec<Entry>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    kind: String,
    /// As SQL names it; for readers, and not read.
    path: String,
    schema: String,
    relation: String,
    name: String,
    properties: BTreeMap<String, serde_json::Value>,
}

/// Why a text is no snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoSnapshot {
    pub message: String,
    /// Counted from 1, where one place is to blame.
    pub place: Option<(usize, usize)>,
}

/// Writes the document, indented by two spaces, with a line end.
pub fn write<'o>(server_version_num: u32, objects: impl IntoIterator<Item = &'o Object>) -> String {
    let document = Document {
        snapshot_version: VERSION,
        server_version_num,
        objects: objects.into_iter().map(entry).collect(),
    };
    // strings, numbers and lists of them: there is nothing that could fail
    serde_json::to_string_pretty(&document).expect("a catalog is always JSON") + "\n"
}

fn entry(object: &Object) -> Entry {
    Entry {
        kind: object.id.kind.as_str().to_string(),
        path: object.id.path(),
        schema: object.id.schema.to_string(),
        relation: object.id.relation.to_string(),
        name: object.id.name.to_string(),
        properties: object
            .properties
            .iter()
            .map(|(name, value)| ((*name).to_string(), json(value)))
            .collect(),
    }
}

/// A value as JSON has it.
pub fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Text(value) => value.as_str().into(),
        Value::List(items) => items.clone().into(),
    }
}

/// Reads a document: the version of its server, and its objects.
///
/// # Errors
/// [`NoSnapshot`].
pub fn read(text: &str) -> Result<(u32, Catalog), NoSnapshot> {
    let document: Document = serde_json::from_str(text).map_err(|error| NoSnapshot {
        message: error
            .to_string()
            .split(" at line ")
            .next()
            .unwrap_or_default()
            .to_string(),
        place: (error.line() > 0).then(|| (error.line(), error.column().max(1))),
    })?;
    let wrong = |message: String| NoSnapshot { message, place: None };
    if document.snapshot_version != VERSION {
        return Err(wrong(format!(
            "its snapshot_version is {}, and this pgplumb reads {VERSION}",
            document.snapshot_version
        )));
    }
    let mut catalog = Catalog::default();
    for entry in document.objects {
        let kind = Kind::from_word(&entry.kind)
            .ok_or_else(|| wrong(format!("`{}` is no kind of object", entry.kind)))?;
        let mut object = Object::new(ObjectId::on(kind, entry.schema, entry.relation, entry.name));
        for (name, value) in &entry.properties {
            let property = kind.property(name).ok_or_else(|| {
                wrong(format!(
                    "{} has the property {name}, which this pgplumb does not know",
                    object.id
                ))
            })?;
            let value = value_of(property.kind, value)
                .ok_or_else(|| wrong(format!("{}: {name} has a value of another type", object.id)))?;
            object.properties.insert(property.name, value);
        }
        catalog.insert(object);
    }
    Ok((document.server_version_num, catalog))
}

fn value_of(kind: PropertyType, value: &serde_json::Value) -> Option<Value> {
    let list = || {
        let items = value.as_array()?.iter();
        items
            .map(|item| item.as_str().map(str::to_string))
            .collect::<Option<Vec<String>>>()
    };
    match kind {
        PropertyType::Bool => value.as_bool().map(Value::Bool),
        PropertyType::Int => value.as_i64().map(Value::Int),
        PropertyType::Text | PropertyType::Expression(_) => {
            value.as_str().map(|text| Value::Text(text.into()))
        }
        PropertyType::List | PropertyType::Set | PropertyType::Expressions(_) => list().map(Value::List),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Object {
        let mut object = Object::new(ObjectId::new(Kind::Table, "public", "Odd \"one\""));
        let properties = &mut object.properties;
        properties.insert("row_security", Value::Bool(true));
        properties.insert(
            "inherits",
            Value::List(vec!["public.a".into(), "public.b".into()]),
        );
        properties.insert("comment", Value::Text("snow ☃".into()));
        properties.insert("details", Value::List(vec!["word".into()]));
        object
    }

    #[test]
    fn what_is_written_is_read() {
        let text = write(150_018, [&table()]);
        let (version, catalog) = read(&text).unwrap();
        assert_eq!(version, 150_018);
        assert_eq!(catalog.iter().collect::<Vec<_>>(), [&table()]);
        assert_eq!(write(version, catalog.iter()), text);
    }

    #[test]
    fn what_is_no_snapshot_says_why() {
        let good = write(150_018, [&table()]);
        for (text, message, place) in [
            ("{\n  \"a\"", "unknown field `a`", Some((2, 5))),
            ("[]", "invalid length 0", Some((1, 2))),
            (
                &good.replace("\"snapshot_version\": 1", "\"snapshot_version\": 9"),
                "its snapshot_version is 9, and this pgplumb reads 1",
                None,
            ),
            (
                &good.replace("\"kind\": \"table\"", "\"kind\": \"chair\""),
                "`chair` is no kind of object",
                None,
            ),
            (
                &good.replace("\"row_security\": true", "\"row_security\": \"yes\""),
                "row_security has a value of another type",
                None,
            ),
            (
                &good.replace("\"comment\"", "\"commant\""),
                "the property commant",
                None,
            ),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.message.contains(message), "{error:?}");
            assert_eq!(error.place, place, "{error:?}");
        }
    }
}
