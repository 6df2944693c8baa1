//! What another session is doing just now: a message of several statements tells nothing until it is done.

use serde::Deserialize;

use super::batch::{Batch, Stage};
use super::connect::Connection;

/// A session as another one sees it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Sight {
    /// Its `application_name`.
    pub application: String,
    /// The relation whose lock it waits for; `None` when it waits for nothing, or for a transaction to end.
    pub wants: Option<String>,
    /// Who holds that lock or stands before it, longest first.
    pub blockers: Vec<Ahead>,
    pub build: Option<Build>,
}

/// A session that is in the way.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Ahead {
    pub pid: i32,
    pub user: String,
    pub application: String,
    /// How long its transaction has been open, in seconds.
    pub seconds: f64,
}

/// An index build as `pg_stat_progress_create_index` shows it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Build {
    /// The table; `None` when it was made in the same transaction.
    pub table: Option<String>,
    /// In the server's words: `building index: scanning table`.
    pub phase: String,
    /// Blocks, rows or transactions waited for, by phase.
    pub done: i64,
    pub total: i64,
}

impl Build {
    /// How far the phase is, in percent, where the server knows how much there is.
    pub fn percent(&self) -> Option<i64> {
        let total = i128::from(self.total);
        (total > 0).then(|| {
            i64::try_from(i128::from(self.done) * 100 / total)
                .unwrap_or(100)
                .clamp(0, 100)
        })
    }
}

/// Looks at a session; `None` when it is gone, or may not be seen.
pub async fn look(connection: &Connection, pid: i32) -> Option<Sight> {
    let mut batch = Batch::new();
    batch.one(
        Stage::Query,
        &include_str!("sql/watch.sql").replace("{pid}", &pid.to_string()),
    );
    let reply = batch.run(&connection.client).await.ok()?;
    let row = reply.rows(Stage::Query).next()?;
    serde_json::from_str(row.get(0)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_told_where_there_is_an_end() {
        let build = |done, total| Build {
            table: Some("public.t".into()),
            phase: "building index: scanning table".into(),
            done,
            total,
        };
        for (done, total, percent) in [
            (0, 0, None),
            (1, 3, Some(33)),
            (3, 3, Some(100)),
            // a table grows while it is read
            (4, 3, Some(100)),
            (i64::MAX, i64::MAX, Some(100)),
        ] {
            assert_eq!(build(done, total).percent(), percent);
        }
    }
}
