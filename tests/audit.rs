//! Every lint of the audit on a real server: `audit/<id>.sql` makes a database in which it finds just what the file
//! says, and where the statement that a finding brings does mend it.
//!
//! Comments at the top of a file say what is found (`-- finds: table public.t`), in which role the audit reads
//! (`-- as: audit_app`), and from which version of the server on there is such a thing (`-- from: 15`).

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Database, Pgplumb, Project, Server};

/// The roles of the files.
const ROLES: &str = "DO $$ DECLARE r text; BEGIN FOREACH r IN ARRAY ARRAY['audit_app', 'audit_other', 'audit_owner', 'audit \"Odd\"', \
    'audit_bypass'] LOOP IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = r) THEN EXECUTE format('CREATE ROLE %I', r); END IF; END LOOP; \
    ALTER ROLE audit_bypass BYPASSRLS; END $$";

/// One file.
struct Nasty {
    id: String,
    sql: String,
}

impl Nasty {
    fn all() -> Vec<Nasty> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/audit");
        let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
            .expect("the folder is there")
            .map(|entry| entry.expect("it can be listed").path())
            .collect();
        paths.sort();
        paths
            .iter()
            .map(|path| Nasty {
                id: path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned(),
                sql: std::fs::read_to_string(path).expect("it is a text"),
            })
            .collect()
    }

    /// What comments with that word say, sorted.
    fn says(&self, word: &str) -> Vec<String> {
        let mut found: Vec<String> = self
            .sql
            .lines()
            .filter_map(|line| line.strip_prefix("-- ")?.strip_prefix(word)?.strip_prefix(": "))
            .map(str::to_string)
            .collect();
        found.sort();
        found
    }

    /// The findings of its lint, by object.
    fn findings(&self, database: &Database) -> Vec<(String, String)> {
        let mut findings: Vec<(String, String)> = self.report(database)["findings"]
            .as_array()
            .expect("findings")
            .iter()
            .filter(|finding| finding["id"] == self.id.as_str())
            .map(|finding| {
                let text = |key: &str| finding[key].as_str().unwrap_or_default().to_string();
                (text("object"), text("fix"))
            })
            .collect();
        findings.sort();
        findings
    }

    fn report(&self, database: &Database) -> Value {
        let mut project = Project::new();
        if let [role] = self.says("as").as_slice() {
            project = project.with("pgplumb.toml", format!("role = \"{role}\"\n"));
        }
        let outcome = Pgplumb::new(&project, database)
            .args(&["audit", "--format", "json"])
            .run();
        let report = outcome.json();
        let has_error = report["findings"]
            .as_array()
            .is_some_and(|findings| findings.iter().any(|finding| finding["severity"] == "error"));
        assert_eq!(
            outcome.code,
            i32::from(has_error),
            "{}: {}{}",
            self.id,
            outcome.stdout,
            outcome.stderr
        );
        report
    }

    /// What differs from what the file says.
    fn problem(&self) -> Option<String> {
        let server = Server::shared();
        let from = self
            .says("from")
            .first()
            .map_or(0, |version| version.parse().expect("a version"));
        if server.scratch().version_num() / 10_000 < from {
            return None;
        }
        let database = server.database(&format!("audit_{}", self.id));
        database.make_roles(ROLES);
        if let Err(error) = database.try_run(&self.sql) {
            return Some(format!("{}: {error}", self.id));
        }
        let findings = self.findings(&database);
        let objects: Vec<&String> = findings.iter().map(|(object, _)| object).collect();
        let expected = self.says("finds");
        if expected.is_empty() || objects != expected.iter().collect::<Vec<_>>() {
            return Some(format!("{}: found {objects:#?}\nexpected {expected:#?}", self.id));
        }
        let (by_hand, mends): (Vec<_>, Vec<_>) = findings
            .iter()
            .partition(|(_, fix)| fix.contains('…') || !fix.ends_with(';'));
        for (object, fix) in &mends {
            if let Err(error) = database.try_run(fix) {
                return Some(format!("{}: {object}: {fix}\n{error}", self.id));
            }
        }
        let left = self.findings(&database);
        let stays: Vec<_> = left.iter().filter(|finding| !by_hand.contains(finding)).collect();
        (!stays.is_empty()).then(|| format!("{}: still found after its own fix: {stays:#?}", self.id))
    }
}

#[test]
fn each_lint_finds_just_what_it_should_and_its_fix_mends_it() {
    let all = Nasty::all();
    let only = std::env::var("CASE").ok();
    let problems: Vec<String> = all
        .iter()
        .filter(|nasty| only.as_ref().is_none_or(|only| *only == nasty.id))
        .filter_map(Nasty::problem)
        .collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn each_lint_has_its_database() {
    let files: Vec<String> = Nasty::all().into_iter().map(|nasty| nasty.id).collect();
    let mut ids: Vec<&str> = pgplumb::audit::LINTS.iter().map(|lint| lint.id).collect();
    ids.sort_unstable();
    assert_eq!(files, ids);
}

/// What the shipped project keeps is accepted in its settings, and nothing is accepted there that is not so.
#[test]
fn the_shipped_project_has_no_finding_that_is_not_accepted() {
    let project = Project::shipped("");
    let server = Server::shared();
    let database = server.database("audit_shipped");
    Pgplumb::new(&project, &database)
        .args(&["apply", "-q"])
        .run()
        .expect(0);
    if server.scratch().version_num() < 150_000 {
        // what newer servers come with
        database.run("REVOKE CREATE ON SCHEMA public FROM PUBLIC");
    }
    let open = || {
        let report = Pgplumb::new(&project, &database)
            .args(&["audit", "--strict", "--format", "json"])
            .run()
            .expect(0)
            .json();
        let findings = report["findings"].as_array().expect("findings");
        let open = findings.iter().filter(|finding| finding["accepted"].is_null());
        open.map(|finding| finding["id"].to_string()).collect::<Vec<_>>()
    };
    // a superuser connects
    assert_eq!(open(), ["\"role_bypasses_rls\""]);
    // the owner of all of it, who is none
    database.make_roles(ROLES);
    database.run(
        "DO $$ DECLARE r regclass; BEGIN
             FOR r IN SELECT c.oid FROM pg_class c WHERE c.relkind IN ('r', 'p')
                 AND c.relnamespace IN ('public'::regnamespace, 'auth'::regnamespace)
             LOOP EXECUTE format('ALTER TABLE %s OWNER TO audit_owner', r); END LOOP; END $$;
         GRANT USAGE ON SCHEMA auth TO audit_owner",
    );
    project.write(
        "pgplumb.toml",
        std::fs::read_to_string(project.path().join("pgplumb.toml"))
            .expect("it is there")
            .replacen("[[audit", "role = \"audit_owner\"\n\n[[audit", 1),
    );
    assert_eq!(open(), Vec::<String>::new());
}

#[test]
fn the_documentation_lists_every_lint() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/audit.md");
    let text = std::fs::read_to_string(path).expect("it is there");
    let missing: Vec<String> = pgplumb::audit::LINTS
        .iter()
        .map(|lint| format!("| `{}` | {} | {} |", lint.id, lint.severity.as_str(), lint.about))
        .filter(|row| !text.contains(row.as_str()))
        .collect();
    assert!(missing.is_empty(), "docs/audit.md lacks\n{}", missing.join("\n"));
}
