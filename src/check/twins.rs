//! Relations of the same columns: what the server says of an expression over one of them it says of the others.

use std::sync::OnceLock;

use rustc_hash::FxHashMap;

use crate::catalog::{Catalog, Context, Kind, Object};

use super::question::Question;

/// Which relation stands for which, where all columns of both were read; looked up when first asked.
#[derive(Debug, Default)]
pub(crate) struct Twins(OnceLock<FxHashMap<(String, String), String>>);

/// What an expression can mean of a relation: its schema, what kind it is of, and its columns with their types.
type Shape<'a> = (&'a str, Kind, Option<&'a str>, Vec<Column<'a>>);

/// Name, type, and the collation where that is not the type's own.
type Column<'a> = (&'a str, Option<&'a str>, Option<&'a str>);

impl Twins {
    /// The same question, of the relation that stands for all its twins. A trigger's condition may pass on whole rows, whose
    /// type is the relation's own; and a text may name its relation.
    pub(crate) fn ask(&self, question: &mut Question, catalog: &Catalog) {
        let Question::Same {
            context: Context::Predicate | Context::Scalar | Context::Generated,
            relation: Some(relation),
            column_type: None,
            expected,
            actual,
            ..
        } = question
        else {
            return;
        };
        if catalog.with_columns.is_empty() {
            return;
        }
        let first = self.0.get_or_init(|| find(catalog));
        let Some(first) = first.get(relation).filter(|first| **first != relation.1) else {
            return;
        };
        let texts = [expected.to_lowercase(), actual.to_lowercase()];
        let is_named = |name: &str| {
            let name = name.to_lowercase();
            texts.iter().any(|text| text.contains(&name))
        };
        if !is_named(&relation.1) && !is_named(first) {
            relation.1.clone_from(first);
        }
    }
}

/// The first relation of each shape, by every relation of it.
fn find(catalog: &Catalog) -> FxHashMap<(String, String), String> {
    let columns: Vec<&Object> = catalog.of_kind(Kind::Column).collect();
    let mut firsts: FxHashMap<Shape<'_>, &str> = FxHashMap::default();
    let mut found = FxHashMap::default();
    let is_same = |a: &&Object, b: &&Object| a.id.schema == b.id.schema && a.id.relation == b.id.relation;
    for columns in columns.chunk_by(is_same) {
        let id = &columns[0].id;
        let (schema, name) = (id.schema.as_str(), id.relation.as_str());
        let key = (schema.to_string(), name.to_string());
        let is_complete = catalog.with_columns.contains(&key);
        let Some(relation) = catalog.relation(schema, name).filter(|_| is_complete) else {
            continue;
        };
        let columns = columns.iter().map(|column| {
            let (name, of_type) = (column.id.name.as_str(), column.text("type"));
            (name, of_type, column.text("collation"))
        });
        let shape = (schema, relation.id.kind, relation.text("type"), columns.collect());
        let first = *firsts.entry(shape).or_insert(name);
        found.insert(key, first.to_string());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{ObjectId, Value};

    fn catalog(relations: &[(&str, &[(&str, &str)])], with_columns: &[&str]) -> Catalog {
        let mut catalog = Catalog::default();
        for (name, columns) in relations {
            catalog.insert(Object::new(ObjectId::new(Kind::Table, "public", *name)));
            for (column, of_type) in *columns {
                let mut object = Object::new(ObjectId::on(Kind::Column, "public", *name, *column));
                object
                    .properties
                    .insert("type", Value::Text((*of_type).to_string()));
                catalog.insert(object);
            }
        }
        let known = with_columns.iter();
        catalog.with_columns = known
            .map(|name| ("public".to_string(), (*name).to_string()))
            .collect();
        catalog
    }

    /// The relation that is asked about, for a predicate over one.
    fn asked(catalog: &Catalog, relation: &str, text: &str) -> String {
        let mut question = Question::Same {
            context: Context::Predicate,
            relation: Some(("public".to_string(), relation.to_string())),
            column_type: None,
            schema: "public".to_string(),
            expected: text.to_string(),
            actual: format!("({text})"),
        };
        Twins::default().ask(&mut question, catalog);
        match question {
            Question::Same {
                relation: Some((_, name)),
                ..
            } => name,
            _ => unreachable!("it stays what it is"),
        }
    }

    const SAME: &[(&str, &str)] = &[("id", "bigint"), ("note", "text")];

    #[test]
    fn one_of_the_same_columns_is_asked_about() {
        let catalog = catalog(&[("first", SAME), ("second", SAME)], &["first", "second"]);
        assert_eq!(asked(&catalog, "second", "id > 0"), "first");
        assert_eq!(asked(&catalog, "first", "id > 0"), "first");
    }

    #[test]
    fn a_text_that_names_either_keeps_its_own() {
        let catalog = catalog(&[("first", SAME), ("second", SAME)], &["first", "second"]);
        assert_eq!(asked(&catalog, "second", "second.id > 0"), "second");
        assert_eq!(
            asked(&catalog, "second", "id in (select id from FIRST)"),
            "second"
        );
    }

    #[test]
    fn another_type_another_column_or_one_unread_makes_it_another() {
        let relations: &[(&str, &[(&str, &str)])] = &[
            ("first", SAME),
            ("typed", &[("id", "integer"), ("note", "text")]),
            ("named", &[("id", "bigint"), ("remark", "text")]),
            ("longer", &[("id", "bigint"), ("more", "text"), ("note", "text")]),
            ("narrow", SAME),
        ];
        let catalog = catalog(relations, &["first", "typed", "named", "longer"]);
        for (own, _) in relations {
            assert_eq!(asked(&catalog, own, "id > 0"), *own);
        }
    }

    #[test]
    fn a_view_has_no_system_columns() {
        let mut catalog = catalog(&[("first", SAME), ("second", SAME)], &["first", "second"]);
        catalog.remove(&ObjectId::new(Kind::Table, "public", "second"));
        catalog.insert(Object::new(ObjectId::new(Kind::View, "public", "second")));
        assert_eq!(asked(&catalog, "second", "id > 0"), "second");
    }
}
