//! What every verb needs: the project, the way to the database, and somebody who listens.

use std::time::Duration;

use tokio::sync::watch;

use super::Error;
use crate::db::batch::{Batch, Failure, Reply, Stage};
use crate::db::connect;
use crate::db::error::Error as DbError;
use crate::db::history::Reading;
use crate::db::parameters::Parameters;
use crate::db::session::{Holder, Session, Settings};
use crate::project::Project;
use crate::report::model::Database;

/// What happens while a verb works; displays consume it.
#[derive(Debug, Clone)]
pub enum Event {
    /// The server is not ready yet.
    WaitingForServer { reason: String },
    /// Another runner is at work.
    WaitingForRunner { holder: Option<Holder>, left: Duration },
    /// A step begins; `number` counts from 1.
    StepStarted { number: usize, of: usize, stem: String, back: bool },
    /// A step was committed.
    StepDone { stem: String, back: bool, elapsed: Duration },
    /// A step was rolled back.
    StepFailed { stem: String },
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
    /// Operating-system user and host, for the journal.
    pub client: String,
    pub events: &'a (dyn Fn(Event) + Sync),
    pub interrupt: Interrupt,
}

impl Context<'_> {
    /// Connects, with the settings of the configuration.
    ///
    /// # Errors
    /// [`Error::Connect`], or [`Error::Interrupted`] while it waited.
    pub async fn open(&self) -> Result<Session, Error> {
        let config = &self.project.config.settings;
        let settings = Settings {
            lock_timeout: Some(config.lock_timeout),
            statement_timeout: config.statement_timeout,
            idle_in_transaction_session_timeout: config.idle_in_transaction_session_timeout,
            role: config.role.clone(),
        };
        tokio::select! {
            connection = connect::connect(self.parameters) => {
                Ok(Session::new(connection.map_err(Error::Connect)?, settings))
            }
            () = self.interrupt.wait() => Err(Error::Interrupted(vec![])),
        }
    }

    /// Connects and reads the history.
    ///
    /// # Errors
    /// As [`open`](Context::open), or [`Error::Database`].
    pub async fn open_with_history(&self) -> Result<(Session, Reading), Error> {
        let mut session = self.open().await?;
        let reading = session
            .load_history()
            .await
            .map_err(|failure| Error::database("reading the migration history", failure))?;
        Ok((session, reading))
    }

    /// Waits for an answer, and cancels the running statement when the user interrupts.
    ///
    /// # Errors
    /// `Err(None)` when interrupted: the transaction was rolled back.
    pub async fn answer<T>(
        &self,
        session: &Session,
        reply: impl Future<Output = T>,
    ) -> Result<T, Interrupted> {
        let mut reply = std::pin::pin!(reply);
        tokio::select! {
            answer = &mut reply => Ok(answer),
            () = self.interrupt.wait() => {
                session.cancel().await;
                // the server answers with an error, or had finished just before
                let _ = tokio::time::timeout(Duration::from_secs(10), reply).await;
                let _ = tokio::time::timeout(Duration::from_secs(10), session.rollback()).await;
                Err(Interrupted)
            }
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
            server_version: server.version.clone(),
            pooler: None,
        }
    }
}

/// The user interrupted; the transaction was rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interrupted;

/// One message that is expected to work, with what it is for.
pub async fn ask(session: &Session, doing: &str, batch: Batch) -> Result<Reply, Error> {
    match batch.run(session.client()).await {
        Ok(reply) => Ok(reply),
        Err(failure) => {
            if !matches!(failure.error, DbError::Lost(_)) {
                session.rollback().await;
            }
            Err(Error::database(doing, failure))
        }
    }
}

/// A decoding error as a failure of the conversation.
pub fn unexpected(error: DbError) -> Failure {
    Failure { stage: Stage::Query, place: None, error }
}
