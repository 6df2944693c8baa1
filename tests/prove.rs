//! Proofs of rollbacks: every property that can be left behind is found, nothing stays on a server that was lent, and
//! on real histories `pg_dump` is the judge.
//!
//! The folder of histories is named by `PGPLUMB_CORPORA`. What pg_dump says of each rollback of theirs is kept in
//! `prove/judged.txt`, since it takes minutes; `PGPLUMB_JUDGE=1` asks it again and writes the file.

mod lent;
mod properties;
mod sqitch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pgplumb::db::scratch::Options;
use serde_json::Value;

use crate::support::{Database, Pgplumb, Project, Server, dump};

/// Statements that change the catalog, one a line; `--14` begins one that needs that version.
const HISTORY: &str = include_str!("../src/db/snapshot_history.sql");

/// Proofs by the version of their migration.
fn proofs(report: &Value) -> BTreeMap<String, &Value> {
    let proofs = report["proofs"].as_array().expect("proofs");
    proofs
        .iter()
        .map(|proof| (proof["version"].as_str().expect("a version").to_string(), proof))
        .collect()
}

fn texts<'v>(value: &'v Value, list: &str, key: &str) -> Vec<&'v str> {
    let items = value[list].as_array().expect("a list").iter();
    items.map(|item| item[key].as_str().unwrap_or_default()).collect()
}

/// A rollback that does nothing leaves whatever the migration did: each of the statements is a property of its own.
#[test]
fn every_property_that_is_left_behind_is_found() {
    let version = Server::shared().scratch().version_num() / 10_000;
    let project = Project::new();
    let mut statements = BTreeMap::new();
    for line in HISTORY.lines().filter(|line| !line.is_empty()) {
        let (since, statement) = match line.strip_prefix("--").and_then(|rest| rest.split_once(' ')) {
            Some((since, statement)) => (since.parse().expect("a version"), statement),
            None => (12, line),
        };
        if version < since {
            continue;
        }
        let number = format!("{:04}", statements.len() + 1);
        // the database that a proof makes has a name of its own
        let script = match statement.replace("database postgres", "database %I") {
            same if same == statement => same,
            named => format!("DO $$ BEGIN EXECUTE format($q${named}$q$, current_database()); END $$"),
        };
        project.write(&format!("migrations/{number}_made.sql"), script);
        project.write(
            &format!("rollback/{number}_made.sql"),
            "SELECT 'nothing is taken back'",
        );
        statements.insert(number, statement);
    }
    let report = proven(project.path(), &[], 1);
    let proofs = proofs(&report);
    assert_eq!(proofs.len(), statements.len());
    let mut missed = Vec::new();
    for (number, statement) in &statements {
        let proof = proofs[number];
        let outcome = proof["outcome"].as_str().expect("an outcome");
        let first = statement.split_whitespace().next().expect("a word");
        let is_right = match first {
            "create" if statement.starts_with("create or replace") => outcome == "changed",
            "create" => outcome == "residue",
            "drop" => outcome == "loss" || outcome == "changed",
            _ => ["residue", "loss", "changed"].contains(&outcome),
        };
        let objects = texts(proof, "details", "object");
        let words = |text: &str| -> BTreeSet<String> {
            let words = text.split(|c: char| !c.is_alphanumeric() && c != '_');
            words
                .filter(|word| !word.is_empty())
                .map(str::to_string)
                .collect()
        };
        let said = words(statement);
        let is_named = objects.iter().any(|object| {
            let name = words(object);
            !name.is_disjoint(&said) || statement.contains("database postgres")
        });
        if !is_right || !is_named {
            let again = texts(proof, "reapply_details", "object");
            missed.push(format!("{statement}: {outcome}, {objects:?}, again {again:?}"));
        }
    }
    assert!(
        missed.is_empty(),
        "{} of {} missed:\n{}",
        missed.len(),
        statements.len(),
        missed.join("\n")
    );
}

