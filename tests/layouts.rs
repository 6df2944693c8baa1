//! Histories of other projects, read in their own layouts, hold the same migrations as their normalised copies.
//!
//! The folder of histories is named by `PGPLUMB_CORPORA`; without it there is nothing to compare. A history has `src`,
//! as its project lays it out, and `norm`, laid out as pgplumb does.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use pgplumb::diagnostic::Diagnostic;
use pgplumb::migration::{Migration, MigrationScript};
use pgplumb::project::{LayoutName, LoadOptions, Project};
use serde_json::Value;

use crate::support::{self, Database, Outcome, Pgplumb, Server, dump};

/// A history, where its migrations are, and what it is found to be.
const HISTORIES: [(&str, &str, &str); 4] = [
    ("crates_io", "migrations", "diesel"),
    ("concourse", "atc/db/migration/migrations", "golang-migrate"),
    ("e2b", "packages/db/migrations", "goose"),
    ("svix", "server/svix-server/migrations", "golang-migrate"),
];

fn try_load(
    root: &Path,
    migrations: &str,
    rollbacks: Option<&str>,
    layout: Option<&str>,
) -> Result<Project, Vec<Diagnostic>> {
    let options = LoadOptions {
        directory: Some(root.to_path_buf()),
        migrations: Some(migrations.into()),
        rollbacks: rollbacks.map(PathBuf::from),
        layout: layout.map(|name| name.parse().expect("a layout")),
        ..LoadOptions::default()
    };
    Project::load(&options)
}

fn load(root: &Path, migrations: &str, rollbacks: Option<&str>, layout: Option<&str>) -> Project {
    try_load(root, migrations, rollbacks, layout).unwrap_or_else(|problems| {
        let told: Vec<String> = problems.iter().map(pgplumb::diagnostic::render).collect();
        panic!("{}: {}", root.display(), told.join("\n"))
    })
}

/// The statements of a script, each as it stands in the file.
fn statements(script: &MigrationScript) -> Vec<String> {
    let texts = script
        .sql()
        .statements
        .iter()
        .map(|statement| script.sql().text(statement).to_string());
    texts.collect()
}

/// Version and name without the signs that the layouts write differently.
fn key(stem: &str) -> String {
    let signs = stem.chars().filter(char::is_ascii_alphanumeric);
    signs.map(|c| c.to_ascii_lowercase()).collect()
}

fn down_of(migration: &Migration) -> Vec<String> {
    migration.down.as_deref().map(statements).unwrap_or_default()
}

#[test]
fn histories_are_read_in_their_own_layouts() {
    let Some(corpora) = std::env::var_os("PGPLUMB_CORPORA").map(PathBuf::from) else {
        return;
    };
    for (name, folder, layout) in HISTORIES {
        let own = load(&corpora.join(name).join("src"), folder, None, None);
        let forced = load(&corpora.join(name).join("src"), folder, None, Some(layout));
        assert_eq!(own.set.len(), forced.set.len(), "{name} is found to be {layout}");
        let norm = corpora.join(name).join("norm");
        let rollbacks = norm.join("rollback").is_dir().then_some("rollback");
        let norm = load(&norm, "migrations", rollbacks, None);
        // `0024_20250101000000_name` in the copy is `20250101000000_name` here
        let expected: BTreeMap<String, &Migration> = norm
            .set
            .iter()
            .map(|migration| (key(&migration.name), migration))
            .collect();
        let places: Vec<&str> = own
            .warnings
            .iter()
            .map(|warning| warning.message.as_str())
            .collect();
        println!(
            "{name}: {} migrations, {} rollbacks, {} outside a transaction; {places:?}",
            own.set.len(),
            own.set
                .iter()
                .filter(|migration| migration.down.is_some())
                .count(),
            own.set
                .iter()
                .filter(|migration| !migration.up.is_transactional())
                .count()
        );
        assert_eq!(own.set.len(), norm.set.len(), "{name}");
        let mut order = Vec::new();
        for migration in &own.set {
            let path = migration.up.file.path();
            let stem = path
                .trim_end_matches("/up.sql")
                .rsplit('/')
                .next()
                .unwrap_or_default();
            let stem = stem.trim_end_matches(".sql").trim_end_matches(".up");
            let copy = expected
                .get(&key(stem))
                .unwrap_or_else(|| panic!("{path} is not in the copy"));
            assert_eq!(statements(&migration.up), statements(&copy.up), "{path}");
            assert_eq!(down_of(migration), down_of(copy), "the way down of {path}");
            order.push(copy.version);
            for diagnostic in migration.up.validate() {
                println!("{}", pgplumb::diagnostic::render(&diagnostic));
            }
            // a position in the file is one in the file on disk
            let disk = std::fs::read_to_string(corpora.join(name).join("src").join(path)).unwrap();
            for script in [Some(&migration.up), migration.down.as_deref()]
                .into_iter()
                .flatten()
            {
                let disk = match script.file.path() == path {
                    true => disk.clone(),
                    false => std::fs::read_to_string(corpora.join(name).join("src").join(script.file.path()))
                        .unwrap(),
                };
                for statement in &script.sql().statements {
                    let at = script.file.location(statement.span.start);
                    let line = disk.lines().nth(at.line as usize - 1).unwrap_or_default();
                    let rest: String = line.chars().skip(at.column as usize - 1).collect();
                    let first = script.sql().text(statement).lines().next().unwrap_or_default();
                    assert!(
                        rest.starts_with(first.trim_end()),
                        "{at}: {first:?} is not {rest:?}"
                    );
                }
            }
        }
        assert!(
            order.is_sorted(),
            "{name}: the order of versions is that of the copy"
        );
    }
}

