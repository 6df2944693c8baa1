//! The clock of a run: when each step began and ended, and what it waited for.

use std::collections::BTreeMap;
use std::time::Instant;

use super::runner::millis;
use crate::migration::MigrationScript;
use crate::report::model::MigrationReport;
use crate::report::timeline::{LockWait, TimedStatement, Timing};
use crate::source::Location;

/// Takes the times of one run.
#[derive(Debug)]
pub struct Clock {
    began: Instant,
    steps: BTreeMap<String, Box<Timing>>,
    /// The stem of the step that runs.
    current: Option<String>,
    /// The statement that runs, of a script that runs one by one.
    statement: Option<(Location, String, Instant)>,
    /// When the server came to the script that travels as one message.
    script: Option<Instant>,
    /// The statement of it that failed.
    failed: Option<Location>,
}

impl Default for Clock {
    fn default() -> Clock {
        Clock {
            began: Instant::now(),
            steps: BTreeMap::new(),
            current: None,
            statement: None,
            script: None,
            failed: None,
        }
    }
}

impl Clock {
    fn since(&self, moment: Instant) -> f64 {
        millis(moment.saturating_duration_since(self.began))
    }

    fn timing(&mut self) -> Option<&mut Timing> {
        self.steps.get_mut(self.current.as_ref()?).map(Box::as_mut)
    }

    /// A step begins, or begins again: what counts is its first attempt.
    pub fn start(&mut self, stem: &str, started: Instant) {
        let start_ms = self.since(started);
        self.current = Some(stem.to_owned());
        self.statement = None;
        self.failed = None;
        self.steps.entry(stem.to_owned()).or_insert_with(|| {
            Box::new(Timing {
                start_ms,
                ..Timing::default()
            })
        });
        self.end();
    }

    /// The step that runs has come so far.
    pub fn end(&mut self) {
        let now = self.since(Instant::now());
        if let Some(timing) = self.timing() {
            timing.duration_ms = now - timing.start_ms;
        }
    }

    /// The server comes to the script of the step, in one transaction.
    pub fn start_script(&mut self) {
        self.script = Some(Instant::now());
    }

    /// The script ran: `moments` are those of the server's clock in microseconds, when it began and behind each
    /// statement; none where they were not asked for. `counts` are what its statements reported.
    pub fn script_ran(&mut self, script: &MigrationScript, moments: &[i64], counts: &[u64]) {
        if let Some((began, ends)) = self.ends(moments) {
            self.script_lines(script, began, &ends, counts);
        }
        let sum: u64 = counts.iter().sum();
        if let Some(timing) = self.timing() {
            timing.rows = (sum > 0).then_some(sum);
        }
    }

    /// It failed in the statement behind the last of the `moments`: what ran before it was rolled back, and is told with it.
    pub fn script_failed(&mut self, script: &MigrationScript, moments: &[i64]) {
        let Some((began, mut ends)) = self.ends(moments) else {
            return;
        };
        ends.push(self.since(Instant::now()));
        self.script_lines(script, began, &ends, &[]);
        let index = moments.len() - 1;
        let failed = script.statements().get(index);
        self.failed = failed.map(|statement| script.file.location(statement.span.start));
        if let Some(line) = self.timing().and_then(|timing| timing.statements.get_mut(index)) {
            line.has_failed = true;
        }
        self.end();
    }

    /// When the script began and when each statement ended, in milliseconds of the run.
    fn ends(&mut self, moments: &[i64]) -> Option<(f64, Vec<f64>)> {
        let (first, behind) = moments.split_first()?;
        // an older moment behind a newer one: somebody set the server's clock
        let passed = |moment: &i64| (moment - first).max(0) as f64 / 1000.0;
        // on a busy machine this side hears of the beginning late, but it was not later than this
        let latest = self.since(Instant::now()) - behind.last().map_or(0.0, passed);
        let script = self.script.take()?;
        let began = self.since(script).min(latest);
        let ends = behind.iter().map(|moment| began + passed(moment));
        Some((began, ends.collect()))
    }

