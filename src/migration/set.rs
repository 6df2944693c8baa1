//! All migrations of a project, in order, each with its rollback.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::checksum::{self, Width};
use super::directives::Direction;
use super::script::{MigrationScript, Rules};
use super::version::{self, FileName, FileNameError, StemError, Version};
use crate::diagnostic::Diagnostic;
use crate::source::SourceFile;

/// One change: a script that makes it and, mostly, one that takes it back.
#[derive(Debug, Clone)]
pub struct Migration {
    pub version: Version,
    /// The version as the file name writes it: `0024`.
    pub label: String,
    pub name: String,
    pub up: MigrationScript,
    pub down: Option<Box<MigrationScript>>,
}

impl Migration {
    /// What its files are called, without their extensions: `0024_sync_preview`.
    pub fn stem(&self) -> String {
        version::stem(&self.label, &self.name)
    }

    /// Whether it runs again whenever its script changed, behind those that have a number.
    pub fn is_repeatable(&self) -> bool {
        self.version.is_repeatable()
    }

    /// The reason that the migration itself gives for having no rollback.
    pub fn irreversible(&self) -> Option<&str> {
        let written = self.up.directives.irreversible.as_ref()?;
        Some(&written.value)
    }

    /// What the history records. `None` when the version does not fit the width.
    pub fn checksum(&self, width: Width) -> Option<u64> {
        checksum::checksum(width, self.version, &self.name, self.up.file.text())
    }

    /// Whether a recorded checksum is that of this migration's script: of a repeatable its SHA-256.
    pub fn accepts_checksum(&self, recorded: &str) -> bool {
        if self.is_repeatable() {
            return recorded == self.sha256();
        }
        checksum::accepts(recorded, self.version, &self.name, &self.up.file)
    }

    /// SHA-256 of the script's text, for the journal.
    pub fn sha256(&self) -> String {
        checksum::sha256(self.up.file.text())
    }
}

/// How much of scripts is taken apart before it is known which of them run, in bytes: a moment's work.
const AHEAD: usize = 16 * 1024;

/// The migrations of a project in the order of their versions, no version twice.
#[derive(Debug, Clone, Default)]
pub struct Set {
    migrations: Vec<Migration>,
}

impl Set {
    /// Pairs scripts. `check_files` are the paths of all check files: a numbered one needs its migration.
    ///
    /// # Errors
    /// Everything that is wrong with the names, the pairs and the directives, ordered by file.
    pub fn build(
        migrations: Vec<Arc<SourceFile>>,
        rollbacks: Vec<Arc<SourceFile>>,
        check_files: &[String],
    ) -> Result<Set, Vec<Diagnostic>> {
        let mut problems = Vec::new();
        // what belongs to a migration whose own name is unreadable is not to be blamed as well
        let meant: Vec<String> = migrations
            .iter()
            .filter_map(|file| meant_stem(file.path()))
            .collect();
        let is_meant = |path: &str| meant.iter().any(|stem| stem == stem_of(path));
        let ups = read(migrations, Direction::Up, &mut problems);
        let downs = read(rollbacks, Direction::Down, &mut problems);

        let mut set = Set::default();
        for (name, up) in first_of_each(ups, &mut problems) {
            set.migrations.push(Migration {
                version: name.version,
                label: name.label,
                name: name.name,
                up,
                down: None,
            });
        }
        for (name, down) in first_of_each(downs, &mut problems) {
            match set.index_of(&name) {
                Ok(index) => {
                    let migration = &mut set.migrations[index];
                    problems.extend(declared_irreversible(migration, &down));
                    migration.down = Some(Box::new(down));
                }
                Err(_) if is_meant(down.file.path()) => {}
                Err(like) => problems.push(orphan(
                    down.file.path(),
                    Kind::Rollback,
                    like.map(|index| &set.migrations[index]),
                )),
            }
        }
        problems.extend(set.check_owners(check_files));
        set.or_problems(problems)
    }

