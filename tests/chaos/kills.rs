//! SIGKILL at any moment, of pgplumb and of the server's process behind it.

use std::time::{Duration, Instant};

use super::history::{catalog, is_halfway, newest_of_an_agreeing};
use super::{
    COMMENTS_BACK, STEPS, apply, is_detached_back, kills, outcome, project, random, ready, rollback, server,
    signal, until_done, wait_until,
};
use crate::support::{Database, Pgplumb};

/// Ends a run, or the server's process that works for it, after that time. Whether there was something to end.
fn kill_after(run: Pgplumb, database: &Database, pause: Duration, backend: bool) -> bool {
    let mut child = run.start();
    std::thread::sleep(pause);
    if child.try_wait().expect("it can be asked").is_some() {
        outcome(child).expect(0);
        return false;
    }
    let mut was_killed = true;
    if backend {
        let pid = database.rows(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND application_name LIKE 'pgplumb%'",
        );
        // a run that has not connected yet, or is done by now, has none
        let pid = pid
            .ok()
            .and_then(|rows| rows.into_iter().next()?.into_iter().next()?);
        match pid {
            Some(pid) => signal("KILL", &pid),
            None => was_killed = false,
        }
        let code = outcome(child).code;
        assert!([0, 4].contains(&code), "exit {code}");
    } else {
        signal("KILL", &child.id().to_string());
        outcome(child);
    }
    was_killed
}

/// How long an undisturbed run takes.
fn time(run: Pgplumb) -> Duration {
    let begin = Instant::now();
    run.run().expect(0);
    begin.elapsed()
}

#[test]
fn an_apply_that_is_killed_is_finished_by_the_next() {
    let (server, project, mut random) = (server(), project(), random());
    let undisturbed = server.database("kills");
    let whole = time(apply(&project, &undisturbed));
    let expected = catalog(&undisturbed);
    assert_eq!(newest_of_an_agreeing(&undisturbed), STEPS);
    let mut killed = 0;
    while killed < kills() {
        let database = server.database("killed");
        // now and then the run behind it is killed as well
        for _ in 0..random.usize(1..=3) {
            let pause = whole.mul_f64(random.f64());
            let was_killed = kill_after(apply(&project, &database), &database, pause, random.bool());
            killed += usize::from(was_killed);
            ready(&database);
            newest_of_an_agreeing(&database);
        }
        until_done(&project, &database, || apply(&project, &database));
        assert_eq!(newest_of_an_agreeing(&database), STEPS);
        assert_eq!(catalog(&database), expected, "the catalog after {killed} kills");
    }
    println!("{killed} kills of an apply of {STEPS} migrations");
}

#[test]
fn a_rollback_that_is_killed_leaves_each_step_before_or_after() {
    let (server, project, mut random) = (server(), project(), random());
    let applied = server.database("rollback_kills");
    let empty = catalog(&applied);
    apply(&project, &applied).run().expect(0);
    let copy = applied.copy();
    let whole = time(rollback(&project, &copy));
    assert_eq!(catalog(&copy), empty, "the rollback takes back everything");
    let (mut killed, mut halfway) = (0, 0);
    while killed < kills() / 2 {
        let database = applied.copy();
        // a copied sequence forgets in a crash what it gave since, unless a checkpoint came between
        database.run("CHECKPOINT");
        let pause = whole.mul_f64(random.f64());
        let was_killed = kill_after(rollback(&project, &database), &database, pause, random.bool());
        killed += usize::from(was_killed);
        ready(&database);
        let newest = newest_of_an_agreeing(&database);
        let there = server.database("rollback_expected");
        if newest > 0 {
            apply(&project, &there)
                .args(&["--to", &newest.to_string()])
                .run()
                .expect(0);
        }
        if is_detached_back(newest) && newest > 0 && is_halfway(&database, newest, "rollback", COMMENTS_BACK)
        {
            halfway += 1;
        } else {
            assert_eq!(catalog(&database), catalog(&there), "the state of {newest}");
        }
        until_done(&project, &database, || rollback(&project, &database));
        assert_eq!(newest_of_an_agreeing(&database), 0);
        assert_eq!(catalog(&database), empty, "the catalog after {killed} kills");
    }
    wait_until("the server answers", || applied.rows("SELECT 1").is_ok());
    println!(
        "{killed} kills of a rollback of {STEPS} migrations, {halfway} within one outside a transaction"
    );
}
