//! The eight validation tasks: what was asked for, object by object, and what each waits for.

use super::Facts;
use crate::check::{Status, Verdict};
use crate::preflight::{Cause, Trouble};
use crate::report::model::{Totals, WayBack};
use crate::report::summary::{by_component, quantity};
use crate::report::tasks::{NAMES, index_of, requirement_of};

/// The components of the quick status; the first six and the last two tasks are about them.
pub(super) const COMPONENTS: [&str; 8] = [
    "Schema",
    "Row security",
    "Indexes",
    "Triggers",
    "Enums",
    "Integration points",
    "Production readiness",
    "Rollback",
];

/// What in a script belongs to each of the first six tasks, as the requirements of statements call it.
const NEEDS: [&[&str]; 6] = [
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
    &["policy"],
    &["index"],
    &["trigger", "function"],
    &["type", "domain"],
    &["foreign key", "grant", "role", "extension", "owner", "query"],
];

/// One of the eight validation tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub number: usize,
    pub name: &'static str,
    pub status: Status,
    pub requirement: String,
    pub finding: String,
    /// What was asked for, one by one.
    pub parts: Vec<Part>,
}

/// One thing that a task is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    pub status: Status,
    /// `table sync_progress: 16 columns, 3 constraints`.
    pub what: String,
    /// What it waits for, or what was found; empty when there is nothing to add.
    pub finding: String,
}

pub(super) fn tasks(facts: &Facts<'_>) -> Vec<Task> {
    let mut tasks: Vec<Task> = (0..NEEDS.len()).map(|index| of_checks(index, facts)).collect();
    tasks.push(readiness(facts));
    tasks.push(rollback(facts));
    tasks
}

/// The checks of one task.
fn checks_of<'a>(index: usize, facts: &Facts<'a>) -> Vec<&'a Verdict> {
    let checks = facts.checks.iter();
    checks.filter(|check| index_of(check.kind) == index).collect()
}

fn of_checks(index: usize, facts: &Facts<'_>) -> Task {
    let checks = checks_of(index, facts);
    let (status, finding) = judge(&checks, NEEDS[index], facts);
    Task {
        number: index + 1,
        name: NAMES[index],
        status,
        requirement: requirement_of(&by_component(checks.iter().copied())),
        finding,
        parts: parts(&checks),
    }
}

/// Status and finding of some checks, and of what in the scripts is about the same.
fn judge(checks: &[&Verdict], needs: &[&str], facts: &Facts<'_>) -> (Status, String) {
    let blocked: Vec<&&Verdict> = checks
        .iter()
        .filter(|check| check.status == Status::Blocked)
        .collect();
    let names_it = |cause: &Cause| {
        cause.sites.iter().any(|site| needs.contains(&site.by))
            || blocked
                .iter()
                .any(|check| check.blocked_by.as_deref() == Some(&cause.object))
    };
    let causes: Vec<&str> = facts
        .found
        .causes
        .iter()
        .filter(|cause| names_it(cause))
        .map(|cause| cause.object.as_str())
        .collect();
    if causes.is_empty() && blocked.is_empty() {
        return match checks.len() {
            0 => (Status::Skip, "nothing to judge".to_owned()),
            _ => (
                Status::Pass,
                "what it needs exists or is created by the plan".to_owned(),
            ),
        };
    }
    let waits = match (blocked.len(), checks.len()) {
        (0, _) => "waits".to_owned(),
        (1, 1) => "1 check waits".to_owned(),
        (count, all) if count == all => format!("all {all} checks wait"),
        (count, all) => format!("{count} of {} wait", quantity(all, "check")),
    };
    (Status::Blocked, format!("{waits} for {}", causes.join(", ")))
}

/// The checks by the object that they stand under, in the order of the check file.
fn parts(checks: &[&Verdict]) -> Vec<Part> {
    let mut owners: Vec<(&str, Vec<&Verdict>)> = Vec::new();
    for check in checks {
        // a reference is worth a line of its own
        let owner = match check.kind {
            "foreign_key" => check.id.as_str(),
            _ => owner(&check.id),
        };
        match owners.iter_mut().find(|(known, _)| *known == owner) {
            Some((_, checks)) => checks.push(check),
            None => owners.push((owner, vec![check])),
        }
    }
    owners.iter().map(|(owner, checks)| part(owner, checks)).collect()
}

fn part(owner: &str, checks: &[&Verdict]) -> Part {
    let mut waits: Vec<&str> = Vec::new();
    for check in checks {
        if let Some(object) = check.blocked_by.as_deref()
            && !waits.contains(&object)
        {
            waits.push(object);
        }
    }
    Part {
        status: Totals::of(checks.iter().copied()).worst().unwrap_or(Status::Skip),
        what: what(owner, checks),
        finding: match waits.is_empty() {
            true => String::new(),
            false => format!("waits for {}", waits.join(", ")),
        },
    }
}

