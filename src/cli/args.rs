//! The command line as a value.
//!
//! Global flags may stand before and after the command. Whatever is wrong with the command line ends with exit code 2, which
//! clap sees to.

use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args as ClapArgs, CommandFactory, Parser, Subcommand, ValueHint};

use super::output::Color;
use crate::migration::{Timeout, Version};
use crate::plan::RollbackTarget;
use crate::project::{LayoutName, LoadOptions};
use crate::report::{ExitCode, Format};

/// Applies SQL migrations to PostgreSQL, each with its checks in one transaction; rolls them back, and verifies the live
/// catalog.
///
/// A project is a folder with migrations/, and mostly rollback/ and checks/; it is found from the working directory upwards.
/// A migration that does not meet its own checks never commits.
#[derive(Debug, Clone, Parser)]
#[command(
    name = "pgplumb",
    version,
    arg_required_else_help = true,
    subcommand_required = true,
    disable_help_subcommand = false,
    after_help = "Run `pgplumb COMMAND --help` for examples, `pgplumb --help` for exit codes and environment.",
    after_long_help = after_long_help(),
    max_term_width = 110
)]
pub struct Args {
    #[command(flatten)]
    pub global: GlobalArgs,

    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, ClapArgs, Default)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Database, as a URL or key=value string; else what pgplumb.toml says, else DATABASE_URL, else the PG* variables
    ///
    /// Everybody on the machine can read a password on the command line: put it into PGPASSWORD or ~/.pgpass instead.
    // not bound to the variable here: what an environment of pgplumb.toml names goes before it
    #[arg(short, long, global = true, value_name = "URL", value_hint = ValueHint::Url)]
    pub database_url: Option<String>,

    /// Start in this directory instead of the working directory; other paths are relative to it
    #[arg(short = 'C', long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub directory: Option<PathBuf>,

    /// Settings file, whose folder is the project; else pgplumb.toml is looked for
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Environment: the table [env.NAME] of pgplumb.toml
    #[arg(
        long = "env",
        global = true,
        value_name = "NAME",
        env = "PGPLUMB_ENV",
        hide_env_values = true
    )]
    pub environment: Option<String>,

    /// Folder of the migrations, with no project around it
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub migrations: Option<PathBuf>,

    /// Folder of the rollbacks, with no project around it
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub rollbacks: Option<PathBuf>,

    /// Folder of the check files, or one file, with no project around it
    #[arg(long, global = true, value_name = "DIR|FILE", value_hint = ValueHint::AnyPath)]
    pub checks: Option<PathBuf>,

    /// Whose layout the migrations have; else it is found by the files
    #[arg(long, global = true, value_name = "TOOL", value_parser = layout_parser())]
    pub layout: Option<LayoutName>,

    /// Format of the report on stdout [default: text; of docs: markdown]
    #[arg(long, global = true, value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,

    /// Write the report to a file as well: FORMAT=PATH, or all=DIR for every format; may be repeated
    #[arg(long = "report", global = true, value_name = "FORMAT=PATH", action = ArgAction::Append)]
    pub reports: Vec<ReportTarget>,

    /// When to colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t)]
    pub color: Color,

    /// Say nothing but the report, and no report when all went well
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Say more on stderr; twice for what is sent to the server
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,

    /// Answer yes to every question: what would be lost may be lost
    #[arg(short, long, global = true)]
    pub yes: bool,
}

impl GlobalArgs {
    /// What of it says where the project is.
    pub fn load_options(&self) -> LoadOptions {
        LoadOptions {
            directory: self.directory.clone(),
            config: self.config.clone(),
            // a variable that is set to nothing is as good as unset
            environment: self.environment.clone().filter(|name| !name.is_empty()),
            migrations: self.migrations.clone(),
            rollbacks: self.rollbacks.clone(),
            checks: self.checks.clone(),
            layout: self.layout,
        }
    }
}

/// A report in a file, or in every format in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportTarget {
    /// `None`: every format, and the path is a directory.
    pub format: Option<Format>,
    pub path: PathBuf,
}

impl FromStr for ReportTarget {
    type Err = String;

