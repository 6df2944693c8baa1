//! Recorded against files: which migrations are applied, pending, modified, missing or out of order.

use std::collections::BTreeMap;

use super::record::{Applied, History, is_current};
use crate::diagnostic::Diagnostic;
use crate::migration::{Migration, Set, Version, Width, stem};
use crate::source::Span;

/// How a version stands between the history and the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Recorded, and the file is the one that was applied.
    Applied,
    /// Not recorded, and newer than everything recorded.
    Pending,
    /// Recorded, but the file's name or text differs from what was applied.
    Modified,
    /// Recorded, but there is no such file.
    Missing,
    /// Not recorded, but older than the newest recorded one.
    OutOfOrder,
    /// Repeatable, and to run again: its file changed since it ran, or a migration was taken back since.
    Outdated,
}

impl State {
    /// The word of `status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Applied => "applied",
            State::Pending => "pending",
            State::Modified => "modified",
            State::Missing => "missing",
            State::OutOfOrder => "out_of_order",
            State::Outdated => "outdated",
        }
    }
}

/// One version with both its sides.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub version: Version,
    pub state: State,
    pub migration: Option<&'a Migration>,
    pub applied: Option<&'a Applied>,
}

impl Entry<'_> {
    /// Whether the history has it.
    pub fn is_applied(&self) -> bool {
        self.applied.is_some()
    }

    /// `0024_add_users`, from the file when there is one.
    pub fn stem(&self) -> String {
        match (self.migration, self.applied) {
            (Some(migration), _) => migration.stem(),
            (None, Some(applied)) => stem(&applied.version.to_string(), &applied.name),
            (None, None) => self.version.to_string(),
        }
    }
}

/// Every version that is known on either side, in order.
#[derive(Debug, Clone)]
pub struct Ledger<'a> {
    entries: Vec<Entry<'a>>,
}

impl<'a> Ledger<'a> {
    /// Compares the history with the files.
    pub fn build(set: &'a Set, history: &'a History) -> Ledger<'a> {
        let newest = history.newest();
        let mut entries: BTreeMap<Version, Entry<'a>> = BTreeMap::new();
        for migration in set.versioned() {
            let state = match newest {
                Some(newest) if migration.version < newest => State::OutOfOrder,
                _ => State::Pending,
            };
            let version = migration.version;
            entries.insert(
                version,
                Entry {
                    version,
                    state,
                    migration: Some(migration),
                    applied: None,
                },
            );
        }
        for applied in &history.applied {
            let version = applied.version;
            let entry = entries.entry(version).or_insert(Entry {
                version,
                state: State::Missing,
                migration: None,
                applied: None,
            });
            entry.applied = Some(applied);
            entry.state = match entry.migration {
                None => State::Missing,
                Some(migration) if is_unchanged(migration, applied) => State::Applied,
                Some(_) => State::Modified,
            };
        }
        let mut entries: Vec<Entry<'a>> = entries.into_values().collect();
        entries.extend(repeatables(set, history));
        Ledger { entries }
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Entry<'a>> {
        self.entries.iter()
    }

    pub fn get(&self, version: Version) -> Option<&Entry<'a>> {
        self.entries.iter().find(|entry| entry.version == version)
    }

    /// The newest recorded version.
    pub fn newest_applied(&self) -> Option<&Entry<'a>> {
        self.versioned().rev().find(|entry| entry.is_applied())
    }

    /// Those that have a number, oldest first.
    pub fn versioned(&self) -> impl DoubleEndedIterator<Item = &Entry<'a>> {
        self.iter().filter(|entry| !entry.version.is_repeatable())
    }

    /// The repeatable ones, in the order in which they run.
    pub fn repeatables(&self) -> impl DoubleEndedIterator<Item = &Entry<'a>> {
        self.iter().filter(|entry| entry.version.is_repeatable())
    }

    /// Where history and files contradict each other: modified and missing migrations, one error each.
    pub fn disagreements(&self) -> Vec<Diagnostic> {
        self.versioned().filter_map(disagreement).collect()
    }
}

/// The repeatable migrations; behind them those that ran and whose files are gone.
fn repeatables<'a>(set: &'a Set, history: &'a History) -> Vec<Entry<'a>> {
    let known = set.repeatables().map(|migration| {
        let repeated = history.repeated(&migration.name);
        Entry {
            version: migration.version,
            state: match repeated {
                None => State::Pending,
                Some(repeated) if is_current(migration, repeated) => State::Applied,
                Some(_) => State::Outdated,
            },
            migration: Some(migration),
            applied: repeated.map(|repeated| &repeated.applied),
        }
    });
    let mut entries: Vec<Entry<'a>> = known.collect();
    let is_known = |name: &str| set.repeatables().any(|migration| migration.name == name);
    let gone = history.repeated.iter().map(|repeated| &repeated.applied);
    for applied in gone.filter(|applied| !is_known(&applied.name)) {
        entries.push(Entry {
            version: Version::repeatable(entries.len()),
            state: State::Missing,
            migration: None,
            applied: Some(applied),
        });
    }
    entries
}

/// The checksum that the file would be recorded with.
fn checksum_text(migration: &Migration) -> String {
    let checksum = migration
        .checksum(Width::Int4)
        .or_else(|| migration.checksum(Width::Int8));
    checksum.map_or_else(String::new, |checksum| checksum.to_string())
}

fn is_unchanged(migration: &Migration, applied: &Applied) -> bool {
    migration.name == applied.name && migration.accepts_checksum(&applied.checksum)
}

fn disagreement(entry: &Entry<'_>) -> Option<Diagnostic> {
    let applied = entry.applied?;
    match entry.state {
        State::Modified => {
            let migration = entry.migration?;
            let diagnostic = Diagnostic::error(if migration.name == applied.name {
                format!(
                    "migration {} was modified after it was applied on {}",
                    migration.stem(),
                    applied.applied_on
                )
            } else {
                format!(
                    "migration {} was applied on {} under the name {:?}",
                    migration.stem(),
                    applied.applied_on,
                    applied.name
                )
            });
            let help = match migration.name == applied.name {
                true => "restore the file as it was applied, and put the change into a new migration \
                         (`pgplumb new NAME`)"
                    .to_string(),
                false => format!(
                    "give the file its name back, {}_{}.sql, or a version of its own when it is another change",
                    migration.label, applied.name
                ),
            };
            Some(
                diagnostic
                    .at(&migration.up.file, Span::at(0))
                    .have(format!("checksum {} (file)", checksum_text(migration)))
                    .want(format!("checksum {} (history)", applied.checksum))
                    .help(help),
            )
        }
        State::Missing => Some(
            Diagnostic::error(format!(
                "migration {} was applied on {}, but its file is missing",
                entry.stem(),
                applied.applied_on
            ))
            .help("restore the file from version control; the database was built with it"),
        ),
        State::Applied | State::Pending | State::OutOfOrder | State::Outdated => None,
    }
}
