//! golang-migrate: `0001_name.up.sql` and `0001_name.down.sql`.
//!
//! Other runners name their files so as well, and take a version twice; the second is then read as the next number.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Folder, Found, Layout, LayoutName, Numbers, Text, file_name, numbered_name, plain};
use crate::diagnostic::Diagnostic;
use crate::source::{SourceFile, Span};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::GolangMigrate,
    evidence,
    read,
    is_nested: false,
};

fn evidence(folder: &Folder<'_>) -> Option<String> {
    if !has_pairs(folder) {
        return None;
    }
    let own = folder.mentions("go.mod", "golang-migrate");
    own.or_else(|| match super::sqlx::sign(folder) {
        None => Some("files named 0001_name.up.sql".to_string()),
        Some(_) => None,
    })
}

/// Whether all files are named `0001_name.up.sql` or `0001_name.down.sql`.
pub fn has_pairs(folder: &Folder<'_>) -> bool {
    !folder.files.is_empty() && folder.files.iter().all(|file| parse(file_name(file)).is_some())
}

/// Version, name, and whether it is the way up.
fn parse(file_name: &str) -> Option<(&str, &str, bool)> {
    let (label, rest) = numbered_name(file_name)?;
    let up = rest.strip_suffix(".up.sql").map(|name| (label, name, true));
    up.or_else(|| rest.strip_suffix(".down.sql").map(|name| (label, name, false)))
}

/// The pairs of a folder, in the order of their versions; a down without an up, or of another name, is told.
pub fn pairs<'f>(
    folder: &'f Folder<'_>,
    found: &mut Found,
    script: impl Fn(&Arc<SourceFile>) -> Text,
) -> Vec<(&'f str, &'f str, Text, Option<Text>)> {
    let mut ups = BTreeMap::new();
    let mut downs = BTreeMap::new();
    for file in folder.files {
        match parse(file_name(file)) {
            Some((label, name, true)) => ups.insert((label, name), file),
            Some((label, name, false)) => downs.insert((label, name), file),
            None => {
                found.unread(
                    file.path(),
                    "its name is not of the form 0001_name.up.sql or 0001_name.down.sql",
                    "rename it, or move it out of the folder",
                );
                None
            }
        };
    }
    let mut paired = Vec::with_capacity(ups.len());
    for ((label, name), file) in ups {
        let down = downs.remove(&(label, name)).map(&script);
        paired.push((label, name, script(file), down));
    }
    for file in downs.into_values() {
        found.unread(
            file.path(),
            "it belongs to no migration",
            "add the migration, or delete the file",
        );
    }
    paired
}

fn read(folder: &Folder<'_>) -> Found {
    let mut found = Found::default();
    let pairs = pairs(folder, &mut found, Text::of);
    let mut numbers = Numbers::of(pairs.iter().map(|(label, ..)| *label));
    for (label, name, up, down) in pairs {
        if let Some(problem) = template(&up.file) {
            found.problems.push(problem);
            continue;
        }
        let label = numbers.take(label, &up, &mut found);
        found.take(&label, &plain(name), up, down);
    }
    found.tell_programs(folder);
    found
}

/// The first `{{ .Field }}` or `{{ index … }}` of a script: some programs fill in templates of Go before they run it.
fn template(file: &Arc<SourceFile>) -> Option<Diagnostic> {
    let text = file.text();
    let (start, _) = text.match_indices("{{").find(|(at, _)| {
        let inner = text[at + 2..].trim_start_matches(['-', ' ']);
        inner.starts_with('.') || inner.starts_with("index ") || inner.starts_with("if ")
    })?;
    let end = text[start..].find("}}").map_or(start + 2, |end| start + end + 2);
    let span = Span::new(start, end);
    Some(
        Diagnostic::error(format!(
            "{} is a template, which only the program that owns the script fills in",
            file.slice(span)
        ))
        .at(file, span)
        .help("write the value itself, or point --migrations to a copy that is filled in"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn templates_are_refused_and_arrays_are_not() {
        assert_eq!(
            read_lines(
                LayoutName::GolangMigrate,
                &[
                    "m/1_a.up.sql=select '{{1,2},{3,4}}'::int[];",
                    "m/2_b.up.sql=\ncreate table {{ index .Options \"Namespace\" }}.users ();",
                ]
            ),
            [
                "1 a: m/1_a.up.sql:1:1 [select '{{1,2},{3,4}}'::int[]] / -",
                "error: m/2_b.up.sql:2:14 {{ index .Options \"Namespace\" }} is a template, which only the program that owns \
                 the script fills in",
            ]
        );
    }

    #[test]
    fn pairs_are_found_by_version_and_name() {
        assert_eq!(
            read_lines(
                LayoutName::GolangMigrate,
                &[
                    "m/1_a-b.up.sql=begin; select 1; commit;",
                    "m/1_a-b.down.sql=",
                    "m/2_b.up.sql",
                    "m/2_c.up.sql=commit;",
                    "m/3_d.down.sql",
                    "m/x.sql",
                ]
            ),
            [
                "1 a_b: m/1_a-b.up.sql:1:8 [select 1] / m/1_a-b.down.sql []",
                "2 b: m/2_b.up.sql:1:1 [select 1] / -",
                "3 c: m/2_c.up.sql:1:1 outside [commit] / -",
                "warning: m/x.sql:1:1 m/x.sql is not read: its name is not of the form 0001_name.up.sql or \
                 0001_name.down.sql",
                "warning: m/3_d.down.sql:1:1 m/3_d.down.sql is not read: it belongs to no migration",
                "warning: m/2_c.up.sql:1:1 version 2 is there twice: m/2_c.up.sql is read as version 3",
            ]
        );
    }
}
