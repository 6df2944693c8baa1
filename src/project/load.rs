//! Reads a project: settings, scripts and check files.
//!
//! In messages a file's path is relative to the project's root, wherever one stands: `migrations/0024_x.sql`. Where the
//! command line names the folders, their paths are as they were given.

use std::cell::OnceCell;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use super::config::{Config, FILE_NAME, Folder};
use super::discovery::{LoadOptions, MIGRATIONS, Root};
use super::file::{Entry, has_extension, list, os_reason, try_file};
use super::layout::{self, LayoutName, PsqlSettings};
use super::suites::Parsed;
use crate::diagnostic::Diagnostic;
use crate::migration::{Set, Version};
use crate::source::SourceFile;

/// A project, read once.
#[derive(Debug, Clone)]
pub struct Project {
    pub root: Root,
    pub config: Config,
    pub set: Set,
    /// Those of migrations by version, then the always-on suites by name.
    pub check_files: Vec<CheckFile>,
    /// False when the command line names folders, and none for migrations: nothing is known of what is pending.
    pub has_migrations: bool,
    pub folders: Paths,
    /// What does not keep a run from going on.
    pub warnings: Vec<Diagnostic>,
    /// How the tool of the layout has psql run its scripts, when it does.
    pub psql: Option<PsqlSettings>,
    pub parsed: Parsed,
}

/// Where the project's files stand, relative to its root unless absolute; `None` for a folder that is not looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    pub migrations: Option<String>,
    pub rollbacks: Option<String>,
    /// A folder or a single file.
    pub checks: Option<String>,
}

/// A check file, read but not parsed.
#[derive(Debug, Clone)]
pub struct CheckFile {
    /// What reports call the suite: the label of its migration, else the file's stem.
    pub id: String,
    /// The migration that it belongs to; `None` for an always-on suite.
    pub version: Option<Version>,
    pub file: Arc<SourceFile>,
}

/// Finds the project and reads its settings alone: for commands that need none of its files.
///
/// Without a project the settings are the defaults, so that a database can be looked at from anywhere.
///
/// # Errors
/// Everything that is wrong with the settings.
pub fn settings(options: &LoadOptions) -> Result<Config, Vec<Diagnostic>> {
    match Root::find(options) {
        Ok(root) => read_config(&root, options),
        // without a directory to start from there is nothing to fall back to
        Err(problem) if options.start().is_err() => Err(vec![*problem]),
        Err(_) => Config::without_file(options.environment.as_deref()),
    }
}

/// A project whose settings are read, and whose files are not: enough to begin to connect.
pub struct Found {
    root: Root,
    pub config: Config,
    folders: Folders,
    layout: Option<LayoutName>,
    /// The folders of the migrations and of their rollbacks, as far as they were looked at.
    ahead: [OnceLock<Listed>; 2],
}

/// A folder of scripts.
struct Listed {
    entries: io::Result<Vec<Entry>>,
    /// What was read of them so far, in their order; `None` for what is no script.
    read: Vec<Option<ReadFile>>,
}

type ReadFile = Result<Arc<SourceFile>, Box<Diagnostic>>;

impl Listed {
    fn of(wanted: &Wanted, root: &Path) -> Listed {
        Listed {
            entries: list(&root.join(&wanted.path)),
            read: Vec::new(),
        }
    }
}

/// How many files are read at once: well below what the server takes to let somebody in.
const SOME: usize = 32;

impl Found {
    /// Finds the project.
    ///
    /// # Errors
    /// Everything that is wrong with its settings.
    pub fn find(options: &LoadOptions) -> Result<Found, Vec<Diagnostic>> {
        let root = Root::find(options).map_err(|problem| vec![*problem])?;
        let config = read_config(&root, options)?;
        Ok(Found {
            folders: Folders::of(&root, &config, options)?,
            layout: options.layout.or(config.settings.layout),
            root,
            config,
            ahead: Default::default(),
        })
    }

    /// Whether migrations may be there that run again whenever they changed, by the names of the files.
    pub fn may_repeat(&self) -> bool {
        let Some(wanted) = &self.folders.migrations else {
            return false;
        };
        let is_flyway = matches!(self.layout, None | Some(LayoutName::Flyway));
        let listed = self.ahead[0].get_or_init(|| Listed::of(wanted, &self.root.directory));
        let mut entries = listed.entries.iter().flatten();
        is_flyway && entries.any(|entry| entry.name.starts_with("R__"))
    }

