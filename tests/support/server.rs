//! A server that the tests start themselves, and a fresh database for each of them.

use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use pgplumb::db::{Scratch, scratch};
use tokio::runtime::Runtime;
use tokio_postgres::SimpleQueryMessage;

/// A running server with the runtime that its connections live on.
pub struct Server {
    scratch: Scratch,
    runtime: Runtime,
}

impl Server {
    /// The server that the tests of this process share. It ends with the process: its supervisor notices that
    /// we are gone.
    pub fn shared() -> &'static Server {
        static SHARED: OnceLock<Server> = OnceLock::new();
        SHARED.get_or_init(|| Server::start(scratch::Options::default().setting("max_connections", 200)))
    }

    /// A server of one's own. A missing PostgreSQL is a failure, never a reason to skip.
    pub fn start(options: scratch::Options) -> Server {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime can be built");
        let scratch = runtime.block_on(Scratch::start(options)).unwrap_or_else(|error| {
            panic!("no PostgreSQL server could be started: {error}\n{}", error.help())
        });
        Server { scratch, runtime }
    }

    pub fn scratch(&self) -> &Scratch {
        &self.scratch
    }

    /// An empty database whose name begins with that of the test.
    pub fn database(&'static self, name: &str) -> Database {
        self.create(name, None)
    }

    fn create(&'static self, name: &str, template: Option<&str>) -> Database {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        // of one width, for where lines are broken depends on it
        let name = format!("{name}_{:03}", NUMBER.fetch_add(1, Ordering::Relaxed));
        self.runtime
            .block_on(self.scratch.create_database(&name, template))
            .unwrap_or_else(|error| panic!("database {name} could not be created: {error}"));
        let database = Database { server: self, name };
        if self.scratch.version_num() < 130_000 && template.is_none() {
            database.run(UUIDS);
        }
        database
    }

    /// A program beside those of the server, so of its own version, `pg_dump` for instance; else the one in PATH.
    pub fn program(&self, name: &str) -> Command {
        let beside = self.scratch.programs().join(name);
        if beside.exists() {
            Command::new(beside)
        } else {
            Command::new(name)
        }
    }
}

/// What the server has of its own from 13 on, and most schemas rely on.
const UUIDS: &str = "CREATE FUNCTION pg_catalog.gen_random_uuid() RETURNS uuid LANGUAGE sql VOLATILE AS \
     'SELECT pg_catalog.md5(pg_catalog.random()::text || pg_catalog.clock_timestamp()::text)::uuid'";

/// A database that is dropped at the end of its test, and kept when the test fails.
pub struct Database {
    server: &'static Server,
    pub name: String,
}

impl Database {
    /// How the binary reaches it.
    pub fn url(&self) -> String {
        self.server.scratch.url(&self.name)
    }

    pub fn server(&self) -> &'static Server {
        self.server
    }

    /// A copy, while nobody is connected to this one.
    pub fn copy(&self) -> Database {
        self.server.create("copy", Some(&self.name))
    }

    /// Runs SQL that makes roles. They belong to the server, so one test at a time may make them.
    pub fn make_roles(&self, sql: &str) {
        static ALONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
        let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        self.run(sql);
    }

    /// Runs statements as the superuser.
    pub fn run(&self, sql: &str) {
        self.try_run(sql)
            .unwrap_or_else(|error| panic!("{sql}\nfailed: {error}"));
    }

    /// The same; the error is the server's SQLSTATE and message.
    pub fn try_run(&self, sql: &str) -> Result<(), String> {
        self.rows(sql).map(drop)
    }

    /// Rows as texts; NULL is `None`. Several statements run in one implicit transaction.
    pub fn rows(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        self.server.runtime.block_on(async {
            let connection = self
                .server
                .scratch
                .connect(&self.name)
                .await
                .map_err(|error| error.to_string())?;
            let answer = connection.client.simple_query(sql).await;
            connection.close().await;
            let messages = answer.map_err(|error| match error.as_db_error() {
                Some(error) => format!("{}: {}", error.code().code(), error.message()),
                None => error.to_string(),
            })?;
            Ok(messages
                .iter()
                .filter_map(|message| match message {
                    SimpleQueryMessage::Row(row) => Some(
                        (0..row.len())
                            .map(|index| row.get(index).map(str::to_string))
                            .collect(),
                    ),
                    _ => None,
                })
                .collect())
        })
    }

    /// The first value of the first row.
    pub fn value(&self, sql: &str) -> Option<String> {
        let rows = self
            .rows(sql)
            .unwrap_or_else(|error| panic!("{sql}\nfailed: {error}"));
        rows.into_iter()
            .next()
            .and_then(|row| row.into_iter().next())
            .flatten()
    }

    /// A connection that stays open, for transactions over several calls.
    pub fn session(&self) -> Session {
        let connection = self
            .server
            .runtime
            .block_on(self.server.scratch.connect(&self.name))
            .unwrap_or_else(|error| panic!("{error}"));
        Session {
            server: self.server,
            connection: Some(connection),
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("kept: {}", self.url());
            return;
        }
        let dropped = self
            .server
            .runtime
            .block_on(self.server.scratch.drop_database(&self.name));
        if let Err(error) = dropped {
            eprintln!("database {} was not dropped: {error}", self.name);
        }
    }
}

