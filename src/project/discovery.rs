//! Where the project is.

use std::path::{Path, PathBuf};

use super::config::FILE_NAME;
use super::file::os_reason;
use super::layout::LayoutName;
use crate::diagnostic::Diagnostic;

/// What the command line says about the project. All paths are relative to `directory`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Where to start, else the working directory.
    pub directory: Option<PathBuf>,
    /// The settings' file; its folder is the project's root.
    pub config: Option<PathBuf>,
    pub environment: Option<String>,
    pub migrations: Option<PathBuf>,
    pub rollbacks: Option<PathBuf>,
    /// A folder or a single file.
    pub checks: Option<PathBuf>,
    /// Whose layout the migrations have, whatever settings and files say.
    pub layout: Option<LayoutName>,
}

/// Where migrations are looked for when nothing names their folder.
pub const MIGRATIONS: [&str; 4] = [
    "migrations",
    "db/migrations",
    "db/migration",
    "src/main/resources/db/migration",
];

/// What else makes a directory a project: the plan of sqitch, whose scripts are beside it.
const PLAN: &str = "sqitch.plan";

/// The place that the project's paths are relative to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Root {
    pub directory: PathBuf,
    /// The settings' file, when there is one.
    pub config: Option<PathBuf>,
    /// There is no project: the command line names its folders.
    pub bare: bool,
}

impl LoadOptions {
    /// Whether a folder is named, so that no project is looked for.
    pub fn names_folders(&self) -> bool {
        self.migrations.is_some() || self.rollbacks.is_some() || self.checks.is_some()
    }

    /// The directory to start from.
    ///
    /// # Errors
    /// When it is none, or the working directory is gone.
    pub fn start(&self) -> Result<PathBuf, Box<Diagnostic>> {
        let Some(directory) = &self.directory else {
            return std::env::current_dir().map_err(|error| {
                let message = format!("the working directory cannot be read: {}", os_reason(&error));
                Box::new(
                    Diagnostic::error(message)
                        .help("change to a directory that exists, or name one with -C DIR"),
                )
            });
        };
        let problem = match std::fs::metadata(directory) {
            Ok(metadata) if metadata.is_dir() => match std::path::absolute(directory) {
                Ok(directory) => return Ok(directory),
                Err(error) => os_reason(&error),
            },
            Ok(_) => "it is no directory".to_string(),
            Err(error) => os_reason(&error),
        };
        let message = format!("cannot start in {}: {problem}", directory.display());
        Err(Box::new(
            Diagnostic::error(message).help("name an existing directory with -C DIR"),
        ))
    }
}

impl Root {
    /// Finds the project: the file or the folders that the command line names, else the nearest directory, from
    /// the start upwards, that holds `pgplumb.toml`, a folder of migrations or `sqitch.plan`.
    ///
    /// # Errors
    /// Lists what was looked for and where.
    pub fn find(options: &LoadOptions) -> Result<Root, Box<Diagnostic>> {
        let start = options.start()?;
        if let Some(config) = &options.config {
            let config = start.join(config);
            // the folder of `pgplumb.toml` is the empty path, which `start` has filled in
            let directory = config.parent().unwrap_or(&start).to_path_buf();
            return Ok(Root {
                directory,
                config: Some(config),
                bare: false,
            });
        }
        if options.names_folders() {
            return Ok(Root {
                directory: start,
                config: None,
                bare: true,
            });
        }
        for directory in start.ancestors() {
            let config = directory.join(FILE_NAME);
            let has_config = config.is_file();
            let holds_migrations = || MIGRATIONS.iter().any(|folder| directory.join(folder).is_dir());
            if has_config || holds_migrations() || directory.join(PLAN).is_file() {
                return Ok(Root {
                    directory: directory.to_path_buf(),
                    config: has_config.then_some(config),
                    bare: false,
                });
            }
        }
        Err(Box::new(not_found(&start)))
    }
}

fn not_found(start: &Path) -> Diagnostic {
    let looked_in: Vec<String> = start
        .ancestors()
        .map(|directory| directory.display().to_string())
        .collect();
    Diagnostic::error("no project is here")
        .want(format!(
            "{FILE_NAME} or migrations/ in this directory or one above it"
        ))
        .fact("looked in", looked_in.join("\n"))
        .help("run `pgplumb init` to make one, or name its directory with -C DIR")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn tree(entries: &[&str]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        for entry in entries {
            let path = directory.path().join(entry);
            if entry.ends_with('/') {
                fs::create_dir_all(path).unwrap();
            } else {
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, "").unwrap();
            }
        }
        directory
    }

    fn find(directory: &Path, from: &str) -> Option<(PathBuf, bool)> {
        let options = LoadOptions {
            directory: Some(directory.join(from)),
            ..LoadOptions::default()
        };
        let root = Root::find(&options).ok()?;
        assert!(!root.bare);
        Some((
            root.directory.strip_prefix(directory).ok()?.to_path_buf(),
            root.config.is_some(),
        ))
    }

    #[test]
    fn the_nearest_project_upwards_is_found() {
        let directory = tree(&[
            "shop/pgplumb.toml",
            "shop/src/deep/",
            "other/migrations/x/",
            "other/pgplumb.toml/",
        ]);
        for (from, expected) in [
            ("shop", ("shop", true)),
            ("shop/src/deep", ("shop", true)),
            ("other", ("other", false)),
            ("other/migrations/x", ("other", false)),
        ] {
            assert_eq!(
                find(directory.path(), from),
                Some((PathBuf::from(expected.0), expected.1)),
                "{from}"
            );
        }
    }

    #[test]
    fn no_project_lists_where_it_was_looked_for() {
        let problem = not_found(Path::new("/a/b"));
        assert_eq!(
            crate::diagnostic::render(&problem),
            "error: no project is here\n  want: pgplumb.toml or migrations/ in this directory or one above it\n  looked \
             in: /a/b\n             /a\n             /\n  help: run `pgplumb init` to make one, or name its directory with \
             -C DIR\n"
        );
    }

    #[test]
    fn a_start_that_is_no_directory_is_an_error() {
        let directory = tree(&["file"]);
        for (from, reason) in [
            ("gone", "no such file or directory"),
            ("file", "it is no directory"),
        ] {
            let options = LoadOptions {
                directory: Some(directory.path().join(from)),
                ..LoadOptions::default()
            };
            let message = Root::find(&options).unwrap_err().message;
            assert!(
                message.starts_with("cannot start in ") && message.ends_with(reason),
                "{message}"
            );
        }
    }

    #[test]
    fn the_command_line_names_file_or_folders() {
        let directory = tree(&["pgplumb.toml", "conf/a.toml", "sub/"]);
        let start = Some(directory.path().join("sub"));
        let root = Root::find(&LoadOptions {
            directory: start.clone(),
            config: Some("../conf/a.toml".into()),
            checks: Some("c.toml".into()),
            ..LoadOptions::default()
        })
        .unwrap();
        assert_eq!(root.directory, directory.path().join("sub/../conf"));
        assert!(!root.bare);

        let root = Root::find(&LoadOptions {
            directory: start,
            migrations: Some("m".into()),
            ..LoadOptions::default()
        })
        .unwrap();
        assert_eq!(
            root,
            Root {
                directory: directory.path().join("sub"),
                config: None,
                bare: true
            }
        );
    }
}