    /// Reads some scripts ahead of [`read`](Found::read); whether there may be more.
    pub fn read_some(&mut self) -> bool {
        let root = &self.root.directory;
        let folders = [&self.folders.migrations, &self.folders.rollbacks];
        for (wanted, ahead) in folders.into_iter().zip(&mut self.ahead) {
            let Some(wanted) = wanted else { continue };
            ahead.get_or_init(|| Listed::of(wanted, root));
            let Some(Listed {
                entries: Ok(entries),
                read,
            }) = ahead.get_mut()
            else {
                continue;
            };
            let from = read.len();
            let some = entries.iter().skip(from).take(SOME);
            read.extend(some.map(|entry| {
                let is_script = !entry.is_directory && has_extension(&entry.name, "sql");
                is_script.then(|| wanted.read(root, entry))
            }));
            if read.len() > from {
                return true;
            }
        }
        false
    }

    /// Reads the files.
    ///
    /// # Errors
    /// Everything that is wrong with them.
    pub fn read(self) -> Result<Project, Vec<Diagnostic>> {
        let Found {
            root,
            config,
            folders,
            layout: forced,
            ahead,
        } = self;
        let [ahead, rollbacks_ahead] = ahead.map(OnceLock::into_inner);
        let mut reading = Reading {
            root: &root.directory,
            known: folders.paths(&root.directory),
            problems: Vec::new(),
        };
        let rollbacks = reading.folder(folders.rollbacks.as_ref(), rollbacks_ahead, "sql");
        let before = reading.problems.len();
        let mut migrations = Some(Vec::new());
        let mut laid = None;
        if let Some(wanted) = &folders.migrations {
            let mut listed = ahead.unwrap_or_else(|| Listed::of(wanted, &root.directory));
            migrations = reading.files(wanted, &mut listed, "sql");
            let folder = layout::Folder {
                root: &root.directory,
                shown: &wanted.path,
                entries: listed.entries.as_deref().unwrap_or_default(),
                files: migrations.as_deref().unwrap_or_default(),
                has_rollbacks: rollbacks.as_ref().is_some_and(|files| !files.is_empty()),
                signs: OnceCell::new(),
            };
            laid = Some(Laid::of(&folder, forced).map_err(|problem| vec![*problem])?);
        }
        if let Some(laid) = laid.as_ref().filter(|laid| layout::is_nested(laid.name))
            // the plan of sqitch needs no folder of that name
            && (migrations.is_some() || laid.name == LayoutName::Sqitch)
        {
            // where its scripts are is the layout's matter
            reading.problems.truncate(before);
            migrations.get_or_insert_default();
        }
        let checks = match &folders.checks {
            Some(checks) if root.directory.join(&checks.path).is_file() => Some(vec![reading.file(
                &root.directory.join(&checks.path),
                checks.path.clone(),
                false,
            )]),
            checks => reading.folder(checks.as_ref(), None, "toml"),
        };
        let mut problems = reading.problems;
        // what pairs with a folder that could not be read is not to be blamed
        let (Some(migrations), Some(rollbacks), Some(checks)) = (migrations, rollbacks, checks) else {
            return Err(problems);
        };
        let names: Vec<String> = match folders.migrations {
            // a suite by itself belongs to nothing
            Some(_) => checks.iter().map(|file| file.path().to_string()).collect(),
            None => Vec::new(),
        };
        let mut warnings = config.warnings.clone();
        let mut psql = None;
        let built = match laid {
            Some(laid) if laid.name != LayoutName::Pgplumb => {
                warnings.extend(laid.found.warnings);
                psql = laid.found.psql;
                problems.extend(laid.found.problems);
                Set::of(laid.found.migrations, rollbacks, &names)
            }
            _ => {
                warnings.extend(folders.misspelt_rollbacks(&root));
                Set::build(migrations, rollbacks, &names)
            }
        };
        match built {
            Ok(set) if problems.is_empty() => Ok(Project {
                check_files: check_files(&set, checks),
                has_migrations: folders.migrations.is_some(),
                folders: folders.shown(),
                root,
                config,
                set,
                warnings,
                psql,
                parsed: Parsed::default(),
            }),
            built => {
                problems.extend(built.err().unwrap_or_default());
                problems.sort_by_key(Diagnostic::location);
                Err(problems)
            }
        }
    }
}

impl Project {
    /// Finds and reads the project.
    ///
    /// # Errors
    /// Everything that is wrong with its settings; when they are right, everything that is wrong with its files.
    pub fn load(options: &LoadOptions) -> Result<Project, Vec<Diagnostic>> {
        Found::find(options)?.read()
    }

