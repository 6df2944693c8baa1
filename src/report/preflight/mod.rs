//! What a preflight has to say: the table of components, the issues with their lines, what to do in which order, the
//! eight validation tasks, and the gate. All of it follows from the causes and the checks that wait for them.

mod issue;
mod task;

use crate::check::{Status, Verdict};
use crate::preflight::{Assessment, Cause, Trouble};
use crate::report::model::WayBack;

pub use issue::{Issue, lines, places};
pub use task::{Part, Task};

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
    /// What is there instead, where something is missing: schemas with their tables and views.
    pub present: Vec<Present>,
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

/// What one schema of the database has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// SQL name.
    pub schema: String,
    /// The first of its tables and views, by name; see `relations` for how many there are.
    pub names: Vec<String>,
    /// How many tables and views it has.
    pub relations: usize,
}

impl Present {
    /// `public has 14 tables and views: a, b, c and 11 more`.
    pub fn sentence(&self) -> String {
        let more = self.relations - self.names.len();
        let more = match more {
            0 => String::new(),
            count => format!(" and {count} more"),
        };
        let count = match self.relations {
            1 => "1 table or view".to_owned(),
            count => format!("{count} tables and views"),
        };
        format!(
            "schema {} has {count}: {}{more}",
            self.schema,
            self.names.join(", ")
        )
    }
}

/// What the summary is made of.
pub struct Facts<'a> {
    pub found: &'a Assessment,
    /// The remedy of each cause.
    pub remedies: &'a [String],
    /// Where what is missing should have come from, for each cause; empty when there is nothing to say.
    pub reasons: &'a [String],
    /// The checks of the plan's suites, those that wait as BLOCKED.
    pub checks: &'a [Verdict],
    /// The migrations of the plan.
    pub migrations: &'a [Planned],
    /// How many migrations the history has.
    pub applied: usize,
    /// Tables and views of the database.
    pub present: &'a [(String, String)],
    /// The role that runs the scripts.
    pub role: &'a str,
    pub superuser: bool,
    /// The server's version, as it says it.
    pub server: &'a str,
    /// What the command line said besides the verb: ` --to 0024`.
    pub options: &'a str,
}

/// A migration of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    pub stem: String,
    pub way_back: WayBack,
}

/// How many names of a schema are shown.
const SHOWN: usize = 12;

impl Preflight {
    pub fn of(facts: &Facts<'_>) -> Preflight {
        let found = facts.found;
        let tasks = task::tasks(facts);
        let components = task::COMPONENTS
            .iter()
            .zip(&tasks)
            .map(|(name, task)| ComponentLine {
                name,
                status: task.status,
                details: task.finding.clone(),
            })
            .collect();
        let is_missing = found.causes.iter().any(|cause| cause.trouble == Trouble::Missing);
        Preflight {
            components,
            issues: found
                .causes
                .iter()
                .enumerate()
                .map(|(index, cause)| issue::issue(index, cause, facts))
                .collect(),
            actions: actions(facts),
            tasks,
            gate: match found.is_ready() {
                true => Vec::new(),
                false => gate(facts),
            },
            present: match is_missing {
                true => present(facts.present),
                false => Vec::new(),
            },
            statements: found.statements,
            opaque: found.opaque,
        }
    }
}

/// How many checks wait for a cause.
pub fn waiting(cause: &Cause, facts: &Facts<'_>) -> usize {
    facts
        .checks
        .iter()
        .filter(|check| check.blocked_by.as_deref() == Some(&cause.object))
        .count()
}

/// By schema, in order.
fn present(relations: &[(String, String)]) -> Vec<Present> {
    let mut schemas: Vec<Present> = Vec::new();
    let mut sorted: Vec<&(String, String)> = relations.iter().collect();
    sorted.sort();
    for (schema, name) in sorted {
        if schemas.last().is_none_or(|last| last.schema != *schema) {
            schemas.push(Present {
                schema: schema.clone(),
                names: Vec::new(),
                relations: 0,
            });
        }
        if let Some(last) = schemas.last_mut() {
            last.relations += 1;
            if last.names.len() < SHOWN {
                last.names.push(name.clone());
            }
        }
    }
    schemas
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
    let options = facts.options;
    if !facts.found.is_ready() {
        actions.push(format!("look again: `pgplumb preflight{options}`"));
    }
    actions.push(format!("apply: `pgplumb apply{options}`"));
    actions.push("judge: `pgplumb verify`".to_owned());
    actions
}

fn gate(facts: &Facts<'_>) -> Vec<String> {
    let causes = facts.found.causes.iter();
    let mut gate: Vec<String> = causes
        .map(|cause| match cause.trouble {
            Trouble::Missing => format!("{} exists", cause.object),
            Trouble::Privilege => format!("role {} has the {}", facts.role, cause.object),
            Trouble::InTheWay => format!("{} is out of the way", cause.object),
            Trouble::Version => format!("{} is known to the server, or not used", cause.object),
            Trouble::Grammar => format!("the server takes the {}", cause.object),
            Trouble::ReadOnly => "the connection leads to a server that accepts writes".to_owned(),
            Trouble::Session => "the connection leads to the server itself, past the pooler".to_owned(),
            Trouble::Label => format!("{} is added in a migration of its own", cause.object),
        })
        .collect();
    gate.extend(
        facts
            .migrations
            .iter()
            .map(|planned| format!("{} is applied", planned.stem)),
    );
    gate.push("all eight validation tasks pass".to_owned());
    gate
}
