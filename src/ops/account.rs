//! Who else needs what a rollback takes away: asked before it starts.

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::context::{Context, ask};
use super::look::scope_of;
use crate::catalog::Scope;
use crate::db::batch::{Batch, Stage};
use crate::db::dependents::{self, Dependent};
use crate::db::session::Session;
use crate::diagnostic::Diagnostic;
use crate::history::Ledger;
use crate::migration::{Migration, Version};
use crate::plan::Plan;
use crate::sql::name::quote_ident;
use crate::sql::{Action, Name, ObjectKind};

pub(super) type QualifiedName = (String, String);

/// A name in every schema where it may be.
pub(super) fn qualified(name: &Name, schemas: &[String]) -> Vec<QualifiedName> {
    match &name.schema {
        Some(schema) => vec![(schema.clone(), name.name.clone())],
        None => schemas
            .iter()
            .map(|schema| (schema.clone(), name.name.clone()))
            .collect(),
    }
}

/// Applied migrations that stay and need what the plan takes away, by what the scripts say and by what the
/// catalog says; and whatever else in the database needs it.
///
/// # Errors
/// [`Error::Database`] when the catalog cannot be read.
pub async fn dependents(
    context: &Context<'_>,
    session: &Session,
    plan: &Plan<'_>,
    ledger: &Ledger<'_>,
    schemas: &[String],
) -> Result<Vec<Diagnostic>, Error> {
    let going: BTreeSet<Version> = plan.steps.iter().map(|step| step.migration.version).collect();
    let staying: Vec<&Migration> = ledger
        .iter()
        .filter(|entry| entry.is_applied() && !going.contains(&entry.version))
        .filter_map(|entry| entry.migration)
        .collect();
    let mut scope = Scope::default();
    let mut creators: BTreeMap<QualifiedName, &Migration> = BTreeMap::new();
    for step in &plan.steps {
        for name in created(step.migration, schemas, &mut scope) {
            creators.insert(name, step.migration);
        }
    }
    let mut owners: BTreeMap<QualifiedName, &Migration> = BTreeMap::new();
    for migration in &staying {
        for name in created(migration, schemas, &mut Scope::default()) {
            owners.insert(name, migration);
        }
    }
    // what an older migration made and stays may be named by these scripts as well
    scope.relations.retain(|name| !owners.contains_key(name));
    scope.types.retain(|name| !owners.contains_key(name));
    scope.functions.retain(|name| !owners.contains_key(name));

    let mut batch = Batch::new();
    session.begin(&mut batch, "READ ONLY", &session.settings);
    batch.one(Stage::Query, &dependents::sql(&scope));
    batch.one(Stage::Commit, "ROLLBACK");
    let reply = ask(session, "looking for what depends on the rollback", batch).await?;
    let mut needs: BTreeMap<Version, BTreeSet<String>> = BTreeMap::new();
    let mut others: BTreeSet<String> = BTreeSet::new();
    let mut repeatables: BTreeMap<Version, BTreeSet<String>> = BTreeMap::new();
    let minded = minded(plan, schemas);
    let dropped = dropped_parts(plan, schemas);
    let remains = |dependent: &Dependent| {
        let mut parts = dependent.parts.iter();
        !parts.any(|part| dropped.contains(&(dependent.owner.clone(), part.clone())))
    };
    for dependent in dependents::decode(&reply).into_iter().filter(remains) {
        let text = format!("{} depends on {}", dependent.dependent, dependent.object);
        // an older migration cannot have meant it: somebody put that on its table
        let later = |migration: &&&Migration| going.iter().any(|version| migration.version > *version);
        match owners.get(&dependent.owner).filter(later) {
            // the rollback has thought of it
            Some(migration) if migration.is_repeatable() && minded.contains(&dependent.owner) => {}
            Some(migration) if migration.is_repeatable() => {
                repeatables.entry(migration.version).or_default().insert(text);
            }
            Some(migration) => {
                needs.entry(migration.version).or_default().insert(text);
            }
            None => {
                others.insert(text);
            }
        }
    }
    // a later script that alters what goes leaves no trace in the server's dependencies
    for migration in staying.iter().filter(|migration| !migration.is_repeatable()) {
        for (schema, name) in &scope_of(&migration.up, schemas).relations {
            if let Some(creator) = creators.get(&(schema.clone(), name.clone()))
                && migration.version > creator.version
                && !owners.contains_key(&(schema.clone(), name.clone()))
            {
                needs.entry(migration.version).or_default().insert(format!(
                    "its script works on {}.{}",
                    quote_ident(schema),
                    quote_ident(name)
                ));
            }
        }
    }
    let taken: Vec<String> = plan.steps.iter().map(|step| step.migration.stem()).collect();
    let mut diagnostics = Vec::new();
    for (version, reasons) in needs {
        let Some(migration) = context.project.set.get(version) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::error(format!(
                "{} cannot be taken back: {} is applied and depends on it",
                taken.join(", "),
                migration.stem()
            ))
            .fact("because", summarise(&reasons))
            .help(format!(
                "take {} back first, or both at once: `pgplumb rollback {} {}`",
                migration.stem(),
                migration.label,
                plan.steps
                    .iter()
                    .map(|step| step.migration.label.as_str())
                    .collect::<Vec<_>>()
                    .join(" ")
            )),
        );
    }
    for (version, reasons) in repeatables {
        let Some(migration) = context.project.set.get(version) else {
            continue;
        };
        diagnostics.push(
            Diagnostic::error(format!(
                "{} cannot be taken back: what {} made depends on it",
                taken.join(", "),
                migration.stem()
            ))
            .fact("because", summarise(&reasons))
            .help(format!(
                "drop it in the rollback, before what it stands on: the next apply runs {} again",
                migration.stem()
            )),
        );
    }
    if !others.is_empty() {
        diagnostics.push(
            Diagnostic::error(format!(
                "{} cannot be taken back: others depend on it",
                taken.join(", ")
            ))
            .fact("because", summarise(&others))
            .help("drop what depends on it, or move it off, and run rollback again"),
        );
    }
    Ok(diagnostics)
}

