//! What a report amounts to: counts, groups and the outcome in words. Renderers use these and add nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::exit::ExitCode;
use super::model::{Conclusion, MigrationState, Report, Totals, is_partition};
use super::rehearsal::StepOutcome;
use crate::catalog::{Kind, Object, ObjectId};
use crate::check::{Status, Verdict};
use crate::diagnostic::{Diagnostic, Severity};
use crate::source::Location;

/// `1 check`, `2 checks`, `3 policies`, `4 indexes`.
pub fn quantity(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("1 {noun}")
    } else {
        format!("{count} {}", plural(noun))
    }
}

/// The plural of an English noun, as regular as pgplumb's nouns are.
pub fn plural(noun: &str) -> String {
    let vowel_before_y = ["ay", "ey", "oy", "uy"].iter().any(|end| noun.ends_with(end));
    match noun.strip_suffix('y') {
        Some(stem) if !vowel_before_y => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

// ── the outcome ──

/// Good news, bad news, or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Good,
    Bad,
    Neutral,
}

/// How a run came out: the first and the last line of every report for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub tone: Tone,
    /// `APPROVED`, `NOT APPROVED`, `READY`, `BLOCKED`, `ERROR`, ….
    pub word: &'static str,
    /// What that rests on: `3 migrations applied, 142 checks passed`.
    pub sentence: String,
}

/// Whether the command runs migrations, rather than looking at what is there.
pub fn is_run(report: &Report) -> bool {
    matches!(report.command, "apply" | "rollback")
}

/// The outcome of a run.
pub fn outcome(report: &Report) -> Outcome {
    let (tone, word) = word(report);
    Outcome {
        tone,
        word,
        sentence: sentence(report),
    }
}

fn word(report: &Report) -> (Tone, &'static str) {
    if let (ExitCode::Done, Some(rehearsal)) = (report.exit, &report.rehearsal) {
        return match rehearsal.count(StepOutcome::NotRehearsable) {
            0 if rehearsal.steps.is_empty() => (Tone::Neutral, "NOTHING TO REHEARSE"),
            0 => (Tone::Good, "REHEARSED"),
            _ => (Tone::Neutral, "REHEARSED IN PART"),
        };
    }
    match (report.exit, report.conclusion) {
        (ExitCode::Done, Some(Conclusion::Approved)) if report.command == "diff" => (Tone::Good, "SAME"),
        (ExitCode::NotApproved, _) if report.command == "diff" => (Tone::Bad, "DIFFERENT"),
        // the verdict is what the rules make of it; that nobody looked is said with it
        (ExitCode::Done, Some(Conclusion::Approved)) if is_unverified(report) => {
            (Tone::Neutral, "APPROVED, NOTHING VERIFIED")
        }
        (ExitCode::Done, Some(Conclusion::Approved)) => (Tone::Good, "APPROVED"),
        (ExitCode::Done, Some(Conclusion::Ready)) => (Tone::Good, "READY"),
        (ExitCode::Done, None) if report.dry_run => (Tone::Neutral, "PLAN"),
        (ExitCode::Done, None) => (
            Tone::Neutral,
            match report.command {
                "status" => "STATUS",
                "history" => "HISTORY",
                "snapshot" => "SNAPSHOT",
                _ => "DONE",
            },
        ),
        (ExitCode::Interrupted, _) => (Tone::Bad, "INTERRUPTED"),
        (ExitCode::Usage | ExitCode::Unreachable | ExitCode::LockTimeout, _) => (Tone::Bad, "ERROR"),
        (ExitCode::HistoryDisagrees, _) => (Tone::Bad, "OUT OF STEP"),
        (ExitCode::Blocked, _) | (_, Some(Conclusion::Blocked)) => (Tone::Bad, "BLOCKED"),
        (ExitCode::NotApproved, _) | (_, Some(Conclusion::NotApproved)) => (Tone::Bad, "NOT APPROVED"),
        (ExitCode::ScriptFailed, _) => (Tone::Bad, "FAILED"),
    }
}

