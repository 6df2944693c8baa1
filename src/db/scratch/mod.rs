//! A throw-away PostgreSQL server: started in a fresh directory, gone without a trace when it is dropped.
//!
//! A small shell stands between us and the server. It holds the reading end of a pipe from us: when that pipe
//! closes, because we stop, drop or are killed, it ends the server and deletes the directory. It runs in a
//! process group of its own, so that Ctrl-C in the terminal reaches us and not the server.

mod programs;
mod supervisor;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub(super) use self::programs::usual_places;
use self::programs::{find, install_help, version_of};
use self::supervisor::{STOP_LIMIT, Supervisor, free_port, tail};
use crate::db::connect::{self, ConnectError, Connection};
use crate::db::parameters::{Address, Host, Parameters, encode};
use crate::db::secret::Secret;

/// The superuser of every scratch server.
pub const SUPERUSER: &str = "postgres";

/// What kind of server is wanted. The default is reached through a unix socket, trusts whoever can open it (the
/// account itself and root) and is tuned for speed, not for durability.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Directory with `initdb` and `postgres`; otherwise `PGPLUMB_PG_BIN`, else the usual places.
    pub bin: Option<PathBuf>,
    /// Directory to put the server's directory in; otherwise the system's temporary one.
    pub directory: Option<PathBuf>,
    /// Listens on a free port of 127.0.0.1 as well. Any local user can then connect unless a password is set.
    pub tcp: bool,
    /// Password of the superuser. The server then asks everybody for one (scram-sha-256).
    pub password: Option<Secret>,
    /// Further settings, `postgresql.conf` names with plain values; they win over our own.
    pub settings: Vec<(String, String)>,
    /// Replaces `pg_hba.conf`.
    pub hba: Option<String>,
    /// Serves TLS with these.
    pub tls: Option<TlsFiles>,
    /// Limit for the start; 60 seconds when not given.
    pub start_limit: Option<Duration>,
}

impl Options {
    /// Adds a setting.
    #[must_use]
    pub fn setting(mut self, name: &str, value: impl fmt::Display) -> Options {
        self.settings.push((name.to_owned(), value.to_string()));
        self
    }
}

