//! The server is stopped at once, as by a crash, and comes back.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::history::{catalog, newest_of_an_agreeing};
use super::{STEPS, apply, outcome, project, random, ready, server, signal, until_done, wait_until};
use crate::support::Server;

/// A server that was started again by the test; it ends with the value.
struct Restarted(Child);

impl Drop for Restarted {
    fn drop(&mut self) {
        signal("QUIT", &self.0.id().to_string());
        let _ = self.0.wait();
    }
}

/// Starts the server on its directory, as the owner of that.
fn start_again(server: &Server) -> Restarted {
    let data = server.scratch().directory().join("data");
    let owner = std::fs::metadata(&data).expect("the directory is there");
    let mut command = Command::new(server.scratch().programs().join("postgres"));
    command
        .arg("-D")
        .arg(&data)
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    if owner.uid() != std::fs::metadata("/proc/self").map_or(owner.uid(), |own| own.uid()) {
        command.uid(owner.uid()).gid(owner.gid());
    }
    Restarted(command.spawn().expect("the server starts"))
}

#[test]
fn a_server_that_is_stopped_at_once_loses_no_step() {
    let (server, project, mut random) = (server(), project(), random());
    let undisturbed = server.database("stopped");
    let begin = Instant::now();
    apply(&project, &undisturbed).run().expect(0);
    let whole = begin.elapsed();
    let expected = catalog(&undisturbed);
    let pid_file = server.scratch().directory().join("data/postmaster.pid");
    let mut restarted: Option<Restarted> = None;
    for _ in 0..3 {
        let database = server.database("stopped");
        let child = apply(&project, &database).start();
        std::thread::sleep(Duration::from_millis(40) + whole.mul_f64(random.f64() * 0.8));
        let pids = std::fs::read_to_string(&pid_file).expect("the server runs");
        let pid = pids.lines().next().expect("a process id").to_string();
        // what `pg_ctl stop -m immediate` sends
        signal("QUIT", &pid);
        if let Some(before) = &mut restarted {
            before.0.wait().expect("it ends");
        }
        wait_until("the server is gone", || {
            let sent = Command::new("kill").args(["-0", &pid]).output();
            !sent.expect("kill is there").status.success()
        });
        let code = outcome(child).code;
        assert!([0, 4].contains(&code), "exit {code}");
        restarted = Some(start_again(server));
        ready(&database);
        newest_of_an_agreeing(&database);
        until_done(&project, &database, || apply(&project, &database));
        assert_eq!(newest_of_an_agreeing(&database), STEPS);
        assert_eq!(catalog(&database), expected);
    }
    drop(undisturbed);
    drop(restarted);
}
