//! A script as psql would run it, with nothing written about it: for databases that are thrown away.

use std::ops::Range;

use super::batch::{Batch, Failure, Stage};
use super::session::Session;
use crate::migration::MigrationScript;
use crate::sql::TransactionControl;

impl Session {
    /// Runs a script in one transaction; one that needs it statement by statement. The session is as new before it.
    ///
    /// # Errors
    /// [`Failure`] with the place in the script; the transaction that it stood in is rolled back.
    pub async fn run_script(&self, script: &MigrationScript) -> Result<(), Failure> {
        let mut fresh = Batch::new();
        fresh.one(Stage::Begin, "DISCARD ALL");
        let fresh = fresh.send(self.client()).await;
        let settings = self.settings.with_directives(&script.directives);
        if script.is_transactional() {
            let mut batch = Batch::new();
            self.begin(&mut batch, "", &settings);
            batch.script(script);
            self.settle(&mut batch);
            batch.one(Stage::Commit, "COMMIT");
            let sent = batch.send(self.client()).await;
            fresh.reply().await?;
            return self.or_roll_back(sent.reply().await).await;
        }
        fresh.reply().await?;
        let mut alone = Batch::new();
        self.prepare_alone(&mut alone, &settings);
        alone.run(self.client()).await?;
        for unit in script.units() {
            self.run_unit(script, unit).await?;
        }
        Ok(())
    }

    async fn run_unit(&self, script: &MigrationScript, unit: Range<usize>) -> Result<(), Failure> {
        let statements = &script.statements()[unit];
        if let [one] = statements {
            let batch = Batch::lone(script, one.span);
            return self.or_roll_back(batch.run(self.client()).await).await;
        }
        let ends = statements.last().and_then(|last| last.transaction);
        // what a script itself rolls back leaves nothing
        if matches!(ends, Some(TransactionControl::Rollback { .. })) {
            return Ok(());
        }
        let mut batch = Batch::new();
        batch.one(Stage::Begin, "BEGIN");
        for statement in statements {
            if statement.transaction.is_none_or(TransactionControl::is_savepoint) {
                batch.statement(script, statement.span);
            }
        }
        batch.one(Stage::Commit, "COMMIT");
        self.or_roll_back(batch.run(self.client()).await).await
    }

    async fn or_roll_back<T>(&self, reply: Result<T, Failure>) -> Result<(), Failure> {
        match reply {
            Ok(_) => Ok(()),
            Err(failure) => {
                self.rollback().await;
                Err(failure)
            }
        }
    }
}
