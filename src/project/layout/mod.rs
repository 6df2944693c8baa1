//! Migration histories of other tools, read in place.
//!
//! A [`Layout`] is how a tool lays out its files: what speaks for it, and what it makes of the files. One file a
//! layout; [`LAYOUTS`] is the registry. A layout is found by evidence; where the evidence speaks for two of them,
//! nothing is read until `layout` says which.

mod annotated;
mod dbmate;
mod diesel;
mod flyway;
mod golang_migrate;
mod goose;
mod name;
mod numbered;
mod refinery;
mod sql_migrate;
mod sqitch;
mod sqlx;
#[cfg(test)]
mod testing;

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use self::name::{LayoutName, UnknownLayout};
use self::numbered::Signs;
use super::file::{Entry, try_file};
use crate::diagnostic::Diagnostic;
use crate::migration::directives::Written;
use crate::migration::{Direction, FileName, Migration, MigrationScript, REPEATABLE, Version};
use crate::source::{SourceFile, Span};

/// How a tool lays out its migrations.
struct Layout {
    name: LayoutName,
    /// What of the folder speaks for it, as a clause: `a.sql has a line "-- +goose Up"`.
    evidence: fn(&Folder<'_>) -> Option<String>,
    read: fn(&Folder<'_>) -> Found,
    /// Its scripts are not directly in the folder.
    is_nested: bool,
}

/// Every layout but pgplumb's own.
const LAYOUTS: [Layout; 9] = [
    refinery::LAYOUT,
    flyway::LAYOUT,
    golang_migrate::LAYOUT,
    sqlx::LAYOUT,
    diesel::LAYOUT,
    dbmate::LAYOUT,
    goose::LAYOUT,
    sql_migrate::LAYOUT,
    sqitch::LAYOUT,
];

/// A folder of migrations, as far as a layout has to know it.
pub struct Folder<'a> {
    /// The project's root.
    pub root: &'a Path,
    /// The folder, as messages show it.
    pub shown: &'a str,
    pub entries: &'a [Entry],
    /// The `.sql` files directly in it.
    pub files: &'a [Arc<SourceFile>],
    /// The project has rollbacks in a folder of their own.
    pub has_rollbacks: bool,
    /// What the names of the files say to more than one layout, once it was asked for.
    pub signs: OnceCell<Option<Signs>>,
}

/// What a layout makes of a folder.
#[derive(Debug, Default)]
pub struct Found {
    pub migrations: Vec<Migration>,
    pub problems: Vec<Diagnostic>,
    /// What is not read, and why.
    pub warnings: Vec<Diagnostic>,
    /// How the tool has psql run the scripts, when it does.
    pub psql: Option<PsqlSettings>,
}

/// How a tool has psql run its scripts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PsqlSettings {
    /// Where psql runs, from the project's root.
    pub directory: String,
    /// psql's variables, by name.
    pub deploy: Vec<(String, String)>,
    pub revert: Vec<(String, String)>,
}

/// Which layout a folder has.
///
/// # Errors
/// When the evidence speaks for more than one.
pub fn detect(folder: &Folder<'_>) -> Result<LayoutName, Box<Diagnostic>> {
    let mut claims: Vec<(LayoutName, String)> = LAYOUTS
        .iter()
        .filter_map(|layout| Some((layout.name, (layout.evidence)(folder)?)))
        .collect();
    let own = |file: &Arc<SourceFile>| FileName::parse(file_name(file)).is_ok();
    if !claims.is_empty() && folder.has_rollbacks && folder.files.iter().all(own) {
        claims.push((LayoutName::Pgplumb, "rollback/ holds scripts".to_string()));
    }
    match claims.as_slice() {
        [] => Ok(LayoutName::Pgplumb),
        [(name, evidence)] => {
            tracing::info!(layout = %name, evidence, "found the layout of the migrations");
            Ok(*name)
        }
        [(first, _), (second, _), ..] => {
            let said: Vec<String> = claims
                .iter()
                .map(|(name, evidence)| format!("{name}: {evidence}"))
                .collect();
            Err(Box::new(
                Diagnostic::error(format!(
                    "{}/ may be laid out for {first} or for {second}",
                    folder.shown
                ))
                .in_file(folder.shown)
                .fact("evidence", said.join("\n"))
                .help(format!(
                    "say which: layout = \"{first}\" in pgplumb.toml, or --layout {first}"
                )),
            ))
        }
    }
}

/// Whether the scripts of a layout are elsewhere than directly in the folder.
pub fn is_nested(name: LayoutName) -> bool {
    layout(name).is_some_and(|layout| layout.is_nested)
}

/// Reads a folder by the layout of another tool.
pub fn read(name: LayoutName, folder: &Folder<'_>) -> Found {
    layout(name).map_or_else(Found::default, |layout| (layout.read)(folder))
}

fn layout(name: LayoutName) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.name == name)
}

