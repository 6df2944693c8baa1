//! The suites of a project, parsed once.

use std::sync::OnceLock;

use super::Project;
use crate::check::{self, Suite};
use crate::diagnostic::Diagnostic;

/// What parsing the check files gave, when they were.
#[derive(Debug, Clone, Default)]
pub struct Parsed(OnceLock<Result<Vec<Suite>, Vec<Diagnostic>>>);

impl Project {
    /// The suites of its check files, in their order.
    ///
    /// # Errors
    /// All errors of all files, in order.
    pub fn suites(&self) -> Result<&[Suite], &[Diagnostic]> {
        match self.parsed.0.get_or_init(|| parse(self)) {
            Ok(suites) => Ok(suites),
            Err(problems) => Err(problems),
        }
    }
}

fn parse(project: &Project) -> Result<Vec<Suite>, Vec<Diagnostic>> {
    let mut suites = Vec::new();
    let mut problems: Vec<Diagnostic> = Vec::new();
    for check_file in &project.check_files {
        let schema = &project.config.settings.schema;
        match check::parse_in(schema, &check_file.file, &check_file.id, check_file.version) {
            Ok(suite) => suites.push(suite),
            Err(errors) => problems.extend(errors),
        }
    }
    // what is accepted in one place holds everywhere
    let mut accepted = project.config.accepts.clone();
    accepted.extend(suites.iter().flat_map(|suite| suite.accepts.clone()));
    for suite in &mut suites {
        suite.accepted.clone_from(&accepted);
    }
    match problems.is_empty() {
        true => Ok(suites),
        false => Err(problems),
    }
}
