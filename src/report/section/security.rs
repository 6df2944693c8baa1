//! Who may do what with the tables that were made.

use std::collections::{BTreeMap, BTreeSet};

use super::{Section, Words};
use crate::catalog::{Kind, Object};
use crate::report::describe;
use crate::report::summary::{self, quantity, relation_path};

/// The section; `None` where there is neither a table nor a policy nor a grant.
pub fn security(objects: &[Object]) -> Option<Section> {
    let of =
        |kind: Kind| -> Vec<&Object> { objects.iter().filter(|object| object.id.kind == kind).collect() };
    let (tables, policies, grants) = (of(Kind::Table), of(Kind::Policy), of(Kind::Grant));
    if tables.is_empty() && policies.is_empty() && grants.is_empty() {
        return None;
    }
    let guards: BTreeSet<String> = policies.iter().map(|policy| relation_path(policy)).collect();
    let closed: Vec<String> = tables
        .iter()
        .map(|table| table.id.path())
        .filter(|path| !grants.iter().any(|grant| relation_path(grant) == *path))
        .collect();
    let mut section = Section::titled("Security");
    let mut facts = Vec::new();
    if !tables.is_empty() {
        let guarded = tables.iter().filter(|table| table.flag("row_security")).count();
        facts.push(Words::of(format!(
            "Row security is enabled on {guarded} of {}, partitions included.",
            quantity(tables.len(), "table")
        )));
    }
    if !policies.is_empty() {
        facts.push(Words::of(format!(
            "{} on {}.",
            summary::capital(&quantity(policies.len(), "policy")),
            quantity(guards.len(), "table")
        )));
    }
    facts.extend(definers(&of(Kind::Function)));
    let roles: BTreeSet<&str> = grants.iter().map(|grant| grant.id.name.as_str()).collect();
    if !roles.is_empty() {
        let roles: Vec<&str> = roles.into_iter().collect();
        facts.push(
            Words::of("Roles with rights on tables: ")
                .codes(&roles)
                .plain("."),
        );
    }
    if !closed.is_empty() {
        facts.push(
            Words::of("Without a grant to anyone but the owner: ")
                .codes(&closed)
                .plain("."),
        );
    }
    section.list(facts);
    let rows = tables
        .iter()
        .filter(|table| {
            let path = table.id.path();
            guards.contains(&path) || !closed.contains(&path) || !table.flag("row_security")
        })
        .map(|table| {
            let path = table.id.path();
            [
                Words::default().code(&path),
                Words::of(describe::row_security(table)),
                Words::of(commands(&policies, &path)),
                rights(&grants, &path),
            ]
        })
        .collect();
    section.table(["Table", "Row security", "Policies for", "Rights"], rows);
    Some(section)
}

/// Which functions run with their owner's rights.
fn definers(functions: &[&Object]) -> Option<Words> {
    let definers: Vec<String> = functions
        .iter()
        .filter(|function| function.text("security") == Some("definer"))
        .map(|function| function.id.path())
        .collect();
    match (functions.len(), definers.as_slice()) {
        (0, _) => None,
        (count, []) => Some(Words::of(format!(
            "No function runs with its owner's rights (SECURITY DEFINER), of {}.",
            quantity(count, "function")
        ))),
        (_, names) => Some(
            Words::of("Functions with their owner's rights (SECURITY DEFINER): ")
                .codes(names)
                .plain("."),
        ),
    }
}

/// `DELETE, SELECT (2)`.
fn commands(policies: &[&Object], table: &str) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for policy in policies.iter().filter(|policy| relation_path(policy) == table) {
        let command = policy.text("command").unwrap_or("all").to_uppercase();
        *counts.entry(command).or_default() += 1;
    }
    let words: Vec<String> = counts
        .into_iter()
        .map(|(command, count)| match count {
            1 => command,
            several => format!("{command} ({several})"),
        })
        .collect();
    words.join(", ")
}

/// `authenticated: delete, insert`.
fn rights(grants: &[&Object], table: &str) -> Words {
    let mut words = Words::default();
    for grant in grants.iter().filter(|grant| relation_path(grant) == table) {
        if !words.is_empty() {
            words = words.plain("; ");
        }
        words = words
            .name(grant.id.name.as_str())
            .plain(format!(": {}", grant.list("privileges").join(", ")));
    }
    words
}