    fn from_str(text: &str) -> Result<ReportTarget, String> {
        let (format, path) = text
            .split_once('=')
            .ok_or("write it as FORMAT=PATH, such as json=report.json")?;
        if path.is_empty() {
            return Err(format!(
                "nothing follows {format}=; write it as FORMAT=PATH, such as json=report.json"
            ));
        }
        let format = match format {
            "all" => None,
            format => Some(
                format
                    .parse()
                    .map_err(|error: crate::report::UnknownFormat| error.to_string())?,
            ),
        };
        Ok(ReportTarget {
            format,
            path: path.into(),
        })
    }
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    PossibleValuesParser::new(Format::ALL.map(Format::as_str)).try_map(|word| word.parse::<Format>())
}

fn layout_parser() -> impl TypedValueParser<Value = LayoutName> {
    PossibleValuesParser::new(LayoutName::ALL.map(LayoutName::as_str))
        .try_map(|word| word.parse::<LayoutName>())
}

/// The verbs.
#[derive(Debug, Clone, Subcommand)]
pub enum Command {
    /// Make a project: settings and folders
    Init(InitArgs),
    /// Start the next change: its migration, rollback and checks
    New(NewArgs),
    /// Show what is applied, pending, modified, missing or out of order
    Status(StatusArgs),
    /// Say whether apply would work here, with the root causes where it would not; writes nothing
    Preflight(PreflightArgs),
    /// Apply pending migrations, each with its checks in its transaction
    Apply(ApplyArgs),
    /// Compare the live database with the check files
    Verify(VerifyArgs),
    /// Take migrations back, newest first
    Rollback(RollbackArgs),
    /// Show the journal: who did what, when, and how it ended
    History(HistoryArgs),
    /// Record migrations as applied that the database has already, without running them
    Baseline(BaselineArgs),
    /// Settle modified migrations, and rebuild indexes that a build left invalid
    Repair(RepairArgs),
    /// Prove on a scratch database that every rollback takes back what its migration made, and nothing else
    Prove(ProveArgs),
    /// Print the whole catalog as JSON, to keep and to compare
    Snapshot(SnapshotArgs),
    /// Compare two snapshots or databases
    Diff(DiffArgs),
    /// Write down what is deployed: quick reference and schema reference
    Docs(DocsArgs),
    /// Look for what is dangerous or unhealthy in the live catalog
    Audit(AuditArgs),
    /// Work on check files
    Checks(ChecksArgs),
    /// See the whole story on a throw-away PostgreSQL
    Demo(DemoArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print the manual page
    Man(ManArgs),
}

impl Args {
    /// The format of the report on stdout: the one that was asked for, else what suits the command.
    pub fn format(&self) -> Format {
        self.global.format.unwrap_or(match self.command {
            Command::Docs(_) => Format::Markdown,
            Command::Snapshot(_) => Format::Json,
            _ => Format::default(),
        })
    }
}

impl Command {
    /// The name of the command, as it is typed.
    pub fn name(&self) -> &'static str {
        match self {
            Command::Init(_) => "init",
            Command::New(_) => "new",
            Command::Status(_) => "status",
            Command::Preflight(_) => "preflight",
            Command::Apply(_) => "apply",
            Command::Verify(_) => "verify",
            Command::Rollback(_) => "rollback",
            Command::History(_) => "history",
            Command::Baseline(_) => "baseline",
            Command::Repair(_) => "repair",
            Command::Prove(_) => "prove",
            Command::Snapshot(_) => "snapshot",
            Command::Diff(_) => "diff",
            Command::Docs(_) => "docs",
            Command::Audit(_) => "audit",
            Command::Checks(_) => "checks",
            Command::Demo(_) => "demo",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }

    /// Whether the command begins with the history of the database.
    pub fn reads_history(&self) -> bool {
        matches!(
            self,
            Command::Status(_)
                | Command::Preflight(_)
                | Command::Apply(_)
                | Command::Baseline(_)
                | Command::Repair(_)
                | Command::Docs(_)
                | Command::Rollback(_)
                | Command::History(_)
        )
    }

