//! What a statement does to the database as it will be.

use std::collections::BTreeSet;

use super::existing::{FunctionFacts, RelationFacts, SchemaFacts};
use super::world::World;
use crate::sql::require::Needs;
use crate::sql::{Action, Effect, Name, ObjectKind};

impl World {
    /// Takes over what a statement does, and what it may do without saying so.
    pub(super) fn apply(&mut self, effects: &[Effect], needs: &Needs, opaque: bool) {
        for effect in effects {
            self.effect(effect, needs);
        }
        for relation in &needs.parents {
            let parent = self
                .relation(relation)
                .and_then(|key| self.now.relations.get(&key))
                .and_then(|facts| facts.columns.clone());
            for effect in effects {
                let is_table = matches!(effect.object.kind, ObjectKind::Table | ObjectKind::ForeignTable);
                if is_table && matches!(effect.action, Action::Create { .. }) {
                    let key = (self.home(&effect.object.name), effect.object.name.name.clone());
                    if let Some(facts) = self.now.relations.get_mut(&key) {
                        facts.columns = match (facts.columns.take(), parent.clone()) {
                            (Some(own), Some(parent)) => Some(own.union(&parent).cloned().collect()),
                            _ => None,
                        };
                    }
                }
            }
        }
        if opaque {
            self.mentions.extend(needs.mentions.iter().cloned());
            for call in &needs.calls {
                for (_, facts) in self.now.functions.iter().filter(|((_, name), _)| name == call) {
                    self.mentions
                        .extend(facts.iter().flat_map(|one| one.mentions.iter().cloned()));
                }
            }
            for body in self.bodies.values() {
                self.mentions.extend(body.iter().cloned());
            }
        }
    }

    fn effect(&mut self, effect: &Effect, needs: &Needs) {
        let object = &effect.object;
        if let Some(on) = &object.on
            && let Some(key) = self.relation(on)
            && let Some(facts) = self.now.relations.get_mut(&key)
        {
            facts.touched |= object.kind != ObjectKind::Index;
        }
        match &effect.action {
            Action::Create { or_replace, .. } => self.create(effect, needs, *or_replace),
            Action::Drop { cascade, .. } => {
                self.cascaded |= *cascade;
                self.remove(
                    object.kind,
                    &object.name,
                    object.on.as_deref(),
                    object.arguments.as_deref(),
                );
            }
            Action::Rename { to } => self.rename(effect, to),
            Action::Move { schema } => self.relocate(effect, schema),
            Action::Alter => {
                if let Some(key) = self.relation(&object.name)
                    && let Some(facts) = self.now.relations.get_mut(&key)
                {
                    facts.touched = true;
                }
            }
            _ => {}
        }
    }

