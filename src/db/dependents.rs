//! Who depends on objects: asked before a rollback takes them away.

use super::batch::Reply;
use super::batch::Stage;
use super::catalog::literal;
use crate::catalog::Scope;

/// One dependency that stays behind, in the server's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependent {
    /// What goes: `table organization`.
    pub object: String,
    /// What needs it: `constraint sync_job_org_id_fkey on table sync_job`.
    pub dependent: String,
    /// Schema and name of the relation, type or routine that the dependent is or belongs to; empty when none.
    pub owner: (String, String),
    /// What of the owner takes it away when it is dropped: a trigger's or policy's own name, also the columns of a
    /// constraint or default.
    pub parts: Vec<String>,
}

/// The statement that lists what depends on the objects of `scope` and is not among them. Only names are
/// read from the scope, not patterns.
pub fn sql(scope: &Scope) -> String {
    let pairs = |names: &std::collections::BTreeSet<(String, String)>| -> String {
        let rows: Vec<String> = names
            .iter()
            .map(|(schema, name)| format!("({}, {})", literal(schema), literal(name)))
            .collect();
        if rows.is_empty() {
            "(null, null)".to_string()
        } else {
            rows.join(", ")
        }
    };
    let singles = |names: &std::collections::BTreeSet<String>| -> String {
        let rows: Vec<String> = names.iter().map(|name| literal(name)).collect();
        if rows.is_empty() {
            "null".to_string()
        } else {
            rows.join(", ")
        }
    };
    include_str!("sql/dependents.sql")
        .replace("{relations}", &pairs(&scope.relations))
        .replace("{types}", &pairs(&scope.types))
        .replace("{functions}", &pairs(&scope.functions))
        .replace("{schemas}", &singles(&scope.schemas))
        .replace("{extensions}", &singles(&scope.extensions))
}

/// Decodes the rows of [`sql`].
pub fn decode(reply: &Reply) -> Vec<Dependent> {
    reply
        .rows(Stage::Query)
        .filter(|row| {
            row.columns()
                .first()
                .is_some_and(|column| column.name() == "object")
        })
        .map(|row| {
            let text = |name: &str| row.try_get(name).ok().flatten().unwrap_or("").to_string();
            Dependent {
                object: text("object"),
                dependent: text("dependent"),
                owner: (text("owner_schema"), text("owner_name")),
                parts: serde_json::from_str(&text("parts")).unwrap_or_default(),
            }
        })
        .collect()
}
