//! A session that is opened, and whose history is read, while something else is done.

use tokio::task::{AbortHandle, JoinHandle};

use super::batch::{Batch, Failure, Sent};
use super::connect::{ConnectError, HeadStart};
use super::history::{Extent, Reading};
use super::session::{Session, Settings};

/// What is read ahead of its being asked for.
pub struct Ahead(JoinHandle<Result<Option<Begun>, ConnectError>>);

/// A session, and what is known of its history.
pub struct Begun {
    pub session: Session,
    /// `None` when it was not wanted.
    pub history: Option<(Extent, Result<Reading, Failure>)>,
    /// The beginning of a snapshot, when that was sent.
    pub snapshot: Option<Sent>,
}

/// What is said first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The history is read, in a transaction of its own.
    History(Extent),
    /// Through a socket, where to speak twice costs nothing, a transaction of one snapshot begins and the history is asked for
    /// in it: see [`Session::begin_snapshot`].
    Snapshot,
}

impl Ahead {
    /// Goes on from a connection that was begun, and says something as soon as the server lets us in.
    pub fn begin(connecting: HeadStart, settings: Settings, first: Option<First>) -> Ahead {
        Ahead(tokio::spawn(async move {
            let Some(connection) = connecting.arrive().await? else {
                return Ok(None);
            };
            let mut session = Session::new(connection, settings);
            let (mut history, mut snapshot) = (None, None);
            match first {
                Some(First::History(extent)) => {
                    history = Some((extent, session.load_history(extent).await));
                }
                Some(First::Snapshot) if session.connection().server.is_socket() => {
                    let mut batch = Batch::new();
                    session.begin_snapshot(&mut batch);
                    snapshot = Some(batch.send(session.client()).await);
                }
                Some(First::Snapshot) | None => {}
            }
            Ok(Some(Begun {
                session,
                history,
                snapshot,
            }))
        }))
    }

    /// Tells whether something came of it, from anywhere.
    pub fn watch(&self) -> AbortHandle {
        self.0.abort_handle()
    }

    /// What came of it; `None` when the connection has to be tried again.
    ///
    /// # Errors
    /// As [`HeadStart::arrive`].
    pub async fn arrive(mut self) -> Result<Option<Begun>, ConnectError> {
        (&mut self.0).await.unwrap_or(Ok(None))
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.0.abort();
    }
}
