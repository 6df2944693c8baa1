//! What has to be looked up in the live database before a plan can be judged.

use std::collections::BTreeSet;

use crate::plan::Plan;
use crate::sql::require::Need;
use crate::sql::{Action, Name, ObjectKind};

/// Bare names, each looked for in every schema: which schema counts may change in the middle of a script.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    pub relations: BTreeSet<String>,
    pub types: BTreeSet<String>,
    pub functions: BTreeSet<String>,
    /// Functions that are called for what they do: what their bodies mention counts as possibly made.
    pub called: BTreeSet<String>,
    pub roles: BTreeSet<String>,
    /// Extensions that will be created.
    pub available: BTreeSet<String>,
    pub tablespaces: BTreeSet<String>,
    /// Relations that will be locked against writers or readers.
    pub locked: BTreeSet<String>,
    /// The statement that waits for all older transactions, whatever they look at: `CREATE INDEX CONCURRENTLY`.
    pub waits_for_all: Option<&'static str>,
    /// Roles that the checks act as.
    pub acts_as: BTreeSet<String>,
}

/// The names of a plan.
pub fn names(plan: &Plan<'_>) -> Names {
    let mut names = Names::default();
    for step in &plan.steps {
        for statement in step.script.statements() {
            let found = step.script.needs(statement);
            names.waits_for_all = names.waits_for_all.or(statement
                .outside_transaction
                .filter(|what| matches!(*what, "CREATE INDEX CONCURRENTLY" | "REINDEX CONCURRENTLY")));
            for requirement in &found.requirements {
                names.add(&requirement.need);
                // a reference puts triggers on its target, a partition changes its parent
                if let Need::Relation(name) = &requirement.need
                    && matches!(requirement.by, "foreign key" | "partition")
                {
                    names.locked.insert(name.name.clone());
                }
            }
            for need in found.only_if.iter() {
                names.add(need);
            }
            for parent in &found.parents {
                names.relations.insert(parent.name.clone());
            }
            names.functions.extend(found.calls.iter().cloned());
            names.called.extend(found.calls.iter().cloned());
            for effect in &statement.effects {
                names.add_object(effect.object.kind, &effect.object.name);
                if let Some(on) = &effect.object.on {
                    names.relations.insert(on.name.clone());
                }
                let target = effect.object.on.as_deref().unwrap_or(&effect.object.name);
                let is_relation = effect.object.on.is_some()
                    || matches!(
                        effect.object.kind,
                        ObjectKind::Table
                            | ObjectKind::View
                            | ObjectKind::MaterializedView
                            | ObjectKind::Index
                    );
                if is_relation && !matches!(effect.action, Action::Grant | Action::Revoke | Action::Comment) {
                    names.locked.insert(target.name.clone());
                }
                if let Action::Rename { to } = &effect.action {
                    names.add_object(effect.object.kind, &Name::unqualified(to.clone()));
                }
            }
        }
    }
    names
}

impl Names {
    /// Nothing to look up.
    pub fn is_empty(&self) -> bool {
        *self == Names::default()
    }

    fn add(&mut self, need: &Need) {
        match need {
            Need::Relation(name) | Need::Index(name) => {
                self.relations.insert(name.name.clone());
            }
            Need::Column { of, .. } => self.relations.extend(of.iter().map(|name| name.name.clone())),
            Need::Part { on, .. } => {
                self.relations.insert(on.name.clone());
            }
            Need::Type(name) => {
                self.types.insert(name.name.clone());
                self.relations.insert(name.name.clone());
            }
            Need::Function { name, .. } => {
                self.functions.insert(name.name.clone());
                self.types.insert(name.name.clone());
            }
            Need::Role(name) => {
                self.roles.insert(name.clone());
            }
            Need::Available(name) => {
                self.available.insert(name.clone());
            }
            Need::Tablespace(name) => {
                self.tablespaces.insert(name.clone());
            }
            Need::Schema(_) | Need::Extension(_) | Need::Language(_) => {}
        }
    }

    fn add_object(&mut self, kind: ObjectKind, name: &Name) {
        use ObjectKind::*;
        match kind {
            Table | ForeignTable | View | MaterializedView | Index | Sequence => {
                self.relations.insert(name.name.clone());
                self.types.insert(name.name.clone());
            }
            Type | Enum | Domain => {
                self.types.insert(name.name.clone());
                self.relations.insert(name.name.clone());
            }
            Function | Procedure | Routine | Aggregate => {
                self.functions.insert(name.name.clone());
            }
            Role => {
                self.roles.insert(name.name.clone());
            }
            _ => {}
        }
    }
}
