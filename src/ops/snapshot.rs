//! `snapshot` and `diff`: the whole catalog as a value, and what differs between two. Nothing is written.

use std::time::Instant;

use super::context::{Context, ask};
use super::runner::{self, millis};
use super::{Error, begin};
use crate::catalog::diff;
use crate::catalog::{Catalog, json};
use crate::db::batch::{Batch, Stage};
use crate::db::catalog::SETTINGS;
use crate::db::session::Session;
use crate::db::snapshot::whole_sql;
use crate::diagnostic::Diagnostic;
use crate::report::model::{Conclusion, Difference, Report, Snapshot};
use crate::report::{ExitCode, changes};

/// How often the catalog is read when others change it meanwhile, before that is reported.
const ATTEMPTS: usize = 5;

/// Reads the whole catalog of a database.
///
/// # Errors
/// [`Error`] when it could not be looked at.
pub async fn snapshot(context: &Context<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = begin("snapshot");
    let (mut session, reading) = context.open_with_history().await?;
    report.database = Some(context.database(&session, &reading));
    let catalog = whole(context, &mut session).await?;
    report.snapshot = Some(Snapshot {
        server_version_num: session.version_num(),
        objects: catalog.iter().cloned().collect(),
    });
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

async fn whole(context: &Context<'_>, session: &mut Session) -> Result<Catalog, Error> {
    let mut attempt = 1;
    loop {
        let mut batch = Batch::new();
        session.begin(
            &mut batch,
            "ISOLATION LEVEL REPEATABLE READ READ ONLY",
            &session.settings,
        );
        batch.many(
            Stage::After,
            &format!("{SETTINGS} {}", whole_sql(session.version_num())),
        );
        let reply = context
            .answer(session, ask(session, "reading the catalog", batch))
            .await
            .or_interrupted("the catalog was read")?;
        let catalog = reply.and_then(|reply| runner::decode(&reply, Stage::After));
        session.rollback().await;
        match catalog {
            Err(error) if runner::is_disturbance(&error) && attempt < ATTEMPTS => attempt += 1,
            catalog => return catalog,
        }
    }
}

/// One side of a difference.
pub struct Side {
    /// For people.
    name: String,
    version_num: u32,
    catalog: Catalog,
}

impl Side {
    /// A document that `snapshot` wrote.
    ///
    /// # Errors
    /// [`Error::Input`] with the place in it.
    pub fn of_text(name: &str, text: &str) -> Result<Side, Error> {
        let (version_num, catalog) = json::read(text).map_err(|error| {
            let place = error.place.map_or(name.to_string(), |(line, column)| {
                format!("{name}:{line}:{column}")
            });
            Error::Input(vec![
                Diagnostic::error(format!("{place}: this is no snapshot: {}", error.message))
                    .help("name a file that `pgplumb snapshot` wrote"),
            ])
        })?;
        Ok(Side {
            name: name.to_string(),
            version_num,
            catalog,
        })
    }

    /// A database as it is now.
    ///
    /// # Errors
    /// [`Error`] when it could not be looked at.
    pub async fn of_database(context: &Context<'_>) -> Result<Side, Error> {
        let (mut session, reading) = context.open_with_history().await?;
        let described = context.database(&session, &reading);
        let catalog = whole(context, &mut session).await?;
        Ok(Side {
            name: format!(
                "database {} on {}:{}",
                described.name, described.host, described.port
            ),
            version_num: session.version_num(),
            catalog,
        })
    }
}

/// What the second has otherwise than the first: exit 1 when anything.
pub fn diff(before: Side, after: Side) -> Report {
    let started = Instant::now();
    let mut report = begin("diff");
    let changes = diff::diff(&before.catalog, &after.catalog);
    if before.version_num / 10_000 != after.version_num / 10_000 {
        report.diagnostics.push(
            Diagnostic::warning(format!(
                "the two are of different versions of PostgreSQL, {} and {}: what the versions print otherwise is listed \
                 as well",
                before.version_num / 10_000,
                after.version_num / 10_000
            ))
            .help("compare servers of the same version where that matters"),
        );
    }
    report.exit = match changes.is_empty() {
        true => ExitCode::Done,
        false => ExitCode::NotApproved,
    };
    report.conclusion = Some(match changes.is_empty() {
        true => Conclusion::Approved,
        false => Conclusion::NotApproved,
    });
    report.difference = Some(Difference {
        changes: changes::lines(&changes, |id| before.catalog.get(id), |id| after.catalog.get(id)),
        sides: [before.name, after.name],
    });
    report.duration_ms = millis(started.elapsed());
    report
}
