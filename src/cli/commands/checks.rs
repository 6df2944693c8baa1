//! `pgplumb checks …`.

use std::path::Path;

use crate::cli::args::{Args, ChecksCommand, Command, GenerateArgs, GlobalArgs, LintArgs};
use crate::cli::output;
use crate::diagnostic::Diagnostic;
use crate::ops::{Context, Error, generate, lint};
use crate::project::file::os_reason;
use crate::project::{LoadOptions, Project};
use crate::report::{ExitCode, Format, Report};
use crate::sql::{Name, parse_name};

/// Prints the JSON schema of check files.
pub fn schema() -> ExitCode {
    output::print_or_fail(include_str!("../../../docs/schema/checks-1.json"))
}

/// Runs `checks lint`.
///
/// # Errors
/// Those of the verb, and whatever cannot be read.
pub fn lint(global: &GlobalArgs, args: &LintArgs) -> Result<Report, Error> {
    let options = global.load_options();
    // files that are named need no project around them
    let project = match args.files.as_slice() {
        [] => Project::load(&options),
        files => Project::of_check_files(&options, files),
    };
    let project = project.map_err(Error::Input)?;
    if !global.quiet {
        for warning in &project.warnings {
            output::tell_diagnostic(warning, global.color);
        }
    }
    lint::lint(&project)
}

/// The project for `checks generate`, which needs none where nothing is asked about migrations.
///
/// # Errors
/// What is wrong with the project.
pub fn project(global: &GlobalArgs, args: &GenerateArgs) -> Result<Project, Vec<Diagnostic>> {
    let options: LoadOptions = global.load_options();
    let needs_one = args.per_migration.is_some() || !args.migration.is_empty();
    match crate::project::Root::find(&options) {
        Err(_) if !needs_one && options.config.is_none() => Project::of_check_files(&options, &[]),
        _ => Project::load(&options),
    }
}

/// Runs `checks generate`, and writes the files.
///
/// # Errors
/// Those of the verb, a name that is none, and files that cannot be written.
pub async fn generate(context: &Context<'_>, args: &GenerateArgs) -> Result<Report, Error> {
    let options = generate::Options {
        schemas: named(&args.schema, "--schema", |name| {
            name.schema.is_none().then_some(name.name)
        })?,
        tables: named(&args.table, "--table", Some)?,
        versions: args.migration.clone(),
        per_migration: args.per_migration.is_some(),
        open: args.open,
        owners: args.owners,
    };
    keep_what_is_there(args)?;
    let mut report = generate::generate(context, &options).await?;
    if let Some(folder) = &args.per_migration {
        for suite in &report.generated {
            let path = folder.join(format!("{}.toml", suite.stem));
            let is_new =
                output::write_new_file(&path, &suite.text).map_err(|error| unwritable(&path, &error))?;
            if is_new {
                report.files.push(path.display().to_string());
            } else {
                report.diagnostics.push(
                    Diagnostic::note(format!("{} is there already and stays as it is", path.display()))
                        .help("delete it to have it written anew"),
                );
            }
        }
    } else if let Some(path) = &args.output {
        // it may have come meanwhile
        keep_what_is_there(args)?;
        let texts: Vec<&str> = report.generated.iter().map(|suite| suite.text.as_str()).collect();
        output::write_file(path, &texts.join("\n")).map_err(|error| unwritable(path, &error))?;
        report.files.push(path.display().to_string());
    }
    Ok(report)
}

/// A suite that somebody has edited is not written over unasked.
fn keep_what_is_there(args: &GenerateArgs) -> Result<(), Error> {
    match &args.output {
        Some(path) if !args.force && output::holds_something(path) => Err(Error::Input(vec![
            Diagnostic::error(format!("{} is there already", path.display()))
                .fact("state", "it stays as it is")
                .help("name another file, or pass --force to write over it"),
        ])),
        _ => Ok(()),
    }
}

fn named<T>(texts: &[String], flag: &str, take: impl Fn(Name) -> Option<T>) -> Result<Vec<T>, Error> {
    let mut problems = Vec::new();
    let mut names = Vec::new();
    for text in texts {
        match parse_name(text).ok().and_then(&take) {
            Some(name) => names.push(name),
            None => problems.push(
                Diagnostic::error(format!("{flag} {text}: that is not one name"))
                    .help("put a name with capitals, dots or spaces in double quotes, and those in single ones for the shell"),
            ),
        }
    }
    if problems.is_empty() {
        Ok(names)
    } else {
        Err(Error::Input(problems))
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Error {
    Error::Input(vec![
        Diagnostic::error(format!(
            "{} could not be written: {}",
            path.display(),
            os_reason(error)
        ))
        .help("name a place in a folder that is there and can be written to"),
    ])
}

/// The suite that goes to stdout as it is: without files to write, and without another format.
pub fn suite_for_stdout<'r>(args: &Args, report: &'r Report) -> Option<&'r str> {
    let Command::Checks(checks) = &args.command else {
        return None;
    };
    let ChecksCommand::Generate(options) = &checks.command else {
        return None;
    };
    let to_files = options.output.is_some() || options.per_migration.is_some();
    match report.generated.as_slice() {
        [suite] if !to_files && args.format() == Format::Text => Some(&suite.text),
        _ => None,
    }
}