    /// Takes migrations that another tool's layout has paired already, in any order. A rollback in a folder of its own
    /// has the file name of its migration.
    ///
    /// # Errors
    /// Versions that are there twice, rollbacks and numbered check files without a migration; ordered by file.
    pub fn of(
        mut migrations: Vec<Migration>,
        rollbacks: Vec<Arc<SourceFile>>,
        check_files: &[String],
    ) -> Result<Set, Vec<Diagnostic>> {
        migrations.sort_unstable_by(|a, b| (a.version, a.up.file.path()).cmp(&(b.version, b.up.file.path())));
        let mut problems = Vec::new();
        for same in migrations.chunk_by(|a, b| a.version == b.version) {
            if same.len() > 1 {
                let paths: Vec<&str> = same.iter().map(|migration| migration.up.file.path()).collect();
                problems.push(twice(same[0].version, &paths));
            }
        }
        migrations.dedup_by_key(|migration| migration.version);
        for file in rollbacks {
            let name = file_name_of(file.path());
            let owner = migrations
                .iter_mut()
                .find(|migration| migration.down.is_none() && file_name_of(migration.up.file.path()) == name);
            match owner {
                Some(migration) => {
                    let (down, found) = MigrationScript::new(file, Direction::Down);
                    problems.extend(found);
                    problems.extend(declared_irreversible(migration, &down));
                    migration.down = Some(Box::new(down.as_psql()));
                }
                None => problems.push(orphan(file.path(), Kind::Rollback, None)),
            }
        }
        let set = Set { migrations };
        problems.extend(set.check_owners(check_files));
        set.or_problems(problems)
    }

    /// The same migrations, run as psql would run them.
    pub fn as_psql(mut self) -> Set {
        for migration in &mut self.migrations {
            migration.up.rules = Rules::AsPsql;
            if let Some(down) = &mut migration.down {
                down.rules = Rules::AsPsql;
            }
        }
        self
    }

    fn or_problems(self, mut problems: Vec<Diagnostic>) -> Result<Set, Vec<Diagnostic>> {
        if problems.is_empty() {
            return Ok(self);
        }
        problems.sort_by_key(Diagnostic::location);
        Err(problems)
    }

