//! What a rehearsal measured: each statement with its duration, its rows, and the locks that it took on tables that were
//! there before.

use super::summary::quantity;
use crate::source::Location;

/// A plan that ran in one transaction, which was rolled back.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Rehearsal {
    /// From BEGIN to ROLLBACK, in milliseconds.
    pub duration_ms: f64,
    pub steps: Vec<RehearsedStep>,
}

/// One migration of the plan, or its rollback.
#[derive(Debug, Clone, PartialEq)]
pub struct RehearsedStep {
    /// The stem of its files.
    pub stem: String,
    pub outcome: StepOutcome,
    /// Why it could not be rehearsed; empty otherwise.
    pub reason: String,
    /// Its statements and its checks, in milliseconds.
    pub duration_ms: f64,
    /// Those that ran.
    pub statements: Vec<RehearsedStatement>,
}

/// How the rehearsal of one migration came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepOutcome {
    /// It would be applied.
    Works,
    /// Its script or its checks failed.
    Failed,
    /// It cannot be tried in one transaction with the others; that is no word on whether it works.
    NotRehearsable,
    /// One before it failed.
    NotReached,
}

impl StepOutcome {
    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            StepOutcome::Works => "works",
            StepOutcome::Failed => "failed",
            StepOutcome::NotRehearsable => "not_rehearsable",
            StepOutcome::NotReached => "not_reached",
        }
    }

    /// For people.
    pub const fn words(self) -> &'static str {
        match self {
            StepOutcome::Works => "works",
            StepOutcome::Failed => "failed",
            StepOutcome::NotRehearsable => "not rehearsable",
            StepOutcome::NotReached => "not reached",
        }
    }
}

/// One statement that ran.
#[derive(Debug, Clone, PartialEq)]
pub struct RehearsedStatement {
    pub source: Location,
    /// `CREATE TABLE`.
    pub tag: String,
    /// By the server's clock, in milliseconds.
    pub duration_ms: f64,
    /// Rows read or changed; `None` of a statement that reports none.
    pub rows: Option<u64>,
    pub locks: Vec<TakenLock>,
}

/// A lock that a statement took and that none before it had taken.
#[derive(Debug, Clone, PartialEq)]
pub struct TakenLock {
    /// The table, with its schema.
    pub table: String,
    /// As SQL calls it: `ACCESS EXCLUSIVE`.
    pub mode: String,
    /// When the statement began that took it, in milliseconds since the beginning of the step.
    pub from_ms: f64,
    /// From then to the end of the step, where `apply` would COMMIT; the rehearsal holds it longer.
    pub held_ms: f64,
}

impl TakenLock {
    /// Whom the mode keeps waiting.
    pub fn blocks(&self) -> &'static str {
        match self.mode.as_str() {
            "ACCESS EXCLUSIVE" => "reads and writes",
            "EXCLUSIVE" | "SHARE ROW EXCLUSIVE" | "SHARE" => "writes",
            "SHARE UPDATE EXCLUSIVE" => "changes of the table and vacuum",
            _ => "changes of the table",
        }
    }

    /// Whether somebody who only reads or writes has to wait.
    pub fn blocks_data(&self) -> bool {
        self.blocks().contains("writes")
    }
}

/// `AccessExclusiveLock` as SQL writes it: `ACCESS EXCLUSIVE`.
pub fn mode(pg_locks: &str) -> String {
    let name = pg_locks.strip_suffix("Lock").unwrap_or(pg_locks);
    let mut words = String::new();
    for character in name.chars() {
        if character.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(character.to_ascii_uppercase());
    }
    words
}

impl Rehearsal {
    /// How many steps came out so.
    pub fn count(&self, outcome: StepOutcome) -> usize {
        self.steps.iter().filter(|step| step.outcome == outcome).count()
    }

    /// Every lock that keeps readers or writers waiting, longest first, with the statement that took it.
    pub fn blocking(&self) -> Vec<(&RehearsedStatement, &TakenLock)> {
        let mut found: Vec<(&RehearsedStatement, &TakenLock)> = self
            .steps
            .iter()
            .flat_map(|step| &step.statements)
            .flat_map(|statement| statement.locks.iter().map(move |lock| (statement, lock)))
            .filter(|(_, lock)| lock.blocks_data())
            .collect();
        found.sort_by(|(_, a), (_, b)| b.held_ms.total_cmp(&a.held_ms));
        found
    }

    /// `2 migrations rehearsed and rolled back, 1 not rehearsable`.
    pub fn sentence(&self) -> String {
        let worked = quantity(self.count(StepOutcome::Works), "migration");
        let mut parts = vec![format!("{worked} rehearsed and rolled back")];
        for outcome in [
            StepOutcome::Failed,
            StepOutcome::NotRehearsable,
            StepOutcome::NotReached,
        ] {
            match self.count(outcome) {
                0 => {}
                count => parts.push(format!("{count} {}", outcome.words())),
            }
        }
        parts.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::{TakenLock, mode};

    #[test]
    fn modes_are_those_of_the_manual() {
        for (name, sql, blocks) in [
            ("AccessShareLock", "ACCESS SHARE", "changes of the table"),
            ("RowShareLock", "ROW SHARE", "changes of the table"),
            ("RowExclusiveLock", "ROW EXCLUSIVE", "changes of the table"),
            (
                "ShareUpdateExclusiveLock",
                "SHARE UPDATE EXCLUSIVE",
                "changes of the table and vacuum",
            ),
            ("ShareLock", "SHARE", "writes"),
            ("ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE", "writes"),
            ("ExclusiveLock", "EXCLUSIVE", "writes"),
            ("AccessExclusiveLock", "ACCESS EXCLUSIVE", "reads and writes"),
        ] {
            let lock = TakenLock {
                table: "public.t".to_string(),
                mode: mode(name),
                from_ms: 0.0,
                held_ms: 0.0,
            };
            assert_eq!((lock.mode.as_str(), lock.blocks()), (sql, blocks));
        }
    }
}