fn sentence(report: &Report) -> String {
    let judged = matches!(report.exit, ExitCode::Done | ExitCode::NotApproved);
    let mut parts = Vec::new();
    if report.exit == ExitCode::Blocked {
        parts.push("nothing was run".to_string());
    }
    if !judged && report.proofs.is_empty() {
        parts.extend(cause(report));
    }
    if report.dry_run && judged && is_run(report) {
        return format!("{}; nothing was run", plan_line(report));
    }
    match report.command {
        "status" => parts.push(ledger_line(report)),
        "audit" if judged => {
            let accepted = report
                .findings
                .iter()
                .filter(|finding| finding.accepted.is_some())
                .count();
            parts.push(quantity(report.findings.len() - accepted, "finding"));
            if accepted > 0 {
                parts.push(format!("{accepted} accepted"));
            }
        }
        "history" => parts.push(quantity(report.journal.len(), "entry")),
        "prove" if !report.proofs.is_empty() => parts.push(super::proofs::sentence(report)),
        "diff" => parts.extend(
            report
                .difference
                .as_ref()
                .map(|difference| match difference.changes.len() {
                    0 => "nothing differs".to_string(),
                    count => quantity(count, "difference"),
                }),
        ),
        "snapshot" => parts.extend(
            report
                .snapshot
                .as_ref()
                .map(|snapshot| quantity(snapshot.objects.len(), "object")),
        ),
        "checks" if !report.generated.is_empty() => {
            let checks = report.generated.iter().map(|suite| suite.checks).sum();
            parts.push(format!(
                "{} with {}",
                quantity(report.generated.len(), "suite"),
                quantity(checks, "check")
            ));
        }
        "checks" => {
            let checks = report.linted.iter().map(|line| line.checks).sum();
            parts.push(format!(
                "{} with {}, no error",
                quantity(report.linted.len(), "check file"),
                quantity(checks, "check")
            ));
        }
        _ => {}
    }
    parts.extend(migrations_line(report));
    parts.extend(settled_line(report));
    parts.extend(checks_line(report));
    if !report.files.is_empty() {
        parts.push(format!("{} written", quantity(report.files.len(), "file")));
    }
    if parts.is_empty() {
        parts.push(report.exit.meaning().to_string());
    }
    parts.join("; ")
}

/// Why a run ended early, in one sentence.
fn cause(report: &Report) -> Option<String> {
    let failed = report
        .migrations
        .iter()
        .find(|migration| migration.state == MigrationState::Failed);
    match (report.root_causes.as_slice(), errors(report).next(), failed) {
        ([one], _, _) => Some(format!("the root cause is {}", one.object)),
        ([first, more @ ..], _, _) => Some(format!(
            "the root causes are {} and {} more",
            first.object,
            more.len()
        )),
        ([], Some(error), Some(failed)) => Some(format!("{}: {}", failed.stem(), error.message)),
        ([], Some(error), None) => Some(error.message.clone()),
        ([], None, _) => None,
    }
}

/// `3 migrations, 87 statements, 212 checks`.
fn plan_line(report: &Report) -> String {
    let statements: usize = report
        .migrations
        .iter()
        .map(|migration| migration.statements.len())
        .sum();
    let gates: usize = report
        .migrations
        .iter()
        .map(|migration| migration.gates.len())
        .sum();
    if report.migrations.is_empty() {
        return "no migration to run".to_string();
    }
    let mut parts = vec![
        quantity(report.migrations.len(), "migration"),
        quantity(statements, "statement"),
    ];
    if gates > 0 {
        parts.push(quantity(gates, "check"));
    }
    parts.join(", ")
}

/// `2 applied, 1 pending`; of an empty project `no migrations`.
fn ledger_line(report: &Report) -> String {
    let mut states: Vec<(&str, usize)> = Vec::new();
    for line in &report.ledger {
        match states.iter_mut().find(|(state, _)| *state == line.state) {
            Some((_, count)) => *count += 1,
            None => states.push((line.state, 1)),
        }
    }
    if states.is_empty() {
        return "no migrations".to_string();
    }
    let parts: Vec<String> = states
        .iter()
        .map(|(state, count)| format!("{count} {}", state.replace('_', " ")))
        .collect();
    parts.join(", ")
}

