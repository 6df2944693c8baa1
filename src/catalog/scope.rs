//! What is to be read of a catalog: the cost of a reading grows with this, not with the database.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::Kind;
use crate::sql::{Action, Effect, Name, ObjectKind};

/// A relation, by schema and name, and the name of an object that stands on it.
pub type OnRelation = ((String, String), String);

/// The objects that a reading covers. Names are as the catalog stores them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scope {
    /// Relations (tables, views, sequences) and indexes by schema and name; an index brings its table. A
    /// relation is read with all that stands on it: columns, constraints, indexes, triggers, policies, grants.
    pub relations: BTreeSet<(String, String)>,
    /// Relations of which only some parts are read.
    pub parts: BTreeMap<(String, String), Parts>,
    /// Names of columns that are read with their definitions, of whatever relation the columns are read.
    pub defined_columns: BTreeSet<String>,
    /// Whether of [`Kind::BY_NAME`] those alone are read that are named: enough to see that all is as it should be, but
    /// not to say what is there instead.
    pub is_narrow: bool,
    /// Whether a narrow reading reads the comments of relations and of what stands on them; any other does.
    pub comments: bool,
    /// Whether a narrow reading reads how columns are stored; any other does.
    pub storage: bool,
    /// Whether the storage that a column's type chooses is read: it is what a column has whose own is not told.
    pub type_storage: bool,
    /// What suites state that the catalog would not tell otherwise.
    pub stated: Stated,
    /// The names of objects that are read by name, of whatever relation with [`Parts::with_named`].
    pub names: BTreeMap<Kind, BTreeSet<String>>,
    /// The same with the relation, by schema and name, that each was added with.
    pub named: BTreeMap<Kind, Vec<OnRelation>>,
    /// The same as `relations` by pattern, `*` for any characters.
    pub relation_patterns: BTreeSet<(String, String)>,
    /// The same as `parts` by pattern.
    pub pattern_parts: BTreeMap<(String, String), Parts>,
    /// Partitioned tables whose partitions are read as well, whatever their names: the tables themselves with
    /// all that stands on them, at every level.
    pub partitions_of: BTreeSet<(String, String)>,
    /// The same, of which only some parts are read.
    pub partition_parts: BTreeMap<(String, String), Parts>,
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
    /// Foreign servers by name.
    pub servers: BTreeSet<String>,
    /// Event triggers by name.
    pub event_triggers: BTreeSet<String>,
    /// Publications by name.
    pub publications: BTreeSet<String>,
    /// Roles whose default privileges are read, for all schemas.
    pub default_privileges: BTreeSet<String>,
    /// Classes of what has no kind of its own, in the words of COMMENT ON, of which the comments are read.
    pub commented: BTreeSet<&'static str>,
    /// Kinds in no schema of which all are read, those of the server itself and of extensions left out.
    pub all: BTreeSet<Kind>,
}

/// What suites state although it may be the default, or by a name that may be another's. Where it is stated, the names of the
/// defaults are read as well, and which other objects have the same bare name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stated(u8);

impl Stated {
    pub const COLLATION: Stated = Stated(1);
    pub const OPERATOR_CLASS: Stated = Stated(2);
    pub const TABLESPACE: Stated = Stated(4);
    /// Functions and types by a name without a schema.
    pub const FUNCTION: Stated = Stated(8);
    /// That an extension is commented on as its control file says.
    pub const EXTENSION: Stated = Stated(16);
    /// That everyone has of the schema `public` what a new database gives.
    pub const SCHEMA: Stated = Stated(32);
    pub const ALL: Stated = Stated(63);

    #[must_use]
    pub fn union(self, other: Stated) -> Stated {
        Stated(self.0 | other.0)
    }

    pub fn has(self, other: Stated) -> bool {
        self.0 & other.0 == other.0
    }

    /// This, where the condition holds; else nothing.
    #[must_use]
    pub fn when(self, condition: bool) -> Stated {
        if condition { self } else { Stated::default() }
    }
}

/// The parts of a relation that are read: which kinds of objects, and whether with their definitions.
///
/// Of a kind that is read without, the properties that the server has to print are left out: a column's default,
/// generated expression, comments and position, a partitioned table's key and bound, a check's expression, an exclusion's definition,
/// the predicate of an index, a trigger's condition, a rule, a policy's expressions, a view's query. Primary keys come with
/// unique constraints, and views with materialized ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Parts {
    /// Two bits a kind: read at all, read with definitions. One more: the relation's own name.
    bits: u64,
    /// A bit a kind: those are read, with definitions, that [`Scope::names`] has.
    named: u64,
}

impl Parts {
    /// All that stands on the relation, with definitions.
    pub const ALL: Parts = Parts {
        bits: (1 << (2 * Kind::ALL.len())) - 1,
        named: 0,
    };