    /// Numbered check files that belong to no migration, or to one that has another.
    fn check_owners(&self, check_files: &[String]) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        let mut owners: BTreeMap<Version, &str> = BTreeMap::new();
        for path in check_files {
            let stem = stem_of(path);
            let Some(name) = numbered(stem) else { continue };
            let found = match name {
                Ok(name) => self.index_of(&name),
                // `0024.toml`, `0024-sync.toml`: numbered, and the stem of no migration
                Err(version) => Err(version.and_then(|version| self.position(version))),
            };
            match found {
                Ok(index) => {
                    let version = self.migrations[index].version;
                    if let Some(first) = owners.insert(version, path) {
                        problems.push(twice(version, &[first, path]));
                    }
                }
                Err(like) => problems.push(orphan(
                    path,
                    Kind::Check,
                    like.map(|index| &self.migrations[index]),
                )),
            }
        }
        problems
    }

    /// All migrations, oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, Migration> {
        self.migrations.iter()
    }

    pub fn get(&self, version: Version) -> Option<&Migration> {
        self.position(version).map(|index| &self.migrations[index])
    }

    /// The migration of a version as a person writes it: `24`, `0024`.
    pub fn by_label(&self, label: &str) -> Option<&Migration> {
        self.get(label.parse().ok()?)
    }

    /// The migration that a check file belongs to, by the file's stem; `None` for an always-on suite.
    pub fn owner_of(&self, stem: &str) -> Option<&Migration> {
        let name = FileName::parse_stem(stem).ok()?;
        let index = self.index_of(&name).ok()?;
        Some(&self.migrations[index])
    }

    /// The newest one that has a number.
    pub fn newest(&self) -> Option<&Migration> {
        self.versioned().next_back()
    }

    /// Those that have a number, oldest first.
    pub fn versioned(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.iter().filter(|migration| !migration.is_repeatable())
    }

    /// Those that run again whenever they changed, in the order in which they run.
    pub fn repeatables(&self) -> impl DoubleEndedIterator<Item = &Migration> {
        self.iter().filter(|migration| migration.is_repeatable())
    }

    /// The newest scripts, which are mostly those that are pending: what pays to be taken apart while the server is
    /// waited for.
    pub fn likely(&self) -> impl Iterator<Item = &MigrationScript> {
        let mut left = Some(AHEAD);
        let newest = self.migrations.iter().rev().map(|migration| &migration.up);
        newest.take_while(move |script| {
            left = left.and_then(|left| left.checked_sub(script.file.text().len()));
            left.is_some()
        })
    }

    pub fn len(&self) -> usize {
        self.migrations.len()
    }

    pub fn is_empty(&self) -> bool {
        self.migrations.is_empty()
    }

    /// What keeps any script of the set from being run, ordered by file: what `checks lint` looks at. A run asks
    /// [`MigrationScript::validate`] of the scripts that it is going to run.
    pub fn validate(&self) -> Vec<Diagnostic> {
        let ups = self.iter().map(|migration| &migration.up);
        let downs = self.iter().filter_map(|migration| migration.down.as_deref());
        ups.chain(downs).flat_map(MigrationScript::validate).collect()
    }

    fn position(&self, version: Version) -> Option<usize> {
        self.migrations
            .binary_search_by_key(&version, |migration| migration.version)
            .ok()
    }

    /// The migration of that version and name, else the one that was probably meant.
    fn index_of(&self, name: &FileName) -> Result<usize, Option<usize>> {
        match self.position(name.version) {
            Some(index) if self.migrations[index].name == name.name => Ok(index),
            Some(index) => Err(Some(index)),
            None => Err(self
                .migrations
                .iter()
                .position(|migration| migration.name == name.name)),
        }
    }
}