/// The shipped project has a case of its own.
#[test]
fn the_examples_take_back_all_that_they_make() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let project = Project::new();
    let setup = project.path().join("setup.sql").display().to_string();
    // what PostgreSQL 12 needs an extension for, which need not be installed
    let uuids = match Server::shared().scratch().version_num() {
        ..130_000 => {
            "CREATE FUNCTION gen_random_uuid() RETURNS uuid LANGUAGE sql AS 'SELECT md5(random()::text)::uuid';"
        }
        _ => "",
    };
    project.write("setup.sql", uuids);
    let mut count = 0;
    for entry in std::fs::read_dir(examples).expect("examples") {
        let example = entry.expect("an entry").path();
        let report = proven(&example, &["--setup", &setup], 0);
        let outcomes = texts(&report, "proofs", "outcome");
        assert!(outcomes.iter().all(|outcome| *outcome == "exact"), "{outcomes:?}");
        assert_eq!(report["chain"]["taken_back"], outcomes.len());
        count += 1;
    }
    assert!(count > 0);
}

#[test]
fn a_table_of_the_historys_name_is_in_nobodys_way_who_only_looks() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let database = server.database("foreign");
    database.run(
        "CREATE TABLE refinery_schema_history (id uuid PRIMARY KEY, version text, note text); CREATE TABLE t (a integer)",
    );
    let project = Project::new().with(
        "migrations/0001_a.sql",
        "CREATE TABLE a (id integer PRIMARY KEY);\n",
    );
    let run = |args: &[&str]| Pgplumb::new(&project, &database).args(args).run();
    let note = "public.refinery_schema_history is not a history of refinery";
    project.write("before.json", &run(&["snapshot"]).expect(0).stdout);
    database.run("ALTER TABLE t ADD COLUMN b text");
    run(&["diff", "before.json"])
        .expect(1)
        .says(note)
        .says("+ column public.t.b text");
    run(&["audit"]).expect(0).says(note);
    for verb in ["status", "apply", "verify"] {
        let refused = run(&[verb]).expect(5);
        assert!(
            refused.stderr.contains(note) && refused.stderr.contains("help: rename that table"),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn a_snapshot_tells_what_changed_since() {
    // roles belong to the whole server: one of our own keeps those of other tests out
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let database = server.database("snapshot");
    database.run(
        "CREATE SCHEMA \"Odd one\"; CREATE TABLE \"Odd one\".t (id integer PRIMARY KEY, note text DEFAULT 'it''s'); \
         CREATE INDEX by_note ON \"Odd one\".t (lower(note)) WHERE note <> ''; COMMENT ON TABLE \"Odd one\".t IS 'snow ☃';",
    );
    let project = Project::new();
    let run = |args: &[&str]| Pgplumb::new(&project, &database).args(args).run();
    let snapshot = run(&["snapshot"]).expect(0).stdout;
    assert_eq!(run(&["snapshot"]).expect(0).stdout, snapshot);
    project.write("before.json", &snapshot);
    run(&["diff", "before.json"]).expect(0).says("nothing differs");
    database.run(
        "ALTER TABLE \"Odd one\".t ALTER note SET DEFAULT '', ENABLE ROW LEVEL SECURITY; DROP INDEX \"Odd one\".by_note; \
         CREATE VIEW v AS SELECT id FROM \"Odd one\".t",
    );
    let report = run(&["diff", "before.json", "--format", "json"]).expect(1).json();
    let changes: Vec<String> = report["changes"]
        .as_array()
        .expect("changes")
        .iter()
        .map(|change| {
            let text = |key: &str| change[key].as_str().unwrap_or("-").to_string();
            ["change", "kind", "object", "property", "before", "after"]
                .map(text)
                .join(" | ")
        })
        // how a view is printed differs between versions
        .filter(|change| !change.contains(" | public.v"))
        .collect();
    assert_eq!(
        changes,
        [
            "changed | table | \"Odd one\".t | row_security | no | yes",
            "changed | column | \"Odd one\".t.note | default | 'it''s'::text | ''::text",
            "removed | index | \"Odd one\".by_note | - | (lower(note)) where (note <> ''::text) | -",
        ]
    );
    // two databases
    let other = server.database("other");
    let (one, two) = (database.url(), other.url());
    run(&["diff", &one, &one]).expect(0);
    run(&["diff", &one, &two]).expect(1).says("- view public.v");
}

/// A dump spells some expressions otherwise, and an older server qualifies columns.
#[test]
fn what_is_only_spelled_otherwise_is_no_difference() {
    let server: &'static Server = Box::leak(Box::new(Server::start(Options::default())));
    let database = server.database("spelling");
    database.run(
        "CREATE TABLE t (a varchar(9) CHECK (a IN ('x', 'y')), b integer); CREATE VIEW v AS SELECT b FROM t WHERE b > 0",
    );
    let project = Project::new();
    let run = |args: &[&str]| Pgplumb::new(&project, &database).args(args).run();
    let snapshot = run(&["snapshot"]).expect(0).stdout;
    project.write("now.json", &snapshot);
    let mut old: Value = serde_json::from_str(&snapshot).expect("JSON");
    old["server_version_num"] = 100_000.into();
    let spelled = |object: &mut Value| {
        let properties = &mut object["properties"];
        if properties["expression"].is_string() {
            properties["expression"] = "a in ('x', 'y')".into();
        }
        if object["kind"] == "view" {
            object["properties"]["definition"] = "select t.b from public.t where t.b > 0".into();
        }
    };
    old["objects"]
        .as_array_mut()
        .expect("objects")
        .iter_mut()
        .for_each(spelled);
    project.write("old.json", old.to_string());
    let alone = run(&["diff", "old.json", "now.json"]).expect(1);
    alone.says("the 2 definitions that differ mean the same");
    run(&["diff", "old.json"]).expect(0).says("nothing differs");
    // what means something else is told, whatever the versions
    project.write("old.json", old.to_string().replace("t.b > 0", "t.b > 1"));
    let other = run(&["diff", "old.json"]).expect(1);
    other
        .says("1 difference (exit code 1)")
        .says("view public.v definition");
}

/// A gate that looks into the wrong folder does not stay green.
#[test]
fn a_proof_of_nothing_is_none() {
    let project = Project::new();
    project.write("migrations/.keep", "");
    let run = || Pgplumb::at(project.path()).args(&["prove"]).run();
    run()
        .expect(2)
        .says("nothing was proven: there is no migration in migrations/")
        .says("--migrations DIR");
}

/// A history, where its own layout has its migrations, and what proves it by default.
struct History {
    name: &'static str,
    /// The oldest server that its scripts run on.
    since: u32,
    src: &'static str,
    /// Proven in its own layout as well: the small ones, unless all are asked for.
    both: bool,
}

const HISTORIES: [History; 4] = [
    History {
        name: "crates_io",
        since: 14,
        src: "migrations",
        both: false,
    },
    History {
        name: "concourse",
        since: 12,
        src: "atc/db/migration/migrations",
        both: false,
    },
    History {
        name: "e2b",
        since: 15,
        src: "packages/db/migrations",
        both: true,
    },
    History {
        name: "svix",
        since: 12,
        src: "server/svix-server/migrations",
        both: true,
    },
];

/// Of crates_io, what pg_dump of 18 tells and older ones cannot: NOT NULL constraints have names, and these rollbacks bring
/// back columns under other names than those that a renaming had left.
const NAMED_NOT_NULL: [&str; 2] = [
    "0109_20160717174656_dumped_migration_108",
    "0225_2024_04_12_144536_remove_downloads_column",
];

/// `exact`, `order`, `inexact`, `failed`, or `none` without a rollback; by the stem.
type Judgement = BTreeMap<String, String>;

fn judged_file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/prove/judged.txt")
}

/// What pg_dump says of the rollbacks of a history.
fn judged(name: &str, folder: &Path) -> Judgement {
    if std::env::var_os("PGPLUMB_JUDGE").is_some() {
        return judge(name, folder);
    }
    let text = std::fs::read_to_string(judged_file()).expect("tests/prove/judged.txt");
    text.lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            (words.next() == Some(name)).then_some(())?;
            Some((words.next()?.to_string(), words.next()?.to_string()))
        })
        .collect()
}