/// Of `baseline` and `repair`: what is recorded now, and how many indexes were mended.
fn settled_line(report: &Report) -> Option<String> {
    let recorded = report
        .migrations
        .iter()
        .filter(|migration| migration.state == MigrationState::Applied)
        .count();
    let migrations = quantity(recorded, "migration");
    match report.command {
        "baseline" if recorded == 0 => Some("nothing was recorded".to_string()),
        "baseline" => Some(format!("{migrations} recorded as applied")),
        "repair" => {
            let mended = report.diagnostics.iter();
            let mended = mended
                .filter(|diagnostic| diagnostic.message.starts_with("index "))
                .count();
            let indexes = quantity(mended, "index");
            Some(match (recorded, mended) {
                (0, 0) => "nothing was changed".to_string(),
                (0, _) => format!("{indexes} settled"),
                (_, 0) => format!("{migrations} settled"),
                _ => format!("{migrations} and {indexes} settled"),
            })
        }
        _ => None,
    }
}

/// `1 migration failed, 2 applied`; `None` when the run was not about running any.
fn migrations_line(report: &Report) -> Option<String> {
    if !is_run(report) || report.dry_run {
        return None;
    }
    if let Some(rehearsal) = &report.rehearsal
        && !rehearsal.steps.is_empty()
    {
        return Some(rehearsal.sentence());
    }
    let states = [
        (MigrationState::Failed, "failed"),
        (MigrationState::Applied, "applied"),
        (MigrationState::RolledBack, "rolled back"),
        (MigrationState::Skipped, "skipped"),
        (MigrationState::Pending, "still pending"),
    ];
    let mut parts = Vec::new();
    for (state, words) in states {
        let count = report
            .migrations
            .iter()
            .filter(|migration| migration.state == state)
            .count();
        if count > 0 {
            parts.push(match parts.is_empty() {
                true => format!("{} {words}", quantity(count, "migration")),
                false => format!("{count} {words}"),
            });
        }
    }
    match (parts.is_empty(), report.exit) {
        (false, _) => Some(parts.join(", ")),
        (true, ExitCode::Done) if report.command == "rollback" => {
            Some("no migration was to be taken back".to_string())
        }
        (true, ExitCode::Done) => Some("no migration was pending".to_string()),
        (true, _) => None,
    }
}

/// `3 checks failed, 41 blocked, 139 passed`; `None` when no check was to be judged.
fn checks_line(report: &Report) -> Option<String> {
    let totals = report.totals();
    if is_unverified(report) {
        return Some(match totals.skip {
            0 => "no check was run".to_string(),
            skipped => format!("no check was run, {skipped} skipped"),
        });
    }
    (totals.all() > 0).then(|| tally(&totals, "check"))
}

/// Whether a run that ended well judged nothing.
pub fn is_unverified(report: &Report) -> bool {
    let totals = report.totals();
    if report
        .rehearsal
        .as_ref()
        .is_some_and(|rehearsal| rehearsal.steps.is_empty())
    {
        return false;
    }
    report.conclusion == Some(Conclusion::Approved)
        && !matches!(report.command, "rollback" | "prove" | "diff" | "audit")
        && totals.all() == totals.skip
}

/// What came out how, the worst first: `3 checks failed, 41 blocked, 139 passed, 1 warning, 2 skipped`.
pub fn tally(totals: &Totals, noun: &str) -> String {
    let mut parts: Vec<String> = Vec::new();
    for (count, word) in [
        (totals.fail, "failed"),
        (totals.blocked, "blocked"),
        (totals.pass, "passed"),
    ] {
        if count > 0 {
            parts.push(match parts.is_empty() {
                true => format!("{} {word}", quantity(count, noun)),
                false => format!("{count} {word}"),
            });
        }
    }
    if totals.warn > 0 {
        parts.push(quantity(totals.warn, "warning"));
    }
    if totals.skip > 0 {
        parts.push(format!("{} skipped", totals.skip));
    }
    parts.join(", ")
}

