//! Properties of a table besides what stands on it: `options`, `tablespace`, `access_method`, `inherits`, `of_type`,
//! `replica_identity`, `server`.

use crate::catalog::Object;
use crate::check::compare::{Comparison, Want};
use crate::check::document::Item;
use crate::check::object::{ObjectKind, ObjectRule};
use crate::check::parse::{Parser, Table};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;
use crate::sql::{parse_name, quote_ident};

use super::fields::options;
use super::table::property;

pub(crate) fn parse_options(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.list("options").join(", "),
        alter: |_, _, _| None,
    };
    if let Some(lines) = options(p, item) {
        let expected = lines.join(", ");
        let want = Want::list("options", lines);
        property(p, table, "options", &item.key, expected, &KIND, want);
    }
}

/// One of the properties that are a name, in no schema.
fn named(
    p: &mut Parser,
    table: &Table,
    item: &Item<'_>,
    key: &'static str,
    kind: &'static ObjectKind,
    default: &str,
) {
    if let Some(text) = p.reader.string(item)
        && let Some(name) = p.reader.ident(key, &text)
    {
        let want = Want::maybe(key, (name != default).then_some(name));
        property(p, table, key, &item.key, text.value, kind, want);
    }
}

pub(crate) fn parse_tablespace(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| {
            let own = object.text("tablespace");
            let told = own.or_else(|| object.text("default_tablespace"));
            told.unwrap_or("that of the database").to_string()
        },
        alter: |_, _, _| None,
    };
    if let Some(text) = p.reader.string(item)
        && let Some(name) = p.reader.ident("tablespace", &text)
    {
        property(
            p,
            table,
            "tablespace",
            &item.key,
            text.value,
            &KIND,
            super::reference::tablespace(name),
        );
    }
}

pub(crate) fn parse_access_method(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("access_method").unwrap_or("heap").to_string(),
        alter: |_, _, _| None,
    };
    named(p, table, item, "access_method", &KIND, "heap");
}

pub(crate) fn parse_server(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("server").unwrap_or("no foreign table").to_string(),
        alter: |_, _, _| None,
    };
    named(p, table, item, "server", &KIND, "");
}

pub(crate) fn parse_inherits(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.list("inherits").join(", "),
        alter: |_, _, _| None,
    };
    let Some(texts) = p.reader.strings(item) else {
        return;
    };
    let names: Option<Vec<String>> = texts.iter().map(|text| full(p, "inherits", text)).collect();
    if let Some(names) = names {
        let want = Want::by("inherits", names.join("\n"), compare_inherits);
        property(p, table, "inherits", &item.key, names.join(", "), &KIND, want);
    }
}

fn full(p: &mut Parser, key: &str, text: &crate::check::document::Text) -> Option<String> {
    let (schema, name) = p.qualified(key, text)?;
    Some(format!("{}.{}", quote_ident(&schema), quote_ident(&name)))
}

/// Names as the catalog stores them: its quotes are those of the server's own keywords.
fn plain(names: &[&str]) -> Vec<String> {
    names
        .iter()
        .map(|name| parse_name(name).map_or_else(|_| name.to_string(), |name| name.to_string()))
        .collect()
}

fn compare_inherits(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    let wanted: Vec<&str> = wanted.lines().collect();
    let have: Vec<&str> = object.list("inherits").iter().map(String::as_str).collect();
    if plain(&wanted) == plain(&have) {
        Comparison::Same
    } else {
        let show = |names: &[&str]| (!names.is_empty()).then(|| names.join(", "));
        Comparison::differs("parents", show(&have), show(&wanted))
    }
}

pub(crate) fn parse_of_type(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("of_type").unwrap_or("no typed table").to_string(),
        alter: |_, _, _| None,
    };
    if let Some(text) = p.reader.string(item)
        && let Some(name) = full(p, "of_type", &text)
    {
        let want = Want::by("of_type", name, compare_type);
        property(p, table, "of_type", &item.key, text.value, &KIND, want);
    }
}

fn compare_type(wanted: &str, object: &Object, _: &mut Judge<'_>) -> Comparison {
    match object.text("of_type") {
        Some(have) if plain(&[wanted]) == plain(&[have]) => Comparison::Same,
        have => Comparison::differs("row type", have, Some(wanted)),
    }
}

pub(crate) fn parse_replica_identity(p: &mut Parser, table: &Table, item: &Item<'_>) {
    const KIND: ObjectKind = ObjectKind {
        render: |object| object.text("replica_identity").unwrap_or("default").to_string(),
        alter: replica_remedy,
    };
    let Some(text) = p.reader.string(item) else { return };
    let value = text.value.trim();
    let lower = value.to_ascii_lowercase();
    let identity = match lower.as_str() {
        "default" => None,
        "full" | "nothing" => Some(lower),
        _ => {
            let name = lower
                .strip_prefix("using index ")
                .and_then(|rest| parse_name(&value[value.len() - rest.len()..]).ok());
            let Some(name) = name else {
                p.reader.unknown_word(
                    "replica_identity",
                    &text,
                    &["default", "full", "nothing", "using index NAME"],
                );
                return;
            };
            if name.schema.as_ref().is_some_and(|schema| *schema != table.schema) {
                p.reader.error_help(
                    text.span,
                    format!("`replica_identity`: {name} is no index of {}", table.sql()),
                    "an index is in the schema of its table: name it alone",
                );
                return;
            }
            Some(format!("using index {}", quote_ident(&name.name)))
        }
    };
    let want = Want::maybe("replica_identity", identity);
    property(p, table, "replica_identity", &item.key, text.value, &KIND, want);
}

fn replica_remedy(_: &ObjectRule, object: &Object, differences: &[Difference]) -> Option<String> {
    let want = differences.first()?.want.as_deref().unwrap_or("default");
    let words = match want.strip_prefix("using index ") {
        Some(index) => format!("USING INDEX {index}"),
        None => want.to_uppercase(),
    };
    Some(format!(
        "ALTER TABLE {} REPLICA IDENTITY {words}",
        object.id.path()
    ))
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{complaints, literal, one, sample, settle, suite};

    #[test]
    fn each_property_of_a_table_has_a_check_of_its_own() {
        let text = "[table.t]\noptions = { fillfactor = 70, toast = { autovacuum_enabled = false } }\ntablespace = \"fast\"\n\
                    inherits = [\"a\", \"auth.b\"]\nreplica_identity = \"using index T\"\nserver = \"far\"\n\
                    access_method = \"heap\"\nof_type = \"pair\"\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let messages: Vec<&str> = verdicts
            .iter()
            .filter(|verdict| !verdict.message.is_empty())
            .map(|verdict| verdict.message.as_str())
            .collect();
        assert_eq!(
            messages,
            [
                "table public.t: options is `()`, want `(fillfactor=70, toast.autovacuum_enabled=false)`",
                "table public.t: tablespace is `pg_default`, want `fast`",
                "table public.t: parents is missing, want `public.a, auth.b`",
                "table public.t: replica identity is missing, want `using index t`",
                "table public.t: server is missing, want `far`",
                "table public.t: row type is missing, want `public.pair`",
            ]
        );
        assert_eq!(
            one(&verdicts, "0001/table.t/replica_identity").remedy.as_deref(),
            Some("ALTER TABLE public.t REPLICA IDENTITY USING INDEX t")
        );
    }

    #[test]
    fn an_unknown_replica_identity() {
        assert_eq!(
            complaints("[table.t]\nreplica_identity = \"ful\"\n"),
            ["2:20 `replica_identity`: unknown value \"ful\" (did you mean \"full\"?)"]
        );
    }
}
