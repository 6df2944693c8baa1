//! `pgplumb snapshot` and `pgplumb diff`.

use std::path::Path;

use crate::cli::args::{Args, DiffArgs};
use crate::cli::{self, database};
use crate::db::parameters::Parameters;
use crate::ops::diff::{self, Side};
use crate::ops::{Error, Event, Interrupt};
use crate::project::{Project, seed};
use crate::report::Report;

/// One side of a difference, as it was named.
enum Named {
    File(String, String),
    Database(Box<Parameters>),
}

/// Runs `diff`: each side is a file, or a database.
///
/// # Errors
/// Those of the verb, and whatever cannot be read.
pub async fn diff(
    project: &Project,
    args: &Args,
    options: &DiffArgs,
    show: &(dyn Fn(Event) + Sync),
    interrupt: &Interrupt,
) -> Result<Report, Error> {
    let before = named(args, &options.before)?;
    let after = match &options.after {
        Some(after) => named(args, after)?,
        None => Named::Database(Box::new(database::parameters(args, project)?)),
    };
    let contexts = [&before, &after].map(|side| match side {
        Named::Database(parameters) => Some(cli::context(project, parameters, show, interrupt)),
        Named::File(..) => None,
    });
    let mut sides = Vec::new();
    for (named, context) in [&before, &after].into_iter().zip(&contexts) {
        sides.push(match (named, context) {
            (Named::File(name, text), _) => Side::of_text(name, text)?,
            (Named::Database(_), Some(context)) => Side::of_database(context).await?,
            (Named::Database(_), None) => unreachable!("a database has a context"),
        });
    }
    let [before, after] =
        <[Side; 2]>::try_from(sides).unwrap_or_else(|_| unreachable!("there are two sides"));
    diff::diff(before, after).await
}

/// A file where there is one of that name; what looks like a connection string is one.
fn named(args: &Args, text: &str) -> Result<Named, Error> {
    let start = args.global.load_options().start();
    let start = start.map_err(|problem| Error::Input(vec![*problem]))?;
    let is_file = start.join(text).is_file();
    let is_connection = text.contains("://") || text.contains('=');
    if is_file || !is_connection {
        let file = seed::named_file(&start, Path::new(text)).map_err(|problems| {
            let hint = |problem: crate::diagnostic::Diagnostic| {
                problem.want(
                    "a file that `pgplumb snapshot` wrote, or a database as postgres://… or key=value pairs",
                )
            };
            Error::Input(problems.into_iter().map(hint).collect())
        })?;
        return Ok(Named::File(text.to_string(), file.text().to_string()));
    }
    Ok(Named::Database(Box::new(database::named(args, text)?)))
}
