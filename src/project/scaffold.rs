//! What `init` and `new` write. Nothing is ever overwritten, and a failure leaves nothing behind.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::config::{FILE_NAME, template};
use super::file::os_reason;
use super::load::Project;
use crate::diagnostic::Diagnostic;
use crate::migration::version::{is_timestamp, snake_case};
use crate::migration::{FileName, Set, Version};

/// Longest name of a change, so that file names stay within what file systems take.
const NAME_LENGTH: usize = 200;

/// A file that was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    pub path: PathBuf,
    /// The same as messages show it: relative to the project's root.
    pub shown: String,
}

impl Written {
    /// The path as it can be opened from a directory: the short one where that leads to the file, else the whole.
    pub fn openable_from(&self, here: Option<&Path>) -> String {
        match here {
            Some(here) if here.join(&self.shown) == self.path => self.shown.clone(),
            _ => self.path.display().to_string(),
        }
    }
}

/// Writes a project into a directory, which is created when it is not there.
///
/// # Errors
/// When a project is there already, or a file cannot be written.
pub fn init(directory: &Path) -> Result<Vec<Written>, Box<Diagnostic>> {
    let settings = directory.join(FILE_NAME);
    if settings.symlink_metadata().is_ok() {
        let message = format!("a project is here already: {}", settings.display());
        return Err(Box::new(Diagnostic::error(message).help(
            "start its next change with `pgplumb new NAME`, or choose another directory",
        )));
    }
    let mut writing = Writing::new(directory);
    writing.add(FILE_NAME, &template())?;
    // migrations that are here already are taken as they are
    if directory.join("migrations").symlink_metadata().is_err() {
        writing.add("migrations/README.md", include_str!("templates/migrations.md"))?;
    }
    // folders of another tool may be here, with notes of their own
    for (path, text) in [
        ("rollback/README.md", include_str!("templates/rollback.md")),
        ("checks/README.md", include_str!("templates/checks.md")),
    ] {
        if directory.join(path).symlink_metadata().is_err() {
            writing.add(path, text)?;
        }
    }
    Ok(writing.finish())
}

/// Writes the files of the next change: migration, rollback and checks. `now` is `YYYYMMDDhhmmss` in UTC, for a project
/// whose versions are timestamps.
///
/// # Errors
/// When the name cannot be one, or a file cannot be written.
pub fn new(project: &Project, name: &str, now: &str) -> Result<Vec<Written>, Box<Diagnostic>> {
    let name = change_name(name)?;
    let label = next_label(&project.set, now)?;
    let folders = &project.folders;
    let Some(migrations) = &folders.migrations else {
        return Err(Box::new(
            Diagnostic::error("nothing names the folder of the migrations").help("add --migrations DIR"),
        ));
    };
    let stem = format!("{label}_{name}");
    let within = |folder: &str, extension: &str| match folder {
        "." => format!("{stem}.{extension}"),
        folder => format!("{}/{stem}.{extension}", folder.trim_end_matches('/')),
    };
    let migration = within(migrations, "sql");
    // a single check file that the command line names is no folder
    let checks = folders
        .checks
        .as_deref()
        .filter(|path| !project.root.directory.join(path).is_file());
    let checks = checks.map(|folder| within(folder, "toml"));
    let mut title = name.replace('_', " ");
    if let Some(first) = title.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    let fill = |text: &str| {
        text.replace("{title}", &title)
            .replace("{label}", &label)
            .replace("{migration}", &migration)
            .replace("{checks}", checks.as_deref().unwrap_or("its check file"))
    };
    let mut writing = Writing::new(&project.root.directory);
    writing.add(&migration, &fill(include_str!("templates/migration.sql")))?;
    if let Some(folder) = &folders.rollbacks {
        writing.add(
            &within(folder, "sql"),
            &fill(include_str!("templates/rollback.sql")),
        )?;
    }
    if let Some(path) = &checks {
        writing.add(path, &fill(include_str!("templates/checks.toml")))?;
    }
    Ok(writing.finish())
}

