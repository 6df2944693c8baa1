//! The plan as a value: what `--dry-run` prints is the very thing that `apply` and `rollback` run.

use crate::diagnostic::Diagnostic;
use crate::history::{Entry, Ledger, State};
use crate::migration::{Migration, MigrationScript, Rules, Set, Version};

/// Which way a step goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    Up,
    Down,
}

/// One script that will run, in a transaction of its own.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    pub direction: Direction,
    pub migration: &'a Migration,
    /// The migration's script, or its rollback.
    pub script: &'a MigrationScript,
}

/// Steps in the order in which they run.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    pub direction: Direction,
    pub steps: Vec<Step<'a>>,
}

/// Why no plan can be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// History and files disagree (exit 6).
    Disagreement(Vec<Diagnostic>),
    /// What was asked for cannot be (exit 2).
    Usage(Vec<Diagnostic>),
}

/// What a rollback is to take back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RollbackTarget {
    /// Just these.
    Versions(Vec<Version>),
    /// Everything newer than this one, which stays; 0 leaves none.
    To(Version),
    /// The newest N applied ones.
    Steps(usize),
}

impl<'a> Plan<'a> {
    /// What `apply` will do: every pending migration up to and including `to`, then the repeatable ones that are new or
    /// outdated, whatever `to` says, as Flyway does.
    ///
    /// # Errors
    /// [`Refusal::Disagreement`] when an applied migration was modified or is missing, or a pending one is older
    /// than an applied one and `allow_out_of_order` is off; [`Refusal::Usage`] when `to` is no known version.
    pub fn up(
        ledger: &Ledger<'a>,
        to: Option<Version>,
        allow_out_of_order: bool,
    ) -> Result<Plan<'a>, Refusal> {
        if let Some(to) = to
            && ledger.get(to).is_none()
        {
            return Err(Refusal::Usage(vec![unknown_version(ledger, to)]));
        }
        let mut problems = ledger.disagreements();
        let mut steps = Vec::new();
        for entry in ledger
            .iter()
            .filter(|entry| to.is_none_or(|to| entry.version <= to || entry.version.is_repeatable()))
        {
            match (entry.state, entry.migration) {
                (State::Pending | State::Outdated, Some(migration)) => steps.push(up(migration)),
                (State::OutOfOrder, Some(migration)) if allow_out_of_order => steps.push(up(migration)),
                (State::OutOfOrder, Some(migration)) => {
                    problems.push(out_of_order(ledger, migration));
                }
                _ => {}
            }
        }
        if problems.is_empty() {
            Ok(Plan {
                direction: Direction::Up,
                steps,
            })
        } else {
            Err(Refusal::Disagreement(problems))
        }
    }

    /// What `rollback` will do, newest first.
    ///
    /// # Errors
    /// [`Refusal::Usage`] when a target is unknown or not applied, or has no rollback script;
    /// [`Refusal::Disagreement`] when a file that would be needed is missing.
    pub fn down(set: &'a Set, ledger: &Ledger<'a>, target: &RollbackTarget) -> Result<Plan<'a>, Refusal> {
        let applied: Vec<&Entry<'a>> = ledger
            .versioned()
            .rev()
            .filter(|entry| entry.is_applied())
            .collect();
        let mut usage = Vec::new();
        let chosen: Vec<&Entry<'a>> = match target {
            RollbackTarget::Versions(versions) => {
                for &version in versions {
                    match ledger.get(version) {
                        None => usage.push(unknown_version(ledger, version)),
                        Some(entry) if !entry.is_applied() => usage.push(not_applied(entry)),
                        Some(_) => {}
                    }
                }
                applied
                    .into_iter()
                    .filter(|entry| versions.contains(&entry.version))
                    .collect()
            }
            RollbackTarget::To(version) => {
                if *version != Version::ZERO {
                    match ledger.get(*version) {
                        None => usage.push(unknown_version(ledger, *version)),
                        Some(entry) if !entry.is_applied() => usage.push(not_applied(entry)),
                        Some(_) => {}
                    }
                }
                // `--to 0` leaves none, not even a migration that is numbered 0
                applied
                    .into_iter()
                    .filter(|entry| *version == Version::ZERO || entry.version > *version)
                    .collect()
            }
            RollbackTarget::Steps(steps) => {
                if *steps > applied.len() {
                    usage.push(
                        Diagnostic::error(format!(
                            "cannot take back {steps} migrations: {} applied",
                            match applied.len() {
                                0 => "none is".to_string(),
                                1 => "only 1 is".to_string(),
                                count => format!("only {count} are"),
                            }
                        ))
                        .help("see what is applied with `pgplumb status`; `--to 0` takes back everything"),
                    );
                }
                applied.into_iter().take(*steps).collect()
            }
        };
        let mut missing = Vec::new();
        let mut steps = Vec::new();
        for entry in chosen {
            match set.get(entry.version) {
                None => missing.push(
                    Diagnostic::error(format!(
                        "migration {} is applied, but its files are missing, so it cannot be taken back",
                        entry.stem()
                    ))
                    .help("restore the migration and its rollback from version control"),
                ),
                Some(migration) => match &migration.down {
                    Some(script) => steps.push(Step {
                        direction: Direction::Down,
                        migration,
                        script,
                    }),
                    None => usage.push(no_rollback(migration)),
                },
            }
        }
        if !usage.is_empty() {
            Err(Refusal::Usage(usage))
        } else if !missing.is_empty() {
            Err(Refusal::Disagreement(missing))
        } else {
            Ok(Plan {
                direction: Direction::Down,
                steps,
            })
        }
    }

    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }
}