    /// Whether migrations that are pending are looked into.
    pub fn runs_scripts(&self) -> bool {
        matches!(self, Command::Preflight(_) | Command::Apply(_))
    }

    /// Whether `--no-probes` was given.
    pub fn leaves_out_probes(&self) -> bool {
        match self {
            Command::Apply(args) => args.no_probes,
            Command::Verify(args) => args.no_probes,
            Command::Baseline(args) => args.no_probes,
            _ => false,
        }
    }
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb init                  here
  pgplumb init db               in db/, which is made when it is not there

Writes pgplumb.toml with every setting explained, and the folders migrations/, rollback/ and checks/. Nothing is overwritten.")]
pub struct InitArgs {
    /// Where to make it, instead of here
    #[arg(value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub target: Option<PathBuf>,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb new add_user_table
  pgplumb new Add user table    the same
  $EDITOR $(pgplumb new add_user_table)

The version follows the newest one, written as wide; where the versions are times (20250611101500), it is the time in UTC.")]
pub struct NewArgs {
    /// Name of the change, in a few words
    #[arg(value_name = "NAME", required = true)]
    pub name: Vec<String>,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb status
  pgplumb status --check        in CI: exit 6 when anything is pending
  pgplumb status --format json

Writes nothing, not even the history table.")]
pub struct StatusArgs {
    /// Exit with 6 when anything is pending, modified, missing or out of order
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "Examples:
  pgplumb preflight
  pgplumb preflight --to 0024 --format json")]
pub struct PreflightArgs {
    /// The newest version that would be applied
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,
    /// Count a pending version although a newer one is applied
    #[arg(long)]
    pub out_of_order: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb apply --dry-run       the plan, and nothing else
  pgplumb apply
  pgplumb apply --to 0024
  pgplumb apply --env production --report json=apply.json

A script, its checks and its row in the history share one transaction: COMMIT comes only after every check passed.")]
pub struct ApplyArgs {
    /// Apply up to this version, included
    #[arg(long, value_name = "VERSION")]
    pub to: Option<Version>,

    /// Show the plan and run nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Run it all in one transaction that is rolled back, and report each statement's duration and locks
    ///
    /// It holds every lock until its end, so it asks first; --yes agrees to that. What fails only because no COMMIT
    /// comes between two migrations is no failure of theirs, unless --single-transaction is to apply them so.
    #[arg(long, conflicts_with = "dry_run")]
    pub rehearse: bool,

    /// Put all of them in one transaction: all or nothing
    #[arg(long)]
    pub single_transaction: bool,

    /// Commit without running the checks; report and journal say so
    #[arg(long)]
    pub no_verify: bool,

    /// Apply versions that are older than an applied one as well
    #[arg(long)]
    pub out_of_order: bool,

    /// How long to wait for another runner, such as 60s or 5min; 0 not at all
    #[arg(long, value_name = "TIME")]
    pub lock_wait: Option<Timeout>,

    /// Let warnings fail the run
    #[arg(long)]
    pub strict: bool,

    /// Skip the probes, which write and roll back
    #[arg(long)]
    pub no_probes: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb verify                all applied migrations, and the suites that hold always
  pgplumb verify 0024           just this one, whatever its state
  pgplumb verify --checks baseline.toml -d postgres:///shop

Leaves nothing behind: what probes write is rolled back. Exit 1 when anything differs.")]
pub struct VerifyArgs {
    /// Judge just these versions
    #[arg(value_name = "VERSION")]
    pub versions: Vec<Version>,

    /// Let warnings fail the verification
    #[arg(long)]
    pub strict: bool,

    /// Skip the probes, which write and roll back
    #[arg(long)]
    pub no_probes: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb baseline 0023         the database has everything up to 0023
  pgplumb baseline 0023 --dry-run

Takes over a database that was made without pgplumb. Records only what meets its checks; runs no script. A database that
refinery migrated needs no baseline: its history is read as it is.")]
pub struct BaselineArgs {
    /// The newest version that the database has
    #[arg(value_name = "VERSION")]
    pub version: Version,

    /// Judge and show, and record nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Record without running the checks; report and journal say so
    #[arg(long)]
    pub no_verify: bool,