#[test]
fn a_history_of_templates_is_refused_with_every_place() {
    let Some(corpora) = std::env::var_os("PGPLUMB_CORPORA").map(PathBuf::from) else {
        return;
    };
    let problems = try_load(&corpora.join("supabase_auth/src"), "migrations", None, None).unwrap_err();
    assert!(problems.len() > 50, "{}", problems.len());
    for problem in &problems {
        assert!(problem.message.contains("is a template"), "{}", problem.message);
        assert!(problem.place.is_some());
    }
}

/// Where a project of each layout is, below `tests/cases`.
fn example(layout: LayoutName) -> &'static str {
    match layout {
        LayoutName::Pgplumb => "rollback/data",
        LayoutName::Refinery => "layouts/refinery",
        LayoutName::Flyway => "layouts/flyway",
        LayoutName::GolangMigrate => "layouts/golang-migrate",
        LayoutName::Sqlx => "layouts/sqlx",
        LayoutName::Diesel => "layouts/diesel",
        LayoutName::Dbmate => "layouts/dbmate",
        LayoutName::Goose => "layouts/goose",
        LayoutName::SqlMigrate => "layouts/sql-migrate",
        LayoutName::Sqitch => "layouts/sqitch",
    }
}

fn copy(from: &Path, below: &str, to: &support::Project) {
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let name = format!("{below}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            copy(&entry.path(), &format!("{name}/"), to);
        } else {
            to.write(&name, std::fs::read_to_string(entry.path()).expect("a text"));
        }
    }
}

/// What the server knows of the schema, without what pgplumb keeps.
fn schema(database: &Database) -> String {
    dump(
        database,
        &["public.refinery_schema_history", "public.pgplumb_journal*"],
    )
}

/// How `status` finds each migration.
fn states(report: &Value) -> Vec<&str> {
    let ledger = report["ledger"].as_array().expect("a ledger");
    let states = ledger.iter().map(|line| line["state"].as_str());
    states.map(|state| state.expect("a state")).collect()
}

#[test]
fn every_verb_works_with_every_layout() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    for layout in LayoutName::ALL {
        let project = support::Project::new();
        let example = cases.join(example(layout));
        if !example.join("migrations").exists() {
            std::fs::remove_dir(project.path().join("migrations")).expect("it is empty");
        }
        copy(&example, "", &project);
        let database = Server::shared().database("layouts");
        let run = |args: &[&str], exit: i32| -> Outcome {
            println!("{layout}: {args:?}");
            let all = [args, &["--layout", layout.as_str(), "--format", "json", "-q"]].concat();
            Pgplumb::new(&project, &database).args(&all).run().expect(exit)
        };
        let empty = schema(&database);
        let pending = run(&["status"], 0).json();
        assert!(states(&pending).len() > 1, "{layout}");
        assert!(
            states(&pending).iter().all(|state| *state == "pending"),
            "{layout}"
        );
        assert_eq!(run(&["preflight"], 0).json()["verdict"], "ready", "{layout}");
        assert_eq!(schema(&database), empty, "{layout}");

        assert_eq!(run(&["apply"], 0).json()["verdict"], "approved", "{layout}");
        let applied = schema(&database);
        assert_ne!(applied, empty, "{layout}");
        run(&["status", "--check"], 0);
        assert_eq!(run(&["verify"], 0).json()["verdict"], "approved", "{layout}");

        let proven = run(&["prove"], 0).json();
        let proofs = proven["proofs"].as_array().expect("proofs");
        assert_eq!(proofs.len(), states(&pending).len(), "{layout}");
        let is_back = |proof: &Value| proof["outcome"] == "exact" && proof["reapply"] == "same";
        assert!(proofs.iter().any(is_back), "{layout}: {proofs:?}");

        run(&["rollback", "--steps", "1", "--yes"], 0);
        let again = run(&["status"], 0).json();
        let count = |report: &Value| states(report).iter().filter(|state| **state == "pending").count();
        assert_eq!(count(&again), 1, "{layout}");
        run(&["apply"], 0);
        assert_eq!(schema(&database), applied, "{layout}");
    }
}
