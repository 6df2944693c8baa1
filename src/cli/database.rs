//! Which database: from the command line, the project's settings, and the environment.

use std::io::{self, IsTerminal, Write};

use super::args::Args;
use super::output::tell;
use crate::db::parameters::{self, Parameters, Surroundings};
use crate::db::secret::Secret;
use crate::diagnostic::Diagnostic;
use crate::ops;
use crate::project::{Config, DatabaseSource};

/// Resolves the connection.
///
/// # Errors
/// What is wrong with a connection string, a variable or a file; never the string itself.
pub fn parameters(args: &Args, config: &Config) -> Result<Parameters, ops::Error> {
    let env = |name: &str| std::env::var(name).ok();
    let flag = args.global.database_url.as_deref();
    let given = match (flag, &config.settings.database) {
        (Some(flag), _) => Some(flag.to_string()),
        (None, DatabaseSource::Default) => parameters::connection_string(None, &env),
        (None, DatabaseSource::Url(url)) => Some(url.clone()),
        (None, DatabaseSource::Variable(name)) => match env(name).filter(|value| !value.trim().is_empty()) {
            Some(value) => Some(value),
            None => {
                return Err(ops::Error::Input(vec![
                    Diagnostic::error(format!("the environment variable {name} is not set")).help(format!(
                        "set {name} to the URL of the database, or pass --database-url"
                    )),
                ]));
            }
        },
    };
    resolve(args, given.as_deref())
}

/// A database that an argument names, with a warning of what is unwise.
///
/// # Errors
/// What is wrong with it; never the string itself.
pub fn named(args: &Args, given: &str) -> Result<Parameters, ops::Error> {
    let resolved = resolve(args, Some(given))?;
    warn_of(args, &resolved, true);
    Ok(resolved)
}

/// Warns of what is unwise about a connection that was resolved from the command line, the settings or the environment.
pub fn warn_of_resolved(args: &Args, resolved: &Parameters) {
    warn_of(args, resolved, args.global.database_url.is_some());
}

fn resolve(args: &Args, given: Option<&str>) -> Result<Parameters, ops::Error> {
    let env = |name: &str| std::env::var(name).ok();
    // libpq takes it for the name of a database, and says it with every error: it may hold a password
    if given.is_some_and(|text| !text.contains("://") && !text.contains('=') && text.contains('@')) {
        return Err(ops::Error::Input(vec![
            Diagnostic::error("the database is named by a URL without its scheme")
                .want("postgres://user@host/database, key=value pairs, or the bare name of a database")
                .help("put postgres:// in front of it"),
        ]));
    }
    let resolved = Parameters::resolve(given, &env, &Surroundings::here(&env))
        .map_err(|error| ops::Error::Input(vec![Diagnostic::error(error.to_string()).help(error.help())]))?;
    Ok(resolved.with_default_application_name(&format!("pgplumb {}", args.command.name())))
}

fn warn_of(args: &Args, resolved: &Parameters, is_typed: bool) {
    if args.global.quiet {
        return;
    }
    for warning in resolved.warnings() {
        warn(&warning.to_string(), &warning.help());
    }
    if is_typed && resolved.has_inline_password() {
        warn(
            "the command line holds a password, which other users of this machine can read",
            "put it into PGPASSWORD or ~/.pgpass",
        );
    }
}

fn warn(message: &str, help: &str) {
    let diagnostic = Diagnostic::warning(message).help(help);
    tell(&crate::diagnostic::render(&diagnostic));
}

/// Operating-system user and host, for the journal.
pub fn client_name() -> String {
    let user = whoami::username().unwrap_or_else(|_| "unknown".to_string());
    let host = whoami::hostname().unwrap_or_else(|_| "unknown".to_string());
    format!("{user}@{host}")
}

/// Asks for a password, on a terminal only.
pub fn asker() -> Option<fn(&Parameters) -> Option<Secret>> {
    let terminal = io::stdin().is_terminal() && io::stderr().is_terminal();
    terminal.then_some(ask as fn(&Parameters) -> Option<Secret>)
}

fn ask(parameters: &Parameters) -> Option<Secret> {
    let _ = write!(io::stderr(), "Password for user {}: ", parameters.user());
    let _ = io::stderr().flush();
    let password = rpassword::read_password().ok()?;
    (!password.is_empty()).then(|| Secret::new(password))
}