    /// Let warnings fail the run
    #[arg(long)]
    pub strict: bool,

    /// Skip the probes, which write and roll back
    #[arg(long)]
    pub no_probes: bool,

    /// How long to wait for another runner [default: lock_wait in pgplumb.toml]
    #[arg(long, value_name = "TIME")]
    pub lock_wait: Option<Timeout>,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb repair --dry-run      what is modified, and which indexes are invalid
  pgplumb repair --yes
  pgplumb repair 0023           just this migration

Records a modified migration as its file is now. Rebuilds indexes that a concurrent build left INVALID. Asks first.")]
pub struct RepairArgs {
    /// Settle just these versions
    #[arg(value_name = "VERSION")]
    pub versions: Vec<Version>,

    /// Show what would be done, and do nothing
    #[arg(long)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb docs > quick-reference.md       what all applied migrations made
  pgplumb docs 0024                       what this one made
  pgplumb docs --full > schema.md         with definitions, bodies of functions, sizes and uses
  pgplumb docs --format json              the facts of the catalog

Reads the live catalog and writes nothing. The suites' catalog checks are judged on the way.")]
pub struct DocsArgs {
    /// Document what just these made [default: all that are applied]
    #[arg(value_name = "VERSION")]
    pub versions: Vec<Version>,

    /// The schema reference instead of the quick reference
    #[arg(long)]
    pub full: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb prove                           every rollback, on a throw-away server
  pgplumb prove 0024                      this one; those before it are applied only
  pgplumb prove --scratch-url postgres://localhost/postgres --setup roles.sql
  pgplumb prove --migrations db/migrations --report junit=prove.xml

Each migration is applied, taken back, compared with what was before, and applied again; then everything is taken back from
the end. Seed data in prove/seed/NNNN_name.sql is loaded before that version, and its rows are compared as well.
Exit 1 when a rollback is inexact.")]
pub struct ProveArgs {
    /// Prove just these versions
    #[arg(value_name = "VERSION")]
    pub versions: Vec<Version>,

    /// Make the scratch databases on this server, instead of a throw-away one; the database that it names stays as it is
    #[arg(long, value_name = "URL", value_hint = ValueHint::Url)]
    pub scratch_url: Option<String>,

    /// Run this script first: extensions, roles, what else the migrations find there
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub setup: Option<PathBuf>,

    /// Let warnings fail the run: missing rollbacks, and a changed order of columns
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb audit
  pgplumb audit --format json

Reads the live catalog and writes nothing. Exit 1 when a finding is an error.")]
pub struct AuditArgs {
    /// Let warnings fail the audit
    #[arg(long)]
    pub strict: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb snapshot > before.json
  pgplumb diff before.json                what changed since

Everything that the catalog holds but for what belongs to extensions and to pgplumb, in a stable order.")]
pub struct SnapshotArgs {}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb diff before.json after.json
  pgplumb diff before.json                the second side is the database of -d, as for other commands
  pgplumb diff postgres://localhost/staging postgres://localhost/production

Exit 1 when anything differs.")]
pub struct DiffArgs {
    /// A file that snapshot wrote, or a database as a URL or key=value pairs
    #[arg(value_name = "BEFORE", value_hint = ValueHint::AnyPath)]
    pub before: String,

    /// Likewise [default: the database that other commands look at]
    #[arg(value_name = "AFTER", value_hint = ValueHint::AnyPath)]
    pub after: Option<String>,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb rollback 0024         just this one
  pgplumb rollback --steps 2    the two newest
  pgplumb rollback --to 0023    everything newer than 0023, which stays
  pgplumb rollback --to 0       everything
  pgplumb rollback --to 0023 --dry-run

Says what would be lost before it starts. Data is lost only when you agree, or said --yes.")]
pub struct RollbackArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// Show the plan and run nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Run it all in one transaction that is rolled back, and report each statement's duration and locks
    ///
    /// It holds every lock until its end, so it asks first; --yes agrees to that.
    #[arg(long, conflicts_with = "dry_run")]
    pub rehearse: bool,

