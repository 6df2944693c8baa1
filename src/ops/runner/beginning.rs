//! The transaction of the first step, which may begin while the answer of the preflight is weighed.

use std::cell::Cell;

use super::{Prepared, Runner};
use crate::db::batch::Sent;
use crate::plan::Plan;

/// Begun behind the question of the preflight, so that the server goes on meanwhile. A bad answer ends it, and may be there
/// before anybody came to begin.
#[derive(Default)]
pub struct Beginning {
    is_over: Cell<bool>,
    sent: Cell<Option<Sent>>,
}

impl Beginning {
    /// Sends the first message of the plan, where nothing of it has to wait and nobody said that it is over.
    pub async fn begin(&self, runner: &Runner<'_>, plan: &Plan<'_>, prepared: &Prepared) {
        let step = plan.steps.first().filter(|step| step.script.is_transactional());
        // what is read before a script may have to wait for others
        let look = prepared.looks.get(&0).filter(|look| !look.reads_before());
        if let (Some(step), Some(look), false) = (step, look, self.is_over.get()) {
            let first = runner.first_message(step, look, &runner.token(0), None);
            self.sent.set(Some(first.send(runner.session.client()).await));
        }
    }

    /// Nothing is to begin any more; whether it did, so that it is to be rolled back. No other answer of the session is
    /// heard while one is kept and not taken: this lets go of it.
    pub fn is_to_end(&self) -> bool {
        self.is_over.set(true);
        self.sent.take().is_some()
    }

    /// What was sent, for the step that goes on with it.
    pub(super) fn into_sent(self) -> Option<Sent> {
        self.sent.into_inner()
    }
}

#[cfg(test)]
mod tests {
    use super::Beginning;

    #[test]
    fn nothing_is_sent_behind_a_bad_answer() {
        let beginning = Beginning::default();
        assert!(!beginning.is_over.get());
        assert!(!beginning.is_to_end(), "nothing was sent");
        assert!(beginning.is_over.get());
    }
}
