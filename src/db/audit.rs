//! Reads what the audit looks at: one statement, one row.

use super::batch::{Batch, Failure, Stage};
use super::error::Error;
use super::session::Session;
use crate::audit::Facts;

impl Session {
    /// Reads the facts in one round trip and a transaction of its own that writes nothing.
    ///
    /// # Errors
    /// [`Failure`] when the server refuses or is lost.
    pub async fn audit_facts(&self) -> Result<Facts, Failure> {
        let mut batch = Batch::new();
        self.begin(&mut batch, "READ ONLY", &self.settings);
        batch.one(Stage::Query, include_str!("sql/audit.sql"));
        batch.one(Stage::Query, "ROLLBACK");
        let reply = match batch.run(self.client()).await {
            Ok(reply) => reply,
            Err(failure) => {
                self.rollback().await;
                return Err(failure);
            }
        };
        let unexpected = |message: String| Failure {
            stage: Stage::Query,
            place: None,
            error: Error::Unexpected(message),
        };
        let text = reply
            .rows(Stage::Query)
            .find_map(|row| row.try_get("audit").ok().flatten())
            .ok_or_else(|| unexpected("no row of facts".to_string()))?;
        serde_json::from_str(text)
            .map_err(|error| unexpected(format!("the facts could not be read: {error}")))
    }
}
