//! The terminal: arguments, environment, output and exit codes.

pub mod args;
pub mod commands;
mod database;
mod logging;
mod output;
mod progress;
mod signals;

use std::io::IsTerminal;
use std::mem::ManuallyDrop;
use std::sync::Mutex;

use args::{Args, ChecksArgs, ChecksCommand, Command};
use clap::Parser;

use crate::db::ahead::{Ahead, First};
use crate::db::connect::HeadStart;
use crate::db::history::Extent;
use crate::db::parameters::Parameters;
use crate::diagnostic::Diagnostic;
use crate::migration::MigrationScript;
use crate::ops;
use crate::project::file::os_reason;
use crate::project::{Found, Project};
use crate::report::{self, ExitCode, Format, Report};

/// Runs the program with the process's own arguments and environment.
pub fn run() -> std::process::ExitCode {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    if let Ok(runtime) = &runtime {
        let _within = runtime.enter();
        signals::keep();
    }
    // clap ends the process by itself on wrong usage, with 2
    let args = Args::parse();
    logging::start(args.global.verbose);
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(dispatch(&args));
            // what is at work still is for nobody any more
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            output::tell(&format!("error: the program could not start: {error}\n"));
            ExitCode::Usage
        }
    };
    std::process::ExitCode::from(exit.code())
}

/// Runs the command and shows what came of it.
async fn dispatch(args: &Args) -> ExitCode {
    if matches!(
        &args.command,
        Command::Init(_)
            | Command::New(_)
            | Command::Completions(_)
            | Command::Man(_)
            | Command::Checks(ChecksArgs {
                command: ChecksCommand::Schema(_) | ChecksCommand::Lint(_),
            })
    ) {
        signals::end_at_once();
    }
    let verb = match &args.command {
        Command::Init(options) => return commands::init::run(&args.global, options),
        Command::New(options) => return commands::new::run(&args.global, options),
        Command::Completions(options) => return commands::completions::run(options),
        Command::Man(_) => return commands::man::run(),
        Command::Demo(_) => return commands::demo::run().await,
        Command::Status(_) => "status",
        Command::Preflight(_) => "preflight",
        Command::Apply(_) => "apply",
        Command::Verify(_) => "verify",
        Command::Baseline(_) => "baseline",
        Command::Repair(_) => "repair",
        Command::Prove(_) => "prove",
        Command::Snapshot(_) => "snapshot",
        Command::Diff(_) => "diff",
        Command::Docs(_) => "docs",
        Command::Audit(_) => "audit",
        Command::Rollback(_) => "rollback",
        Command::History(_) => "history",
        Command::Checks(ChecksArgs {
            command: ChecksCommand::Schema(_),
        }) => return commands::checks::schema(),
        Command::Checks(_) => "checks",
    };
    if let Err(diagnostic) = output::check_targets(&args.global.reports) {
        output::tell_diagnostic(&diagnostic, args.global.color);
        return ExitCode::Usage;
    }
    let started_at = ops::now();
    tracing::info!(command = verb, version = env!("CARGO_PKG_VERSION"), "started");
    let (mut report, is_error) = match verbs(args).await {
        Ok(report) => (report, false),
        Err(error) => {
            let mut report = Report::failed(verb, error.exit());
            report.diagnostics = error.into_diagnostics();
            report.started_at = started_at;
            (report, true)
        }
    };
    report.environment = args.global.load_options().environment;
    tracing::info!(command = verb, exit_code = report.exit.code(), "done");
    if is_error && args.global.format.is_none_or(|format| format == Format::Text) {
        // there is nothing to report on: the message alone, where messages go
        for diagnostic in &report.diagnostics {
            output::tell_diagnostic(diagnostic, args.global.color);
        }
        return write_files(args, &report);
    }
    let exit = show(args, &report);
    // tens of thousands of checks are not freed in no time, and the process ends
    std::mem::forget(report);
    exit
}

/// The surroundings of a verb that talks to a database.
fn context<'a>(
    project: &'a Project,
    parameters: &'a Parameters,
    show: &'a (dyn Fn(ops::Event) + Sync),
    interrupt: &ops::Interrupt,
) -> ops::Context<'a> {
    ops::Context {
        project,
        parameters,
        ahead: Mutex::default(),
        client: database::client_name(),
        events: show,
        is_watched: false,
        ask_password: database::asker(),
        interrupt: interrupt.clone(),
        probes: ops::Consent::new(false, can_ask().then_some(commands::rollback::confirm)),
        is_last: true,
    }
}

