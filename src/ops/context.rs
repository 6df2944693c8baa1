//! What every verb needs: the project, the way to the database, and somebody who listens.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::watch;

use super::Error;
use super::probes::Consent;
use super::watch::Working;
use crate::db::ahead::{Ahead, Begun};
use crate::db::batch::{Batch, Failure, Reply, Row, Sent, Stage};
use crate::db::connect::{ConnectEvent, Connector};
use crate::db::error::Error as DbError;
use crate::db::history::{Extent, Reading};
use crate::db::lock::Holder;
use crate::db::parameters::Parameters;
use crate::db::secret::Secret;
use crate::db::session::{Blocker, Session, Settings};
use crate::diagnostic::Diagnostic;
use crate::history::{Applied, HISTORY_TABLE};
use crate::project::{Config, Project};
use crate::report::model::Database;
use crate::sql::quote_ident;

/// What happens while a verb works; displays consume it.
#[derive(Debug, Clone)]
pub enum Event {
    /// The server is not ready yet.
    WaitingForServer { reason: String },
    /// Another runner is at work.
    WaitingForRunner { holder: Option<Holder>, left: Duration },
    /// Another proof is at work on the server, and one of the two makes roles.
    WaitingForProof,
    /// A table was busy for longer than `lock_timeout`: the whole transaction is tried again.
    WaitingForTable {
        stem: String,
        attempt: usize,
        blockers: Vec<Blocker>,
        left: Duration,
    },
    /// What is about to be run and what comes of it, where nobody is asked.
    Planned { account: Vec<Diagnostic> },
    /// A step begins; `number` counts from 1.
    StepStarted {
        number: usize,
        of: usize,
        stem: String,
        back: bool,
    },
    /// A step of a rehearsal begins; `number` counts from 1.
    RehearsalStarted { number: usize, of: usize, stem: String },
    /// A statement of a script that runs one by one; `number` counts from 1.
    StatementStarted {
        stem: String,
        number: usize,
        of: usize,
        tag: String,
    },
    /// A statement takes long: what the server is doing.
    Working(Working),
    /// A step was committed.
    StepDone {
        stem: String,
        back: bool,
        elapsed: Duration,
    },
    /// A step failed, and its transaction was rolled back; one without a transaction `stays` as far as it came.
    StepFailed { stem: String, back: bool, stays: bool },
    /// Probes are about to run: they write, and are rolled back.
    Probing { database: String },
    /// Probes were rolled back, but for the positions of sequences.
    Moved { sequences: String },
    /// The proof of a migration begins; `number` counts from 1.
    ProofStarted { number: usize, of: usize, stem: String },
    /// The server sent a notice or a warning.
    Notice { severity: String, message: String },
}

