//! What a preflight has to say: the table of components, the issues with their lines, what to do in which order, the
//! eight validation tasks, and the gate. All of it follows from the causes and the checks that wait for them.

use super::summary::quantity;
use super::tasks::NAMES;
use crate::check::{Status, Verdict};
use crate::diagnostic::Diagnostic;
use crate::preflight::{Assessment, Cause, Site};
use crate::source::{Location, Place};

/// The summary of a preflight.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preflight {
    pub components: Vec<ComponentLine>,
    pub issues: Vec<Issue>,
    /// What to do, in order.
    pub actions: Vec<String>,
    pub tasks: Vec<Task>,
    /// What has to be so before anything is deployed; empty when nothing is in the way.
    pub gate: Vec<String>,
    pub statements: usize,
    /// Statements that could not be seen through: DO blocks, calls of functions.
    pub opaque: usize,
}

/// A line of the component table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComponentLine {
    pub name: &'static str,
    pub status: Status,
    pub details: String,
}

/// One root cause, told at length.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    pub title: String,
    pub impact: String,
    pub lines: Vec<Location>,
    /// The first place, as the script has it.
    pub snippet: Option<String>,
    pub why: String,
    /// The same as an error of a script: the first place with its line, what waits, and what to do.
    pub error: Diagnostic,
}

/// One of the eight validation tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub number: usize,
    pub name: &'static str,
    pub status: Status,
    pub requirement: String,
    pub finding: String,
}

/// What the summary is made of.
pub struct Facts<'a> {
    pub found: &'a Assessment,
    /// The remedy of each cause.
    pub remedies: &'a [String],
    /// The checks of the plan's suites, those that wait as BLOCKED.
    pub checks: &'a [Verdict],
    /// The stems of the plan, each with whether it has a way back.
    pub migrations: &'a [(String, bool)],
}

/// Names of components and tasks, with the kinds of checks and the needs that belong to them.
type Group = (
    &'static str,
    &'static str,
    &'static [&'static str],
    &'static [&'static str],
);

const GROUPS: [Group; 6] = [
    (
        "Schema",
        NAMES[0],
        &[
            "table",
            "column",
            "primary_key",
            "unique",
            "check",
            "exclude",
            "partition",
            "partition_by",
            "partitions_contiguous",
            "partitions_ahead",
            "view",
            "materialized_view",
            "sequence",
            "domain",
            "schemas",
        ],
        &[
            "table",
            "column",
            "default",
            "check",
            "partition",
            "constraint",
            "view",
            "schema",
            "comment",
        ],
    ),
    ("Row security", NAMES[1], &["row_security", "policy"], &["policy"]),
    ("Indexes", NAMES[2], &["index"], &["index"]),
    (
        "Triggers",
        NAMES[3],
        &["trigger", "function"],
        &["trigger", "function"],
    ),
    ("Enums", NAMES[4], &["enum"], &["type", "domain"]),
    (
        "Integration points",
        NAMES[5],
        &["foreign_key", "grant", "role", "extension"],
        &["foreign key", "grant", "role", "extension", "owner", "query"],
    ),
];

impl Preflight {
    pub fn of(facts: &Facts<'_>) -> Preflight {
        let found = facts.found;
        let mut preflight = Preflight {
            statements: found.statements,
            opaque: found.opaque,
            issues: found
                .causes
                .iter()
                .enumerate()
                .map(|(index, cause)| {
                    let remedy = facts.remedies.get(index).map_or("", String::as_str);
                    issue(cause, facts, remedy)
                })
                .collect(),
            actions: actions(facts),
            ..Preflight::default()
        };
        for (index, group) in GROUPS.iter().enumerate() {
            let (status, requirement, finding) = judge(group, facts);
            preflight.components.push(ComponentLine {
                name: group.0,
                status,
                details: finding.clone(),
            });
            preflight.tasks.push(Task {
                number: index + 1,
                name: group.1,
                status,
                requirement,
                finding,
            });
        }
        preflight.last_tasks(facts);
        if !found.is_ready() {
            preflight.gate = gate(facts);
        }
        preflight
    }

