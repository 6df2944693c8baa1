//! Two published schemas, behind a stub of what they stand on: every finding of the audit, and every cell of the isolation
//! matrix that lets something cross or denies it, is one that was confirmed by hand; `docs/audit.md` says how.
//!
//! The folder of the schemas is named by `PGPLUMB_CORPORA`; without it there is nothing to judge.

use std::path::PathBuf;

use serde_json::Value;

use crate::support::{Database, Pgplumb, Project, Server};

/// What Supabase gives to what is created in `public`; the stub has the roles.
const GRANTS: &str =
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT ALL ON TABLES TO anon, authenticated, service_role";

/// How one becomes a user there.
const SETTINGS: &str =
    "settings = { \"request.jwt.claims\" = '{\"sub\": \"{user}\", \"role\": \"authenticated\"}' }\n";

/// The schema in a database of its own, after `first`.
fn loaded(name: &str, first: &str) -> Option<Database> {
    let Some(folder) = std::env::var_os("PGPLUMB_CORPORA").map(PathBuf::from) else {
        eprintln!("PGPLUMB_CORPORA names no folder of schemas: nothing to judge");
        return None;
    };
    let read = |name: &str| {
        let path = folder.join(format!("{name}.sql"));
        std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let database = Server::shared().database(name);
    // until 14 everybody may create in public, which is a finding of its own
    let since_15 = "REVOKE CREATE ON SCHEMA public FROM PUBLIC".to_string();
    database.make_roles(&(since_15 + "; " + &read("_stub_supabase")));
    for sql in [first, &read(name)] {
        database.run(sql);
    }
    Some(database)
}

/// The findings, as `severity id object`.
fn findings(database: &Database, exit: i32) -> Vec<String> {
    let project = Project::new();
    let outcome = Pgplumb::new(&project, database)
        .args(&["audit", "--format", "json"])
        .run();
    let report = outcome.expect(exit).json();
    let findings = report["findings"].as_array().expect("findings");
    findings
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap_or_default();
            format!("{} {} {}", text("severity"), text("id"), text("object"))
        })
        .collect()
}

/// The matrix as people read it: a line for each object, and what was found of it by command.
fn matrix(database: &Database, checks: &str) -> Vec<String> {
    let project = Project::new().with("checks/baseline.toml", checks);
    let outcome = Pgplumb::new(&project, database)
        .args(&["verify", "--format", "json"])
        .run();
    let report: Value = outcome.expect(1).json();
    let blocked = &report["root_causes"];
    assert!(blocked.as_array().is_none_or(Vec::is_empty), "{blocked:#}");
    let mut lines = Vec::new();
    let words = |cells: &Value| {
        let cells = cells.as_array().expect("cells").iter();
        let words = cells.map(|cell| {
            let text = |key: &str| cell[key].as_str().unwrap_or_default().to_string();
            match cell["tenant"] == "own" {
                true => format!("own_{}={}", text("command"), text("outcome")),
                false => format!("{}={}", text("command"), text("outcome")),
            }
        });
        words.collect::<Vec<_>>().join(" ")
    };
    for table in report["isolation"][0]["tables"].as_array().expect("tables") {
        let name = table["table"].as_str().unwrap_or_default();
        lines.push(format!("{name}: {}", words(&table["cells"])));
        for way in table["ways"].as_array().expect("ways") {
            let object = way["object"].as_str().unwrap_or_default();
            lines.push(format!("  {object}: {}", words(&way["cells"])));
        }
    }
    lines
}

fn expected(text: &str) -> Vec<String> {
    text.lines().map(str::to_string).collect()
}

#[test]
fn a_chat() {
    let Some(database) = loaded("slack_clone_fixed", GRANTS) else {
        return;
    };
    assert_eq!(
        findings(&database, 0),
        expected(include_str!("corpora/slack_clone.findings.txt"))
    );
    let checks = format!(
        "[isolation.users]\ntables = [\"users(id)\", \"channels(created_by)\", \"messages(user_id)\", \"user_roles(user_id)\"]\n\
         as_role = \"authenticated\"\n{}",
        // whoever it is, is the tenant
        SETTINGS.replace("{user}", "{tenant}")
    );
    assert_eq!(
        matrix(&database, &checks),
        expected(include_str!("corpora/slack_clone.matrix.txt"))
    );
}

#[test]
fn accounts_with_members() {
    let Some(database) = loaded("basejump", "SELECT 1") else {
        return;
    };
    assert_eq!(
        findings(&database, 1),
        expected(include_str!("corpora/basejump.findings.txt"))
    );
    let checks = format!(
        "schema = \"basejump\"\n[isolation.accounts]\ntables = [\"accounts(id)\", \"account_user(account_id)\", \
         \"invitations(account_id)\", \"billing_customers(account_id)\", \"billing_subscriptions(account_id)\"]\nas_role = \"authenticated\"\nuser = \"auth.users(id)\"\n{SETTINGS}"
    );
    assert_eq!(
        matrix(&database, &checks),
        expected(include_str!("corpora/basejump.matrix.txt"))
    );
}