/// What came out how, without a noun: `1 failed, 4 blocked, 7 passed`.
pub fn parts_of(totals: &Totals) -> String {
    let parts: Vec<String> = [
        (totals.fail, "failed"),
        (totals.blocked, "blocked"),
        (totals.warn, "warned"),
        (totals.pass, "passed"),
        (totals.skip, "skipped"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .collect();
    parts.join(", ")
}

/// With a capital at the beginning.
pub fn capital(words: &str) -> String {
    let mut characters = words.chars();
    characters.next().map_or(String::new(), |first| {
        first.to_uppercase().chain(characters).collect()
    })
}

/// Diagnostics of a severity, in order.
pub fn diagnostics(report: &Report, severity: Severity) -> impl Iterator<Item = &Diagnostic> {
    report
        .diagnostics
        .iter()
        .filter(move |diagnostic| diagnostic.severity == severity)
}

/// Diagnostics that are errors, in order.
pub fn errors(report: &Report) -> impl Iterator<Item = &Diagnostic> {
    diagnostics(report, Severity::Error)
}

// ── checks ──

/// What part of the database a check is about: the lines of a checklist, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Component {
    Tables,
    RowSecurity,
    Policies,
    Indexes,
    Triggers,
    Enums,
    Partitions,
    ForeignKeys,
    Constraints,
    Columns,
    Views,
    Sequences,
    Domains,
    Extensions,
    Schemas,
    Roles,
    Grants,
    Absences,
    Exactness,
    Counts,
    Data,
    Behaviour,
    Audit,
    Other,
}

impl Component {
    /// The component of a check's kind, as check files spell it.
    pub fn of(kind: &str) -> Component {
        match kind {
            "table" => Component::Tables,
            "row_security" | "force_row_security" => Component::RowSecurity,
            "policy" => Component::Policies,
            "index" => Component::Indexes,
            "trigger" | "function" => Component::Triggers,
            "enum" => Component::Enums,
            kind if kind.starts_with("partition") => Component::Partitions,
            "foreign_key" => Component::ForeignKeys,
            "primary_key" | "unique" | "check" | "exclude" | "exclusion" => Component::Constraints,
            "column" => Component::Columns,
            "view" | "materialized_view" => Component::Views,
            "sequence" => Component::Sequences,
            "domain" => Component::Domains,
            "extension" => Component::Extensions,
            "schema" | "schemas" => Component::Schemas,
            "role" => Component::Roles,
            "grant" => Component::Grants,
            "absent" => Component::Absences,
            "exact" => Component::Exactness,
            "count" => Component::Counts,
            "query" => Component::Data,
            "probe" | "isolation" => Component::Behaviour,
            "audit" => Component::Audit,
            _ => Component::Other,
        }
    }

    /// Whether the names of its objects say more than their number.
    pub const fn is_listed_by_name(self) -> bool {
        matches!(
            self,
            Component::Tables
                | Component::Enums
                | Component::Views
                | Component::Extensions
                | Component::Schemas
                | Component::Roles
        )
    }

    /// Its line in a checklist.
    pub const fn title(self) -> &'static str {
        match self {
            Component::Tables => "Tables",
            Component::RowSecurity => "Row security",
            Component::Policies => "Policies",
            Component::Indexes => "Indexes",
            Component::Triggers => "Triggers and functions",
            Component::Enums => "Enums",
            Component::Partitions => "Partitions",
            Component::ForeignKeys => "Foreign keys",
            Component::Constraints => "Constraints",
            Component::Columns => "Columns",
            Component::Views => "Views",
            Component::Sequences => "Sequences",
            Component::Domains => "Domains",
            Component::Extensions => "Extensions",
            Component::Schemas => "Schemas",
            Component::Roles => "Roles",
            Component::Grants => "Grants",
            Component::Absences => "Absent objects",
            Component::Exactness => "Nothing unlisted",
            Component::Counts => "Counts",
            Component::Data => "Data",
            Component::Behaviour => "Behaviour",
            Component::Audit => "Audit",
            Component::Other => "Other",
        }
    }
}

/// Checks that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group<'a> {
    pub component: Component,
    pub totals: Totals,
    pub checks: Vec<&'a Verdict>,
}

/// A checklist: the checks by component, in the order of the components.
pub fn by_component<'a>(checks: impl IntoIterator<Item = &'a Verdict>) -> Vec<Group<'a>> {
    let mut groups: BTreeMap<Component, Vec<&Verdict>> = BTreeMap::new();
    for check in checks {
        groups.entry(Component::of(check.kind)).or_default().push(check);
    }
    groups
        .into_iter()
        .map(|(component, checks)| Group {
            component,
            totals: Totals::of(checks.iter().copied()),
            checks,
        })
        .collect()
}