/// What is asked for: a definition where it is short, else how much of it there is.
fn what(owner: &str, checks: &[&Verdict]) -> String {
    let (kind, name) = owner.split_once('.').unwrap_or(("", owner));
    let title = format!("{} {name}", kind.replace('_', " "));
    match checks {
        [only] if only.kind == "foreign_key" => {
            let column = only.id.rsplit("/foreign_key.").next().unwrap_or_default();
            let target = only.expected.as_deref().unwrap_or_default();
            format!("{} ({column}) references {target}", only.object)
        }
        [only] if kind == "enum" => match &only.expected {
            Some(labels) => format!("{title}: {labels}"),
            None => title,
        },
        [only] if only.kind == kind => title,
        checks => {
            let mut counts: Vec<(&str, usize)> = Vec::new();
            let named = checks.iter().filter_map(|check| noun(check.kind));
            for noun in named.filter(|noun| *noun != kind) {
                match counts.iter_mut().find(|(known, _)| *known == noun) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((noun, 1)),
                }
            }
            // what a table has most of says most about it
            counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
            let counts: Vec<String> = counts
                .into_iter()
                .map(|(noun, count)| match noun {
                    "row security" | "partitioning" => noun.to_owned(),
                    noun => quantity(count, noun),
                })
                .collect();
            match counts.is_empty() {
                true => title,
                false => format!("{title}: {}", counts.join(", ")),
            }
        }
    }
}

