//! A hot standby of a server of the tests: a base backup in recovery.

use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pgplumb::db::scratch;

use super::server::{Database, Server};

const PORT: u16 = 5433;

/// How long it may take until it answers.
const LIMIT: Duration = Duration::from_secs(60);

/// A running standby; it ends with this value. It lives in the directory of its primary.
pub struct Standby {
    base: PathBuf,
    child: Child,
}

impl Standby {
    /// What a primary has to be started with.
    pub fn primary_options() -> scratch::Options {
        scratch::Options::default()
            .setting("wal_level", "replica")
            .setting("max_wal_senders", 4)
            .setting("full_page_writes", "on")
    }

    /// A standby that has all that the database has by now.
    pub fn of(server: &Server, database: &Database) -> Standby {
        let base = server.scratch().directory().to_path_buf();
        let owner = base.metadata().expect("the directory of the primary");
        // PostgreSQL does not run as root
        let as_owner = |command: &mut Command| {
            command
                .current_dir("/")
                .env("LC_ALL", "C")
                .stdin(Stdio::null())
                .stdout(Stdio::null());
            if owner.uid() != std::fs::metadata("/proc/self").map_or(0, |own| own.uid()) {
                command.uid(owner.uid()).gid(owner.gid());
            }
        };
        let data = base.join("standby");
        let run = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments);
            as_owner(&mut command);
            let status = command
                .status()
                .unwrap_or_else(|error| panic!("{program}: {error}"));
            assert!(status.success(), "{program} {arguments:?}: {status}");
        };
        let text = |path: PathBuf| path.to_str().expect("a path in UTF-8").to_string();
        let (from, to) = (text(base.join("data")), text(data.clone()));
        // what pg_basebackup does, which not every installation has
        let session = database.session();
        let is_new = server.scratch().version_num() >= 150_000;
        let (begin, end) = match is_new {
            true => (
                "select pg_backup_start('standby', true)",
                "select labelfile from pg_backup_stop(false)",
            ),
            false => (
                "select pg_start_backup('standby', true, false)",
                "select labelfile from pg_stop_backup(false, false)",
            ),
        };
        session.run(begin).expect("a backup begins");
        run("cp", &["-a", &from, &to]);
        let label = session.run(end).expect("a backup ends")[0][0].clone();
        run(
            "rm",
            &["-r", &format!("{to}/pg_wal"), &format!("{to}/postmaster.pid")],
        );
        run("cp", &["-a", &format!("{from}/pg_wal"), &format!("{to}/pg_wal")]);
        let write = |name: &str, text: &str| {
            let path = data.join(name);
            std::fs::write(&path, text).expect("a file can be written");
            std::os::unix::fs::chown(&path, Some(owner.uid()), Some(owner.gid()))
                .expect("a file can be given away");
        };
        write("backup_label", &label.expect("a label"));
        write("standby.signal", "");
        let mut postgres = Command::new(server.scratch().programs().join("postgres"));
        postgres
            .arg("-D")
            .arg(&data)
            .arg("-c")
            .arg(format!("port={PORT}"));
        let log = std::fs::File::create(base.join("standby.log")).expect("a log");
        postgres.stderr(log);
        as_owner(&mut postgres);
        let standby = Standby {
            child: postgres.spawn().expect("the standby can be started"),
            base,
        };
        standby.wait();
        standby
    }

    /// How the binary reaches it.
    pub fn url(&self, database: &Database) -> String {
        let primary = database.url();
        let (host, name) = primary.rsplit_once(':').expect("a port");
        let (_, name) = name.split_once('/').expect("a database");
        format!("{host}:{PORT}/{name}")
    }

    /// Until it takes connections: the eighth line of its file is its state.
    fn wait(&self) {
        let since = Instant::now();
        let is_ready = || {
            let text = std::fs::read_to_string(self.base.join("standby/postmaster.pid")).unwrap_or_default();
            text.lines().nth(7).is_some_and(|state| state.trim() == "ready")
        };
        while !is_ready() {
            assert!(
                since.elapsed() < LIMIT,
                "the standby does not come up:\n{}",
                std::fs::read_to_string(self.base.join("standby.log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Standby {
    fn drop(&mut self) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-QUIT", &pid]).status();
        let _ = self.child.wait();
    }
}
