//! What a script has done to its session goes with that. A rerun that goes on in the middle of it does again what
//! changes nothing else: settings and prepared statements.

use std::time::Instant;

use super::{Outcome, Runner, state};
use crate::db::batch::{Batch, Stage};
use crate::db::session::Settings;
use crate::diagnostic::Diagnostic;
use crate::migration::MigrationScript;
use crate::ops::{Error, context};
use crate::plan::Step;
use crate::sql::{Scope, Statement, TransactionControl};

impl Runner<'_> {
    /// Gives the session what the statements gave it that are done; the outcome when it cannot have that.
    ///
    /// # Errors
    /// [`Error`] when the conversation breaks.
    pub(super) async fn take_up(
        &mut self,
        step: Step<'_>,
        done: usize,
        started: Instant,
    ) -> Result<Option<Outcome>, Error> {
        let (batch, computed) = again(step.script, done);
        for statement in computed {
            let setting = statement
                .sets
                .as_ref()
                .map_or("", |setting| setting.name.as_str());
            self.diagnostics.push(
                Diagnostic::warning(format!(
                    "{setting} is not what this statement made it: it ran in a session that ended, and its value was \
                     worked out there"
                ))
                .at(&step.script.file, statement.span)
                .help("where the rest of the script needs it, set it again behind the statements that are done"),
            );
        }
        if batch.is_empty() {
            return Ok(None);
        }
        let Err(failure) = batch.run(self.session.client()).await else {
            return Ok(None);
        };
        self.session.rollback().await;
        let why = "what the script had set was to be set again, as this run goes on behind it";
        let diagnostic = self
            .explain(&step, &failure, state(&step, done))
            .fact("why it ran again", why)
            .help("bring back what it needs, and run the command again");
        let exit = super::exit_of(&failure);
        Ok(Some(self.stop(step, diagnostic, exit, started).await))
    }

    /// Gives the session what a transaction would get, as at the beginning of the script.
    pub(super) async fn begin_anew(&mut self, settings: &Settings) -> Result<(), Error> {
        let mut batch = Batch::new();
        self.session.prepare_alone(&mut batch, settings);
        context::ask(&self.session, "preparing the session", batch)
            .await
            .map(drop)
    }

    /// Leaves nothing of the script in the session: what is ours comes behind it.
    pub(super) async fn end_script(&mut self, step: &Step<'_>) {
        let mut batch = Batch::new();
        self.session.empty(&mut batch, &step.script.leaves());
        if let Err(failure) = batch.run(self.session.client()).await {
            self.session.rollback().await;
            tracing::debug!("the session could not be cleared: {}", failure.error);
        }
    }
}

/// What of the first `done` statements is done again, and the settings whose values were computed.
fn again(script: &MigrationScript, done: usize) -> (Batch, Vec<&Statement>) {
    let statements = script.statements();
    let is_fresh = |statement: &Statement| statement.tag == "DISCARD ALL";
    let from = statements[..done]
        .iter()
        .rposition(is_fresh)
        .map_or(0, |at| at + 1);
    let (mut batch, mut computed) = (Batch::new(), Vec::new());
    for unit in script.units() {
        if unit.start < from || unit.end > done {
            continue;
        }
        let unit = &statements[unit];
        let is_undone = matches!(
            unit.last().and_then(|last| last.transaction),
            Some(TransactionControl::Rollback { .. })
        );
        let lasting: Vec<&Statement> = unit.iter().filter(|_| !is_undone).filter(lasts).collect();
        computed.extend(lasting.iter().copied().filter(|statement| is_computed(statement)));
        if lasting.iter().all(|statement| is_computed(statement)) {
            continue;
        }
        let is_block = unit.len() > 1;
        if is_block {
            batch.one(Stage::Begin, "BEGIN");
        }
        for statement in unit {
            let is_part = lasts(&statement) && !is_computed(statement);
            if is_part
                || statement
                    .transaction
                    .is_some_and(TransactionControl::is_savepoint)
            {
                batch.statement(script, statement.span);
            }
        }
        if is_block {
            batch.one(Stage::Commit, "COMMIT");
        }
    }
    (batch, computed)
}

/// Whether a statement changes its session, and nothing else.
fn lasts(statement: &&Statement) -> bool {
    let sets = statement.sets.as_ref();
    sets.is_some_and(|setting| setting.scope == Scope::Session)
        || matches!(statement.tag.as_str(), "PREPARE" | "DEALLOCATE")
}

fn is_computed(statement: &Statement) -> bool {
    statement.sets.as_ref().is_some_and(|setting| setting.is_computed)
}
