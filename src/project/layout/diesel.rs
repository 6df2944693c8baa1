//! diesel: a folder a migration, `2025-01-01-000000_name/up.sql` with `down.sql` and `metadata.toml`.

use super::{Folder, Found, Layout, LayoutName, Numbers, Text, plain};
use crate::diagnostic::Diagnostic;
use crate::source::Span;

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Diesel,
    evidence,
    read,
    is_nested: true,
};

fn evidence(folder: &Folder<'_>) -> Option<String> {
    let holds_up = |name: &str| folder.directory().join(name).join("up.sql").is_file();
    let found = folder
        .entries
        .iter()
        .find(|entry| entry.is_directory && holds_up(&entry.name))?;
    Some(format!(
        "{} is there",
        folder.path(&format!("{}/up.sql", found.name))
    ))
}

fn read(folder: &Folder<'_>) -> Found {
    let mut found = Found::default();
    for file in folder.files {
        found.unread(
            file.path(),
            "diesel has a folder for each migration",
            "move it into a folder as up.sql, or out of here",
        );
    }
    // as diesel has it: what stands before the first `_`, without its dashes, compared as text
    let mut named: Vec<(String, &str, &str)> = folder
        .entries
        .iter()
        .filter(|entry| entry.is_directory)
        .map(|entry| {
            let (version, name) = entry.name.split_once('_').unwrap_or((&entry.name, ""));
            (version.replace('-', ""), name, entry.name.as_str())
        })
        .collect();
    named.sort();
    let labels: Vec<String> = named.iter().map(|(version, ..)| counted(version)).collect();
    let mut numbers = Numbers::of(labels.iter().map(String::as_str));
    for ((_, name, directory), label) in named.iter().zip(&labels) {
        let path = folder.path(directory);
        let Some(up) = folder.file(&format!("{path}/up.sql")) else {
            found.unread(&path, "it holds no up.sql", "add up.sql, or delete the folder");
            continue;
        };
        let down = folder.file(&format!("{path}/down.sql")).transpose();
        let is_outside = is_outside(folder, &path);
        match (up, down, is_outside) {
            (Ok(up), Ok(down), Ok(is_outside)) => {
                let script = |file| Text {
                    outside: is_outside.then(|| Span::at(0)),
                    file,
                };
                let up = script(up);
                let label = numbers.take(label, &up, &mut found);
                found.take(&label, &plain(name), up, down.map(script));
            }
            (up, down, outside) => {
                let problems = [up.err(), down.err(), outside.err()].into_iter().flatten();
                found.problems.extend(problems.map(|problem| *problem));
            }
        }
    }
    found
}

/// A time with a counter behind it, `20260730140000` and `0002`, as the time counted on: diesel orders versions as
/// texts, so that such a one stands before those of later times without a counter.
fn counted(label: &str) -> String {
    const TIME: usize = 14;
    let parts = label
        .split_at_checked(TIME)
        .filter(|(_, counter)| counter.len() == 4);
    let sum =
        parts.and_then(|(time, counter)| Some(time.parse::<u64>().ok()? + counter.parse::<u64>().ok()?));
    sum.map_or_else(|| label.to_string(), |sum| format!("{sum:0>TIME$}"))
}

/// `run_in_transaction = false` of metadata.toml.
fn is_outside(folder: &Folder<'_>, path: &str) -> Result<bool, Box<Diagnostic>> {
    let shown = format!("{path}/metadata.toml");
    let Some(file) = folder.file(&shown).transpose()? else {
        return Ok(false);
    };
    let table: toml::Table = file.text().parse().map_err(|error: toml::de::Error| {
        let problem = Diagnostic::error(format!("{shown}: {}", error.message()));
        let span = error.span().map_or(Span::at(0), Span::from);
        Box::new(problem.at(&file, span).help("write it as TOML"))
    })?;
    Ok(table.get("run_in_transaction").and_then(toml::Value::as_bool) == Some(false))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn a_folder_is_a_migration() {
        assert_eq!(
            read_lines(
                LayoutName::Diesel,
                &[
                    "m/00000000000000_diesel_initial_setup/up.sql",
                    "m/2025-01-02-030405_add-x/up.sql=select 1;",
                    "m/2025-01-02-030405_add-x/down.sql=-- é\nselect 2;",
                    "m/2025-01-02-030405_add-x/metadata.toml=run_in_transaction = false\n",
                    "m/2025-01-02-040000_counted/up.sql",
                    "m/2025-01-02-040000-0000_counted/up.sql",
                    "m/2025-01-03-000000_bad/up.sql",
                    "m/2025-01-03-000000_bad/metadata.toml=run_in",
                    "m/empty/down.sql",
                    "m/x.sql",
                ]
            ),
            [
                "00000000000000 diesel_initial_setup: m/00000000000000_diesel_initial_setup/up.sql:1:1 [select 1] / -",
                "20250102030405 add_x: m/2025-01-02-030405_add-x/up.sql:1:1 outside [select 1] / \
                 m/2025-01-02-030405_add-x/down.sql:2:1 outside [select 2]",
                "20250102040000 counted: m/2025-01-02-040000_counted/up.sql:1:1 [select 1] / -",
                "20250102040001 counted: m/2025-01-02-040000-0000_counted/up.sql:1:1 [select 1] / -",
                "error: m/2025-01-03-000000_bad/metadata.toml:1:7 m/2025-01-03-000000_bad/metadata.toml: key with no value, \
                 expected `=`",
                "warning: m/x.sql:1:1 m/x.sql is not read: diesel has a folder for each migration",
                "warning: m/2025-01-02-040000-0000_counted/up.sql:1:1 version 20250102040000 is there twice: \
                 m/2025-01-02-040000-0000_counted/up.sql is read as version 20250102040001",
                "warning: m/empty:1:1 m/empty is not read: it holds no up.sql",
            ]
        );
    }
}
