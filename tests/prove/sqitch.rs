//! sqitch projects whose scripts are in psql's own language.

use serde_json::Value;

use super::{proven, texts};
use crate::support::{Pgplumb, Project, Server};

const BY: &str = "2025-01-01T00:00:00Z A <a@example.com>";

/// Variables, conditions, echoes, included files and COPY; the view leaves its comment's sequence behind.
fn shop() -> Project {
    Project::new()
        .with(
            "sqitch.conf",
            "[core]\n\tengine = pg\n\ttop_dir = db\n[deploy \"variables\"]\n\tapp = shop\n[revert \"variables\"]\n\twhat = view\n",
        )
        .with(
            "db/sqitch.plan",
            format!("%syntax-version=1.0.0\n%project=shop\n\ncustomer {BY}\n@v1 {BY}\nnames [customer] {BY}\nrows [names] {BY}\n"),
        )
        .with(
            "db/deploy/customer.sql",
            "-- Deploy shop:customer to pg\n\\set ON_ERROR_STOP 1\nBEGIN;\nCREATE SCHEMA :\"app\";\n\
             CREATE TABLE :app.customer (id bigint PRIMARY KEY, email text NOT NULL);\n\
             COPY shop.customer FROM STDIN;\n1\ta@example.com\n\\.\n\\echo done with :app\nCOMMIT;\n",
        )
        .with("db/revert/customer.sql", "BEGIN;\nDROP TABLE shop.customer;\nDROP SCHEMA :app;\nCOMMIT;\n")
        .with("db/deploy/names.sql", "BEGIN;\n\\ir ../views/names.sql\n\\i db/views/counter.sql\nCOMMIT;\n")
        .with("db/views/names.sql", "CREATE VIEW shop.names AS\nSELECT email FROM shop.customer;\n")
        .with("db/views/counter.sql", "CREATE SEQUENCE shop.counter;\n")
        .with(
            "db/revert/names.sql",
            "\\if :{?what}\nDROP :what shop.names;\n\\endif\n",
        )
        .with("db/deploy/rows.sql", "CREATE INDEX by_email ON shop.customer (email);\n")
        .with("db/revert/rows.sql", "DROP INDEX shop.by_email;\n")
}

fn prove(project: &Project, code: i32) -> Value {
    proven(project.path(), &[], code)
}

#[test]
fn what_only_psql_understands_is_run_by_psql() {
    let project = shop();
    let report = prove(&project, 1);
    assert_eq!(texts(&report, "proofs", "outcome"), ["exact", "residue", "exact"]);
    let proofs = report["proofs"].as_array().expect("proofs");
    assert_eq!(texts(&proofs[1], "details", "object"), ["shop.counter"]);
    // a script in SQL alone is none of psql's business
    let places: Vec<&str> = report["diagnostics"]
        .as_array()
        .expect("diagnostics")
        .iter()
        .filter(|told| {
            told["message"]
                .as_str()
                .is_some_and(|text| text.contains("is run by psql"))
        })
        .map(|told| told["source"]["file"].as_str().expect("a file"))
        .collect();
    assert_eq!(
        places,
        [
            "db/deploy/customer.sql",
            "db/revert/customer.sql",
            "db/deploy/names.sql",
            "db/revert/names.sql"
        ]
    );

    project.write(
        "db/revert/names.sql",
        "DROP VIEW shop.names;\nDROP SEQUENCE shop.counter;\n",
    );
    let report = prove(&project, 0);
    assert_eq!(texts(&report, "proofs", "outcome"), ["exact", "exact", "exact"]);
    assert_eq!(report["chain"]["taken_back"], 3);

    // in life it is refused, with its place
    let database = Server::shared().database("sqitch");
    let refused = Pgplumb::new(&project, &database).args(&["apply"]).run().expect(2);
    refused
        .says("`\\set` is a psql meta-command, not SQL")
        .says("db/deploy/customer.sql:2:1");
}

#[test]
fn an_error_has_its_place_in_the_file_that_psql_includes() {
    let project = shop();
    project.write(
        "db/views/names.sql",
        "\n\nSELECT 1;\nCREATE VIEW shop.names AS SELECT nope FROM shop.customer;\n",
    );
    let report = prove(&project, 5);
    assert_eq!(texts(&report, "proofs", "outcome"), ["exact", "apply_failed"]);
    let message = &report["proofs"][1]["message"];
    assert_eq!(message, "db/views/names.sql:4:1: column \"nope\" does not exist");

    let project = shop();
    project.write(
        "db/revert/names.sql",
        "\\set gone shop.nothing\nDROP VIEW :gone;\n",
    );
    let report = prove(&project, 1);
    assert_eq!(
        texts(&report, "proofs", "outcome"),
        ["exact", "rollback_failed", "exact"]
    );
    let message = &report["proofs"][1]["message"];
    assert_eq!(
        message,
        "db/revert/names.sql:2:1: view \"nothing\" does not exist"
    );
}

#[test]
fn psql_begins_as_the_role_of_the_settings() {
    let project = Project::new()
        .with("pgplumb.toml", "role = \"shop_owner\"\n")
        .with("sqitch.plan", format!("%project=shop\n\na {BY}\n"))
        .with("deploy/a.sql", "\\set name mine\nCREATE TABLE :name ();\nDO $$ BEGIN ASSERT current_user = 'shop_owner'; END $$;\n")
        .with("revert/a.sql", "DROP TABLE mine;\n");
    assert_eq!(texts(&prove(&project, 0), "proofs", "outcome"), ["exact"]);
}
