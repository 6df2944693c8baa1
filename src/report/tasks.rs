//! The eight validation tasks that a verification is signed off by: the components of a checklist, gathered, and the way
//! back.

use super::model::{MigrationReport, Report, Totals, WayBack};
use super::summary::{self, Component, Group, quantity};
use crate::check::Status;

/// Their names, in order.
pub const NAMES: [&str; 8] = [
    "Schema validation",
    "Row security validation",
    "Index validation",
    "Trigger and function validation",
    "Enum validation",
    "Integration point validation",
    "Production readiness checks",
    "Rollback procedure",
];

/// One of them, with the checks that belong to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Task<'a> {
    /// From 1 on.
    pub number: usize,
    pub name: &'static str,
    /// The worst of its checks; skipped when there is none.
    pub status: Status,
    /// What was asked for: `8 tables, 41 columns`.
    pub requirement: String,
    pub finding: String,
    pub groups: Vec<Group<'a>>,
}

/// The task of a component, from 0 on.
const fn task_of(component: Component) -> usize {
    match component {
        Component::Tables
        | Component::Columns
        | Component::Constraints
        | Component::Partitions
        | Component::Views
        | Component::Sequences
        | Component::Domains
        | Component::Absences
        | Component::Exactness => 0,
        Component::RowSecurity | Component::Policies => 1,
        Component::Indexes => 2,
        Component::Triggers => 3,
        Component::Enums => 4,
        Component::ForeignKeys
        | Component::Grants
        | Component::Roles
        | Component::Extensions
        | Component::Schemas => 5,
        Component::Counts | Component::Data | Component::Behaviour | Component::Audit | Component::Other => 6,
    }
}

/// The task of a check's kind, from 0 on.
pub fn index_of(kind: &str) -> usize {
    task_of(Component::of(kind))
}

/// What checks ask for: `Tables 8, Columns 41`.
pub fn requirement_of(groups: &[Group<'_>]) -> String {
    if groups.is_empty() {
        return "no check is about it".to_string();
    }
    let parts: Vec<String> = groups
        .iter()
        .map(|group| format!("{} {}", group.component.title(), group.checks.len()))
        .collect();
    parts.join(", ")
}

/// The tasks of a report's checks, and of the way back from the migrations that were judged.
pub fn tasks<'a>(report: &'a Report, judged: &[&MigrationReport]) -> Vec<Task<'a>> {
    let mut groups: [Vec<Group<'a>>; 7] = Default::default();
    for group in summary::by_component(&report.checks) {
        groups[task_of(group.component)].push(group);
    }
    let mut tasks: Vec<Task<'a>> = groups
        .into_iter()
        .enumerate()
        .map(|(index, groups)| of_checks(index, groups))
        .collect();
    tasks.push(way_back(judged));
    tasks
}

fn of_checks(index: usize, groups: Vec<Group<'_>>) -> Task<'_> {
    let totals = Totals::of(groups.iter().flat_map(|group| group.checks.iter().copied()));
    Task {
        number: index + 1,
        name: NAMES[index],
        status: totals.worst().unwrap_or(Status::Skip),
        requirement: requirement_of(&groups),
        finding: match groups.is_empty() {
            true => "nothing was judged".to_string(),
            false => summary::parts_of(&totals),
        },
        groups,
    }
}

/// Whether each migration can be taken back. That a script is there is all that is seen here.
fn way_back(judged: &[&MigrationReport]) -> Task<'static> {
    let (mut scripts, mut declared, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for migration in judged {
        match &migration.way_back {
            Some(WayBack::Script(path)) => scripts.push(path.clone()),
            Some(WayBack::Irreversible(_)) => declared.push(migration.stem()),
            Some(WayBack::None) => without.push(migration.stem()),
            Some(WayBack::Repeatable) | None => {}
        }
    }
    let mut findings = Vec::new();
    if !scripts.is_empty() {
        findings.push(format!(
            "{} there, not run: {}",
            quantity(scripts.len(), "script"),
            scripts.join(", ")
        ));
    }
    if !declared.is_empty() {
        findings.push(format!("declared irreversible: {}", declared.join(", ")));
    }
    if !without.is_empty() {
        findings.push(format!("no rollback script: {}", without.join(", ")));
    }
    Task {
        number: NAMES.len(),
        name: NAMES[NAMES.len() - 1],
        status: match (findings.is_empty(), without.is_empty()) {
            (true, _) => Status::Skip,
            (false, true) => Status::Pass,
            (false, false) => Status::Warn,
        },
        requirement: "a rollback script for each migration, or a declared reason".to_string(),
        finding: match findings.is_empty() {
            true => "no migration was judged".to_string(),
            false => findings.join("; "),
        },
        groups: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn every_check_belongs_to_one_task() {
        for (name, report) in fixture::all() {
            let judged: Vec<&MigrationReport> = report.migrations.iter().collect();
            let tasks = tasks(&report, &judged);
            let numbers: Vec<usize> = tasks.iter().map(|task| task.number).collect();
            assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8], "{name}");
            let checks = tasks
                .iter()
                .flat_map(|task| &task.groups)
                .map(|group| group.checks.len());
            assert_eq!(checks.sum::<usize>(), report.checks.len(), "{name}");
        }
    }

    #[test]
    fn a_task_is_as_bad_as_its_worst_check() {
        let report = fixture::verify_not_approved();
        let judged: Vec<&MigrationReport> = report.migrations.iter().collect();
        for task in tasks(&report, &judged) {
            let mut checks = task.groups.iter().flat_map(|group| &group.checks);
            if checks.any(|check| check.status == Status::Fail) {
                assert_eq!(task.status, Status::Fail, "{}", task.name);
            }
        }
    }

    #[test]
    fn a_migration_without_a_way_back_is_a_warning() {
        let mut report = fixture::apply_approved();
        report.migrations[0].way_back = Some(WayBack::None);
        let judged: Vec<&MigrationReport> = report.migrations.iter().collect();
        let last = tasks(&report, &judged).pop();
        assert_eq!(last.map(|task| task.status), Some(Status::Warn));
        let last = tasks(&report, &[]).pop();
        assert_eq!(last.map(|task| task.status), Some(Status::Skip));
    }
}
