//! Seed data of proofs: `prove/seed/NNNN_name.sql`, loaded before that version.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::file::{has_extension, list, os_reason, try_file};
use super::load::Project;
use crate::diagnostic::Diagnostic;
use crate::migration::Version;
use crate::source::SourceFile;

/// Where the files are, from the project's root.
pub const FOLDER: &str = "prove/seed";

/// The seed files, each with the version that it is loaded before; in the order of versions and names.
///
/// # Errors
/// What cannot be read, and what belongs to no migration.
pub fn seeds(project: &Project) -> Result<Vec<(Version, Arc<SourceFile>)>, Vec<Diagnostic>> {
    let folder = project.root.directory.join(FOLDER);
    let entries = match list(&folder) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => {
            let message = format!("{FOLDER} cannot be read: {}", os_reason(&error));
            return Err(vec![Diagnostic::error(message).help("allow yourself to read it")]);
        }
    };
    let (mut seeds, mut problems) = (Vec::new(), Vec::new());
    for entry in entries
        .iter()
        .filter(|entry| !entry.is_directory && has_extension(&entry.name, "sql"))
    {
        let shown = format!("{FOLDER}/{}", entry.name);
        let digits: &str = entry
            .name
            .split(|c: char| !c.is_ascii_digit())
            .next()
            .unwrap_or("");
        let version = digits.parse::<Version>().ok();
        match version.filter(|version| project.set.get(*version).is_some()) {
            Some(version) => {
                match try_file(
                    &folder.join(Path::new(&entry.file_name)),
                    &shown,
                    entry.is_regular,
                ) {
                    Ok(file) => seeds.push((version, file)),
                    Err(problem) => problems.push(*problem),
                }
            }
            None => problems.push(
                Diagnostic::error(format!("{shown} belongs to no migration"))
                    .in_file(&shown)
                    .help(
                        "let its name begin with the version that it is loaded before, as in 0024_rows.sql",
                    ),
            ),
        }
    }
    seeds.sort_by_key(|(version, _)| *version);
    match problems.is_empty() {
        true => Ok(seeds),
        false => Err(problems),
    }
}

/// A file that the command line names, relative to where the run starts.
///
/// # Errors
/// Why it cannot be read.
pub fn named_file(start: &Path, path: &Path) -> Result<Arc<SourceFile>, Vec<Diagnostic>> {
    try_file(&start.join(path), &path.display().to_string(), false).map_err(|problem| vec![*problem])
}
