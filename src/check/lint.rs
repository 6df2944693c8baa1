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

#[cfg(test)]
mod tests {
    use crate::check::testing::{SAMPLE, suite};

    #[test]
    fn slips_are_pointed_at() {
        let text = "[table.sync_progress]\n[[count]]\nname = \"n\"\nof = \"indexes\"\n\
                    on = [\"sync_progres\", \"elsewhere\", \"sync_*\"]\nat_least = 1\n";
        let warnings: Vec<String> = super::lint(&suite("0001", text))
            .into_iter()
            .map(|warning| format!("{}: {}", warning.location().unwrap().line, warning.message))
            .collect();
        assert_eq!(
            warnings,
            [
                "1: the suite has no title",
                "2: count \"n\" is on sync_progres, which nothing else in the suite names",
            ]
        );
        assert_eq!(super::lint(&suite("0001", SAMPLE)), []);
    }
}
