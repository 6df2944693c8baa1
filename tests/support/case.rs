//! A case is a directory: a project, the steps of `case.toml`, and what each step has to say.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Deserialize;
use similar::TextDiff;

use super::{Database, Pgplumb, Project, Server, redact::Redactor};

/// How many cases run at once.
const THREADS: usize = 4;

/// What of a case's directory is copied into the project.
const PROJECT: [&str; 12] = [
    "migrations",
    "rollback",
    "checks",
    "pgplumb.toml",
    "db",
    "sqitch.plan",
    "sqitch.conf",
    "deploy",
    "revert",
    "flyway.conf",
    "prove",
    "setup.sql",
];

/// `case.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Whether the steps get a database of their own.
    #[serde(default = "yes")]
    database: bool,
    /// The shipped project is laid down first.
    #[serde(default)]
    shipped: bool,
    #[serde(rename = "step")]
    steps: Vec<Step>,
}

/// One run of the program.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    args: Vec<String>,
    exit: i32,
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Where to run, below the project.
    #[serde(default)]
    directory: String,
    /// Runs before, as the superuser.
    sql: Option<String>,
    /// Files to write before, with their texts.
    #[serde(default)]
    write: BTreeMap<String, String>,
    /// Files to remove before.
    #[serde(default)]
    remove: Vec<String>,
    /// A query whose answer afterwards is compared with `N.rows`.
    rows: Option<String>,
    /// Files whose texts afterwards are compared with `N.files`.
    #[serde(default)]
    files: Vec<String>,
}

fn yes() -> bool {
    true
}

/// Runs every case below `tests/cases/<verb>/` and reports all that fail.
pub fn run_all(verb: &str) {
    let root = root().join(verb);
    let only = std::env::var("CASE").ok();
    let mut cases = folders(&root);
    cases.retain(|case| only.as_ref().is_none_or(|only| case.ends_with(only)));
    assert!(!cases.is_empty() || only.is_some(), "{verb} has no cases");
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS.min(cases.len()) {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let run = std::panic::catch_unwind(|| run(case));
                    let problem = match run {
                        Ok(Ok(())) => continue,
                        Ok(Err(problem)) => problem,
                        Err(panic) => format!(
                            "panicked: {}",
                            panic.downcast_ref::<String>().map_or("see above", String::as_str)
                        ),
                    };
                    let mut failures = failures.lock().expect("nobody panics while holding it");
                    failures.insert(case.clone(), problem);
                }
            });
        }
    });
    let failures = failures.into_inner().expect("nobody panics while holding it");
    let mut told = String::new();
    for (case, problem) in &failures {
        let name = case.strip_prefix(self::root()).unwrap_or(case).display();
        let _ = writeln!(told, "──── {name} ────\n{problem}");
    }
    assert!(
        failures.is_empty(),
        "{} of {} cases failed; SNAPSHOTS=overwrite accepts what they say now\n{told}",
        failures.len(),
        cases.len()
    );
}

/// The folder of all cases.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases")
}

/// Folders in a folder, sorted.
pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = entries(folder).into_iter().filter(|path| path.is_dir()).collect();
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.expect("it can be listed").path())
        .collect()
}

/// Files and folders that do not belong into a case, and empty ones.
fn strangers(case: &Path, steps: usize) -> Vec<String> {
    let mut found = Vec::new();
    for path in entries(case) {
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        let is_snapshot = name.split_once('.').is_some_and(|(number, kind)| {
            (1..=steps).any(|step| step.to_string() == number)
                && ["stdout", "stderr", "rows", "files"].contains(&kind)
        });
        if !is_snapshot && name != "case.toml" && !PROJECT.contains(&name.as_str()) {
            found.push(format!("{name} has no business in a case"));
        }
        let mut below = vec![path];
        while let Some(path) = below.pop() {
            let shown = path.strip_prefix(case).unwrap_or(&path).display().to_string();
            if path.is_dir() {
                let inside = entries(&path);
                if inside.is_empty() {
                    found.push(format!("{shown}/ is empty"));
                }
                below.extend(inside);
            } else if std::fs::metadata(&path).is_ok_and(|about| about.len() == 0) {
                found.push(format!("{shown} is empty: write it in a step instead"));
            }
        }
    }
    found
}

