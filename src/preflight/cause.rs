//! What stands in the way, each thing once, with all that waits for it and what to do about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::contrib::extension_of;
use super::existing::Existing;
use crate::diagnostic::closest;
use crate::history::{Ledger, State};
use crate::migration::{Migration, Set, Version};
use crate::source::{Location, SourceFile, Span};
use crate::sql::name::quote_ident;
use crate::sql::require::{Need, needs};
use crate::sql::{Action, Effect, Name, ObjectKind};

/// A place in a script that needs something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub file: Arc<SourceFile>,
    pub span: Span,
    /// Where its statement begins.
    pub statement: usize,
    /// What needs it: `foreign key`, `policy`.
    pub by: &'static str,
    /// The object as it is needed there: `table auth.users_extended` for a missing schema auth.
    pub object: String,
}

impl Site {
    pub fn location(&self) -> Location {
        self.file.location(self.span.start)
    }
}

/// What kind of trouble a cause is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Trouble {
    /// It does not exist.
    Missing,
    /// It exists already.
    InTheWay,
    /// The role may not.
    Privilege,
    /// The server is too old for it.
    Version,
    /// The server's grammar does not take it.
    Grammar,
    /// The server, or the connection, takes no writes.
    ReadOnly,
    /// A pooler stands between.
    Session,
    /// A label of an enum that its own transaction uses.
    Label,
}

/// One thing that keeps the plan from running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// `table organization`, `schema auth`.
    pub object: String,
    pub trouble: Trouble,
    /// What is missing, when that is what it is about.
    pub need: Option<Need>,
    /// `does not exist`, `exists already`, `may not be created by role app`.
    pub state: String,
    pub sites: Vec<Site>,
    /// Check files whose probes cannot be run because of it.
    pub asked_by: BTreeSet<String>,
    /// Statements that cannot run because of it, those that need what such a statement creates included.
    pub statements: usize,
    /// Other missing objects that it explains: all that would be in a missing schema.
    pub explains: BTreeSet<String>,
    /// Columns that are needed of a missing table.
    pub columns: BTreeSet<String>,
    /// One imperative line, where it follows from the cause alone.
    pub remedy: String,
}

/// The migration of the project that creates something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creator {
    pub stem: String,
    pub version: Version,
    pub path: String,
    pub state: State,
    /// It is a step of the plan, behind the one that needs it.
    pub later: bool,
    pub in_plan: bool,
}

/// How to get rid of a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Remedy;

impl Remedy {
    /// Where something missing should have come from; `None` when it is not about that.
    pub fn reason(cause: &Cause, creator: Option<&Creator>) -> Option<String> {
        cause.need.as_ref()?;
        let Some(creator) = creator else {
            return Some("no migration of the project creates it".to_owned());
        };
        let stem = &creator.stem;
        Some(match creator.state {
            State::Applied | State::Modified | State::Missing => {
                format!("{stem} creates it and is recorded as applied, but it is gone")
            }
            State::Pending | State::OutOfOrder | State::Outdated => {
                format!("{stem} creates it, and is not applied here")
            }
        })
    }

    /// One imperative line.
    pub fn line(cause: &Cause, creator: Option<&Creator>, closest: Option<&str>) -> String {
        if !cause.remedy.is_empty() {
            return cause.remedy.clone();
        }
        if let Some(creator) = creator {
            let Creator { stem, path, .. } = creator;
            return match creator.state {
                State::Applied | State::Modified | State::Missing => format!(
                    "{stem} is applied but its objects are gone: restore them from a backup, or run {path} by hand"
                ),
                State::OutOfOrder => {
                    format!(
                        "apply {stem} first: it is pending, but older than what is applied: pass --out-of-order"
                    )
                }
                State::Pending | State::Outdated if creator.later => {
                    format!(
                        "{stem} creates it, but runs later: give it a version before the first that needs it"
                    )
                }
                State::Pending | State::Outdated if creator.in_plan => {
                    format!("{stem} creates it, but not where it is looked for: compare the schemas")
                }
                State::Pending | State::Outdated => {
                    format!("apply {stem} first: it is pending, but not in the plan")
                }
            };
        }
        if let Some(closest) = closest {
            return format!("correct the name, if {closest} is meant; it exists");
        }
        match &cause.need {
            Some(need) => outline(need, cause),
            None => "remove what is in the way".to_owned(),
        }
    }