    /// Settings alone, or the defaults where there is no project: for what looks at a database from anywhere.
    ///
    /// # Errors
    /// Everything that is wrong with the settings.
    pub fn without_files(options: &LoadOptions) -> Result<Project, Vec<Diagnostic>> {
        let config = settings(options)?;
        let project = Project::of_check_files(options, &[])?;
        Ok(Project { config, ..project })
    }

    /// Check files alone, with no project around them.
    ///
    /// # Errors
    /// Every file that cannot be read.
    pub fn of_check_files(options: &LoadOptions, files: &[PathBuf]) -> Result<Project, Vec<Diagnostic>> {
        let directory = options.start().map_err(|problem| vec![*problem])?;
        let mut reading = Reading {
            root: &directory,
            known: Vec::new(),
            problems: Vec::new(),
        };
        let read: Vec<_> = files
            .iter()
            .map(|path| reading.file(&directory.join(path), path.display().to_string(), false))
            .collect();
        if !reading.problems.is_empty() {
            return Err(reading.problems);
        }
        let set = Set::default();
        Ok(Project {
            check_files: check_files(&set, read),
            root: Root {
                directory,
                config: None,
                bare: true,
            },
            config: Config::default(),
            set,
            has_migrations: false,
            folders: Paths {
                migrations: None,
                rollbacks: None,
                checks: None,
            },
            warnings: Vec::new(),
            psql: None,
            parsed: Parsed::default(),
        })
    }
}

fn read_config(root: &Root, options: &LoadOptions) -> Result<Config, Vec<Diagnostic>> {
    let env = options.environment.as_deref();
    let Some(path) = &root.config else {
        return Config::without_file(env);
    };
    let shown = match &options.config {
        Some(given) => given.display().to_string(),
        None => FILE_NAME.to_string(),
    };
    let mut reading = Reading {
        root: &root.directory,
        known: Vec::new(),
        problems: Vec::new(),
    };
    let file = reading.file(path, shown, false);
    match reading.problems.is_empty() {
        true => Config::parse(&file, env),
        false => Err(reading.problems),
    }
}

/// The folders of a run; `None` is not looked at.
struct Folders {
    migrations: Option<Wanted>,
    rollbacks: Option<Wanted>,
    checks: Option<Wanted>,
}

/// A folder to read.
struct Wanted {
    /// Relative to the root unless absolute, as messages show it.
    path: String,
    /// It has to exist.
    required: bool,
    /// Where it is named, for messages.
    named_by: Named,
}

enum Named {
    /// By default.
    Nowhere,
    Setting(crate::source::Place),
    CommandLine(&'static str),
}

impl Folders {
    fn of(root: &Root, config: &Config, options: &LoadOptions) -> Result<Folders, Vec<Diagnostic>> {
        let from = |given: &Option<PathBuf>, flag: &'static str, setting: &Folder, needed: bool| match given {
            Some(path) => Some(Wanted {
                path: from_root(root, options, path),
                required: true,
                named_by: Named::CommandLine(flag),
            }),
            None if root.bare => None,
            None => Some(Wanted {
                path: match (&setting.place, needed) {
                    (None, true) => default_folder(root),
                    _ => trimmed(&setting.path),
                },
                required: needed || setting.place.is_some(),
                named_by: match &setting.place {
                    Some(place) => Named::Setting(place.clone()),
                    None => Named::Nowhere,
                },
            }),
        };
        let settings = &config.settings;
        let folders = Folders {
            migrations: from(&options.migrations, "--migrations", &settings.migrations, true),
            rollbacks: from(&options.rollbacks, "--rollbacks", &settings.rollbacks, false),
            checks: from(&options.checks, "--checks", &settings.checks, false),
        };
        match (&folders.migrations, &folders.rollbacks) {
            (None, Some(_)) => Err(vec![
                Diagnostic::error("--rollbacks names a folder, and nothing names that of its migrations")
                    .help("add --migrations DIR"),
            ]),
            (Some(migrations), Some(rollbacks)) if migrations.path == rollbacks.path => Err(vec![
                Diagnostic::error(format!(
                    "migrations and rollbacks are in one folder: {}",
                    migrations.path
                ))
                .help("give the rollbacks a folder of their own"),
            ]),
            _ => Ok(folders),
        }
    }

    fn shown(&self) -> Paths {
        let path = |wanted: &Option<Wanted>| wanted.as_ref().map(|wanted| wanted.path.clone());
        Paths {
            migrations: path(&self.migrations),
            rollbacks: path(&self.rollbacks),
            checks: path(&self.checks),
        }
    }

