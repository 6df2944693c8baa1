//! How often the binary waits for the server: on a slow network this is what an apply costs.

use crate::support::{Database, Outcome, Pgplumb, Project, Proxy, Server};

/// What is allowed beside one for each step, behind the connection.
const BESIDE: usize = 5;

fn run(project: &Project, proxy: &Proxy, database: &Database, args: &[&str]) -> (Outcome, usize) {
    proxy.take_trips();
    let outcome = Pgplumb::at(project.path())
        .env("DATABASE_URL", &proxy.url(&database.name))
        .args(args)
        .run()
        .expect(0);
    (outcome, proxy.take_trips())
}

/// Tables with a check each, and a suite that names all of it: `check` as the suite spells it.
fn project(steps: usize, check: Option<&str>) -> Project {
    let project = Project::new();
    for step in 1..=steps {
        project.write(
            &format!("migrations/{step:04}_item.sql"),
            format!(
                "CREATE TABLE item_{step} (id integer PRIMARY KEY, label text DEFAULT 'x' CONSTRAINT c{step} CHECK \
                 (label <> ''));\nCREATE INDEX item_{step}_label ON item_{step} (label);\n\
                 COMMENT ON TABLE item_{step} IS 'x';\nINSERT INTO item_{step} VALUES (1);\n"
            ),
        );
        project.write(
            &format!("rollback/{step:04}_item.sql"),
            format!("DROP TABLE item_{step};\n"),
        );
        if let Some(check) = check {
            project.write(
                &format!("checks/{step:04}_item.toml"),
                format!(
                    "title = \"x\"\n[table.item_{step}]\nprimary_key = [\"id\"]\n[table.item_{step}.check]\n\
                     c{step} = \"{check}\"\n[table.item_{step}.index]\nitem_{step}_label = \"(label)\"\n"
                ),
            );
        }
    }
    project
}

#[test]
fn a_step_costs_one_and_one_more_where_the_server_judges() {
    let server = Server::shared();
    let proxy = Proxy::before(server);
    for (check, each) in [
        (None, 1),
        (Some("label <> ''::text"), 1),
        (Some("label != ''"), 2),
    ] {
        for steps in [1, 3, 20] {
            let database = server.database("round_trips");
            let project = project(steps, check);
            let (outcome, trips) = run(&project, &proxy, &database, &["apply", "--format", "json"]);
            let report = outcome.json();
            assert_eq!(report["migrations"].as_array().map(Vec::len), Some(steps));
            assert_eq!(
                report["totals"]["pass"],
                check.map_or(0, |_| 4 * steps),
                "{}",
                outcome.stdout
            );
            assert!(
                (steps..=each * steps + BESIDE).contains(&trips),
                "{steps} steps, {check:?}: {trips} round trips"
            );
            let (_, trips) = run(&project, &proxy, &database, &["apply"]);
            assert_eq!(trips, 1, "apply with nothing to do");
            let (_, trips) = run(&project, &proxy, &database, &["status"]);
            assert_eq!(trips, 1, "status");
        }
    }
}

/// Tables with what the server has to print or to judge, and a suite that names all of it.
fn judged_project(tables: usize, spelled: &Spelling) -> Project {
    let project = Project::new();
    let (mut sql, mut suite) = (
        "CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';\n".to_string(),
        "title = \"x\"\nexact = [\"tables\"]\n".to_string(),
    );
    for n in 1..=tables {
        sql.push_str(&format!(
            "CREATE TABLE t{n} (id integer PRIMARY KEY, label varchar(20) DEFAULT 'x', CONSTRAINT c{n} CHECK (id > 0));\n\
             CREATE INDEX t{n}_label ON t{n} (lower(label)) WHERE id > 1;\n\
             CREATE POLICY p{n} ON t{n} USING (id IN (1, 2));\n\
             CREATE TRIGGER g{n} BEFORE UPDATE ON t{n} FOR EACH ROW WHEN (new.id > 3) EXECUTE FUNCTION touch();\n\
             CREATE VIEW v{n} AS SELECT id FROM t{n} WHERE id > 4;\n"
        ));
        let Spelling {
            default,
            check,
            index,
            policy,
            when,
            view,
        } = spelled;
        suite.push_str(&format!(
            "[table.t{n}]\nprimary_key = [\"id\"]\ncolumn.label = \"varchar(20) default {default}\"\ncheck.c{n} = \"{check}\"\n\
             index.t{n}_label = \"{index}\"\n\
             trigger.g{n} = \"before update for each row when ({when}) execute function touch()\"\n\
             policy.p{n} = {{ command = \"all\", using = \"{policy}\" }}\n[view.v{n}]\ndefinition = \"{}\"\n",
            view.replace("{n}", &n.to_string())
        ));
    }
    project.write("migrations/0001_all.sql", sql);
    project.write("checks/0001_all.toml", suite);
    project
}