impl Folder<'_> {
    /// Where the folder is.
    fn directory(&self) -> PathBuf {
        self.root.join(self.shown)
    }

    /// The path of something in the folder, as messages show it.
    fn path(&self, name: &str) -> String {
        match self.shown {
            "." => name.to_string(),
            shown => format!("{}/{name}", shown.trim_end_matches('/')),
        }
    }

    /// Reads a file by its path from the root. `None` when there is none.
    fn file(&self, path: &str) -> Option<Result<Arc<SourceFile>, Box<Diagnostic>>> {
        let full = self.root.join(path);
        full.is_file().then(|| try_file(&full, path, false))
    }

    /// A file of that name in the folder or in one above it, up to the root, that mentions a word.
    fn mentions(&self, file_name: &str, word: &str) -> Option<String> {
        let directory = self.directory();
        let within = directory
            .ancestors()
            .take_while(|above| above.starts_with(self.root));
        within.into_iter().find_map(|above| {
            let text = fs::read_to_string(above.join(file_name)).ok()?;
            text.contains(word)
                .then(|| format!("{file_name} mentions {word}"))
        })
    }

    /// A file or folder of that name in the folder or in one above it, up to the root.
    fn has_beside(&self, name: &str) -> Option<String> {
        let directory = self.directory();
        let mut within = directory
            .ancestors()
            .take_while(|above| above.starts_with(self.root));
        within
            .any(|above| above.join(name).exists())
            .then(|| format!("{name} is there"))
    }
}

/// A script as a layout finds it.
struct Text {
    file: Arc<SourceFile>,
    /// Where it is declared to run outside a transaction.
    outside: Option<Span>,
}

impl Text {
    fn of(file: &Arc<SourceFile>) -> Text {
        Text {
            file: Arc::clone(file),
            outside: None,
        }
    }
}

impl Found {
    /// Takes a migration; `label` is its version in digits.
    fn take(&mut self, label: &str, name: &str, up: Text, down: Option<Text>) {
        let version: Version = match label.parse() {
            Ok(version) => version,
            Err(error) => {
                let problem = Diagnostic::error(format!("{error}")).in_file(up.file.path());
                self.problems.push(problem.help("give it a smaller version"));
                return;
            }
        };
        let up = self.script(up, Direction::Up);
        let down = down.map(|down| self.script(down, Direction::Down));
        self.migrations.push(Migration {
            version,
            label: label.to_string(),
            name: name.to_string(),
            up,
            down: down.map(Box::new),
        });
    }

    /// Takes a migration that runs again whenever it changed, in the order in which they come.
    fn take_repeatable(&mut self, name: &str, script: Text) {
        let taken = self.migrations.iter();
        let index = taken.filter(|migration| migration.is_repeatable()).count();
        let up = self.script(script, Direction::Up);
        self.migrations.push(Migration {
            version: Version::repeatable(index),
            label: REPEATABLE.to_string(),
            name: name.to_string(),
            up,
            down: None,
        });
    }

    fn script(&mut self, text: Text, direction: Direction) -> MigrationScript {
        let (mut script, problems) = MigrationScript::new(text.file, direction);
        self.problems.extend(problems);
        if let Some(span) = text.outside {
            script.directives.no_transaction = Some(Written { value: (), span });
        }
        script.as_psql()
    }

    /// Migrations that are written in the tool's language.
    fn tell_programs(&mut self, folder: &Folder<'_>) {
        for entry in folder.entries {
            if numbered_name(&entry.name).is_some_and(|(_, rest)| rest.ends_with(".go")) {
                let help = "write it in SQL, or see to it that later scripts do not need it";
                self.unread(&folder.path(&entry.name), "it is a program", help);
            }
        }
    }

    /// A file that the tool would not read either.
    fn unread(&mut self, path: &str, why: &str, help: &str) {
        self.warnings.push(
            Diagnostic::warning(format!("{path} is not read: {why}"))
                .in_file(path)
                .help(help),
        );
    }
}

/// Versions of a tool that takes one twice: the second becomes the next number that is free.
struct Numbers {
    taken: BTreeSet<i64>,
    seen: BTreeSet<i64>,
}

impl Numbers {
    fn of<'l>(labels: impl Iterator<Item = &'l str>) -> Numbers {
        Numbers {
            taken: labels.filter_map(|label| label.parse().ok()).collect(),
            seen: BTreeSet::new(),
        }
    }

    /// The label of the next migration in order; one that was taken before is told.
    fn take(&mut self, label: &str, up: &Text, found: &mut Found) -> String {
        let number = label.parse::<i64>().ok();
        let Some(version) = number.filter(|version| !self.seen.insert(*version)) else {
            return label.to_string();
        };
        let free = (version..i64::MAX).find(|free| !self.taken.contains(free));
        let free = free.unwrap_or(version);
        self.taken.insert(free);
        let path = up.file.path();
        found.warnings.push(
            Diagnostic::warning(format!(
                "version {version} is there twice: {path} is read as version {free}"
            ))
            .in_file(path)
            .help("give it a version of its own"),
        );
        free.to_string()
    }
}

