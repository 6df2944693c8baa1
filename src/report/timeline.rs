//! When each migration of a run ran, and what it waited for: measured, as far as it can be.

use super::model::{MigrationReport, MigrationState};
use crate::source::Location;

/// One migration within its run. Times are in milliseconds since the run began.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Timing {
    pub start_ms: f64,
    /// From its first attempt until it was recorded or given up, waits included.
    pub duration_ms: f64,
    /// Rows that its statements read or changed, as they report them; `None` where none reported.
    pub rows: Option<u64>,
    pub waits: Vec<LockWait>,
    /// Empty where nobody asked when they ran.
    pub statements: Vec<TimedStatement>,
    /// They shared a transaction and travelled as one message: timed by the server's clock.
    pub is_one_message: bool,
}

/// A lock that was not obtained in time, so that it was tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct LockWait {
    pub start_ms: f64,
    /// From the beginning of the attempt that met the lock to that of the next, or to the end.
    pub waited_ms: f64,
    /// The statement, where it is known.
    pub source: Option<Location>,
    /// Who held it, one sentence each; empty when nobody could be seen.
    pub held_by: Vec<String>,
}

/// A statement, and when it ran.
#[derive(Debug, Clone, PartialEq)]
pub struct TimedStatement {
    pub source: Location,
    /// `CREATE INDEX`.
    pub tag: String,
    pub start_ms: f64,
    pub duration_ms: f64,
    /// As it reports them; `None` of one that reports none.
    pub rows: Option<u64>,
    pub has_failed: bool,
}

impl Timing {
    /// All that was lost to locks, in milliseconds.
    pub fn waited_ms(&self) -> f64 {
        self.waits.iter().map(|wait| wait.waited_ms).sum()
    }
}

/// The migrations that were timed.
pub fn timed(migrations: &[MigrationReport]) -> impl Iterator<Item = (&MigrationReport, &Timing)> {
    migrations
        .iter()
        .filter_map(|migration| Some((migration, migration.timing.as_deref()?)))
}

/// How much of a timeline is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Waits, and the statements of scripts that run one by one.
    Brief,
    /// Every statement.
    Whole,
}

impl Extent {
    fn statements(self, timing: &Timing) -> &[TimedStatement] {
        match self {
            Extent::Brief if timing.is_one_message => &[],
            Extent::Brief | Extent::Whole => &timing.statements,
        }
    }
}

/// Whether there is more to tell than how long each migration took.
pub fn has_details(migrations: &[MigrationReport], extent: Extent) -> bool {
    timed(migrations).any(|(_, timing)| !timing.waits.is_empty() || !extent.statements(timing).is_empty())
}

/// A line of the timeline.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub of: Of,
    /// The migration, the statement with its line, or who was waited for.
    pub what: String,
    pub start_ms: f64,
    pub duration_ms: f64,
    pub rows: Option<u64>,
    pub has_failed: bool,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    Migration,
    Statement,
    Wait,
}

/// What was timed, in order: each migration, and below it its statements and waits.
pub fn lines(migrations: &[MigrationReport], extent: Extent) -> Vec<Line> {
    let mut lines = Vec::new();
    for (migration, timing) in timed(migrations) {
        lines.push(Line {
            of: Of::Migration,
            what: migration.stem(),
            start_ms: timing.start_ms,
            duration_ms: timing.duration_ms,
            rows: timing.rows,
            has_failed: migration.state == MigrationState::Failed,
        });
        let mut parts: Vec<Line> = extent.statements(timing).iter().map(statement).collect();
        parts.extend(timing.waits.iter().map(wait));
        parts.sort_by(|one, other| one.start_ms.total_cmp(&other.start_ms));
        lines.append(&mut parts);
    }
    lines
}

/// How many statements a timeline may have before its longest ones are told first.
const MANY: usize = 12;

/// How many are told first.
const LONGEST: usize = 5;

/// Of a long timeline the statements that took longest, those first, with how many there are; `None` of a short one.
pub fn longest(lines: &[Line]) -> Option<(Vec<&Line>, usize)> {
    let mut statements: Vec<&Line> = lines.iter().filter(|line| line.of == Of::Statement).collect();
    let count = statements.len();
    statements.sort_by(|one, other| other.duration_ms.total_cmp(&one.duration_ms));
    statements.truncate(LONGEST);
    (count > MANY).then_some((statements, count))
}