    /// The existing object that was probably meant, from what was read.
    pub fn closest(cause: &Cause, existing: &Existing) -> Option<String> {
        let pick = |word: &str, names: BTreeSet<&str>| {
            closest(word, names.into_iter().filter(|name| *name != word)).map(str::to_owned)
        };
        match cause.need.as_ref()? {
            Need::Schema(name) => {
                let found = pick(name, existing.schemas.keys().map(String::as_str).collect())?;
                Some(format!("schema {found}"))
            }
            Need::Relation(name) | Need::Index(name) => {
                let elsewhere = existing
                    .relations
                    .keys()
                    .find(|(schema, other)| *other == name.name && !schema.starts_with("pg_"));
                if let Some((schema, other)) = elsewhere {
                    return Some(spelled(schema, other));
                }
                let found = pick(
                    &name.name,
                    existing.nearby.iter().map(|(_, name)| name.as_str()).collect(),
                )?;
                let (schema, other) = existing.nearby.iter().find(|(_, name)| *name == found)?;
                Some(spelled(schema, other))
            }
            Need::Column { name, of } => {
                let columns: BTreeSet<&str> = existing
                    .relations
                    .iter()
                    .filter(|((_, relation), _)| of.iter().any(|of| of.name == *relation))
                    .filter_map(|(_, facts)| facts.columns.as_ref())
                    .flatten()
                    .map(String::as_str)
                    .collect();
                Some(format!("column {}", pick(name, columns)?))
            }
            Need::Function { name, .. } => {
                let elsewhere = existing
                    .functions
                    .keys()
                    .find(|(schema, other)| *other == name.name && name.schema.as_ref() != Some(schema));
                elsewhere.map(|(schema, other)| format!("function {}", spelled(schema, other)))
            }
            _ => None,
        }
    }
}

fn spelled(schema: &str, name: &str) -> String {
    if schema == "public" {
        quote_ident(name)
    } else {
        format!("{}.{}", quote_ident(schema), quote_ident(name))
    }
}

/// The statement that would create what is missing.
fn outline(need: &Need, cause: &Cause) -> String {
    if let Need::Function { name, .. } | Need::Type(name) = need
        && let Some(extension) = extension_of(&name.name)
    {
        let extension = quote_ident(extension);
        return format!("install what brings it in an earlier migration: CREATE EXTENSION {extension}");
    }
    match need {
        Need::Schema(name) => format!(
            "create it in an earlier migration: CREATE SCHEMA {}",
            quote_ident(name)
        ),
        Need::Relation(name) => {
            let named = cause.columns.iter();
            let columns: Vec<String> = named.map(|column| format!("{} …", quote_ident(column))).collect();
            let columns = if columns.is_empty() {
                "…".to_owned()
            } else {
                columns.join(", ")
            };
            format!("create it in an earlier migration: CREATE TABLE {name} ({columns})")
        }
        Need::Index(name) => format!(
            "create it in an earlier migration: CREATE INDEX {} ON …",
            name.name
        ),
        Need::Column { name, of } => {
            let of = of.first().map(ToString::to_string).unwrap_or_default();
            format!(
                "add it in an earlier migration: ALTER TABLE {of} ADD COLUMN {} …",
                quote_ident(name)
            )
        }
        Need::Part { kind, name, on } => format!(
            "correct the name: {on} has no {kind} {}; or write IF EXISTS",
            quote_ident(name)
        ),
        Need::Type(name) => format!("create it in an earlier migration: CREATE TYPE {name} AS …"),
        Need::Function { name, arguments } => {
            let list = match arguments {
                Some(0) => String::new(),
                Some(count) => vec!["…"; *count].join(", "),
                None => "…".to_owned(),
            };
            format!("create it in an earlier migration: CREATE FUNCTION {name}({list}) RETURNS …")
        }
        Need::Role(name) => format!("create it, or have it created: CREATE ROLE {}", quote_ident(name)),
        Need::Extension(name) => format!(
            "install it in an earlier migration: CREATE EXTENSION {}",
            quote_ident(name)
        ),
        Need::Available(name) => format!(
            "install the package that brings the extension {} on the server",
            quote_ident(name)
        ),
        Need::Language(name) => format!(
            "install it in an earlier migration: CREATE EXTENSION {}",
            quote_ident(name)
        ),
        Need::Tablespace(name) => format!(
            "have it created on the server: CREATE TABLESPACE {} LOCATION …",
            quote_ident(name)
        ),
    }
}

/// The kind and the name of something missing, for people. What is in `public` goes without saying.
pub(super) fn describe(need: &Need) -> String {
    let bare = |name: &Name| match name.schema.as_deref() {
        Some("public") => quote_ident(&name.name),
        _ => name.to_string(),
    };
    match need {
        Need::Schema(name) => format!("schema {}", quote_ident(name)),
        Need::Relation(name) => format!("table {}", bare(name)),
        Need::Index(name) => format!("index {}", bare(name)),
        Need::Column { name, of } => match of.as_slice() {
            [of] => format!("column {}.{}", bare(of), quote_ident(name)),
            _ => format!("column {}", quote_ident(name)),
        },
        Need::Part { kind, name, on } => format!("{kind} {} on {}", quote_ident(name), bare(on)),
        Need::Type(name) => format!("type {}", bare(name)),
        Need::Function { name, arguments } => match arguments {
            Some(0) => format!("function {}()", bare(name)),
            Some(1) => format!("function {} with 1 argument", bare(name)),
            Some(count) => format!("function {} with {count} arguments", bare(name)),
            None => format!("function {}", bare(name)),
        },
        Need::Role(name) => format!("role {}", quote_ident(name)),
        Need::Extension(name) => format!("extension {}", quote_ident(name)),
        Need::Available(name) => format!("package of extension {}", quote_ident(name)),
        Need::Language(name) => format!("language {}", quote_ident(name)),
        Need::Tablespace(name) => format!("tablespace {}", quote_ident(name)),
    }
}

