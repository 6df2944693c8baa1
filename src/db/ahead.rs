//! A session that is opened, and whose history is read, while something else is done.

use tokio::task::JoinHandle;

use super::batch::Failure;
use super::connect::{ConnectError, HeadStart};
use super::history::{Extent, Reading};
use super::session::{Session, Settings};

/// What is read ahead of its being asked for.
pub struct Ahead(JoinHandle<Result<Option<Begun>, ConnectError>>);

/// A session, and what is known of its history.
pub struct Begun {
    pub session: Session,
    /// `None` when it was not wanted.
    pub history: Option<(First, Result<Reading, Failure>)>,
}

/// What is said first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// The history is read, in a transaction of its own.
    History(Extent),
    /// The history is read in a transaction of one snapshot, which stays open: see [`Session::open_snapshot`].
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
            let history = match first {
                Some(First::History(extent)) => Some(session.load_history(extent).await),
                Some(First::Snapshot) => Some(session.open_snapshot().await),
                None => None,
            };
            let history = first.zip(history);
            Ok(Some(Begun { session, history }))
        }))
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
