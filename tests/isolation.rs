//! The isolation matrix on a real server: an honest schema is green, and each way of opening it is red by its name.

use std::path::Path;

use serde_json::Value;

use crate::support::{Database, Pgplumb, Project, Server, dump_whole};

const SCHEMA: &str = include_str!("isolation/schema.sql");
const CHECKS: &str = include_str!("isolation/checks.toml");

fn honest(name: &str) -> Database {
    let database = Server::shared().database(name);
    database.run(SCHEMA);
    database
}

fn verify(database: &Database, checks: &str) -> Value {
    let project = Project::new().with("checks/baseline.toml", checks);
    Pgplumb::new(&project, database)
        .args(&["verify", "--format", "json"])
        .run()
        .json()
}

/// What did not pass, as `status id`, without what they have in common.
fn troubles(report: &Value) -> Vec<String> {
    let checks = report["checks"].as_array().expect("checks");
    let mut found: Vec<String> = checks
        .iter()
        .filter(|check| check["status"] != "pass")
        .map(|check| {
            let id = check["id"].as_str().unwrap_or_default();
            let short = id.trim_start_matches("baseline/isolation.orgs/");
            format!("{} {short}", check["status"].as_str().unwrap_or_default())
        })
        .collect();
    found.sort();
    found
}

fn message(report: &Value, end: &str) -> String {
    let checks = report["checks"].as_array().expect("checks");
    let check = checks
        .iter()
        .find(|check| check["id"].as_str().is_some_and(|id| id.ends_with(end)))
        .unwrap_or_else(|| panic!("no check {end}"));
    check["message"].as_str().unwrap_or_default().to_string()
}