    /// These parts, and the objects of that kind with their definitions. The relation itself is a part like any
    /// other: [`Kind::Table`], [`Kind::View`], ….
    #[must_use]
    pub fn with(self, kind: Kind) -> Parts {
        self.union(Parts {
            bits: 3 << (2 * kind as u32),
            named: 0,
        })
    }

    /// That the relation is there, and as what; a table comes with its `type`, and with no other property.
    pub const NAME: Parts = Parts {
        bits: 1 << (2 * Kind::ALL.len()),
        named: 0,
    };

    /// The relation itself, whatever its kind, without its definition.
    pub fn presence() -> Parts {
        Kind::RELATIONS
            .into_iter()
            .fold(Parts::default(), Parts::with_bare)
    }

    /// These parts, and what is needed to see that property of the objects of that kind.
    #[must_use]
    pub fn with_property(self, kind: Kind, property: &str) -> Parts {
        if is_definition(kind, property) {
            self.with(kind)
        } else {
            self.with_bare(kind)
        }
    }

    /// These parts, and the objects of that kind without their definitions.
    #[must_use]
    pub fn with_bare(self, kind: Kind) -> Parts {
        self.union(Parts {
            bits: 1 << (2 * kind as u32),
            named: 0,
        })
    }

    /// These parts, and those objects of that kind, with their definitions, whose names the scope has.
    #[must_use]
    pub fn with_named(self, kind: Kind) -> Parts {
        self.union(Parts {
            bits: 0,
            named: 1 << kind as u32,
        })
    }

    #[must_use]
    pub fn union(self, other: Parts) -> Parts {
        Parts {
            bits: self.bits | other.bits,
            named: self.named | other.named,
        }
    }

    /// Whether objects of that kind are read.
    pub fn reads(self, kind: Kind) -> bool {
        self.bits >> (2 * kind as u32) & 1 == 1
    }

    /// Whether those of that kind are read that are named.
    pub fn reads_named(self, kind: Kind) -> bool {
        self.named >> kind as u32 & 1 == 1
    }

    /// Whether the relation's name is read, and nothing says that the relation itself is.
    pub fn names(self) -> bool {
        self.bits & Parts::NAME.bits != 0 && self.bits & Parts::presence().bits != Parts::presence().bits
    }

    /// Whether objects on the relation are read that are there when all is as it should be: what tells them tells the
    /// relation as well.
    pub fn tell_relation(self) -> bool {
        let mostly_there = [Kind::PrimaryKey, Kind::Unique, Kind::ForeignKey];
        Kind::BY_NAME.iter().any(|&kind| self.reads_named(kind))
            || mostly_there.iter().any(|&kind| self.reads(kind))
    }

    /// Whether they are read with their definitions.
    pub fn defines(self, kind: Kind) -> bool {
        self.bits >> (2 * kind as u32) & 3 == 3
    }

    /// As a number: bit 2n says that kind n is read, bit 2n + 1 that it is read with definitions, and the bit behind the
    /// last kind's that the relation's name is.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// As a number: bit n says that of kind n those are read that are named.
    pub fn named_bits(self) -> u64 {
        self.named
    }
}

/// Whether the server has to print the property.
fn is_definition(kind: Kind, property: &str) -> bool {
    match kind {
        Kind::Table => matches!(property, "partition_by" | "bound"),
        Kind::Column => matches!(
            property,
            "default" | "generated" | "comment" | "not_null_comment" | "position"
        ),
        Kind::Check => property == "expression",
        Kind::Index => property == "predicate",
        Kind::Trigger => property == "when",
        Kind::Policy => matches!(property, "using" | "with_check"),
        Kind::Exclusion | Kind::Rule | Kind::View | Kind::MaterializedView => property == "definition",
        _ => false,
    }
}

impl Scope {
    /// Whether of some relations all that stands on them is read.
    pub fn reads_whole(&self) -> bool {
        let whole = [&self.relations, &self.relation_patterns, &self.partitions_of];
        whole.iter().any(|names| !names.is_empty())
    }

    /// The parts of each entry that has only some.
    pub fn each_parts(&self) -> impl Iterator<Item = Parts> {
        [&self.parts, &self.pattern_parts, &self.partition_parts]
            .into_iter()
            .flat_map(BTreeMap::values)
            .copied()
    }

    /// The relations of which it names all columns, or all that stands on them.
    pub fn with_columns(&self) -> impl Iterator<Item = &(String, String)> {
        let parts = self.parts.iter();
        let with_columns = parts.filter_map(|(name, parts)| parts.reads(Kind::Column).then_some(name));
        self.relations.iter().chain(with_columns)
    }

    /// The relations that it names, all of them or parts.
    pub fn named_relations(&self) -> BTreeSet<(String, String)> {
        self.relations.iter().chain(self.parts.keys()).cloned().collect()
    }

