//! Everything taken back from the end, and what is left then, with the migration that left it.

use super::explain;
use super::prover::{Prover, unread};
use crate::catalog::Mark;
use crate::ops::Error;
use crate::proof;
use crate::report::model::Chain;

impl Prover<'_> {
    /// Takes everything back from the end.
    pub(super) async fn chain(&mut self, start: Mark, last: usize) -> Result<Chain, Error> {
        let mut chain = Chain::default();
        let mut keeps: Vec<&str> = Vec::new();
        let set = &self.context.project.set;
        let mut oldest = last;
        // what is repeatable is there, as in life, and stays
        let versioned = set.iter().enumerate().take(last).rev();
        for (index, migration) in versioned.filter(|(_, migration)| !migration.is_repeatable()) {
            let Some(down) = &migration.down else {
                let reason = match migration.irreversible() {
                    Some(reason) => format!("irreversible: {reason}"),
                    None => "there is no rollback".to_string(),
                };
                chain.failed.push((migration.stem(), reason));
                break;
            };
            let tried = self.tried()?;
            tried.follower.look_away().await.map_err(unread)?;
            if let Err(failure) = self.send(down).await? {
                let message = explain::words(&explain::failure(&failure, down));
                chain.failed.push((migration.stem(), message));
                break;
            }
            let tried = self.tried()?;
            while tried.session.next_notice().is_some() {}
            keeps.extend(down.directives.keeps.iter().map(|kept| kept.value.as_str()));
            chain.taken_back += 1;
            oldest = index;
        }
        self.update().await?;
        let (left, _) = proof::without_kept(self.tracked()?.changes_since(start), &keeps);
        if proof::is_same(&left) {
            return Ok(chain);
        }
        let lines = self.lines(&left, start)?;
        for (change, line) in left.iter().zip(lines) {
            let maker = self.makers.get(&change.object).copied().unwrap_or(last);
            // what those made that were not taken back is theirs
            if maker >= oldest
                && let Some(migration) = set.iter().nth(maker)
                && !migration.is_repeatable()
            {
                chain.residue.push((migration.stem(), line));
            }
        }
        Ok(chain)
    }
}
