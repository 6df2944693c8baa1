//! Labels that a transaction adds to an enum cannot be used in it: the server says so only when it gets there.

use std::collections::BTreeSet;

use super::cause::Trouble;
use super::walk::{Advice, Walk};
use crate::migration::MigrationScript;
use crate::source::Place;
use crate::sql::name::quote_literal;
use crate::sql::require::{added_label, mentions};
use crate::sql::{Action, Name, ObjectKind, Statement};

/// What one transaction does to enums.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// Types that it makes: all of their labels may be used.
    made: BTreeSet<(String, String)>,
    /// Type and label.
    added: Vec<((String, String), String)>,
}

impl Walk {
    /// Uses of a label that an earlier statement of the same transaction adds; the causes.
    pub(super) fn label(&mut self, script: &MigrationScript, statement: &Statement) -> Vec<usize> {
        for effect in &statement.effects {
            if matches!(effect.object.kind, ObjectKind::Enum | ObjectKind::Type)
                && matches!(effect.action, Action::Create { .. })
            {
                let home = self.world.home(&effect.object.name);
                self.labels.made.insert((home, effect.object.name.name.clone()));
            }
        }
        if let Some(added) = added_label(script.sql(), statement) {
            let key = self.enumeration(&added.enumeration);
            let labels = self.world.now.labels.get(&key);
            let is_there = labels.is_some_and(|labels| labels.contains(&added.label));
            if !is_there && !self.labels.made.contains(&key) {
                self.labels.added.push((key, added.label));
                return Vec::new();
            }
            if is_there && !added.if_not_exists && !self.labels.made.contains(&key) {
                let object = format!("label {} of {}.{}", quote_literal(&added.label), key.0, key.1);
                let index = self.cause(
                    &object,
                    Trouble::InTheWay,
                    None,
                    "exists already",
                    "write ADD VALUE IF NOT EXISTS",
                );
                self.site(index, script, added.span, "type", &object);
                return vec![index];
            }
            return Vec::new();
        }
        if self.labels.added.is_empty() {
            return Vec::new();
        }
        let mut causes = Vec::new();
        for mention in mentions(script.sql(), statement) {
            let of = mention.of.as_ref().map(|name| self.enumeration(name));
            let added = self.labels.added.iter().find(|(key, label)| {
                *label == mention.label
                    && of.as_ref().is_none_or(|of| of == key)
                    && !self.labels.made.contains(key)
            });
            let Some(((schema, name), label)) = added.cloned() else {
                continue;
            };
            let object = format!("label {} of {schema}.{name}", quote_literal(&label));
            let remedy = "add the label in a migration of its own, before the one that uses it";
            if of.is_some() {
                let state = "cannot be used in the transaction that adds it";
                let index = self.cause(&object, Trouble::Label, None, state, remedy);
                self.site(index, script, mention.span, "label", &object);
                causes.push(index);
            } else if !statement.opaque {
                self.found.advice.push(Advice {
                    message: format!(
                        "{object} cannot be used in the transaction that adds it, if that is meant here"
                    ),
                    place: Some(Place::new(&script.file, mention.span)),
                    help: remedy.to_owned(),
                });
            }
        }
        causes.sort_unstable();
        causes.dedup();
        causes
    }

    /// Where a name of a type leads.
    fn enumeration(&self, name: &Name) -> (String, String) {
        let found = self.world.type_key(name);
        found.unwrap_or_else(|| (self.world.home(name), name.name.clone()))
    }
}
