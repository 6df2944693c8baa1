//! Deliberately bad rollbacks: one a property of the catalog, and one a kind of outcome. A property or an outcome that
//! is added without one fails here.

use std::collections::{BTreeMap, BTreeSet};

use pgplumb::catalog::Kind;
use pgplumb::catalog::property::DETAILS;
use pgplumb::proof::{Outcome, Reapply};

use super::{proofs, proven};
use crate::support::{Project, Server};

/// `kind.property | what is there | the migration | the object`, see its head.
const PROPERTIES: &str = include_str!("properties.txt");

/// One line of [`PROPERTIES`].
struct Row {
    since: u32,
    kind: &'static str,
    property: &'static str,
    /// Absent where it is not tried.
    change: Option<Change>,
}

struct Change {
    given: &'static str,
    sql: &'static str,
    /// `*` for one whose name is the server's.
    object: &'static str,
}

fn rows() -> Vec<Row> {
    let lines = PROPERTIES.lines().filter(|line| !line.starts_with('#'));
    lines
        .map(|line| {
            let fields: Vec<&str> = line.split(" | ").collect();
            let (since, name) = match fields[0].split_once(' ') {
                Some((since, name)) if since.parse::<u32>().is_ok() => {
                    (since.parse().expect("a version"), name)
                }
                _ => (12, fields[0]),
            };
            let (kind, property) = name.split_once('.').unwrap_or_else(|| panic!("{line}"));
            let change = match fields.as_slice() {
                [_, reason] if reason.starts_with("- ") => None,
                [_, given, sql, object] => Some(Change { given, sql, object }),
                _ => panic!("not four fields: {line}"),
            };
            Row {
                since,
                kind,
                property,
                change,
            }
        })
        .collect()
}

#[test]
fn each_property_of_the_catalog_has_a_bad_rollback() {
    let written: Vec<(String, String)> = rows()
        .iter()
        .map(|row| (row.kind.to_string(), row.property.to_string()))
        .collect();
    let named: BTreeSet<(String, String)> = written.iter().cloned().collect();
    assert_eq!(named.len(), written.len(), "a property stands there twice");
    let listed: BTreeSet<(String, String)> = Kind::ALL
        .into_iter()
        .flat_map(|kind| {
            let properties = kind.properties().iter();
            properties.map(move |property| (kind.as_str().to_string(), property.name.to_string()))
        })
        .collect();
    let missing: Vec<_> = listed.difference(&named).collect();
    assert!(missing.is_empty(), "no bad rollback for {missing:?}");
    let unknown: Vec<_> = named
        .difference(&listed)
        .filter(|(_, property)| property != DETAILS.name)
        .collect();
    assert!(unknown.is_empty(), "the catalog has no {unknown:?}");
    // what has no property of its own is read with words of its own, by kind
    let details = include_str!("../../src/db/sql/details.sql");
    for kind in Kind::ALL {
        let is_read = details.contains(&format!("'{kind}'"));
        let is_tried = named.contains(&(kind.to_string(), DETAILS.name.to_string()));
        assert_eq!(is_read, is_tried, "details of a {kind}");
    }
}