fn up(migration: &Migration) -> Step<'_> {
    Step {
        direction: Direction::Up,
        migration,
        script: &migration.up,
    }
}

/// What is wrong with a pending migration that is older than an applied one.
pub fn out_of_order(ledger: &Ledger<'_>, migration: &Migration) -> Diagnostic {
    let newest = ledger.newest_applied().map(Entry::stem).unwrap_or_default();
    Diagnostic::error(format!(
        "migration {} is older than {newest}, which is applied",
        migration.stem()
    ))
    .in_file(migration.up.file.path())
    .help("give it a version behind the newest applied one, or pass --out-of-order to apply it all the same")
}

fn unknown_version(ledger: &Ledger<'_>, version: Version) -> Diagnostic {
    let newest = ledger.versioned().next_back().map(Entry::stem);
    let diagnostic = Diagnostic::error(format!("there is no migration with version {version}"));
    match newest {
        Some(newest) => diagnostic.help(format!(
            "name one of those that `pgplumb status` lists; the newest is {newest}"
        )),
        None => diagnostic.help("the project has no migrations yet; make one with `pgplumb new NAME`"),
    }
}

fn not_applied(entry: &Entry<'_>) -> Diagnostic {
    Diagnostic::error(format!("migration {} is not applied", entry.stem()))
        .help("see what is applied with `pgplumb status`")
}

fn no_rollback(migration: &Migration) -> Diagnostic {
    match migration.irreversible() {
        Some(reason) => Diagnostic::error(format!(
            "migration {} is declared irreversible: {reason}",
            migration.stem()
        ))
        .in_file(migration.up.file.path())
        .help("restore from a backup, or write a new migration that moves forward"),
        // where that would be is the other tool's matter
        None if migration.up.rules == Rules::AsPsql => {
            Diagnostic::error(format!("migration {} has no rollback", migration.stem()))
                .in_file(migration.up.file.path())
                .help("write the way back where the layout of these migrations has it")
        }
        None => Diagnostic::error(format!("migration {} has no rollback", migration.stem()))
            .in_file(format!("rollback/{}.sql", migration.stem()))
            .help(format!("write rollback/{}.sql", migration.stem())),
    }
}
