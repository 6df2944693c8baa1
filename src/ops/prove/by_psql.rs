//! Scripts in the language of psql: in a proof, and there only, psql runs them.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::db::batch::Failure;
use crate::db::parameters::Parameters;
use crate::db::psql::{self, Psql};
use crate::diagnostic::Diagnostic;
use crate::migration::{Direction, MigrationScript};
use crate::ops::Error;
use crate::project::Project;
use crate::project::layout::PsqlSettings;

/// Which scripts psql runs, and how.
#[derive(Debug)]
pub(super) struct ByPsql {
    psql: Psql,
    settings: PsqlSettings,
    paths: BTreeSet<String>,
}

impl ByPsql {
    /// Those of the scripts that hold what only psql knows, in a layout whose tool has psql run them. `None` when there
    /// are none.
    ///
    /// # Errors
    /// [`Error::Input`] when psql is not installed.
    pub fn of(project: &Project, scripts: &[MigrationScript]) -> Result<Option<ByPsql>, Error> {
        let Some(settings) = &project.psql else {
            return Ok(None);
        };
        let theirs: Vec<&MigrationScript> = scripts
            .iter()
            .filter(|script| script.sql().psql.is_some())
            .collect();
        if theirs.is_empty() {
            return Ok(None);
        }
        let program = found(psql::find(), &theirs)?;
        let root = project.root.directory.clone();
        Ok(Some(ByPsql {
            psql: Psql {
                program,
                directory: root.join(&settings.directory),
                root,
            },
            settings: settings.clone(),
            paths: theirs
                .iter()
                .map(|script| script.file.path().to_string())
                .collect(),
        }))
    }

    /// Whether psql runs this one.
    pub fn runs(&self, script: &MigrationScript) -> bool {
        self.paths.contains(script.file.path())
    }

    /// What is said of a script that psql runs.
    pub fn notice(&self, script: &MigrationScript) -> Option<Diagnostic> {
        let span = script.sql().psql.filter(|_| self.runs(script))?;
        Some(
            Diagnostic::warning(format!(
                "this {} is run by psql, whose own language it is written in",
                script.direction.noun()
            ))
            .at(&script.file, span)
            .help("apply and take it back with sqitch: pgplumb runs such a script in a proof only"),
        )
    }

    /// Runs a script in a database.
    ///
    /// # Errors
    /// [`Failure`] with the line that psql names.
    pub async fn run(
        &self,
        parameters: &Parameters,
        role: Option<&str>,
        script: &MigrationScript,
    ) -> Result<(), Failure> {
        let variables = match script.direction {
            Direction::Up => &self.settings.deploy,
            Direction::Down => &self.settings.revert,
        };
        self.psql.run(parameters, role, script, variables).await
    }
}

/// psql, or where it is wanted.
fn found(program: Option<PathBuf>, scripts: &[&MigrationScript]) -> Result<PathBuf, Error> {
    program.ok_or_else(|| {
        let problem = |script: &&MigrationScript| {
            let noun = script.direction.noun();
            let problem = Diagnostic::error(format!("this {noun} can be run by psql only, and psql is not installed"))
                .fact("state", "nothing was proven")
                .help(
                    "install it (`apt-get install postgresql-client`), or set PGPLUMB_PG_BIN to the directory that has it",
                );
            match script.sql().psql {
                Some(span) => problem.at(&script.file, span),
                None => problem.in_file(script.file.path()),
            }
        };
        Error::Input(scripts.iter().map(problem).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::render;
    use crate::source::SourceFile;

    #[test]
    fn without_psql_each_script_is_named() {
        let file = SourceFile::new("deploy/a.sql", "BEGIN;\n\\ir b.sql\nCOMMIT;\n");
        let (script, _) = MigrationScript::new(file, Direction::Up);
        let problems = found(None, &[&script]).unwrap_err().into_diagnostics();
        let told: Vec<String> = problems.iter().map(render).collect();
        assert_eq!(
            told,
            [
                "error: this migration can be run by psql only, and psql is not installed\n  --> deploy/a.sql:2:1\n   |\n \
              2 | \\ir b.sql\n   | ^^^^^^^^^\n  state: nothing was proven\n  help: install it (`apt-get install \
              postgresql-client`), or set PGPLUMB_PG_BIN to the directory that has it\n"
            ]
        );
        assert_eq!(
            found(Some("/x/psql".into()), &[&script]).unwrap(),
            PathBuf::from("/x/psql")
        );
    }
}
