//! The command line, as clap sees it.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{ArgAction, ArgGroup, Args as ClapArgs, Parser, Subcommand};

use super::output::Color;
use crate::migration::{Timeout, Version};
use crate::plan::RollbackTarget;
use crate::project::LoadOptions;
use crate::report::Format;

/// Applies ordered SQL migrations to PostgreSQL, rolls them back, and verifies the live catalog against
/// declarative checks.
#[derive(Debug, Parser)]
#[command(name = "pgplumb", version, max_term_width = 100, after_help = EXAMPLES, after_long_help = LONG_HELP)]
pub struct Args {
    #[command(flatten)]
    pub global: GlobalArgs,
    #[command(subcommand)]
    pub command: Command,
}

const EXAMPLES: &str = "\
Examples:
  pgplumb init                      start a project in this directory
  pgplumb new add_invoices          the three files of the next change
  pgplumb status                    what is applied, and what is pending
  pgplumb apply --dry-run           the plan, without running it
  pgplumb apply                     each pending migration with its checks, in one transaction each
  pgplumb verify                    is the database what the suites say?
  pgplumb rollback 0024             take one migration back";

const LONG_HELP: &str = "\
Exit codes:
    0  done; verdict APPROVED (warnings included unless --strict)
    1  checks failed, or a rollback was proven inexact: NOT APPROVED
    2  wrong usage, configuration, or a project file that cannot be read
    3  blocked: missing prerequisites, or a rollback that others depend on; nothing was run
    4  the database could not be reached or refused the login
    5  a script failed; its transaction was rolled back
    6  history and files disagree (modified, missing, out of order)
    7  a lock was not obtained in time: another runner, or a busy table
  130  interrupted; the running statement was cancelled and rolled back

The database is named by --database-url, else DATABASE_URL, else the PG* variables that psql reads.

Examples:
  pgplumb init                      start a project in this directory
  pgplumb new add_invoices          the three files of the next change
  pgplumb status                    what is applied, and what is pending
  pgplumb apply --dry-run           the plan, without running it
  pgplumb apply                     each pending migration with its checks, in one transaction each
  pgplumb verify                    is the database what the suites say?
  pgplumb rollback 0024             take one migration back";

/// Options of every command, before or behind its name.
#[derive(Debug, Clone, ClapArgs)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// The database: a URL, key=value pairs, or the bare name of a database [default: DATABASE_URL, else PG*]
    #[arg(short = 'd', long, global = true, value_name = "URL")]
    pub database_url: Option<String>,
    /// Start looking for the project here
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// The settings, instead of pgplumb.toml in the project
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Which [env.NAME] table of the settings counts
    #[arg(long = "env", env = "PGPLUMB_ENV", global = true, value_name = "NAME")]
    pub environment: Option<String>,
    /// The folder of migrations, with no project around it
    #[arg(long, global = true, value_name = "DIR")]
    pub migrations: Option<PathBuf>,
    /// The folder of rollbacks
    #[arg(long, global = true, value_name = "DIR")]
    pub rollbacks: Option<PathBuf>,
    /// The folder of check files, or one of them
    #[arg(long, global = true, value_name = "DIR|FILE")]
    pub checks: Option<PathBuf>,
    /// Format of the report on stdout: text, json or markdown
    #[arg(long, global = true, value_name = "FORMAT", default_value = "text")]
    pub format: Format,
    /// Also write the report to a file, as FORMAT=PATH; may be given several times
    #[arg(long = "report", global = true, value_name = "FORMAT=PATH")]
    pub reports: Vec<ReportTarget>,
    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub color: Color,
    /// Say nothing but the report, and no report when all went well
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Say more; twice says even more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Agree to what would be asked
    #[arg(long, global = true)]
    pub yes: bool,
}

impl GlobalArgs {
    /// What the command line says about the project.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            directory: self.directory.clone(),
            config: self.config.clone(),
            environment: self.environment.clone(),
            migrations: self.migrations.clone(),
            rollbacks: self.rollbacks.clone(),
            checks: self.checks.clone(),
        }
    }
}

/// A file of `--report`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTarget {
    pub format: Format,
    pub path: PathBuf,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<ReportTarget, String> {
        let (format, path) = text
            .split_once('=')
            .ok_or_else(|| "write FORMAT=PATH, for example json=report.json".to_string())?;
        if path.is_empty() {
            return Err("the path is missing behind the =".to_string());
        }
        let format = format
            .parse()
            .map_err(|error: <Format as FromStr>::Err| error.to_string())?;
        Ok(ReportTarget {
            format,
            path: PathBuf::from(path),
        })
    }
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scaffold a project in the current directory
    Init(InitArgs),
    /// Make the three files of the next change
    New(NewArgs),
    /// Show what is applied, pending, modified, missing or out of order; writes nothing
    Status(StatusArgs),
    /// Apply pending migrations, each with its checks inside its transaction
    Apply(ApplyArgs),
    /// Judge the database by the check files; leaves nothing behind
    Verify(VerifyArgs),
    /// Take migrations back, newest first; never without a named target
    Rollback(RollbackArgs),
    /// Show the journal: what was done, by whom, when, with which verdict
    History(HistoryArgs),
    /// Work with check files
    Checks(ChecksArgs),
    /// Tell the whole story on a throw-away PostgreSQL
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the man page
    Man(ManArgs),
}