impl<'a> IntoIterator for &'a Set {
    type Item = &'a Migration;
    type IntoIter = std::slice::Iter<'a, Migration>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// A file that has to belong to a migration.
#[derive(Clone, Copy)]
enum Kind {
    Rollback,
    Check,
}

/// The last part of a path.
fn file_name_of(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

/// The same without its extension.
fn stem_of(path: &str) -> &str {
    let file_name = file_name_of(path);
    file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem)
}

/// The stem that an unreadable file name probably means.
fn meant_stem(path: &str) -> Option<String> {
    match FileName::parse(file_name_of(path)) {
        Err(FileNameError::Malformed { nearest, .. }) => nearest.map(|name| stem_of(&name).to_string()),
        _ => None,
    }
}

/// The name of a numbered check file, or at least its version; `None` for an always-on suite.
fn numbered(stem: &str) -> Option<Result<FileName, Option<Version>>> {
    match FileName::parse_stem(stem) {
        Ok(name) => Some(Ok(name)),
        Err(StemError::Version(_)) => Some(Err(None)),
        Err(StemError::Malformed) => {
            let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
            let (label, rest) = stem.split_at(digits);
            let is_numbered = digits > 0 && (rest.is_empty() || rest.starts_with(['_', '-', '.', ' ']));
            is_numbered.then(|| Err(label.parse().ok()))
        }
    }
}

/// Reads names and directives; scripts come back ordered by version, then by file.
fn read(
    files: Vec<Arc<SourceFile>>,
    direction: Direction,
    problems: &mut Vec<Diagnostic>,
) -> Vec<(FileName, MigrationScript)> {
    let mut scripts = Vec::with_capacity(files.len());
    for file in files {
        match FileName::parse(file_name_of(file.path())) {
            Ok(name) => {
                let (script, found) = MigrationScript::new(file, direction);
                problems.extend(found);
                scripts.push((name, script));
            }
            Err(error) => problems.push(unreadable_name(file.path(), &error)),
        }
    }
    scripts.sort_by(|(a, first), (b, second)| {
        (a.version, first.file.path()).cmp(&(b.version, second.file.path()))
    });
    scripts
}

/// Reports versions that are there twice, and goes on with the first of each.
fn first_of_each(
    scripts: Vec<(FileName, MigrationScript)>,
    problems: &mut Vec<Diagnostic>,
) -> Vec<(FileName, MigrationScript)> {
    for same in scripts.chunk_by(|(a, _), (b, _)| a.version == b.version) {
        if same.len() > 1 {
            let paths: Vec<&str> = same.iter().map(|(_, script)| script.file.path()).collect();
            problems.push(twice(same[0].0.version, &paths));
        }
    }
    let mut scripts = scripts;
    scripts.dedup_by(|(later, _), (earlier, _)| later.version == earlier.version);
    scripts
}

fn twice(version: Version, paths: &[&str]) -> Diagnostic {
    let (last, others) = paths.split_last().unwrap_or((&"", &[]));
    let times = if paths.len() == 2 {
        "twice".to_string()
    } else {
        format!("{} times", paths.len())
    };
    Diagnostic::error(format!(
        "version {version} is there {times}: {} and {last}",
        others.join(", ")
    ))
    .in_file(*last)
    .help("give all but one of them a version of their own")
}

/// What is wrong with the file name of a script.
pub fn unreadable_name(path: &str, error: &FileNameError) -> Diagnostic {
    let problem = Diagnostic::error(error.to_string()).in_file(path);
    match error {
        FileNameError::Malformed { nearest, .. } => {
            problem.want(FileName::FORM).help(match nearest.as_deref() {
                Some(nearest) if nearest.starts_with("NNNN") => {
                    format!("put a version in front: {nearest}")
                }
                Some(nearest) => format!("rename it to {nearest}"),
                None => "rename it, or move it out of the folder".to_string(),
            })
        }
        FileNameError::Version { .. } => {
            problem.help("give it a smaller version, such as a timestamp: 20250611101500")
        }
    }
}

fn orphan(path: &str, kind: Kind, like: Option<&Migration>) -> Diagnostic {
    let (what, extension, alone) = match kind {
        Kind::Rollback => (
            "rollback",
            "sql",
            "add its migration, or restore it where it was applied; else delete the rollback",
        ),
        Kind::Check => (
            "check file",
            "toml",
            "add its migration, or restore it where it was applied; a file whose name has no number is checked always",
        ),
    };
    let problem = Diagnostic::error(format!("{what} {path} belongs to no migration")).in_file(path);
    match like {
        Some(migration) => {
            let meant = format!("{}.{extension}", migration.stem());
            problem
                .have(file_name_of(path))
                .want(format!("{meant}, after {}", migration.up.file.path()))
                .help(format!("did you mean {meant}? Rename the file"))
        }
        None => problem.help(alone),
    }
}

fn declared_irreversible(migration: &Migration, down: &MigrationScript) -> Option<Diagnostic> {
    let declared = migration.up.directives.irreversible.as_ref()?;
    Some(
        Diagnostic::error(format!(
            "{} is declared irreversible, and {} is its rollback",
            migration.up.file.path(),
            down.file.path()
        ))
        .at(&migration.up.file, declared.span)
        .help("remove the directive, or delete the rollback"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `path` or `path=text`.
    fn files(list: &[&str]) -> Vec<Arc<SourceFile>> {
        list.iter()
            .map(|entry| {
                let (path, text) = entry.split_once('=').unwrap_or((entry, "select 1;"));
                SourceFile::new(path, text)
            })
            .collect()
    }

    fn build(migrations: &[&str], rollbacks: &[&str], checks: &[&str]) -> Result<Set, Vec<Diagnostic>> {
        let checks: Vec<String> = checks.iter().map(|path| path.to_string()).collect();
        Set::build(files(migrations), files(rollbacks), &checks)
    }

    fn problems(migrations: &[&str], rollbacks: &[&str], checks: &[&str]) -> Vec<String> {
        let found = build(migrations, rollbacks, checks).err().unwrap_or_default();
        found
            .iter()
            .map(|problem| {
                let help = problem.help.as_deref().unwrap_or("NO HELP");
                format!(
                    "{}: {} | {help}",
                    problem.location().unwrap().file,
                    problem.message
                )
            })
            .collect()
    }

    #[test]
    fn order_is_numeric_and_pairs_are_found() {
        let set = build(
            &[
                "m/10_c.sql",
                "m/9_b.sql",
                "m/0001_a.sql",
                "m/20250611101500_d.sql",
            ],
            &["r/0009_b.sql", "r/0001_a.sql"],
            &["c/0001_a.toml", "c/10_c.toml", "c/baseline.toml", "c/2fa.toml"],
        )
        .unwrap();
        let stems: Vec<String> = set.iter().map(Migration::stem).collect();
        assert_eq!(stems, ["0001_a", "9_b", "10_c", "20250611101500_d"]);
        let reversible: Vec<bool> = set.iter().map(|migration| migration.down.is_some()).collect();
        assert_eq!(reversible, [true, true, false, false]);
        assert_eq!(set.by_label("0010").unwrap().name, "c");
        assert!(set.by_label("11").is_none() && set.by_label("x").is_none());
        assert_eq!(set.owner_of("0001_a").unwrap().label, "0001");
        assert!(set.owner_of("baseline").is_none());
        assert_eq!(set.newest().unwrap().name, "d");
        assert_eq!((set.len(), set.is_empty()), (4, false));
        assert_eq!(set.into_iter().count(), 4);
    }

    #[test]
    fn a_migration_knows_its_checksums() {
        let set = build(&["m/0024_a.sql=select 1;\n"], &[], &[]).unwrap();
        let migration = set.by_label("24").unwrap();
        let recorded = migration.checksum(Width::Int8).unwrap().to_string();
        assert!(migration.accepts_checksum(&recorded));
        assert!(!migration.accepts_checksum("1"));
        assert_eq!(migration.sha256(), checksum::sha256("select 1;\n"));
    }

    #[test]
    fn duplicate_versions_name_all_their_files() {
        assert_eq!(
            problems(
                &[
                    "m/0024_a.sql",
                    "m/24_b.sql",
                    "m/3_x.sql",
                    "m/03_x.sql",
                    "m/003_x.sql"
                ],
                &["r/24_a.sql", "r/0024_a.sql"],
                &["c/24_a.toml", "c/0024_a.toml"],
            ),
            [
                "c/0024_a.toml: version 24 is there twice: c/24_a.toml and c/0024_a.toml | give all but one of them a \
                 version of their own",
                "m/24_b.sql: version 24 is there twice: m/0024_a.sql and m/24_b.sql | give all but one of them a version \
                 of their own",
                "m/3_x.sql: version 3 is there 3 times: m/003_x.sql, m/03_x.sql and m/3_x.sql | give all but one of them \
                 a version of their own",
                "r/24_a.sql: version 24 is there twice: r/0024_a.sql and r/24_a.sql | give all but one of them a version \
                 of their own",
            ]
        );
    }

    #[test]
    fn what_belongs_to_no_migration_is_named_with_what_was_meant() {
        assert_eq!(
            problems(
                &["m/0024_sync.sql"],
                &["r/0024_snyc.sql", "r/0025_sync.sql", "r/0026_other.sql"],
                &[
                    "c/0024.toml",
                    "c/0024-sync.toml",
                    "c/0099_other.toml",
                    "c/99999999999999999999_x.toml"
                ],
            ),
            [
                "c/0024-sync.toml: check file c/0024-sync.toml belongs to no migration | did you mean 0024_sync.toml? \
                 Rename the file",
                "c/0024.toml: check file c/0024.toml belongs to no migration | did you mean 0024_sync.toml? Rename the \
                 file",
                "c/0099_other.toml: check file c/0099_other.toml belongs to no migration | add its migration, or \
                 restore it where it was applied; a file whose name has no number is checked always",
                "c/99999999999999999999_x.toml: check file c/99999999999999999999_x.toml belongs to no migration | add \
                 its migration, or restore it where it was applied; a file whose name has no number is checked always",
                "r/0024_snyc.sql: rollback r/0024_snyc.sql belongs to no migration | did you mean 0024_sync.sql? Rename \
                 the file",
                "r/0025_sync.sql: rollback r/0025_sync.sql belongs to no migration | did you mean 0024_sync.sql? Rename \
                 the file",
                "r/0026_other.sql: rollback r/0026_other.sql belongs to no migration | add its migration, or restore it where it was applied; else delete the rollback",
            ]
        );
    }

    #[test]
    fn unreadable_names_say_what_is_expected() {
        assert_eq!(
            problems(
                &[
                    "m/24-Add.sql",
                    "m/add.sql",
                    "m/日本.sql",
                    "m/99999999999999999999_x.sql"
                ],
                &["r/0001.sql"],
                &[],
            ),
            [
                "m/24-Add.sql: \"24-Add.sql\" is not a migration's file name | rename it to 0024_add.sql",
                "m/99999999999999999999_x.sql: \"99999999999999999999_x.sql\" is not a migration's file name: version \
                 99999999999999999999 is too large: a version has at most 64 bits (up to 9223372036854775807) | give it a \
                 smaller version, such as a timestamp: 20250611101500",
                "m/add.sql: \"add.sql\" is not a migration's file name | put a version in front: NNNN_add.sql",
                "m/日本.sql: \"日本.sql\" is not a migration's file name | rename it, or move it out of the folder",
                "r/0001.sql: \"0001.sql\" is not a migration's file name | rename it, or move it out of the folder",
            ]
        );
    }

    #[test]
    fn directives_of_all_files_are_read() {
        assert_eq!(
            problems(
                &[
                    "m/1_a.sql=-- pgplumb: irreversible \"data is gone\"\ndrop table t;",
                    "m/2_b.sql=-- pgplumb: no-transation\nselect 1;",
                ],
                &["r/1_a.sql=-- pgplumb: irreversible \"x\"\nselect 1;"],
                &[],
            ),
            [
                "m/1_a.sql: m/1_a.sql is declared irreversible, and r/1_a.sql is its rollback | remove the directive, or \
                 delete the rollback",
                "m/2_b.sql: unknown directive \"no-transation\" | did you mean `-- pgplumb: no-transaction`?",
                "r/1_a.sql: directive irreversible belongs in a migration, and this is a rollback | move it to the top of \
                 the migration's script",
            ]
        );
        let set = build(
            &["m/1_a.sql=-- pgplumb: irreversible \"data is gone\"\ndrop table t;"],
            &[],
            &[],
        )
        .unwrap();
        assert_eq!(set.iter().next().unwrap().irreversible(), Some("data is gone"));
    }

    #[test]
    fn validate_looks_at_every_script() {
        let set = build(
            &["m/1_a.sql=", "m/2_b.sql=select 1; commit;"],
            &["r/1_a.sql=-- x"],
            &[],
        )
        .unwrap();
        let found: Vec<String> = set
            .validate()
            .iter()
            .map(|problem| problem.location().unwrap().to_string())
            .collect();
        assert_eq!(found, ["m/1_a.sql:1:1", "m/2_b.sql:1:11", "r/1_a.sql:1:1"]);
    }
}
