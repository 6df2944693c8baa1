//! What mends a crossing: a statement where there is a safe one, else what to decide.

use super::Command;
use super::facts::Relation;
use super::matrix::{Bench, Cell, Outcome, WayKind};
use crate::sql::quote_ident;

pub(super) fn fix(bench: &Bench<'_>, cell: &Cell) -> String {
    match (cell.outcome, bench.way) {
        (Outcome::Denied, _) => denied(bench, cell.command),
        (_, Some(WayKind::View)) => view(bench),
        (_, Some(WayKind::Function)) => {
            let signature = bench.object.trim_start_matches("function ");
            format!(
                "REVOKE EXECUTE ON FUNCTION {signature} FROM PUBLIC, {}; or have it ask for the caller's tenant",
                quote_ident(&bench.spec.role)
            )
        }
        (_, Some(WayKind::Partition)) => format!(
            "REVOKE {} ON {} FROM PUBLIC, {};",
            cell.command.privilege(),
            bench.relation.path,
            quote_ident(&bench.spec.role)
        ),
        (_, None) => table(bench, cell.command),
    }
}

fn table(bench: &Bench<'_>, command: Command) -> String {
    let Relation {
        path,
        protected,
        forced,
        owned,
        ..
    } = bench.relation;
    let role = quote_ident(&bench.spec.role);
    if bench.facts.role.as_ref().is_some_and(|role| role.bypasses) {
        return format!("ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS;");
    }
    if command == Command::Truncate && !owned {
        return format!("REVOKE TRUNCATE ON {path} FROM PUBLIC, {role};");
    }
    if *owned && !*forced {
        return format!(
            "give {path} another owner than {role}, or ALTER TABLE {path} FORCE ROW LEVEL SECURITY;"
        );
    }
    if command == Command::Truncate {
        return format!(
            "give {path} another owner than {role}: an owner may empty a table whatever its policies say"
        );
    }
    if !protected {
        return format!("ALTER TABLE {path} ENABLE ROW LEVEL SECURITY;");
    }
    let policies = named(bench.relation, command);
    match policies.as_str() {
        "" => format!("write a policy on {path} for {}", command.privilege()),
        policies => format!("bind {policies} on {path} to the tenant of the caller"),
    }
}

/// `policy p`, `policies p and q`: those that let the role do it.
fn named(relation: &Relation, command: Command) -> String {
    let names: Vec<&str> = relation
        .policies
        .iter()
        .filter(|policy| {
            policy.permissive
                && policy.applies
                && (policy.command == "*" || policy.command == command.policy())
        })
        .map(|policy| policy.name.as_str())
        .collect();
    match names.as_slice() {
        [] => String::new(),
        [one] => format!("policy {one}"),
        several => format!("policies {}", several.join(", ")),
    }
}

fn view(bench: &Bench<'_>) -> String {
    let view = bench.object.trim_start_matches("view ");
    match bench.facts.version >= 150_000 {
        true => format!("ALTER VIEW {view} SET (security_invoker = true);"),
        false => format!(
            "REVOKE ALL ON {view} FROM PUBLIC, {}; or have its query ask for the caller's tenant",
            quote_ident(&bench.spec.role)
        ),
    }
}

fn denied(bench: &Bench<'_>, command: Command) -> String {
    let path = &bench.relation.path;
    let policies = named(bench.relation, command);
    let what = match policies.as_str() {
        "" => "what is granted".to_string(),
        policies => policies.to_string(),
    };
    format!(
        "see whether {what} on {path} lets a user of the tenant through, and whether `settings`, `user` and `values` \
         make such a user; what is denied on purpose goes into [[isolation.{}.accept]]",
        bench.spec.name
    )
}
