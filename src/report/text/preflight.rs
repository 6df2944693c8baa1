//! The summary of a preflight: components, issues, actions, tasks, gate.

use super::messages;
use super::page::{Page, bold, dim, plain};
use crate::check::Status;
use crate::report::preflight::{ComponentLine, Issue, Part, Preflight, places};
use crate::report::summary::quantity;

/// Width of the column of names.
const NAMES: usize = 22;

/// How many places a cause shows beside its first; the others stand below all causes.
const PLACES: usize = 40;

/// What is in the way, each cause once; what waits, what to do in order, and the gate. With `full` the eight tasks as
/// well, object by object.
pub fn section(page: &mut Page, preflight: &Preflight, full: bool) {
    issues(page, preflight);
    if full {
        every_place(page, preflight);
    }
    components(page, preflight);
    present(page, preflight);
    let is_blocked = !preflight.gate.is_empty();
    if (is_blocked || full) && !preflight.actions.is_empty() {
        page.heading("REQUIRED ACTIONS");
        for (index, action) in preflight.actions.iter().enumerate() {
            page.put(2, 5, &[plain(format!("{}. {action}", index + 1))]);
        }
    }
    if full {
        tasks(page, preflight);
    }
    if is_blocked {
        page.heading("GATE: DO NOT DEPLOY UNTIL");
        for line in &preflight.gate {
            page.put(2, 6, &[plain(format!("[ ] {line}"))]);
        }
    }
    if preflight.opaque > 0 {
        page.blank();
        page.put(
            2,
            2,
            &[dim(format!(
                "{} of {} could not be seen through: DO blocks and calls of functions may do more than they say",
                preflight.opaque,
                quantity(preflight.statements, "statement")
            ))],
        );
    }
}

fn issues(page: &mut Page, preflight: &Preflight) {
    for (index, issue) in preflight.issues.iter().enumerate() {
        if index == 0 {
            let count = quantity(preflight.issues.len(), "root cause");
            page.heading(&format!("BLOCKED BY {}", count.to_uppercase()));
        } else {
            page.blank();
        }
        messages::one(page, &issue.told(PLACES));
    }
}

/// Of a cause that many places need, all of them.
fn every_place(page: &mut Page, preflight: &Preflight) {
    let long = |issue: &&Issue| issue.others().count() > PLACES;
    for (index, issue) in preflight.issues.iter().filter(long).enumerate() {
        if index == 0 {
            page.heading("EVERY PLACE");
        }
        page.put(
            2,
            4,
            &[
                bold(&issue.title),
                plain(format!(": {}", places(issue.lines.iter()))),
            ],
        );
    }
}

/// What is there instead of what is missing.
fn present(page: &mut Page, preflight: &Preflight) {
    if preflight.present.is_empty() {
        return;
    }
    page.heading("WHAT THE DATABASE HAS");
    for present in &preflight.present {
        page.put(2, 4, &[plain(present.sentence())]);
    }
}

/// A line each; those that the plan has nothing to do with share one.
fn components(page: &mut Page, preflight: &Preflight) {
    let (idle, concerned): (Vec<&ComponentLine>, Vec<_>) = preflight
        .components
        .iter()
        .partition(|line| line.status == Status::Skip);
    if concerned.is_empty() {
        return;
    }
    page.heading("COMPONENTS");
    for line in concerned {
        let word = word(line.status);
        page.put(
            2,
            4 + NAMES + 9,
            &[
                page.mark(line.status),
                plain(format!(" {:NAMES$}", line.name)).solid(),
                bold(format!("{word:8}")).solid(),
                plain(format!(" {}", line.details)),
            ],
        );
    }
    let idle: Vec<&str> = idle.iter().map(|line| line.name).collect();
    not_applicable(page, &idle);
}

fn tasks(page: &mut Page, preflight: &Preflight) {
    page.heading("VALIDATION TASKS");
    let mut idle = Vec::new();
    for task in &preflight.tasks {
        if task.status == Status::Skip {
            idle.push(task.name);
            continue;
        }
        page.put(
            2,
            7,
            &[
                page.mark(task.status),
                bold(format!(" {}. {}: {}", task.number, task.name, word(task.status))),
            ],
        );
        page.field(7, 13, "requirement", &[plain(&task.requirement)]);
        page.field(7, 13, "finding", &[plain(&task.finding)]);
        for part in &task.parts {
            parts(page, part, &task.finding);
        }
    }
    not_applicable(page, &idle);
}

/// What it waits for is said once, where it is the same for the whole task.
fn parts(page: &mut Page, part: &Part, finding: &str) {
    let mut line = vec![page.mark(part.status), plain(format!(" {}", part.what))];
    let known = part.finding.trim_start_matches("waits ");
    if !part.finding.is_empty() && !finding.ends_with(known) {
        line.push(dim(format!(" ({})", part.finding)));
    }
    page.put(7, 9, &line);
}

fn not_applicable(page: &mut Page, names: &[&str]) {
    if !names.is_empty() {
        page.put(
            2,
            4,
            &[
                page.mark(Status::Skip),
                plain(format!(" nothing to judge: {}", names.join(", "))),
            ],
        );
    }
}

fn word(status: Status) -> &'static str {
    match status {
        Status::Pass => "READY",
        Status::Fail => "FAIL",
        Status::Blocked => "BLOCKED",
        Status::Warn => "WARNING",
        Status::Skip => "N/A",
    }
}