/// An open connection.
pub struct Session {
    server: &'static Server,
    connection: Option<pgplumb::db::Connection>,
}

impl Session {
    /// The process that serves it.
    pub fn pid(&self) -> String {
        let rows = self.run("SELECT pg_backend_pid()").expect("it answers");
        rows[0][0].clone().expect("a number")
    }

    /// Runs statements; the error is the server's SQLSTATE and message.
    pub fn run(&self, sql: &str) -> Result<Vec<Vec<Option<String>>>, String> {
        let connection = self.connection.as_ref().expect("open until it is dropped");
        let messages = self.server.runtime.block_on(connection.client.simple_query(sql));
        let messages = messages.map_err(|error| match error.as_db_error() {
            Some(error) => format!("{}: {}", error.code().code(), error.message()),
            None => error.to_string(),
        })?;
        Ok(messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => Some(
                    (0..row.len())
                        .map(|index| row.get(index).map(str::to_string))
                        .collect(),
                ),
                _ => None,
            })
            .collect())
    }
}

/// What the server said no with.
#[derive(Debug)]
pub struct Refusal {
    /// SQLSTATE.
    pub state: String,
    /// The constraint, else the column, else empty.
    pub by: String,
    pub message: String,
}

impl Session {
    /// The refusal of statements, `None` when they were carried out.
    pub fn refusal(&self, sql: &str) -> Option<Refusal> {
        let connection = self.connection.as_ref().expect("open until it is dropped");
        let error = self
            .server
            .runtime
            .block_on(connection.client.simple_query(sql))
            .err()?;
        let error = error
            .as_db_error()
            .unwrap_or_else(|| panic!("{sql}\nfailed: {error}"));
        Some(Refusal {
            state: error.code().code().to_string(),
            by: error
                .constraint()
                .or(error.column())
                .unwrap_or_default()
                .to_string(),
            message: error.message().to_string(),
        })
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.server.runtime.block_on(connection.close());
        }
    }
}

/// `pg_dump --schema-only`, without what differs between two dumps of the same database.
pub fn dump(database: &Database, without: &[&str]) -> String {
    let mut command = database.server.program("pg_dump");
    command.arg("--schema-only");
    for table in without {
        command.arg("--exclude-table").arg(table);
    }
    dumped(database, command)
}

/// `pg_dump` of everything, rows and the positions of sequences included.
pub fn dump_whole(database: &Database) -> String {
    dumped(database, database.server.program("pg_dump"))
}

fn dumped(database: &Database, mut command: Command) -> String {
    command.arg("--dbname").arg(database.url());
    let output = command
        .output()
        .expect("pg_dump is installed: the tests need it beside the server");
    assert!(
        output.status.success(),
        "pg_dump failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("a dump is UTF-8");
    // \restrict carries a random word
    text.lines()
        .filter(|line| !line.starts_with("\\restrict") && !line.starts_with("\\unrestrict"))
        .fold(String::new(), |mut kept, line| {
            kept.push_str(line);
            kept.push('\n');
            kept
        })
}