#[test]
fn each_property_that_is_left_behind_is_named() {
    let version = Server::shared().scratch().version_num() / 10_000;
    let rows: Vec<Row> = rows().into_iter().filter(|row| row.since <= version).collect();
    let tried: Vec<(&Row, &Change)> = rows
        .iter()
        .filter_map(|row| Some((row, row.change.as_ref()?)))
        .collect();
    let project = Project::new();
    let given: Vec<String> = tried
        .iter()
        .map(|(_, change)| format!("{};\n", change.given))
        .collect();
    project.write(
        "migrations/0001_given.sql",
        format!(
            "-- pgplumb: irreversible \"what is there before\"\n{}",
            given.concat()
        ),
    );
    for (index, (_, change)) in tried.iter().enumerate() {
        let stem = format!("{:04}_change", index + 2);
        project.write(&format!("migrations/{stem}.sql"), format!("{};\n", change.sql));
        project.write(
            &format!("rollback/{stem}.sql"),
            "SELECT 'nothing is taken back';\n",
        );
    }
    let report = proven(project.path(), &[], 1);
    let proofs = proofs(&report);
    assert_eq!(proofs.len(), tried.len() + 1);
    let mut wrong = Vec::new();
    for (index, (row, change)) in tried.iter().enumerate() {
        let proof = proofs[&format!("{:04}", index + 2)];
        let outcome = proof["outcome"].as_str().expect("an outcome");
        // an object that a changed one brings along is left over, and one that it replaces is gone
        let is_right = match (row.kind, row.property) {
            ("column", "position") => outcome == "order_only",
            _ => ["changed", "residue", "loss"].contains(&outcome),
        };
        let details = proof["details"].as_array().expect("details");
        let is_named = details.iter().any(|line| {
            line["kind"]
                .as_str()
                .is_none_or(|kind| kind == row.kind || row.kind == "other")
                && line["property"] == row.property
                && (change.object == "*" || line["object"] == change.object)
                && line["before"] != line["after"]
        });
        if !is_right || !is_named {
            let message = proof["message"].as_str().unwrap_or_default();
            wrong.push(format!(
                "{}.{}: {outcome} {message} {}",
                row.kind, row.property, proof["details"]
            ));
        }
    }
    println!(
        "{} properties left behind, {} not named",
        tried.len(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What is wrong with a rollback: the migration, its rollback, and what the proof has to say.
struct Bad {
    outcome: Outcome,
    reapply: Reapply,
    up: &'static str,
    down: Option<&'static str>,
    /// An object, and its property unless it is there or not as a whole.
    named: Option<(&'static str, Option<&'static str>)>,
}

/// Migrations that stand one behind the other; the last one cannot be applied.
const BAD: [Bad; 14] = [
    Bad {
        outcome: Outcome::Exact,
        reapply: Reapply::Same,
        up: "create table shop (id int primary key, name text, town text); create index by_town on shop (town)",
        down: Some("drop table shop"),
        named: None,
    },
    Bad {
        outcome: Outcome::OrderOnly,
        reapply: Reapply::Same,
        up: "alter table shop drop name",
        down: Some("alter table shop add name text"),
        named: Some(("public.shop.name", Some("position"))),
    },
    Bad {
        outcome: Outcome::Residue,
        reapply: Reapply::Failed,
        up: "create type mood as enum ('ok'); create view moody as select 1 as a",
        down: Some("drop view moody"),
        named: Some(("public.mood", None)),
    },
    // left over, and no obstacle
    Bad {
        outcome: Outcome::Residue,
        reapply: Reapply::Same,
        up: "create table if not exists kept (a int)",
        down: Some("select 1"),
        named: Some(("public.kept", None)),
    },
    Bad {
        outcome: Outcome::Loss,
        reapply: Reapply::Failed,
        up: "drop index by_town",
        down: Some("select 1"),
        named: Some(("public.by_town", None)),
    },
    Bad {
        outcome: Outcome::Changed,
        reapply: Reapply::Same,
        up: "alter table shop alter town set default ''",
        down: Some("alter table shop alter town set default 'nowhere'"),
        named: Some(("public.shop.town", Some("default"))),
    },
    Bad {
        outcome: Outcome::RollbackFailed,
        reapply: Reapply::NotRun,
        up: "create view villages as select 1 as a",
        down: Some("drop view hamlets"),
        named: None,
    },
    // exact, and what it leaves in the rows keeps the migration from being applied again
    Bad {
        outcome: Outcome::Exact,
        reapply: Reapply::Failed,
        up: "alter table shop add constraint empty check (id < 0)",
        down: Some("alter table shop drop constraint empty; insert into shop (id) values (1)"),
        named: None,
    },
    // what is made again depends on what the rollback left in the rows
    Bad {
        outcome: Outcome::Exact,
        reapply: Reapply::Differs,
        up: "do $$ begin if exists (select from kept) then create view second as select 1 as a; \
             else create view first as select 1 as a; end if; end $$",
        down: Some("drop view if exists first, second; insert into kept values (1)"),
        named: None,
    },
    Bad {
        outcome: Outcome::Nondeterministic,
        reapply: Reapply::Differs,
        up: "do $$ begin execute format('create table %I (a int)', 'part_' || md5(random()::text)); end $$",
        down: Some(
            "do $$ declare t text; begin select relname into t from pg_class where relname like 'part\\_%'; \
             execute format('drop table %I', t); end $$",
        ),
        named: None,
    },
    Bad {
        outcome: Outcome::NoRollback,
        reapply: Reapply::NotRun,
        up: "create table alone (a int)",
        down: None,
        named: None,
    },
    Bad {
        outcome: Outcome::Irreversible,
        reapply: Reapply::NotRun,
        up: "-- pgplumb: irreversible \"the rows are gone\"\ndelete from kept",
        down: None,
        named: None,
    },
    Bad {
        outcome: Outcome::Exact,
        reapply: Reapply::Same,
        up: "create table fine (a int)",
        down: Some("drop table fine"),
        named: None,
    },
    Bad {
        outcome: Outcome::ApplyFailed,
        reapply: Reapply::NotRun,
        up: "alter table nowhere add a int",
        down: Some("select 1"),
        named: None,
    },
];

#[test]
fn each_outcome_is_told_of_a_bad_rollback() {
    let found: BTreeSet<&str> = BAD.iter().map(|bad| bad.outcome.as_str()).collect();
    // what is repeatable has no rollback: its outcomes are among the cases
    let of_rollbacks = Outcome::ALL
        .iter()
        .filter(|outcome| !matches!(outcome, Outcome::Repeatable | Outcome::NotRepeatable));
    let all: BTreeSet<&str> = of_rollbacks.map(|outcome| outcome.as_str()).collect();
    assert_eq!(found, all, "an outcome without a bad rollback");
    let project = Project::new();
    for (index, bad) in BAD.iter().enumerate() {
        let stem = format!("{:04}_{}", index + 1, bad.outcome.as_str());
        project.write(&format!("migrations/{stem}.sql"), format!("{};\n", bad.up));
        if let Some(down) = bad.down {
            project.write(&format!("rollback/{stem}.sql"), format!("{down};\n"));
        }
    }
    let report = proven(project.path(), &[], 5);
    let proofs = proofs(&report);
    let mut wrong = BTreeMap::new();
    for (index, bad) in BAD.iter().enumerate() {
        let version = format!("{:04}", index + 1);
        let proof = proofs[&version];
        let is_named = bad.named.is_none_or(|(object, property)| {
            let details = proof["details"].as_array().expect("details");
            details
                .iter()
                .any(|line| line["object"] == object && line["property"].as_str() == property)
        });
        if proof["outcome"] != bad.outcome.as_str() || proof["reapply"] != bad.reapply.as_str() || !is_named {
            wrong.insert(version, proof.to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