    /// Production readiness and rollback, which no check is about.
    fn last_tasks(&mut self, facts: &Facts<'_>) {
        let found = facts.found;
        let status = if !found.is_ready() {
            Status::Blocked
        } else if found.advice.is_empty() {
            Status::Pass
        } else {
            Status::Warn
        };
        let finding = match (found.causes.first(), found.advice.len()) {
            (Some(_), _) if found.causes.len() == 1 => "1 root cause in the way".to_owned(),
            (Some(first), _) => format!(
                "{} in the way, {} first",
                quantity(found.causes.len(), "root cause"),
                first.object
            ),
            (None, 0) => "prerequisites exist, nothing holds the locks".to_owned(),
            (None, count) => quantity(count, "warning"),
        };
        let without: Vec<&str> = facts
            .migrations
            .iter()
            .filter(|(_, back)| !back)
            .map(|(stem, _)| stem.as_str())
            .collect();
        let (back, way) = match (facts.migrations.is_empty(), without.as_slice()) {
            (true, _) => (Status::Skip, "nothing to take back".to_owned()),
            (false, []) => (
                Status::Pass,
                format!(
                    "{} can be taken back",
                    quantity(facts.migrations.len(), "migration")
                ),
            ),
            (false, stems) => (Status::Warn, format!("no rollback for {}", stems.join(", "))),
        };
        let lines = [
            (
                "Production readiness",
                NAMES[6],
                status,
                "everything that the scripts need",
                finding,
            ),
            (
                "Rollback",
                NAMES[7],
                back,
                "a rollback script for each migration",
                way,
            ),
        ];
        for (component, task, status, requirement, finding) in lines {
            self.components.push(ComponentLine {
                name: component,
                status,
                details: finding.clone(),
            });
            self.tasks.push(Task {
                number: self.tasks.len() + 1,
                name: task,
                status,
                requirement: requirement.to_owned(),
                finding,
            });
        }
    }
}

/// Status, requirement and finding of one group.
fn judge(group: &Group, facts: &Facts<'_>) -> (Status, String, String) {
    let (_, _, kinds, needs) = group;
    let checks: Vec<&Verdict> = facts
        .checks
        .iter()
        .filter(|check| kinds.contains(&check.kind))
        .collect();
    let blocked: Vec<&&Verdict> = checks
        .iter()
        .filter(|check| check.status == Status::Blocked)
        .collect();
    let causes: Vec<&str> = facts
        .found
        .causes
        .iter()
        .filter(|cause| {
            cause.sites.iter().any(|site| needs.contains(&site.by))
                || blocked
                    .iter()
                    .any(|check| check.blocked_by.as_deref() == Some(&cause.object))
        })
        .map(|cause| cause.object.as_str())
        .collect();
    let requirement = match checks.len() {
        0 => "no check of the plan is about it".to_owned(),
        count => quantity(count, "check"),
    };
    if causes.is_empty() && blocked.is_empty() {
        return match checks.len() {
            0 => (Status::Skip, requirement, "nothing to judge".to_owned()),
            _ => (
                Status::Pass,
                requirement,
                "what it needs exists or is created by the plan".to_owned(),
            ),
        };
    }
    let waits = match blocked.len() {
        0 => "waits".to_owned(),
        count => format!("{count} of {} wait", quantity(checks.len(), "check")),
    };
    let finding = match (facts.found.causes.len(), blocked.len()) {
        (1, 1..) => waits,
        _ => format!("{waits} for {}", causes.join(", ")),
    };
    (Status::Blocked, requirement, finding)
}

fn issue(cause: &Cause, facts: &Facts<'_>, remedy: &str) -> Issue {
    let checks = waiting(cause, facts);
    let mut impact = quantity(cause.statements, "statement");
    if checks > 0 {
        impact.push_str(&format!(" and {}", quantity(checks, "check")));
    }
    impact.push_str(" blocked");
    let by = counted(cause);
    if !by.is_empty() {
        impact.push_str(&format!(": {by}"));
    }
    let why = if cause.explains.is_empty() {
        format!("{} {}", cause.object, cause.state)
    } else {
        let explained: Vec<&str> = cause.explains.iter().map(String::as_str).collect();
        format!(
            "{} {}, and so neither does {}",
            cause.object,
            cause.state,
            explained.join(" nor ")
        )
    };
    Issue {
        title: format!("{} {}", cause.object, cause.state),
        error: error(cause, checks, remedy),
        impact,
        lines: lines(cause),
        snippet: cause.sites.first().map(|site| {
            let text = site.file.text();
            let start = text[..site.span.start].rfind('\n').map_or(0, |at| at + 1);
            let end = text[site.span.start..]
                .find('\n')
                .map_or(text.len(), |at| site.span.start + at);
            text[start..end].trim_end().to_owned()
        }),
        why,
    }
}

