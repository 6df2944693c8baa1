//! What a run has to say, before any format is chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::exit::ExitCode;
use crate::audit::Finding;
use crate::catalog::{Kind, Object};
use crate::check::{Status, Verdict};
use crate::diagnostic::Diagnostic;
use crate::history::Trace;
use crate::isolation::Matrix;
use crate::proof::{Outcome, Reapply};
use crate::source::Location;

/// Everything that one run of a command found and did.
#[derive(Debug, Clone)]
pub struct Report {
    /// The verb: `apply`, `verify`, ….
    pub command: &'static str,
    /// `None` for a command that judges nothing (`status`, `history`, `init`) or that did not come so far.
    pub conclusion: Option<Conclusion>,
    pub exit: ExitCode,
    /// The environment chosen with `--env`.
    pub environment: Option<String>,
    /// `None` when the command needs no database or it was not reached.
    pub database: Option<Database>,
    /// RFC 3339 in UTC.
    pub started_at: String,
    pub duration_ms: f64,
    /// The run changed nothing and was not meant to (`--dry-run`).
    pub dry_run: bool,
    /// Paths of the files that the command wrote (`init`, `new`, `checks generate`).
    pub files: Vec<String>,
    /// Of `checks lint`: the files that were read.
    pub linted: Vec<LintLine>,
    pub migrations: Vec<MigrationReport>,
    pub checks: Vec<Verdict>,
    pub root_causes: Vec<RootCause>,
    /// Of `preflight`, and of an `apply` that it stopped.
    pub preflight: Option<Box<super::preflight::Preflight>>,
    /// Of `--rehearse`: what was measured before it was rolled back.
    pub rehearsal: Option<Box<super::rehearsal::Rehearsal>>,
    pub diagnostics: Vec<Diagnostic>,
    /// Of `audit`; each is among the diagnostics as well, which every format shows.
    pub findings: Vec<Finding>,
    /// Of `[isolation.NAME]`: role × table × command.
    pub isolation: Vec<Arc<Matrix>>,
    /// Of `status`: the state of every migration, and of `history`: the journal.
    pub ledger: Vec<LedgerLine>,
    pub journal: Vec<JournalLine>,
    /// Which migration of the project creates an object: stems by the object as scripts name it.
    pub makers: BTreeMap<String, String>,
    /// What the database had when the run began; `None` where nobody looked.
    pub before: Option<Before>,
    /// Of `docs`.
    pub documentation: Option<Documentation>,
    /// Of `checks generate`.
    pub generated: Vec<GeneratedSuite>,
    /// Of `prove`: a migration each, in order.
    pub proofs: Vec<Proof>,
    /// Of `prove`: everything taken back from the end; `None` when it was not tried.
    pub chain: Option<Chain>,
    /// Of `diff`.
    pub difference: Option<Difference>,
    /// Of `snapshot`.
    pub snapshot: Option<Snapshot>,
}

/// What a run builds on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// Stems of the migrations that the history had, in order.
    pub applied: Vec<String>,
    /// Versions of the installed extensions by name, from pg_extension; empty where they were not asked for.
    pub extensions: BTreeMap<String, String>,
}

/// A catalog to be kept and compared later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// As the server counts: 150018 is 15.18.
    pub server_version_num: u32,
    /// Ordered by identity.
    pub objects: Vec<Object>,
}

/// What differs between two catalogs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What the two are, for people: a file, or a database without its password.
    pub sides: [String; 2],
    pub changes: Vec<ChangeLine>,
}

/// One difference between before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeLine {
    /// As SQL calls it: `index`, `policy`.
    pub kind: String,
    /// Its path, as SQL names it.
    pub object: String,
    /// `added`, `removed`, `changed`.
    pub change: &'static str,
    /// The property that changed; `None` when the whole object came or went.
    pub property: Option<String>,
    pub before: Option<String>,
    pub after: Option<String>,
    /// It stands on something that came or went as a whole, which is a change of its own.
    pub follows: bool,
}

/// What the proof of one migration's rollback found.
#[derive(Debug, Clone, PartialEq)]
pub struct Proof {
    pub version: String,
    pub name: String,
    pub outcome: Outcome,
    /// What differs after the rollback from before the migration.
    pub details: Vec<ChangeLine>,
    pub reapply: Reapply,
    /// What the second apply made otherwise than the first.
    pub again: Vec<ChangeLine>,
    /// What is left on purpose, as the rollback declares.
    pub kept: Vec<String>,
    /// The reason of an irreversible one; what the server said of a script that failed.
    pub message: Option<String>,
    pub duration_ms: f64,
    /// The rollback's script; the migration's where there is none or it is to blame.
    pub source: Location,
}

