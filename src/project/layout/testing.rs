//! Folders that are laid out for a test.

use super::*;
use crate::project::file::{has_extension, list};

/// What is read from `path=text` entries below a root, `folder` being that of the migrations.
pub fn look<T>(entries: &[&str], folder: &str, ask: impl Fn(&Folder<'_>) -> T) -> T {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join(folder)).unwrap();
    for entry in entries {
        let (path, text) = entry.split_once('=').unwrap_or((entry, "select 1;"));
        let path = root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let directory = root.path().join(folder);
    let listed = list(&directory).unwrap();
    let files: Vec<_> = listed
        .iter()
        .filter(|entry| !entry.is_directory && has_extension(&entry.name, "sql"))
        .map(|entry| {
            let shown = format!("{folder}/{}", entry.name);
            try_file(&directory.join(&entry.name), &shown, true).unwrap()
        })
        .collect();
    ask(&Folder {
        root: root.path(),
        shown: folder,
        entries: &listed,
        files: &files,
        has_rollbacks: false,
        signs: OnceCell::new(),
    })
}

/// The layout that is found, or what the error says.
pub fn detected(entries: &[&str]) -> Result<LayoutName, String> {
    look(entries, "m", |folder| {
        detect(folder).map_err(|problem| crate::diagnostic::render(&problem))
    })
}

/// What is read: a line a migration, problem or warning.
pub fn read_lines(name: LayoutName, entries: &[&str]) -> Vec<String> {
    look(entries, "m", |folder| lines(&read(name, folder)))
}

pub fn lines(found: &Found) -> Vec<String> {
    let script = |script: &MigrationScript| {
        let texts: Vec<&str> = script
            .statements()
            .iter()
            .map(|statement| script.file.slice(statement.span))
            .collect();
        let at = script.statements().first().map_or_else(
            || script.file.path().to_string(),
            |first| script.file.location(first.span.start).to_string(),
        );
        let outside = if script.is_transactional() { "" } else { " outside" };
        format!("{at}{outside} [{}]", texts.join("; "))
    };
    let mut lines: Vec<String> = found
        .migrations
        .iter()
        .map(|migration| {
            let down = migration.down.as_deref().map_or("-".to_string(), script);
            format!(
                "{} {}: {} / {down}",
                migration.label,
                migration.name,
                script(&migration.up)
            )
        })
        .collect();
    for diagnostic in found.problems.iter().chain(&found.warnings) {
        assert!(diagnostic.help.is_some(), "{}", diagnostic.message);
        lines.push(format!(
            "{}: {} {}",
            diagnostic.severity.as_str(),
            diagnostic.location().unwrap(),
            diagnostic.message
        ));
    }
    lines
}
