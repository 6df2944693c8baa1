//! What an entry of a suite with `complete = true` leaves out: PostgreSQL's defaults.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::catalog::{Kind, Object, ObjectId, Stated, Value};
use crate::check::compare::{Comparison, Want, Wanted, show, worse};
use crate::check::object::{ObjectRule, Target, Usual};
use crate::check::rule::Judge;
use crate::check::verdict::Difference;

use super::absent::dotted;
use super::extension::usual_comment_want;
use super::fields::Privileges;
use super::function::{compare_arguments, compare_settings};
use super::primary_key::name_want;
use super::range::usual_multirange;

/// Wants the default of each property that the entry does not name. What has no default (an owner, a version, a
/// position, what the server's settings decide) stays open.
pub(crate) fn complete(rule: &mut ObjectRule, known: &mut Defaults) {
    let kind = rule.target.id().kind;
    rule.usual = match kind {
        // these follow from what else the entry says
        Kind::Schema | Kind::Sequence | Kind::Function | Kind::DefaultPrivileges => {
            Arc::new(Usual::new(kind, defaults(rule, kind)))
        }
        _ => {
            let named = kind.properties().iter().map(|property| rule.names(property.name));
            let named = named.fold(0, |bits, is_named| bits << 1 | u64::from(is_named));
            let usual = || Arc::new(Usual::new(kind, defaults(rule, kind)));
            known.0.entry((kind, named)).or_insert_with(usual).clone()
        }
    };
    match kind {
        Kind::PrimaryKey | Kind::Unique | Kind::Exclusion => {
            rule.wants.push(Want::by("index", "", plain_index));
        }
        Kind::Column if matches!(rule.wanted("identity"), Some(Wanted::Is(Some(_)))) => {
            rule.wants.push(Want::by("identity_sequence", "", plain_sequence));
        }
        Kind::View | Kind::MaterializedView => {
            rule.wants.push(Want::by("plain_columns", "", plain_columns));
        }
        _ => {}
    }
    if let Some(name) = usual_name(rule)
        && !rule.names("name")
    {
        rule.wants.push(name_want(name));
    }
}

/// The index behind a constraint has nothing of its own, unless a suite lists it.
fn plain_index(_: &str, constraint: &Object, judge: &mut Judge<'_>) -> Comparison {
    let id = ObjectId {
        kind: Kind::Index,
        ..constraint.id.clone()
    };
    let Some(index) = judge.catalog.get(&id).filter(|_| !judge.ledger.wants(&id)) else {
        return Comparison::Same;
    };
    let own = nothing_of(
        index,
        &[
            "options",
            "tablespace",
            "statistics_targets",
            "clustered",
            "comment",
        ],
        |property| format!("{property} of its index"),
    );
    match index.get("valid") {
        Some(Value::Bool(false)) => worse(
            own,
            Comparison::differs("its index", Some("invalid"), Some("valid")),
        ),
        _ => own,
    }
}

/// The sequence of an identity column has nothing of its own, unless a suite lists it.
fn plain_sequence(_: &str, column: &Object, judge: &mut Judge<'_>) -> Comparison {
    let ObjectId {
        schema,
        relation,
        name,
        ..
    } = &column.id;
    let is_its = |sequence: &&Object| {
        let parts = sequence.text("owned_by").and_then(dotted);
        sequence.flag("identity") && parts.is_some_and(|parts| parts.iter().eq([schema, relation, name]))
    };
    // by the name that PostgreSQL chooses, as a rule
    let usual = ObjectId::new(Kind::Sequence, schema.clone(), format!("{relation}_{name}_seq"));
    let sequence = judge.catalog.get(&usual).filter(is_its);
    let sequence = sequence.or_else(|| judge.catalog.of_kind(Kind::Sequence).find(is_its));
    let Some(sequence) = sequence.filter(|sequence| !judge.ledger.wants(&sequence.id)) else {
        return Comparison::Same;
    };
    let type_name = sequence.text("type").unwrap_or("bigint");
    let figure = |property: &str| match sequence.get(property) {
        Some(Value::Int(value)) => Some(*value),
        _ => None,
    };
    let ascending = figure("increment").is_none_or(|by| by >= 0);
    let usual = |property: &str| match property {
        "increment" | "cache" => 1,
        // the start follows from the bounds, which are compared themselves
        _ => usual_bound(
            property,
            type_name,
            ascending,
            figure("minimum"),
            figure("maximum"),
        ),
    };
    let mut differences = Vec::new();
    for property in ["start", "increment", "minimum", "maximum", "cache"] {
        let have = figure(property).filter(|have| *have != usual(property));
        differences.extend(have.map(|have| Difference {
            part: format!("{property} of its sequence"),
            have: Some(have.to_string()),
            want: Some(usual(property).to_string()),
            refusal: None,
        }));
    }
    let plain = match differences.is_empty() {
        true => Comparison::Same,
        false => Comparison::Differs(differences),
    };
    let part = |property: &str| format!("{property} of its sequence");
    worse(plain, nothing_of(sequence, &["cycle", "comment"], part))
}