impl Proof {
    /// The stem of its files.
    pub fn stem(&self) -> String {
        crate::migration::stem(&self.version, &self.name)
    }
}

/// All rollbacks from the end.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// How many were taken back.
    pub taken_back: usize,
    /// The rollback that could not be run, after which nothing older is tried: stem and reason.
    pub failed: Vec<(String, String)>,
    /// What is left or missing: the stem of the migration that left it, and the difference.
    pub residue: Vec<(String, ChangeLine)>,
}

/// A check file that was written from the live catalog.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedSuite {
    /// `0024_sync` for the suite of a migration, else `baseline`.
    pub stem: String,
    /// TOML.
    pub text: String,
    pub checks: usize,
}

/// The verdict of a run as a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Conclusion {
    Approved,
    NotApproved,
    Ready,
    Blocked,
}

impl Conclusion {
    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Conclusion::Approved => "approved",
            Conclusion::NotApproved => "not_approved",
            Conclusion::Ready => "ready",
            Conclusion::Blocked => "blocked",
        }
    }
}

/// Which database was looked at, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Database {
    pub name: String,
    pub host: String,
    pub port: u16,
    pub user: String,
    pub server_version: String,
    /// What kind of pooler stands in front, when one was detected.
    pub pooler: Option<String>,
}

/// What a run did with one migration.
#[derive(Debug, Clone)]
pub struct MigrationReport {
    /// As the file spells it, `0024`.
    pub version: String,
    pub name: String,
    pub state: MigrationState,
    pub duration_ms: Option<f64>,
    pub error: Option<String>,
    /// What it created, removed and changed, from the catalog before and after.
    pub artifacts: Artifacts,
    /// The statements of the plan: file, line and first words of each, for `--dry-run`.
    pub statements: Vec<StatementLine>,
    /// The checks that will gate it, for `--dry-run`.
    pub gates: Vec<Gate>,
    /// Where its script stands.
    pub source: Option<Location>,
    /// Script, rollback and checks, as far as they are there.
    pub files: Vec<FileLine>,
    /// What its script does to objects, as its text tells.
    pub effects: Vec<EffectLine>,
    /// The way back from it; `None` when nobody looked.
    pub way_back: Option<WayBack>,
    /// What history and journal tell of its application.
    pub applied: Option<Box<AppliedLine>>,
    /// When it ran and what it waited for; `None` when it did not run.
    pub timing: Option<Box<super::timeline::Timing>>,
}

/// A file of a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileLine {
    /// `migration`, `rollback`, `checks`.
    pub role: &'static str,
    pub path: String,
    pub lines: usize,
    /// How many statements a script has, or checks a check file.
    pub parts: usize,
    /// Of the text, as the journal records it.
    pub sha256: String,
}

/// What a script does to one object, as its text tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectLine {
    /// `create`, `alter`, `drop`, `rename`, `grant`, ….
    pub action: &'static str,
    /// As SQL calls it: `table`, `index`, `enum`, ….
    pub kind: &'static str,
    /// As the script names it, quoted as SQL needs it.
    pub name: String,
    /// The table that it stands on, or the parent of a partition.
    pub on: Option<String>,
    /// What the statement says behind the name, on one line.
    pub text: String,
    pub source: Location,
}

/// How a migration is taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayBack {
    /// With this script.
    Script(String),
    /// Not at all, for the declared reason.
    Irreversible(String),
    /// It needs none: it runs again whenever its file changed.
    Repeatable,
    /// There is neither a script nor a reason.
    None,
}

/// How a migration came to be applied.
#[derive(Debug, Clone, PartialEq)]
pub struct AppliedLine {
    /// RFC 3339, as the history has it.
    pub on: String,
    /// The rest is the journal's; `None` when it does not know.
    pub by: Option<String>,
    pub from: Option<String>,
    pub duration_ms: Option<f64>,
    pub verdict: Option<String>,
}