/// The name of a file without its folders.
fn file_name(file: &SourceFile) -> &str {
    file.path().rsplit(['/', '\\']).next().unwrap_or_default()
}

/// Digits at the beginning, and what follows the `_` behind them: `0024_add.sql` → `0024`, `add.sql`.
fn numbered_name(file_name: &str) -> Option<(&str, &str)> {
    let (label, rest) = file_name.split_once('_')?;
    let is_number = !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((label, rest))
}

/// A name as check files and messages can carry it: letters, digits and `_`.
fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars() {
        match c.is_ascii_alphanumeric() || c == '_' {
            true => plain.push(c),
            false if !plain.ends_with('_') => plain.push('_'),
            false => {}
        }
    }
    match plain.bytes().any(|byte| byte.is_ascii_alphanumeric()) {
        true => plain,
        false => "migration".to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::testing::detected;
    use super::*;

    #[test]
    fn a_layout_is_found_by_what_speaks_for_it() {
        use LayoutName::*;
        for (entries, expected) in [
            (&["m/0001_a.sql", "m/0002_b.sql"][..], Pgplumb),
            (&["m/x.sql", "m/0002_b.sql"], Pgplumb),
            (&[], Pgplumb),
            (&["m/V1__a.sql", "m/V2__b.sql"], Refinery),
            (&["m/V1__a.sql", "m/U2__b.sql"], Refinery),
            (&["m/V1__a.sql", "m/U1__a.sql"], Flyway),
            (&["m/V1.1__a.sql"], Flyway),
            (&["m/V1__a.sql", "m/R__views.sql"], Flyway),
            (&["m/V1__a.sql", "flyway.conf="], Flyway),
            (&["m/1_a.up.sql", "m/1_a.down.sql"], GolangMigrate),
            (&["m/1_a.up.sql=-- no-transaction\nvacuum;"], Sqlx),
            (
                &["m/1_a.up.sql", "Cargo.toml=[dependencies]\nsqlx = \"0.8\"\n"],
                Sqlx,
            ),
            (&["m/1_a.sql=-- no-transaction\nvacuum;"], Sqlx),
            (
                &["m/1_a.sql", "Cargo.toml=[dependencies]\nsqlx = \"0.8\"\n"],
                Pgplumb,
            ),
            (&["m/2020-01-01-000000_a/up.sql"], Diesel),
            (&["m/1_a.sql=-- migrate:up\nselect 1;"], Dbmate),
            (&["m/1_a.sql=-- +goose Up\nselect 1;"], Goose),
            (&["m/1_a.sql=-- +migrate Up\nselect 1;"], SqlMigrate),
            (&["sqitch.plan=%project=x\n"], Sqitch),
        ] {
            assert_eq!(detected(entries), Ok(expected), "{entries:?}");
        }
    }

    #[test]
    fn evidence_for_two_is_an_error_that_names_both() {
        assert_eq!(
            detected(&["m/1_a.sql=-- +goose Up\nselect 1;", "m/2_b.sql=-- migrate:up\nselect 1;"]),
            Err(
                "error: m/ may be laid out for dbmate or for goose\n  --> m\n  evidence: dbmate: m/2_b.sql has a line \
                 \"-- migrate:up\"\n            goose: m/1_a.sql has a line \"-- +goose Up\"\n  help: say which: layout = \
                 \"dbmate\" in pgplumb.toml, or --layout dbmate\n"
                    .to_string()
            )
        );
        for (entries, names) in [
            (&["m/V1__a.sql=select '${x}';"][..], "refinery or for flyway"),
            (
                &["m/V1__a.sql", "m/U1__a.sql", "refinery.toml="],
                "refinery or for flyway",
            ),
            (
                &[
                    "m/1_a.up.sql=-- no-transaction\n",
                    "go.mod=require github.com/golang-migrate/migrate/v4",
                ],
                "golang-migrate or for sqlx",
            ),
        ] {
            let told = detected(entries).unwrap_err();
            assert!(told.contains(&format!("may be laid out for {names}")), "{told}");
        }
    }

    #[test]
    fn names_are_made_plain() {
        for (name, expected) in [
            ("add-lib-name-column", "add_lib_name_column"),
            ("schema/users table", "schema_users_table"),
            ("é", "migration"),
            ("_x_", "_x_"),
        ] {
            assert_eq!(plain(name), expected);
        }
    }

    #[test]
    fn every_layout_is_registered_under_its_name() {
        for name in LayoutName::ALL {
            assert_eq!(name.as_str().parse(), Ok(name));
            assert_eq!(layout(name).is_none(), name == LayoutName::Pgplumb, "{name}");
        }
        let unknown = "oracle".parse::<LayoutName>().unwrap_err();
        assert_eq!(unknown.to_string(), "\"oracle\" is no layout");
    }
}