/// `Add User` → `add_user`.
fn change_name(given: &str) -> Result<String, Box<Diagnostic>> {
    let refuse = |reason: &str, help: &str| {
        let message = format!("{given:?} cannot be the name of a change: {reason}");
        Err(Box::new(Diagnostic::error(message).help(help)))
    };
    let given_stem = given.strip_suffix(".sql").unwrap_or(given);
    if let Ok(FileName { name, .. }) = FileName::parse_stem(given_stem) {
        return refuse(
            "its version is chosen by pgplumb",
            &format!("leave the version out: pgplumb new {name}"),
        );
    }
    match snake_case(given_stem) {
        None => refuse(
            "it holds no letter from a to z and no digit",
            "name the change in a few words, such as add_users",
        ),
        Some(name) if name.len() > NAME_LENGTH => refuse(
            &format!("it is longer than {NAME_LENGTH} characters"),
            "name the change in a few words, such as add_users",
        ),
        Some(name) => Ok(name),
    }
}

/// The version behind the newest, written as wide as that one; the time where the newest is one.
fn next_label(set: &Set, now: &str) -> Result<String, Box<Diagnostic>> {
    let Some(newest) = set.newest() else {
        return Ok("0001".to_string());
    };
    let next = newest
        .version
        .number()
        .checked_add(1)
        .and_then(Version::new)
        .ok_or_else(|| {
            let message = format!("there is no version behind {}", newest.label);
            Box::new(Diagnostic::error(message).help("write the files by hand, with a version in between"))
        })?;
    let next = match now.parse() {
        // never behind the newest, even when that one was written by a clock that is ahead
        Ok(now) if is_timestamp(&newest.label) => next.max(now),
        _ => next,
    };
    Ok(format!("{next:0width$}", width = newest.label.len()))
}

/// Files written so far; they are taken back unless [`finish`](Writing::finish) is reached.
struct Writing<'a> {
    root: &'a Path,
    files: Vec<Written>,
    folders: Vec<PathBuf>,
}

impl<'a> Writing<'a> {
    fn new(root: &'a Path) -> Writing<'a> {
        Writing {
            root,
            files: Vec::new(),
            folders: Vec::new(),
        }
    }

    /// Writes a file whole or not at all.
    fn add(&mut self, shown: &str, text: &str) -> Result<(), Box<Diagnostic>> {
        let path = self.root.join(shown);
        self.write(&path, text).map_err(|error| {
            let (reason, help) = match error.kind() {
                io::ErrorKind::AlreadyExists => (
                    "it exists already".to_string(),
                    "move it away, or choose another name",
                ),
                _ => (os_reason(&error), "see to it that the folder can be written"),
            };
            let message = format!("{shown} cannot be written: {reason}");
            Box::new(Diagnostic::error(message).in_file(shown).help(help))
        })?;
        self.files.push(Written {
            path,
            shown: shown.to_string(),
        });
        Ok(())
    }

    fn write(&mut self, path: &Path, text: &str) -> io::Result<()> {
        let folder = path.parent().unwrap_or(self.root);
        self.make_folder(folder)?;
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pgplumb-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // as any new file: what the umask leaves of it
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let mut file = builder.tempfile_in(folder)?;
        file.write_all(text.as_bytes())?;
        file.persist_noclobber(path)?;
        Ok(())
    }

    /// Makes a folder and those above it, and remembers which are new.
    fn make_folder(&mut self, folder: &Path) -> io::Result<()> {
        let missing: Vec<&Path> = folder.ancestors().take_while(|folder| !folder.exists()).collect();
        for folder in missing
            .into_iter()
            .rev()
            .filter(|folder| !folder.as_os_str().is_empty())
        {
            fs::create_dir(folder)?;
            self.folders.push(folder.to_path_buf());
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Written> {
        self.folders.clear();
        std::mem::take(&mut self.files)
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        // what cannot be taken back stays; there is nobody left to tell
        for file in &self.files {
            let _ = fs::remove_file(&file.path);
        }
        for folder in self.folders.iter().rev() {
            let _ = fs::remove_dir(folder);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use crate::project::LoadOptions;

    const NOW: &str = "20261121043000";

    fn load(directory: &Path) -> Project {
        let options = LoadOptions {
            directory: Some(directory.to_path_buf()),
            ..LoadOptions::default()
        };
        Project::load(&options).unwrap()
    }

    fn project(migrations: &[&str]) -> (tempfile::TempDir, Project) {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("migrations")).unwrap();
        for name in migrations {
            fs::write(directory.path().join("migrations").join(name), "select 1;").unwrap();
        }
        let project = load(directory.path());
        (directory, project)
    }

    fn shown(files: &[Written]) -> Vec<&str> {
        files.iter().map(|file| file.shown.as_str()).collect()
    }

    fn all_files(directory: &Path) -> Vec<String> {
        let mut found = Vec::new();
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.push(format!("{}/", path.display()));
                found.extend(all_files(&path));
            } else {
                found.push(path.display().to_string());
            }
        }
        found.sort();
        found
    }

    #[test]
    fn init_makes_a_project_that_loads() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("new/shop");
        let files = init(&root).unwrap();
        assert_eq!(
            shown(&files),
            [
                "pgplumb.toml",
                "migrations/README.md",
                "rollback/README.md",
                "checks/README.md"
            ]
        );
        let project = load(&root);
        assert!(project.set.is_empty() && project.check_files.is_empty() && project.warnings.is_empty());
        assert_eq!(project.config, crate::project::Config::default());
        // nothing of the writing itself is left
        assert_eq!(all_files(&root).len(), 7);
        use std::os::unix::fs::PermissionsExt as _;
        let mode = fs::metadata(&files[0].path).unwrap().permissions().mode();
        let plain = directory.path().join("plain");
        fs::write(&plain, "").unwrap();
        assert_eq!(mode, fs::metadata(plain).unwrap().permissions().mode());

        let before = all_files(&root);
        let refusal = render(&init(&root).unwrap_err());
        assert_eq!(
            refusal,
            format!(
                "error: a project is here already: {}\n  help: start its next change with `pgplumb new NAME`, or choose \
                 another directory\n",
                root.join("pgplumb.toml").display()
            )
        );
        assert_eq!(all_files(&root), before);
    }

    #[test]
    fn init_leaves_what_is_there() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("checks")).unwrap();
        fs::write(directory.path().join("checks/README.md"), "mine").unwrap();
        let files = init(directory.path()).unwrap();
        assert_eq!(
            shown(&files),
            ["pgplumb.toml", "migrations/README.md", "rollback/README.md"]
        );
        assert_eq!(
            fs::read_to_string(directory.path().join("checks/README.md")).unwrap(),
            "mine"
        );

