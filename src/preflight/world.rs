//! The database as it will be when the plan has come to a statement.

use std::collections::{BTreeMap, BTreeSet};

use super::existing::{Existing, FunctionFacts, places};
use crate::sql::Name;
use crate::sql::require::Need;

/// Whether something is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Presence {
    Present,
    /// Certainly not; with what is missing in truth: the schema of a table, say.
    Absent(Need),
    Unsure,
}

/// A key of what can wait for a cause.
pub(super) type Key = (&'static str, String, String);

pub(super) struct World {
    pub(super) now: Existing,
    /// `None` when the script set a search_path that cannot be told.
    pub(super) path: Option<Vec<String>>,
    /// Words of what could not be seen through.
    pub(super) mentions: BTreeSet<String>,
    /// Bodies of functions that the plan has made.
    pub(super) bodies: BTreeMap<String, BTreeSet<String>>,
    /// An extension was created, and nobody knows what it brought.
    pub(super) new_extension: bool,
    /// Something was dropped with all that depends on it.
    pub(super) cascaded: bool,
}

impl World {
    pub(super) fn new(existing: &Existing) -> World {
        World {
            path: Some(existing.path.clone()),
            now: existing.clone(),
            mentions: BTreeSet::new(),
            bodies: BTreeMap::new(),
            new_extension: false,
            cascaded: false,
        }
    }

    /// A script begins: its settings are those of the connection again.
    pub(super) fn reset(&mut self) {
        self.path = Some(self.now.path.clone());
    }

    /// The keys that a name may stand for, in the order in which the server looks: those of `there`. Where the path cannot
    /// be told, `anywhere` are all of that name.
    fn keys<'k>(
        &self,
        name: &Name,
        there: impl Fn(&(String, String)) -> bool,
        anywhere: impl Iterator<Item = &'k (String, String)>,
    ) -> Vec<(String, String)> {
        if self.path.is_none() && name.schema.is_none() {
            return anywhere
                .filter(|(_, other)| *other == name.name)
                .cloned()
                .collect();
        }
        // most names are of nothing that is there: one key serves all places
        let mut key = (String::new(), name.name.clone());
        let mut found = Vec::new();
        for place in places(name, self.path.as_deref().unwrap_or_default()).chain(["*"]) {
            key.0.clear();
            key.0.push_str(place);
            if there(&key) {
                found.push(key.clone());
            }
        }
        found
    }

    /// The schema that a new object of that name goes into.
    pub(super) fn home(&self, name: &Name) -> String {
        match (&name.schema, &self.path) {
            (Some(schema), _) => schema.clone(),
            (None, Some(path)) => path
                .iter()
                .find(|schema| self.now.schemas.contains_key(*schema))
                .cloned()
                .unwrap_or_else(|| "public".to_owned()),
            (None, None) => "*".to_owned(),
        }
    }

    /// Which relation a name stands for.
    pub(super) fn relation(&self, name: &Name) -> Option<(String, String)> {
        let relations = &self.now.relations;
        let keys = self.keys(name, |key| relations.contains_key(key), relations.keys());
        keys.into_iter().next()
    }

    pub(super) fn type_key(&self, name: &Name) -> Option<(String, String)> {
        let types = &self.now.types;
        let keys = self.keys(name, |key| types.contains(key), types.iter());
        keys.into_iter().next()
    }

    pub(super) fn function_keys(&self, name: &Name) -> Vec<(String, String)> {
        let functions = &self.now.functions;
        self.keys(name, |key| functions.contains_key(key), functions.keys())
    }

    /// Whether something that cannot be seen through may be about this name.
    pub(super) fn is_mentioned(&self, name: &str) -> bool {
        self.mentions.contains(name)
            || self.mentions.iter().any(|word| {
                (word.len() > 3 && word.ends_with('_') && name.starts_with(word.as_str()))
                    || (word.len() > 3 && word.starts_with('_') && name.ends_with(word.as_str()))
            })
    }

    /// The object that a need is about, for what waits for what.
    pub(super) fn key(&self, need: &Need) -> Option<Key> {
        let of = |kind, (schema, name): (String, String)| (kind, schema, name);
        match need {
            Need::Schema(name) => Some(("schema", String::new(), name.clone())),
            Need::Relation(name) | Need::Index(name) => self.relation(name).map(|key| of("relation", key)),
            Need::Type(name) => self
                .type_key(name)
                .map(|key| of("type", key))
                .or_else(|| self.relation(name).map(|key| of("relation", key))),
            Need::Function { name, .. } => self
                .function_keys(name)
                .into_iter()
                .next()
                .map(|key| of("function", key)),
            Need::Role(name) => Some(("role", String::new(), name.clone())),
            _ => None,
        }
    }

    /// Whether what is needed is there.
    pub(super) fn presence(&self, need: &Need) -> Presence {
        let absent = |mentioned: &str| {
            if self.is_mentioned(mentioned) {
                Presence::Unsure
            } else {
                Presence::Absent(need.clone())
            }
        };
        let plain = |there: bool, name: &str| if there { Presence::Present } else { absent(name) };
        match need {
            Need::Schema(name) => {
                if name.starts_with("pg_temp") {
                    return Presence::Unsure;
                }
                plain(self.now.schemas.contains_key(name), name)
            }
            Need::Relation(name) | Need::Index(name) => {
                if self.relation(name).is_some() {
                    return Presence::Present;
                }
                if self.path.is_none() && name.schema.is_none() || self.is_made_up(&name.name) {
                    return Presence::Unsure;
                }
                self.in_schema(name).unwrap_or_else(|| absent(&name.name))
            }
            Need::Column { name, of } => self.column(need, name, of),
            Need::Part { kind, name, on } => {
                let Some(key) = self.relation(on) else {
                    return Presence::Unsure;
                };
                let facts = &self.now.relations[&key];
                if facts.parts.contains(&format!("{kind} {name}")) {
                    Presence::Present
                } else if facts.touched || self.cascaded {
                    Presence::Unsure
                } else {
                    absent(name)
                }
            }
            Need::Type(name) => {
                if self.type_key(name).is_some() || self.relation(name).is_some() {
                    return Presence::Present;
                }
                if self.new_extension
                    || self.path.is_none() && name.schema.is_none()
                    || name.name.starts_with('_')
                {
                    return Presence::Unsure;
                }
                self.in_schema(name).unwrap_or_else(|| absent(&name.name))
            }
            Need::Function { name, arguments } => self.function(need, name, *arguments),
            Need::Role(name) => plain(self.now.roles.contains(name) || name.starts_with("pg_"), name),
            Need::Extension(name) => plain(self.now.extensions.installed.contains(name), name),
            Need::Available(name) => plain(
                self.now.extensions.available.contains_key(name)
                    || self.now.extensions.installed.contains(name),
                name,
            ),
            Need::Language(name) => plain(
                self.now.languages.contains(name)
                    || ["c", "internal", "sql"].contains(&name.as_str())
                    || self.new_extension,
                name,
            ),
            Need::Tablespace(name) => plain(self.now.tablespaces.contains(name), name),
        }
    }

    /// The schema of a qualified name, when that is what is missing.
    fn in_schema(&self, name: &Name) -> Option<Presence> {
        let schema = name.schema.as_ref()?;
        match self.presence(&Need::Schema(schema.clone())) {
            Presence::Present => None,
            other => Some(other),
        }
    }

    /// Names that the server makes up for indexes and sequences of a table that the plan has made or changed.
    fn is_made_up(&self, name: &str) -> bool {
        ["_seq", "_idx", "_key", "_pkey", "_excl"]
            .iter()
            .any(|end| name.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with(end))
            && self.now.relations.iter().any(|((_, table), facts)| {
                facts.touched
                    && (name.starts_with(table.as_str())
                        || table.len() > 20 && name.starts_with(&table[..20.min(table.len())]))
            })
    }

    fn column(&self, need: &Need, name: &str, of: &[Name]) -> Presence {
        for relation in of {
            let Some(key) = self.relation(relation) else {
                return Presence::Unsure;
            };
            match &self.now.relations[&key].columns {
                None => return Presence::Unsure,
                Some(columns) if columns.contains(name) => return Presence::Present,
                Some(_) => {}
            }
        }
        if self.is_mentioned(name) {
            Presence::Unsure
        } else {
            Presence::Absent(need.clone())
        }
    }

    fn function(&self, need: &Need, name: &Name, arguments: Option<usize>) -> Presence {
        let fits = |facts: &FunctionFacts| {
            arguments.is_none_or(|count| (facts.fewest..=facts.most).contains(&count))
        };
        let keys = self.function_keys(name);
        if keys.iter().any(|key| self.now.functions[key].iter().any(fits)) {
            return Presence::Present;
        }
        // a type that is called is a cast
        let is_cast = arguments.is_none_or(|count| count == 1)
            && (self.type_key(name).is_some() || self.relation(name).is_some());
        if is_cast {
            return Presence::Present;
        }
        if self.new_extension
            || self.path.is_none() && name.schema.is_none()
            || self.is_mentioned(&name.name)
            || name
                .schema
                .as_ref()
                .is_some_and(|schema| schema.starts_with("pg_temp"))
        {
            return Presence::Unsure;
        }
        self.in_schema(name)
            .unwrap_or_else(|| Presence::Absent(need.clone()))
    }
}