/// What is deployed, read from the live catalog.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Documentation {
    /// The schema reference instead of the quick reference.
    pub full: bool,
    /// The server's clock when it was read, RFC 3339 in UTC.
    pub read_at: Option<String>,
    /// Objects that the migrations made, and what stands on them; ordered by identity.
    pub objects: Vec<Object>,
    /// Of tables and indexes, by their SQL path.
    pub figures: BTreeMap<String, Figures>,
    /// Paths and texts of the rollback scripts, newest first.
    pub rollbacks: Vec<(String, String)>,
    /// Since when the server counts, RFC 3339 in UTC; `None` when it was never reset.
    pub counting_since: Option<String>,
}

/// What the server measured of a table or an index.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// The planner's estimate of a table's rows; `None` before the first VACUUM or ANALYZE.
    pub rows: Option<i64>,
    /// Bytes of the relation itself.
    pub bytes: i64,
    /// With indexes and TOAST, of a partitioned table with its partitions.
    pub total_bytes: i64,
    /// How often an index was used; `None` for a table.
    pub scans: Option<i64>,
}

/// State of a migration after the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationState {
    Applied,
    Pending,
    Failed,
    RolledBack,
    Skipped,
}

impl MigrationState {
    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            MigrationState::Applied => "applied",
            MigrationState::Pending => "pending",
            MigrationState::Failed => "failed",
            MigrationState::RolledBack => "rolled_back",
            MigrationState::Skipped => "skipped",
        }
    }
}

/// The difference that a migration made and left, as the catalog shows it. What was rolled back left none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Artifacts {
    /// Objects that are there now and were not before, with their properties.
    pub created: Vec<Object>,
    /// Objects that were there before and are gone: of a rollback, what it took back.
    pub removed: Vec<Object>,
    /// Objects that existed before and differ now, with the names of the properties.
    pub altered: Vec<(Object, Vec<String>)>,
    /// How what was there before has been, for the journal.
    pub traces: Vec<Trace>,
}

impl Artifacts {
    pub fn is_empty(&self) -> bool {
        self.created.is_empty() && self.removed.is_empty() && self.altered.is_empty()
    }

    /// As the journal keeps it.
    pub fn to_json(&self) -> String {
        super::json::artifacts(self)
    }

    /// It added to the catalog and touched nothing that was there.
    pub fn only_created(&self) -> bool {
        !self.created.is_empty() && self.removed.is_empty() && self.altered.is_empty()
    }
}

/// One statement of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementLine {
    pub source: Location,
    /// `CREATE TABLE`.
    pub tag: String,
    /// The text, as the script has it.
    pub text: String,
}

/// A check that will judge a migration of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    pub id: String,
    /// As [`Verdict::kind`].
    pub kind: &'static str,
    pub source: Location,
}

/// One missing thing that explains others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootCause {
    pub object: String,
    pub blocks: usize,
    pub remedy: String,
    pub sources: Vec<Location>,
}

/// One line of `checks lint`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LintLine {
    /// Path of the check file.
    pub file: String,
    /// How many checks it has.
    pub checks: usize,
}

/// One line of `status`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerLine {
    pub version: String,
    pub name: String,
    /// It runs again whenever its file changed, and has no version: the label is `R`.
    pub repeatable: bool,
    /// `applied`, `pending`, `modified`, `missing`, `out_of_order`; of a repeatable one `outdated` as well.
    pub state: &'static str,
    /// RFC 3339, as the history has it.
    pub applied_on: Option<String>,
    /// Whether a rollback script is there, or the declared reason why not.
    pub rollback: String,
    /// How many checks the migration's own suite has; `None` without a suite.
    pub checks: Option<usize>,
}

/// One line of `history`.
#[derive(Debug, Clone, PartialEq)]
pub struct JournalLine {
    pub id: i64,
    /// RFC 3339 in UTC.
    pub at: String,
    /// `apply`, `rollback`, `baseline`, `repair`; of a repeatable migration `repeat`.
    pub action: String,
    pub version: String,
    pub name: String,
    pub outcome: String,
    pub verdict: Option<String>,
    pub duration_ms: Option<f64>,
    pub by: String,
    pub from: String,
    pub sha256: Option<String>,
    pub message: Option<String>,
}

/// How many checks came out how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Totals {
    pub pass: usize,
    pub fail: usize,
    pub blocked: usize,
    pub warn: usize,
    pub skip: usize,
}

impl Totals {
    /// Counts verdicts.
    pub fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Totals {
        let mut totals = Totals::default();
        for verdict in verdicts {
            match verdict.status {
                Status::Pass => totals.pass += 1,
                Status::Fail => totals.fail += 1,
                Status::Blocked => totals.blocked += 1,
                Status::Warn => totals.warn += 1,
                Status::Skip => totals.skip += 1,
            }
        }
        totals
    }