/// A cause as an error of the script that needs it first.
fn error(cause: &Cause, checks: usize, remedy: &str) -> Diagnostic {
    let mut error = Diagnostic::error(format!("{} {}", cause.object, cause.state));
    if let Some(site) = cause.sites.first() {
        error = error.at_place(Place {
            file: site.file.clone(),
            span: site.span,
        });
    }
    let first = cause.sites.first().map(Site::location);
    let others: Vec<Location> = lines(cause)
        .into_iter()
        .filter(|line| Some(line) != first.as_ref())
        .collect();
    if !others.is_empty() {
        error = error.fact("also", places(&others));
    }
    if !cause.explains.is_empty() {
        let explained: Vec<&str> = cause.explains.iter().map(String::as_str).collect();
        error = error.fact("explains", explained.join(", "));
    }
    // the statement that is shown needs no count
    let mut waits: Vec<String> = Vec::new();
    if cause.statements > 1 {
        waits.push(quantity(cause.statements, "statement"));
    }
    if checks > 0 {
        waits.push(quantity(checks, "check"));
    }
    if !waits.is_empty() {
        error = error.fact("blocks", waits.join(" and "));
    }
    if remedy.is_empty() {
        error
    } else {
        error.help(remedy)
    }
}

/// `migrations/0024_sync.sql:123:32, 144:17`: a file is named once.
fn places(lines: &[Location]) -> String {
    let mut text = String::new();
    let mut file = None;
    for line in lines {
        if !text.is_empty() {
            text.push_str(", ");
        }
        if file != Some(&line.file) {
            text.push_str(&format!("{}:", line.file));
            file = Some(&line.file);
        }
        text.push_str(&format!("{}:{}", line.line, line.column));
    }
    text
}

/// `5 foreign keys, 12 policies`.
fn counted(cause: &Cause) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for site in &cause.sites {
        match counts.iter_mut().find(|(by, _)| *by == site.by) {
            Some((_, count)) => *count += 1,
            None => counts.push((site.by, 1)),
        }
    }
    let shown: Vec<String> = counts
        .into_iter()
        .filter(|(by, _)| !by.is_empty())
        .map(|(by, count)| format!("{} in {by}", quantity(count, "place")))
        .collect();
    shown.join(", ")
}

/// Every place, once.
pub fn lines(cause: &Cause) -> Vec<Location> {
    let mut lines: Vec<Location> = cause.sites.iter().map(|site| site.location()).collect();
    lines.sort();
    lines.dedup();
    lines
}

/// How many checks wait for a cause.
pub fn waiting(cause: &Cause, facts: &Facts<'_>) -> usize {
    facts
        .checks
        .iter()
        .filter(|check| check.blocked_by.as_deref() == Some(&cause.object))
        .count()
}

fn actions(facts: &Facts<'_>) -> Vec<String> {
    let mut actions: Vec<String> = Vec::new();
    for (cause, remedy) in facts.found.causes.iter().zip(facts.remedies) {
        let action = format!("{}: {remedy}", cause.object);
        if !actions.contains(&action) {
            actions.push(action);
        }
    }
    if facts.migrations.is_empty() {
        return actions;
    }
    if !facts.found.is_ready() {
        actions.push("look again: `pgplumb preflight`".to_owned());
    }
    actions.push("apply: `pgplumb apply`".to_owned());
    actions.push("judge: `pgplumb verify`".to_owned());
    actions
}

fn gate(facts: &Facts<'_>) -> Vec<String> {
    let mut gate: Vec<String> = facts
        .found
        .causes
        .iter()
        .map(|cause| match cause.state.as_str() {
            "does not exist" => format!("{} exists", cause.object),
            state => format!("{} no longer {state}", cause.object),
        })
        .collect();
    gate.extend(
        facts
            .migrations
            .iter()
            .map(|(stem, _)| format!("{stem} is applied")),
    );
    gate.push("all eight validation tasks pass".to_owned());
    gate
}
