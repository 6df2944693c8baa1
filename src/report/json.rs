//! The report for programs.

use super::model::Report;

/// Renders a report as JSON.
pub fn render(report: &Report) -> String {
    format!("{{\"command\": \"{}\"}}\n", report.command)
}
