//! Scripts in psql's own language, run by psql: for databases that are thrown away.
//!
//! psql runs them as sqitch has it do: without a startup file, to the first error, from the folder of sqitch's settings. What
//! it writes about an error is read back, so that the error has its place.

use std::fs;
use std::path::{Component, Path, PathBuf};
use std::process::Stdio;

use tokio::process::Command;

use super::batch::{Failure, Stage};
use super::error::{Error, ServerError};
use super::parameters::Parameters;
use super::scratch;
use crate::migration::MigrationScript;
use crate::source::{Place, SourceFile, Span};

/// As scripts of sqitch are run, and with the SQLSTATE in messages.
const ARGUMENTS: [&str; 10] = [
    "--quiet",
    "--no-psqlrc",
    "--no-align",
    "--tuples-only",
    "--set",
    "ON_ERROR_STOP=1",
    "--set",
    "VERBOSITY=verbose",
    "--set",
    "registry=sqitch",
];

/// psql, and where scripts are.
#[derive(Debug, Clone)]
pub struct Psql {
    pub program: PathBuf,
    /// What the paths of scripts are relative to.
    pub root: PathBuf,
    /// Where psql runs: `\i` is relative to it.
    pub directory: PathBuf,
}

/// psql, where it is installed: beside the server's programs, or in the search path.
pub fn find() -> Option<PathBuf> {
    let named = std::env::var_os("PGPLUMB_PG_BIN").map(PathBuf::from);
    named
        .into_iter()
        .chain(scratch::usual_places())
        .map(|directory| directory.join("psql"))
        .find(|program| program.is_file())
}

impl Psql {
    /// Runs a script, with these variables set; `role` is the role that it begins as.
    ///
    /// # Errors
    /// [`Failure`] with the line that psql names.
    pub async fn run(
        &self,
        parameters: &Parameters,
        role: Option<&str>,
        script: &MigrationScript,
        variables: &[(String, String)],
    ) -> Result<(), Failure> {
        let mut parameters = parameters.clone();
        parameters.options = Some(options(parameters.options.as_deref(), role));
        let mut command = Command::new(&self.program);
        command.args(ARGUMENTS);
        for (name, value) in variables {
            command.arg("--set").arg(format!("{name}={value}"));
        }
        // where to connect is in the parameters, whatever the surroundings say
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
            command.env_remove(name);
        }
        let password = parameters
            .hosts()
            .first()
            .and_then(|host| parameters.password_for(host));
        if let Some((secret, _)) = password {
            command.env("PGPASSWORD", secret.expose());
        }
        command
            .arg("--file")
            .arg(self.root.join(script.file.path()))
            .arg("--dbname")
            .arg(parameters.to_url_without_password())
            .env("PGCLIENTENCODING", "UTF8")
            .env("LC_ALL", "C")
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let output = command.output().await.map_err(|error| Failure {
            stage: Stage::Script,
            ..Failure::of(Error::Unexpected(format!(
                "{} cannot be run: {error}",
                self.program.display()
            )))
        })?;
        match output.status.success() {
            true => Ok(()),
            false => Err(self.failure(&String::from_utf8_lossy(&output.stderr), script)),
        }
    }

    fn failure(&self, said: &str, script: &MigrationScript) -> Failure {
        let complaint = Complaint::of(said);
        let place = complaint.at.and_then(|(path, line)| {
            let path = self.directory.join(path);
            let plain = plain(&path);
            let shown = plain
                .strip_prefix(&self.root)
                .unwrap_or(&plain)
                .display()
                .to_string();
            let file = match shown == script.file.path() {
                true => script.file.clone(),
                // one that the script includes
                false => SourceFile::from_bytes(shown, fs::read(&path).ok()?).ok()?,
            };
            let span = line_span(file.text(), line)?;
            Some(Place::new(&file, span))
        });
        Failure {
            stage: Stage::Script,
            place,
            ..Failure::of(Error::Server(Box::new(complaint.error)))
        }
    }
}

/// The path without `folder/..`, which psql leaves in until version 14.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match (component, plain.components().next_back()) {
            (Component::ParentDir, Some(Component::Normal(_))) => {
                plain.pop();
            }
            _ => plain.push(component),
        }
    }
    plain
}