struct Spelling {
    default: &'static str,
    check: &'static str,
    index: &'static str,
    policy: &'static str,
    when: &'static str,
    view: &'static str,
}

/// As the catalog prints them.
const PRINTED: Spelling = Spelling {
    default: "'x'::character varying",
    check: "(id > 0)",
    index: "(lower((label)::text)) where (id > 1)",
    policy: "(id = ANY (ARRAY[1, 2]))",
    when: "(new.id > 3)",
    view: "SELECT t{n}.id FROM public.t{n} WHERE (t{n}.id > 4)",
};

/// As a hand writes them.
const WRITTEN: Spelling = Spelling {
    default: "'x'",
    check: "(((id)) > 0)",
    index: "(lower(label)) where id>1",
    policy: "id in (1, 2)",
    when: "new.id>3",
    view: "select id from t{n} where id > 4",
};

#[test]
fn verify_costs_the_same_whatever_the_number_of_checks() {
    let server = Server::shared();
    let proxy = Proxy::before(server);
    let differing = Spelling {
        check: "id >= 0",
        ..WRITTEN
    };
    for (spelled, most, exit) in [(&PRINTED, 3, 0), (&WRITTEN, 5, 0), (&differing, 5, 1)] {
        let mut counted = Vec::new();
        for tables in [1, 40] {
            let database = server.database("round_trips_verify");
            let project = judged_project(tables, spelled);
            Pgplumb::at(project.path())
                .env("DATABASE_URL", &proxy.url(&database.name))
                .args(&["apply", "--no-verify"])
                .run()
                .expect(0);
            proxy.take_trips();
            let outcome = Pgplumb::at(project.path())
                .env("DATABASE_URL", &proxy.url(&database.name))
                .args(&["verify", "--format", "json"])
                .run()
                .expect(exit);
            let trips = proxy.take_trips();
            let report = outcome.json();
            let total = |word: &str| report["totals"][word].as_u64().unwrap() as usize;
            // the table, its key, column, check, index, policy, trigger and view, and `exact`
            assert_eq!(
                total("pass") + total("fail"),
                8 * tables + 1,
                "{}",
                outcome.stdout
            );
            counted.push(trips);
            assert!(
                trips <= most,
                "{tables} tables: {trips} round trips, want at most {most}"
            );
        }
        assert_eq!(counted[0], counted[1], "the number of checks costs no round trip");
    }
}

#[test]
fn verify_pays_nothing_for_what_is_gone_or_pending() {
    let server = Server::shared();
    let proxy = Proxy::before(server);
    let database = server.database("round_trips_gone");
    let project = Project::new()
        .with(
            "migrations/0001_two.sql",
            "CREATE TABLE kept (id int PRIMARY KEY);\nCREATE TABLE dropped (id int PRIMARY KEY, note text);\n",
        )
        .with(
            "checks/0001_two.toml",
            "[table.kept]\ncolumn.id = \"int not null\"\n[table.dropped]\nprimary_key = [\"id\"]\ncolumn.note = \"text\"\n",
        )
        .with("migrations/0002_one.sql", "DROP TABLE dropped;\n")
        .with("checks/0002_one.toml", "absent = [\"table dropped\"]\n")
        .with("migrations/0003_more.sql", "CREATE TABLE more (id int PRIMARY KEY);\n")
        .with("checks/0003_more.toml", "[table.more]\nprimary_key = [\"id\"]\n");
    let run = |args: &[&str], exit: i32| {
        let url = proxy.url(&database.name);
        proxy.take_trips();
        let outcome = Pgplumb::at(project.path())
            .env("DATABASE_URL", &url)
            .args(args)
            .run();
        outcome.expect(exit);
        proxy.take_trips()
    };
    run(&["apply", "--to", "0002"], 0);
    let trips = run(&["verify"], 0);
    run(&["apply"], 0);
    assert_eq!(trips, run(&["verify"], 0), "nothing was pending the second time");
    database.run("CREATE TABLE dropped (id int)");
    run(&["verify"], 1);
    database.run("DROP TABLE dropped; ALTER TABLE kept DROP COLUMN id CASCADE");
    assert_eq!(
        run(&["verify"], 1),
        trips + 1,
        "what is there instead is read as well"
    );
}