    /// Where the folders are on disk.
    fn paths(&self, root: &Path) -> Vec<PathBuf> {
        [&self.migrations, &self.rollbacks, &self.checks]
            .into_iter()
            .flatten()
            .filter_map(|wanted| fs::canonicalize(root.join(&wanted.path)).ok())
            .collect()
    }

    /// `rollbacks/` beside a missing `rollback/` is a folder that somebody believes to be read.
    fn misspelt_rollbacks(&self, root: &Root) -> Option<Diagnostic> {
        let wanted = self.rollbacks.as_ref()?;
        let is_there = |path: &str| root.directory.join(path).is_dir();
        let unread =
            matches!(wanted.named_by, Named::Nowhere) && !is_there(&wanted.path) && is_there("rollbacks");
        unread.then(|| {
            Diagnostic::warning("rollbacks/ is not read: the folder of the rollbacks is rollback/").help(
                format!("rename it, or set rollbacks = \"rollbacks\" in {FILE_NAME}"),
            )
        })
    }
}

/// A path of the command line, which is relative to where the run starts, as one relative to the root.
fn from_root(root: &Root, options: &LoadOptions, path: &Path) -> String {
    let start = options.start().unwrap_or_default();
    match root.directory == start {
        true => trimmed(&path.to_string_lossy()),
        false => start.join(path).to_string_lossy().into_owned(),
    }
}

/// The folder of migrations where nothing names it: the first that is there.
fn default_folder(root: &Root) -> String {
    let found = MIGRATIONS
        .iter()
        .find(|folder| root.directory.join(folder).is_dir());
    found.unwrap_or(&MIGRATIONS[0]).to_string()
}

/// `./migrations/` → `migrations`.
fn trimmed(path: &str) -> String {
    let inner = path.strip_prefix("./").unwrap_or(path).trim_end_matches('/');
    match inner {
        "" if path.starts_with('/') => "/".to_string(),
        "" => ".".to_string(),
        inner => inner.to_string(),
    }
}

impl Wanted {
    /// Reads a file of the folder.
    fn read(&self, root: &Path, entry: &Entry) -> ReadFile {
        let path = root.join(&self.path).join(&entry.file_name);
        try_file(&path, &self.shown(entry), entry.is_regular)
    }

    /// A file of the folder, for people.
    fn shown(&self, entry: &Entry) -> String {
        match self.path.as_str() {
            "." => entry.name.clone(),
            path => format!("{}/{}", path.trim_end_matches('/'), entry.name),
        }
    }
}

/// What a folder holds by its layout.
struct Laid {
    name: LayoutName,
    found: layout::Found,
}

impl Laid {
    /// Which layout a folder has, and what it holds by it.
    ///
    /// # Errors
    /// When the files speak for more than one.
    fn of(folder: &layout::Folder<'_>, forced: Option<LayoutName>) -> Result<Laid, Box<Diagnostic>> {
        let name = forced.map_or_else(|| layout::detect(folder), Ok)?;
        let found = layout::read(name, folder);
        Ok(Laid { name, found })
    }
}

/// Reads files and collects what cannot be read.
struct Reading<'a> {
    root: &'a Path,
    /// Folders that may stand within one another.
    known: Vec<PathBuf>,
    problems: Vec<Diagnostic>,
}