/// How many checks of a plan there will be of each component.
pub fn components_of(kinds: impl IntoIterator<Item = &'static str>) -> BTreeMap<Component, usize> {
    let mut counts = BTreeMap::new();
    for kind in kinds {
        *counts.entry(Component::of(kind)).or_insert(0) += 1;
    }
    counts
}

/// The words of a statement behind its tag, on one line: `sync_progress ( id uuid …` of a `CREATE TABLE`.
pub fn without_tag(text: &str, tag: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let tag: Vec<&str> = tag.split_whitespace().collect();
    let begins = words.len() >= tag.len()
        && words
            .iter()
            .zip(&tag)
            .all(|(word, tag)| word.eq_ignore_ascii_case(tag));
    words[if begins { tag.len() } else { 0 }..].join(" ")
}

/// The checks of one suite.
#[derive(Debug, Clone, PartialEq)]
pub struct Suite<'a> {
    pub name: &'a str,
    /// The file that its checks stand in.
    pub file: &'a str,
    pub totals: Totals,
    pub checks: Vec<&'a Verdict>,
}

/// The checks by suite, in the order in which the suites were judged.
pub fn by_suite(report: &Report) -> Vec<Suite<'_>> {
    let mut order: Vec<&str> = Vec::new();
    let mut suites: BTreeMap<&str, Vec<&Verdict>> = BTreeMap::new();
    for check in &report.checks {
        let checks = suites.entry(&check.suite).or_default();
        if checks.is_empty() {
            order.push(&check.suite);
        }
        checks.push(check);
    }
    order
        .into_iter()
        .filter_map(|name| suites.remove(name).map(|checks| (name, checks)))
        .map(|(name, checks)| Suite {
            name,
            file: &checks[0].source.file,
            totals: Totals::of(checks.iter().copied()),
            checks,
        })
        .collect()
}

/// The objects that checks are about, each once.
pub fn names<'a>(checks: &[&'a Verdict]) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for check in checks {
        if !names.contains(&check.object.as_str()) {
            names.push(&check.object);
        }
    }
    names
}

/// Checks with one status, in order.
pub fn with_status(report: &Report, status: Status) -> impl Iterator<Item = &Verdict> {
    report.checks.iter().filter(move |check| check.status == status)
}

/// One missing thing with what it blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocker<'a> {
    pub object: &'a str,
    /// It is an object that is not there; else what keeps checks from being judged, in words.
    pub is_missing: bool,
    pub blocks: usize,
    /// The blocked checks by component; what a preflight counts besides them is only in `blocks`.
    pub groups: Vec<Group<'a>>,
    pub remedy: Option<&'a str>,
    pub sources: &'a [Location],
    /// What the sources are: `needed at`, or `made at` where a verdict misses what a script made.
    pub place: &'static str,
    /// Why, when it is the same for all of them.
    pub reason: Option<&'a str>,
}

/// The root causes, each once, with the checks that wait for it: those that the report names, then those
/// that only blocked checks name.
pub fn blockers(report: &Report) -> Vec<Blocker<'_>> {
    let mut waiting: Vec<(&str, Vec<&Verdict>)> = Vec::new();
    for check in with_status(report, Status::Blocked) {
        let object = check.blocked_by.as_deref().unwrap_or(&check.message);
        match waiting.iter_mut().find(|(known, _)| *known == object) {
            Some((_, checks)) => checks.push(check),
            None => waiting.push((object, vec![check])),
        }
    }
    let place = match report.exit {
        ExitCode::Blocked => "needed at",
        _ if report.preflight.is_some() => "needed at",
        _ => "made at",
    };
    let mut blockers = Vec::new();
    for cause in &report.root_causes {
        let checks = match waiting.iter().position(|(object, _)| *object == cause.object) {
            Some(index) => waiting.remove(index).1,
            None => Vec::new(),
        };
        blockers.push(Blocker {
            object: &cause.object,
            is_missing: names_object(&checks),
            blocks: cause.blocks,
            reason: common_message(&checks).filter(|reason| !reason.contains(&cause.object)),
            groups: by_component(checks),
            remedy: Some(cause.remedy.as_str()).filter(|remedy| !remedy.is_empty()),
            sources: &cause.sources,
            place,
        });
    }
    for (object, checks) in waiting {
        blockers.push(Blocker {
            object,
            is_missing: names_object(&checks),
            blocks: checks.len(),
            reason: common_message(&checks).filter(|reason| !reason.contains(object)),
            remedy: checks.iter().find_map(|check| check.remedy.as_deref()),
            groups: by_component(checks),
            sources: &[],
            place,
        });
    }
    blockers
}