    /// How long to wait for another runner [default: lock_wait in pgplumb.toml]
    #[arg(long, value_name = "TIME")]
    pub lock_wait: Option<Timeout>,
}

/// Exactly one of three.
#[derive(Debug, Clone, ClapArgs)]
#[group(required = true, multiple = false)]
struct TargetArgs {
    /// Take back just these versions
    #[arg(value_name = "VERSION")]
    versions: Vec<Version>,

    /// Take back everything newer than this version; 0 takes back everything
    #[arg(long, value_name = "VERSION")]
    to: Option<Version>,

    /// Take back the N newest
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    steps: Option<u32>,
}

impl RollbackArgs {
    /// What is to be taken back.
    pub fn target(&self) -> RollbackTarget {
        match (self.target.to, self.target.steps) {
            (Some(version), _) => RollbackTarget::To(version),
            (None, Some(steps)) => RollbackTarget::Steps(steps as usize),
            (None, None) => RollbackTarget::Versions(self.target.versions.clone()),
        }
    }
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb history
  pgplumb history --limit 5 --format json

Failed attempts are in it as well.")]
pub struct HistoryArgs {
    /// Show the newest N entries alone
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(subcommand_required = true, arg_required_else_help = true)]
pub struct ChecksArgs {
    #[command(subcommand)]
    pub command: ChecksCommand,
}

/// What can be done with check files.
#[derive(Debug, Clone, Subcommand)]
pub enum ChecksCommand {
    /// Validate check files without a database
    Lint(LintArgs),
    /// Write a suite from the live database
    Generate(GenerateArgs),
    /// Print the JSON schema of check files, for editors
    Schema(SchemaArgs),
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb checks schema > checks.schema.json

An editor with Taplo (Even Better TOML) completes and checks the files below it when their first line is
  #:schema ../checks.schema.json")]
pub struct SchemaArgs {}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb checks generate > checks/baseline.toml       the whole database
  pgplumb checks generate --schema auth --output checks/auth.toml
  pgplumb checks generate --table orders --table order_items
  pgplumb checks generate --per-migration checks       a suite for each applied migration

The suite is complete: what an entry leaves out is PostgreSQL's default. It is judged before it is written, so it passes
on the database that it comes from. Writes nothing into the database.")]
pub struct GenerateArgs {
    /// What this schema holds [default: the whole database]
    #[arg(long, value_name = "SCHEMA")]
    pub schema: Vec<String>,

    /// This table alone, with what stands on it
    #[arg(long, value_name = "TABLE", conflicts_with = "schema")]
    pub table: Vec<String>,

    /// What the script of this migration names, and no later one does
    #[arg(long, value_name = "VERSION", conflicts_with_all = ["schema", "table"])]
    pub migration: Vec<Version>,

    /// A suite for each applied migration, into this folder; a file that is there stays
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath, conflicts_with_all = ["schema", "table", "output"])]
    pub per_migration: Option<PathBuf>,

    /// Write the suite into this file instead of to stdout
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,

    /// Write over the file of --output where it holds something already
    #[arg(long, requires = "output")]
    pub force: bool,

    /// Allow more than what is listed: leave `exact` out
    #[arg(long)]
    pub open: bool,