        let directory = tempfile::tempdir().unwrap();
        fs::create_dir(directory.path().join("migrations")).unwrap();
        let files = init(directory.path()).unwrap();
        assert_eq!(
            shown(&files),
            ["pgplumb.toml", "rollback/README.md", "checks/README.md"]
        );
        // twice is once too often
        let before = all_files(directory.path());
        assert!(init(directory.path()).is_err());
        assert_eq!(all_files(directory.path()), before);
    }

    #[test]
    fn a_failure_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        // a file where a folder has to be
        fs::write(directory.path().join("checks"), "").unwrap();
        let before = all_files(directory.path());
        let refusal = init(directory.path()).unwrap_err();
        assert!(
            refusal
                .message
                .starts_with("checks/README.md cannot be written: "),
            "{}",
            refusal.message
        );
        assert_eq!(all_files(directory.path()), before);

        let (directory, project) = project(&["0001_a.sql"]);
        fs::create_dir(directory.path().join("checks")).unwrap();
        fs::write(directory.path().join("checks/0002_b.toml"), "mine").unwrap();
        let before = all_files(directory.path());
        let refusal = new(&project, "b", NOW).unwrap_err();
        assert_eq!(
            render(&refusal),
            "error: checks/0002_b.toml cannot be written: it exists already\n  --> checks/0002_b.toml\n  help: move it \
             away, or choose another name\n"
        );
        assert_eq!(all_files(directory.path()), before);
    }

    #[test]
    fn new_writes_the_three_files_of_the_next_change() {
        let (directory, project) = project(&["0009_a.sql"]);
        let files = new(&project, "Add User's table", NOW).unwrap();
        assert_eq!(
            shown(&files),
            [
                "migrations/0010_add_users_table.sql",
                "rollback/0010_add_users_table.sql",
                "checks/0010_add_users_table.toml"
            ]
        );
        for file in &files {
            let text = fs::read_to_string(&file.path).unwrap();
            assert!(text.contains("Add users table") && !text.contains('{'), "{text}");
        }
        // it loads; what keeps it from being run is that nothing is written yet
        let project = load(directory.path());
        let change = project.set.by_label("10").unwrap();
        let messages: Vec<String> = [&change.up, change.down.as_ref().unwrap()]
            .iter()
            .flat_map(|script| script.validate())
            .map(|problem| problem.message)
            .collect();
        assert_eq!(
            messages,
            [
                "migrations/0010_add_users_table.sql holds no statement",
                "rollback/0010_add_users_table.sql holds no statement"
            ]
        );
        let check = &project.check_files[0];
        let suite = crate::check::parse(&check.file, &check.id, check.version).unwrap();
        assert_eq!(
            (suite.id.as_str(), suite.title.as_deref()),
            ("0010", Some("Add users table"))
        );

        let files = new(&project, "next", NOW).unwrap();
        assert_eq!(
            files[0].openable_from(Some(directory.path())),
            "migrations/0011_next.sql"
        );
        let whole = directory
            .path()
            .join("migrations/0011_next.sql")
            .display()
            .to_string();
        for elsewhere in [None, Some(Path::new("/"))] {
            assert_eq!(files[0].openable_from(elsewhere), whole);
        }
    }

    #[test]
    fn the_examples_of_the_templates_are_right() {
        let readme = include_str!("templates/checks.md");
        let example = readme
            .split("```toml\n")
            .nth(1)
            .unwrap()
            .split("```")
            .next()
            .unwrap();
        let file = crate::source::SourceFile::new("example.toml", example);
        let suite = crate::check::parse(&file, "example", None);
        assert!(suite.is_ok(), "{}", render(&suite.unwrap_err()[0]));

        let readme = include_str!("templates/migrations.md");
        let directives: String = readme
            .split('`')
            .filter(|part| part.starts_with("-- pgplumb:"))
            .map(|line| format!("{line}\n"))
            .collect();
        let file = crate::source::SourceFile::new("example.sql", directives);
        let (_, problems) = crate::migration::MigrationScript::new(file, crate::migration::Direction::Up);
        assert_eq!(problems, []);
    }

    #[test]
    fn the_next_version_is_written_as_the_newest_is() {
        for (migrations, expected) in [
            (vec![], "0001"),
            (vec!["1_a.sql"], "2"),
            (vec!["001_a.sql", "010_b.sql"], "011"),
            (vec!["9_a.sql"], "10"),
            (vec!["0009_a.sql", "9999_b.sql"], "10000"),
            (vec!["20250611101500_a.sql"], NOW),
            (vec!["20991231235959_a.sql"], "20991231235960"),
            (vec!["99999999999999_a.sql"], "100000000000000"),
            (vec!["0001_a.sql", "1579713176_b.sql"], "1579713177"),
        ] {
            let (_directory, project) = project(&migrations);
            assert_eq!(next_label(&project.set, NOW).unwrap(), expected, "{migrations:?}");
        }
        let (_directory, project) = project(&["9223372036854775807_a.sql"]);
        assert!(new(&project, "b", NOW).is_err());
    }

    #[test]
    fn names_that_cannot_be_are_refused() {
        let (directory, project) = project(&[]);
        let long = "x".repeat(201);
        for (name, expected) in [
            (
                "0024_add_user",
                "\"0024_add_user\" cannot be the name of a change: its version is chosen by pgplumb | leave the version \
                 out: pgplumb new add_user",
            ),
            (
                "日本",
                "\"日本\" cannot be the name of a change: it holds no letter from a to z and no digit | name the change \
                 in a few words, such as add_users",
            ),
            (
                "",
                "\"\" cannot be the name of a change: it holds no letter from a to z and no digit | name the change in a \
                 few words, such as add_users",
            ),
            (
                &long,
                "it is longer than 200 characters | name the change in a few words, such as add_users",
            ),
        ] {
            let refusal = new(&project, name, NOW).unwrap_err();
            let line = format!("{} | {}", refusal.message, refusal.help.unwrap());
            assert!(line.ends_with(expected), "{line}");
        }
        assert_eq!(all_files(directory.path()).len(), 1);
        assert_eq!(
            new(&project, "../AddUser.sql", NOW).unwrap()[0].shown,
            "migrations/0001_add_user.sql"
        );
    }
}