    fn create(&mut self, effect: &Effect, needs: &Needs, or_replace: bool) {
        use ObjectKind::*;
        let object = &effect.object;
        let key = (self.home(&object.name), object.name.name.clone());
        match object.kind {
            Table | ForeignTable | View | MaterializedView | Sequence | Index => {
                let on = object.on.as_deref().and_then(|on| self.relation(on));
                let columns = match object.kind {
                    Sequence | Index => Some(BTreeSet::new()),
                    _ if needs.open_columns => None,
                    Table | ForeignTable => Some(BTreeSet::new()),
                    _ => None,
                };
                let key = match (object.kind, &on) {
                    (Index, Some((schema, _))) => (schema.clone(), key.1),
                    _ => key,
                };
                self.now.relations.insert(
                    key,
                    RelationFacts {
                        kind: match object.kind {
                            View => 'v',
                            MaterializedView => 'm',
                            Sequence => 'S',
                            Index => 'i',
                            _ => 'r',
                        },
                        columns,
                        on: if object.kind == Index { on } else { None },
                        owned: true,
                        may_reference: true,
                        touched: true,
                        ..RelationFacts::default()
                    },
                );
            }
            Column => {
                if let Some(facts) = self.on(object.on.as_deref())
                    && let Some(columns) = &mut facts.columns
                {
                    columns.insert(object.name.name.clone());
                }
            }
            Constraint | Trigger | Policy | Rule => {
                let part = format!("{} {}", object.kind, object.name.name);
                let name = object.name.name.clone();
                let table = object.on.as_deref().and_then(|on| self.relation(on));
                if let Some(facts) = self.on(object.on.as_deref()) {
                    facts.parts.insert(part);
                }
                // a constraint may have an index of its name
                if object.kind == Constraint
                    && let Some(table) = table
                {
                    self.now
                        .relations
                        .entry((table.0.clone(), name))
                        .or_insert(RelationFacts {
                            kind: 'c',
                            columns: Some(BTreeSet::new()),
                            on: Some(table),
                            owned: true,
                            touched: true,
                            ..RelationFacts::default()
                        });
                }
            }
            Type | Enum | Domain => {
                self.now.types.insert(key);
            }
            Function | Procedure | Aggregate => {
                let (fewest, most) = needs.accepts.unwrap_or((0, usize::MAX));
                let arguments = object.arguments.clone().unwrap_or_default().join(", ");
                let overloads = self.now.functions.entry(key).or_default();
                if or_replace {
                    overloads.retain(|facts| facts.arguments != arguments);
                }
                overloads.push(FunctionFacts {
                    arguments,
                    fewest,
                    most,
                    mentions: BTreeSet::new(),
                });
                self.bodies
                    .insert(object.name.name.clone(), needs.mentions.clone());
            }
            Schema => {
                self.now.schemas.insert(
                    object.name.name.clone(),
                    SchemaFacts {
                        create: true,
                        usage: true,
                    },
                );
            }
            Role => {
                self.now.roles.insert(object.name.name.clone());
            }
            Extension => {
                self.new_extension |= self.now.extensions.installed.insert(object.name.name.clone());
            }
            Language => {
                self.now.languages.insert(object.name.name.clone());
            }
            Tablespace => {
                self.now.tablespaces.insert(object.name.name.clone());
            }
            _ => {}
        }
    }

    fn on(&mut self, on: Option<&Name>) -> Option<&mut RelationFacts> {
        let key = self.relation(on?)?;
        self.now.relations.get_mut(&key)
    }

    fn remove(&mut self, kind: ObjectKind, name: &Name, on: Option<&Name>, arguments: Option<&[String]>) {
        use ObjectKind::*;
        match kind {
            Table | ForeignTable | View | MaterializedView | Sequence | Index => {
                if let Some(key) = self.relation(name) {
                    self.now.relations.remove(&key);
                    self.now
                        .relations
                        .retain(|_, facts| facts.on.as_ref() != Some(&key));
                }
            }
            Column => {
                if let Some(facts) = self.on(on) {
                    facts.touched = true;
                    if let Some(columns) = &mut facts.columns {
                        columns.remove(&name.name);
                    }
                }
            }
            Constraint | Trigger | Policy | Rule => {
                let part = format!("{kind} {}", name.name);
                let table = on.and_then(|on| self.relation(on));
                if let Some(facts) = self.on(on) {
                    facts.parts.remove(&part);
                }
                if kind == Constraint {
                    self.now.relations.retain(|(_, other), facts| {
                        !(*other == name.name && facts.on.is_some() && facts.on == table)
                    });
                }
            }
            Type | Enum | Domain => {
                if let Some(key) = self.type_key(name) {
                    self.now.types.remove(&key);
                }
            }
            Function | Procedure | Routine | Aggregate => {
                for key in self.function_keys(name) {
                    let overloads = self.now.functions.entry(key.clone()).or_default();
                    let wanted = arguments.map(|types| types.join(", "));
                    if overloads.len() > 1
                        && let Some(wanted) = wanted
                    {
                        overloads.retain(|facts| facts.arguments != wanted);
                    } else {
                        self.now.functions.remove(&key);
                    }
                }
            }
            Schema => {
                let gone = &name.name;
                self.now.schemas.remove(gone);
                self.now.relations.retain(|(schema, _), _| schema != gone);
                self.now.types.retain(|(schema, _)| schema != gone);
                self.now.functions.retain(|(schema, _), _| schema != gone);
            }
            Role => {
                self.now.roles.remove(&name.name);
            }
            Extension => {
                self.now.extensions.installed.remove(&name.name);
                self.cascaded = true;
            }
            _ => {}
        }
    }