    /// Pin the owners as well
    #[arg(long)]
    pub owners: bool,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb checks lint
  pgplumb checks lint checks/0024_sync.toml

Names every mistake of every file with its line. Exit 2 when there is one.")]
pub struct LintArgs {
    /// Just these files, instead of the project's
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub files: Vec<PathBuf>,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Starts a PostgreSQL server of its own from the programs on this machine, applies, verifies, tampers, finds it, rolls back,
and leaves nothing behind.")]
pub struct DemoArgs {}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb completions bash > ~/.local/share/bash-completion/completions/pgplumb
  pgplumb completions zsh > ~/.zfunc/_pgplumb
  pgplumb completions fish > ~/.config/fish/completions/pgplumb.fish")]
pub struct CompletionsArgs {
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: clap_complete::Shell,
}

#[derive(Debug, Clone, ClapArgs)]
#[command(after_help = "\
Examples:
  pgplumb man | man -l -
  pgplumb man > ~/.local/share/man/man1/pgplumb.1")]
pub struct ManArgs {}

/// The environment variables that pgplumb looks at, for help and manual.
pub const ENVIRONMENT: [(&str, &str); 8] = [
    (
        "DATABASE_URL",
        "the database, when neither -d nor pgplumb.toml names one",
    ),
    (
        "PGHOST, PGPORT, PGUSER, PGPASSWORD, …",
        "the database as for psql, when nothing else names one",
    ),
    ("PGPLUMB_ENV", "the environment, as --env"),
    (
        "PGPLUMB_LOG",
        "what to log on stderr instead of what -v asks for: debug, or a filter such as pgplumb=trace",
    ),
    ("PGPLUMB_LOG_FORMAT", "how: text or json"),
    ("NO_COLOR", "no colour when set to anything"),
    ("CLICOLOR_FORCE", "colour though nothing is a terminal"),
    ("COLUMNS", "width of the text report"),
];

fn after_long_help() -> String {
    let mut out = String::from("Exit codes:\n");
    for code in ExitCode::ALL {
        out.push_str(&format!("  {:>3}  {}\n", code.code(), code.meaning()));
    }
    out.push_str("\nEnvironment:\n");
    for (name, meaning) in ENVIRONMENT {
        out.push_str(&format!("  {name}\n          {meaning}\n"));
    }
    out.push_str(
        "\nExamples:\n  pgplumb init && pgplumb new add_users\n  pgplumb apply -d postgres:///shop\n  pgplumb verify --env \
         production --report json=verify.json\n  pgplumb rollback --to 0023 --dry-run\n",
    );
    out
}

/// The whole command line as clap knows it: for completions and the manual.
pub fn command() -> clap::Command {
    Args::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("pgplumb").chain(line.split_whitespace()))
    }

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn the_definition_is_sound() {
        command().debug_assert();
    }

    #[test]
    fn global_flags_stand_before_and_after_the_command() {
        for line in [
            "-d postgres:///a -C x --config c --migrations m --rollbacks r --checks k --layout goose --format json --color never -q --yes --env \
             prod --report json=a.json status",
            "status -d postgres:///a -C x --config c --migrations m --rollbacks r --checks k --layout goose --format json --color never -q --yes \
             --env prod --report json=a.json",
        ] {
            let global = parse(line).unwrap().global;
            assert_eq!(global.database_url.as_deref(), Some("postgres:///a"));
            assert_eq!(
                global.load_options(),
                LoadOptions {
                    directory: Some("x".into()),
                    config: Some("c".into()),
                    environment: Some("prod".to_string()),
                    migrations: Some("m".into()),
                    rollbacks: Some("r".into()),
                    checks: Some("k".into()),
                    layout: Some(LayoutName::Goose),
                }
            );
            assert_eq!((global.format, global.color), (Some(Format::Json), Color::Never));
            assert!(global.quiet && global.yes);
            assert_eq!(
                global.reports,
                [ReportTarget {
                    format: Some(Format::Json),
                    path: "a.json".into()
                }]
            );
        }
        let global = parse("-v checks lint -v --env=").unwrap().global;
        assert_eq!(global.load_options().environment, None);
        assert_eq!(parse("checks lint -vv").unwrap().global.verbose, 2);
        assert_eq!(parse("status").unwrap().format(), Format::Text);
        assert_eq!(parse("docs 24").unwrap().format(), Format::Markdown);
    }

    #[test]
    fn every_command_takes_its_arguments() {
        let Command::Apply(apply) =
            parse("apply --to 24 --dry-run --no-verify --out-of-order --lock-wait 5min")
                .unwrap()
                .command
        else {
            panic!()
        };
        assert_eq!(apply.to, Some(version("0024")));
        assert!(apply.dry_run && apply.no_verify && apply.out_of_order);
        assert_eq!(apply.lock_wait.unwrap().as_millis(), 300_000);

        let Command::Verify(verify) = parse("verify 0001 24 --strict").unwrap().command else {
            panic!()
        };
        assert_eq!(verify.versions, [version("1"), version("24")]);
        assert!(verify.strict);

        let Command::New(new) = parse("new Add user table").unwrap().command else {
            panic!()
        };
        assert_eq!(new.name.join(" "), "Add user table");

        let Command::History(history) = parse("history --limit 5").unwrap().command else {
            panic!()
        };
        assert_eq!(history.limit, Some(5));

        let Command::Checks(checks) = parse("checks lint a.toml b.toml").unwrap().command else {
            panic!()
        };
        let ChecksCommand::Lint(lint) = checks.command else {
            panic!()
        };
        assert_eq!(lint.files.len(), 2);
        for line in [
            "init",
            "init db",
            "status --check",
            "demo",
            "completions zsh",
            "man",
        ] {
            let name = parse(line).unwrap().command.name();
            assert!(line.starts_with(name), "{line}");
        }
    }