fn statement(line: &TimedStatement) -> Line {
    Line {
        of: Of::Statement,
        what: format!(
            "{} at {}:{}{}",
            line.tag,
            line.source.file,
            line.source.line,
            if line.has_failed { ", failed" } else { "" }
        ),
        start_ms: line.start_ms,
        duration_ms: line.duration_ms,
        rows: line.rows,
        has_failed: line.has_failed,
    }
}

fn wait(wait: &LockWait) -> Line {
    let who = match wait.held_by.is_empty() {
        true => "somebody who was gone when it was asked".to_string(),
        false => wait.held_by.join("; "),
    };
    Line {
        of: Of::Wait,
        what: format!("waited for a lock: {who}"),
        start_ms: wait.start_ms,
        duration_ms: wait.waited_ms,
        rows: None,
        has_failed: false,
    }
}

/// From the beginning of the first to the end of the last, in milliseconds.
pub fn span(lines: &[Line]) -> (f64, f64) {
    let start = lines
        .iter()
        .map(|line| line.start_ms)
        .fold(f64::INFINITY, f64::min);
    let end = lines
        .iter()
        .map(|line| line.start_ms + line.duration_ms)
        .fold(0.0, f64::max);
    (start.min(end), end)
}

#[cfg(test)]
mod tests {
    use super::{Extent, LockWait, Of, TimedStatement, Timing, has_details, lines, longest, span};
    use crate::report::model::{MigrationReport, MigrationState};
    use crate::source::Location;

    #[test]
    fn a_wait_stands_where_it_happened() {
        let source = Location {
            file: "migrations/0001_a.sql".to_string(),
            line: 3,
            column: 1,
        };
        let mut migration = MigrationReport::new("0001", "a", MigrationState::Applied);
        assert!(!has_details(std::slice::from_ref(&migration), Extent::Whole));
        let statement = |start_ms: f64| TimedStatement {
            source: source.clone(),
            tag: "CREATE INDEX".to_string(),
            start_ms,
            duration_ms: 1.0,
            rows: None,
            has_failed: false,
        };
        migration.timing = Some(Box::new(Timing {
            start_ms: 5.0,
            duration_ms: 20.0,
            rows: Some(2),
            waits: vec![LockWait {
                start_ms: 7.0,
                waited_ms: 3.0,
                source: Some(source.clone()),
                held_by: Vec::new(),
            }],
            statements: vec![statement(5.0), statement(10.0)],
            is_one_message: false,
        }));
        let migrations = [migration];
        assert!(has_details(&migrations, Extent::Brief));
        let lines = lines(&migrations, Extent::Brief);
        let of: Vec<Of> = lines.iter().map(|line| line.of).collect();
        assert_eq!(of, [Of::Migration, Of::Statement, Of::Wait, Of::Statement]);
        assert_eq!(lines[1].what, "CREATE INDEX at migrations/0001_a.sql:3");
        assert_eq!(span(&lines), (5.0, 25.0));
        assert_eq!(span(&[]), (0.0, 0.0));
        assert_eq!(longest(&lines), None);
    }

    #[test]
    fn the_longest_of_many_come_first() {
        let mut migration = MigrationReport::new("0001", "a", MigrationState::Applied);
        let source = |line: u32| Location {
            file: "a.sql".to_string(),
            line,
            column: 1,
        };
        let statements = (1..=20_u32).map(|number| TimedStatement {
            source: source(number),
            tag: "SELECT".to_string(),
            start_ms: f64::from(number),
            duration_ms: f64::from(number * 7 % 20),
            rows: None,
            has_failed: false,
        });
        migration.timing = Some(Box::new(Timing {
            statements: statements.collect(),
            is_one_message: true,
            ..Timing::default()
        }));
        let migrations = [migration];
        assert!(!has_details(&migrations, Extent::Brief));
        assert_eq!(lines(&migrations, Extent::Brief).len(), 1);
        let lines = lines(&migrations, Extent::Whole);
        assert_eq!(lines.len(), 21);
        let (longest, count) = longest(&lines).expect("many");
        let durations: Vec<f64> = longest.iter().map(|line| line.duration_ms).collect();
        assert_eq!((durations, count), (vec![19.0, 18.0, 17.0, 16.0, 15.0], 20));
    }
}