    fn rename(&mut self, effect: &Effect, to: &str) {
        use ObjectKind::*;
        let object = &effect.object;
        match object.kind {
            Column => {
                let from = object.name.name.clone();
                if let Some(facts) = self.on(object.on.as_deref())
                    && let Some(columns) = &mut facts.columns
                {
                    columns.remove(&from);
                    columns.insert(to.to_owned());
                }
            }
            Constraint | Trigger | Policy | Rule => {
                let from = format!("{} {}", object.kind, object.name.name);
                let renamed = format!("{} {to}", object.kind);
                if let Some(facts) = self.on(object.on.as_deref()) {
                    facts.parts.remove(&from);
                    facts.parts.insert(renamed);
                    facts.touched = true;
                }
                if object.kind == Constraint
                    && let Some(key) = object.on.as_deref().and_then(|on| self.relation(on))
                {
                    self.rekey(&(key.0.clone(), object.name.name.clone()), (key.0, to.to_owned()));
                }
            }
            Schema => {
                let from = object.name.name.clone();
                if let Some(facts) = self.now.schemas.remove(&from) {
                    self.now.schemas.insert(to.to_owned(), facts);
                }
                let keys: Vec<(String, String)> = self
                    .now
                    .relations
                    .keys()
                    .filter(|(schema, _)| *schema == from)
                    .cloned()
                    .collect();
                for key in keys {
                    self.rekey(&key, (to.to_owned(), key.1.clone()));
                }
                let moved = |(schema, name): (String, String)| {
                    if schema == from {
                        (to.to_owned(), name)
                    } else {
                        (schema, name)
                    }
                };
                self.now.types = std::mem::take(&mut self.now.types)
                    .into_iter()
                    .map(moved)
                    .collect();
                self.now.functions = std::mem::take(&mut self.now.functions)
                    .into_iter()
                    .map(|(key, facts)| (moved(key), facts))
                    .collect();
                // what was not looked up has moved as well
                self.mentions.insert(to.to_owned());
            }
            Function | Procedure | Routine | Aggregate => {
                for key in self.function_keys(&object.name) {
                    if let Some(facts) = self.now.functions.remove(&key) {
                        self.now.functions.insert((key.0, to.to_owned()), facts);
                    }
                }
            }
            Role => {
                self.now.roles.remove(&object.name.name);
                self.now.roles.insert(to.to_owned());
            }
            _ => {
                if let Some(key) = self.relation(&object.name) {
                    self.rekey(&key, (key.0.clone(), to.to_owned()));
                }
                if let Some(key) = self.type_key(&object.name) {
                    self.now.types.remove(&key);
                    self.now.types.insert((key.0, to.to_owned()));
                }
            }
        }
    }

    fn relocate(&mut self, effect: &Effect, schema: &str) {
        let object = &effect.object;
        if object.kind.is_routine() {
            for key in self.function_keys(&object.name) {
                if let Some(facts) = self.now.functions.remove(&key) {
                    self.now.functions.insert((schema.to_owned(), key.1), facts);
                }
            }
            return;
        }
        if let Some(key) = self.relation(&object.name) {
            let parts: Vec<(String, String)> = self
                .now
                .relations
                .iter()
                .filter(|(_, facts)| facts.on.as_ref() == Some(&key))
                .map(|(part, _)| part.clone())
                .collect();
            for part in parts {
                self.rekey(&part, (schema.to_owned(), part.1.clone()));
            }
            self.rekey(&key, (schema.to_owned(), key.1.clone()));
        }
        if let Some(key) = self.type_key(&object.name) {
            self.now.types.remove(&key);
            self.now.types.insert((schema.to_owned(), key.1));
        }
    }

    /// A relation has another name now; what stands on it still does.
    fn rekey(&mut self, from: &(String, String), to: (String, String)) {
        let Some(mut facts) = self.now.relations.remove(from) else {
            return;
        };
        facts.touched = true;
        for other in self.now.relations.values_mut() {
            if other.on.as_ref() == Some(from) {
                other.on = Some(to.clone());
            }
        }
        self.now.relations.insert(to, facts);
    }
}