    #[test]
    fn a_rollback_has_exactly_one_kind_of_target() {
        for (line, expected) in [
            (
                "rollback 24 0023",
                RollbackTarget::Versions(vec![version("24"), version("23")]),
            ),
            ("rollback --to 0", RollbackTarget::To(Version::ZERO)),
            ("rollback --steps 2 --dry-run", RollbackTarget::Steps(2)),
        ] {
            let Command::Rollback(rollback) = parse(line).unwrap().command else {
                panic!()
            };
            assert_eq!(rollback.target(), expected);
        }
        for line in [
            "rollback",
            "rollback --dry-run",
            "rollback 24 --to 23",
            "rollback --to 23 --steps 1",
            "rollback --steps 0",
            "rollback --steps -1",
        ] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 2, "{line}");
        }
    }

    #[test]
    fn wrong_usage_is_exit_2_and_says_why() {
        for (line, expected) in [
            ("", "Usage: pgplumb"),
            ("applly", "a similar subcommand exists: 'apply'"),
            ("apply --too 24", "a similar argument exists: '--to'"),
            (
                "apply --to x",
                "invalid value 'x' for '--to <VERSION>': \"x\" is not a version: a version is a number such as 24, 0024 or \
                 20250611101500",
            ),
            (
                "verify 9999999999999999999999",
                "is too large: a version has at most 64 bits",
            ),
            ("apply --lock-wait 5", "\"5\" has no unit: write 5s or 5ms"),
            ("status --format xml", "[possible values: text, json"),
            (
                "status --report a.json",
                "write it as FORMAT=PATH, such as json=report.json",
            ),
            (
                "status --report xml=a",
                "`xml` is no report format; the formats are text, json",
            ),
            ("status --report json=", "nothing follows json="),
            ("status -q -v", "cannot be used with"),
            ("rollback", "<VERSION|--to <VERSION>|--steps <N>>"),
            ("history --limit 0", "0 is not in 1.."),
            ("completions tcsh", "possible values: bash"),
            ("new", "<NAME>..."),
        ] {
            let error = parse(line).unwrap_err();
            let text = error.to_string();
            assert_eq!(error.exit_code(), 2, "{line}");
            assert!(text.contains(expected), "{line}: {text}");
        }
        for line in ["--help", "--version", "apply -h", "help rollback"] {
            assert_eq!(parse(line).unwrap_err().exit_code(), 0, "{line}");
        }
    }

    #[test]
    fn reports_go_to_files() {
        assert_eq!(
            "all=out".parse(),
            Ok(ReportTarget {
                format: None,
                path: "out".into()
            })
        );
        assert_eq!(
            "text=a=b".parse(),
            Ok(ReportTarget {
                format: Some(Format::Text),
                path: "a=b".into()
            })
        );
    }

    #[test]
    fn help_explains_exit_codes_and_shows_no_secret() {
        let long = command().render_long_help().to_string();
        for code in ExitCode::ALL {
            assert!(
                long.contains(&format!("{:>3}  {}", code.code(), code.meaning())),
                "{long}"
            );
        }
        for mut command in command().get_subcommands().cloned() {
            let help = command.render_help().to_string();
            assert!(
                help.contains("Examples:") || ["checks", "demo"].contains(&command.get_name()),
                "{help}"
            );
        }
        assert!(long.contains("[env: PGPLUMB_ENV]"), "{long}");
        assert!(!long.contains("DATABASE_URL="));
    }
}