/// What no check waits for was missed by a script.
fn names_object(checks: &[&Verdict]) -> bool {
    checks.is_empty() || checks.iter().any(|check| check.blocked_by.is_some())
}

impl Blocker<'_> {
    /// `table organization is missing`, or what else is in the way.
    pub fn title(&self) -> String {
        match self.is_missing {
            true => format!("{} is missing", self.object),
            false => self.object.to_string(),
        }
    }
}

fn common_message<'a>(checks: &[&'a Verdict]) -> Option<&'a str> {
    let first = checks.first()?.message.as_str();
    (!first.is_empty() && checks.iter().all(|check| check.message == first)).then_some(first)
}

/// Skipped checks by their reason, in order.
pub fn skipped(report: &Report) -> Vec<(&str, Vec<&Verdict>)> {
    let mut reasons: Vec<(&str, Vec<&Verdict>)> = Vec::new();
    for check in with_status(report, Status::Skip) {
        match reasons.iter_mut().find(|(reason, _)| *reason == check.message) {
            Some((_, checks)) => checks.push(check),
            None => reasons.push((&check.message, vec![check])),
        }
    }
    reasons
}

/// A check that did not pass, in one sentence that names the object.
pub fn title(check: &Verdict) -> String {
    let object = format!("{} {}", check.kind.replace('_', " "), check.object);
    let parts: Vec<&str> = check
        .differences
        .iter()
        .map(|difference| difference.part.as_str())
        .collect();
    match (check.message.as_str(), parts.is_empty()) {
        // what the message repeats of the parts is shown below
        (_, false) => format!("{object} differs in {}", parts.join(", ")),
        ("", true) => object,
        (message, true) if message.contains(&check.object) => message.to_string(),
        (message, true) => format!("{object}: {message}"),
    }
}

/// Where two texts part: the byte ranges of what stands between their common beginning and their common end,
/// both cut at spaces. `None` when they are equal or have nothing in common that is worth leaving out.
pub fn difference(one: &str, other: &str) -> Option<(Range<usize>, Range<usize>)> {
    let words =
        |text: &str| -> Vec<usize> { text.split_inclusive(char::is_whitespace).map(str::len).collect() };
    let (one_words, other_words) = (words(one), words(other));
    let mut before = 0;
    for (a, b) in one_words.iter().zip(&other_words) {
        if a != b || one[before..before + a] != other[before..before + b] {
            break;
        }
        before += a;
    }
    let mut after = 0;
    for (a, b) in one_words.iter().rev().zip(other_words.iter().rev()) {
        let (start, other_start) = (one.len() - after, other.len() - after);
        let overlaps = start.min(other_start) < before + a;
        if overlaps || a != b || one[start - a..start] != other[other_start - b..other_start] {
            break;
        }
        after += a;
    }
    let part = |text: &str| {
        let end = text.len() - after;
        before..before + text[before..end].trim_end().len()
    };
    let ranges = (part(one), part(other));
    (one != other && before + after > 0).then_some(ranges)
}

// ── artifacts ──

/// A table with the number of things that stand on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSummary<'a> {
    pub table: &'a Object,
    pub columns: usize,
    pub indexes: usize,
    pub policies: usize,
    pub triggers: usize,
    pub foreign_keys: usize,
    /// Those of a partitioned table.
    pub partitions: usize,
}

/// Objects that stand on one relation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnRelation<'a> {
    /// SQL name of the relation.
    pub relation: String,
    pub objects: Vec<&'a Object>,
}

impl<'a> OnRelation<'a> {
    /// Without what a partition has because its parent has it.
    pub fn own(&self) -> impl Iterator<Item = &'a Object> {
        self.objects
            .iter()
            .copied()
            .filter(|object| object.get("partition_of").is_none())
    }
}