/// Begins to connect to the database of a project, and to read the history where the command asks for it.
///
/// # Errors
/// As [`database::parameters`].
async fn begin(args: &Args, found: &Found) -> Result<(Parameters, Option<Ahead>), ops::Error> {
    let parameters = database::parameters(args, &found.config)?;
    let connecting = HeadStart::begin(parameters.clone()).await;
    let first = match &args.command {
        Command::Verify(_) => Some(First::Snapshot),
        Command::Status(_) => Some(First::History(Extent::Runs)),
        command if !command.reads_history() => None,
        _ if found.may_repeat() => Some(First::History(Extent::Runs)),
        _ => Some(First::History(Extent::Rows)),
    };
    let ahead = Ahead::begin(connecting, ops::settings(&found.config), first);
    Ok((parameters, Some(ahead)))
}

/// Reads the files of a project and parses its suites, and the scripts that are likely to run, while the server lets us in. What
/// is wrong with a suite or a script is told when it is asked for.
async fn read(
    mut found: Found,
    runs_scripts: bool,
    ahead: Option<&Ahead>,
) -> Result<Project, Vec<Diagnostic>> {
    // on this thread, which uses the memory again; in between the server is heard
    while found.read_some() {
        tokio::task::yield_now().await;
    }
    let project = found.read()?;
    let waits = ahead.filter(|_| runs_scripts).map(Ahead::watch);
    let is_waiting = move || waits.as_ref().is_some_and(|waits| !waits.is_finished());
    if project.check_files.is_empty() {
        for script in project.set.likely() {
            if !is_waiting() {
                break;
            }
            script.work_ahead();
            tokio::task::yield_now().await;
        }
        return Ok(project);
    }
    // suites may take long: meanwhile the server is heard
    let work_ahead = move || {
        let likely = project.set.likely().take_while(|_| is_waiting());
        likely.for_each(MigrationScript::work_ahead);
        let _ = project.suites();
        project
    };
    match tokio::task::spawn_blocking(work_ahead).await {
        Ok(project) => Ok(project),
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The commands that look at a project.
async fn verbs(args: &Args) -> Result<Report, ops::Error> {
    let options = args.global.load_options();
    let (mut begun, mut interrupt) = (None, None);
    let project = match &args.command {
        Command::Checks(checks) => match &checks.command {
            ChecksCommand::Lint(options) => return commands::checks::lint(&args.global, options),
            ChecksCommand::Generate(options) => commands::checks::project(&args.global, options),
            ChecksCommand::Schema(_) => unreachable!("handled before anything is read"),
        },
        // a database can be looked at from anywhere
        Command::Snapshot(_) | Command::Diff(_) => Project::without_files(&options),
        Command::Prove(_) => Project::load(&options),
        // the server lets us in and tells the history while the files are read
        _ => match Found::find(&options) {
            Ok(found) => {
                begun = Some(begin(args, &found).await);
                // from here on the server may be at work for us
                interrupt = Some(signals::listen());
                let ahead = begun.as_ref().and_then(|begun| begun.as_ref().ok());
                let ahead = ahead.and_then(|(_, ahead)| ahead.as_ref());
                read(found, args.command.runs_scripts(), ahead).await
            }
            Err(problems) => Err(problems),
        },
    };
    // the process ends when the command does: nobody needs the memory
    let project = ManuallyDrop::new(project.map_err(ops::Error::Input)?);
    if !args.global.quiet {
        for warning in &project.warnings {
            output::tell_diagnostic(warning, args.global.color);
        }
    }
    tracing::debug!(
        migrations = project.set.len(),
        check_files = project.check_files.len(),
        "read the project"
    );
    let interrupt = interrupt.unwrap_or_else(signals::listen);
    let progress = progress::Progress::new(args.global.quiet, args.global.verbose > 0);
    let show = |event| progress.show(event);
    match &args.command {
        Command::Prove(options) => {
            return commands::prove::run(&project, args, options, &progress, interrupt.clone()).await;
        }
        Command::Diff(options) => {
            return commands::snapshot::diff(&project, args, options, &show, &interrupt).await;
        }
        _ => {}
    }
    let (parameters, ahead) = match begun {
        Some(begun) => begun?,
        None => (database::parameters(args, &project.config)?, None),
    };
    database::warn_of_resolved(args, &parameters);
    let mut context = context(&project, &parameters, &show, &interrupt);
    context.ahead = Mutex::new(ahead);
    context.is_watched = progress.is_live();
    context.probes.refused = args.command.leaves_out_probes();
    match &args.command {
        Command::Status(options) => commands::status::run(&context, options).await,
        Command::Preflight(options) => commands::preflight::run(&context, options).await,
        Command::Apply(options) => commands::apply::run(&context, &args.global, options).await,
        Command::Verify(options) => commands::verify::run(&context, options).await,
        Command::Audit(options) => commands::audit::run(&context, options).await,
        Command::Baseline(options) => commands::baseline::run(&context, options).await,
        Command::Repair(options) => commands::repair::run(&context, &args.global, options).await,
        Command::Docs(options) => commands::docs::run(&context, options).await,
        Command::Rollback(options) => commands::rollback::run(&context, &args.global, options).await,
        Command::History(options) => commands::history::run(&context, options).await,
        Command::Snapshot(_) => ops::snapshot::snapshot(&context).await,
        Command::Checks(ChecksArgs {
            command: ChecksCommand::Generate(options),
        }) => commands::checks::generate(&context, options).await,
        Command::Init(_)
        | Command::New(_)
        | Command::Completions(_)
        | Command::Man(_)
        | Command::Demo(_)
        | Command::Prove(_)
        | Command::Diff(_)
        | Command::Checks(_) => unreachable!("handled before a database is needed"),
    }
}

/// Writes the report into the files of `--report`.
fn write_files(args: &Args, report: &Report) -> ExitCode {
    let mut exit = report.exit;
    for target in &args.global.reports {
        if let Err((path, error)) = output::write_reports(report, target) {
            output::tell(&format!(
                "error: the report could not be written to {}: {}\n  help: name a file in a folder that is there and can be \
                 written to\n",
                path.display(),
                os_reason(&error)
            ));
            exit = worse(exit);
        }
    }
    exit
}

/// Writes the report to stdout and into the files of `--report`.
fn show(args: &Args, report: &Report) -> ExitCode {
    let mut exit = write_files(args, report);
    let is_quiet_success = args.global.quiet && args.format() == Format::Text && exit == ExitCode::Done;
    if is_quiet_success && quiet_says_nothing(&args.command) {
        return exit;
    }
    if let Some(suite) = commands::checks::suite_for_stdout(args, report) {
        // the suite is what was asked for; what is to be said of it goes to stderr
        for diagnostic in &report.diagnostics {
            output::tell_diagnostic(diagnostic, args.global.color);
        }
        return worst(exit, output::print_or_fail(suite));
    }
    let text = report::render(
        report,
        args.format(),
        &output::text_options(args.global.color, args.global.verbose > 0),
    );
    if let Err(error) = output::print(&text) {
        output::tell(&format!(
            "error: the report could not be written to stdout: {error}\n"
        ));
        exit = worse(exit);
    }
    exit
}

/// The first that went wrong.
fn worst(first: ExitCode, second: ExitCode) -> ExitCode {
    if first == ExitCode::Done { second } else { first }
}

/// A report that could not be written turns success into failure; a failure stays what it is.
fn worse(exit: ExitCode) -> ExitCode {
    if exit == ExitCode::Done {
        ExitCode::Usage
    } else {
        exit
    }
}

/// With `-q` a command that does something is silent when it worked; one that is asked for something answers.
fn quiet_says_nothing(command: &Command) -> bool {
    matches!(
        command,
        Command::Apply(_)
            | Command::Verify(_)
            | Command::Rollback(_)
            | Command::Prove(_)
            | Command::Diff(_)
            | Command::Baseline(_)
            | Command::Repair(_)
            | Command::Checks(_)
    )
}

/// Whether somebody can be asked: both ends of the conversation are a terminal.
fn can_ask() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}