/// Tells a running verb that the user wants it to stop.
#[derive(Debug, Clone)]
pub struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// The receiving side, and the sender that a signal handler keeps.
    pub fn new() -> (watch::Sender<bool>, Interrupt) {
        let (sender, receiver) = watch::channel(false);
        (sender, Interrupt(receiver))
    }

    /// Whether it was raised.
    pub fn raised(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is raised; for ever when it never is.
    pub async fn wait(&self) {
        let mut receiver = self.0.clone();
        if receiver.wait_for(|raised| *raised).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The surroundings of a verb.
pub struct Context<'a> {
    pub project: &'a Project,
    pub parameters: &'a Parameters,
    /// A session that was begun before there was a context, for the first that asks.
    pub ahead: Mutex<Option<Ahead>>,
    /// Operating-system user and host, for the journal.
    pub client: String,
    pub events: &'a (dyn Fn(Event) + Sync),
    /// Whether somebody wants to know what a long statement is doing.
    pub is_watched: bool,
    /// Asks the user for a password; `None` when nobody can be asked.
    pub ask_password: Option<fn(&Parameters) -> Option<Secret>>,
    pub interrupt: Interrupt,
    /// Whether probes may run.
    pub probes: Consent,
    /// Whether the process ends with the verb, so that nothing large need be freed.
    pub is_last: bool,
}

fn unread(failure: Failure) -> Error {
    Error::database("reading the migration history", failure)
}

/// Timeouts and role, as a configuration has them.
pub fn settings(config: &Config) -> Settings {
    let config = &config.settings;
    Settings {
        lock_timeout: Some(config.lock_timeout),
        statement_timeout: config.statement_timeout,
        idle_in_transaction_session_timeout: config.idle_in_transaction_session_timeout,
        role: config.role.clone(),
    }
}

impl Context<'_> {
    /// Lets go of something large: tens of thousands of objects are not freed in no time.
    pub fn let_go<T>(&self, value: T) {
        if self.is_last {
            std::mem::forget(value);
        }
    }

    /// Connects, with the settings of the configuration.
    ///
    /// # Errors
    /// [`Error::Connect`], or [`Error::Interrupted`] while it waited.
    pub async fn open(&self) -> Result<Session, Error> {
        Ok(self.begun().await?.session)
    }

    /// What was begun, else a new session.
    async fn begun(&self) -> Result<Begun, Error> {
        let mut ask = self.ask_password;
        let mut tell = |event: ConnectEvent<'_>| match event {
            ConnectEvent::Waiting { reason, .. } => {
                (self.events)(Event::WaitingForServer {
                    reason: reason.message(),
                });
            }
        };
        let mut connector = Connector::new(self.parameters).on_event(&mut tell);
        if let Some(ask) = &mut ask {
            connector = connector.ask_password(ask);
        }
        let ahead = self.ahead.lock().ok().and_then(|mut ahead| ahead.take());
        let connecting = async {
            if let Some(ahead) = ahead
                && let Some(begun) = ahead.arrive().await?
            {
                return Ok(begun);
            }
            let connection = connector.connect().await?;
            Ok(Begun {
                session: Session::new(connection, settings(&self.project.config)),
                history: None,
                snapshot: None,
            })
        };
        tokio::select! {
            begun = connecting => begun.map_err(|error| Error::Connect(Box::new(error))),
            () = self.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error("interrupted while connecting").fact("state", "nothing was run"),
            ])),
        }
    }

    /// Connects and reads the history.
    ///
    /// # Errors
    /// As [`open`](Context::open), or [`Error::Database`].
    pub async fn open_with_history(&self) -> Result<(Session, Reading), Error> {
        self.open_with(self.extent()).await
    }

    /// Connects and reads so much of the history.
    ///
    /// # Errors
    /// As [`open_with_history`](Context::open_with_history).
    pub async fn open_with(&self, extent: Extent) -> Result<(Session, Reading), Error> {
        let Begun {
            mut session, history, ..
        } = self.begun().await?;
        let read = match history {
            Some((known, read)) if known == extent => read,
            _ => session.load_history(extent).await,
        };
        Ok((session, self.recognised(read.map_err(unread)?)?))
    }

    /// The reading, unless a schema that came later to the front of the search_path hides the project's history: what is
    /// applied would be applied once more.
    ///
    /// # Errors
    /// [`Error::Disagreement`].
    pub fn recognised(&self, reading: Reading) -> Result<Reading, Error> {
        let Some(elsewhere) = &reading.elsewhere else {
            return Ok(reading);
        };
        let set = &self.project.set;
        let known = |applied: &Applied| {
            let migration = set.get(applied.version)?;
            (migration.name == applied.name).then(|| migration.stem())
        };
        let Some(newest) = elsewhere.applied.iter().rev().find_map(known) else {
            return Ok(reading);
        };
        let hidden = format!("{}.{HISTORY_TABLE}", quote_ident(&elsewhere.schema));
        let table = reading.history.table();
        let diagnostic = Diagnostic::error(format!(
            "{table} does not exist, while {hidden} records {} of this project as applied",
            newest
        ))
        .fact("have", format!("search_path {}", reading.search_path))
        .fact("state", "nothing was run")
        .help(format!(
            "put {} first into the search_path of the connection (options=-csearch_path=…), or move the tables of the \
             history to {}; where {} is to get migrations of its own, leave {} out of the search_path",
            quote_ident(&elsewhere.schema),
            quote_ident(&reading.history.schema),
            quote_ident(&reading.history.schema),
            quote_ident(&elsewhere.schema),
        ));
        Err(Error::Disagreement(vec![diagnostic]))
    }

    /// Connects, and says whether a transaction of one snapshot was begun ([`Session::begin_snapshot`]).
    ///
    /// # Errors
    /// As [`open`](Context::open).
    pub async fn open_for_snapshot(&self) -> Result<(Session, Option<Sent>), Error> {
        let Begun {
            session, snapshot, ..
        } = self.begun().await?;
        Ok((session, snapshot))
    }

    /// Connects to look around: the history is not read, and its table may be somebody else's, which is told.
    ///
    /// # Errors
    /// As [`open`](Context::open), or [`Error::Database`].
    pub async fn open_to_look(&self) -> Result<(Session, Reading, Option<Diagnostic>), Error> {
        let mut session = self.open().await?;
        let reading = session
            .load_history(Extent::Place)
            .await
            .map_err(|failure| Error::database("looking around in the database", failure))?;
        let note = reading.is_foreign.then(|| {
            Diagnostic::note(format!(
                "{} is not a history of refinery: it is no table, or its columns are others",
                reading.history.table()
            ))
            .fact(
                "state",
                "as a history is, it is left out of the catalog that is read",
            )
        });
        Ok((session, reading, note))
    }

    /// Reads the history; with it, where the project has repeatable migrations, when they ran last.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub async fn load_history(&self, session: &mut Session) -> Result<Reading, Error> {
        self.recognised(session.load_history(self.extent()).await.map_err(unread)?)
    }

    /// How much of the history the project's migrations ask for.
    fn extent(&self) -> Extent {
        match self.project.set.repeatables().next() {
            Some(_) => Extent::Runs,
            None => Extent::Rows,
        }
    }

    /// Waits for an answer. When the user interrupts, the running statement is cancelled, again and again until
    /// the answer comes: a message that is already on its way would begin behind it.
    pub async fn answer<T>(&self, session: &Session, reply: impl Future<Output = T>) -> Answered<T> {
        let mut reply = std::pin::pin!(reply);
        tokio::select! {
            biased;
            answer = &mut reply => return Answered { answer: Some(answer), interrupted: false },
            () = self.interrupt.wait() => {}
        }
        for _ in 0..CANCELS {
            session.cancel().await;
            if let Ok(answer) = tokio::time::timeout(CANCEL_PAUSE, &mut reply).await {
                return Answered {
                    answer: Some(answer),
                    interrupted: true,
                };
            }
        }
        Answered {
            answer: None,
            interrupted: true,
        }
    }

    /// Forwards the notices that came meanwhile.
    pub fn pass_notices(&self, session: &mut Session) {
        while let Some(notice) = session.next_notice() {
            (self.events)(Event::Notice {
                severity: notice.severity().to_string(),
                message: notice.message().to_string(),
            });
        }
    }

    /// Which database it is, for reports.
    pub fn database(&self, session: &Session, reading: &Reading) -> Database {
        let server = &session.connection().server;
        Database {
            name: reading.database.clone(),
            host: server.host.clone(),
            port: server.port,
            user: reading.user.clone(),
            // Debian and others add a word on the package
            server_version: server
                .version
                .split_whitespace()
                .next()
                .unwrap_or_default()
                .to_string(),
            pooler: session.pooler(reading),
        }
    }
}

