//! Flyway: `V1.2__description.sql`, its undo `U1.2__description.sql`, repeatable `R__description.sql`; beside each
//! `….sql.conf` with its settings.
//!
//! A version in parts becomes one number, three digits for each part behind the first, as soon as one file of the
//! folder has such a version: `1.2` → 1002000000.

use std::collections::BTreeMap;
use std::sync::Arc;

use memchr::memmem;

use super::numbered::{Numbered, is_callback, parse, signs};
use super::{Folder, Found, Layout, LayoutName, Text, file_name, plain};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Flyway,
    evidence,
    read,
    is_nested: false,
};

/// Parts of a version behind the first, and the digits of each.
const PARTS: usize = 3;
const DIGITS: usize = 3;

fn evidence(folder: &Folder<'_>) -> Option<String> {
    let placeholder = || {
        let file = folder.files.iter().find(|file| placeholder(file).is_some())?;
        Some(format!("{} has a placeholder ${{…}}", file.path()))
    };
    signs(folder)?.flyway.clone().or_else(placeholder)
}

fn read(folder: &Folder<'_>) -> Found {
    let mut found = Found::default();
    let mut undo = BTreeMap::new();
    let mut versioned = Vec::new();
    let mut repeatable = Vec::new();
    for file in folder.files {
        let name = file_name(file);
        match parse(name) {
            Some(parts) if parts.prefix == 'V' => versioned.push((parts, file)),
            Some(parts) if parts.prefix == 'U' => {
                undo.insert(dotted(parts.version), file);
            }
            Some(parts) => repeatable.push((parts, file)),
            None if is_callback(name) => found.unread(
                file.path(),
                "it is a callback of Flyway, and pgplumb does not run it",
                "put what migrations need into a migration; what has to be done behind them all fits into a repeatable one",
            ),
            None => found.unread(
                file.path(),
                "Flyway's files are named V1__description.sql",
                "rename it, or move it out of the folder",
            ),
        }
    }
    let in_parts = versioned
        .iter()
        .any(|(parts, _)| parts.version.contains(['.', '_']));
    for (parts, file) in versioned {
        let down = undo.remove(&dotted(parts.version));
        if let Some(problem) = [Some(file), down].into_iter().flatten().find_map(unfilled) {
            found.problems.push(problem);
            continue;
        }
        match number(&parts, in_parts) {
            Some((label, name)) => {
                let down = down.map(|down| text(folder, down, &mut found));
                let up = text(folder, file, &mut found);
                found.take(&label, &name, up, down);
            }
            None => found.problems.push(
                Diagnostic::error(format!("version {} does not fit into one number", parts.version))
                    .in_file(file.path())
                    .want("at most four parts, those behind the first below 1000")
                    .help("give it a version with fewer or smaller parts"),
            ),
        }
    }
    take_repeatables(folder, repeatable, &mut found);
    for file in undo.into_values() {
        found.unread(
            file.path(),
            "it undoes a version that is not there",
            "add the migration, or delete the file",
        );
    }
    found
}

/// In the order of their descriptions, in which `_` stands for a space.
fn take_repeatables<'f>(
    folder: &Folder<'_>,
    mut files: Vec<(Numbered<'f>, &'f Arc<SourceFile>)>,
    found: &mut Found,
) {
    files.sort_by_cached_key(|(parts, _)| parts.name.replace('_', " "));
    let mut names: BTreeMap<String, &str> = BTreeMap::new();
    for (parts, file) in files {
        let name = plain(parts.name);
        if let Some(first) = names.insert(name.clone(), file.path()) {
            found.problems.push(
                Diagnostic::error(format!("{first} and {} have the same description", file.path()))
                    .in_file(file.path())
                    .help("give one of them another description: a repeatable migration is known by it"),
            );
        } else if let Some(problem) = unfilled(file) {
            found.problems.push(problem);
        } else {
            let script = text(folder, file, found);
            found.take_repeatable(&name, script);
        }
    }
}

/// A script with what `….sql.conf` beside it says of it.
fn text(folder: &Folder<'_>, file: &Arc<SourceFile>, found: &mut Found) -> Text {
    let outside = match folder.file(&format!("{}.conf", file.path())).transpose() {
        Ok(conf) => conf.is_some_and(|conf| is_outside(&conf)),
        Err(problem) => {
            found.problems.push(*problem);
            false
        }
    };
    Text {
        file: Arc::clone(file),
        outside: outside.then(|| Span::at(0)),
    }
}