#[test]
fn an_honest_schema_is_green_and_nothing_is_left() {
    let database = honest("isolation_honest");
    let before = dump_whole(&database);
    let report = verify(&database, CHECKS);
    assert_eq!(troubles(&report), Vec::<String>::new(), "{report:#}");
    assert_eq!(report["verdict"], "approved");
    assert_eq!(dump_whole(&database), before);

    let tables = report["isolation"][0]["tables"].as_array().expect("tables");
    let outcome = |table: usize, command: &str, tenant: &str| {
        let cells = tables[table]["cells"].as_array().expect("cells");
        let cell = cells
            .iter()
            .find(|cell| cell["command"] == command && cell["tenant"] == tenant);
        cell.map(|cell| cell["outcome"].as_str().unwrap_or_default().to_string())
    };
    for command in ["select", "insert", "update", "delete"] {
        assert_eq!(outcome(0, command, "own").as_deref(), Some("works"), "{command}");
    }
    // a grant without a policy, and neither of both
    assert_eq!(outcome(1, "update", "own").as_deref(), Some("no_policy"));
    assert_eq!(outcome(1, "delete", "own").as_deref(), Some("no_grant"));
    assert_eq!(outcome(0, "truncate", "other").as_deref(), Some("refused"));
    let ways = |table: usize| {
        let ways = tables[table]["ways"].as_array().expect("ways");
        ways.iter()
            .map(|way| way["object"].as_str().unwrap_or_default().to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        ways(0),
        [
            "view public.doc_titles",
            "view public.doc_view",
            "function public.doc_of(doc bigint)",
            "function public.own_docs()"
        ]
    );
    assert_eq!(ways(1).len(), 6, "{:?}", ways(1));
}

/// What opens the schema, and every check that does not pass then.
const MUTATIONS: [(&str, &str, &[&str]); 30] = [
    (
        "ALTER POLICY doc_select ON \"Odd Doc\" USING (true)",
        "select",
        &["fail \"Odd Doc\".select"],
    ),
    (
        "ALTER POLICY doc_insert ON \"Odd Doc\" WITH CHECK (true)",
        "insert",
        &["fail \"Odd Doc\".insert"],
    ),
    // a row that stays with its tenant still meets the check: it is taken over instead
    (
        "ALTER POLICY doc_update ON \"Odd Doc\" USING (true)",
        "update using",
        &["fail \"Odd Doc\".update"],
    ),
    (
        "ALTER POLICY doc_update ON \"Odd Doc\" WITH CHECK (true)",
        "update check",
        &["fail \"Odd Doc\".move"],
    ),
    (
        "ALTER POLICY doc_delete ON \"Odd Doc\" USING (true)",
        "delete",
        &["fail \"Odd Doc\".delete"],
    ),
    (
        "ALTER TABLE \"Odd Doc\" DISABLE ROW LEVEL SECURITY",
        "row security off",
        &[
            "fail \"Odd Doc\".delete",
            "fail \"Odd Doc\".insert",
            "fail \"Odd Doc\".move",
            "fail \"Odd Doc\".select",
            "fail \"Odd Doc\".update",
        ],
    ),
    (
        "ALTER TABLE \"Odd Doc\" OWNER TO \"Isolated App\"",
        "owner",
        &[
            "fail \"Odd Doc\".delete",
            "fail \"Odd Doc\".insert",
            "fail \"Odd Doc\".move",
            "fail \"Odd Doc\".select",
            "fail \"Odd Doc\".truncate",
            "fail \"Odd Doc\".update",
        ],
    ),
    (
        "GRANT TRUNCATE ON log TO \"Isolated App\"",
        "truncate",
        &["fail log.truncate"],
    ),
    // TRUNCATE is refused for what refers to it, with CASCADE and without
    (
        "CREATE TABLE note (doc bigint REFERENCES \"Odd Doc\"); GRANT TRUNCATE ON \"Odd Doc\" TO \"Isolated App\"",
        "truncate of what is referred to",
        &[],
    ),
    (
        "GRANT SELECT ON log_old TO \"Isolated App\"",
        "a range without a lower bound",
        &["fail log.partitions"],
    ),
    (
        "GRANT INSERT ON log_new_a TO PUBLIC",
        "a list",
        &["fail log.partitions"],
    ),
    (
        "GRANT SELECT, UPDATE ON log_new_rest_1 TO \"Isolated App\"",
        "a hash",
        &["fail log.partitions"],
    ),
    (
        "GRANT SELECT (org_id), DELETE ON log_new TO \"Isolated App\"",
        "a partitioned partition",
        &["fail log.partitions"],
    ),
    // protected, and without a policy: nothing is reached
    (
        "ALTER TABLE log_old ENABLE ROW LEVEL SECURITY; GRANT SELECT, INSERT, UPDATE, DELETE ON log_old TO \"Isolated App\"",
        "a protected partition",
        &[],
    ),
    (
        "CREATE FUNCTION leak() RETURNS SETOF \"Odd Doc\" LANGUAGE sql SECURITY DEFINER SET search_path = public \
      AS 'SELECT * FROM \"Odd Doc\"'",
        "a function that returns all rows",
        &["fail \"Odd Doc\".functions"],
    ),
    (
        "CREATE FUNCTION leak(org uuid) RETURNS bigint LANGUAGE plpgsql SECURITY DEFINER SET search_path = public \
      AS 'BEGIN RETURN (SELECT count(*) FROM \"Odd Doc\" d WHERE d.org_id = org); END'",
        "a function of a tenant",
        &["fail \"Odd Doc\".functions"],
    ),
    // the arguments are of types that values are made for from the catalog
    (
        "CREATE FUNCTION leak(of plan) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public \
         AS $$SELECT count(*) FROM \"Odd Doc\" WHERE of = 'paid'$$",
        "a label of an enum, not the first",
        &["fail \"Odd Doc\".functions"],
    ),
    (
        "CREATE FUNCTION leak(as_of date, mail email, word short, deep jsonb) RETURNS bigint LANGUAGE sql SECURITY DEFINER \
         SET search_path = public AS 'SELECT count(*) FROM \"Odd Doc\"'",
        "domains, a date and JSON",
        &["fail \"Odd Doc\".functions"],
    ),
    (
        "CREATE FUNCTION leak(orgs uuid[]) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public \
         AS 'SELECT count(*) FROM \"Odd Doc\" d WHERE d.org_id = ANY (orgs)'",
        "an array of tenants",
        &["fail \"Odd Doc\".functions"],
    ),
    (
        "CREATE TYPE asked AS (org_id uuid, plan plan, many integer[]); \
         CREATE FUNCTION leak(a asked) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public \
         AS 'SELECT count(*) FROM \"Odd Doc\" d WHERE d.org_id = (a).org_id'",
        "a composite type",
        &["fail \"Odd Doc\".functions"],
    ),
    (
        "CREATE FUNCTION broken(n integer) RETURNS bigint LANGUAGE sql SECURITY DEFINER SET search_path = public \
         AS 'SELECT count(*) / 0 FROM \"Odd Doc\"'",
        "a function that fails for another reason",
        &["warn \"Odd Doc\".functions"],
    ),
    (
        "CREATE FUNCTION clean() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'DELETE FROM log'",
        "a function that changes rows",
        &["fail log.functions"],
    ),
    (
        "CREATE PROCEDURE p() LANGUAGE sql SECURITY DEFINER SET search_path = public AS 'DELETE FROM log'",
        "a procedure cannot be tried",
        &["warn log.functions"],
    ),
    (
        "CREATE FUNCTION ok() RETURNS bigint LANGUAGE sql SET search_path = public AS 'SELECT count(*) FROM \"Odd Doc\"'",
        "a function of the caller's rights",
        &[],
    ),
    (
        "CREATE OR REPLACE VIEW doc_view AS SELECT d.* FROM \"Odd Doc\" d",
        "a view of the owner's rights",
        &["fail \"Odd Doc\".views"],
    ),
    (
        "CREATE VIEW total AS SELECT count(*) FROM \"Odd Doc\"; GRANT SELECT ON total TO \"Isolated App\"",
        "a view that counts",
        &["fail \"Odd Doc\".views"],
    ),
    (
        "CREATE MATERIALIZED VIEW kept AS SELECT * FROM log; GRANT SELECT ON kept TO \"Isolated App\"",
        "a materialized view cannot be tried",
        &["warn log.views"],
    ),
    (
        "ALTER POLICY doc_select ON \"Odd Doc\" USING (false)",
        "nothing for anybody",
        &[
            "fail \"Odd Doc\".own_delete",
            "fail \"Odd Doc\".own_select",
            "fail \"Odd Doc\".own_update",
        ],
    ),
    (
        "ALTER POLICY log_insert ON log WITH CHECK (false)",
        "no own insert",
        &["fail log.own_insert"],
    ),
    // the tenant's own column is not to be read: what is counted tells
    (
        "REVOKE SELECT ON log FROM \"Isolated App\"; GRANT SELECT (note), UPDATE (note) ON log TO \"Isolated App\"; \
      ALTER TABLE log DISABLE ROW LEVEL SECURITY",
        "rights on columns",
        &[
            "fail log.insert",
            "fail log.move",
            "fail log.select",
            "fail log.update",
        ],
    ),
];

#[test]
fn every_opening_is_red_by_its_name() {
    let base = honest("isolation_mutations");
    let mut wrong = Vec::new();
    for (sql, name, expected) in MUTATIONS {
        let database = base.copy();
        database.run(sql);
        let report = verify(&database, CHECKS);
        let found = troubles(&report);
        if found != expected {
            wrong.push(format!("{name}: found {found:#?}, expected {expected:#?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_crossing_says_what_was_run_and_what_mends_it() {
    let database = honest("isolation_message");
    database.run("ALTER TABLE \"Odd Doc\" DISABLE ROW LEVEL SECURITY");
    let report = verify(&database, CHECKS);
    assert_eq!(
        message(&report, "\"Odd Doc\".delete"),
        "isolation orgs: delete from \"Odd Doc\" of another tenant: have `1 row deleted`, want `no row`; \
         checks/baseline.toml:2: DELETE FROM public.\"Odd Doc\" WHERE org_id = '5eed0000-0000-4000-8000-000000000002'"
    );
    let cells = report["isolation"][0]["tables"][0]["cells"]
        .as_array()
        .expect("cells");
    let crossing = cells
        .iter()
        .find(|cell| cell["outcome"] == "crosses")
        .expect("a crossing");
    let fix = crossing["fix"].as_str().expect("a statement");
    assert_eq!(fix, "ALTER TABLE public.\"Odd Doc\" ENABLE ROW LEVEL SECURITY;");
    database.run(fix);
    assert_eq!(troubles(&verify(&database, CHECKS)), Vec::<String>::new());
}

#[test]
fn what_is_on_purpose_is_accepted_with_a_reason() {
    let database = honest("isolation_accepted");
    database.run("ALTER POLICY doc_select ON \"Odd Doc\" USING (true); ALTER POLICY log_insert ON log WITH CHECK (false)");
    let accepted = format!(
        "{CHECKS}\n[[isolation.orgs.accept]]\ncommand = \"select\"\nobject = '\"Odd Doc\"'\nreason = \"everybody may read\"\n\
         [[isolation.orgs.accept]]\ncommand = \"own_insert\"\nobject = \"log\"\nreason = \"a trigger writes\"\n"
    );
    let report = verify(&database, &accepted);
    assert_eq!(troubles(&report), Vec::<String>::new(), "{report:#}");
    assert_eq!(
        message(&report, "\"Odd Doc\".select"),
        "accepted: everybody may read"
    );
    // once it is mended, the acceptance is what is wrong
    let report = verify(&honest("isolation_idle"), &accepted);
    assert_eq!(
        troubles(&report),
        [
            "warn accept.own_insert of public.log",
            "warn accept.select of public.\"Odd Doc\"",
        ]
    );
    let checks = report["checks"].as_array().expect("checks");
    let idle = checks
        .iter()
        .find(|check| check["status"] == "warn")
        .expect("one");
    assert_eq!(
        (&idle["source"]["file"], &idle["source"]["line"]),
        (&"checks/baseline.toml".into(), &8.into())
    );
}

#[test]
fn what_cannot_be_made_up_says_which_constraint_and_where_to_write_it() {
    let database = honest("isolation_values");
    database.run("ALTER TABLE \"Odd Doc\" ADD CONSTRAINT odd_pages CHECK (pages % 7919 = 5 AND pages > 10)");
    let report = verify(&database, CHECKS);
    let text = message(&report, "\"Odd Doc\".select");
    assert!(
        text.contains("violates check constraint \"odd_pages\"")
            && text.ends_with(
                "write values that odd_pages accepts under [isolation.orgs.values.'public.\"Odd Doc\"']"
            ),
        "{text}"
    );
    assert_eq!(report["exit_code"], 1);
    let given = format!("{CHECKS}\n[isolation.orgs.values.'public.\"Odd Doc\"']\npages = \"7919 * 2 + 5\"\n");
    assert_eq!(troubles(&verify(&database, &given)), Vec::<String>::new());
}

#[test]
fn rows_that_cannot_be_made_are_one_root_cause_with_a_remedy() {
    let database = honest("isolation_cause");
    database.run(
        "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'never'; END $$; \
         CREATE TRIGGER no BEFORE INSERT ON member FOR EACH ROW EXECUTE FUNCTION no()",
    );
    let report = verify(&database, CHECKS);
    let causes = report["root_causes"].as_array().expect("root causes");
    assert_eq!(causes.len(), 1, "{causes:#?}");
    assert_eq!(
        causes[0]["object"],
        "rows of public.member in isolation orgs (never)"
    );
    assert_eq!(causes[0]["blocks"], report["totals"]["blocked"]);
    assert_eq!(
        causes[0]["remedy"],
        "write the values that it needs under [isolation.orgs.values.'public.member'], or insert the rows of both tenants \
         in its `given`, with {tenant} for the tenant"
    );
    let missing = CHECKS.replace("Isolated App", "nobody of that name");
    let report = verify(&database, &missing);
    let causes = report["root_causes"].as_array().expect("root causes");
    assert_eq!(causes.len(), 1, "{causes:#?}");
    assert_eq!(causes[0]["object"], "role \"nobody of that name\"");
    assert_ne!(causes[0]["remedy"], "");
}

/// What defaults and triggers call may be found by the application's search_path alone, and ask who the user is.
#[test]
fn rows_are_made_as_the_application_makes_them() {
    let database = honest("isolation_path");
    database.run(&format!(
        "CREATE SCHEMA helpers;
         GRANT USAGE ON SCHEMA helpers TO \"Isolated App\";
         CREATE FUNCTION helpers.note() RETURNS text LANGUAGE sql AS $$ SELECT 'n'::text $$;
         CREATE FUNCTION make_note() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN note(); END $$;
         ALTER TABLE log ALTER COLUMN note SET DEFAULT make_note();
         ALTER TABLE \"Odd Doc\" ADD COLUMN made_by uuid NOT NULL;
         CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             NEW.made_by = nullif(current_setting('app.user', true), '')::uuid; PERFORM note(); RETURN NEW; END $$;
         CREATE TRIGGER stamp BEFORE INSERT ON \"Odd Doc\" FOR EACH ROW EXECUTE FUNCTION stamp();
         ALTER DATABASE {} SET search_path = helpers",
        database.name
    ));
    assert_eq!(troubles(&verify(&database, CHECKS)), Vec::<String>::new());
    // the section's own goes before
    database.run(&format!("ALTER DATABASE {} RESET search_path", database.name));
    let report = verify(&database, CHECKS);
    assert!(
        report["root_causes"][0]["object"]
            .as_str()
            .is_some_and(|object| object.contains("function note() does not exist")),
        "{report:#}"
    );
    let own = CHECKS.replace("settings = {", "settings = { search_path = \"helpers\",");
    assert_eq!(troubles(&verify(&database, &own)), Vec::<String>::new());
}

#[test]
fn what_is_given_comes_first_and_a_role_without_a_tenant_reaches_nothing() {
    let database = honest("isolation_given");
    // a row that a trigger makes for every member, as applications do
    database.run(
        "CREATE FUNCTION welcome() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         INSERT INTO log VALUES (NEW.org_id, now(), 'a', 'welcome'); RETURN NEW; END $$; \
         CREATE TRIGGER welcome AFTER INSERT ON member FOR EACH ROW EXECUTE FUNCTION welcome(); \
         ALTER TABLE org ADD COLUMN code text NOT NULL DEFAULT 'x'; \
         CREATE FUNCTION only_z() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF NEW.code <> 'z' THEN RAISE 'want z'; END IF; RETURN NEW; END $$; \
         CREATE TRIGGER only_z BEFORE INSERT ON org FOR EACH ROW EXECUTE FUNCTION only_z()",
    );
    let given = format!(
        "{CHECKS}given = \"insert into org (id, name, plan, code) values ('{{tenant}}', right('{{tenant}}', 12), 'paid', 'z')\"\n"
    );
    let report = verify(&database, &given);
    assert_eq!(troubles(&report), Vec::<String>::new(), "{report:#}");

    let nobody = "[isolation.orgs]\ntables = ['\"Odd Doc\"', \"log\"]\ntenant_column = \"org_id\"\nas_role = '\"Isolated App\"'\nown = false\n";
    let database = honest("isolation_nobody");
    assert_eq!(troubles(&verify(&database, nobody)), Vec::<String>::new());
    database.run("ALTER POLICY log_select ON log USING (my_org() IS NULL OR org_id = my_org())");
    assert_eq!(troubles(&verify(&database, nobody)), ["fail log.select"]);
}

#[test]
fn is_skipped_where_probes_are_and_blocked_where_nobody_can_become_the_role() {
    let database = honest("isolation_skipped");
    let project = Project::new().with("checks/baseline.toml", CHECKS);
    let report = Pgplumb::new(&project, &database)
        .args(&["verify", "--no-probes", "--format", "json"])
        .run()
        .expect(0)
        .json();
    assert_eq!(
        report["totals"]["skip"],
        report["checks"].as_array().map_or(0, Vec::len)
    );
    assert!(report["isolation"].is_null());

    let missing = CHECKS.replace("Isolated App", "nobody of that name");
    let report = verify(&database, &missing);
    assert_eq!(report["exit_code"], 1);
    assert!(
        message(&report, "log.select").contains("role \"nobody of that name\" does not exist"),
        "{report:#}"
    );
    let report = verify(&database, &CHECKS.replace("\"log\"", "\"logg\""));
    assert_eq!(
        message(&report, "logg.select"),
        "table public.logg does not exist"
    );
}

#[test]
fn every_table_of_the_shipped_project_is_looked_at() {
    let suite = Path::new(env!("CARGO_MANIFEST_DIR")).join("checks/0024_sync_preview_progress_logs.toml");
    let text = std::fs::read_to_string(suite).expect("the suite is there");
    assert!(text.contains("[isolation.organizations]"), "0024 has its matrix");
    let database = Server::shared().database("isolation_shipped");
    let project = Project::shipped("");
    let report = Pgplumb::new(&project, &database)
        .args(&["apply", "--format", "json"])
        .run()
        .expect(0)
        .json();
    let tables = report["isolation"][0]["tables"].as_array().expect("tables");
    let paths: Vec<&str> = tables
        .iter()
        .filter_map(|table| table["table"].as_str())
        .collect();
    assert_eq!(
        paths,
        [
            "public.sync_preview_cache",
            "public.sync_progress",
            "public.sync_activity_log"
        ]
    );
    for table in tables {
        let works = table["cells"].as_array().expect("cells").iter();
        let works = works.filter(|cell| cell["outcome"] == "works").count();
        assert_eq!(works, 4, "{table:#}");
    }
    assert_eq!(tables[2]["ways"].as_array().map(Vec::len), Some(5));
}
