//! The shipped project: what its documents promise, seen on a real server.

mod behaviour;
mod documents;
mod gates;
mod mutation;
mod report;
mod rollback;
mod samples;

use crate::support::{Pgplumb, Project, Server, dump};

#[test]
fn applies_verifies_and_rolls_back_without_a_trace() {
    let database = Server::shared().database("shipped");
    let project = Project::shipped("");
    let without = ["public.refinery_schema_history", "public.pgplumb_journal*"];
    let empty = dump(&database, &without);
    let report = Pgplumb::new(&project, &database)
        .args(&["apply", "--format", "json"])
        .run()
        .expect(0)
        .json();
    assert_eq!(report["verdict"], "approved");
    let full = dump(&database, &without);
    Pgplumb::new(&project, &database)
        .args(&["verify"])
        .run()
        .expect(0);
    Pgplumb::new(&project, &database)
        .args(&["rollback", "--to", "0"])
        .run()
        .expect(0);
    assert_eq!(dump(&database, &without), empty);
    Pgplumb::new(&project, &database).args(&["apply"]).run().expect(0);
    assert_eq!(dump(&database, &without), full);
}