/// The columns of a view are as its query makes them, unless a suite lists them.
fn plain_columns(_: &str, view: &Object, judge: &mut Judge<'_>) -> Comparison {
    const OWN: [&str; 6] = [
        "default",
        "storage",
        "compression",
        "statistics_target",
        "options",
        "comment",
    ];
    let (catalog, ledger) = (judge.catalog, judge.ledger);
    let columns = catalog.on_relation(Kind::Column, &view.id.schema, &view.id.name);
    let unlisted = columns.filter(|column| !ledger.wants(&column.id));
    unlisted.fold(Comparison::Same, |known, column| {
        let own = nothing_of(column, &OWN, |property| format!("{property} of {}", column.id));
        worse(known, own)
    })
}

/// What an object has of properties that it should not have.
fn nothing_of(object: &Object, properties: &[&'static str], part: impl Fn(&str) -> String) -> Comparison {
    let has = |property: &&'static str| match object.get(property) {
        None | Some(Value::Bool(false)) => None,
        Some(Value::List(items)) if items.is_empty() => None,
        Some(value) => Some(Difference {
            part: part(property),
            have: Some(show(property, value)),
            want: None,
            refusal: None,
        }),
    };
    let differences: Vec<Difference> = properties.iter().filter_map(has).collect();
    match differences.is_empty() {
        true => Comparison::Same,
        false => Comparison::Differs(differences),
    }
}

/// What PostgreSQL gives everyone of a schema: nothing, but of `public` its use; and the right to make something in it in a
/// new database of a version before 15. Since then its owner is another, unless pg_upgrade brought it as it was, or
/// somebody changed that: then either is as made.
pub(crate) fn privileges_as_made(schema: &Object) -> Vec<String> {
    if schema.id.name != "public" {
        return Vec::new();
    }
    let mut lines = vec!["usage to public".to_string()];
    let create = "create to public".to_string();
    let may_create = !is_of_database(schema) && schema.list("privileges").contains(&create);
    if schema.flag("made_for_all") || may_create {
        lines.push(create);
    }
    lines
}

/// Whether the schema `public` belongs to whom it belongs in a new database since 15.
pub(crate) fn is_of_database(schema: &Object) -> bool {
    schema.text("owner") == Some("pg_database_owner")
}

/// What a new database says of it.
pub(crate) const COMMENT_OF_PUBLIC: &str = "standard public schema";

/// The defaults that many entries want: those of a kind with these of its properties named.
#[derive(Debug, Default)]
pub(crate) struct Defaults(FxHashMap<(Kind, u64), Arc<Usual>>);

fn defaults(rule: &ObjectRule, kind: Kind) -> Vec<Want> {
    let properties = kind.properties().iter();
    let unnamed = properties.filter(|property| !rule.names(property.name));
    unnamed
        .filter_map(|property| default(rule, kind, property.name))
        .collect()
}

fn comment_of_public(_: &str, schema: &Object, _: &mut Judge<'_>) -> Comparison {
    match schema.text("comment") {
        None | Some(COMMENT_OF_PUBLIC) => Comparison::Same,
        have => Comparison::differs("comment", have, None::<String>),
    }
}