fn psql(database: &Database, file: &Path) -> Result<(), String> {
    let run = |alone: bool| {
        let mut command = database.server().program("psql");
        command.args(["-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", &database.url(), "-f"]);
        command.arg(file);
        if alone {
            command.arg("-1");
        }
        let output = command.output().expect("psql is installed");
        match output.status.success() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
        }
    };
    let text = std::fs::read_to_string(file).expect("a script");
    let controls = regex::Regex::new(r"(?im)^\s*(commit|begin)\s*;|concurrently").expect("a pattern");
    run(!controls.is_match(&text))
}

/// Applies, takes back and compares dumps, migration by migration, on copies where a rollback was inexact.
fn judge(name: &str, folder: &Path) -> Judgement {
    let mut judgement = Judgement::new();
    let mut database = Server::shared().database(&format!("judge_{name}"));
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder.join("migrations"))
        .expect("migrations")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let lines = |text: &str| {
        let mut lines: Vec<String> = text
            .lines()
            .map(|line| line.trim_end_matches(',').to_string())
            .collect();
        lines.sort();
        lines
    };
    for up in files {
        let stem = up.file_stem().expect("a stem").to_string_lossy().into_owned();
        let down = folder.join("rollback").join(up.file_name().expect("a name"));
        let before = dump(&database, &[]);
        psql(&database, &up).unwrap_or_else(|error| panic!("{stem}: {error}"));
        if !down.exists() {
            judgement.insert(stem, "none".to_string());
            continue;
        }
        let forward = database.copy();
        let word = match psql(&database, &down) {
            Err(_) => "failed",
            Ok(()) => {
                let after = dump(&database, &[]);
                match () {
                    () if before == after => "exact",
                    () if lines(&before) == lines(&after) => "order",
                    () => "inexact",
                }
            }
        };
        judgement.insert(stem, word.to_string());
        database = forward;
    }
    judgement
}

