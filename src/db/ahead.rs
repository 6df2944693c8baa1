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
    pub history: Option<(Extent, Result<Reading, Failure>)>,
}

impl Ahead {
    /// Goes on from a connection that was begun. With an extent the history is read as soon as the server lets us in.
    pub fn begin(connecting: HeadStart, settings: Settings, extent: Option<Extent>) -> Ahead {
        Ahead(tokio::spawn(async move {
            let Some(connection) = connecting.arrive().await? else {
                return Ok(None);
            };
            let mut session = Session::new(connection, settings);
            let history = match extent {
                Some(extent) => Some((extent, session.load_history(extent).await)),
                None => None,
            };
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
