//! What `checks lint` says beyond what does not parse: things that are allowed and likely not meant.

use crate::diagnostic::Diagnostic;
use crate::source::Span;

use super::suite::Suite;

/// Warnings about a suite, by position.
pub fn lint(suite: &Suite) -> Vec<Diagnostic> {
    let mut warnings = Vec::new();
    if suite.title.is_none() {
        warnings.push(
            Diagnostic::warning("the suite has no title")
                .at(&suite.file, Span::at(0))
                .help("add title = \"…\": reports show it"),
        );
    }
    for check in &suite.checks {
        for warning in check.rule.lint(suite) {
            warnings.push(
                Diagnostic::warning(warning.0)
                    .at(&suite.file, check.span)
                    .help(warning.1),
            );
        }
    }
    warnings
}