/// Texts in PEM.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    pub certificate: String,
    pub key: Secret,
    /// Issuer of the client certificates that the server accepts.
    pub client_ca: Option<String>,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub enum ScratchError {
    /// No directory with both `initdb` and `postgres`.
    #[error("no PostgreSQL server programs (initdb, postgres) were found; looked in {}", list(.looked))]
    NotFound { looked: Vec<PathBuf> },
    /// We are root, PostgreSQL refuses to run as root, and there is nobody else.
    #[error("PostgreSQL does not run as root, and /etc/passwd has no other account to run it as")]
    NoAccount,
    /// `initdb` ended with an error.
    #[error("{} failed:\n{}", .initdb.display(), .output)]
    Initdb { initdb: PathBuf, output: String },
    /// The server ended before it accepted connections.
    #[error("the throw-away server {} did not start:\n{log}", .postgres.display())]
    DidNotStart { postgres: PathBuf, log: String },
    /// It lives but does not accept connections.
    #[error("the throw-away server did not accept connections within {} s:\n{log}", .limit.as_secs())]
    Slow { limit: Duration, log: String },
    /// A unix socket's path has a small limit.
    #[error("the socket path {} is longer than {limit} bytes", .path.display())]
    PathTooLong { path: PathBuf, limit: usize },
    /// No space for it.
    #[error("the disk is full: no space for a throw-away server in {}", .directory.display())]
    DiskFull { directory: PathBuf },
    /// Any other trouble with a file or a process.
    #[error("{what} {}: {error}", .path.display())]
    Io {
        what: &'static str,
        path: PathBuf,
        error: io::Error,
    },
    /// It runs, but we could not log in.
    #[error("the throw-away server cannot be reached: {0}")]
    Connect(#[from] ConnectError),
    /// It refused a statement of ours.
    #[error("the throw-away server refused to {what}: {}", connect::words(.error))]
    Refused {
        what: String,
        error: tokio_postgres::Error,
    },
}

impl ScratchError {
    /// One imperative line.
    pub fn help(&self) -> String {
        match self {
            ScratchError::NotFound { .. } => install_help().to_owned(),
            ScratchError::NoAccount => {
                "run as an ordinary user, or create one: `useradd --system postgres`".into()
            }
            ScratchError::Initdb { output, .. } if output.contains("could not look up effective user ID") => {
                "run as a user that has an entry in /etc/passwd".into()
            }
            ScratchError::Initdb { .. } | ScratchError::DidNotStart { .. } => {
                "correct what the output says, or name another installation with PGPLUMB_PG_BIN".into()
            }
            ScratchError::Slow { .. } => "try again when the machine is less busy".into(),
            ScratchError::PathTooLong { .. } => "set TMPDIR to a directory with a shorter path".into(),
            ScratchError::DiskFull { .. } => "free about 60 MB there, or set TMPDIR to another disk".into(),
            ScratchError::Io { .. } => "set TMPDIR to a directory that can be written".into(),
            ScratchError::Connect(error) => error.help(),
            ScratchError::Refused { .. } => "look at what the server says".into(),
        }
    }
}

fn list(paths: &[PathBuf]) -> String {
    paths
        .iter()
        .map(|path| path.display().to_string())
        .collect::<Vec<_>>()
        .join(", ")
}

/// A running throw-away server. Dropping it ends it and deletes all of it.
#[derive(Debug)]
pub struct Scratch {
    supervisor: Supervisor,
    host: Host,
    tcp: Option<Host>,
    password: Option<Secret>,
    version: String,
    version_num: u32,
}

impl Scratch {
    /// Starts a server and waits until it accepts connections (about a second).
    ///
    /// # Errors
    /// Every [`ScratchError`]; nothing is left behind then.
    pub async fn start(options: Options) -> Result<Scratch, ScratchError> {
        let bin = find(options.bin.as_deref())?;
        // a port that was free may be taken a moment later
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Scratch::start_with(&bin, &options).await {
                Err(ScratchError::DidNotStart { log, .. })
                    if options.tcp && attempts < 4 && log.contains("could not bind") => {}
                other => return other,
            }
        }
    }

    async fn start_with(bin: &Path, options: &Options) -> Result<Scratch, ScratchError> {
        let port = match options.tcp {
            true => free_port().map_err(io_error("cannot find a free port on", Path::new("127.0.0.1")))?,
            false => 5432,
        };
        let mut locales = if cfg!(target_os = "linux") {
            vec!["C.UTF-8", "C"]
        } else {
            vec!["C"]
        };
        let supervisor = loop {
            let supervisor = Supervisor::spawn(bin, options, port, locales.remove(0))?;
            match supervisor
                .wait_until_ready(options.start_limit.unwrap_or(Duration::from_secs(60)))
                .await
            {
                Ok(()) => break supervisor,
                Err(ScratchError::Initdb { output, .. })
                    if !locales.is_empty() && output.contains("locale") => {}
                Err(error) => return Err(error),
            }
        };
        let host = Host {
            address: Address::Unix {
                directory: supervisor.base.clone(),
                usual: false,
            },
            port,
        };
        let tcp = options.tcp.then(|| Host {
            address: Address::Tcp {
                name: "127.0.0.1".into(),
                addr: None,
            },
            port,
        });
        let mut scratch = Scratch {
            supervisor,
            host,
            tcp,
            password: options.password.clone(),
            version: String::new(),
            version_num: 0,
        };
        if options.hba.is_some() {
            // our own login may not be foreseen there
            (scratch.version, scratch.version_num) = version_of(bin);
        } else {
            let connection = scratch.connect("postgres").await?;
            scratch.version = connection.server.version.clone();
            scratch.version_num = connection.server.version_num;
            connection.close().await;
        }
        Ok(scratch)
    }

    /// How to reach `database` through the socket.
    pub fn parameters(&self, database: &str) -> Parameters {
        Parameters::plain(self.host.clone(), SUPERUSER, database, self.password.clone())
    }

    /// The same through TCP, when that was asked for.
    pub fn tcp_parameters(&self, database: &str) -> Option<Parameters> {
        let host = self.tcp.clone()?;
        Some(Parameters::plain(
            host,
            SUPERUSER,
            database,
            self.password.clone(),
        ))
    }

    /// A URL for other programs, through the socket; with the password when one was set.
    pub fn url(&self, database: &str) -> String {
        self.url_at(&encode(&self.supervisor.base.display().to_string()), database)
    }

    /// The same through TCP, when that was asked for.
    pub fn tcp_url(&self, database: &str) -> Option<String> {
        self.tcp.as_ref().map(|_| self.url_at("127.0.0.1", database))
    }

    fn url_at(&self, host: &str, database: &str) -> String {
        let password = match &self.password {
            Some(secret) => format!(":{}", encode(secret.expose())),
            None => String::new(),
        };
        format!(
            "postgresql://{SUPERUSER}{password}@{host}:{}/{}",
            self.host.port,
            encode(database)
        )
    }

    /// The version as the server reports it, e.g. `15.18 (Debian 15.18-0+deb12u1)`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The version as a number, e.g. 150018.
    pub fn version_num(&self) -> u32 {
        self.version_num
    }

    /// The directory of the unix socket; everything of the server is in it.
    pub fn directory(&self) -> &Path {
        &self.supervisor.base
    }

    /// The directory of the server's programs: `initdb`, `postgres`, in full installations `psql` and `pg_dump` too.
    pub fn programs(&self) -> &Path {
        &self.supervisor.bin
    }

    /// The port of the socket, and of TCP when that was asked for.
    pub fn port(&self) -> u16 {
        self.host.port
    }

    /// The end of the server's log.
    pub fn log(&self) -> String {
        tail(&self.supervisor.base.join("server.log"))
    }

    /// Logs in as the superuser.
    ///
    /// # Errors
    /// [`ScratchError::Connect`].
    pub async fn connect(&self, database: &str) -> Result<Connection, ScratchError> {
        Ok(connect::connect(&self.parameters(database)).await?)
    }

    /// Runs SQL as the superuser.
    ///
    /// # Errors
    /// [`ScratchError::Connect`], [`ScratchError::Refused`].
    pub async fn run(&self, database: &str, sql: &str) -> Result<(), ScratchError> {
        // the text may hold a password
        self.statement(database, sql, || "run a statement".to_owned())
            .await
    }

    async fn statement(
        &self,
        database: &str,
        sql: &str,
        what: impl Fn() -> String,
    ) -> Result<(), ScratchError> {
        let connection = self.connect(database).await?;
        let mut result = connection.client.batch_execute(sql).await;
        // a session that just left may still be counted as using the database
        let begin = Instant::now();
        while let Err(error) = &result
            && error.code() == Some(&tokio_postgres::error::SqlState::OBJECT_IN_USE)
            && begin.elapsed() < Duration::from_secs(5)
        {
            tokio::time::sleep(Duration::from_millis(20)).await;
            result = connection.client.batch_execute(sql).await;
        }
        connection.close().await;
        result.map_err(|error| ScratchError::Refused { what: what(), error })
    }

    /// Creates a database, empty or as a copy of another one that nobody is connected to.
    ///
    /// # Errors
    /// [`ScratchError::Connect`], [`ScratchError::Refused`].
    pub async fn create_database(&self, name: &str, template: Option<&str>) -> Result<(), ScratchError> {
        let template = template.unwrap_or("template0");
        let sql = format!("create database {} template {}", quote(name), quote(template));
        self.statement("postgres", &sql, || format!("create database {name}"))
            .await
    }

    /// Drops a database, if it is there, with whoever is connected to it.
    ///
    /// # Errors
    /// [`ScratchError::Connect`], [`ScratchError::Refused`].
    pub async fn drop_database(&self, name: &str) -> Result<(), ScratchError> {
        let what = || format!("drop database {name}");
        if self.version_num >= 130_000 {
            let sql = format!("drop database if exists {} with (force)", quote(name));
            return self.statement("postgres", &sql, what).await;
        }
        let literal = name.replace('\'', "''");
        let kick =
            format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{literal}'");
        self.statement("postgres", &kick, what).await?;
        self.statement(
            "postgres",
            &format!("drop database if exists {}", quote(name)),
            what,
        )
        .await
    }

    /// Ends the server and deletes its directory.
    ///
    /// # Errors
    /// [`ScratchError::Io`] when the directory could not be deleted.
    pub async fn stop(mut self) -> Result<(), ScratchError> {
        self.supervisor.hang_up();
        let begin = Instant::now();
        while !self.supervisor.is_over() && begin.elapsed() < STOP_LIMIT {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        self.supervisor.clean_up()
    }

    /// Leaves server and directory behind, for someone to look at. Says how to reach it: see [`Scratch::url`].
    pub fn keep(mut self) {
        self.supervisor.keep();
    }
}

fn quote(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn io_error<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> ScratchError + use<'a> {
    move |error| match error.kind() {
        io::ErrorKind::StorageFull => ScratchError::DiskFull {
            directory: path.to_owned(),
        },
        _ => ScratchError::Io {
            what,
            path: path.to_owned(),
            error,
        },
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::fs;
    use std::io::BufRead as _;
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::process::CommandExt as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// The postmaster of a server's directory.
    fn postmaster(directory: &Path) -> u32 {
        let text = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
        text.lines().next().unwrap().parse().unwrap()
    }

    fn lives(pid: u32) -> bool {
        Command::new("sh")
            .args(["-c", &format!("kill -0 {pid} 2>/dev/null")])
            .status()
            .unwrap()
            .success()
    }

    #[track_caller]
    fn soon(what: &str, condition: impl Fn() -> bool) {
        let begin = Instant::now();
        while !condition() {
            assert!(
                begin.elapsed() < Duration::from_secs(20),
                "still waiting until {what}"
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    async fn one(connection: &Connection, sql: &str) -> String {
        connection.client.query_one(sql, &[]).await.unwrap().get(0)
    }

    #[tokio::test]
    async fn a_server_comes_and_goes() {
        let begin = Instant::now();
        let scratch = Scratch::start(Options::default().setting("max_locks_per_transaction", 256))
            .await
            .unwrap();
        let started = begin.elapsed();
        let directory = scratch.directory().to_owned();
        let pid = postmaster(&directory);
        assert!(scratch.version_num() >= 120_000, "{}", scratch.version());

        let connection = scratch.connect("postgres").await.unwrap();
        for (setting, value) in [
            ("max_locks_per_transaction", "256"),
            ("server_encoding", "UTF8"),
            ("TimeZone", "UTC"),
            ("listen_addresses", ""),
            ("is_superuser", "on"),
            ("fsync", "off"),
        ] {
            assert_eq!(
                one(&connection, &format!("select current_setting('{setting}')")).await,
                value
            );
        }
        assert_eq!(connection.server.host, directory.display().to_string());
        assert_eq!(connection.server.user, SUPERUSER);
        let backend = one(&connection, "select pg_backend_pid()::text").await;
        assert_eq!(connection.server.process_id.unwrap().to_string(), backend);
        connection.close().await;

        scratch.create_database("Odd \"name\"", None).await.unwrap();
        scratch
            .run("Odd \"name\"", "create table t (n int)")
            .await
            .unwrap();
        scratch
            .create_database("copy", Some("Odd \"name\""))
            .await
            .unwrap();
        scratch.run("copy", "insert into t values (1)").await.unwrap();
        let busy = scratch.connect("copy").await.unwrap();
        scratch.drop_database("copy").await.unwrap();
        scratch.drop_database("copy").await.unwrap();
        drop(busy);
        let error = scratch.connect("copy").await.unwrap_err();
        assert!(
            matches!(error, ScratchError::Connect(ConnectError::NoSuchDatabase { .. })),
            "{error}"
        );

        let begin = Instant::now();
        scratch.stop().await.unwrap();
        assert!(!directory.exists());
        assert!(!lives(pid));
        eprintln!("start {started:?}, stop {:?}", begin.elapsed());
    }

    #[tokio::test]
    async fn tcp_with_a_password() {
        let options = Options {
            tcp: true,
            password: Some("it's :@/ 100%".into()),
            ..Options::default()
        };
        let scratch = Scratch::start(options).await.unwrap();
        let parameters = scratch.tcp_parameters("postgres").unwrap();
        let connection = connect::connect(&parameters).await.unwrap();
        assert_eq!(connection.server.host, "127.0.0.1");
        assert_eq!(connection.server.port, scratch.port());
        assert!(
            scratch
                .tcp_url("a b")
                .unwrap()
                .starts_with("postgresql://postgres:it%27s%20%3A%40%2F%20100%25@127.0.0.1:")
        );
        let mut wrong = parameters;
        wrong.password = Some(("wrong".into(), crate::db::parameters::PasswordSource::Given));
        let error = connect::connect(&wrong).await.unwrap_err();
        assert!(matches!(error, ConnectError::WrongPassword { .. }), "{error}");
    }

    #[test]
    fn it_is_gone_after_a_panic_without_a_runtime() {
        let seen = std::sync::Mutex::new(None);
        let outcome = std::panic::catch_unwind(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            let scratch = runtime.block_on(Scratch::start(Options::default())).unwrap();
            *seen.lock().unwrap() = Some((scratch.directory().to_owned(), postmaster(scratch.directory())));
            drop(runtime);
            panic!("on purpose");
        });
        assert!(outcome.is_err());
        let (directory, pid) = seen
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .take()
            .unwrap();
        assert!(!directory.exists());
        assert!(!lives(pid));
    }

    #[tokio::test]
    async fn an_abandoned_start_leaves_nothing() {
        let parent = tempfile::Builder::new()
            .prefix("abandoned-")
            .tempdir_in("/tmp")
            .unwrap();
        fs::set_permissions(parent.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for wait in [0, 30, 150, 400] {
            let options = Options {
                directory: Some(parent.path().to_owned()),
                ..Options::default()
            };
            let started = tokio::time::timeout(Duration::from_millis(wait), Scratch::start(options)).await;
            drop(started);
            assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0, "after {wait} ms");
        }
    }

    #[tokio::test]
    async fn a_kept_server_stays() {
        let scratch = Scratch::start(Options::default()).await.unwrap();
        let (directory, parameters) = (scratch.directory().to_owned(), scratch.parameters("postgres"));
        let pid = postmaster(&directory);
        scratch.keep();
        connect::connect(&parameters).await.unwrap().close().await;
        Command::new("kill")
            .args(["-QUIT", &pid.to_string()])
            .status()
            .unwrap();
        soon("the server has ended", || !lives(pid));
        fs::remove_dir_all(directory).unwrap();
    }

    /// Runs only as the child of the test below.
    #[tokio::test]
    #[ignore = "a helper of another test"]
    async fn helper_that_is_killed() {
        if std::env::var_os("PGPLUMB_TEST_HELPER").is_none() {
            return;
        }
        let scratch = Scratch::start(Options::default()).await.unwrap();
        println!("\ndirectory {}", scratch.directory().display());
        tokio::time::sleep(Duration::from_secs(60)).await;
    }

    #[test]
    fn it_is_gone_after_we_are_killed() {
        let mut helper = Command::new(std::env::current_exe().unwrap())
            .args([
                "--ignored",
                "--exact",
                "--nocapture",
                "db::scratch::tests::helper_that_is_killed",
            ])
            .env("PGPLUMB_TEST_HELPER", "1")
            .stdout(Stdio::piped())
            .process_group(0)
            .spawn()
            .unwrap();
        let lines = io::BufReader::new(helper.stdout.take().unwrap()).lines();
        let directory = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("directory ").map(PathBuf::from))
            .expect("the helper says where its server is");
        let pid = postmaster(&directory);
        // a terminal's Ctrl-C goes to the whole process group: the server is not in it
        Command::new("sh")
            .args(["-c", &format!("kill -KILL -{}", helper.id())])
            .status()
            .unwrap();
        helper.wait().unwrap();
        soon("the directory is gone", || !directory.exists());
        soon("the server has ended", || !lives(pid));
    }

    #[tokio::test]
    async fn failures_say_what_failed() {
        let nowhere = Options {
            bin: Some("/nonexistent".into()),
            ..Options::default()
        };
        let error = Scratch::start(nowhere).await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "no PostgreSQL server programs (initdb, postgres) were found; looked in /nonexistent"
        );

        let nonsense = Options::default().setting("max_connections", "many");
        let error = Scratch::start(nonsense).await.unwrap_err();
        assert!(
            matches!(&error, ScratchError::DidNotStart { log, .. } if log.contains("max_connections")),
            "{error}"
        );

        let long = tempfile::Builder::new()
            .prefix(&"x".repeat(90))
            .tempdir_in("/tmp")
            .unwrap();
        let options = Options {
            directory: Some(long.path().to_owned()),
            ..Options::default()
        };
        let error = Scratch::start(options).await.unwrap_err();
        assert!(matches!(error, ScratchError::PathTooLong { .. }), "{error}");

        let fake = tempfile::Builder::new().tempdir_in("/tmp").unwrap();
        fs::set_permissions(fake.path(), fs::Permissions::from_mode(0o755)).unwrap();
        for (name, text) in [
            ("postgres", "#!/bin/sh\nexit 1\n"),
            (
                "initdb",
                "#!/bin/sh\necho could not write: No space left on device\nexit 1\n",
            ),
        ] {
            fs::write(fake.path().join(name), text).unwrap();
            fs::set_permissions(fake.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        let options = Options {
            bin: Some(fake.path().to_owned()),
            ..Options::default()
        };
        let error = Scratch::start(options.clone()).await.unwrap_err();
        assert!(matches!(error, ScratchError::DiskFull { .. }), "{error}");
        fs::write(
            fake.path().join("initdb"),
            "#!/bin/sh\necho nonsense >&2\nexit 3\n",
        )
        .unwrap();
        let error = Scratch::start(options).await.unwrap_err();
        assert!(
            matches!(&error, ScratchError::Initdb { output, .. } if output == "nonsense"),
            "{error}"
        );
    }
}
