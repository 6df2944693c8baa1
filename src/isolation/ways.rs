//! Ways past a table: views and SECURITY DEFINER functions that reach its rows.

use super::attempts::{Attempt, Ground, How, is_small};
use super::facts::{Argument, Facts, Function, Relation, View};
use super::fixture::Fixture;
use super::values::arguments;
use super::{Command, Side};
use crate::sql::{quote_ident, quote_literal};

/// Most calls of one function.
const MOST_CALLS: usize = 12;

/// What is not run, with the reason.
pub type Unproven = String;

fn ground<'a>(
    facts: &'a Facts,
    relation: &'a Relation,
    path: &'a str,
    tenant_column: &'a str,
    fixture: &'a Fixture,
) -> Ground<'a> {
    Ground {
        path,
        relation,
        may: relation.may,
        tenant_column,
        fixture,
        is_small: is_small(facts, relation),
    }
}

/// Attempts through a view.
pub fn of_view(
    facts: &Facts,
    relation: &Relation,
    view: &View,
    tenant_column: &str,
    fixture: &Fixture,
) -> Result<Vec<Attempt>, Unproven> {
    if view.materialized && view.may.select {
        return Err(
            "it is materialized: row security is not applied to what it holds, and no row can be tried without REFRESH"
                .to_string(),
        );
    }
    let ground = Ground {
        may: view.may,
        ..ground(facts, relation, &view.path, tenant_column, fixture)
    };
    let has = |name: &str| view.columns.iter().any(|column| column == name);
    let mut all = Vec::new();
    let of_other = format!(
        "{} = {}",
        quote_ident(tenant_column),
        quote_literal(&fixture.tenants[1].value)
    );
    if has(tenant_column) {
        all.push(Attempt {
            reads: true,
            ..ground.attempt(
                Command::Select,
                Side::Other,
                How::Aimed,
                format!("SELECT pg_catalog.count(*) FROM {} WHERE {of_other}", view.path),
            )
        });
    } else if view.may.select && !ground.is_small {
        return Err("the table is large, and the view does not tell its tenants apart".to_string());
    } else {
        all.extend(ground.compared(Command::Select, &digest(&view.path)));
    }
    let row = fixture.row(1);
    if row.values.iter().all(|(name, _)| has(name)) {
        all.push(Attempt {
            prepare: vec![ground.remove(1)],
            ..ground.attempt(
                Command::Insert,
                Side::Other,
                How::Aimed,
                row.insert_into(&view.path),
            )
        });
    }
    if has(tenant_column) {
        for (command, run) in [
            (Command::Update, format!("UPDATE {} SET {of_other}", view.path)),
            (Command::Delete, format!("DELETE FROM {}", view.path)),
        ] {
            all.push(ground.attempt(
                command,
                Side::Other,
                How::Aimed,
                format!("{run} WHERE {of_other}"),
            ));
        }
    }
    if ground.is_small {
        let run = format!("DELETE FROM {}", view.path);
        all.push(ground.attempt(Command::Delete, Side::Other, How::Blind, run));
    }
    Ok(all)
}

/// Everything that something returns, as one value.
fn digest(from: &str) -> String {
    format!(
        "SELECT pg_catalog.count(*) || ' ' || coalesce(pg_catalog.md5(pg_catalog.string_agg(t::pg_catalog.text, ' ' \
         ORDER BY t::pg_catalog.text)), '') FROM {from} AS t"
    )
}

/// Attempts through a function with SECURITY DEFINER: what it returns must not depend on the other tenant's row, and
/// it must not change one.
pub fn of_function(
    facts: &Facts,
    relation: &Relation,
    function: &Function,
    tenant_column: &str,
    fixture: &Fixture,
) -> Result<Vec<Attempt>, Unproven> {
    if function.procedure {
        return Err("it is a procedure, which may end the transaction".to_string());
    }
    if !["sql", "plpgsql"].contains(&function.language.as_str()) {
        return Err(format!("it is written in {}", function.language));
    }
    if let Some(word) = beyond(&function.source) {
        return Err(format!("it uses {word}, which a rollback does not take back"));
    }
    if function.variadic {
        return Err("it takes any number of arguments".to_string());
    }
    let ground = ground(facts, relation, &relation.path, tenant_column, fixture);
    let mut all = Vec::new();
    for arguments in calls(relation, function, tenant_column, fixture)? {
        let call = format!("{}({})", function.path, arguments.join(", "));
        all.extend(ground.compared(Command::Select, &digest(&call)));
    }
    Ok(all)
}

