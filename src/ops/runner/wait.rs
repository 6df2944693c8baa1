//! Waiting for others: who works on a table, and who runs migrations.

use std::time::{Duration, Instant};

use super::Runner;
use crate::db::session::Blocker;
use crate::diagnostic::Diagnostic;
use crate::ops::Error;
use crate::ops::context::Event;
use crate::plan::Step;

/// How often a step is tried when its tables are busy: many short waits let others pass in between, one long
/// wait makes everybody queue behind it.
const BUSY_ATTEMPTS: usize = 12;

impl Runner<'_> {
    /// A table was busy: waits a little before the whole transaction is tried again, at most `lock_wait` in all.
    /// False when the time is over.
    pub(in crate::ops) async fn wait_for_table(
        &mut self,
        step: &Step<'_>,
        attempt: usize,
        blockers: &[Blocker],
        since: Instant,
    ) -> Result<bool, Error> {
        let held_by: Vec<String> = blockers.iter().map(ToString::to_string).collect();
        let holder = blockers.first().map(|blocker| blocker.pid);
        let left = self.lock_wait.saturating_sub(since.elapsed());
        if left.is_zero() || attempt >= BUSY_ATTEMPTS {
            self.clock.waited(since, held_by, holder);
            return Ok(false);
        }
        (self.context.events)(Event::WaitingForTable {
            stem: step.migration.stem(),
            attempt,
            blockers: blockers.to_vec(),
            left,
        });
        // whoever queued behind us gets a turn; no two runners in step
        let jitter = u64::from(jiff::Timestamp::now().subsec_nanosecond().unsigned_abs()) % 500;
        let pause = Duration::from_millis(250 * attempt.min(8) as u64 + jitter).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => {
                self.clock.waited(since, held_by, holder);
                Ok(true)
            }
            () = self.context.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error(format!("interrupted while {} waited for a busy table", step.migration.stem()))
                    .fact("state", self.state_after_failure(step)),
            ])),
        }
    }

    /// Waits a little for another runner; polling, since a blocking wait would hold a snapshot.
    pub(in crate::ops) async fn wait_for_runner(&mut self, since: Instant) -> Result<(), Error> {
        let holder = self.session.lock_holder().await;
        if let Some(holder) = &holder {
            let who = format!(
                "pid {} (user {}, application {:?}) holds the lock of the runners",
                holder.pid, holder.user, holder.application
            );
            self.clock.waited(since, vec![who], Some(holder.pid));
        }
        let left = self.lock_wait.saturating_sub(since.elapsed());
        if left.is_zero() {
            let who = holder.map_or_else(
                || "it is gone by now".to_string(),
                |holder| {
                    format!(
                        "pid {}, user {}, application {}, from {}, since {}",
                        holder.pid, holder.user, holder.application, holder.client, holder.since
                    )
                },
            );
            return Err(Error::Locked(Box::new(
                Diagnostic::error(format!(
                    "another runner held the lock of this database for {} s",
                    self.lock_wait.as_secs_f64()
                ))
                .fact("holder", who)
                .help("wait until it is done, or allow more time with --lock-wait"),
            )));
        }
        (self.context.events)(Event::WaitingForRunner { holder, left });
        let pause = Duration::from_millis(100 + u64::from(std::process::id() % 7) * 20).min(left);
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = self.context.interrupt.wait() => Err(Error::Interrupted(vec![
                Diagnostic::error("interrupted while waiting for another runner")
                    .fact("state", "nothing was run"),
            ])),
        }
    }
}