impl Reading<'_> {
    /// The files of a folder with that extension, when it is to be read.
    ///
    /// `None` when the folder itself cannot be read.
    fn folder(
        &mut self,
        wanted: Option<&Wanted>,
        ahead: Option<Listed>,
        extension: &str,
    ) -> Option<Vec<Arc<SourceFile>>> {
        let Some(wanted) = wanted else {
            return Some(Vec::new());
        };
        let mut listed = ahead.unwrap_or_else(|| Listed::of(wanted, self.root));
        self.files(wanted, &mut listed, extension)
    }

    /// The files of a folder with that extension, in the order of their names.
    ///
    /// Hidden files and whatever has another extension are nobody's mistake. A folder within the folder that holds
    /// such files is: they would be left out without a word.
    ///
    /// `None` when the folder itself cannot be read.
    fn files(
        &mut self,
        wanted: &Wanted,
        listed: &mut Listed,
        extension: &str,
    ) -> Option<Vec<Arc<SourceFile>>> {
        let directory = self.root.join(&wanted.path);
        let entries = match &listed.entries {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound && !wanted.required => {
                return Some(Vec::new());
            }
            Err(error) => {
                self.problems.push(unreadable_folder(wanted, error));
                return None;
            }
        };
        let mut files = Vec::with_capacity(entries.len());
        let mut ahead = std::mem::take(&mut listed.read).into_iter();
        for entry in entries {
            if let Some(Some(read)) = ahead.next() {
                files.push(self.take(read, || wanted.shown(entry)));
            } else if entry.is_directory {
                let path = directory.join(&entry.file_name);
                self.nested(&path, &wanted.shown(entry), &wanted.path, extension);
            } else if has_extension(&entry.name, extension) {
                files.push(self.take(wanted.read(self.root, entry), || wanted.shown(entry)));
            }
        }
        Some(files)
    }

    /// Reads a file. One that cannot be read is there all the same, as an empty one, so that what belongs to it is
    /// not reported as well.
    ///
    /// `is_regular` when that is known already.
    fn file(&mut self, path: &Path, shown: String, is_regular: bool) -> Arc<SourceFile> {
        let read = try_file(path, &shown, is_regular);
        self.take(read, || shown)
    }

    fn take(&mut self, read: ReadFile, shown: impl FnOnce() -> String) -> Arc<SourceFile> {
        read.unwrap_or_else(|problem| {
            self.problems.push(*problem);
            SourceFile::new(shown(), "")
        })
    }

    /// A folder within a folder.
    fn nested(&mut self, path: &Path, shown: &str, folder: &str, extension: &str) {
        let is_known = fs::canonicalize(path).is_ok_and(|path| self.known.contains(&path));
        let held = match list(path) {
            Ok(entries) if !is_known => entries
                .iter()
                .filter(|entry| !entry.is_directory && has_extension(&entry.name, extension))
                .count(),
            _ => 0,
        };
        if held > 0 {
            let files = if held == 1 { "file" } else { "files" };
            self.problems.push(
                Diagnostic::error(format!(
                    "{shown}/ holds {held} .{extension} {files} that would not be read"
                ))
                .in_file(shown)
                .want(format!("all files directly in {folder}/"))
                .help("move them up, or the folder out"),
            );
        }
    }
}

fn unreadable_folder(wanted: &Wanted, error: &io::Error) -> Diagnostic {
    let folder = format!("{}/", wanted.path.trim_end_matches('/'));
    let message = format!("{folder} cannot be read: {}", os_reason(error));
    let problem = Diagnostic::error(message);
    match &wanted.named_by {
        Named::Setting(place) => problem
            .at_place(place.clone())
            .help("create the folder, or name another one"),
        Named::CommandLine(flag) => problem
            .in_file(&wanted.path)
            .help(format!("name an existing folder with {flag}")),
        Named::Nowhere if error.kind() == io::ErrorKind::NotFound => problem.in_file(&wanted.path).help(
            format!("create it, or name the folder of the migrations in {FILE_NAME}: migrations = \"…\""),
        ),
        Named::Nowhere if error.kind() == io::ErrorKind::NotADirectory => problem
            .in_file(&wanted.path)
            .help("make a folder of that name, or move the file away"),
        Named::Nowhere => problem.in_file(&wanted.path).help("allow yourself to read it"),
    }
}

fn check_files(set: &Set, files: Vec<Arc<SourceFile>>) -> Vec<CheckFile> {
    let mut check_files: Vec<CheckFile> = files.into_iter().map(|file| check_file(set, file)).collect();
    check_files.sort_by(|a, b| {
        let key = |file: &CheckFile| (file.version.is_none(), file.version);
        key(a).cmp(&key(b)).then_with(|| a.id.cmp(&b.id))
    });
    check_files
}

