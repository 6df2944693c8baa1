//! A hot standby of a server of the tests: a base backup that follows it.

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
        let mut backup = server.program("pg_basebackup");
        backup.args([
            "--checkpoint=fast",
            "--wal-method=stream",
            "--write-recovery-conf",
        ]);
        backup.arg("--pgdata").arg(&data);
        backup.arg("--dbname").arg(server.scratch().url("postgres"));
        as_owner(&mut backup);
        let output = backup
            .output()
            .expect("pg_basebackup is installed: the tests need it beside the server");
        assert!(
            output.status.success(),
            "pg_basebackup failed: {}",
            String::from_utf8_lossy(&output.stderr)
        );
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
        standby.catch_up(server, database);
        standby
    }

    /// How the binary reaches it.
    pub fn url(&self, database: &Database) -> String {
        let primary = database.url();
        let (host, name) = primary.rsplit_once(':').expect("a port");
        let (_, name) = name.split_once('/').expect("a database");
        format!("{host}:{PORT}/{name}")
    }

    fn catch_up(&self, server: &Server, database: &Database) {
        let reached = database
            .value("select pg_current_wal_flush_lsn()")
            .expect("a position");
        let replayed = format!("select count(*) from pg_stat_replication where replay_lsn >= '{reached}'");
        let since = Instant::now();
        let replays = || database.value(&replayed) == Some("1".to_string());
        let socket = server.scratch().directory().join(format!(".s.PGSQL.{PORT}"));
        while !(socket.exists() && replays()) {
            assert!(
                since.elapsed() < LIMIT,
                "the standby does not follow:\n{}",
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
