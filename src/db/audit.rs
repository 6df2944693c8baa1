//! Reads what the audit looks at: one statement, one row.

use super::batch::{Batch, Failure, Reply, Stage};
use super::error::Error;
use super::session::Session;
use crate::audit::Facts;

/// Adds the reading to a batch. It changes `search_path` and `jit` for the rest of the transaction: to compile the
/// statement takes fifteen times as long as to run it.
pub fn read(batch: &mut Batch) {
    let settings = "SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true), \
                    pg_catalog.set_config('jit', 'off', true)";
    batch.one(Stage::Query, settings);
    batch.one(Stage::Script, include_str!("sql/audit.sql"));
}

/// Decodes the answer of [`read`].
///
/// # Errors
/// [`Failure`] when it is not what was asked for.
pub fn facts(reply: &Reply) -> Result<Facts, Failure> {
    let unexpected = |message: String| Failure::of(Error::Unexpected(message));
    let text = reply
        .rows(Stage::Script)
        .find_map(|row| row.try_get("audit").ok().flatten())
        .ok_or_else(|| unexpected("no row of facts".to_string()))?;
    serde_json::from_str(text).map_err(|error| unexpected(format!("the facts could not be read: {error}")))
}

impl Session {
    /// Reads the facts in one round trip and a transaction of its own that writes nothing.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn audit_facts(&self) -> Result<Facts, Failure> {
        let mut batch = Batch::new();
        self.begin(&mut batch, "READ ONLY", &self.settings);
        read(&mut batch);
        batch.one(Stage::Query, "ROLLBACK");
        match batch.run(self.client()).await {
            Ok(reply) => facts(&reply),
            Err(failure) => {
                self.rollback().await;
                Err(failure)
            }
        }
    }
}