/// The settings that every session of ours has.
fn options(given: Option<&str>, role: Option<&str>) -> String {
    let mut words: Vec<String> = given.map(str::to_string).into_iter().collect();
    let settings = [
        ("TimeZone", Some("UTC")),
        ("DateStyle", Some("ISO,MDY")),
        ("IntervalStyle", Some("postgres")),
        ("role", role),
    ];
    for (name, value) in settings {
        let escaped = value.map(|value| value.replace('\\', "\\\\").replace(' ', "\\ "));
        words.extend(escaped.map(|value| format!("-c {name}={value}")));
    }
    words.join(" ")
}

/// The text of a line, counted from 1.
fn line_span(text: &str, line: usize) -> Option<Span> {
    let mut start = 0;
    for (number, written) in text.split_inclusive('\n').enumerate() {
        if number + 1 == line {
            return Some(Span::new(start, start + written.trim_end().len()));
        }
        start += written.len();
    }
    None
}

/// The error that psql stopped at.
#[derive(Debug, PartialEq, Eq)]
struct Complaint<'s> {
    /// File and line, as psql names them.
    at: Option<(&'s str, usize)>,
    error: ServerError,
}

impl<'s> Complaint<'s> {
    fn of(said: &'s str) -> Complaint<'s> {
        const MARKS: [&str; 3] = [": ERROR:  ", ": FATAL:  ", ": error: "];
        let lines: Vec<&str> = said.lines().collect();
        let found = lines.iter().enumerate().rev().find_map(|(index, line)| {
            let place = line.strip_prefix("psql:")?;
            let (at, message) = MARKS.iter().find_map(|mark| place.split_once(mark))?;
            Some((index, at, message))
        });
        let last = lines.iter().rev().find(|line| !line.trim().is_empty());
        let (index, at, message) = found.unwrap_or((
            lines.len(),
            "",
            last.copied().unwrap_or("it ended without a word"),
        ));
        let (sqlstate, message) = match message.split_once(": ") {
            Some((state, rest))
                if state.len() == 5
                    && state
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() && !byte.is_ascii_lowercase()) =>
            {
                (state, rest)
            }
            _ => ("", message),
        };
        let behind = |label: &str| {
            let following = lines
                .iter()
                .skip(index + 1)
                .take_while(|line| !line.starts_with("psql:"));
            let mut texts = following.filter_map(|line| line.strip_prefix(label));
            texts.next().map(|text| text.trim().to_string())
        };
        Complaint {
            at: at
                .rsplit_once(':')
                .and_then(|(path, line)| Some((path, line.parse().ok()?))),
            error: ServerError {
                sqlstate: sqlstate.to_string(),
                message: message.to_string(),
                detail: behind("DETAIL:"),
                hint: behind("HINT:"),
                context: None,
                position: None,
                internal_query: None,
                constraint: None,
                table: None,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_psql_says_is_read_back() {
        let said = "psql:deploy/a.sql:1: NOTICE:  00000: table \"x\" does not exist, skipping\nLOCATION:  here\n\
                    psql:deploy/a b:c.sql:12: ERROR:  42P01: relation \"nope\" does not exist\nLINE 1: select 1\n        ^\n\
                    DETAIL:  why\nHINT:  Try: that.\nLOCATION:  parserOpenTable, parse_relation.c:1392\n";
        let complaint = Complaint::of(said);
        assert_eq!(complaint.at, Some(("deploy/a b:c.sql", 12)));
        let error = complaint.error;
        assert_eq!(
            (error.sqlstate.as_str(), error.message.as_str()),
            ("42P01", "relation \"nope\" does not exist")
        );
        assert_eq!(
            (error.detail.as_deref(), error.hint.as_deref()),
            (Some("why"), Some("Try: that."))
        );

        let complaint = Complaint::of("psql:deploy/a.sql:3: error: sql/b.sql: No such file or directory\n");
        assert_eq!(complaint.at, Some(("deploy/a.sql", 3)));
        assert_eq!(complaint.error.message, "sql/b.sql: No such file or directory");
        assert_eq!(complaint.error.sqlstate, "");
        assert_eq!(Complaint::of("killed\n\n").error.message, "killed");
        assert_eq!(Complaint::of("").error.message, "it ended without a word");
    }

    #[test]
    fn settings_stand_behind_the_given_ones() {
        assert_eq!(
            options(Some("-c a=b"), Some("Shop \\Owner")),
            "-c a=b -c TimeZone=UTC -c DateStyle=ISO,MDY -c IntervalStyle=postgres -c role=Shop\\ \\\\Owner"
        );
    }

    #[test]
    fn lines_are_counted_from_one() {
        let text = "a\n  bc \n";
        assert_eq!(line_span(text, 2), Some(Span::new(2, 6)));
        assert_eq!(line_span(text, 3), None);
    }
}