/// The objects of one kind, ready to be listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory<'a> {
    pub tables: Vec<TableSummary<'a>>,
    pub partitions: Vec<&'a Object>,
    pub policies: Vec<OnRelation<'a>>,
    pub indexes: Vec<OnRelation<'a>>,
    /// Triggers, without the copies that partitions have of their parent's.
    pub triggers: Vec<OnRelation<'a>>,
    /// Foreign keys, without those that partitions have because their parent has them.
    pub foreign_keys: Vec<OnRelation<'a>>,
    /// All others by kind. Columns and constraints of tables that are listed themselves are left out.
    pub others: BTreeMap<Kind, Vec<&'a Object>>,
}

impl Inventory<'_> {
    /// How many objects are listed under `groups`.
    pub fn count(groups: &[OnRelation<'_>]) -> usize {
        groups.iter().map(|group| group.objects.len()).sum()
    }
}

/// Sorts objects into what a report lists.
pub fn inventory(objects: &[Object]) -> Inventory<'_> {
    let of_kind = |kind: Kind| objects.iter().filter(move |object| object.id.kind == kind);
    let tables: BTreeSet<(&str, &str)> = of_kind(Kind::Table)
        .map(|table| (table.id.schema.as_str(), table.id.name.as_str()))
        .collect();
    let mut others: BTreeMap<Kind, Vec<&Object>> = BTreeMap::new();
    for object in objects {
        let of_listed_table = tables.contains(&(object.id.schema.as_str(), object.id.relation.as_str()));
        let listed_elsewhere = match object.id.kind {
            Kind::Table | Kind::Index | Kind::Policy | Kind::Trigger | Kind::ForeignKey => true,
            Kind::Column | Kind::PrimaryKey | Kind::Unique | Kind::Check | Kind::Exclusion => of_listed_table,
            Kind::Role
            | Kind::Schema
            | Kind::Extension
            | Kind::Enum
            | Kind::Composite
            | Kind::Range
            | Kind::Domain
            | Kind::Sequence
            | Kind::Server
            | Kind::Statistics
            | Kind::Function
            | Kind::EventTrigger
            | Kind::Rule
            | Kind::View
            | Kind::MaterializedView
            | Kind::Grant
            | Kind::DefaultPrivileges
            | Kind::Other
            | Kind::Publication => false,
        };
        if !listed_elsewhere {
            others.entry(object.id.kind).or_default().push(object);
        }
    }
    let partitions: Vec<&Object> = of_kind(Kind::Table).filter(|table| is_partition(table)).collect();
    let is_partitions = |object: &Object| {
        partitions
            .iter()
            .any(|partition| on(object, &partition.id.schema, &partition.id.name))
    };
    Inventory {
        tables: of_kind(Kind::Table)
            .filter(|table| !is_partition(table))
            .map(|table| table_summary(table, objects, &partitions))
            .collect(),
        policies: by_relation(of_kind(Kind::Policy)),
        indexes: by_relation(of_kind(Kind::Index)),
        triggers: by_relation(of_kind(Kind::Trigger).filter(|trigger| !trigger.flag("cloned"))),
        foreign_keys: by_relation(of_kind(Kind::ForeignKey).filter(|key| !is_partitions(key))),
        partitions,
        others,
    }
}

/// As [`inventory`], of objects that are gone: what went with its table is only counted there.
pub fn inventory_of_removed(objects: &[Object]) -> Inventory<'_> {
    let mut inventory = inventory(objects);
    let gone: BTreeSet<String> = objects
        .iter()
        .filter(|object| object.id.kind == Kind::Table)
        .map(|table| table.id.path())
        .collect();
    for groups in [
        &mut inventory.policies,
        &mut inventory.indexes,
        &mut inventory.triggers,
        &mut inventory.foreign_keys,
    ] {
        groups.retain(|group| !gone.contains(&group.relation));
    }
    inventory.partitions.retain(|partition| {
        partition
            .text("partition_of")
            .is_none_or(|parent| !gone.contains(parent))
    });
    if let Some(grants) = inventory.others.get_mut(&Kind::Grant) {
        grants.retain(|grant| !gone.contains(&relation_path(grant)));
    }
    inventory
}

/// SQL name of the relation that an object stands on.
pub fn relation_path(object: &Object) -> String {
    ObjectId::new(Kind::Table, &object.id.schema, &object.id.relation).path()
}

fn on(object: &Object, schema: &str, relation: &str) -> bool {
    object.id.schema == schema && object.id.relation == relation
}

