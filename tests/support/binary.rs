//! The binary, run as a user would.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::project::Project;
use super::server::Database;

/// How a run ended.
#[derive(Debug)]
pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    /// The JSON report on stdout.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is no JSON ({error}):\n{}\n{}", self.stdout, self.stderr))
    }

    /// Fails with all that was said unless the exit code is this one.
    #[track_caller]
    pub fn expect(self, code: i32) -> Outcome {
        assert_eq!(
            self.code, code,
            "stdout:\n{}\nstderr:\n{}",
            self.stdout, self.stderr
        );
        self
    }

    /// Fails unless stdout or stderr has the text.
    #[track_caller]
    pub fn says(self, text: &str) -> Outcome {
        assert!(
            self.stdout.contains(text) || self.stderr.contains(text),
            "{text:?} was not said.\nstdout:\n{}\nstderr:\n{}",
            self.stdout,
            self.stderr
        );
        self
    }
}

/// A run of the binary under construction, in a clean environment.
pub struct Pgplumb(Command);

impl Pgplumb {
    /// In the project's directory, against a database.
    pub fn new(project: &Project, database: &Database) -> Pgplumb {
        let mut run = Pgplumb::at(project.path());
        run.0.env("DATABASE_URL", database.url());
        run
    }

    /// In a directory, against no database.
    pub fn at(directory: &Path) -> Pgplumb {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgplumb"));
        command.current_dir(directory).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy().into_owned();
            if name.starts_with("PG") && name != "PGPLUMB_PG_BIN" || name == "DATABASE_URL" {
                command.env_remove(&name);
            }
        }
        command.env("NO_COLOR", "1").env("COLUMNS", "100");
        Pgplumb(command)
    }

    pub fn env(mut self, name: &str, value: &str) -> Pgplumb {
        self.0.env(name, value);
        self
    }

    pub fn args(mut self, args: &[&str]) -> Pgplumb {
        self.0.args(args);
        self
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Outcome {
        let output = self.0.output().expect("the binary runs");
        Outcome {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// Starts it on a terminal of its own, 300 columns wide; what it shows there goes to the file, and what is written to
    /// its standard input is typed.
    pub fn start_on_terminal(self, shown: &Path) -> std::process::Child {
        let quoted = |word: &OsStr| format!("'{}'", word.to_string_lossy().replace('\'', "'\\''"));
        let words: Vec<String> = [self.0.get_program()]
            .into_iter()
            .chain(self.0.get_args())
            .map(quoted)
            .collect();
        let run = format!("stty rows 50 cols 300; exec {}", words.join(" "));
        let mut script = Command::new("script");
        if cfg!(target_os = "macos") {
            script.args(["-qF"]).arg(shown).args(["sh", "-c", &run]);
        } else {
            script.args(["-qefc", &run]).arg(shown);
        }
        script.stdin(Stdio::piped()).stdout(Stdio::null());
        script.env("TERM", "xterm");
        script.current_dir(self.0.get_current_dir().expect("it runs in a directory"));
        for (name, value) in self.0.get_envs() {
            match value {
                Some(value) => script.env(name, value),
                None => script.env_remove(name),
            };
        }
        script
            .spawn()
            .expect("script, of util-linux, gives it a terminal")
    }

    /// Starts it and lets it run.
    pub fn start(mut self) -> std::process::Child {
        self.0
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs")
    }
}
