//! What is to be read of a catalog: the cost of a reading grows with this, not with the database.

use std::collections::BTreeSet;

use crate::sql::{Action, Effect, Name, ObjectKind};

/// The objects that a reading covers. Names are as the catalog stores them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Relations (tables, views, sequences) and indexes by schema and name; an index brings its table. A
    /// relation is read with all that stands on it: columns, constraints, indexes, triggers, policies, grants.
    pub relations: BTreeSet<(String, String)>,
    /// The same by pattern, `*` for any characters.
    pub relation_patterns: BTreeSet<(String, String)>,
    /// Partitioned tables whose partitions are read as well, whatever their names: the tables themselves with
    /// all that stands on them, at every level.
    pub partitions_of: BTreeSet<(String, String)>,
    /// Enums, domains and other types by schema and name.
    pub types: BTreeSet<(String, String)>,
    /// The same by pattern.
    pub type_patterns: BTreeSet<(String, String)>,
    /// Routines by schema and name, whatever their arguments.
    pub functions: BTreeSet<(String, String)>,
    /// The same by pattern.
    pub function_patterns: BTreeSet<(String, String)>,
    /// Schemas themselves, not what they hold.
    pub schemas: BTreeSet<String>,
    /// Extensions by name.
    pub extensions: BTreeSet<String>,
    /// Roles by name.
    pub roles: BTreeSet<String>,
}

impl Scope {
    /// Nothing to read.
    pub fn is_empty(&self) -> bool {
        *self == Scope::default()
    }

    /// Adds all that `other` covers.
    pub fn extend(&mut self, other: Scope) {
        self.relations.extend(other.relations);
        self.relation_patterns.extend(other.relation_patterns);
        self.partitions_of.extend(other.partitions_of);
        self.types.extend(other.types);
        self.type_patterns.extend(other.type_patterns);
        self.functions.extend(other.functions);
        self.function_patterns.extend(other.function_patterns);
        self.schemas.extend(other.schemas);
        self.extensions.extend(other.extensions);
        self.roles.extend(other.roles);
    }

    /// Adds what a statement acts on. A bare name is looked for in each of `schemas`, the search_path.
    pub fn add_effect(&mut self, effect: &Effect, schemas: &[String]) {
        let object = &effect.object;
        if let Some(on) = &object.on {
            add(&mut self.relations, on, schemas);
        }
        match object.kind {
            ObjectKind::Table
            | ObjectKind::View
            | ObjectKind::MaterializedView
            | ObjectKind::ForeignTable
            | ObjectKind::Index
            | ObjectKind::Sequence => add(&mut self.relations, &object.name, schemas),
            ObjectKind::Type | ObjectKind::Enum | ObjectKind::Domain => {
                add(&mut self.types, &object.name, schemas);
            }
            ObjectKind::Function | ObjectKind::Procedure | ObjectKind::Routine | ObjectKind::Aggregate => {
                add(&mut self.functions, &object.name, schemas);
            }
            ObjectKind::Schema => {
                self.schemas.insert(object.name.name.clone());
            }
            ObjectKind::Extension => {
                self.extensions.insert(object.name.name.clone());
            }
            ObjectKind::Role => {
                self.roles.insert(object.name.name.clone());
            }
            _ => {}
        }
        match &effect.action {
            Action::Attach { partition } | Action::Detach { partition } => {
                add(&mut self.relations, partition, schemas);
            }
            Action::Rename { to } => {
                self.add_renamed(effect, object.name.schema.clone(), to.clone(), schemas)
            }
            Action::Move { schema } => {
                self.add_renamed(effect, Some(schema.clone()), object.name.name.clone(), schemas);
            }
            _ => {}
        }
    }

    /// The name that an object has afterwards.
    fn add_renamed(&mut self, effect: &Effect, schema: Option<String>, name: String, schemas: &[String]) {
        let mut renamed = effect.clone();
        renamed.object.name = Name { schema, name };
        renamed.action = Action::Alter;
        self.add_effect(&renamed, schemas);
    }
}

fn add(names: &mut BTreeSet<(String, String)>, name: &Name, schemas: &[String]) {
    match &name.schema {
        Some(schema) => {
            names.insert((schema.clone(), name.name.clone()));
        }
        None => names.extend(schemas.iter().map(|schema| (schema.clone(), name.name.clone()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::SourceFile;
    use crate::sql::Script;

    fn scope(sql: &str) -> Scope {
        let script = Script::parse(&SourceFile::new("a.sql", sql));
        let mut scope = Scope::default();
        for effect in script.statements.iter().flat_map(|statement| &statement.effects) {
            scope.add_effect(effect, &["app".to_string(), "public".to_string()]);
        }
        scope
    }

    fn pair(schema: &str, name: &str) -> (String, String) {
        (schema.to_string(), name.to_string())
    }

    #[test]
    fn what_a_script_names_is_read() {
        let scope = scope(
            "create table t (a int); create index i on auth.u (a); create policy p on \"V\" using (true); \
             create type e as enum ('a'); create function f(int) returns int language sql as 'select 1'; \
             create schema s; create extension x; create role r; alter table auth.u rename to w;",
        );
        for name in [
            pair("app", "t"),
            pair("public", "t"),
            pair("auth", "u"),
            pair("auth", "w"),
            pair("app", "V"),
        ] {
            assert!(
                scope.relations.contains(&name),
                "{name:?} is not in {:?}",
                scope.relations
            );
        }
        assert!(scope.types.contains(&pair("public", "e")));
        assert!(scope.functions.contains(&pair("public", "f")));
        assert!(scope.schemas.contains("s") && scope.extensions.contains("x") && scope.roles.contains("r"));
    }
}