    /// The same, with all that stands on the relations that it names.
    #[must_use]
    pub fn whole(mut self) -> Scope {
        self.relations.extend(std::mem::take(&mut self.parts).into_keys());
        self.partitions_of
            .extend(std::mem::take(&mut self.partition_parts).into_keys());
        self
    }

    /// Adds an object on a relation that is read by its name.
    pub fn add_named(&mut self, kind: Kind, schema: &str, relation: &str, name: &str) {
        let names = self.names.entry(kind).or_default();
        if !names.contains(name) {
            names.insert(name.to_string());
        }
        let on = (schema.to_string(), relation.to_string());
        self.named.entry(kind).or_default().push((on, name.to_string()));
        self.add_parts(schema, relation, Parts::NAME.with_named(kind));
    }

    /// Adds parts of a relation.
    pub fn add_parts(&mut self, schema: &str, name: &str, parts: Parts) {
        // mostly of the relation that came last, and these mostly come in order
        if let Some(mut last) = self.parts.last_entry()
            && (last.key().0 == schema && last.key().1 == name)
        {
            *last.get_mut() = last.get().union(parts);
            return;
        }
        add_parts(&mut self.parts, (schema.to_string(), name.to_string()), parts);
    }

    /// Adds parts of the relations of a schema whose names fit a pattern.
    pub fn add_pattern(&mut self, schema: &str, pattern: &str, parts: Parts) {
        add_parts(
            &mut self.pattern_parts,
            (schema.to_string(), pattern.to_string()),
            parts,
        );
    }

    /// Adds parts of all partitions of a table.
    pub fn add_partitions(&mut self, schema: &str, name: &str, parts: Parts) {
        add_parts(
            &mut self.partition_parts,
            (schema.to_string(), name.to_string()),
            parts,
        );
    }

    /// Nothing to read.
    pub fn is_empty(&self) -> bool {
        let nothing = Scope {
            is_narrow: self.is_narrow,
            comments: self.comments,
            storage: self.storage,
            type_storage: self.type_storage,
            stated: self.stated,
            ..Scope::default()
        };
        *self == nothing
    }

    /// Whether it names nothing but relations, types and functions that `other` names too.
    pub fn is_within(&self, other: &Scope) -> bool {
        let rest = Scope {
            relations: BTreeSet::new(),
            types: BTreeSet::new(),
            functions: BTreeSet::new(),
            defined_columns: BTreeSet::new(),
            is_narrow: false,
            comments: false,
            storage: false,
            type_storage: false,
            stated: Stated::default(),
            ..self.clone()
        };
        rest.is_empty()
            && self.relations.is_subset(&other.relations)
            && self.types.is_subset(&other.types)
            && self.functions.is_subset(&other.functions)
    }

    /// Adds all that `other` covers.
    pub fn extend(&mut self, other: Scope) {
        self.comments |= other.comments;
        self.storage |= other.storage;
        self.type_storage |= other.type_storage;
        self.stated = self.stated.union(other.stated);
        self.relations.extend(other.relations);
        for (own, theirs) in [
            (&mut self.parts, other.parts),
            (&mut self.pattern_parts, other.pattern_parts),
            (&mut self.partition_parts, other.partition_parts),
        ] {
            for (name, parts) in theirs {
                add_parts(own, name, parts);
            }
        }
        self.defined_columns.extend(other.defined_columns);
        for (kind, names) in other.names {
            self.names.entry(kind).or_default().extend(names);
        }
        for (kind, named) in other.named {
            self.named.entry(kind).or_default().extend(named);
        }
        self.relation_patterns.extend(other.relation_patterns);
        self.partitions_of.extend(other.partitions_of);
        self.types.extend(other.types);
        self.type_patterns.extend(other.type_patterns);
        self.functions.extend(other.functions);
        self.function_patterns.extend(other.function_patterns);
        self.schemas.extend(other.schemas);
        self.extensions.extend(other.extensions);
        self.roles.extend(other.roles);
        self.servers.extend(other.servers);
        self.event_triggers.extend(other.event_triggers);
        self.publications.extend(other.publications);
        self.default_privileges.extend(other.default_privileges);
        self.commented.extend(other.commented);
        self.all.extend(other.all);
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
            ObjectKind::Server => {
                self.servers.insert(object.name.name.clone());
            }
            ObjectKind::EventTrigger => {
                self.event_triggers.insert(object.name.name.clone());
            }
            ObjectKind::Publication => {
                self.publications.insert(object.name.name.clone());
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

fn add_parts(known: &mut BTreeMap<(String, String), Parts>, name: (String, String), parts: Parts) {
    let known = known.entry(name).or_default();
    *known = known.union(parts);
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
             create schema s; create extension x; create role r; alter table auth.u rename to w; \
             create server far foreign data wrapper w; create publication p for all tables;",
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
        assert!(scope.servers.contains("far") && scope.publications.contains("p"));
        assert!(scope.schemas.contains("s") && scope.extensions.contains("x") && scope.roles.contains("r"));
    }
}
