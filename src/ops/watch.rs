//! Tells what a long statement is doing while its answer does not come: a second connection looks.

use std::time::{Duration, Instant};

use super::context::{Context, Event};
use crate::db::connect::connect;
use crate::db::session::Session;
use crate::db::watch::{Build, Sight, look};
use crate::sql::Statement;

/// How long an answer may take before anybody looks: most come sooner, and cost nothing more.
const PATIENCE: Duration = Duration::from_secs(1);

/// How often is looked.
const PAUSE: Duration = Duration::from_millis(500);

/// Who asks, for how long an answer takes.
#[derive(Debug, Clone, PartialEq)]
pub struct Working {
    pub stem: String,
    /// Number, from 1, of how many; and what it does: `CREATE INDEX`.
    pub statement: Option<(usize, usize, String)>,
    /// Since the message was sent.
    pub elapsed: Duration,
    /// The lock that is waited for, and by whom it is held.
    pub waits: Option<String>,
    pub build: Option<Build>,
}

/// What is run, for those who watch.
#[derive(Debug, Clone, Copy)]
pub struct Watched<'a> {
    pub stem: &'a str,
    /// Of the script that the message holds.
    pub statements: &'a [Statement],
    /// The one that is sent by itself, counted from 0; else the session tells by its `application_name`.
    pub only: Option<usize>,
}

/// The `application_name` while a statement of a script runs, `number` counted from 0.
pub fn application_name(own: &str, number: usize, of: usize) -> String {
    format!("{own} {}/{of}", number + 1)
}

impl Context<'_> {
    /// Waits for the reply, and tells what the server is doing when that takes long. Behind a pooler nobody knows which
    /// session it is.
    pub async fn watching<T>(
        &self,
        session: &Session,
        watched: Watched<'_>,
        reply: impl Future<Output = T>,
    ) -> T {
        let started = Instant::now();
        let mut reply = std::pin::pin!(reply);
        let pid = session.connection().server.process_id;
        let Some(pid) = pid.filter(|_| self.is_watched && !session.is_pooled()) else {
            return reply.await;
        };
        if let Ok(answer) = tokio::time::timeout(PATIENCE, &mut reply).await {
            return answer;
        }
        tokio::select! {
            biased;
            answer = &mut reply => answer,
            () = self.look_on(pid, watched, started) => reply.await,
        }
    }

    /// Tells again and again what a session is doing; ends when it cannot be looked at.
    async fn look_on(&self, pid: i32, watched: Watched<'_>, started: Instant) {
        let Ok(connection) = connect(self.parameters).await else {
            return;
        };
        while let Some(sight) = look(&connection, pid).await {
            (self.events)(Event::Working(watched.working(sight, started.elapsed())));
            tokio::time::sleep(PAUSE).await;
        }
    }
}

impl Watched<'_> {
    fn working(&self, sight: Sight, elapsed: Duration) -> Working {
        let of = self.statements.len();
        let number = self.only.or_else(|| number_in(&sight.application, of));
        let number = number.or((of == 1).then_some(0));
        Working {
            stem: self.stem.to_owned(),
            statement: number.and_then(|number| {
                let statement = self.statements.get(number)?;
                Some((number + 1, of, statement.tag.clone()))
            }),
            elapsed,
            waits: waits(&sight),
            build: sight.build,
        }
    }
}

/// The number, from 0, that [`application_name`] put there.
fn number_in(application: &str, of: usize) -> Option<usize> {
    let (number, total) = application.rsplit_once(' ')?.1.split_once('/')?;
    (total.parse() == Ok(of)).then_some(())?;
    number.parse::<usize>().ok()?.checked_sub(1)
}

/// Whom a session waits for: `a lock on public.orders: pid 12 (user app, application "psql", open for 5 s)`.
fn waits(sight: &Sight) -> Option<String> {
    let first = sight.blockers.first()?;
    let what = match &sight.wants {
        Some(relation) => format!("a lock on {relation}"),
        None => "the end of a transaction".to_string(),
    };
    let others = match sight.blockers.len() {
        1 => String::new(),
        more => format!(" and {} more", more - 1),
    };
    Some(format!(
        "{what}: pid {} (user {}, application {:?}, open for {:.0} s){others}",
        first.pid, first.user, first.application, first.seconds
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::watch::Ahead;

    #[test]
    fn a_session_tells_by_its_name_where_it_is() {
        for (application, of, number) in [
            ("pgplumb apply 3/17", 17, Some(2)),
            ("pgplumb apply 3/17", 16, None),
            ("pgplumb apply", 17, None),
            ("pgplumb apply 0/17", 17, None),
            ("3/17", 17, None),
        ] {
            assert_eq!(number_in(application, of), number, "{application}");
        }
        assert_eq!(number_in(&application_name("my app 1/2", 4, 5), 5), Some(4));
    }

    #[test]
    fn whom_a_session_waits_for_is_named() {
        let ahead = |pid| Ahead {
            pid,
            user: "app".into(),
            application: "psql".into(),
            seconds: 5.2,
        };
        let sight = |blockers: Vec<Ahead>| Sight {
            application: String::new(),
            wants: Some("public.orders".into()),
            blockers,
            build: None,
        };
        assert_eq!(waits(&sight(vec![])), None);
        assert_eq!(
            waits(&sight(vec![ahead(12), ahead(13)])).unwrap(),
            "a lock on public.orders: pid 12 (user app, application \"psql\", open for 5 s) and 1 more"
        );
    }
}
