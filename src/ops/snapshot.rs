//! `snapshot`: the whole catalog as a value. Nothing is written.

use std::time::Instant;

use super::context::{Context, ask};
use super::runner::{self, millis};
use super::{Error, begin};
use crate::catalog::Catalog;
use crate::db::batch::{Batch, Stage};
use crate::db::catalog::SETTINGS;
use crate::db::session::Session;
use crate::db::snapshot::whole_sql;
use crate::report::model::{Report, Snapshot};

/// How often the catalog is read when others change it meanwhile, before that is reported.
const ATTEMPTS: usize = 5;

/// Reads the whole catalog of a database.
///
/// # Errors
/// [`Error`] when it could not be looked at.
pub async fn snapshot(context: &Context<'_>) -> Result<Report, Error> {
    let started = Instant::now();
    let mut report = begin("snapshot");
    let (mut session, reading, note) = context.open_to_look().await?;
    report.diagnostics.extend(note);
    report.database = Some(context.database(&session, &reading));
    let catalog = whole(context, &mut session).await?;
    report.snapshot = Some(Snapshot {
        server_version_num: session.version_num(),
        objects: catalog.iter().cloned().collect(),
    });
    report.duration_ms = millis(started.elapsed());
    Ok(report)
}

/// The whole catalog, at one moment.
pub(super) async fn whole(context: &Context<'_>, session: &mut Session) -> Result<Catalog, Error> {
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