/// The report of a proof of what is in the directory.
fn proven(directory: &Path, options: &[&str], code: i32) -> Value {
    let args = [&["prove", "--format", "json", "-q"], options].concat();
    Pgplumb::at(directory).args(&args).run().expect(code).json()
}

fn prove(migrations: &Path, rollbacks: Option<&Path>) -> Value {
    let migrations = migrations.display().to_string();
    let mut args = vec!["--migrations", &migrations];
    let rollbacks = rollbacks.map(|folder| folder.display().to_string());
    if let Some(rollbacks) = &rollbacks {
        args.extend(["--rollbacks", rollbacks]);
    }
    let project = Project::new();
    proven(project.path(), &args, 1)
}

#[test]
fn no_rollback_is_accused_and_none_slips_through() {
    let Some(corpora) = std::env::var_os("PGPLUMB_CORPORA").map(PathBuf::from) else {
        println!("PGPLUMB_CORPORA names no folder of histories: none is proven");
        return;
    };
    let all = std::env::var_os("PGPLUMB_PROVE_ALL").is_some();
    let (mut wrong, mut file) = (Vec::new(), String::new());
    println!("history      layout  rollbacks  inexact  by order only  failed  wrong");
    let version = Server::shared().scratch().version_num() / 10_000;
    for history in HISTORIES.iter().filter(|history| version >= history.since) {
        let root = corpora.join(history.name);
        let judgement = judged(history.name, &root.join("norm"));
        for (stem, word) in &judgement {
            file.push_str(&format!("{} {stem} {word}\n", history.name));
        }
        let norm = prove(&root.join("norm/migrations"), Some(&root.join("norm/rollback")));
        let mut reports = vec![("norm", norm)];
        if history.both || all {
            reports.push(("src", prove(&root.join("src").join(history.src), None)));
        }
        for (layout, report) in &reports {
            let proofs = report["proofs"].as_array().expect("proofs");
            assert_eq!(proofs.len(), judgement.len(), "{} {layout}", history.name);
            let mut accused = 0;
            // the same migrations in the same order, whatever the layout calls them
            for (proof, (stem, judged)) in proofs.iter().zip(&judgement) {
                let outcome = proof["outcome"].as_str().expect("an outcome");
                let is_of_18 = version >= 18 && NAMED_NOT_NULL.contains(&stem.as_str());
                let judged = if is_of_18 { "inexact" } else { judged };
                let is_right = match judged {
                    "exact" => outcome == "exact",
                    "order" => outcome == "order_only",
                    "failed" => outcome == "rollback_failed",
                    "none" => outcome == "no_rollback",
                    _ => ["residue", "loss", "changed"].contains(&outcome),
                };
                if !is_right {
                    accused += 1;
                    wrong.push(format!(
                        "{} {layout} {stem}: {outcome}, and pg_dump says {judged}",
                        history.name
                    ));
                }
            }
            let count = |word: &str| judgement.values().filter(|judged| *judged == word).count();
            println!(
                "{:12} {layout:7} {:9} {:8} {:14} {:7} {accused:6}",
                history.name,
                judgement.len() - count("none"),
                count("order") + count("inexact") + count("failed"),
                count("order"),
                count("failed"),
            );
        }
    }
    if std::env::var_os("PGPLUMB_JUDGE").is_some() {
        std::fs::write(judged_file(), file).expect("the file can be written");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
