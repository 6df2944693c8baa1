//! The audit: what is dangerous or unhealthy in a live catalog. Each lint is a function of [`Facts`].

mod accept;
mod facts;
mod lint;

pub use accept::{Accept, accept};
pub use facts::{
    Constraint, DefaultPrivilege, Extension, Facts, Function, Index, Lack, Partitioned, Policy, Relation,
    Sequence, Trigger, is_true,
};
pub use lint::LINTS;

use crate::diagnostic::Diagnostic;

/// How much a finding weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// It fails the audit.
    Error,
    Warn,
    Info,
}

impl Severity {
    /// Every severity, the worst first.
    pub const ALL: [Severity; 3] = [Severity::Error, Severity::Warn, Severity::Info];

    /// The word of the JSON report.
    pub const fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warn => "warn",
            Severity::Info => "info",
        }
    }
}

/// One thing that a lint found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of the lint.
    pub id: &'static str,
    pub severity: Severity,
    /// With its kind, as SQL names it: `table public.orders`.
    pub object: String,
    /// One sentence: what is so, and what follows from it.
    pub message: String,
    /// The statement that mends it, or what to decide where there is none.
    pub fix: String,
    /// Why it is accepted, and by which line; `None` when it is not.
    pub accepted: Option<String>,
}

impl Finding {
    /// The finding as a message.
    pub fn diagnostic(&self) -> Diagnostic {
        let message = format!("{}: {}", self.object, self.message);
        let diagnostic = match self.severity {
            Severity::Error => Diagnostic::error(message),
            Severity::Warn => Diagnostic::warning(message),
            Severity::Info => Diagnostic::note(message),
        };
        diagnostic.fact("id", self.id).help(&self.fix)
    }
}

/// A lint.
pub struct Lint {
    pub id: &'static str,
    pub severity: Severity,
    /// What it finds, in half a sentence.
    pub about: &'static str,
    /// Objects with what is wrong and what mends it.
    pub find: fn(&Facts) -> Vec<Found>,
}

/// What a lint says of one object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub object: String,
    pub message: String,
    pub fix: String,
}

impl Found {
    fn new(object: String, message: impl Into<String>, fix: impl Into<String>) -> Found {
        Found {
            object,
            message: message.into(),
            fix: fix.into(),
        }
    }
}

/// Everything that the lints find, what is worst first, then by lint and object.
pub fn audit(facts: &Facts) -> Vec<Finding> {
    let mut findings: Vec<Finding> = LINTS
        .iter()
        .flat_map(|lint| {
            (lint.find)(facts).into_iter().map(|found| Finding {
                id: lint.id,
                severity: lint.severity,
                object: found.object,
                message: found.message,
                fix: found.fix,
                accepted: None,
            })
        })
        .collect();
    findings
        .sort_by(|a, b| (a.severity, a.id, &a.object, &a.fix).cmp(&(b.severity, b.id, &b.object, &b.fix)));
    findings
}