/// For each cause the migration of the project that creates what is missing. Reads every script once.
pub fn creators(
    causes: &[Cause],
    set: &Set,
    ledger: &Ledger<'_>,
    planned: &[Version],
) -> BTreeMap<usize, Creator> {
    let mut found: BTreeMap<usize, Creator> = BTreeMap::new();
    let mut guesses: BTreeMap<usize, Creator> = BTreeMap::new();
    for migration in set.iter() {
        let Some(entry) = ledger.get(migration.version) else {
            continue;
        };
        for statement in migration.up.statements() {
            for (index, cause) in causes.iter().enumerate() {
                let Some(need) = &cause.need else { continue };
                if found.contains_key(&index) {
                    continue;
                }
                let creator = || creator(migration, entry.state, cause, planned);
                if statement.effects.iter().any(|effect| makes(effect, need)) {
                    found.insert(index, creator());
                } else if statement.opaque
                    && !guesses.contains_key(&index)
                    && needs(migration.up.sql(), statement)
                        .mentions
                        .contains(bare_name(need))
                    && !cause
                        .sites
                        .iter()
                        .any(|site| site.file.path() == migration.up.file.path())
                {
                    guesses.insert(index, creator());
                }
            }
        }
    }
    for (index, guess) in guesses {
        found.entry(index).or_insert(guess);
    }
    found
}

fn creator(migration: &Migration, state: State, cause: &Cause, planned: &[Version]) -> Creator {
    let first = cause.sites.first().map(|site| site.file.path().to_owned());
    let path = migration.up.file.path().to_owned();
    let in_plan = planned.contains(&migration.version);
    Creator {
        stem: migration.stem(),
        version: migration.version,
        later: in_plan && first.is_some_and(|first| *first < *path),
        in_plan,
        path,
        state,
    }
}

fn bare_name(need: &Need) -> &str {
    match need {
        Need::Schema(name)
        | Need::Role(name)
        | Need::Extension(name)
        | Need::Available(name)
        | Need::Language(name)
        | Need::Tablespace(name) => name,
        Need::Relation(name) | Need::Index(name) | Need::Type(name) => &name.name,
        Need::Function { name, .. } => &name.name,
        Need::Column { name, .. } | Need::Part { name, .. } => name,
    }
}

/// Whether an effect brings what is needed into being.
fn makes(effect: &Effect, need: &Need) -> bool {
    use ObjectKind::*;
    let object = &effect.object;
    let name = match &effect.action {
        Action::Create { .. } => object.name.clone(),
        Action::Rename { to } => Name {
            schema: object.name.schema.clone(),
            name: to.clone(),
        },
        Action::Move { schema } => Name::qualified(schema.clone(), object.name.name.clone()),
        _ => return false,
    };
    let same = |wanted: &Name| {
        wanted.name == name.name
            && wanted.schema.as_deref().unwrap_or("public") == name.schema.as_deref().unwrap_or("public")
    };
    match need {
        Need::Schema(wanted) => object.kind == Schema && *wanted == name.name,
        Need::Relation(wanted) | Need::Index(wanted) => {
            matches!(
                object.kind,
                Table | ForeignTable | View | MaterializedView | Sequence | Index
            ) && same(wanted)
        }
        Need::Type(wanted) => matches!(object.kind, Type | Enum | Domain | Table) && same(wanted),
        Need::Function { name: wanted, .. } => object.kind.is_routine() && same(wanted),
        Need::Role(wanted) => object.kind == Role && *wanted == name.name,
        Need::Extension(wanted) => object.kind == Extension && *wanted == name.name,
        // no migration installs a package on the server
        Need::Available(_) => false,
        Need::Column { name: wanted, of } => {
            object.kind == Column
                && *wanted == name.name
                && object
                    .on
                    .as_ref()
                    .is_some_and(|on| of.iter().any(|of| of.name == on.name))
        }
        Need::Part {
            kind,
            name: wanted,
            on,
        } => {
            object.kind.as_str() == *kind
                && *wanted == name.name
                && object.on.as_ref().is_some_and(|other| other.name == on.name)
        }
        Need::Language(wanted) => object.kind == Language && *wanted == name.name,
        Need::Tablespace(wanted) => object.kind == Tablespace && *wanted == name.name,
    }
}
