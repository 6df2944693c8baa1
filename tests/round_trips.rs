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