    /// The lines of the statements, in place of those of an earlier attempt.
    fn script_lines(&mut self, script: &MigrationScript, mut start_ms: f64, ends: &[f64], counts: &[u64]) {
        let ran = script.statements().iter().zip(ends).enumerate();
        let lines = ran.map(|(index, (statement, &end))| {
            let line = TimedStatement {
                source: script.file.location(statement.span.start),
                tag: statement.tag.clone(),
                start_ms,
                duration_ms: (end - start_ms).max(0.0),
                rows: counts.get(index).copied().filter(|&rows| rows > 0),
                has_failed: false,
            };
            start_ms = start_ms.max(end);
            line
        });
        let lines: Vec<TimedStatement> = lines.collect();
        if let Some(timing) = self.timing() {
            timing.is_one_message = true;
            timing.statements = lines;
        }
    }

    /// A statement of a script that runs one by one begins.
    pub fn start_statement(&mut self, source: Location, tag: &str) {
        self.statement = Some((source, tag.to_owned(), Instant::now()));
    }

    /// It ended.
    pub fn end_statement(&mut self, rows: u64) {
        let Some((source, tag, started)) = self.statement.take() else {
            return;
        };
        let line = TimedStatement {
            source,
            tag,
            start_ms: self.since(started),
            duration_ms: millis(started.elapsed()),
            rows: (rows > 0).then_some(rows),
            has_failed: false,
        };
        if let Some(timing) = self.timing() {
            timing.rows = line
                .rows
                .map(|rows| timing.rows.unwrap_or(0) + rows)
                .or(timing.rows);
            timing.statements.push(line);
        }
        self.end();
    }

    /// The statement that began last and did not end, of a script that runs one by one.
    fn end_failed(&mut self) {
        let Some((source, tag, started)) = self.statement.take() else {
            return;
        };
        self.end();
        let start_ms = self.since(started);
        if let Some(timing) = self.timing() {
            timing.statements.push(TimedStatement {
                source,
                tag,
                start_ms,
                duration_ms: timing.start_ms + timing.duration_ms - start_ms,
                rows: None,
                has_failed: true,
            });
        }
    }

    /// A lock was not obtained: since the last time, or else since `from`, until now. The same holders again make it one
    /// wait.
    pub fn waited(&mut self, from: Instant, held_by: Vec<String>, holder: Option<i32>) {
        let (from, now) = (self.since(from), self.since(Instant::now()));
        let running = self.statement.as_ref().map(|(source, ..)| source);
        let source = running.or(self.failed.as_ref()).cloned();
        let marker = holder.map(|pid| format!("pid {pid} "));
        let Some(timing) = self.timing() else { return };
        let last = timing.waits.last_mut();
        let behind = last
            .as_ref()
            .map_or(from, |last| from.max(last.start_ms + last.waited_ms));
        if let Some(last) = last
            && let Some(marker) = marker
            && last.source == source
            && last
                .held_by
                .first()
                .is_some_and(|first| first.starts_with(&marker))
        {
            last.waited_ms = now - last.start_ms;
        } else {
            timing.waits.push(LockWait {
                start_ms: behind,
                waited_ms: now - behind,
                source,
                held_by,
            });
        }
        self.end();
    }

    /// Hands the times to the lines of the report.
    pub fn tell(&mut self, migrations: &mut [MigrationReport]) {
        self.end_failed();
        for line in migrations {
            line.timing = self.steps.remove(&line.stem());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::Clock;
    use crate::report::model::{MigrationReport, MigrationState};

    #[test]
    fn the_same_holder_is_one_wait() {
        let mut clock = Clock::default();
        let from = Instant::now();
        clock.start("0001_a", from);
        let sentence = |pid: i32| vec![format!("pid {pid} (user a) has held it")];
        for pid in [7, 7, 8, 7] {
            std::thread::sleep(Duration::from_millis(2));
            clock.waited(from, sentence(pid), Some(pid));
        }
        let mut lines = [MigrationReport::new("0001", "a", MigrationState::Applied)];
        clock.tell(&mut lines);
        let timing = lines[0].timing.clone().expect("it ran");
        let holders: Vec<&str> = timing.waits.iter().map(|wait| &wait.held_by[0][..5]).collect();
        assert_eq!(holders, ["pid 7", "pid 8", "pid 7"]);
        for pair in timing.waits.windows(2) {
            assert_eq!(pair[0].start_ms + pair[0].waited_ms, pair[1].start_ms);
        }
        assert!(timing.waited_ms() >= 8.0 && timing.waited_ms() <= timing.duration_ms);
    }
}
