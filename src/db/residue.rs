//! What is there again or still, of what the journal says that applying made or removed.

use super::batch::{Batch, Failure, Reply, Stage};
use super::session::Session;
use crate::history::History;
use crate::migration::Version;

/// An object that is not as it was before a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    pub version: Version,
    /// The plural of its kind, as the journal has it.
    pub plural: String,
    /// As SQL names it.
    pub path: String,
    /// It was removed and is not back; else it was made and is still there.
    pub is_missing: bool,
}

impl Session {
    /// Looks up the last application of each version in the journal, and which of its objects are not as before:
    /// one round trip. What applying altered is not looked at.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn leftovers(&self, history: &History, versions: &[Version]) -> Result<Vec<Leftover>, Failure> {
        let versions: Vec<String> = versions.iter().map(Version::to_string).collect();
        let sql = include_str!("sql/residue.sql")
            .replace("{journal}", &history.journal())
            .replace("{versions}", &versions.join(", "));
        let mut batch = Batch::new();
        self.begin(&mut batch, "READ ONLY", &self.settings);
        batch.one(
            Stage::Query,
            "SELECT pg_catalog.set_config('search_path', 'pg_catalog', true)",
        );
        batch.one(Stage::Query, &sql);
        batch.one(Stage::Query, "ROLLBACK");
        match batch.run(self.client()).await {
            Ok(reply) => Ok(decode(&reply)),
            Err(failure) => {
                self.rollback().await;
                Err(failure)
            }
        }
    }
}

fn decode(reply: &Reply) -> Vec<Leftover> {
    let rows = reply.rows(Stage::Query).filter(|row| {
        row.columns()
            .first()
            .is_some_and(|column| column.name() == "leftover")
    });
    rows.filter_map(|row| {
        Some(Leftover {
            version: row.get(0)?.parse().ok()?,
            plural: row.get(1)?.to_string(),
            path: row.get(2)?.to_string(),
            is_missing: row.get(3)? == "t",
        })
    })
    .collect()
}