fn check_file(set: &Set, file: Arc<SourceFile>) -> CheckFile {
    let name = file.path().rsplit(['/', '\\']).next().unwrap_or_default();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem).to_string();
    let parsed = crate::migration::FileName::parse_stem(&stem).ok();
    match (set.owner_of(&stem), parsed) {
        (Some(migration), _) => CheckFile {
            id: migration.label.clone(),
            version: Some(migration.version),
            file,
        },
        // without a folder of migrations, the name alone says which version it is
        (None, Some(name)) => CheckFile {
            id: name.label,
            version: Some(name.version),
            file,
        },
        (None, None) => CheckFile {
            id: stem,
            version: None,
            file,
        },
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A directory of real files: `path` with `select 1;`, `path=text`, or `path/` for a folder.
    fn tree(entries: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for entry in entries {
            let (path, text) = entry.split_once('=').unwrap_or((entry, "select 1;"));
            let full = directory.path().join(path);
            if path.ends_with('/') {
                fs::create_dir_all(full).unwrap();
            } else {
                fs::create_dir_all(full.parent().unwrap()).unwrap();
                fs::write(full, text).unwrap();
            }
        }
        directory
    }

    fn at(directory: &Path) -> LoadOptions {
        LoadOptions {
            directory: Some(directory.to_path_buf()),
            ..LoadOptions::default()
        }
    }

    /// `file:line:column message | have | want | help`, the parts that there are.
    fn lines(problems: &[Diagnostic]) -> Vec<String> {
        problems
            .iter()
            .map(|problem| {
                let place = match (&problem.place, &problem.file) {
                    (Some(place), _) => format!("{} ", place.location()),
                    (None, Some(file)) => format!("{file} "),
                    (None, None) => String::new(),
                };
                let facts = problem
                    .facts
                    .iter()
                    .map(|(label, text)| format!(" | {label}: {text}"));
                let help = problem.help.as_deref().unwrap_or("NO HELP");
                format!("{place}{}{} | {help}", problem.message, facts.collect::<String>())
            })
            .collect()
    }

    fn problems(options: &LoadOptions) -> Vec<String> {
        lines(&Project::load(options).unwrap_err())
    }

    #[test]
    fn a_project_is_read_from_any_directory_in_it() {
        let directory = tree(&[
            "migrations/0001_a.sql",
            "migrations/0002_b.sql",
            "migrations/README.md",
            "migrations/.gitkeep",
            "migrations/.#0002_b.sql",
            "migrations/0002_b.sql~",
            "migrations/0002_b.sql.orig",
            "migrations/notes/todo.txt",
            "rollback/0002_b.sql",
            "checks/0002_b.toml=",
            "checks/baseline.toml=",
            "checks/README.md",
            "src/deep/",
        ]);
        for from in ["", "src/deep", "migrations"] {
            let project = Project::load(&at(&directory.path().join(from))).unwrap();
            let read: Vec<String> = project
                .set
                .iter()
                .map(|migration| {
                    let down = migration.down.as_ref().map_or("-", |down| down.file.path());
                    format!("{} {} {down}", migration.label, migration.up.file.path())
                })
                .collect();
            assert_eq!(
                read,
                [
                    "0001 migrations/0001_a.sql -",
                    "0002 migrations/0002_b.sql rollback/0002_b.sql"
                ]
            );
            let checks: Vec<String> = project
                .check_files
                .iter()
                .map(|check| {
                    format!(
                        "{} {:?} {}",
                        check.id,
                        check.version.map(Version::number),
                        check.file.path()
                    )
                })
                .collect();
            assert_eq!(
                checks,
                [
                    "0002 Some(2) checks/0002_b.toml",
                    "baseline None checks/baseline.toml"
                ]
            );
            assert!(project.has_migrations && project.warnings.is_empty());
        }
    }

    #[test]
    fn folders_may_be_named_without_a_project() {
        let directory = tree(&["up/1_a.sql", "down/1_a.sql", "c/1_a.toml=", "c/extra.toml="]);
        let mut options = at(directory.path());
        options.migrations = Some("./up/".into());
        let project = Project::load(&options).unwrap();
        let only = project.set.iter().next().unwrap();
        assert_eq!((only.up.file.path(), only.down.is_none()), ("up/1_a.sql", true));
        assert!(project.check_files.is_empty() && project.has_migrations);

        options.rollbacks = Some("down".into());
        options.checks = Some(directory.path().join("c"));
        let project = Project::load(&options).unwrap();
        assert_eq!(
            project
                .set
                .iter()
                .next()
                .unwrap()
                .down
                .as_ref()
                .unwrap()
                .file
                .path(),
            "down/1_a.sql"
        );
        assert_eq!(project.check_files.len(), 2);

        // one file, and nothing known of migrations
        let mut options = at(directory.path());
        options.checks = Some("c/1_a.toml".into());
        let project = Project::load(&options).unwrap();
        assert!(project.set.is_empty() && !project.has_migrations);
        let check = &project.check_files[0];
        assert_eq!((check.id.as_str(), check.file.path()), ("1", "c/1_a.toml"));

        options.checks = Some("gone.toml".into());
        assert_eq!(
            problems(&options),
            [
                "gone.toml gone.toml/ cannot be read: no such file or directory | name an existing folder with --checks"
            ]
        );
        options = at(directory.path());
        options.rollbacks = Some("down".into());
        assert_eq!(
            problems(&options),
            ["--rollbacks names a folder, and nothing names that of its migrations | add --migrations DIR"]
        );
        options.migrations = Some("./down".into());
        assert_eq!(
            problems(&options),
            ["migrations and rollbacks are in one folder: down | give the rollbacks a folder of their own"]
        );
    }

    #[test]
    fn settings_name_the_folders_and_may_nest_them() {
        let directory = tree(&[
            "pgplumb.toml=migrations = \"db/migrations\"\nrollbacks = \"db/migrations/rollback\"\nchecks = \"./checks/\"\n",
            "db/migrations/0024_a.sql",
            "db/migrations/rollback/0024_a.sql",
            "checks/0024_a.toml=",
        ]);
        let project = Project::load(&at(directory.path())).unwrap();
        let migration = project.set.by_label("24").unwrap();
        assert_eq!(migration.up.file.path(), "db/migrations/0024_a.sql");
        assert_eq!(
            migration.down.as_ref().unwrap().file.path(),
            "db/migrations/rollback/0024_a.sql"
        );
        assert_eq!(project.check_files[0].file.path(), "checks/0024_a.toml");

        let elsewhere = LoadOptions {
            config: Some(directory.path().join("pgplumb.toml")),
            ..at(&std::env::temp_dir())
        };
        assert_eq!(Project::load(&elsewhere).unwrap().set.len(), 1);
    }

    #[test]
    fn a_missing_folder_is_an_error_only_when_it_is_needed() {
        let directory = tree(&["pgplumb.toml=", "rollback/1_a.sql", "checks/1_a.toml="]);
        assert_eq!(
            problems(&at(directory.path())),
            [
                "migrations migrations/ cannot be read: no such file or directory | create it, or name the folder of the \
                 migrations in pgplumb.toml: migrations = \"…\""
            ]
        );
        let directory = tree(&["pgplumb.toml=\nchecks = \"chekcs\"\n", "migrations/1_a.sql"]);
        assert_eq!(
            problems(&at(directory.path())),
            [
                "pgplumb.toml:2:10 chekcs/ cannot be read: no such file or directory | create the folder, or name another \
                 one"
            ]
        );
        let mut options = at(directory.path());
        options.migrations = Some("gone".into());
        assert_eq!(
            problems(&options),
            [
                "gone gone/ cannot be read: no such file or directory | name an existing folder with --migrations"
            ]
        );
        options.migrations = Some("pgplumb.toml".into());
        assert_eq!(
            problems(&options),
            [
                "pgplumb.toml pgplumb.toml/ cannot be read: not a directory | name an existing folder with --migrations"
            ]
        );
        let directory = tree(&["migrations/"]);
        assert!(Project::load(&at(directory.path())).unwrap().set.is_empty());
    }

    #[test]
    fn a_folder_that_looks_like_rollback_is_warned_about() {
        let directory = tree(&["migrations/1_a.sql", "rollbacks/1_a.sql"]);
        let project = Project::load(&at(directory.path())).unwrap();
        assert_eq!(
            lines(&project.warnings),
            [
                "rollbacks/ is not read: the folder of the rollbacks is rollback/ | rename it, or set rollbacks = \
                 \"rollbacks\" in pgplumb.toml"
            ]
        );
    }

    #[test]
    fn everything_that_cannot_be_read_is_named_at_once() {
        let directory = tree(&[
            "migrations/0001_a.sql",
            "migrations/0003_c.sql/",
            "migrations/0004_d.sql=select 'a\0b';",
            "migrations/24-Add.sql",
            "migrations/2025/0005_e.sql",
            "migrations/2025/0006_f.sql",
            "rollback/0002_b.sql",
            "rollback/0009_z.sql",
            "rollback/0024_add.sql",
            "checks/old/x.toml=",
        ]);
        let migrations = directory.path().join("migrations");
        fs::write(
            migrations.join("0002_b.sql"),
            b"\xef\xbb\xbfselect 1;\r\nselect '\xff';\r\n",
        )
        .unwrap();
        fs::write(migrations.join("0007_g.sql"), b"\xff\xfes\0").unwrap();
        symlink("nowhere.sql", migrations.join("0008_h.sql")).unwrap();
        assert_eq!(
            problems(&at(directory.path())),
            [
                "checks/old checks/old/ holds 1 .toml file that would not be read | want: all files directly in checks/ | \
                 move them up, or the folder out",
                "migrations/0002_b.sql:2:9 migrations/0002_b.sql is not valid UTF-8 | have: byte 0xff at offset 22 | save \
                 the file as UTF-8",
                "migrations/0004_d.sql:1:10 migrations/0004_d.sql holds a NUL character, which PostgreSQL does not take | \
                 remove the character",
                "migrations/0007_g.sql:1:1 migrations/0007_g.sql is not valid UTF-8 | have: byte 0xff at offset 0 | it \
                 looks like UTF-16: save the file as UTF-8",
                "migrations/0008_h.sql migrations/0008_h.sql cannot be read: it is a link to a file that is gone | mend or \
                 remove the link",
                "migrations/2025 migrations/2025/ holds 2 .sql files that would not be read | want: all files directly in \
                 migrations/ | move them up, or the folder out",
                "migrations/24-Add.sql \"24-Add.sql\" is not a migration's file name | want: NNNN_snake_name.sql: digits, \
                 \"_\", then letters, digits and \"_\" | rename it to 0024_add.sql",
                "rollback/0009_z.sql rollback rollback/0009_z.sql belongs to no migration | add its migration, or restore it where it was applied; else delete the rollback",
            ]
        );
    }

    #[test]
    fn links_are_followed_and_pipes_are_not_waited_for() {
        let directory = tree(&["elsewhere/x.sql=select 2;", "migrations/"]);
        let migrations = directory.path().join("migrations");
        symlink("../elsewhere/x.sql", migrations.join("0001_a.sql")).unwrap();
        let project = Project::load(&at(directory.path())).unwrap();
        assert_eq!(project.set.by_label("1").unwrap().up.file.text(), "select 2;");

        let pipe = migrations.join("0002_pipe.sql");
        assert!(
            std::process::Command::new("mkfifo")
                .arg(&pipe)
                .status()
                .unwrap()
                .success()
        );
        assert_eq!(
            problems(&at(directory.path())),
            [
                "migrations/0002_pipe.sql migrations/0002_pipe.sql cannot be read: it is no regular file | replace it by \
                 one, or move it away"
            ]
        );
    }

    #[test]
    fn what_may_not_be_read_is_said() {
        let directory = tree(&["migrations/1_a.sql", "rollback/1_a.sql"]);
        let file = directory.path().join("migrations/1_a.sql");
        let folder = directory.path().join("rollback");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        // root reads whatever there is
        let is_root = fs::read(&file).is_ok();
        let loaded = Project::load(&at(directory.path()));
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        match loaded {
            Ok(_) => assert!(is_root),
            Err(problems) => assert_eq!(
                lines(&problems),
                [
                    "migrations/1_a.sql migrations/1_a.sql cannot be read: permission denied | allow yourself to read it",
                    "rollback rollback/ cannot be read: permission denied | allow yourself to read it",
                ]
            ),
        }
    }

    #[test]
    fn check_files_may_stand_alone() {
        let directory = tree(&["0024_a.toml=", "baseline.toml=", "folder/"]);
        let options = at(directory.path());
        let files = ["baseline.toml", "0024_a.toml"].map(PathBuf::from);
        let project = Project::of_check_files(&options, &files).unwrap();
        let ids: Vec<&str> = project
            .check_files
            .iter()
            .map(|check| check.id.as_str())
            .collect();
        assert_eq!(ids, ["0024", "baseline"]);
        let files = ["gone.toml", "folder"].map(PathBuf::from);
        assert_eq!(
            lines(&Project::of_check_files(&options, &files).unwrap_err()),
            [
                "gone.toml gone.toml cannot be read: no such file | check the path",
                "folder folder cannot be read: it is no regular file | replace it by one, or move it away",
            ]
        );
    }

    #[test]
    fn settings_alone_need_no_project() {
        let directory = tree(&[
            "empty/",
            "shop/pgplumb.toml=role = \"a\"\n[env.prod]\nrole = \"b\"\n",
        ]);
        let mut options = at(&directory.path().join("empty"));
        assert_eq!(settings(&options).unwrap(), Config::default());
        options.environment = Some("prod".to_string());
        assert_eq!(
            lines(&settings(&options).unwrap_err()),
            [
                "environment \"prod\" is not defined | add a table [env.prod] to pgplumb.toml, or leave out --env and \
                 PGPLUMB_ENV"
            ]
        );
        options.directory = Some(directory.path().join("shop"));
        assert_eq!(settings(&options).unwrap().settings.role.as_deref(), Some("b"));
        options.directory = Some(directory.path().join("gone"));
        assert_eq!(settings(&options).unwrap_err().len(), 1);
        options = at(directory.path());
        options.config = Some("shop/pgplmb.toml".into());
        assert_eq!(
            lines(&settings(&options).unwrap_err()),
            ["shop/pgplmb.toml shop/pgplmb.toml cannot be read: no such file | check the path"]
        );
    }
}
