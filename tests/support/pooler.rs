//! PgBouncer in transaction mode before a server.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::Server;

/// A running PgBouncer; it ends with the value.
pub struct Pooler {
    child: Child,
    pub port: u16,
    folder: tempfile::TempDir,
}

impl Pooler {
    /// A pool of that many connections for each database of the server.
    pub fn before(server: &Server, size: usize) -> Pooler {
        let scratch = server.scratch();
        let folder = tempfile::tempdir().expect("a folder can be made");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        drop(listener);
        let path = |name: &str| folder.path().join(name);
        std::fs::write(
            path("pgbouncer.ini"),
            format!(
                "[databases]\n* = host={} port={} user=postgres\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
                 listen_port = {port}\nunix_socket_dir =\nauth_type = any\npool_mode = transaction\n\
                 default_pool_size = {size}\nmax_client_conn = 200\nlogfile = {}\n",
                scratch.directory().display(),
                scratch.port(),
                path("log").display()
            ),
        )
        .expect("a file can be written");
        let mut command = Command::new(program());
        command
            .arg(path("pgbouncer.ini"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        // it does not run as root, and neither does the server
        let (own, owner) = (
            std::fs::metadata(folder.path()).expect("it is there"),
            std::fs::metadata(scratch.directory()).expect("it is there"),
        );
        if own.uid() != owner.uid() {
            for path in [folder.path().to_path_buf(), path("pgbouncer.ini")] {
                chown(&path, Some(owner.uid()), Some(owner.gid())).expect("root gives things away");
            }
            std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).expect("it is ours");
            command.uid(owner.uid()).gid(owner.gid());
        }
        let child = command.spawn().unwrap_or_else(|error| {
            panic!("no pgbouncer could be started: {error}; `make deps` installs it")
        });
        let pooler = Pooler { child, port, folder };
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "pgbouncer does not answer:\n{}",
                std::fs::read_to_string(pooler.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    /// How the binary reaches a database through it.
    pub fn url(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@127.0.0.1:{}/{database}?sslmode=disable",
            self.port
        )
    }
}

/// Debian's is no program of ordinary users.
fn program() -> &'static str {
    const SYSTEM: &str = "/usr/sbin/pgbouncer";
    if std::path::Path::new(SYSTEM).exists() {
        SYSTEM
    } else {
        "pgbouncer"
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
