//! The tables and their foreign keys as a Mermaid entity diagram.

use super::page::Page;
use crate::catalog::{Kind, Object};
use crate::report::ddl::position;
use crate::report::model::is_partition;
use crate::report::summary::relation_path;
use crate::sql::parse_name;

/// Renders the diagram; nothing without a table.
pub fn render(page: &mut Page, objects: &[Object]) {
    let tables: Vec<&Object> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table && !is_partition(object))
        .collect();
    if tables.is_empty() {
        return;
    }
    let mut lines = vec!["erDiagram".to_string()];
    for table in &tables {
        lines.push(format!("    {} {{", entity(&table.id.path())));
        let mut columns: Vec<&Object> = objects
            .iter()
            .filter(|object| object.id.kind == Kind::Column && relation_path(object) == table.id.path())
            .collect();
        columns.sort_by_key(|column| position(column));
        for column in columns {
            let keys = keys(table, column, objects);
            let keys = if keys.is_empty() {
                String::new()
            } else {
                format!(" {}", keys.join(", "))
            };
            lines.push(format!(
                "        {} {}{keys}",
                word(&short_type(column.text("type").unwrap_or("unknown"))),
                word(&column.id.name)
            ));
        }
        lines.push("    }".to_string());
    }
    for key in objects.iter().filter(|object| object.id.kind == Kind::ForeignKey) {
        let path = relation_path(key);
        if !tables.iter().any(|table| table.id.path() == path) {
            continue;
        }
        let optional = key.list("columns").iter().any(|name| {
            objects.iter().any(|column| {
                column.id.kind == Kind::Column
                    && relation_path(column) == path
                    && column.id.name == *name
                    && !column.flag("not_null")
            })
        });
        lines.push(format!(
            "    {} {}--o{{ {} : {}",
            entity(key.text("target").unwrap_or_default()),
            if optional { "|o" } else { "||" },
            entity(&path),
            quoted(&key.list("columns").join(", "))
        ));
    }
    page.fence("mermaid", &lines.join("\n"));
}

/// `PK`, `FK`, `UK`.
fn keys(table: &Object, column: &Object, objects: &[Object]) -> Vec<&'static str> {
    let in_key = |kind: Kind, alone: bool| {
        objects.iter().any(|object| {
            object.id.kind == kind
                && relation_path(object) == table.id.path()
                && object.list("columns").iter().any(|name| *name == column.id.name)
                && (!alone || object.list("columns").len() == 1)
        })
    };
    let mut keys = Vec::new();
    if in_key(Kind::PrimaryKey, false) {
        keys.push("PK");
    }
    if in_key(Kind::ForeignKey, false) {
        keys.push("FK");
    }
    if in_key(Kind::Unique, true) {
        keys.push("UK");
    }
    keys
}

/// A table's name; without the schema `public`.
fn entity(path: &str) -> String {
    let name = match parse_name(path) {
        Ok(name) => match name.schema.as_deref() {
            None | Some("public") => name.name,
            Some(schema) => format!("{schema}.{}", name.name),
        },
        Err(_) => path.to_string(),
    };
    quoted(&name)
}

/// The diagram's language has no escapes within quotes.
fn quoted(text: &str) -> String {
    let clean: String = text
        .chars()
        .map(|character| match character {
            '"' | '`' => '\'',
            '\\' | '%' | '{' | '}' => '_',
            character if character.is_control() => ' ',
            character => character,
        })
        .collect();
    format!("\"{clean}\"")
}

/// A type or a column, of the characters that the language allows there.
fn word(text: &str) -> String {
    let mut word: String = text
        .chars()
        .map(|character| match character {
            character if character.is_ascii_alphanumeric() || "_-()[]".contains(character) => character,
            _ => '_',
        })
        .collect();
    if !word.starts_with(|first: char| first.is_ascii_alphabetic()) {
        word.insert(0, 'x');
    }
    word
}

/// As people write it: `timestamptz`, `varchar(255)`, and no schema.
fn short_type(name: &str) -> String {
    let name = name
        .replace("timestamp with time zone", "timestamptz")
        .replace("timestamp without time zone", "timestamp")
        .replace("character varying", "varchar")
        .replace("double precision", "float8");
    match parse_name(name.trim_end_matches("[]")) {
        Ok(parsed) if parsed.schema.is_some() => parsed.name + if name.ends_with("[]") { "[]" } else { "" },
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_names_fit_the_language() {
        assert_eq!(word(&short_type("timestamp with time zone")), "timestamptz");
        assert_eq!(word(&short_type("public.sync_type[]")), "sync_type[]");
        assert_eq!(word("Odd name"), "Odd_name");
        assert_eq!(word("1st"), "x1st");
        assert_eq!(entity("public.t"), "\"t\"");
        assert_eq!(entity("auth.\"a \"\"b\"\"\""), "\"auth.a 'b'\"");
    }
}