/// How long a cancelled statement may take to end before it is cancelled again.
const CANCEL_PAUSE: Duration = Duration::from_millis(500);

/// How often it is cancelled before it is given up: ten seconds in all.
const CANCELS: usize = 20;

/// What came of waiting for an answer.
#[derive(Debug)]
pub struct Answered<T> {
    /// What came, also behind an interruption; `None` when nothing did.
    pub answer: Option<T>,
    pub interrupted: bool,
}

impl<T> Answered<T> {
    /// The answer, where an interruption ends the verb and leaves nothing to tell.
    ///
    /// # Errors
    /// [`Error::Interrupted`].
    pub fn or_interrupted(self, doing: &str) -> Result<T, Error> {
        match self {
            Answered {
                answer: Some(answer),
                interrupted: false,
            } => Ok(answer),
            _ => Err(Error::Interrupted(vec![
                Diagnostic::error(format!("interrupted while {doing}")).fact("state", "nothing was changed"),
            ])),
        }
    }
}

/// One message that is expected to work, with what it is for.
pub async fn ask(session: &Session, doing: &str, batch: Batch) -> Result<Reply, Error> {
    let answer = hear(session, batch, |_, _| false).await;
    answer.map_err(|failure| Error::database(doing, failure))
}

/// The same, with rows that are taken as they come (see [`Sent::reply_beside`](crate::db::batch::Sent::reply_beside)).
pub async fn hear(
    session: &Session,
    batch: Batch,
    take: impl FnMut(Stage, &Row) -> bool,
) -> Result<Reply, Failure> {
    let answer = batch.send(session.client()).await.reply_beside(take).await;
    if let Err(failure) = &answer
        && !matches!(failure.error, DbError::Lost(_))
    {
        session.rollback().await;
    }
    answer
}