/// What the plan's scripts name themselves.
fn minded(plan: &Plan<'_>, schemas: &[String]) -> BTreeSet<QualifiedName> {
    let statements = plan.steps.iter().flat_map(|step| step.script.statements());
    statements
        .flat_map(|statement| &statement.effects)
        .flat_map(|effect| qualified(&effect.object.name, schemas))
        .collect()
}

/// What the plan's scripts drop from tables: triggers, policies, constraints, columns. Nothing depends by them any more.
fn dropped_parts(plan: &Plan<'_>, schemas: &[String]) -> BTreeSet<(QualifiedName, String)> {
    let effects = plan
        .steps
        .iter()
        .flat_map(|step| step.script.statements())
        .flat_map(|statement| &statement.effects);
    effects
        .filter(|effect| matches!(effect.action, Action::Drop { .. }))
        .filter_map(|effect| Some((effect.object.on.as_ref()?, &effect.object.name.name)))
        .flat_map(|(table, part)| {
            let tables = qualified(table, schemas);
            tables.into_iter().map(|table| (table, part.clone()))
        })
        .collect()
}

/// Names that a migration creates, also put into the scope.
fn created(migration: &Migration, schemas: &[String], scope: &mut Scope) -> Vec<QualifiedName> {
    let mut names = Vec::new();
    let effects = migration
        .up
        .statements()
        .iter()
        .flat_map(|statement| &statement.effects);
    for effect in effects.filter(|effect| matches!(effect.action, Action::Create { .. })) {
        let object = &effect.object;
        match object.kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Sequence => {
                let found = qualified(&object.name, schemas);
                scope.relations.extend(found.iter().cloned());
                names.extend(found);
            }
            ObjectKind::Type | ObjectKind::Enum | ObjectKind::Domain => {
                let found = qualified(&object.name, schemas);
                scope.types.extend(found.iter().cloned());
                names.extend(found);
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate => {
                let found = qualified(&object.name, schemas);
                scope.functions.extend(found.iter().cloned());
                names.extend(found);
            }
            ObjectKind::Schema => {
                scope.schemas.insert(object.name.name.clone());
            }
            ObjectKind::Extension => {
                scope.extensions.insert(object.name.name.clone());
            }
            _ => {}
        }
    }
    names
}

/// The first few lines, and how many more there are.
fn summarise(lines: &BTreeSet<String>) -> String {
    const SHOWN: usize = 6;
    let mut text: Vec<String> = lines.iter().take(SHOWN).cloned().collect();
    if lines.len() > SHOWN {
        text.push(format!("and {} more", lines.len() - SHOWN));
    }
    text.join("\n")
}