impl Command {
    /// The name of the command, as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Init(_) => "init",
            Command::New(_) => "new",
            Command::Status(_) => "status",
            Command::Apply(_) => "apply",
            Command::Verify(_) => "verify",
            Command::Rollback(_) => "rollback",
            Command::History(_) => "history",
            Command::Checks(_) => "checks",
            Command::Demo(_) => "demo",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }
}

#[derive(Debug, ClapArgs)]
pub struct InitArgs {}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Example:\n  pgplumb new add_invoices")]
pub struct NewArgs {
    /// What the change does, in a few words
    #[arg(required = true, value_name = "NAME")]
    pub name: Vec<String>,
}

#[derive(Debug, ClapArgs)]
pub struct StatusArgs {
    /// Exit 6 when anything is pending or disagrees
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  pgplumb apply --dry-run\n  pgplumb apply --to 0023")]
pub struct ApplyArgs {
    /// The newest version to apply
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,
    /// Print the plan, and run nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Commit without checks; the report and the journal say so
    #[arg(long)]
    pub no_verify: bool,
    /// Apply a pending version although a newer one is applied
    #[arg(long)]
    pub out_of_order: bool,
    /// How long to wait for another runner, such as 60s [default: lock_wait of the settings]
    #[arg(long, value_name = "TIME")]
    pub lock_wait: Option<Timeout>,
    /// Warnings count as failures
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, ClapArgs)]
#[command(after_help = "Examples:\n  pgplumb verify\n  pgplumb verify 0024 --format json")]
pub struct VerifyArgs {
    /// Judge these alone, whatever their state [default: the always-on suites and those of applied migrations]
    #[arg(value_name = "VERSION")]
    pub versions: Vec<Version>,
    /// Warnings count as failures
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, ClapArgs)]
#[command(
    group = ArgGroup::new("target").required(true).multiple(false).args(["versions", "to", "steps"]),
    after_help = "Examples:\n  pgplumb rollback 0024\n  pgplumb rollback --to 0023\n  pgplumb rollback --steps 1 --dry-run"
)]
pub struct RollbackArgs {
    /// Take back just these
    #[arg(value_name = "VERSION")]
    pub versions: Vec<Version>,
    /// Take back everything newer than this one, which stays; 0 leaves none
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,
    /// Take back the newest N
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub steps: Option<u32>,
    /// Print the plan and what it would destroy, and run nothing
    #[arg(long)]
    pub dry_run: bool,
}

impl RollbackArgs {
    /// What is to be taken back; clap has made sure that exactly one is named.
    pub fn target(&self) -> RollbackTarget {
        match (self.to, self.steps) {
            (Some(to), _) => RollbackTarget::To(to),
            (None, Some(steps)) => RollbackTarget::Steps(steps as usize),
            (None, None) => RollbackTarget::Versions(self.versions.clone()),
        }
    }
}

#[derive(Debug, ClapArgs)]
pub struct HistoryArgs {
    /// Show the newest N entries only
    #[arg(long, value_name = "N")]
    pub limit: Option<u32>,
}

#[derive(Debug, ClapArgs)]
pub struct ChecksArgs {
    #[command(subcommand)]
    pub command: ChecksCommand,
}

#[derive(Debug, Subcommand)]
pub enum ChecksCommand {
    /// Validate check files without a database
    Lint(LintArgs),
}

#[derive(Debug, ClapArgs)]
pub struct LintArgs {}

#[derive(Debug, ClapArgs)]
pub struct DemoArgs {}

#[derive(Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub struct ManArgs {}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn exit_codes_of_the_help_are_those_of_the_contract() {
        for exit in crate::report::ExitCode::ALL {
            let line = format!("{:>5}  {}", exit.code(), exit.meaning());
            assert!(LONG_HELP.contains(&line), "{line:?} is not in the long help");
        }
    }

    #[test]
    fn a_rollback_has_exactly_one_kind_of_target() {
        let parse = |args: &[&str]| {
            Args::try_parse_from(["pgplumb", "rollback"].iter().chain(args)).map(|args| match args.command {
                Command::Rollback(rollback) => rollback.target(),
                other => panic!("parsed as {}", other.name()),
            })
        };
        let version = |number| Version::new(number).expect("not negative");
        assert_eq!(
            parse(&["24", "0023"]).unwrap(),
            RollbackTarget::Versions(vec![version(24), version(23)])
        );
        assert_eq!(parse(&["--to", "0"]).unwrap(), RollbackTarget::To(Version::ZERO));
        assert_eq!(parse(&["--steps", "2"]).unwrap(), RollbackTarget::Steps(2));
        for wrong in [
            &[][..],
            &["24", "--to", "1"],
            &["--to", "1", "--steps", "1"],
            &["--steps", "0"],
            &["x"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn global_options_stand_before_and_behind_the_command() {
        for line in [
            ["pgplumb", "-d", "db", "status"],
            ["pgplumb", "status", "-d", "db"],
        ] {
            assert_eq!(
                Args::try_parse_from(line).unwrap().global.database_url.as_deref(),
                Some("db")
            );
        }
    }

    #[test]
    fn a_report_target_has_format_and_path() {
        assert_eq!(
            "json=a/b=c.json".parse(),
            Ok(ReportTarget {
                format: Format::Json,
                path: PathBuf::from("a/b=c.json")
            })
        );
        assert!("json".parse::<ReportTarget>().is_err());
        assert!("json=".parse::<ReportTarget>().is_err());
        assert!("yaml=x".parse::<ReportTarget>().is_err());
    }
}
