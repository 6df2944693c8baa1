//! sqlx: `20250101000000_name.sql`, or `….up.sql` with `….down.sql`; `-- no-transaction` as the first line.

use std::sync::Arc;

use super::golang_migrate::{has_pairs, pairs};
use super::{Folder, Found, Layout, LayoutName, Text, file_name, numbered_name, plain};
use crate::source::{SourceFile, Span};

pub(super) const LAYOUT: Layout = Layout {
    name: LayoutName::Sqlx,
    evidence,
    read,
    is_nested: false,
};

const NO_TRANSACTION: &str = "-- no-transaction";

fn evidence(folder: &Folder<'_>) -> Option<String> {
    if has_pairs(folder) {
        return sign(folder);
    }
    // without that line, its simple files are read as pgplumb reads its own
    let fits = |file: &Arc<SourceFile>| numbered_name(file_name(file)).is_some();
    folder.files.iter().all(fits).then(|| declared(folder)).flatten()
}

/// What speaks for sqlx where the names do not.
pub fn sign(folder: &Folder<'_>) -> Option<String> {
    declared(folder)
        .or_else(|| folder.has_beside(".sqlx"))
        .or_else(|| folder.has_beside("sqlx-data.json"))
        .or_else(|| folder.mentions("Cargo.toml", "sqlx"))
}

fn declared(folder: &Folder<'_>) -> Option<String> {
    let file = folder
        .files
        .iter()
        .find(|file| file.text().starts_with(NO_TRANSACTION))?;
    Some(format!("{} begins with \"{NO_TRANSACTION}\"", file.path()))
}

fn script(file: &Arc<SourceFile>) -> Text {
    let declared = file.text().starts_with(NO_TRANSACTION);
    Text {
        file: Arc::clone(file),
        outside: declared.then(|| Span::new(0, NO_TRANSACTION.len())),
    }
}

fn read(folder: &Folder<'_>) -> Found {
    let mut found = Found::default();
    if has_pairs(folder) {
        for (label, name, up, down) in pairs(folder, &mut found, script) {
            found.take(label, &plain(name), up, down);
        }
        return found;
    }
    for file in folder.files {
        let parts = numbered_name(file_name(file));
        match parts.and_then(|(label, rest)| Some((label, rest.strip_suffix(".sql")?))) {
            Some((_, name)) if name.ends_with(".up") || name.ends_with(".down") => found.unread(
                file.path(),
                "sqlx does not mix simple and reversible migrations",
                "name all files 0001_name.sql, or all 0001_name.up.sql and 0001_name.down.sql",
            ),
            Some((label, name)) => found.take(label, &plain(name), script(file), None),
            None => found.unread(
                file.path(),
                "sqlx's files are named 0001_name.sql",
                "rename it, or move it out of the folder",
            ),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_lines;
    use super::*;

    #[test]
    fn simple_and_reversible_files_and_the_declaration() {
        assert_eq!(
            read_lines(
                LayoutName::Sqlx,
                &[
                    "m/1_a b.sql=-- no-transaction\nselect 1;",
                    "m/2_b.sql=\n-- no-transaction\nselect 1;",
                    "m/3_c.up.sql",
                ]
            ),
            [
                "1 a_b: m/1_a b.sql:2:1 outside [select 1] / -",
                "2 b: m/2_b.sql:3:1 [select 1] / -",
                "warning: m/3_c.up.sql:1:1 m/3_c.up.sql is not read: sqlx does not mix simple and reversible migrations",
            ]
        );
        assert_eq!(
            read_lines(
                LayoutName::Sqlx,
                &["m/1_a.up.sql", "m/1_a.down.sql=-- no-transaction\ndrop table a;"]
            ),
            ["1 a: m/1_a.up.sql:1:1 [select 1] / m/1_a.down.sql:2:1 outside [drop table a]"]
        );
    }
}
