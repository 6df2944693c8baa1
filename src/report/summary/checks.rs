//! The checks by what they are about, by suite, and by what they wait for.

use std::collections::BTreeMap;

use crate::check::{Status, Verdict};
use crate::report::exit::ExitCode;
use crate::report::model::{Report, Totals};
use crate::source::Location;

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
    /// The whole sentence, where preflight has another one.
    pub told: Option<&'a str>,
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
            told: told(report, &cause.object),
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
            told: None,
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

/// What preflight says of a cause that is not missing: it is refused, or there already.
fn told<'a>(report: &'a Report, object: &str) -> Option<&'a str> {
    let issues = report.preflight.iter().flat_map(|preflight| &preflight.issues);
    let mut titles = issues.map(|issue| issue.title.as_str());
    titles.find(|title| {
        let state = title.strip_prefix(object).and_then(|rest| rest.strip_prefix(' '));
        state.is_some_and(|state| state != "does not exist")
    })
}

/// What no check waits for was missed by a script.
fn names_object(checks: &[&Verdict]) -> bool {
    checks.is_empty() || checks.iter().any(|check| check.blocked_by.is_some())
}

impl Blocker<'_> {
    /// `table organization is missing`, or what else is in the way.
    pub fn title(&self) -> String {
        match (self.told, self.is_missing) {
            (Some(told), _) => told.to_string(),
            (None, true) => format!("{} is missing", self.object),
            (None, false) => self.object.to_string(),
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

#[cfg(test)]
mod tests {
    use super::{blockers, by_component, by_suite};
    use crate::report::fixture;

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
}