/// What reaches beyond the transaction, or waits.
fn beyond(source: &str) -> Option<&'static str> {
    let source = source.to_ascii_lowercase();
    [
        "dblink",
        "http_",
        "net.",
        "lo_export",
        "lo_import",
        "pg_terminate_backend",
        "pg_cancel_backend",
        "advisory",
        "pg_sleep",
        "pg_write",
        "pg_read",
        "pg_reload_conf",
        "to program",
        "from program",
        "cron.",
    ]
    .into_iter()
    .find(|word| source.contains(word))
}

/// The arguments of each call: values that point at the other tenant wherever the type allows.
fn calls(
    relation: &Relation,
    function: &Function,
    tenant_column: &str,
    fixture: &Fixture,
) -> Result<Vec<Vec<String>>, Unproven> {
    let required = function.arguments.len().saturating_sub(function.defaults);
    let mut all: Vec<Vec<String>> = vec![Vec::new()];
    for own in &function.arguments[..required] {
        let values = pointing(relation, own, tenant_column, fixture);
        if values.is_empty() {
            return Err(format!(
                "no value of type {} is known to call it with",
                own.type_name
            ));
        }
        all = all
            .iter()
            .flat_map(|before| {
                values.iter().map(move |value| {
                    let mut next = before.clone();
                    next.push(format!("{value}::{}", own.type_name));
                    next
                })
            })
            .take(MOST_CALLS)
            .collect();
    }
    Ok(all)
}

fn pointing(relation: &Relation, own: &Argument, tenant_column: &str, fixture: &Fixture) -> Vec<String> {
    let row = fixture.row(1);
    let is_of = |name: &str| {
        relation
            .column(name)
            .is_some_and(|column| column.base == own.base && !column.is_array)
    };
    // of an array, one element
    let whole = |value: &String| match own.is_array {
        true => format!("ARRAY[{value}]"),
        false => value.clone(),
    };
    let mut values: Vec<String> = Vec::new();
    let named = own.name.as_deref().unwrap_or("");
    let keys = relation.keys.iter().flat_map(|key| &key.columns);
    let mut columns: Vec<&str> = vec![tenant_column];
    columns.extend(keys.map(String::as_str));
    for column in columns {
        let value = row.values.iter().find(|(name, _)| name == column);
        if let Some((_, value)) = value.filter(|_| is_of(column)) {
            // a name that says which it is spares the others
            if named == column {
                return vec![whole(value)];
            }
            if !values.contains(&whole(value)) {
                values.push(whole(value));
            }
        }
    }
    if !own.fields.is_empty() && !own.is_array {
        values.extend(composed(relation, own, tenant_column, fixture));
    }
    // a domain may refuse what the table has
    if values.is_empty() || !own.domain_checks.is_empty() {
        values.extend(arguments(own));
    }
    values
}

/// A row of a composite type, whose fields point at the other tenant as well; a field without a value is NULL.
fn composed(relation: &Relation, own: &Argument, tenant_column: &str, fixture: &Fixture) -> Option<String> {
    let fields: Vec<Option<String>> = own
        .fields
        .iter()
        .map(|field| {
            let value = pointing(relation, field, tenant_column, fixture)
                .into_iter()
                .next()?;
            Some(format!("{value}::{}", field.type_name))
        })
        .collect();
    fields.iter().any(Option::is_some).then(|| {
        let fields: Vec<String> = fields
            .into_iter()
            .map(|field| field.unwrap_or_else(|| "NULL".to_string()))
            .collect();
        format!("ROW({})", fields.join(", "))
    })
}

#[cfg(test)]
mod tests {
    use super::{Argument, Facts, Function, of_function};
    use crate::isolation::{Fixture, Relation};

    fn function(source: &str, language: &str) -> Function {
        Function {
            path: "public.f".to_string(),
            language: language.to_string(),
            source: source.to_string(),
            arguments: vec![Argument {
                type_name: "geometry".to_string(),
                base: "geometry".to_string(),
                ..Argument::default()
            }],
            ..Function::default()
        }
    }

    #[test]
    fn what_cannot_be_called_says_why() {
        let fixture = Fixture {
            tenants: ["a", "b"].map(|value| crate::isolation::Tenant {
                value: value.to_string(),
                user: String::new(),
            }),
            rows: vec![crate::isolation::Row::default(), crate::isolation::Row::default()],
            own: [0, 1],
        };
        let reason = |source: &str, language: &str| {
            of_function(
                &Facts::default(),
                &Relation::default(),
                &function(source, language),
                "org_id",
                &fixture,
            )
            .unwrap_err()
        };
        assert_eq!(reason("", "c"), "it is written in c");
        assert_eq!(
            reason("perform dblink_exec('…')", "plpgsql"),
            "it uses dblink, which a rollback does not take back"
        );
        assert_eq!(
            reason("select 1", "sql"),
            "no value of type geometry is known to call it with"
        );
    }
}