/// What a check of a kind is about; `None` of what names no thing of its own.
fn noun(kind: &'static str) -> Option<&'static str> {
    Some(match kind {
        "exact" => return None,
        "primary_key" | "unique" | "check" | "exclude" => "constraint",
        "row_security" | "force_row_security" => "row security",
        "partition_by" | "partitions_contiguous" | "partitions_ahead" => "partitioning",
        "foreign_key" => "foreign key",
        "materialized_view" => "materialized view",
        kind => kind,
    })
}

/// `table.sync_progress` of `0024/table.sync_progress/index.x`. A slash within quotes is part of a name.
fn owner(id: &str) -> &str {
    let behind = id.split_once('/').map_or(id, |(_, behind)| behind);
    let mut quoted = false;
    let end = behind.find(|letter| {
        quoted ^= letter == '"';
        letter == '/' && !quoted
    });
    &behind[..end.unwrap_or(behind.len())]
}

/// What the server, the role and the connection have to do with it, and the checks that no other task has.
fn readiness(facts: &Facts<'_>) -> Task {
    let found = facts.found;
    let checks = checks_of(6, facts);
    let status = match (found.is_ready(), found.advice.is_empty()) {
        (false, _) => Status::Blocked,
        (true, true) => Status::Pass,
        (true, false) => Status::Warn,
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
    let mut requirement = "everything that the scripts need".to_owned();
    if !checks.is_empty() {
        let groups = by_component(checks.iter().copied());
        requirement.push_str(&format!("; {}", requirement_of(&groups)));
    }
    Task {
        number: 7,
        name: NAMES[6],
        status,
        requirement,
        finding,
        parts: if facts.migrations.is_empty() {
            Vec::new()
        } else {
            readiness_parts(facts, &checks)
        },
    }
}

fn readiness_parts(facts: &Facts<'_>, checks: &[&Verdict]) -> Vec<Part> {
    let found = facts.found;
    let of = |what: &str, trouble: Trouble, but: &str, else_: String| {
        let causes: Vec<&str> = found
            .causes
            .iter()
            .filter(|cause| cause.trouble == trouble)
            .map(|cause| cause.object.as_str())
            .collect();
        let (status, finding) = match causes.is_empty() {
            true => (Status::Pass, else_),
            false => (Status::Blocked, format!("{but}: {}", causes.join(", "))),
        };
        Part {
            status,
            what: what.to_owned(),
            finding,
        }
    };
    let mut parts = vec![
        of(
            "prerequisites exist",
            Trouble::Missing,
            "missing",
            "nothing is missing".to_owned(),
        ),
        of(
            "what is created is not there already",
            Trouble::InTheWay,
            "in the way",
            "nothing is in the way".to_owned(),
        ),
        of(
            "the role has the privileges",
            Trouble::Privilege,
            "missing",
            match facts.superuser {
                true => format!("role {} is a superuser", facts.role),
                false => format!("role {} was found to lack none", facts.role),
            },
        ),
        of(
            "the server knows the syntax",
            Trouble::Version,
            "too new for it",
            format!("nothing newer than PostgreSQL {} was found", facts.server),
        ),
        of(
            "the server accepts writes",
            Trouble::ReadOnly,
            "it does not",
            "neither a standby nor read-only".to_owned(),
        ),
    ];
    let rare = [
        (
            "the server's grammar takes the scripts",
            Trouble::Grammar,
            "refused",
        ),
        (
            "a script outside a transaction has a session of its own",
            Trouble::Session,
            "a pooler is in the way",
        ),
        (
            "no label is used in the transaction that adds it",
            Trouble::Label,
            "used",
        ),
    ];
    for (what, trouble, but) in rare {
        parts.push(of(what, trouble, but, String::new()));
    }
    parts.retain(|part| !part.finding.is_empty());
    parts.extend(locks(facts));
    parts.push(Part {
        status: Status::Pass,
        what: "history and files agree".to_owned(),
        finding: format!("{} applied, {} pending", facts.applied, facts.migrations.len()),
    });
    parts.push(execution(facts));
    if !checks.is_empty() {
        let (status, finding) = judge(checks, &[], facts);
        parts.push(Part {
            status,
            what: requirement_of(&by_component(checks.iter().copied())),
            finding,
        });
    }
    parts
}

/// Who keeps the tables, one line each.
fn locks(facts: &Facts<'_>) -> Vec<Part> {
    let what = "no long lock on the tables that will be locked";
    let held = facts.found.advice.iter().filter(|advice| advice.place.is_none());
    let mut parts: Vec<Part> = held
        .map(|advice| Part {
            status: Status::Warn,
            what: what.to_owned(),
            finding: advice.message.clone(),
        })
        .collect();
    if parts.is_empty() {
        parts.push(Part {
            status: Status::Pass,
            what: what.to_owned(),
            finding: "nobody has held one for 10 s".to_owned(),
        });
    }
    parts
}

/// How far the scripts would come.
fn execution(facts: &Facts<'_>) -> Part {
    let what = "the scripts run to their end".to_owned();
    let causes = &facts.found.causes;
    let first = causes
        .iter()
        .find_map(|cause| Some((cause, cause.sites.first()?)));
    match (facts.found.is_ready(), first) {
        (true, _) => Part {
            status: Status::Pass,
            what,
            finding: match facts.found.opaque {
                0 => format!("{} seen through", quantity(facts.found.statements, "statement")),
                opaque => format!(
                    "{} seen through, {opaque} not",
                    quantity(facts.found.statements - opaque, "statement")
                ),
            },
        },
        (false, Some((cause, site))) => Part {
            status: Status::Blocked,
            what,
            finding: format!("{} would fail: {} {}", site.location(), cause.object, cause.state),
        },
        (false, None) if causes.iter().all(|cause| !cause.asked_by.is_empty()) => Part {
            status: Status::Blocked,
            what,
            finding: "they would, and then not be approved: their probes could not be run".to_owned(),
        },
        (false, None) => Part {
            status: Status::Blocked,
            what,
            finding: "none would begin".to_owned(),
        },
    }
}

/// The way back of each migration.
fn rollback(facts: &Facts<'_>) -> Task {
    let parts: Vec<Part> = facts
        .migrations
        .iter()
        .filter_map(|planned| {
            let (status, finding) = match &planned.way_back {
                // it needs none
                WayBack::Repeatable => return None,
                WayBack::Script(path) => (Status::Pass, format!("{path}, not run")),
                WayBack::Irreversible(reason) => (Status::Warn, format!("declared irreversible: {reason}")),
                WayBack::None => (Status::Warn, "no rollback script".to_owned()),
            };
            Some(Part {
                status,
                what: planned.stem.clone(),
                finding,
            })
        })
        .collect();
    let without: Vec<&str> = parts
        .iter()
        .filter(|part| part.status == Status::Warn)
        .map(|part| part.what.as_str())
        .collect();
    let (status, finding) = match (parts.is_empty(), without.as_slice()) {
        (true, _) => (Status::Skip, "nothing to take back".to_owned()),
        (false, []) => (
            Status::Pass,
            format!("{} can be taken back", quantity(parts.len(), "migration")),
        ),
        (false, stems) => (Status::Warn, format!("no rollback for {}", stems.join(", "))),
    };
    Task {
        number: 8,
        name: NAMES[7],
        status,
        requirement: "a rollback script for each migration".to_owned(),
        finding,
        parts,
    }
}

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn a_slash_in_a_name_ends_no_owner() {
        assert_eq!(owner("0024/table.t/column.a"), "table.t");
        assert_eq!(owner("0024/table.\"a/b\"/column.\"c/d\""), "table.\"a/b\"");
        assert_eq!(owner("0024/enum.mood"), "enum.mood");
        assert_eq!(owner("0024/count.a"), "count.a");
    }
}
