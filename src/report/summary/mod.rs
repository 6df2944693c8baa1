//! What a report amounts to: counts, groups and the outcome in words. Renderers use these and add nothing.

mod checks;
mod inventory;
mod outcome;
mod words;

use super::model::Report;
use crate::diagnostic::{Diagnostic, Severity};

pub use checks::{
    Blocker, Component, Group, Suite, blockers, by_component, by_suite, components_of, names, skipped, title,
    with_status,
};
pub use inventory::{Inventory, OnRelation, TableSummary, inventory, inventory_of_removed, relation_path};
pub use outcome::{Outcome, Tone, is_run, is_unverified, outcome, parts_of, tally};
pub use words::{capital, difference, plural, quantity, without_tag};

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
