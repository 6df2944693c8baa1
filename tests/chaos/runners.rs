//! Sixteen runners at once.

use std::process::Child;

use super::history::{catalog, newest_of_an_agreeing};
use super::{STEPS, apply, outcome, project};
use crate::support::{Database, Pgplumb, Server};

const RUNNERS: usize = 16;

/// All of them succeed, and each migration is applied by exactly one.
pub fn all_at_once(run: impl Fn() -> Pgplumb, database: &Database, pending: usize) {
    let children: Vec<Child> = (0..RUNNERS)
        .map(|_| run().args(&["--format", "json", "--lock-wait", "120s"]).start())
        .collect();
    let mut applied = Vec::new();
    for child in children {
        let report = outcome(child).expect(0).json();
        for migration in report["migrations"].as_array().expect("an array") {
            if migration["state"] == "applied" {
                applied.push(migration["version"].as_str().expect("a version").to_string());
            }
        }
    }
    applied.sort();
    let expected: Vec<String> = (STEPS - pending + 1..=STEPS)
        .map(|step| format!("{step:04}"))
        .collect();
    assert_eq!(applied, expected);
    assert_eq!(newest_of_an_agreeing(database), STEPS);
}

#[test]
fn sixteen_runners_apply_each_migration_once() {
    let project = project();
    let server = Server::shared();
    let alone = server.database("alone");
    apply(&project, &alone).run().expect(0);
    let expected = catalog(&alone);
    for (done, isolation) in [(0, "read committed"), (17, "serializable")] {
        let database = server.database("sixteen");
        database.run(&format!(
            "ALTER DATABASE {} SET default_transaction_isolation = '{isolation}'",
            database.name
        ));
        if done > 0 {
            apply(&project, &database)
                .args(&["--to", &done.to_string()])
                .run()
                .expect(0);
        }
        all_at_once(|| apply(&project, &database), &database, STEPS - done);
        assert_eq!(catalog(&database), expected);
    }
}