fn default(rule: &ObjectRule, kind: Kind, property: &'static str) -> Option<Want> {
    let id = rule.target.id();
    let public_schema = kind == Kind::Schema && id.name == "public";
    let none = || Some(Want::maybe(property, None::<String>));
    let is_of =
        |word: &str| matches!(rule.wanted("type"), Some(Wanted::Is(Some(Value::Text(text)))) if text == word);
    match (kind, property) {
        (Kind::Extension, "comment") => Some(usual_comment_want()),
        (_, "owner") | (Kind::Extension, _) => None,
        (Kind::Schema, "privileges") if public_schema => {
            let as_made = Privileges {
                by_default: true,
                is_whole: true,
                ..Privileges::default()
            };
            Some(Want::privileges(property, as_made).stating(Stated::SCHEMA))
        }
        (Kind::Schema, "comment") if public_schema => Some(Want::by(property, "", comment_of_public)),
        (_, "comment") => none(),
        (Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain, "privileges") => {
            Some(Want::list(property, vec!["usage to public".to_string()]))
        }
        (Kind::Function, "privileges") => Some(Want::list(property, vec!["execute to public".to_string()])),
        (_, "privileges") => Some(Want::list(property, Vec::new())),
        (Kind::Role, "inherit") => Some(Want::flag(property, true)),
        (
            Kind::Role,
            "login" | "superuser" | "createdb" | "createrole" | "replication" | "bypass_row_security",
        ) => Some(Want::flag(property, false)),
        (Kind::Role, "member_of" | "admin_of" | "inherit_of" | "no_inherit_of" | "no_set_of") => {
            Some(Want::list(property, Vec::new()))
        }
        (Kind::Role, "connection_limit" | "valid_until") => none(),
        (Kind::Range, "multirange") => Some(usual_multirange()),
        (Kind::Range, "opclass" | "collation" | "canonical" | "subtype_diff") => none(),
        (Kind::Sequence, "type") => Some(Want::text(property, "bigint")),
        (Kind::Sequence, "increment" | "cache") => Some(Want::is(property, Value::Int(1))),
        (Kind::Sequence, "start" | "minimum" | "maximum") => Some(Want::is(property, bound(rule, property)?)),
        (Kind::Sequence, "cycle") => Some(Want::flag(property, false)),
        (Kind::Sequence, "owned_by" | "persistence") => none(),
        (Kind::Server, "type" | "version") => none(),
        (Kind::Server, "options") => Some(Want::list(property, Vec::new())),
        (Kind::Table, "persistence") => Some(Want::text(property, "permanent")),
        (Kind::Table, "row_security" | "force_row_security") => Some(Want::flag(property, false)),
        (Kind::Table, "inherits" | "options") => Some(Want::list(property, Vec::new())),
        (
            Kind::Table,
            "partition_by" | "access_method" | "tablespace" | "replica_identity" | "of_type" | "server",
        ) => none(),
        (
            Kind::Column,
            "not_null_name" | "not_null_comment" | "storage" | "compression" | "statistics_target",
        )
        | (Kind::Domain, "not_null_comment") => none(),
        (Kind::Column, "not_null_no_inherit") => Some(Want::flag(property, false)),
        (Kind::Column, "options") => Some(Want::list(property, Vec::new())),
        (Kind::Composite, "attribute_comments")
        | (Kind::Domain, "check_comments")
        | (Kind::Index, "statistics_targets") => Some(Want::list(property, Vec::new())),
        (Kind::Index, "clustered") => Some(Want::flag(property, false)),
        (Kind::Index | Kind::View | Kind::MaterializedView, "options") => {
            Some(Want::list(property, Vec::new()))
        }
        (Kind::Index | Kind::MaterializedView, "tablespace" | "access_method") => none(),
        (Kind::MaterializedView, "populated") => Some(Want::flag(property, true)),
        (Kind::Statistics, "target" | "in_schema") => none(),
        (Kind::Function, "type") => Some(Want::text(property, "function")),
        (Kind::Function, "volatility") if !is_of("aggregate") => Some(Want::text(property, "volatile")),
        (Kind::Function, "security") => Some(Want::text(property, "invoker")),
        (Kind::Function, "parallel") => Some(Want::text(property, "unsafe")),
        (Kind::Function, "strict" | "leakproof") => Some(Want::flag(property, false)),
        (Kind::Function, "cost" | "rows" | "support") => none(),
        (Kind::Function | Kind::Role, "settings") => Some(Want::by(property, "", compare_settings)),
        (Kind::Function, "arguments") => match &rule.target {
            Target::Signature(_, signature, _) if !is_of("aggregate") => Some(Want::by(
                property,
                signature.arguments.join(", "),
                compare_arguments,
            )),
            _ => None,
        },
        (Kind::Publication, "all_tables" | "via_root") => Some(Want::flag(property, false)),
        (Kind::Publication, "publish") => Some(Want::list(
            property,
            ["insert", "update", "delete", "truncate"]
                .map(str::to_string)
                .into(),
        )),
        (Kind::Publication, "tables" | "schemas") => Some(Want::list(property, Vec::new())),
        (Kind::Publication, "generated_columns") => none(),
        // of a schema, absent is untouched
        (Kind::DefaultPrivileges, _) if !id.schema.is_empty() => Some(Want::list(property, Vec::new())),
        (Kind::DefaultPrivileges, "functions") => {
            Some(Want::list(property, vec!["execute to public".to_string()]))
        }
        (Kind::DefaultPrivileges, "types") => Some(Want::list(property, vec!["usage to public".to_string()])),
        (Kind::DefaultPrivileges, _) => Some(Want::list(property, Vec::new())),
        _ => None,
    }
}