/// Runs one case.
fn run(folder: &Path) -> Result<(), String> {
    let text =
        std::fs::read_to_string(folder.join("case.toml")).map_err(|error| format!("case.toml: {error}"))?;
    let case: Case = toml::from_str(&text).map_err(|error| format!("case.toml: {error}"))?;
    let overwrite = std::env::var("SNAPSHOTS").is_ok_and(|value| value == "overwrite");
    let strangers = strangers(folder, case.steps.len());
    if !strangers.is_empty() {
        return Err(strangers.join("\n"));
    }
    let project = if case.shipped {
        Project::shipped("")
    } else {
        bare()
    };
    for name in PROJECT {
        copy(&folder.join(name), &project.path().join(name));
    }
    let name = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .replace('-', "_");
    let database = case.database.then(|| Server::shared().database(&name));
    let redactor = Redactor::new(project.path(), database.as_ref());
    let mut problems = String::new();
    for (index, step) in case.steps.iter().enumerate() {
        let number = index + 1;
        for (path, text) in &step.write {
            project.write(path, text);
        }
        for path in &step.remove {
            project.remove(path);
        }
        if let Some(sql) = &step.sql {
            let database = database.as_ref().ok_or("sql without a database")?;
            database
                .try_run(&with_checksums(sql, project.path()))
                .map_err(|error| format!("step {number}: sql: {error}"))?;
        }
        let mut run = Pgplumb::at(&project.path().join(&step.directory));
        if let Some(database) = &database {
            run = run.env("DATABASE_URL", &database.url());
        }
        for (name, value) in &step.env {
            run = run.env(name, value);
        }
        let args: Vec<&str> = step.args.iter().map(String::as_str).collect();
        if args.contains(&"history") {
            // who did it is as long as the name of this machine: no line is to be broken for that
            run = run.env("COLUMNS", "160");
        }
        let outcome = run.args(&args).run();
        if outcome.code != step.exit {
            let _ = writeln!(
                problems,
                "step {number}: exit {} instead of {}\nstdout:\n{}\nstderr:\n{}",
                outcome.code, step.exit, outcome.stdout, outcome.stderr
            );
        }
        let mut seen = vec![("stdout", outcome.stdout), ("stderr", outcome.stderr)];
        if let Some(query) = &step.rows {
            let database = database.as_ref().ok_or("rows without a database")?;
            seen.push((
                "rows",
                rows(database, query).map_err(|error| format!("step {number}: rows: {error}"))?,
            ));
        } else {
            seen.push(("rows", String::new()));
        }
        seen.push(("files", files(project.path(), &step.files)));
        for (kind, text) in seen {
            let name = format!("{number}.{kind}");
            if let Some(problem) = compare(&folder.join(&name), &redactor.redact(&text), overwrite) {
                let _ = writeln!(
                    problems,
                    "{name} (step {number}: pgplumb {})\n{problem}",
                    step.args.join(" ")
                );
            }
        }
    }
    if problems.is_empty() {
        Ok(())
    } else {
        Err(problems)
    }
}

/// A project without anything, not even the folder of the migrations.
fn bare() -> Project {
    let project = Project::new();
    std::fs::remove_dir(project.path().join("migrations")).expect("the folder is empty");
    project
}

/// Puts refinery's checksum of a file's raw text where the statement has `{{int4 FILE}}` or `{{int8 FILE}}`.
fn with_checksums(sql: &str, project: &Path) -> String {
    let Some((before, (inside, after))) = sql
        .split_once("{{")
        .and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    else {
        return sql.to_string();
    };
    let (width, file) = inside.split_once(' ').expect("a width and a file");
    let text = std::fs::read_to_string(project.join(file)).expect("the file is there");
    let stem = Path::new(file)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (version, name) = stem.split_once('_').expect("a version and a name");
    let version: i32 = version.parse().expect("a number");
    let checksum = match width {
        "int4" => refinery_core::Migration::unapplied(&format!("V{version}__{name}"), &text)
            .expect("refinery reads the name")
            .checksum(),
        "int8" => {
            // what refinery computes when it is built with int8-versions
            let mut hasher = siphasher::sip::SipHasher13::new();
            name.hash(&mut hasher);
            i64::from(version).hash(&mut hasher);
            text.hash(&mut hasher);
            hasher.finish()
        }
        _ => panic!("{width} is int4 or int8"),
    };
    with_checksums(&format!("{before}{checksum}{after}"), project)
}

/// The answer of a query, a line a row.
fn rows(database: &Database, query: &str) -> Result<String, String> {
    let rows = database.rows(query)?;
    Ok(rows
        .iter()
        .map(|row| {
            let values: Vec<&str> = row
                .iter()
                .map(|value| value.as_deref().unwrap_or("NULL"))
                .collect();
            values.join(" | ") + "\n"
        })
        .collect())
}

/// The texts of files, each under its name; for a folder, the names in it.
fn files(project: &Path, names: &[String]) -> String {
    let mut out = String::new();
    for name in names {
        let path = project.join(name);
        let _ = writeln!(out, "──── {name} ────");
        if path.is_dir() {
            let mut inside: Vec<String> = entries(&path)
                .iter()
                .map(|path| {
                    path.file_name()
                        .unwrap_or_default()
                        .to_string_lossy()
                        .into_owned()
                })
                .collect();
            inside.sort();
            let _ = writeln!(out, "{}", inside.join("\n"));
        } else {
            let text = std::fs::read_to_string(&path).unwrap_or_else(|error| format!("({error})\n"));
            let _ = write!(out, "{text}");
        }
    }
    out
}

/// What differs from the snapshot; nothing when it was overwritten. No output has no file.
fn compare(snapshot: &Path, seen: &str, overwrite: bool) -> Option<String> {
    let expected = std::fs::read_to_string(snapshot).unwrap_or_default();
    if expected == seen {
        return None;
    }
    if overwrite {
        let done = if seen.is_empty() {
            std::fs::remove_file(snapshot)
        } else {
            std::fs::write(snapshot, seen)
        };
        return done.err().map(|error| error.to_string());
    }
    let diff = TextDiff::from_lines(expected.as_str(), seen);
    Some(
        diff.unified_diff()
            .context_radius(3)
            .header("expected", "seen")
            .to_string(),
    )
}

fn copy(from: &Path, to: &Path) {
    if from.is_dir() {
        std::fs::create_dir_all(to).expect("a folder can be made");
        for path in entries(from) {
            copy(&path, &to.join(path.file_name().unwrap_or_default()));
        }
    } else if from.exists() {
        std::fs::copy(from, to).expect("a file can be copied");
    }
}