/// `executeInTransaction=false`, as Java's properties are written.
fn is_outside(conf: &SourceFile) -> bool {
    let mut settings = conf.text().lines().filter_map(|line| line.split_once(['=', ':']));
    settings.any(|(key, value)| {
        key.trim() == "executeInTransaction" && value.trim().eq_ignore_ascii_case("false")
    })
}

/// Both separators mean the same.
fn dotted(version: &str) -> String {
    version.replace('_', ".")
}

/// Label and name; the written version stays in the name where the number does not show it.
fn number(parts: &Numbered<'_>, in_parts: bool) -> Option<(String, String)> {
    let name = plain(parts.name);
    if !in_parts {
        return Some((parts.version.to_string(), name));
    }
    let mut numbers = parts.version.split(['.', '_']);
    let mut label = numbers.next()?.trim_start_matches('0').to_string();
    let mut behind: Vec<&str> = numbers.map(|part| part.trim_start_matches('0')).collect();
    if behind.len() > PARTS || behind.iter().any(|part| part.len() > DIGITS) {
        return None;
    }
    behind.resize(PARTS, "");
    for part in behind {
        label.push_str(&format!("{part:0>DIGITS$}"));
    }
    Some((label, format!("{}_{name}", parts.version.replace('.', "_"))))
}

/// The first `${…}` of a script.
fn placeholder(file: &SourceFile) -> Option<Span> {
    let start = memmem::find(file.text().as_bytes(), b"${")?;
    let length = file.text()[start..].find('}')?;
    Some(Span::new(start, start + length + 1))
}

fn unfilled(file: &Arc<SourceFile>) -> Option<Diagnostic> {
    let span = placeholder(file)?;
    Some(
        Diagnostic::error(format!(
            "{} is a placeholder, which only Flyway fills in",
            file.slice(span)
        ))
        .at(file, span)
        .help("write the value itself, or read it with current_setting()"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn undo_scripts_are_rollbacks_and_the_rest_is_told() {
        assert_eq!(
            read_lines(
                LayoutName::Flyway,
                &[
                    "m/V1__Create users.sql=create table a ();",
                    "m/U1__Create users.sql=drop table a;",
                    "m/V2__b.sql=\nselect '${schema}';",
                    "m/R__views.sql=create view v as select 1;",
                    "m/R__a_first.sql",
                    "m/R__views.sql.conf=executeInTransaction = false\n",
                    "m/R__a first.sql",
                    "m/U7__gone.sql",
                    "m/afterMigrate.sql",
                    "m/notes.sql",
                ]
            ),
            [
                "1 Create_users: m/V1__Create users.sql:1:1 [create table a ()] / m/U1__Create users.sql:1:1 [drop table a]",
                "R a_first: m/R__a first.sql:1:1 [select 1] / -",
                "R views: m/R__views.sql:1:1 outside [create view v as select 1] / -",
                "error: m/V2__b.sql:2:9 ${schema} is a placeholder, which only Flyway fills in",
                "error: m/R__a_first.sql:1:1 m/R__a first.sql and m/R__a_first.sql have the same description",
                "warning: m/afterMigrate.sql:1:1 m/afterMigrate.sql is not read: it is a callback of Flyway, and pgplumb does not run it",
                "warning: m/notes.sql:1:1 m/notes.sql is not read: Flyway's files are named V1__description.sql",
                "warning: m/U7__gone.sql:1:1 m/U7__gone.sql is not read: it undoes a version that is not there",
            ]
        );
    }

    #[test]
    fn versions_in_parts_keep_their_order() {
        assert_eq!(
            read_lines(
                LayoutName::Flyway,
                &[
                    "m/V1__a.sql",
                    "m/V1.9__b.sql",
                    "m/V1_10__c.sql",
                    "m/V2.0.1000__d.sql"
                ]
            ),
            [
                "1009000000 1_9_b: m/V1.9__b.sql:1:1 [select 1] / -",
                "1010000000 1_10_c: m/V1_10__c.sql:1:1 [select 1] / -",
                "1000000000 1_a: m/V1__a.sql:1:1 [select 1] / -",
                "error: m/V2.0.1000__d.sql:1:1 version 2.0.1000 does not fit into one number",
            ]
        );
    }
}