/// The default start and bounds of the sequence that the rule wants.
fn bound(rule: &ObjectRule, property: &str) -> Option<Value> {
    let wanted = |property: &str| match rule.wanted(property) {
        Some(Wanted::Is(Some(value))) => Some(value.clone()),
        _ => None,
    };
    let figure = |property: &str| match wanted(property) {
        Some(Value::Int(value)) => Some(value),
        _ => None,
    };
    let type_name = wanted("type");
    Some(Value::Int(usual_bound(
        property,
        type_name.as_ref().and_then(Value::as_text).unwrap_or("bigint"),
        figure("increment").is_none_or(|by| by >= 0),
        figure("minimum"),
        figure("maximum"),
    )))
}

/// The default `start`, `minimum` or `maximum` of a sequence of that type and direction, with these bounds.
pub(crate) fn usual_bound(
    property: &str,
    type_name: &str,
    ascending: bool,
    minimum: Option<i64>,
    maximum: Option<i64>,
) -> i64 {
    let most = match type_name {
        "smallint" => i64::from(i16::MAX),
        "integer" => i64::from(i32::MAX),
        _ => i64::MAX,
    };
    match (property, ascending) {
        ("minimum", true) => 1,
        ("minimum", false) => -most - 1,
        ("maximum", true) => most,
        ("maximum", false) => -1,
        (_, true) => minimum.unwrap_or(1),
        (_, false) => maximum.unwrap_or(-1),
    }
}

/// The name that PostgreSQL chooses for a constraint that the entry does not name; none where it would be cut.
fn usual_name(rule: &ObjectRule) -> Option<String> {
    let id = rule.target.id();
    let name = match &rule.target {
        Target::Only(_) => format!("{}_pkey", id.relation),
        Target::Columns(_, columns) => format!("{}_{}_fkey", id.relation, columns.join("_")),
        _ => return None,
    };
    (name.len() < 64).then_some(name)
}

#[cfg(test)]
mod tests {
    use crate::check::testing::{literal, one, sample, settle, suite, troubles};

    #[test]
    fn what_a_complete_entry_leaves_out_is_the_default() {
        let text = "complete = true\n[sequence.numbers]\nowned_by = \"t.id\"\n[function.\"touch()\"]\nreturns = \"trigger\"\n\
                    language = \"plpgsql\"\n[table.t]\nrow_security = \"enabled\"\n";
        let verdicts = settle(&[&suite("0001", text)], &sample(), literal);
        let failed: Vec<String> = troubles(&verdicts)
            .into_iter()
            .map(|line| line.chars().take(120).collect())
            .collect();
        let parts = |id: &str| -> Vec<String> {
            let differences = &one(&verdicts, id).differences;
            differences.iter().map(|d| d.part.clone()).collect()
        };
        assert_eq!(parts("0001/sequence.numbers"), ["maximum", "comment"]);
        assert_eq!(parts("0001/function.touch()"), ["setting search_path", "comment"]);
        assert_eq!(parts("0001/table.t"), ["comment"]);
        // and nothing is on the table but what is listed
        assert_eq!(
            one(&verdicts, "0001/table.t/exact").status,
            crate::check::Status::Fail,
            "{failed:?}"
        );
    }
}