    /// Of all statuses together.
    pub fn all(&self) -> usize {
        self.pass + self.fail + self.blocked + self.warn + self.skip
    }

    /// The status that decides: the worst; skipped only when all are. `None` when there are none.
    pub fn worst(&self) -> Option<Status> {
        [
            (self.fail, Status::Fail),
            (self.blocked, Status::Blocked),
            (self.warn, Status::Warn),
            (self.pass, Status::Pass),
            (self.skip, Status::Skip),
        ]
        .into_iter()
        .find(|(count, _)| *count > 0)
        .map(|(_, status)| status)
    }

    /// Nothing failed or blocked; with `strict`, nothing warned either.
    pub fn approved(&self, strict: bool) -> bool {
        self.fail == 0 && self.blocked == 0 && (!strict || self.warn == 0)
    }
}

impl MigrationReport {
    /// A migration of which nothing is known yet but its state.
    pub fn new(
        version: impl Into<String>,
        name: impl Into<String>,
        state: MigrationState,
    ) -> MigrationReport {
        MigrationReport {
            version: version.into(),
            name: name.into(),
            state,
            duration_ms: None,
            error: None,
            artifacts: Artifacts::default(),
            statements: Vec::new(),
            gates: Vec::new(),
            source: None,
            files: Vec::new(),
            effects: Vec::new(),
            way_back: None,
            applied: None,
            timing: None,
        }
    }

    /// The stem of its files, `0024_sync_preview_progress_logs`.
    pub fn stem(&self) -> String {
        crate::migration::stem(&self.version, &self.name)
    }
}

impl Report {
    /// A report that says nothing yet: exit 0, no verdict, everything empty.
    pub fn new(command: &'static str) -> Report {
        Report {
            command,
            conclusion: None,
            exit: ExitCode::Done,
            environment: None,
            database: None,
            started_at: String::new(),
            duration_ms: 0.0,
            dry_run: false,
            files: Vec::new(),
            linted: Vec::new(),
            generated: Vec::new(),
            migrations: Vec::new(),
            checks: Vec::new(),
            root_causes: Vec::new(),
            preflight: None,
            rehearsal: None,
            diagnostics: Vec::new(),
            findings: Vec::new(),
            isolation: Vec::new(),
            ledger: Vec::new(),
            journal: Vec::new(),
            makers: BTreeMap::new(),
            before: None,
            documentation: None,
            proofs: Vec::new(),
            chain: None,
            difference: None,
            snapshot: None,
        }
    }

    /// The report of a command that could not do its work.
    pub fn failed(command: &'static str, exit: ExitCode) -> Report {
        let conclusion = match exit {
            ExitCode::Blocked => Conclusion::Blocked,
            _ => Conclusion::NotApproved,
        };
        Report {
            exit,
            conclusion: Some(conclusion),
            ..Report::new(command)
        }
    }

    /// How the verb was told to leave everything as it is.
    pub fn flag(&self) -> Option<&'static str> {
        match (self.dry_run, &self.rehearsal) {
            (true, _) => Some("--dry-run"),
            (false, Some(_)) => Some("--rehearse"),
            (false, None) => None,
        }
    }

    pub fn totals(&self) -> Totals {
        Totals::of(&self.checks)
    }

    /// What was created, of all kinds, by the plural that the JSON report uses.
    pub fn artifact_names(artifacts: &Artifacts) -> BTreeMap<&'static str, Vec<String>> {
        by_plural(&artifacts.created)
    }

    /// What was removed, likewise.
    pub fn removed_names(artifacts: &Artifacts) -> BTreeMap<&'static str, Vec<String>> {
        by_plural(&artifacts.removed)
    }
}

/// Paths of objects by the plural of their kind; partitions stand apart from other tables.
fn by_plural(objects: &[Object]) -> BTreeMap<&'static str, Vec<String>> {
    let mut names: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
    for object in objects {
        let key = if is_partition(object) {
            "partitions"
        } else {
            object.id.kind.plural()
        };
        names.entry(key).or_default().push(object.id.path());
    }
    names
}

/// A table that holds a part of another.
pub fn is_partition(object: &Object) -> bool {
    object.id.kind == Kind::Table && object.get("partition_of").is_some() && object.get("bound").is_some()
}