fn table_summary<'a>(table: &'a Object, objects: &[Object], partitions: &[&Object]) -> TableSummary<'a> {
    let count = |kind: Kind| {
        objects
            .iter()
            .filter(|object| object.id.kind == kind && on(object, &table.id.schema, &table.id.name))
            .filter(|object| !object.flag("cloned"))
            .count()
    };
    let path = table.id.path();
    TableSummary {
        table,
        columns: count(Kind::Column),
        indexes: count(Kind::Index),
        policies: count(Kind::Policy),
        triggers: count(Kind::Trigger),
        foreign_keys: count(Kind::ForeignKey),
        partitions: partitions
            .iter()
            .filter(|partition| partition.text("partition_of") == Some(path.as_str()))
            .count(),
    }
}

fn by_relation<'a>(objects: impl Iterator<Item = &'a Object>) -> Vec<OnRelation<'a>> {
    let mut groups: Vec<OnRelation<'a>> = Vec::new();
    for object in objects {
        let relation = relation_path(object);
        match groups.iter_mut().find(|group| group.relation == relation) {
            Some(group) => group.objects.push(object),
            None => groups.push(OnRelation {
                relation,
                objects: vec![object],
            }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn nouns_have_plurals() {
        for (count, noun, words) in [
            (1, "check", "1 check"),
            (0, "check", "0 checks"),
            (2, "policy", "2 policies"),
            (55, "index", "55 indexes"),
            (3, "foreign key", "3 foreign keys"),
            (2, "entry", "2 entries"),
        ] {
            assert_eq!(quantity(count, noun), words);
        }
    }

    #[test]
    fn outcomes_say_what_they_rest_on() {
        let said: Vec<String> = fixture::all()
            .iter()
            .map(|(name, report)| {
                let outcome = outcome(report);
                format!("{name}: {}: {}", outcome.word, outcome.sentence)
            })
            .collect();
        insta::assert_snapshot!(said.join("\n"));
    }

    #[test]
    fn a_difference_is_cut_at_spaces() {
        let part = |one: &str, other: &str| {
            difference(one, other).map(|(a, b)| (one[a].to_string(), other[b].to_string()))
        };
        let both = |a: &str, b: &str| Some((a.to_string(), b.to_string()));
        assert_eq!(part("a b c", "a b c"), None);
        assert_eq!(part("a", "b"), None);
        assert_eq!(part("a b c", "a x c"), both("b", "x"));
        assert_eq!(part("a b", "a b c"), both("b", "b c"));
        assert_eq!(part("x, y_1, y, z", "x, y, z"), both("y_1,", ""));
        assert_eq!(part("é ü é", "é ö é"), both("ü", "ö"));
    }

    #[test]
    fn a_root_cause_is_named_once_with_all_that_waits_for_it() {
        let report = fixture::verify_not_approved();
        let blockers = blockers(&report);
        assert_eq!(blockers.len(), 1);
        let waiting: usize = blockers[0].groups.iter().map(|group| group.checks.len()).sum();
        assert_eq!(waiting, report.totals().blocked);
        assert_eq!(blockers[0].blocks, waiting);
    }

    #[test]
    fn a_checklist_holds_every_check_once() {
        for (name, report) in fixture::all() {
            let components = by_component(&report.checks);
            let checks: usize = components.iter().map(|group| group.checks.len()).sum();
            assert_eq!(checks, report.checks.len(), "{name}");
            let suites = by_suite(&report);
            let checks: usize = suites.iter().map(|suite| suite.totals.all()).sum();
            assert_eq!(checks, report.checks.len(), "{name}");
        }
    }

    #[test]
    fn an_inventory_counts_what_stands_on_a_table() {
        let report = fixture::apply_approved();
        let inventory = inventory(&report.migrations[0].artifacts.created);
        let progress = &inventory.tables[2];
        assert_eq!(progress.table.id.name, "sync_progress");
        assert_eq!(
            (progress.columns, progress.indexes, progress.triggers),
            (19, 7, 4)
        );
        assert_eq!(inventory.tables[0].partitions, 5);
        assert_eq!(Inventory::count(&inventory.indexes), 55);
        assert_eq!(Inventory::count(&inventory.policies), 12);
        assert!(!inventory.others.contains_key(&Kind::Column));
    }
}
